"""A recipe's data: read, scored by a teacher where one is asked for, tokenised, described."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

from munjang.data.rows import ScoredPair
from munjang.errors import DataError, InputError, MunjangWarning
from munjang.model.build import build_encoder
from munjang.train import gather
from munjang.train.folder import RunFolder
from munjang.train.gather import check_sizes, describe, read_reports, read_sources, to_datasets
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
