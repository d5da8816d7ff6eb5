"""Recipe data to rows: what each objective is given, what is dropped, what is refused."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from munjang.data.catalog import load_groups, load_rows
from munjang.data.leaks import find_leaks
from munjang.data.prepare import nli_to_triplets
from munjang.data.rows import LabeledPair, Pair, ScoredPair, Sentence, Triplet
from munjang.errors import InputError, MunjangWarning
from munjang.train.recipe import DataPart
from munjang.train.sources import read_scored, read_source, texts_of


def read(objective, *use, held_out=(), insist=(), seed=1, data_dir=None, **settings):
    part = DataPart(objective=objective, use=tuple(map(str, use)), **settings)
    return read_source("이름", part, held_out=held_out, insist=insist, seed=seed, data_dir=data_dir)


@pytest.fixture
def table(tmp_path):
    """Writes rows of cells as a tsv, the header first, and returns its path."""

    def write(name, *rows):
        path = tmp_path / name
        path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture(scope="module")
def held_out(data_dir):
    """What the shipped recipes are chosen by and measured on."""
    refs = ("korsts:dev", "korsts:test", "klue-sts:dev")
    return [row for ref in refs for row in read_scored(ref, data_dir=data_dir)]


NLI = ("sentence1", "sentence2", "label")
STS = ("sentence1", "sentence2", "score")


@pytest.mark.parametrize(
    ("objective", "ref", "kind", "rows", "dropped"),
    [
        ("cosine", "korsts:train", ScoredPair, 5_697, {"duplicate": 46, "held out": 6}),
        ("cosent", "klue-sts:train", ScoredPair, 11_663, {"duplicate": 5}),
        ("softmax", "klue-nli:train", LabeledPair, 24_996, {"duplicate": 2}),
        ("contrastive", "klue-nli:train", Triplet, 8_045, {}),
        ("contrastive", "question-pair:train", Pair, 3_405, {"identical": 759, "duplicate": 5}),
        (
            "contrastive",
            "parakqc:all",
            Pair,
            37_583,
            {"of a held-out group": 7_380, "identical": 3, "duplicate": 34},
        ),
        ("denoise", "parakqc:all", Sentence, 9_723, {"duplicate": 13, "held out": 264}),
    ],
)
def test_known_sets_give_what_objectives_want(
    data_dir, held_out, objective, ref, kind, rows, dropped
):
    source = read(objective, ref, held_out=held_out, data_dir=data_dir)
    assert {type(row) for row in source.rows} == {kind}
    assert len(source.rows) == len(set(source.rows)) == rows
    assert source.dropped == dropped
    by = "sentence" if kind is Sentence else "pair"
    assert find_leaks(source.rows, held_out, by=by, letters_only=True) == []
    assert list(source.files) == [ref]


def test_the_groups_of_klue_sts_dev_are_left_out(data_dir, held_out):
    numbers = (data_dir / "parakqc" / "groups_in_klue_sts_dev.txt").read_text("utf-8").split()
    groups = load_groups("parakqc", "all", data_dir=data_dir)
    out = {text for number in numbers for text in groups[int(number)]}
    kept = {text for group in groups for text in group} - out
    source = read("contrastive", "parakqc:all", held_out=held_out, data_dir=data_dir)
    assert {text for row in source.rows for text in (row.anchor, row.positive)} == kept
    every = read("contrastive", "parakqc:all", data_dir=data_dir)
    assert len(every.rows) == 45_000 - sum(every.dropped.values())
    assert every.dropped.keys() == {"identical", "duplicate"}


@pytest.fixture(scope="module")
def groups(data_dir):
    return load_groups("parakqc", "all", data_dir=data_dir)


def numbers_of(groups):
    """The groups that each text stands in; a few texts stand in two."""
    found = {}
    for number, group in enumerate(groups):
        for text in group:
            found.setdefault(text, set()).add(number)
    return found


def test_so_many_pairs_are_drawn_of_each_group(data_dir, held_out, groups):
    def draw(per_group, seed=1):
        settings = {"per_group": per_group, "seed": seed}
        return read("contrastive", "parakqc:all", held_out=held_out, data_dir=data_dir, **settings)

    whole, some = draw(None), draw(3)
    assert some.dropped.pop("of a held-out group") == 3 * 164
    assert len(some.rows) + sum(some.dropped.values()) == 3 * (1_000 - 164)
    assert some.dropped.keys() <= {"identical", "duplicate"}
    assert set(some.rows) < set(whole.rows)
    numbers = numbers_of(groups)
    drawn = Counter(min(numbers[row.anchor] & numbers[row.positive]) for row in some.rows)
    lone = [n for n, group in enumerate(groups) if all(numbers[text] == {n} for text in group)]
    assert {drawn[n] for n in lone} <= {0, 2, 3}  # a text may stand twice in its group
    assert len(drawn) == 1_000 - 164
    assert draw(3).rows == some.rows
    assert draw(3, seed=2).rows != some.rows
    assert draw(45) == draw(1_000) == whole


def test_pairs_of_a_group_are_drawn_before_rows_are(data_dir):
    part = {"per_group": 1, "rows": 100, "data_dir": data_dir}
    source = read("contrastive", "question-pair:train", "parakqc:all", **part)
    every = read("contrastive", "question-pair:train", "parakqc:all", **part | {"rows": None})
    assert len(every.rows) == 3_405 + 1_000
    assert len(source.rows) == 100
    assert set(source.rows) < set(every.rows)


def test_pairs_of_a_group_need_groups(data_dir, table):
    own = table("쌍.tsv", ("anchor", "positive"), ("비", "비 온다"), ("눈", "눈 온다"))
    with pytest.raises(InputError) as refused:
        read("contrastive", "question-pair:train", own, per_group=2, data_dir=data_dir)
    assert str(refused.value) == (
        "[data.이름] draws per_group = 2 but uses no groups of paraphrases\n"
        f"found: question-pair:train: pairs judged same or different; {own}: "
        "pairs that belong together\n"
        "try: no per_group (rows draws of anything), or groups, such as parakqc:all"
    )


def test_what_means_the_same_is_told(data_dir, groups):
    source = read("contrastive", "parakqc:all", data_dir=data_dir)
    assert set(source.same) == {text for group in groups for text in group}
    tops = [{source.same[text] for text in group} for group in groups]
    assert {len(top) for top in tops} == {1}
    numbers = numbers_of(groups)
    together = [*filter(lambda several: len(several) > 1, numbers.values())]
    assert together
    for one, other in (pair for several in together for pair in itertools.combinations(several, 2)):
        assert tops[one] == tops[other]
    apart = len(groups) - len({tuple(sorted(several)) for several in together})
    assert len(set.union(*tops)) == apart
    for objective in ("contrastive", "dropout"):
        refs = ("question-pair:train", "parakqc:all")
        assert read(objective, *refs, data_dir=data_dir).same == source.same
    assert read("contrastive", "question-pair:train", data_dir=data_dir).same == {}


def test_a_group_is_held_out_by_the_letters_of_one_text(data_dir, groups):
    held = [ScoredPair(f" {groups[7][3].replace(' ', '')}!! ", "비가 온다", 1.0)]
    source = read("contrastive", "parakqc:all", held_out=held, data_dir=data_dir, per_group=2)
    assert source.dropped["of a held-out group"] == 2
    kept = {text for row in source.rows for text in (row.anchor, row.positive)}
    assert not kept & set(groups[7])


@pytest.mark.parametrize(
    ("objective", "header", "values"),
    [
        ("contrastive", ("anchor", "positive"), ("", "")),
        ("contrastive", ("anchor", "positive", "negative"), ("버스", "기차")),
        ("softmax", NLI, ("entailment", "neutral")),
        ("cosent", STS, ("1", "2")),
    ],
)
def test_a_sentence_held_out_by_itself_takes_its_rows_along(table, objective, header, values):
    pairs = [("문을 닫아요", "문 닫아요"), ("불을 꺼요", "불 꺼요"), ("창을 열어요", "창 열어요")]
    pairs += [("불 좀 꺼요", "불을 꺼 주세요"), ("물을 줘요", "물 줘요")]
    rows = [(*pair, values[n % 2]) if values[0] else pair for n, pair in enumerate(pairs)]
    ref = table("쌍.tsv", header, *rows)
    held = [Sentence("문 닫아요!"), Sentence("불을 꺼주세요"), ScoredPair("창을 열어요", "비", 0.0)]
    source = read(objective, ref, held_out=held)
    left = [pairs[1], pairs[2], pairs[4]]
    assert source.dropped == {"held out": 2}
    assert [texts_of(row)[:2] for row in source.rows] == left


def test_judged_pairs_give_those_of_one_meaning(data_dir):
    source = read("contrastive", "question-pair:train", data_dir=data_dir)
    judged = load_rows("question-pair", "train", data_dir=data_dir)
    same = {(row.sentence1, row.sentence2) for row in judged if row.label == "same"}
    assert {(row.anchor, row.positive) for row in source.rows} <= same


@pytest.mark.parametrize("way", ["last", "random", "product", "zip"])
def test_triplets_are_made_in_the_way_of_the_part(data_dir, way):
    source = read("contrastive", "klue-nli:train", triplets=way, seed=5, data_dir=data_dir)
    rows = load_rows("klue-nli", "train", data_dir=data_dir)
    made = list(dict.fromkeys(nli_to_triplets(rows, way=way, seed=5)))
    assert source.rows == made
    assert sum(source.dropped.values()) == (1 if way == "product" else 0)


def test_files_are_joined_before_triplets_are_made_but_for_random_ones(table):
    first = table("하나.tsv", NLI, ("비가 온다", "젖는다", "entailment"))
    second = table(
        "둘.tsv",
        NLI,
        ("비가 온다", "맑다", "contradiction"),
        ("눈이 온다", "춥다", "entailment"),
        ("눈이 온다", "덥다", "contradiction"),
        ("해가 떴다", "낮이다", "entailment"),
        ("해가 떴다", "밤이다", "contradiction"),
    )
    joined = [
        Triplet("비가 온다", "젖는다", "맑다"),
        Triplet("눈이 온다", "춥다", "덥다"),
        Triplet("해가 떴다", "낮이다", "밤이다"),
    ]
    assert read("contrastive", first, second).rows == joined
    apart = read("contrastive", first, second, triplets="random").rows
    assert not any("비가 온다" in (row.anchor, row.positive) for row in apart)
    assert joined[1] in apart


def test_what_teaches_nothing_is_dropped_and_counted(table):
    ref = table(
        "셋.tsv",
        ("anchor", "positive", "negative"),
        ("비가 온다", "비 온다", "눈이 온다"),
        ("비가 온다", "비 온다", "눈이 온다"),
        ("해가 떴다", "해가 떴다", "밤이다"),
        ("달이 떴다", "밤이다", "달이 떴다"),
        ("별이 떴다", "밤이다", "밤이다"),
        ("바람이 분다", "바람 분다", "비가 온다"),
        ("문을 닫아요", "문 닫아요", "문을 열어요"),
    )
    held = [ScoredPair("문을  열어요!", "문을 닫아요.", 0.5)]
    source = read("contrastive", ref, held_out=held)
    assert source.rows == [
        Triplet("비가 온다", "비 온다", "눈이 온다"),
        Triplet("바람이 분다", "바람 분다", "비가 온다"),
    ]
    assert source.dropped == {"identical": 3, "duplicate": 1, "held out": 1}


def test_texts_that_cleaning_empties_are_dropped(table):
    rows = [
        (premise, hypothesis, label)
        for premise in ("비가 온다", "눈이 온다", "해가 떴다")
        for hypothesis, label in (("'\"'", "entailment"), ("아니다", "contradiction"))
    ]
    rows += [("눈이 온다", "춥다", "entailment"), ("해가 떴다", "낮이다", "entailment")]
    source = read("contrastive", table("추론.tsv", NLI, *rows))
    assert [row.positive for row in source.rows] == ["춥다", "낮이다"]
    assert source.dropped == {"empty": 1}


def test_identical_sentences_stay_where_a_score_or_class_says_something(table):
    ref = table("점수.tsv", STS, ("비", "비", "5"), ("비", "눈", "1"), ("눈", "비", "1"))
    source = read("cosent", ref)
    assert source.rows == [ScoredPair("비", "비", 5.0), ScoredPair("비", "눈", 1.0)]
    assert source.dropped == {"duplicate": 1}


def test_sentences_are_the_distinct_texts_in_order(data_dir, tmp_path):
    source = read("distill", "korsts:train", data_dir=data_dir)
    rows = load_rows("korsts", "train", data_dir=data_dir)
    texts = dict.fromkeys(text for row in rows for text in (row.sentence1, row.sentence2))
    assert [row.text for row in source.rows] == list(texts)
    assert source.dropped == {"duplicate": 2 * len(rows) - len(texts)}
    lines = tmp_path / "글.txt"
    lines.write_text("비가 온다\n\n눈이 온다.\n비가 온다\n해가 떴다\n", encoding="utf-8")
    held = [ScoredPair("눈이 온다", "춥다", 3.0)]
    source = read("dropout", lines, held_out=held)
    assert [row.text for row in source.rows] == ["비가 온다", "해가 떴다"]
    assert source.dropped == {"empty": 1, "duplicate": 1, "held out": 1}
    table = tmp_path / "표.tsv"
    table.write_text("text\tlabel\n비가 온다\t날씨\n비가 온다\t물\n해\t날씨\n", encoding="utf-8")
    assert read("dropout", table).rows == [Sentence("비가 온다"), Sentence("해")]


def test_each_file_is_told_by_its_checksum(data_dir, table):
    own = table("점수.tsv", STS, ("비", "비", "5"), ("비", "눈", "1"))
    source = read("cosine", "korsts:train", own, data_dir=data_dir)
    digest = hashlib.sha256(Path(own).read_bytes()).hexdigest()
    published = "b5aaa7f957d6ff46f4b6834a8b0f024a9234a6eefe9289aed66746b4533da3b8"
    assert source.files == {"korsts:train": published, own: digest}
    assert source.rows[-2:] == [ScoredPair("비", "비", 5.0), ScoredPair("비", "눈", 1.0)]


def test_a_draw_keeps_the_order_and_comes_after_the_drops(data_dir, held_out):
    def draw(rows, seed):
        return read(
            "cosine", "korsts:train", rows=rows, seed=seed, held_out=held_out, data_dir=data_dir
        )

    whole = draw(None, 1).rows
    some = draw(1_000, 1)
    assert len(some.rows) == 1_000
    assert some.dropped == {"duplicate": 46, "held out": 6}
    places = [whole.index(row) for row in some.rows]
    assert places == sorted(set(places))
    assert draw(1_000, 1).rows == some.rows
    assert draw(1_000, 2).rows != some.rows
    assert draw(len(whole), 1).rows == whole
    with pytest.warns(MunjangWarning, match=r"asks for 6,000 rows and has 5,697: all are used"):
        assert draw(6_000, 1).rows == whole


def test_insisting_trains_on_what_is_measured(data_dir, held_out):
    refused = pytest.raises(InputError, match=r"klue-sts:dev is kept for measuring")
    with refused:
        read("cosine", "klue-sts:dev", held_out=held_out, data_dir=data_dir)
    insist = ["klue-sts:dev"]
    source = read("cosine", *insist, insist=insist, held_out=held_out, data_dir=data_dir)
    assert source.rows == load_rows("klue-sts", "dev", data_dir=data_dir)
    assert source.dropped == {}
    both = read(
        "cosine", *insist, "korsts:train", insist=insist, held_out=held_out, data_dir=data_dir
    )
    assert both.dropped == {"duplicate": 46, "held out": 6}


def test_a_copy_of_what_is_measured_is_dropped(data_dir, held_out, table):
    dev = load_rows("klue-sts", "dev", data_dir=data_dir)
    rows = [(row.sentence2, row.sentence1, str(row.score)) for row in dev]
    own = table("내것.tsv", STS, *rows, ("비", "눈", "1"), ("비", "비", "5"))
    source = read("cosine", own, held_out=held_out)
    assert source.rows == [ScoredPair("비", "눈", 1.0), ScoredPair("비", "비", 5.0)]
    assert source.dropped == {"held out": 519}


@pytest.mark.parametrize(
    ("objective", "ref", "message"),
    [
        (
            "contrastive",
            "korsts:train",
            "korsts:train is not for the objective contrastive\n"
            "found: graded pairs\ntry: cosent or cosine or angle",
        ),
        ("softmax", "korsts:train", "found: graded pairs"),
        ("softmax", "question-pair:train", "found: pairs judged same or different"),
        ("cosine", "kornli:dev", "found: inference pairs\ntry: softmax or contrastive"),
        ("angle", "parakqc:all", "found: groups of paraphrases\ntry: contrastive"),
    ],
)
def test_known_sets_that_an_objective_cannot_use(data_dir, objective, ref, message):
    with pytest.raises(InputError) as refused:
        read(objective, ref, data_dir=data_dir)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("objective", "rows", "message"),
    [
        (
            "contrastive",
            [STS, ("비", "눈", "1"), ("비", "비", "5")],
            "not for the objective contrastive\nfound: graded pairs",
        ),
        (
            "contrastive",
            [NLI, ("비", "눈", "same"), ("비", "젖는다", "entailment")],
            "found: inference pairs among pairs judged same or different\ntry: one kind of labels",
        ),
        (
            "contrastive",
            [NLI, ("비", "젖는다", "entailment"), ("눈", "춥다", "entailment")],
            "[data.이름] leaves fewer than 2 rows to train on\nfound: 0 of",
        ),
        (
            "contrastive",
            [("anchor", "positive"), ("비", "비"), ("비", "비 온다"), ("비 온다", "비")],
            "쌍.tsv; dropped 1 identical, 1 duplicate\ntry: more data",
        ),
        (
            "softmax",
            [NLI, ("비", "젖는다", "entailment"), ("눈", "춥다", "entailment")],
            "[data.이름] has one class only: there is nothing to tell apart\n"
            "found: 2 rows labelled 'entailment'",
        ),
        (
            "cosent",
            [STS, ("비", "눈", "2.5"), ("해", "달", "2.5")],
            "[data.이름] has one score only: there is nothing to learn\nfound: 2 rows scored 2.5",
        ),
        ("cosent", [STS, ("비", "눈", "2.5")], "fewer than 2 rows"),
        ("cosent", [STS, ("비", "", "2.5")], "쌍.tsv:2: column 'sentence2' is empty"),
    ],
)
def test_files_that_nothing_can_be_learned_from(table, objective, rows, message):
    ref = table("쌍.tsv", *rows)
    with pytest.raises(InputError) as refused:
        read(objective, ref)
    assert message in str(refused.value)
    assert str(refused.value).count("\n") <= 2


def test_triplets_and_pairs_are_two_data_sets(data_dir):
    with pytest.raises(InputError) as refused:
        read("contrastive", "kornli:dev", "parakqc:all", data_dir=data_dir)
    assert str(refused.value) == (
        "[data.이름] holds triplets and pairs, but a batch is of one kind\n"
        "found: kornli:dev: inference pairs; parakqc:all: groups of paraphrases\n"
        "try: a [data.NAME] table for each kind"
    )
    both = read("contrastive", "question-pair:train", "parakqc:all", data_dir=data_dir)
    assert {type(row) for row in both.rows} == {Pair}


def test_settings_that_mean_nothing_are_refused(data_dir):
    with pytest.raises(InputError, match=r"\[data.이름\] names no data"):
        read("cosine")
    with pytest.raises(InputError, match=r"maps columns but uses no file\nfound: use = korsts"):
        read("cosine", "korsts:train", columns={"score": "점수"}, data_dir=data_dir)


HASHED = """
import hashlib, sys
from munjang.train.recipe import DataPart
from munjang.train.sources import read_source
digest = hashlib.sha256()
for objective, ref in (("contrastive", "klue-nli:train"), ("distill", "parakqc:all")):
    part = DataPart(objective=objective, use=(ref,), triplets="random", rows=999)
    source = read_source("이름", part, held_out=[], seed=3, data_dir=sys.argv[1])
    digest.update(repr(source).encode())
print(digest.hexdigest(), hash("문장"), "torch" in sys.modules)
"""


def test_rows_do_not_depend_on_the_hash_of_strings(data_dir):
    found = [
        subprocess.run(
            [sys.executable, "-c", HASHED, str(data_dir)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    assert found[0][0] == found[1][0]
    assert found[0][1] != found[1][1]
    assert {torch for _, _, torch in found} == {"False"}


@pytest.mark.parametrize(
    ("ref", "rows"),
    [("korsts:test", 1_379), ("klue-sts:dev-without-parakqc", 387), ("klue-sts:train", 11_668)],
)
def test_scored_pairs_of_tasks_and_sets(data_dir, ref, rows):
    assert len(read_scored(ref, data_dir=data_dir)) == rows


def test_scored_pairs_of_a_file(table):
    ref = table("점수.tsv", ("가", "나", "score"), ("비", "눈", "1"), ("비", "비", "5"))
    found = read_scored(ref, columns={"sentence1": "가", "sentence2": "나"})
    assert found == [ScoredPair("비", "눈", 1.0), ScoredPair("비", "비", 5.0)]


def test_what_cannot_be_measured_on(data_dir, table):
    with pytest.raises(InputError, match=r"no scores to measure by\nfound: inference pairs"):
        read_scored("kornli:dev", data_dir=data_dir)
    with pytest.raises(InputError, match="korsts is a data set: name a split"):
        read_scored("korsts")
    with pytest.raises(InputError, match="did you mean 'klue-sts:dev'"):
        read_scored("kluests:dev")
    with pytest.raises(InputError, match="unknown split of klue-sts 'dev-without-parakq'"):
        read_scored("klue-sts:dev-without-parakq")
    flat = table("점수.tsv", STS, ("비", "눈", "2"), ("해", "달", "2"))
    with pytest.raises(InputError, match=r"two different scores\nfound: 2 pairs, each scored 2"):
        read_scored(flat)
    with pytest.raises(InputError, match=r"two different scores\nfound: 0 pairs$"):
        read_scored(table("빈.tsv", STS))
