"""What the command line says: tables that fit."""

from __future__ import annotations

import pytest

from munjang import console
from munjang.data.known import DATASETS
from munjang.data.leaks import leak_report
from munjang.data.rows import Pair
from munjang.encode.zoo import MODELS
from munjang.search import Hit, near_duplicates
from munjang.search.cluster import Cluster, Clusters, cluster_kmeans


@pytest.fixture
def table(capsys, monkeypatch):
    """Calls a function as on a terminal of 80 columns; gives the lines it printed."""
    from rich.cells import cell_len

    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(console, "wants_json", lambda *, asked: asked)

    def table(function, *arguments, **options):
        capsys.readouterr()
        function(*arguments, **options)
        lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
        wide = [line for line in lines if cell_len(line) > 80 and not line.startswith("caveat:")]
        assert wide == []
        return lines

    return table


def test_hits(table):
    hits = [[Hit(3, "[b]굵은[/b] 글", 0.91234), Hit(0, "긴 글 " * 30, -0.1)], []]
    lines = table(console.show_hits, ["[i]질문", "둘"], hits, as_json=False)
    assert lines[0] == "[i]질문"
    assert any(line.split() == ["1", "0.9123", "[b]굵은[/b]", "글"] for line in lines)
    assert "둘" in lines


def test_clusters(table):
    texts = [f"{n}번째 글" for n in range(9)]
    vectors = [[1, n / 100] for n in range(8)] + [[0, 1]]
    lines = table(console.show_clusters, texts, cluster_kmeans(vectors, k=2), as_json=False)
    assert lines[0].startswith("2 clusters, silhouette 0.")
    assert any("… and 3 more" in line for line in lines)
    one = Clusters(near_labels(2), (Cluster((0, 1), 1.0, texts[0]),), None)
    assert table(console.show_clusters, texts, one, as_json=False)[0] == "1 cluster"


def near_labels(count):
    import numpy as np

    return np.zeros(count, dtype=np.int64)


def test_no_clusters_at_all(capsys, monkeypatch):
    monkeypatch.setattr(console, "wants_json", lambda *, asked: asked)
    assert near_duplicates([[1, 0], [0, 1]]) == []
    none = Clusters(near_labels(2) - 1, (), None)
    console.show_clusters(["하나", "둘"], none, as_json=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert "--duplicates" in err


def test_models_name_every_model_in_full(table):
    listed = "".join(line.strip() for line in table(console.show_models, MODELS.values()))
    for name in MODELS:
        assert name in listed


@pytest.mark.parametrize("name", MODELS)
def test_one_model_is_shown_with_its_scores(table, name):
    text = "\n".join(table(console.show_model, MODELS[name]))
    assert text.startswith(f"{name}\n")
    assert MODELS[name].license in text
    for score in MODELS[name].scores:
        assert f"{score.value:.2f}" in text
    assert "PublishedScore" not in text
    assert "{" not in text


def test_data_sets(table):
    lines = table(console.show_datasets, DATASETS, as_json=False)
    assert any(line.split()[:4] == ["korsts", "test", "1,379", "never"] for line in lines)
    assert len([line for line in lines if "CC" in line or "MIT" in line or "KOGL" in line]) == sum(
        len(dataset.splits) for dataset in DATASETS
    )


def test_leaks(table):
    rows = [Pair("비가 온다", "비가 내린다"), Pair("눈이 온다", "눈이 내린다")]
    lines = table(console.show_leaks, leak_report(rows, rows[:1]), as_json=False)
    assert any(line.split() == ["shared", "pairs", "1"] for line in lines)
    assert "the first shared pairs (rows from 0)" in lines
    assert "the first shared sentences (rows from 0)" in lines
    assert not any("('" in line for line in lines)
    lines = table(console.show_leaks, leak_report(rows, []), as_json=False)
    assert not any(line.startswith("the first") for line in lines)
