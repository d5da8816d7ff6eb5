"""The readers of published formats, against the real files and against damaged ones."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from munjang.data import readers
from munjang.data.rows import LabeledPair, ScoredPair, Sentence
from munjang.errors import DataError, InputError


def write(folder, name, text, encoding="utf-8"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("split", "rows", "quoted", "scores"),
    [("train", 5_749, 260, 140), ("dev", 1_500, 128, 78), ("test", 1_379, 55, 70)],
)
def test_korsts(data_dir, split, rows, quoted, scores):
    pairs = readers.read_korsts(data_dir / f"kornlu/KorSTS/sts-{split}.tsv")
    assert len(pairs) == rows
    assert sum('"' in pair.sentence1 + pair.sentence2 for pair in pairs) == quoted
    assert len({pair.score for pair in pairs}) == scores
    lines = (data_dir / f"kornlu/KorSTS/sts-{split}.tsv").read_text(encoding="utf-8").split("\n")
    for pair, line in zip(pairs, lines[1:], strict=False):
        cells = line.split("\t")
        assert pair == ScoredPair(cells[5], cells[6], float(cells[4]))


def test_korsts_finds_its_columns_by_name(tmp_path):
    path = write(tmp_path, "a.tsv", 'sentence2\tscore\tsentence1\n둘"째\t2.5\t"첫째\n')
    assert readers.read_korsts(path) == [ScoredPair('"첫째', '둘"째', 2.5)]
    path = write(tmp_path, "b.tsv", "sentence2\tscore\tsentence1\n둘째\t2.5\n")
    with pytest.raises(DataError, match=r"b\.tsv:2: a row that does not fit"):
        readers.read_korsts(path)


@pytest.mark.parametrize(("split", "rows"), [("dev", 2490), ("test", 5010)])
def test_xnli(data_dir, split, rows):
    pairs = readers.read_kornli(data_dir / f"kornlu/KorNLI/xnli.{split}.ko.tsv")
    third = rows // 3
    assert Counter(pair.label for pair in pairs) == {
        "entailment": third,
        "neutral": third,
        "contradiction": third,
    }


def test_kornli_keeps_an_empty_sentence_and_refuses_a_foreign_label(tmp_path):
    header = "sentence1\tsentence2\tgold_label\n"
    path = write(tmp_path, "a.tsv", f"{header}가\t\tneutral\n\n")
    assert readers.read_kornli(path) == [LabeledPair("가", "", "neutral")]
    path = write(tmp_path, "b.tsv", f"{header}가\t나\tsame\n")
    with pytest.raises(DataError, match=r"b\.tsv:2: column 'gold_label'"):
        readers.read_kornli(path)


def test_klue_sts_json_and_csv_differ_by_rounding(data_dir):
    official = data_dir / "klue-sts/klue-sts-v1.1_dev.json"
    label = readers.read_klue_sts(official)
    real = readers.read_klue_sts(official, score="real-label")
    assert len(label) == len(real) == 519
    assert len({pair.score for pair in label}) == 51
    assert [pair.score for pair in label] == [round(pair.score, 1) for pair in real]
    assert readers.read_klue_sts(data_dir / "klue-sts/klue_sts_val.csv") == real
    assert len(readers.read_klue_sts(data_dir / "klue-sts/klue_sts_train.csv")) == 11_668
    with pytest.raises(InputError, match="holds the real-label alone"):
        readers.read_klue_sts(data_dir / "klue-sts/klue_sts_val.csv", score="label")


def test_klue_nli_json_and_the_parts_of_the_csv(data_dir):
    contest = data_dir / "klue-nli/benchmark_train_data.csv"
    dev = readers.read_klue_nli(data_dir / "klue-nli/klue-nli-v1.1_dev.json")
    train = readers.read_klue_nli(contest, part="train")
    copied = readers.read_klue_nli(contest, part="dev")
    assert readers.read_klue_nli(contest, part="all") == train + copied
    assert Counter(pair.label for pair in train) == {
        "entailment": 8_561,
        "contradiction": 8_489,
        "neutral": 7_948,
    }
    assert len(dev) == len(copied) == 3_000
    assert [pair.label for pair in dev] == [pair.label for pair in copied]
    assert sum(a != b for a, b in zip(dev, copied, strict=True)) == 1
    with pytest.raises(InputError, match="holds train and dev rows"):
        readers.read_klue_nli(contest)
    with pytest.raises(InputError, match="is one part"):
        readers.read_klue_nli(data_dir / "klue-nli/klue-nli-v1.1_dev.json", part="dev")


def test_a_csv_of_another_length_is_not_cut(tmp_path):
    path = write(tmp_path, "a.csv", "premise,hypothesis,label\n가,나,neutral\n", "cp949")
    assert readers.read_klue_nli(path, part="all") == [LabeledPair("가", "나", "neutral")]
    with pytest.raises(DataError, match="expected 27998 rows") as caught:
        readers.read_klue_nli(path, part="train")
    assert caught.value.found == "1 rows"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("[{", "is not JSON"),
        ("{}", "is not a list of entries"),
        ("[[]]", "entry 1: not an object"),
        ('[{"sentence1": "가", "sentence2": "나"}]', "entry 1: no column 'label'"),
        (
            json.dumps([{"sentence1": "가", "sentence2": "나", "labels": {"label": 9}}]),
            "entry 1: column 'label' is not a score",
        ),
    ],
)
def test_a_damaged_json_is_named_by_entry(tmp_path, content, what):
    with pytest.raises(DataError, match=what):
        readers.read_klue_sts(write(tmp_path, "a.json", content))


def test_parakqc(data_dir):
    groups = readers.read_parakqc(data_dir / "parakqc/paraKQC_v1.txt")
    assert len(groups) == 1_000
    assert {len(group) for group in groups} == {10}
    assert not any(text.endswith("\r") for group in groups for text in group)
    numbers = readers.read_group_numbers(data_dir / "parakqc/groups_in_klue_sts_dev.txt")
    assert len(numbers) == len(set(numbers)) == 164
    assert set(numbers) <= set(range(1_000))


def test_groups_that_are_no_groups(tmp_path):
    ten = "".join(f"0\t1\t문장 {i}\r\n" for i in range(10))
    assert readers.read_parakqc(write(tmp_path, "a.txt", ten))[0][9] == "문장 9"
    with pytest.raises(DataError, match=r"b\.txt:11: not a group of 10"):
        readers.read_parakqc(write(tmp_path, "b.txt", ten + "0\t1\t남는 문장\n"))
    with pytest.raises(DataError, match=r"c\.txt:1: not a group of 10") as caught:
        readers.read_parakqc(write(tmp_path, "c.txt", ten.replace("0\t1\t문장 5", "2\t1\t문장 5")))
    assert caught.value.found == "10 lines, kinds ['0/1', '2/1']"
    with pytest.raises(DataError, match=r"d\.txt:1: not a line of topic"):
        readers.read_parakqc(write(tmp_path, "d.txt", "0\t1\n"))
    with pytest.raises(DataError, match=r"e\.txt:2: not a group number"):
        readers.read_group_numbers(write(tmp_path, "e.txt", "1\n-2\n"))


@pytest.mark.parametrize(("split", "groups"), [("train", 2_400), ("dev", 120), ("test", 480)])
def test_stylekqc_is_the_same_by_act_and_by_topic(data_dir, split, groups):
    by_act = readers.read_stylekqc(data_dir / f"stylekqc/act/{split}.tsv")
    assert len(by_act) == groups
    assert readers.read_stylekqc(data_dir / f"stylekqc/topic/{split}.tsv") == by_act


def test_stylekqc_sts_pairs_are_within_groups_when_same(data_dir):
    pairs = readers.read_stylekqc_sts(data_dir / "stylekqc/sts/dev.tsv")
    assert Counter(pair.label for pair in pairs) == {"same": 5_400, "different": 5_400}
    groups = readers.read_stylekqc(data_dir / "stylekqc/act/dev.tsv")
    together = {(a.strip(), b.strip()) for group in groups for a in group for b in group}
    same = [pair for pair in pairs if pair.label == "same"]
    assert all((p.sentence1.strip(), p.sentence2.strip()) in together for p in same)


@pytest.mark.parametrize(
    ("split", "rows", "same", "identical"),
    [("train", 6_136, 4_169, 759), ("validation", 682, 432, 78), ("test", 758, 508, 107)],
)
def test_question_pair_zero_means_same(data_dir, split, rows, same, identical):
    pairs = readers.read_question_pair(data_dir / f"question-pair/{split}.txt")
    assert len(pairs) == rows
    assert Counter(pair.label for pair in pairs) == {"same": same, "different": rows - same}
    one_string = [pair for pair in pairs if pair.sentence1 == pair.sentence2]
    assert sum(pair.label == "same" for pair in one_string) == identical


def test_question_pair_refuses_another_judgement(tmp_path):
    path = write(tmp_path, "a.txt", "question1\tquestion2\tis_duplicate\n가\t나\t2\n")
    with pytest.raises(DataError, match=r"a\.txt:2: column 'is_duplicate'"):
        readers.read_question_pair(path)


def test_nsmc(data_dir):
    reviews = readers.read_nsmc(data_dir / "nsmc/reviews.tsv.gz")
    assert len(reviews) == 712_383
    assert {review.label for review in reviews} == {str(rating) for rating in range(1, 11)}
    assert all(type(review) is Sentence and review.text.strip() for review in reviews)
