"""The shipped model on the demonstrations of the field's READMEs."""

from __future__ import annotations

import json

import pytest

import munjang


@pytest.fixture(scope="module")
def demos(data_dir):
    return json.loads((data_dir / "readme-demos" / "demos.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def encoder():
    return munjang.load()


@pytest.mark.parametrize("system", ["KoSBERT", "KoBERT SBERT"])
def test_the_top_hit_of_each_query_is_what_the_readmes_print(demos, encoder, system):
    index = munjang.Index.build(encoder, demos["corpus"])
    for published in demos["search"][system]:
        ((hit,),) = index.search([published["query"]], k=1)
        assert hit.text == published["top5"][0][0]


def test_the_two_targets_about_rain_come_first_as_in_simcse_ko(demos, encoder):
    """SimCSE-KO puts the umbrella before yesterday's rain; the shipped model the other way."""
    demo = demos["simcse_ko"]
    (hits,) = munjang.search_texts(encoder, [demo["query"]], demo["targets"], k=2)
    theirs = sorted(range(5), key=demo["similarity"].__getitem__)[-2:]
    assert {hit.index for hit in hits} == set(theirs)


def test_five_clusters_keep_the_eaters_the_drummers_and_the_cheetahs_together(demos, encoder):
    texts = [text for cluster in demos["clusters_KoSBERT_k5"] for text in cluster]
    found = munjang.cluster_texts(encoder, texts, k=5)
    label = dict(zip(texts, found.labels.tolist(), strict=True))
    for word in ("먹는다", "드럼", "치타"):
        assert len({label[text] for text in texts if word in text}) == 1
