"""What `use` may name: splits, files, and the errors for what is neither."""

from __future__ import annotations

import shutil

import pytest

from munjang.data.known import DATASETS
from munjang.data.rows import LabeledPair, Pair, ScoredPair, Sentence, Triplet
from munjang.errors import DataError, InputError
from munjang.train.entries import content_of, read_entry, split_ref
from munjang.train.recipe import DataPart

NEVER = [f"{s.name}:{split.name}" for s in DATASETS for split in s.splits if split.never_train]


@pytest.fixture
def table(tmp_path):
    """Writes a file of the given name and text, and returns its path as a recipe has it."""

    def write(name, text, encoding="utf-8"):
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return str(path)

    return write


@pytest.mark.parametrize("ref", NEVER)
def test_what_is_kept_for_measuring_is_refused_unless_named(ref, data_dir):
    part = DataPart(objective="dropout", use=(ref,))
    with pytest.raises(InputError) as refused:
        read_entry(ref, part, insist=["korsts"], data_dir=data_dir)
    assert str(refused.value) == (
        f"{ref} is kept for measuring: for a model trained on it, its scores mean nothing\n"
        f'try: another split; or insist = ["{ref}"] in the recipe (--set insist={ref})'
    )
    entry = read_entry(ref, part, insist=[ref], data_dir=data_dir)
    assert entry.known
    assert entry.rows


def test_all_that_scores_are_reported_on_is_on_the_never_train_list():
    assert {"korsts:dev", "korsts:test", "klue-sts:dev", "klue-nli:dev", "kornli:test"} < set(NEVER)


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("korsts", "korsts is a data set: name a split of it\ntry: korsts:train, korsts:dev"),
        ("korsts:trian", "unknown split of korsts 'trian'\ntry: did you mean 'train'?"),
        ("korst:train", "neither a known data set nor a file\ntry: did you mean 'korsts:train'?"),
        ("없는 것", "neither a known data set nor a file\ntry: NAME:SPLIT, such as korsts:train"),
    ],
)
def test_a_wrong_name_is_met_with_the_nearest(ref, message):
    with pytest.raises(InputError) as wrong:
        read_entry(ref, DataPart(objective="dropout", use=(ref,)))
    assert message in str(wrong.value)


def test_a_missing_file_is_met_with_the_nearest_beside_it(table):
    there = table("상담_문장쌍.tsv", "")
    missing = there.replace("문장쌍", "문장상")
    with pytest.raises(InputError) as wrong:
        split_ref(missing)
    assert str(wrong.value) == (
        f"{missing} is neither a known data set nor a file\ntry: did you mean {there!r}?"
    )


def test_a_file_goes_before_a_data_set_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "korsts:train").write_text("내 문장", encoding="utf-8")
    entry = read_entry("korsts:train", DataPart(objective="dropout"))
    assert (entry.known, entry.rows) == (False, [Sentence("내 문장")])


PAIR = Pair("문이 안 열려요", "문을 못 열겠어요")
TRIPLET = Triplet("문이 안 열려요", "문을 못 열겠어요", "문이 열려요")


@pytest.mark.parametrize(
    ("header", "columns", "row"),
    [
        ("anchor,positive,negative", {}, TRIPLET),
        ("anchor,positive,메모", {}, PAIR),
        ("질문,답,반대", {"anchor": "질문", "positive": "답", "negative": "반대"}, TRIPLET),
        ("질문,답,반대", {"anchor": "질문", "positive": "답"}, PAIR),
        ("질문,답,negative", {"anchor": "질문", "positive": "답"}, TRIPLET),
    ],
)
def test_columns_tell_triplets_from_pairs(table, header, columns, row):
    ref = table("문의.csv", f"{header}\n문이 안 열려요,문을 못 열겠어요,문이 열려요\n")
    entry = read_entry(ref, DataPart(objective="contrastive", columns=columns))
    assert entry.rows == [row]
    assert entry.content == content_of([row])


def test_other_tables_are_told_by_their_columns_too(table):
    nli = table("추론.jsonl", '{"전제": "비가 온다", "sentence2": "젖는다", "label": "neutral"}\n')
    part = DataPart(objective="contrastive", columns={"sentence1": "전제"})
    assert read_entry(nli, part).rows == [LabeledPair("비가 온다", "젖는다", "neutral")]
    scored = table("점수.tsv", "sentence1\tsentence2\tscore\n비\t눈\t2\n")
    assert read_entry(scored, DataPart(objective="contrastive")).content == "graded pairs"
    assert read_entry(scored, DataPart(objective="angle")).rows == [ScoredPair("비", "눈", 2.0)]


def test_the_encoding_and_gzip_are_read(table, tmp_path):
    text = "sentence1\tsentence2\tlabel\n비가 온다\t젖는다\tneutral\n"
    part = DataPart(objective="softmax", encoding="cp949")
    ref = table("추론.tsv", text, encoding="cp949")
    assert read_entry(ref, part).rows == [LabeledPair("비가 온다", "젖는다", "neutral")]
    with pytest.raises(DataError, match="reads as CP949"):
        read_entry(ref, DataPart(objective="softmax"))


def test_sentences_come_from_lines_or_a_column(table):
    lines = table("글.txt", "첫째\n\n둘째 \n   \n첫째")
    entry = read_entry(lines, DataPart(objective="denoise"))
    assert entry.rows == [Sentence("첫째"), Sentence("둘째 "), Sentence("첫째")]
    assert entry.blank == 2
    column = table("글.csv", "id,text\n1,셋째\n2,\n")
    entry = read_entry(column, DataPart(objective="denoise"))
    assert (entry.rows, entry.blank) == ([Sentence("셋째")], 1)
    named = table("본문.csv", "본문\n넷째\n")
    part = DataPart(objective="denoise", columns={"text": "본문"})
    assert read_entry(named, part).rows == [Sentence("넷째")]


@pytest.mark.parametrize(
    ("objective", "name", "text", "columns", "message"),
    [
        ("dropout", "글.csv", "본문\n넷째\n", {}, "no column 'text'\nfound: columns '본문'"),
        ("dropout", "글.csv", "text\n", {"body": "text"}, "unknown field of Sentence 'body'"),
        ("dropout", "글.txt", "넷째\n", {"text": "본문"}, "has no column '본문'"),
        ("dropout", "글.txt", " \n\n", {}, "holds no rows"),
        ("softmax", "쌍.txt", "비\t눈\tneutral\n", {}, "the name does not tell the table's format"),
        ("contrastive", "쌍.txt", "비\t눈\n", {}, "the name does not tell the table's format"),
        ("contrastive", "쌍.tsv", "비\t눈\n", {}, "no columns that contrastive training knows"),
        ("contrastive", "쌍.tsv", "", {}, "found: no header"),
        ("contrastive", "쌍.tsv", "anchor\tpositive\n", {}, "holds no rows"),
        ("contrastive", "쌍.tsv", "ancor\tpositive\n", {"anchor": "anchr"}, "no column 'anchr'"),
        ("contrastive", "쌍.tsv", "anchor\tpositive\n비\t\n", {}, "쌍.tsv:2: column 'positive'"),
        ("cosine", "쌍.tsv", "sentence1\tsentence2\tscores\n", {}, "did you mean 'scores'"),
        ("cosine", "쌍.csv", "sentence1,sentence2,score\n비,눈,7\n", {}, "score from 0 to 5"),
        ("softmax", "쌍.csv", "sentence1,sentence2,label\n비,눈,1\n", {}, "not a known label"),
    ],
)
def test_bad_files_are_clear_errors(table, objective, name, text, columns, message):
    ref = table(name, text)
    with pytest.raises(InputError) as bad:
        read_entry(ref, DataPart(objective=objective, columns=columns))
    assert message in str(bad.value)
    assert str(bad.value).count("\n") <= 2


@pytest.mark.parametrize(
    ("ref", "content"),
    [
        ("korsts:train", "graded pairs"),
        ("kornli:dev", "inference pairs"),
        ("question-pair:train", "pairs judged same or different"),
        ("parakqc:all", "groups of paraphrases"),
        ("stylekqc:train", "groups of paraphrases"),
    ],
)
def test_known_sets_are_what_they_are(data_dir, ref, content):
    entry = read_entry(ref, DataPart(objective="dropout"), data_dir=data_dir)
    assert entry.content == content
    assert entry.path.is_file()
    assert sum(len(group) for group in entry.groups) in (0, len(entry.rows))
    assert bool(entry.groups) == (content == "groups of paraphrases")


def test_a_data_folder_goes_before_the_cache(data_dir, tmp_path):
    own = tmp_path / "korsts" / "sts-train.tsv"
    own.parent.mkdir()
    first = read_entry("korsts:train", DataPart(objective="cosine"), data_dir=data_dir)
    shutil.copy(first.path, own)
    again = read_entry("korsts:train", DataPart(objective="cosine"), data_dir=tmp_path)
    assert (again.path, again.rows) == (own, first.rows)


def test_labels_of_two_kinds_are_told():
    rows = [LabeledPair("비", "눈", "same"), LabeledPair("비", "눈", "neutral")]
    assert content_of(rows) == "inference pairs among pairs judged same or different"
