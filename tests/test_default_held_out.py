"""The part of runs/default_model that keeps what is measured apart from what is read."""

import pytest

from munjang.data.rows import ScoredPair
from munjang.data.tables import read_rows


@pytest.fixture(scope="module")
def held_out(open_part):
    return open_part("steps").held_out


def test_pairs_in_the_middle_are_of_the_middle(held_out, data_dir, tmp_path):
    held_out.write_middle(data_dir, tmp_path / "middle.tsv")
    scores = [row.score for row in read_rows(tmp_path / "middle.tsv", ScoredPair)]
    assert len(scores) > 3000
    assert all(0.5 <= score < 3.5 for score in scores)
    assert min(scores) == 0.5


def test_no_headline_to_read_is_one_that_is_measured(held_out, data_dir, tmp_path):
    held_out.write_headlines(data_dir, tmp_path / "headlines.txt", rows=500)
    read = (tmp_path / "headlines.txt").read_text("utf-8").splitlines()
    measured = {" ".join(row.text.split()) for row in held_out.read_all(data_dir, []).headlines}
    assert len(set(read)) == 500
    assert not measured & set(read)
