"""Pairs of a sentence and its edited self: seeded, different, free of what is held out."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

from munjang.data.rows import Pair, ScoredPair, Sentence, Triplet
from munjang.errors import InputError, MunjangWarning
from munjang.korean.morph import has_kiwi
from munjang.korean.normalize import to_nfc
from munjang.korean.perturb import EDITS, perturb
from munjang.train import edited
from munjang.train.batches import LengthBuckets, Share
from munjang.train.edited import MOST_SENTENCES, add_edited, edit_sentences
from munjang.train.folder import RunFolder
from munjang.train.gather import describe, read_sources, to_datasets
from munjang.train.recipe import DataPart
from munjang.train.recipecheck import EDITED
from munjang.train.sources import Source

TEXTS = [f"{n}번 버스를 기다리다가 비를 맞았어요. 우산을 챙길걸 그랬어요." for n in range(60)]
PLAIN = [name for name, edit in EDITS.items() if not edit.needs_kiwi]


def source(*rows):
    return Source([*rows], {}, {})


@pytest.fixture
def robust(make_recipe):
    """A recipe with the switch on, more keywords as `make_recipe`."""

    def make(objective="cosine", *, dose=1.0, train=None, **tables):
        return make_recipe(objective, train={"robust": dose, **(train or {})}, **tables)

    return make


def test_each_sentence_is_paired_with_what_one_edit_made_of_it():
    made = edit_sentences(TEXTS, dose=1.0, seed=4, edits=PLAIN)
    anchors = [pair.anchor for pair in made.pairs]
    assert anchors == [text for text in TEXTS if text in anchors]
    assert sum(made.edits.values()) == len(anchors) == len(TEXTS) - made.unchanged
    assert made.unchanged < 4  # a dose that is near 0
    assert len(made.edits) > 5
    assert all(to_nfc(pair.positive) != pair.anchor for pair in made.pairs)


def test_the_same_seed_gives_the_same_pairs_and_another_one_others():
    def make(seed):
        return edit_sentences(TEXTS, dose=0.5, seed=seed, edits=PLAIN)

    assert make(4) == make(4)
    assert make(4).pairs != make(5).pairs


def test_doses_are_drawn_from_above_zero_to_the_highest(monkeypatch):
    asked = []

    def note(text, edit, *, dose, seed):
        asked.append(dose)
        return perturb(text, edit, dose=1.0, seed=seed)

    monkeypatch.setattr(edited, "perturb", note)
    edit_sentences([f"{n}번 문을 열어 주세요" for n in range(400)], dose=0.4, seed=1, edits=PLAIN)
    assert 0 < min(asked) < 0.02
    assert 0.38 < max(asked) <= 0.4
    assert np.mean(asked) == pytest.approx(0.2, abs=0.02)


def test_what_an_edit_leaves_gets_another_one_or_is_left_out():
    texts = ["오늘은 쉽니다.", "Good morning.", "붙여쓴말"]
    made = edit_sentences(texts, dose=1.0, seed=1, edits=["spaces-removed", "latin-layout"])
    assert [pair.anchor for pair in made.pairs] == ["오늘은 쉽니다.", "붙여쓴말"]
    assert made.pairs[1].positive == "qnxduTmsakf"
    assert made.unchanged == 1


def test_decomposition_alone_teaches_an_encoder_nothing():
    """Encoders and `tokenize` compose it again: the two texts would be one."""
    made = edit_sentences(TEXTS, dose=1.0, seed=1, edits=["nfd"])
    assert (made.pairs, made.unchanged) == ([], len(TEXTS))


def test_a_sentence_of_each_row_and_each_only_once(robust):
    rows = [ScoredPair(f"{n}번 창구로 오세요.", f"{n}번 창구로 가세요.", 4.0) for n in range(40)]
    triplets = [
        Triplet(*(f"{n}번 {word} 샀다." for word in ("쌀을", "밥을", "옷을"))) for n in range(9)
    ]
    sentences = [Sentence("1번 창구로 오세요."), Sentence("눈이 와서 길이 미끄럽다.")]
    given = {"sts": source(*rows), "nli": source(*triplets), "글": source(*sentences)}
    recipe, made = add_edited(robust(), given, [])
    anchors = [row.anchor for row in made[EDITED].rows]
    assert len(set(anchors)) == len(anchors)
    assert sum("창구" in text for text in anchors) >= 25
    assert sum("창구로 가세요" in text for text in anchors) > 5
    for row in (*rows, *triplets):
        texts = {getattr(row, name) for name in row.__slots__ if name not in ("score", "id")}
        assert len(texts & set(anchors)) <= 2  # the one more is the loose sentence of `글`
    assert list(made) == ["sts", "nli", "글", EDITED]
    assert list(recipe.data)[-1] == EDITED
    assert {name: made[name] for name in given} == given


def test_no_more_than_the_largest_data_set_has_rows(robust, monkeypatch):
    given = {
        name: source(*map(Sentence, TEXTS[part]))
        for name, part in (("a", slice(0, 30)), ("b", slice(30, 50)))
    }
    _, made = add_edited(robust("dropout"), given, [])
    assert len(made[EDITED].rows) == 30
    again = add_edited(robust("dropout"), given, [])[1]
    assert again[EDITED] == made[EDITED]
    other = add_edited(robust("dropout", train={"seed": 9}), given, [])[1]
    assert other[EDITED].rows != made[EDITED].rows
    assert other[EDITED].files != made[EDITED].files
    assert MOST_SENTENCES == 10_000
    monkeypatch.setattr(edited, "MOST_SENTENCES", 12)
    assert len(add_edited(robust("dropout"), given, [])[1][EDITED].rows) == 12


def test_no_held_out_sentence_stands_in_them(robust):
    """Neither as it is nor with other spaces, nor as what an edit makes of another one."""
    held = [ScoredPair("0번 버스를기다리다가 비를 맞았어요. 우산을 챙길걸 그랬어요", "책", 1.0)]
    given = {"set": source(*map(Sentence, TEXTS))}
    _, made = add_edited(robust("dropout"), given, held)
    assert TEXTS[0] not in [row.anchor for row in made[EDITED].rows]
    assert made[EDITED].dropped["held out"] == 1

    _, made = add_edited(robust("dropout"), given, [])
    twin = made[EDITED].rows[7]
    held = [Pair(twin.positive, "딴 글")]
    _, made = add_edited(robust("dropout"), given, held)
    texts = [text for row in made[EDITED].rows for text in (row.anchor, row.positive)]
    assert twin.positive not in texts


def test_without_the_switch_nothing_is_added(robust):
    recipe = robust(dose=0.0)
    given = {"set": source(*map(Sentence, TEXTS))}
    assert add_edited(recipe, given, []) == (recipe, given)


def test_sentences_that_cannot_be_edited_are_refused(robust):
    given = {"set": source(Sentence("Good morning."), Sentence("...?"), Sentence("비가 온다."))}
    with pytest.raises(InputError) as caught:
        add_edited(robust("dropout", dose=0.5), given, [Sentence("비가 온다.")])
    what, found, fix = str(caught.value).splitlines()
    assert what == "train.robust = 0.5 leaves fewer than 2 rows to train on"
    assert "of 3 sentences" in found
    assert fix == "try: --set train.robust=0, or more Korean sentences"


@pytest.mark.parametrize(
    ("like", "rows", "wanted"),
    [
        (None, 60, (8, None, 0.05)),
        (None, 5, (5, None, 0.05)),
        (
            DataPart(objective="dropout", batch_size=32, mini_batch=8, temperature=0.1),
            60,
            (32, 8, 0.1),
        ),
        (DataPart(objective="dropout", batch_size=32, mini_batch=8), 6, (6, None, 0.05)),
    ],
)
def test_batches_are_those_of_the_recipe_s_contrast(robust, like, rows, wanted):
    recipe = robust("cosine", part={"use": ("a.tsv", "b.tsv")})
    if like is not None:
        recipe = replace(recipe, data={**recipe.data, "글": replace(like, use=("b.tsv", "c.txt"))})
    given = {"set": source(*map(Sentence, TEXTS[:rows]))}
    added, made = add_edited(recipe, given, [])
    part = added.data[EDITED]
    assert part.objective == "contrastive"
    assert part.batch_size == min(wanted[0], len(made[EDITED].rows))
    assert (part.mini_batch, part.temperature) == wanted[1:]
    assert part.use == (("a.tsv", "b.tsv", "c.txt") if like else ("a.tsv", "b.tsv"))
    both, made = add_edited(recipe, given, [], processes=2)
    assert both.data[EDITED].batch_size == min(wanted[0], len(made[EDITED].rows) // 2)


def test_without_kiwi_its_edits_are_left_out_and_that_is_said(robust, monkeypatch):
    given = {"set": source(*map(Sentence, TEXTS))}
    recipe = robust("dropout")
    with_kiwi = add_edited(recipe, given, [])[1][EDITED] if has_kiwi() else None
    monkeypatch.setattr(edited, "has_kiwi", lambda: False)
    with pytest.warns(MunjangWarning, match="goes without particles-dropped, style-formal"):
        _, made = add_edited(recipe, given, [])
    assert set(made[EDITED].made["edits"]) <= set(PLAIN)
    assert made[EDITED].made["kiwi"] == {}
    if with_kiwi is not None:
        assert with_kiwi.made["kiwi"].keys() == {"kiwipiepy", "kiwipiepy_model"}
        assert not set(with_kiwi.made["edits"]) <= set(PLAIN)
        assert with_kiwi.files != made[EDITED].files


def test_a_manifest_says_what_was_made(robust, tmp_path):
    recipe = robust("cosine")
    sources = read_sources(recipe, [], RunFolder(tmp_path), None)
    recipe, sources = add_edited(recipe, sources, [])
    record = describe(recipe, sources)[EDITED]
    assert record["objective"] == "contrastive"
    assert record["licences"] == ["not stated"]
    assert list(record["files"]) == ["edits of set"]
    assert sum(record["edits"].values()) == record["rows"]
    assert "edits" not in describe(recipe, sources)["set"]


def test_no_text_stands_twice_in_a_batch(robust, tiny_models, tmp_path, monkeypatch):
    """Sentence and twin are one row; a twin that is another row's sentence is kept apart."""
    from munjang.model.build import build_encoder

    monkeypatch.setattr(edited, "_usable_edits", lambda: ["spaces-removed", "emoji"])
    texts = [text for n in range(24) for text in (f"{n}번 문을 닫아요", f"{n}번문을닫아요")]
    given = {"set": source(*map(Sentence, texts))}
    recipe, sources = add_edited(robust("dropout"), given, [])
    options = {"max_tokens": 24, "prompt": "", "folder": RunFolder(tmp_path)}
    model = build_encoder(tiny_models["mean"], device="cpu")
    made = {EDITED: to_datasets(recipe, {EDITED: sources[EDITED]}, model, **options)[EDITED]}
    rows = sources[EDITED].rows
    spelled = [text for row in rows for text in (row.anchor, row.positive)]
    assert len(set(spelled)) < len(spelled), "no twin is another row's sentence: a useless test"
    for batch in LengthBuckets(made, {EDITED: Share(batch_size=8)}, seed=1):
        texts = [text for row in batch for text in (rows[row].anchor, rows[row].positive)]
        assert len(set(texts)) == len(texts)


def test_another_process_makes_the_same_pairs():
    code = (
        "from munjang.train.edited import edit_sentences as e\n"
        f"print(e({TEXTS!r}, dose=0.7, seed=3, edits={PLAIN!r}).pairs)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": ":".join(sys.path)},
    ).stdout
    assert said == f"{edit_sentences(TEXTS, dose=0.7, seed=3, edits=PLAIN).pairs}\n"
