"""A user's tables and files of sentences, good and bad."""

from __future__ import annotations

import csv
import io
import json
import sys
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munjang.data.records import column_names, iter_records, table_kind
from munjang.data.rows import LabeledPair, Pair, ScoredPair, Sentence, Triplet
from munjang.data.tables import SentenceFile, iter_sentences, read_rows
from munjang.errors import DataError, InputError, MissingExtraError

CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
FILLED = CELL.filter(lambda text: bool(text.strip()))


def write(folder, name, text, encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


def test_csv_has_standard_quoting_and_tsv_has_none(tmp_path):
    text = 'positive,id,anchor\n"아홉 시, ""평일""만",1,몇 시에 여나요?\n\n'
    assert read_rows(write(tmp_path, "a.csv", text), Pair) == [
        Pair("몇 시에 여나요?", '아홉 시, "평일"만')
    ]
    text = 'positive\tid\tanchor\r\n"아홉 시\t1\t몇 시에 "여나요?\r\n'
    assert read_rows(write(tmp_path, "a.tsv", text), Pair) == [Pair('몇 시에 "여나요?', '"아홉 시')]


@settings(deadline=None)
@given(rows=st.lists(st.tuples(FILLED, FILLED, FILLED), max_size=5))
def test_csv_written_by_the_standard_library_comes_back(scratch, rows):
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["anchor", "positive", "negative"])
    writer.writerows(rows)
    path = write(scratch, "a.csv", target.getvalue())
    assert read_rows(path, Triplet) == [Triplet(*row) for row in rows]


@settings(deadline=None)
@given(rows=st.lists(st.tuples(FILLED, FILLED, st.floats(0, 5)), max_size=5))
def test_jsonl_and_parquet_come_back(scratch, rows):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    records = [{"a": a, "b": b, "score": score} for a, b, score in rows]
    columns = {"sentence1": "a", "sentence2": "b"}
    expected = [ScoredPair(*row) for row in rows]
    text = "".join(json.dumps(record) + "\n" for record in records)
    assert read_rows(write(scratch, "a.jsonl", text), ScoredPair, columns=columns) == expected
    schema = pa.schema([("score", pa.float64()), ("a", pa.string()), ("b", pa.string())])
    pq.write_table(pa.Table.from_pylist(records, schema=schema), scratch / "a.parquet")
    assert read_rows(scratch / "a.parquet", ScoredPair, columns=columns) == expected


def test_the_label_of_a_sentence_is_optional_unless_named(tmp_path):
    path = write(tmp_path, "a.csv", "text\n문장\n")
    assert read_rows(path, Sentence) == [Sentence("문장")]
    with pytest.raises(DataError, match="no column 'kind'"):
        read_rows(path, Sentence, columns={"label": "kind"})
    path = write(tmp_path, "b.jsonl", '{"text": "문장", "label": 3}\n{"text": "또"}\n')
    assert read_rows(path, Sentence) == [Sentence("문장", "3"), Sentence("또")]


def test_encoding_byte_order_mark_kind_and_gzip(tmp_path):
    path = write(tmp_path, "a.csv", "text\n한글 문장\n", "cp949")
    assert read_rows(path, Sentence, encoding="cp949") == [Sentence("한글 문장")]
    with pytest.raises(DataError, match="is not UTF-8"):
        read_rows(path, Sentence)
    path = write(tmp_path, "b.csv", "text\n한글\n", "utf-8-sig")
    assert read_rows(path, Sentence) == [Sentence("한글")]
    path = write(tmp_path, "c.txt", "text\n한글\n")
    assert read_rows(path, Sentence, kind="tsv") == [Sentence("한글")]
    with pytest.raises(InputError, match="does not tell the table's format"):
        read_rows(path, Sentence)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_a_cell_of_a_megabyte_is_read(tmp_path, name):
    long = "가" * 400_000
    text = json.dumps({"text": long}) if name == "a.jsonl" else f"text\n{long}\n"
    assert read_rows(write(tmp_path, name, text), Sentence) == [Sentence(long)]


HEADER = "sentence1,sentence2,score\n"


@pytest.mark.parametrize(
    ("line", "what", "found"),
    [
        ("비가 온다,비 온다\n", "does not fit its header", "2 cells where the header has 3"),
        ("비가 온다,비, 온다,4\n", "does not fit its header", "4 cells where the header has 3"),
        ("비가 온다,비 온다,많이\n", "is not a score from 0 to 5", "'많이'"),
        ("비가 온다,비 온다,nan\n", "is not a score from 0 to 5", "'nan'"),
        ("비가 온다,비 온다,5.01\n", "is not a score from 0 to 5", "'5.01'"),
        ("비가 온다,비 온다,-1\n", "is not a score from 0 to 5", "'-1'"),
        ("비가 온다,비 온다,\n", "'score' is empty", "''"),
        ("비가 온다, ,3\n", "'sentence2' is empty", "' '"),
        ('비가 온다,"비" 온다,3\n', "not standard csv", "expected after"),
        ('비가 온다,"비 온다,3\n', "not standard csv", "unexpected end of data"),
    ],
)
def test_bad_csv_rows_are_named_by_file_and_line(tmp_path, line, what, found):
    path = write(tmp_path, "a.csv", f'{HEADER}"두\n줄",한 줄,0\n{line}')
    with pytest.raises(DataError) as caught:
        read_rows(path, ScoredPair)
    assert caught.value.what.startswith(f"{path}:4: ")
    assert what in caught.value.what
    assert found in (caught.value.found or "")
    assert caught.value.fix
    assert len(str(caught.value).splitlines()) <= 3


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"sentence1": "가", "score": 1}', "no column 'sentence2'"),
        ('{"sentence1": "가", "sentence2": 2, "score": 1}', "is not a text"),
        ('{"sentence1": "가", "sentence2": null, "score": 1}', "is empty"),
        ('{"sentence1": "가", "sentence2": "나", "score": NaN}', "is not a score"),
        ('{"sentence1": "가", "sentence2": "나", "score": true}', "is not a score"),
        ('{"sentence1": "가", "sentence2": "나", "score": [1]}', "is not a score"),
    ],
)
def test_bad_jsonl_rows_are_named_by_file_and_line(tmp_path, line, what):
    path = write(tmp_path, "a.jsonl", f"\n{line}\n")
    with pytest.raises(DataError, match=what) as caught:
        read_rows(path, ScoredPair)
    assert caught.value.what.startswith(f"{path}:2: ")
    assert len(str(caught.value)) < 600


def test_an_unknown_label_gets_the_nearest_one(tmp_path):
    text = "sentence1\tsentence2\tlabel\n가\t나\tentailment\n가\t다\tEntailmnt\n"
    with pytest.raises(DataError, match=r"a\.tsv:3: column 'label' is not a known label") as caught:
        read_rows(write(tmp_path, "a.tsv", text), LabeledPair)
    assert "did you mean 'entailment'?" in (caught.value.fix or "")


def test_a_missing_column_lists_the_columns_and_the_nearest(tmp_path):
    path = write(tmp_path, "a.csv", "sentense1,sentence2,score\n가,나,1\n")
    with pytest.raises(DataError, match=r"a\.csv:1: no column 'sentence1'") as caught:
        read_rows(path, ScoredPair, columns={"sentence2": "sentence2"})
    assert caught.value.found == "columns 'sentense1', 'sentence2', 'score'"
    assert caught.value.fix == "did you mean 'sentense1'?"
    with pytest.raises(DataError, match="stands there 2 times"):
        read_rows(write(tmp_path, "b.csv", "text,text\n가,나\n"), Sentence)
    with pytest.raises(DataError) as empty:
        read_rows(write(tmp_path, "c.csv", ""), Sentence)
    assert empty.value.found == "no header"
    with pytest.raises(InputError, match="unknown field of Pair 'ancor'") as unknown:
        read_rows(path, Pair, columns={"ancor": "sentence2"})
    assert "did you mean 'anchor'?" in str(unknown.value)


def test_a_missing_column_gets_a_hint_that_can_be_followed(tmp_path):
    def fix_of(path, **options):
        with pytest.raises(DataError, match="no column 'sentence2'") as caught:
            read_rows(path, ScoredPair, **options)
        return caught.value.fix

    here = "rename the column in the file's first line to 'sentence2'"
    path = write(tmp_path, "a.csv", "sentence1,글,score\n가,나,1\n")
    assert fix_of(path) == here  # sentence1 is near, but wanted itself
    assert fix_of(path, columns={}) == f"{here}, or give your name of it in `columns`"
    path = write(tmp_path, "a.jsonl", '{"sentence1": "가", "글": "나", "score": 1}\n')
    assert fix_of(path) == "rename the column to 'sentence2'"
    with pytest.raises(DataError) as caught:
        list(iter_sentences(path, column="제목"))
    assert caught.value.fix == "rename the column to '제목', or name one of those columns"


def test_one_cell_is_singular(tmp_path):
    with pytest.raises(DataError) as caught:
        read_rows(write(tmp_path, "a.csv", "anchor,positive\n가\n"), Pair)
    assert caught.value.found == "1 cell where the header has 2 (['가'])"


def test_table_kinds():
    assert [table_kind(name) for name in ("a.CSV", "a.tsv.gz", "a.ndjson", "a", "-")] == [
        "csv",
        "tsv",
        "jsonl",
        None,
        None,
    ]
    for name in ("a.json", "a.xlsx"):
        with pytest.raises(InputError, match="does not read"):
            table_kind(name)


def test_parquet_errors_and_the_missing_extra(tmp_path, monkeypatch):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    with pytest.raises(DataError, match="no such file"):
        read_rows(path, Sentence)
    path.write_bytes(b"not parquet")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_rows(path, Sentence)
    pq.write_table(pa.table({"text": ["가", None]}), path)
    with pytest.raises(DataError, match=r"a\.parquet, row 2: column 'text' is empty"):
        read_rows(path, Sentence)
    with pytest.raises(DataError, match="no column 'sentence1'"):
        read_rows(path, ScoredPair)
    assert column_names(path, kind="parquet") == ["text"]
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"munjang\[parquet\]"):
        read_rows(path, Sentence)


def test_sentences_one_a_line_with_blanks_counted(tmp_path):
    path = write(tmp_path, "a.txt", "\ufeff첫째\n\n  \n둘\u2028째\r\n 셋째 \r넷째")
    sentences = SentenceFile(path)
    assert list(sentences) == ["첫째", "둘\u2028째", " 셋째 ", "넷째"]
    assert sentences.blank == 2
    assert len(list(sentences)) == 4
    assert sentences.blank == 2
    assert list(iter_sentences(path)) == list(sentences)
    assert next(iter_sentences(path)) == "첫째"
    assert "a.txt" in repr(sentences)


def test_sentences_of_a_column(tmp_path):
    path = write(tmp_path, "a.csv", 'id,글\n1,"첫,째"\n2,\n\n3,둘째\n')
    sentences = SentenceFile(path, column="글")
    assert list(sentences) == ["첫,째", "둘째"]
    assert sentences.blank == 2
    path = write(tmp_path, "a.jsonl", '{"글": "첫째"}\n{"글": null}\n{"글": 3}\n')
    with pytest.raises(DataError, match=r"a\.jsonl:3: column '글' is not a text"):
        list(SentenceFile(path, column="글"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "id,글\n1,첫째\n"),
        ("a.tsv", "id\t글\n1\t첫째\n"),
        ("a.jsonl", '\n{"id": 1, "글": "첫째"}\n'),
    ],
)
def test_a_table_needs_the_name_of_a_column(tmp_path, name, text):
    with pytest.raises(InputError, match="which column") as caught:
        list(iter_sentences(write(tmp_path, name, text)))
    assert caught.value.found == "columns 'id', '글'"
    assert caught.value.fix == "--column '글'"


@pytest.mark.parametrize(
    ("name", "text", "fix"),
    [
        ("a.csv", "sentence1,score\n비가 온다,3\n", "--column sentence1"),
        ("a.csv", "a,a,b\n비가 온다,눈,해\n", "--column b"),
        ("a.csv", "a,a\n비,눈\n", "--column a"),
        ("a.csv", "body\n", "--column body"),
        ("a.jsonl", '{"n": [1], "글 자": "비가 온다"}\n', "--column '글 자'"),
        ("a.csv", "", "name the columns in the file's first line"),
    ],
)
def test_the_hint_names_a_real_column(tmp_path, name, text, fix):
    with pytest.raises(InputError, match="which column") as caught:
        list(iter_sentences(write(tmp_path, name, text)))
    assert caught.value.fix == fix


def test_a_text_file_has_no_columns(tmp_path):
    with pytest.raises(InputError, match="has no column 'text'"):
        iter_sentences(write(tmp_path, "a.txt", "가\n"), column="text")


def test_sentences_from_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("하나\n\n둘".encode())))
    assert list(iter_sentences("-")) == ["하나", "둘"]


@pytest.mark.parametrize("column", [None, "글"])
def test_streaming_needs_bounded_memory(tmp_path, column):
    name = "a.txt" if column is None else "a.csv"
    path = write(tmp_path, name, "글\n" + "사과를 먹는 아이가 웃는다.\n" * 100_000)
    tracemalloc.start()
    count = sum(1 for _ in iter_sentences(path, column=column))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 100_000 + (column is None)
    assert peak < 2_000_000


def test_records_keep_the_order_asked_for(tmp_path):
    path = write(tmp_path, "a.tsv", "a\tb\n1\t2\n\n3\t4\n")
    assert list(iter_records(path, ["b", "a"])) == [
        (f"{path}:2", ("2", "1")),
        (f"{path}:3", None),
        (f"{path}:4", ("4", "3")),
    ]
