"""int8 graphs where int8 arithmetic overflows."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

import munjang
from munjang.doctor.hardware import read_instructions
from munjang.encode import engines
from munjang.encode.loading import DEFAULT_FOLDER
from munjang.encode.saturation import int8_saturates, quantise_in_float32

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


def test_activations_are_quantised_in_float32_and_weights_stay_small():
    model = openvino.Core().read_model(DEFAULT_FOLDER / "model.xml")

    def count(kind):
        return sum(node.get_type_name() == kind for node in model.get_ops())

    quantised = count("FakeQuantize")
    assert (quantised > 12, count("Round")) == (True, 0)
    quantise_in_float32(model)
    assert (count("FakeQuantize"), count("Round")) == (0, quantised)
    stored = [node for node in model.get_ops() if node.get_type_name() == "Constant"]
    assert sum(node.get_element_type() == openvino.Type.i8 for node in stored) > 72


def test_what_is_spelled_out_is_what_openvino_means():
    numbers = np.linspace(-3, 3, 1001, dtype=np.float32)[None]
    source = ops.parameter([1, 1001], np.float32)
    bounds = [np.float32(bound) for bound in (-1.5, 2.25, -1.0, 2.0)]
    model = openvino.Model([ops.fake_quantize(source, *bounds, 256)], [source])
    expected = openvino.compile_model(model, "CPU")([numbers])[0].copy()
    quantise_in_float32(model)
    found = openvino.compile_model(model, "CPU")([numbers])[0]
    assert len(set(found[0].tolist())) > 150
    assert found == pytest.approx(expected, abs=1e-6)


def test_where_it_overflows_the_shipped_model_gives_its_vectors_all_the_same(monkeypatch):
    exact = munjang.load(WEIGHTS, engine="torch", device="cpu").encode(SENTENCES)
    monkeypatch.setattr(engines, "int8_saturates", lambda: True)
    assert np.sum(munjang.load().encode(SENTENCES) * exact, axis=1).min() > 0.99
