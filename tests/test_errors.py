from __future__ import annotations

import copy
import pickle

import pytest

from munjang import errors
from munjang.errors import (
    DataError,
    GateError,
    InputError,
    MissingExtraError,
    ModelError,
    MunjangError,
    MunjangWarning,
    NetworkError,
    unknown_name,
)


def test_three_lines():
    error = MunjangError("줄 3이 비었습니다", found="''", fix="지우세요")
    assert str(error).splitlines() == ["줄 3이 비었습니다", "found: ''", "try: 지우세요"]
    assert (error.what, error.found, error.fix) == ("줄 3이 비었습니다", "''", "지우세요")
    assert str(MunjangError("하나")) == "하나"
    assert str(MunjangError("하나", fix="둘")) == "하나\ntry: 둘"
    assert str(MunjangError("하나", found="")) == "하나\nfound: "


def test_never_more_than_three_lines():
    error = MunjangError("위\n아래", found="a\r\nb\u2028c", fix="d\ne")
    assert str(error).splitlines() == ["위 아래", "found: a b c", "try: d e"]


@pytest.mark.parametrize(
    ("error", "code", "builtin"),
    [
        (MunjangError("x"), 1, Exception),
        (NetworkError("x"), 1, MunjangError),
        (InputError("x"), 2, ValueError),
        (DataError("x"), 2, InputError),
        (ModelError("x"), 2, InputError),
        (MissingExtraError("x", "train"), 2, ImportError),
        (GateError("x"), 3, MunjangError),
    ],
)
def test_exit_codes_and_families(error, code, builtin):
    assert error.exit_code == code
    assert isinstance(error, MunjangError)
    assert isinstance(error, builtin)


def test_every_kind_is_checked_above():
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    assert {kind.__name__ for kind in kinds if issubclass(kind, (Exception, Warning))} == {
        "DataError",
        "GateError",
        "InputError",
        "MissingExtraError",
        "ModelError",
        "MunjangError",
        "MunjangWarning",
        "NetworkError",
    }
    assert issubclass(MunjangWarning, UserWarning)


@pytest.mark.parametrize(
    "error",
    [
        InputError("문장[3]", found="None", fix="지우세요"),
        GateError("나쁨"),
        MissingExtraError("the torch engine", "train"),
    ],
)
def test_they_survive_the_way_to_another_process(error):
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert (twin.what, twin.found, twin.fix) == (error.what, error.found, error.fix)


def test_a_missing_extra_prints_the_pip_line():
    assert str(MissingExtraError("Parquet", "parquet")).endswith('pip install "munjang[parquet]"')


def test_an_unknown_name_offers_the_nearest():
    error = unknown_name("task", "korst", iter(["korsts", "klue-sts"]))
    assert isinstance(error, InputError)
    assert str(error) == (
        "unknown task 'korst'\ntry: did you mean 'korsts'? known: klue-sts, korsts"
    )


def test_an_unknown_name_without_a_near_one_lists_them():
    assert str(unknown_name("task", "날씨", ["b", "a"])) == "unknown task '날씨'\ntry: known: a, b"
