"""int8 graphs where int8 arithmetic overflows."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import openvino
import pytest

import munjang
from munjang.doctor.hardware import read_instructions
from munjang.encode import engines
from munjang.encode.loading import DEFAULT_FOLDER
from munjang.encode.saturation import int8_saturates, keep_activations_float

WEIGHTS = Path(__file__).resolve().parents[2] / "models" / "munjang-small-ko"
SENTENCES = [
    "옆집 강아지가 밤새 짖었다.",
    "이웃의 개가 밤새도록 짖어 댔습니다.",
    "회의는 세 시로 미뤄졌다.",
    "비가 그치면 산책하러 가자.",
]


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64") or not read_instructions(),
    reason="the system does not say what its x86 CPU can do",
)
def test_only_cpus_without_vnni_overflow():
    fast = {"avx512_vnni", "avx_vnni", "amx_int8"}
    assert int8_saturates() == (not fast & set(read_instructions()))


def test_activations_stay_float_and_weights_small():
    model = openvino.Core().read_model(DEFAULT_FOLDER / "model.xml")

    def quantisations():
        return sum(node.get_type_name() == "FakeQuantize" for node in model.get_ops())

    assert quantisations() > 12
    keep_activations_float(model)
    assert quantisations() == 0
    stored = [node for node in model.get_ops() if node.get_type_name() == "Constant"]
    assert sum(node.get_element_type() == openvino.Type.i8 for node in stored) > 72


def test_where_it_overflows_the_shipped_model_computes_in_float32(monkeypatch):
    exact = munjang.load(WEIGHTS, engine="torch", device="cpu").encode(SENTENCES)
    monkeypatch.setattr(engines, "int8_saturates", lambda: True)
    assert np.sum(munjang.load().encode(SENTENCES) * exact, axis=1).min() > 0.998
