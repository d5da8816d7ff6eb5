"""int8 graphs on CPUs whose int8 arithmetic overflows: x86 without VNNI.

There, products of 8-bit numbers are added in pairs into 16 bits, and large sums stick at the
highest 16-bit number (`vpmaddubsw`). OpenVINO goes that way without a word. The shipped
model lost half a point of KorSTS-dev for it, vectors turned by cosines down to 0.96, and it was
slower than in float32.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import openvino

_SIZE = 64


@lru_cache(maxsize=1)
def int8_saturates() -> bool:
    """Multiplies two matrices of large 8-bit numbers, and says whether the result is too small.

    Some 50 milliseconds, once a process.
    """
    import openvino
    from openvino import opset13 as ops

    numbers = ops.parameter([_SIZE, _SIZE], np.float32)
    low, high = np.float32(0), np.float32(255)
    activations = ops.fake_quantize(numbers, low, high, low, high, 256)
    stored = ops.convert(ops.constant(np.full((_SIZE, _SIZE), 127, np.int8)), np.float32)
    weights = ops.multiply(stored, ops.constant(np.float32(1)))
    product = openvino.Model([ops.matmul(activations, weights, False, True)], [numbers])
    compiled = openvino.Core().compile_model(
        product, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    )
    found = compiled([np.full((_SIZE, _SIZE), high)])[0]
    return bool(found.min() < 0.99 * 255 * 127 * _SIZE)


def quantise_in_float32(model: openvino.Model) -> None:
    """Spells the quantisation of activations out: the same numbers, multiplied in float32.

    Scores and vectors are then those of a CPU with VNNI, but for the last bits of sums.

    Args:
        model: A graph quantised by NNCF, changed in place. Weights, which are constants,
            stay as they are.
    """
    from openvino import opset13 as ops

    for node in model.get_ops():
        if node.get_type_name() != "FakeQuantize" or _is_constant(node.input_value(0)):
            continue
        low, high, least, most = (
            node.input_value(place).get_node().data.astype(np.float32) for place in range(1, 5)
        )
        steps = np.float32(node.get_attributes()["levels"] - 1)
        scale = steps / (high - low)
        scaled = ops.add(ops.multiply(node.input_value(0), scale), -low * scale)
        whole = ops.round(ops.clamp(scaled, 0.0, float(steps)), "half_to_even")
        widened = ops.add(ops.multiply(whole, (most - least) / steps), least)
        for target in list(node.output(0).get_target_inputs()):
            target.replace_source_output(widened.output(0))


def _is_constant(value: openvino.Output) -> bool:
    return bool(value.get_node().get_type_name() == "Constant")
