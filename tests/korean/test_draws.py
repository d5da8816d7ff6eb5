from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from munjang.korean.draws import Draws

doses = st.floats(0, 1)


def picks(dose, *, text="문장", edit="emoji", seed=0, cap=1.0, sites=40):
    draws = Draws(text, edit, dose=dose, seed=seed)
    return [draws.pick(5, cap=cap) for _ in range(sites)]


@given(doses, doses, st.sampled_from([0.1, 0.5, 1.0]))
def test_a_lower_dose_picks_some_of_the_same(one, other, cap):
    low, high = sorted([one, other])
    for few, many in zip(picks(low, cap=cap), picks(high, cap=cap), strict=True):
        assert few in (None, many)


def test_the_ends_of_the_dose():
    assert set(picks(0.0)) == {None}
    assert None not in picks(1.0)
    assert {0, 1, 2, 3, 4} == set(picks(1.0, sites=200))


def test_a_share_is_picked():
    for dose, cap, share in [(0.5, 1.0, 0.5), (1.0, 0.1, 0.1), (0.5, 0.2, 0.1)]:
        picked = picks(dose, cap=cap, sites=5000)
        assert abs(sum(way is not None for way in picked) / 5000 - share) < 0.03


def test_seed_edit_and_text_give_other_draws():
    drawn = [picks(0.5), picks(0.5, seed=1), picks(0.5, edit="nfd"), picks(0.5, text="문장.")]
    assert len({tuple(found) for found in drawn}) == 4


def test_a_site_without_a_way_uses_its_draw():
    one, other = (Draws("문장", "nfd", dose=1.0, seed=0) for _ in range(2))
    assert one.pick(0) is None
    other.pick(5)
    assert one.pick(1000) == other.pick(1000)


def test_a_choice_does_not_depend_on_the_dose():
    chosen = {Draws("문장", "nfd", dose=dose, seed=3).choose(1000) for dose in (0.0, 0.5, 1.0)}
    assert len(chosen) == 1


def test_lone_surrogates_have_draws():
    assert Draws("문\ud83d", "nfd", dose=1.0, seed=0).pick() == 0


def test_the_draws_are_the_same_in_another_process():
    code = (
        "from munjang.korean.draws import Draws\n"
        "draws = Draws('문장', 'emoji', dose=0.5, seed=0)\n"
        "print([draws.pick(5) for _ in range(40)])"
    )
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == str(picks(0.5))


def test_the_draws_are_those_of_every_version():
    assert picks(0.5, sites=12) == [1, 3, 0, 2, 0, 1, 4, 0, 1, None, 1, 4]
