"""Findings: their order from good to bad, and as records."""

from __future__ import annotations

import json

import pytest

from munjang.doctor.findings import LEVELS, Finding, finding_of, percent, worst_level
from munjang.errors import DataError, ModelError


def test_the_worst_level_does_not_depend_on_the_order():
    findings = [Finding("text", "것", level, "") for level in LEVELS for _ in range(3)]
    assert worst_level(findings) == worst_level(reversed(findings)) == "problem"
    assert worst_level(f for f in findings if f.level != "problem") == "warning"
    assert worst_level([]) == "ok"


def test_a_record_is_json_with_every_field():
    finding = Finding("text", "중복", "note", "셋", "지우세요", {"texts": 3, "share": 0.5})
    record = json.loads(json.dumps(finding.to_record(), ensure_ascii=False))
    assert record == {
        "area": "text",
        "what": "중복",
        "level": "note",
        "detail": "셋",
        "fix": "지우세요",
        "values": {"texts": 3, "share": 0.5},
    }


@pytest.mark.parametrize(
    ("error", "detail", "fix"),
    [
        (
            DataError("a.txt이 이상하다", found="0xb0", fix="cp949"),
            "a.txt이 이상하다; 0xb0",
            "cp949",
        ),
        (ModelError("두 줄\n문장", fix="다시 복사하세요"), "두 줄 문장", "다시 복사하세요"),
    ],
)
def test_an_error_becomes_a_problem_of_one_line(error, detail, fix):
    found = finding_of(error, area="model", what="files")
    assert (found.level, found.detail, found.fix) == ("problem", detail, fix)


def test_an_error_without_a_fix_still_says_something():
    assert finding_of(DataError("a.txt cannot be read"), area="text", what="file").fix


@pytest.mark.parametrize(
    ("share", "written"),
    [(0, "0 %"), (1, "100 %"), (1 / 3, "33.3 %"), (1e-6, "under 0.1 %"), (1 - 1e-6, "over 99.9 %")],
)
def test_a_share_never_reads_as_none_or_all_when_it_is_not(share, written):
    assert percent(share) == written
