"""Retrieval sets from folders and from pairs."""

from __future__ import annotations

import gzip
import json

import pytest

from munjang.data.retrieval import RetrievalSet, pairs_to_retrieval, read_retrieval
from munjang.data.rows import Pair
from munjang.errors import DataError, InputError

QUERIES = {
    "q1": "환불은 언제까지 되나요?",
    "q2": "배송은 며칠 걸리나요?",
    "q3": "주차할 수 있나요?",
}
DOCUMENTS = {
    "d1": "환불은 일주일 안에 됩니다.",
    "d2": "배송은 사흘 걸립니다.",
    "d3": "쉬는 날입니다.",
}
JUDGED = [("q1", "d1", 2), ("q1", "d3", 0), ("q2", "d2", 1), ("q2", "d1", -1), ("q2", "d3", 1)]
RIGHT = {"q1": {"d1": 2}, "q2": {"d2": 1, "d3": 1}}
EXPECTED = RetrievalSet("가게", {q: QUERIES[q] for q in RIGHT}, DOCUMENTS, RIGHT)


def lines(texts, key="_id"):
    rows = ({key: name, "text": text, "metadata": {}} for name, text in texts.items())
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def table(texts, separator):
    rows = "".join(f"{name}{separator}{text}\n" for name, text in texts.items())
    return f"id{separator}text\n{rows}"


BEIR = "query-id\tcorpus-id\tscore\n" + "".join("{}\t{}\t{}\n".format(*row) for row in JUDGED)
TREC = "".join("{} 0 {} {}\n".format(*row) for row in JUDGED)
FILES = {
    "queries.jsonl": lines(QUERIES),
    "corpus.jsonl": lines(DOCUMENTS),
    "qrels/test.tsv": BEIR,
}


@pytest.fixture
def make(tmp_path):
    def made(**changed):
        """FILES in a folder, some of them left out (None), changed or added."""
        folder = tmp_path / "가게"
        (folder / "qrels").mkdir(parents=True)
        for name, text in (FILES | changed).items():
            if text is not None:
                (folder / name).write_text(text, encoding="utf-8")
        return folder

    return made


def test_beir(make):
    assert read_retrieval(make()) == EXPECTED


@pytest.mark.parametrize("name", ["qrels/test.txt", "qrels/test.qrels", "qrels/test.trec"])
def test_trec(make, name):
    assert (
        read_retrieval(make(**{"qrels/test.tsv": None, name: TREC.replace(" ", "\t", 3)}))
        == EXPECTED
    )


def test_tables(make):
    changed = {
        "queries.jsonl": None,
        "queries.tsv": table(QUERIES, "\t"),
        "corpus.jsonl": None,
        "corpus.csv": table(DOCUMENTS, ","),
    }
    assert read_retrieval(make(**changed)) == EXPECTED


def test_parquet_and_numbers_as_ids(make):
    pa = pytest.importorskip("pyarrow", reason="needs the extra parquet")
    import pyarrow.parquet as pq

    folder = make(**{"queries.jsonl": None, "corpus.jsonl": None, "qrels/test.tsv": None})
    pq.write_table(
        pa.table({"id": [7, 8], "text": ["몇 시에 여나요?", "쉬나요?"]}), folder / "queries.parquet"
    )
    pq.write_table(pa.table({"_id": [1], "text": ["아홉 시에 엽니다."]}), folder / "corpus.parquet")
    (folder / "qrels/test.txt").write_text("7 0 1 1\n", encoding="utf-8")
    found = read_retrieval(folder)
    assert (found.queries, found.corpus) == ({"7": "몇 시에 여나요?"}, {"1": "아홉 시에 엽니다."})
    assert found.qrels == {"7": {"1": 1}}


def test_zipped_files_and_another_split(make):
    folder = make(**{"corpus.jsonl": None, "qrels/test.tsv": None})
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress(FILES["corpus.jsonl"].encode()))
    (folder / "qrels/dev.tsv.gz").write_bytes(gzip.compress(BEIR.encode()))
    assert read_retrieval(folder, split="dev") == EXPECTED
    with pytest.raises(DataError, match="no file qrels/test") as caught:
        read_retrieval(folder)
    assert caught.value.found == "dev.tsv.gz"
    assert caught.value.fix == "one of test.tsv, test.txt, test.qrels, test.trec"


@pytest.mark.parametrize("name", ["qrels/test.tsv", "qrels/test.txt"])
def test_another_encoding(make, name):
    folder = make(**{"corpus.jsonl": None, "qrels/test.tsv": None})
    names = {"d1": "글1", "d2": "글2", "d3": "글3"}
    documents = {names[name]: text for name, text in DOCUMENTS.items()}
    judged = (BEIR if name.endswith(".tsv") else TREC).replace("d", "글").replace("i글", "id")
    (folder / "corpus.csv").write_bytes(table(documents, ",").encode("cp949"))
    (folder / "queries.jsonl").write_bytes(FILES["queries.jsonl"].encode("cp949"))
    (folder / name).write_bytes(judged.encode("cp949"))
    found = read_retrieval(folder, encoding="cp949")
    assert (found.queries, found.corpus) == (EXPECTED.queries, documents)
    assert found.qrels == {
        query: {names[document]: grade for document, grade in right.items()}
        for query, right in RIGHT.items()
    }
    with pytest.raises(DataError, match="is not UTF-8"):
        read_retrieval(folder)
    with pytest.raises(InputError, match="unknown encoding"):
        read_retrieval(folder, encoding="cp94")


def test_titles_come_first(make):
    rows = [
        ("d1", "환불", "일주일 안에."),
        ("d2", "", "사흘."),
        ("d3", "휴무", ""),
        ("d4", None, "열 시."),
    ]
    text = "".join(json.dumps({"_id": i, "title": t, "text": x}) + "\n" for i, t, x in rows)
    assert read_retrieval(make(**{"corpus.jsonl": text})).corpus == {
        "d1": "환불 일주일 안에.",
        "d2": "사흘.",
        "d3": "휴무",
        "d4": "열 시.",
    }


HEAD = "query-id\tcorpus-id\tscore\n"


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        (
            "qrels/test.tsv",
            HEAD + "q1\td1\t1\nq9\td1\t1\n",
            "tsv:3: no query 'q9' in queries.jsonl",
        ),
        ("qrels/test.tsv", HEAD + "q1\td9\t0\n", "tsv:2: no document 'd9' in corpus.jsonl"),
        ("qrels/test.tsv", HEAD + "q1\td1\t0.5\n", "tsv:2: the grade is not a whole number"),
        ("qrels/test.tsv", HEAD + "q1\td1\t\n", "tsv:2: the grade is not a whole number"),
        ("qrels/test.tsv", HEAD + "q1\td1\t1\nq1\td1\t2\n", "tsv:3: .* are judged twice"),
        ("qrels/test.tsv", HEAD + "q1\td1\t0\n", "tsv: no query has a right document"),
        ("qrels/test.tsv", HEAD, "tsv: no query has a right document"),
        ("qrels/test.tsv", TREC, "tsv:1: no column 'query-id'"),
        ("queries.jsonl", lines(QUERIES) * 2, "queries.jsonl:4: the id 'q1' stands there twice"),
        ("corpus.jsonl", lines(DOCUMENTS | {"d3": " "}), "corpus.jsonl:3: 'd3' has no text"),
        ("corpus.jsonl", lines(DOCUMENTS, key="name"), "corpus.jsonl:1: no id"),
        ("corpus.jsonl", lines({"": "글"}), "corpus.jsonl:1: no id"),
        ("corpus.jsonl", '{"_id": "d1", "text": 3}', "corpus.jsonl:1: column 'text' is not a text"),
        ("corpus.jsonl", '{"_id": true, "text": "글"}', "corpus.jsonl:1: no id"),
        ("queries.jsonl", None, "no file queries that"),
        ("corpus.jsonl", None, "no file corpus that"),
        ("corpus.csv", "id,text\n", "more than one file corpus"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line(make, name, text, what):
    with pytest.raises(DataError, match=what):
        read_retrieval(make(**{name: text}))


@pytest.mark.parametrize(
    ("judged", "found"),
    [("q1\td1\t0\n", "1 judgement"), ("q1\td1\t0\nq1\td2\t0\n", "2 judgements")],
)
def test_one_is_singular(make, judged, found):
    with pytest.raises(DataError, match="no query has a right document") as caught:
        read_retrieval(make(**{"qrels/test.tsv": HEAD + judged}))
    assert caught.value.found == found
    with pytest.raises(InputError) as caught:
        pairs_to_retrieval("물음", [Pair("주차", " ")])
    assert caught.value.found == "1 pair"


def test_a_trec_line_that_is_none(make):
    folder = make(**{"qrels/test.tsv": None, "qrels/test.txt": "q1 0 d1 1\n\nq1 d1 1\n"})
    with pytest.raises(DataError, match=r"test\.txt:3: not a judgement"):
        read_retrieval(folder)


def test_a_judgement_told_twice_alike_counts_once(make):
    text = HEAD + "q1\td1\t1\nq1\td1\t1\n"
    assert read_retrieval(make(**{"qrels/test.tsv": text})).qrels == {"q1": {"d1": 1}}


def test_a_folder_that_is_not_there_or_has_no_judgements(make, tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        read_retrieval(tmp_path / "없는 곳")
    folder = make(**{"qrels/test.tsv": None})
    (folder / "qrels").rmdir()
    with pytest.raises(DataError, match="no file qrels/test") as caught:
        read_retrieval(folder)
    assert caught.value.found == "nothing"


def test_equal_texts_of_pairs_are_one_query_or_document():
    pairs = [
        Pair("환불", "일주일 안에 됩니다."),
        Pair("배송", "사흘 걸립니다."),
        Pair("환불", "사흘 걸립니다."),
        Pair("환불", "일주일 안에 됩니다."),
        Pair("주차", " "),
    ]
    assert pairs_to_retrieval("물음", pairs) == RetrievalSet(
        name="물음",
        queries={"q1": "환불", "q2": "배송"},
        corpus={"d1": "일주일 안에 됩니다.", "d2": "사흘 걸립니다."},
        qrels={"q1": {"d1": 1, "d2": 1}, "q2": {"d2": 1}},
    )
    for none in ([], pairs[4:]):
        with pytest.raises(InputError, match="물음: nothing to look for"):
            pairs_to_retrieval("물음", none)


def test_real_petitions(data_dir):
    from munjang.data.catalog import load_rows

    found = pairs_to_retrieval("petitions", load_rows("petitions", "all", data_dir=data_dir))
    assert set(found.queries) == set(found.qrels)
    assert {doc for right in found.qrels.values() for doc in right} == set(found.corpus)
    assert len(set(found.queries.values())) == len(found.queries)
    assert max(len(right) for right in found.qrels.values()) > 1
