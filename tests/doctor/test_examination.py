"""Machine, model and text together."""

from __future__ import annotations

import pytest

import munjang.doctor
from munjang.doctor import examination, examine
from munjang.errors import InputError


def test_the_areas_come_in_order_and_what_is_left_out_is_not_there(tmp_path):
    path = tmp_path / "문장.txt"
    path.write_text("눈이 온다.\n비가 온다.\n", "utf-8")
    whole = examine(text=path, hub=False)
    assert list(dict.fromkeys(finding.area for finding in whole)) == ["machine", "model", "text"]
    assert {finding.area for finding in examine(None, hub=False)} == {"machine"}
    without = examine(None, text=path, hub=False)
    assert "cut" not in {finding.what for finding in without}
    assert "cut" in {finding.what for finding in whole}


def test_a_broken_model_does_not_hide_the_text(tmp_path):
    path = tmp_path / "문장.txt"
    path.write_text("눈이 온다.\n", "utf-8")
    found = examine(tmp_path / "없음", text=path, hub=False)
    assert [f.what for f in found if f.level == "problem"] == ["model"]
    assert "duplicates" in {finding.what for finding in found}


def test_a_silent_model_still_counts_tokens(tmp_path, tiny_models):
    path = tmp_path / "문장.txt"
    path.write_text("비가 오는 날에는 집에서 차를 마신다.\n", "utf-8")
    found = {
        finding.what: finding for finding in examine(tiny_models["plain"], text=path, hub=False)
    }
    assert found["pooling"].level == "problem"
    assert found["cut"].values["limit"] == 64


@pytest.mark.parametrize("options", [{"engine": "openvin"}, {"pooling": "meen"}])
def test_a_wrong_name_is_the_users_mistake(options):
    with pytest.raises(InputError, match="unknown"):
        examine(None, hub=False, **options)


@pytest.mark.parametrize(
    ("model", "text", "message"),
    [
        ("", None, "the model has an empty name"),
        (" ", None, "the model has an empty name"),
        ("default", "없음.txt", "no such file"),
    ],
)
def test_a_mistake_is_told_before_anything_is_looked_at(monkeypatch, model, text, message):
    monkeypatch.setattr(examination, "examine_machine", lambda *, hub: pytest.fail("it ran"))
    with pytest.raises(InputError, match=message):
        examine(model, text=text, hub=False)


def test_every_fix_says_something():
    found = examine(hub=False)
    assert all(finding.fix for finding in found if finding.level in ("warning", "problem"))


def test_every_public_name_is_there():
    for name in munjang.doctor.__all__:
        assert getattr(munjang.doctor, name) is not None
    assert set(munjang.doctor.__all__) <= set(dir(munjang.doctor))
    with pytest.raises(AttributeError, match="has no attribute 'cure'"):
        _ = munjang.doctor.cure
