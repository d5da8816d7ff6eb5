"""A recipe's data: read, scored by a teacher where one is asked for, tokenised, described."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

from munjang.data.catalog import load_groups, load_rows
from munjang.data.rows import LabeledPair, Pair, ScoredPair, Sentence, Triplet
from munjang.errors import DataError, InputError, MunjangWarning, NetworkError
from munjang.model.build import build_encoder
from munjang.train import gather
from munjang.train.folder import RunFolder
from munjang.train.gather import (
    check_data,
    check_sizes,
    describe,
    read_held_out,
    read_reports,
    read_sources,
    to_datasets,
)
from munjang.train.recipe import DataPart, TeacherPart


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No folder of data, no cache, no network."""
    monkeypatch.setenv("MUNJANG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("MUNJANG_DATA", raising=False)
    return tmp_path


def sources_of(recipe, tmp_path, held_out=()):
    return read_sources(recipe, held_out, RunFolder(tmp_path), None)


def test_what_is_reported_is_read(make_recipe, own_data):
    dev = str(own_data["dev"])
    [(ref, pairs)] = read_reports(make_recipe(evaluate={"report": (dev,)}), None).items()
    assert (ref, len(pairs)) == (dev, 24)
    assert read_reports(make_recipe(), None) == {}


def test_a_known_set_that_is_nowhere_is_named_and_left_out(make_recipe, own_data, nowhere):
    refs = ("korsts:test", str(own_data["dev"]))
    with pytest.warns(MunjangWarning, match="korsts:test is not measured: "):
        found = read_reports(make_recipe(evaluate={"report": refs}), nowhere)
    assert list(found) == [str(own_data["dev"])]


def test_a_file_of_the_user_is_not_left_out(make_recipe, tmp_path):
    bad = tmp_path / "bad.tsv"
    bad.write_text("sentence1\tsentence2\tscore\n비가 온다.\t눈이 온다.\t7\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"bad\.tsv"):
        read_reports(make_recipe(evaluate={"report": (str(bad),)}), None)
    with pytest.raises(InputError, match="neither a known data set nor a file"):
        read_reports(make_recipe(evaluate={"report": ("korst:test",)}), None)


@pytest.fixture
def own_file(tmp_path):
    """Writes a file of the given name and text, and returns its path as a recipe has it."""

    def write(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def held_out_of(make_recipe, *refs, data_dir=None, **evaluate):
    return read_held_out(make_recipe(evaluate={"hold_out": refs, **evaluate}), data_dir)


TRIPLET = Triplet("문이 안 열려요", "문을 못 열겠어요", "문이 열려요")


@pytest.mark.parametrize(
    ("name", "text", "row"),
    [
        ("글.txt", "문이 안 열려요\n", Sentence("문이 안 열려요")),
        ("글.tsv", "text\tlabel\n문이 안 열려요\t문의\n", Sentence("문이 안 열려요")),
        ("글.jsonl", '{"text": "문이 안 열려요"}\n', Sentence("문이 안 열려요")),
        (
            "짝.csv",
            "anchor,positive\n문이 안 열려요,문을 못 열겠어요\n",
            Pair("문이 안 열려요", "문을 못 열겠어요"),
        ),
        (
            "셋.csv",
            "anchor,positive,negative,text\n문이 안 열려요,문을 못 열겠어요,문이 열려요,메모\n",
            TRIPLET,
        ),
        (
            "추론.tsv",
            "sentence1\tsentence2\tlabel\n비가 와요\t젖어요\tneutral\n",
            LabeledPair("비가 와요", "젖어요", "neutral"),
        ),
        (
            "점수.tsv",
            "sentence1\tsentence2\tscore\n비가 와요\t비 와요\t5\n",
            ScoredPair("비가 와요", "비 와요", 5.0),
        ),
        (
            "내점수.tsv",
            "text\t하나\t둘\t값\n첫째\t비가 와요\t비 와요\t5\n",
            ScoredPair("비가 와요", "비 와요", 5.0),
        ),
    ],
)
def test_files_that_are_held_out_may_be_of_any_kind(make_recipe, own_file, name, text, row):
    columns = {"sentence1": "하나", "sentence2": "둘", "score": "값"}
    assert held_out_of(make_recipe, own_file(name, text), columns=columns) == [row]


def test_what_is_held_out_is_read_in_order_and_needs_no_insisting(make_recipe, own_file, data_dir):
    refs = ("stylekqc:test", own_file("글.txt", "문이 안 열려요\n"), "klue-nli:dev")
    recipe = make_recipe(evaluate={"hold_out": refs})
    assert recipe.insist == ()
    found = read_held_out(recipe, data_dir)
    styles, labelled = (load_rows(*ref.split(":"), data_dir=data_dir) for ref in (refs[0], refs[2]))
    assert found == [*styles, Sentence("문이 안 열려요"), *labelled]
    assert read_held_out(make_recipe(), None) == []


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("stylekq:test", "stylekq:test is neither a known data set nor a file\ntry: did you mean"),
        ("stylekqc", "stylekqc is a data set: name a split of it"),
        ("stylekqc:tset", "unknown split of stylekqc 'tset'\ntry: did you mean 'test'?"),
        ("없는 글.txt", "없는 글.txt is neither a known data set nor a file"),
        ("없는 표.tsv", "없는 표.tsv is neither a known data set nor a file"),
        ("빈.tsv", "no columns that contrastive training knows\nfound: no header"),
        ("빈.txt", "holds no rows"),
        ("낯선.tsv", "found: columns '질문', '답'"),
        ("틀린.tsv", "틀린.tsv:2"),
    ],
)
def test_what_cannot_be_held_out_is_a_clear_error(
    make_recipe, own_file, tmp_path, monkeypatch, ref, message
):
    monkeypatch.chdir(tmp_path)
    for name in ("빈.tsv", "빈.txt"):
        own_file(name, "")
    own_file("낯선.tsv", "질문\t답\n비\t눈\n")
    own_file("틀린.tsv", "sentence1\tsentence2\tscore\n비\t눈\t7\n")
    for ask in (
        lambda recipe: read_held_out(recipe, None),
        lambda recipe: check_data(recipe, None, 1),
    ):
        with pytest.raises(InputError) as caught:
            ask(make_recipe(evaluate={"hold_out": (ref,)}))
        assert message in str(caught.value)
        assert str(caught.value).count("\n") <= 2


def test_a_known_set_that_is_nowhere_cannot_be_held_out(make_recipe, nowhere):
    with pytest.raises(NetworkError, match=r"sts-test\.tsv is not here and may not be downloaded"):
        held_out_of(make_recipe, "korsts:test", data_dir=nowhere)


def test_what_is_held_out_is_dropped_and_counted(make_recipe, own_data, own_file, tmp_path):
    first, second, *rest = own_data["nli"].read_text("utf-8").splitlines()[1:]
    pair = "sentence2\tsentence1\tscore\n{1}\t {0} !\t3\n".format(*second.split("\t"))
    texts = (own_file("글.txt", first.split("\t")[0]), own_file("짝.tsv", pair))
    recipe = make_recipe("softmax", evaluate={"hold_out": texts})
    held = read_held_out(recipe, None)
    source = sources_of(recipe, tmp_path, held)["set"]
    premise = first.split("\t")[0]
    left = [row for row in rest if premise not in row.split("\t")[:2]]
    assert [(row.sentence1, row.sentence2) for row in source.rows] == [
        tuple(row.split("\t")[:2]) for row in left if row != second
    ]
    assert source.dropped == {"held out": 48 - len(source.rows)}
    assert describe(recipe, {"set": source})["set"]["dropped"] == source.dropped


def test_groups_that_are_held_out_take_their_pairs_along(make_recipe, own_file, tmp_path, data_dir):
    held, other = load_groups("stylekqc", "test", data_dir=data_dir)[:2]
    pairs = [
        (held[0], held[1]),
        (other[2], "비가 와요"),
        ("비가 와요", "비 와요"),
        ("눈", "눈 와요"),
    ]
    table = "anchor\tpositive\n" + "".join(f"{a}\t{b}\n" for a, b in pairs)
    part = {"use": (own_file("짝.tsv", table),)}
    recipe = make_recipe(part=part, evaluate={"hold_out": ("stylekqc:test",)})
    rows = read_held_out(recipe, data_dir)
    source = sources_of(recipe, tmp_path, rows)["set"]
    assert source.rows == [Pair(*pairs[2]), Pair(*pairs[3])]
    assert source.dropped == {"held out": 2}


def test_a_data_set_without_a_source_asks_for_one(make_recipe, tmp_path):
    with pytest.raises(InputError) as caught:
        sources_of(make_recipe("dropout", part={"use": ()}), tmp_path)
    assert str(caught.value) == (
        "시험 trains on your own text: [data.set] names none\ntry: munjang train RECIPE --data FILE"
    )


def test_a_teacher_scores_what_was_mined(make_recipe, own_data, tmp_path, monkeypatch):
    silver = DataPart(objective="cosine", use=(str(own_data["sentences"]),), labels="teacher")
    gold = make_recipe("cosine", teacher=TeacherPart(model="선생"))
    recipe = replace(gold, data={"silver": silver, **gold.data})
    calls = []

    def score(recipe, *, gold, sentences, seed, out, device, progress):
        calls.append((recipe, gold, sentences, seed, out))
        return [ScoredPair(sentences[0], text, score=2.5) for text in sentences[1:4]]

    monkeypatch.setattr(gather, "silver_pairs", score)
    sources = sources_of(recipe, tmp_path)
    assert list(sources) == ["silver", "set"]
    [(asked, pairs, sentences, seed, out)] = calls
    assert asked == recipe
    assert pairs == sources["set"].rows
    assert sentences == own_data["sentences"].read_text("utf-8").split("\n")[:-1]
    assert (seed, out) == (3, tmp_path / "teacher" / "silver")
    assert [row.score for row in sources["silver"].rows] == [2.5] * 3
    assert list(sources["silver"].files) == [str(own_data["sentences"])]


@pytest.mark.parametrize(
    ("batch_size", "own", "times", "processes", "refused"),
    [
        (48, None, 1, 1, None),
        (49, None, 1, 1, "batch of 49"),
        (49, None, 2, 1, None),
        (64, 8, 1, 1, None),
        (8, 64, 1, 1, "batch of 64"),
        (25, None, 1, 2, "batch of 50"),
    ],
)
def test_fewer_rows_than_a_batch(make_recipe, tmp_path, batch_size, own, times, processes, refused):
    part = {"batch_size": own, "times": times}
    recipe = make_recipe("cosine", part=part, train={"batch_size": batch_size})
    sources = sources_of(recipe, tmp_path)
    if refused is None:
        check_sizes(recipe, sources, processes)
        return
    with pytest.raises(InputError) as caught:
        check_sizes(recipe, sources, processes)
    what, found, fix = str(caught.value).splitlines()
    assert what == f"[data.set] has fewer rows than a {refused}"
    assert found == "found: 48 rows"
    key = "data.set.batch_size" if own else "train.batch_size"
    assert fix == f"try: --set {key}={48 // processes}, or more data"


def test_what_a_manifest_says_of_the_data(make_recipe, own_data, tmp_path):
    recipe = make_recipe("cosine")
    sources = sources_of(recipe, tmp_path)
    found = describe(recipe, sources)["set"]
    assert found["rows"] == 48
    assert found["objective"] == "cosine"
    assert [len(sum_) for sum_ in found["files"].values()] == [64]
    assert found["licences"] == ["not stated"]
    known = make_recipe("cosine", part={"use": ("korsts:train", str(own_data["sts"]))})
    assert describe(known, sources)["set"]["licences"] == ["CC-BY-SA-4.0", "not stated"]


def test_what_means_the_same_has_the_same_keys(make_recipe, tiny_models, tmp_path):
    model = build_encoder(tiny_models["mean"], device="cpu")
    recipe = make_recipe("dropout")
    sources = sources_of(recipe, tmp_path)
    first, second = (row.text for row in sources["set"].rows[:2])
    options = {"max_tokens": 12, "prompt": "", "folder": RunFolder(tmp_path)}
    for same, count in (({}, 48), ({first: first, second: first}, 47)):
        told = {"set": replace(sources["set"], same=same)}
        made = to_datasets(recipe, told, model, **options)["set"]
        assert len({key for [key] in made["keys"]}) == count


def test_rows_become_token_ids_once(make_recipe, tiny_models, tmp_path, monkeypatch):
    model = build_encoder(tiny_models["mean"], device="cpu")
    recipe = make_recipe("distill", teacher=TeacherPart(model="선생"))
    sources = sources_of(recipe, tmp_path)
    texts = [row.text for row in sources["set"].rows]
    vectors = np.random.default_rng(0).normal(size=(48, 6)).astype(np.float32)
    calls = []

    def teach(model, sentences, *, out, progress):
        calls.append((model, list(sentences), out))
        return vectors

    monkeypatch.setattr(gather, "teacher_vectors", teach)
    options = {"max_tokens": 12, "prompt": "", "folder": RunFolder(tmp_path)}
    made = to_datasets(recipe, sources, model, **options)["set"]
    assert calls == [("선생", texts, tmp_path / "teacher")]
    assert np.array_equal(np.array(made["label"], dtype=np.float32), vectors)
    assert max(made["length"]) == 12
    [cache] = (tmp_path / "tokens").iterdir()
    before = cache.stat().st_mtime_ns
    to_datasets(recipe, sources, model, **options)
    assert [path.stat().st_mtime_ns for path in (tmp_path / "tokens").iterdir()] == [before]
