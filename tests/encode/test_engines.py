from __future__ import annotations

import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import munjang
from munjang.encode.engines import OnnxEngine, OpenVINOEngine
from munjang.encode.folder import GRAPHS
from munjang.encode.tokens import pad
from munjang.errors import ModelError

PIPELINES = ("mean", "cls", "mean-normalize", "cls-normalize")
RAGGED = [
    "비가 오는 날에는 집에서 차를 마신다.",
    "",
    "고양이",
    "   ",
    "버스가 늦어서 회의에 늦었다. " * 3,
    "아이들이 축구를 하고 있다. " * 20,
    "😀 ＡＢＣ 그리고 漢字",
    "차",
] * 3
QUIET = pytest.mark.filterwarnings("ignore::munjang.errors.MunjangWarning")


@pytest.fixture(scope="module")
def engines(tiny_models, tiny_exports):
    """Each exported tiny model on the three engines, by name and engine."""
    torch = {
        (name, "torch"): munjang.load(tiny_models[name], device="cpu", threads=1)
        for name, _ in tiny_exports
    }
    return torch | {key: munjang.load(folder) for key, folder in tiny_exports.items()}


@pytest.fixture(scope="module")
def batches(shipped):
    texts = [f"{n}번째 문장이 여기 있다" for n in range(16)]
    ids, _ = shipped.tokenizer.encode(texts, 128)
    return [pad(ids[start : start + 2], 1) for start in range(0, 16, 2)]


@QUIET
class TestAgreement:
    @pytest.mark.parametrize("name", ["cls", "mean-normalize"])
    @pytest.mark.parametrize("engine", ["openvino", "onnx"])
    @pytest.mark.parametrize("batch_size", [1, 5, 64])
    def test_the_three_engines_agree(self, engines, name, engine, batch_size):
        expected = engines[name, "torch"].encode(RAGGED, normalize=False)
        found = engines[name, engine].encode(RAGGED, normalize=False, batch_size=batch_size)
        assert found.dtype == np.float32
        assert np.abs(found - expected).max() < 1e-5

    @pytest.mark.parametrize("engine", ["torch", "openvino", "onnx"])
    def test_batch_size_does_not_matter(self, engines, engine):
        encoder = engines["mean-normalize", engine]
        expected = encoder.encode(RAGGED, batch_size=1)
        for batch_size in (2, 7, 100):
            assert np.abs(encoder.encode(RAGGED, batch_size=batch_size) - expected).max() < 1e-5

    @pytest.mark.parametrize("engine", ["torch", "openvino", "onnx"])
    def test_reports_agree(self, engines, engine):
        report = engines["cls", engine].encode_with_report(RAGGED).report
        assert report == engines["cls", "torch"].encode_with_report(RAGGED).report
        assert report.cut == (5, 13, 21)
        assert report.empty == (1, 3, 9, 11, 17, 19)

    @pytest.mark.parametrize("engine", ["torch", "openvino", "onnx"])
    def test_no_sentences(self, engines, engine):
        assert engines["cls", engine].encode([]).shape == (0, 32)

    def test_cls_and_mean_are_what_they_say(self, tiny_models):
        import torch
        from transformers import BertModel

        encoders = {name: munjang.load(tiny_models[name], device="cpu") for name in PIPELINES}
        [ids], _ = encoders["mean"].tokenizer.encode(["비가 오는 날에는 차를 마신다."], 64)
        bert = BertModel.from_pretrained(tiny_models["plain"]).eval()
        with torch.inference_mode():
            tokens = bert(torch.tensor([ids])).last_hidden_state[0].numpy()
        by_hand = {"cls": tokens[0], "mean": tokens.mean(axis=0)}
        for name, encoder in encoders.items():
            pooling, _, end = name.partition("-")
            expected = by_hand[pooling] / (np.linalg.norm(by_hand[pooling]) if end else 1)
            texts = ["비가 오는 날에는 차를 마신다.", "고양이 " * 20]
            found = encoder.encode(texts, normalize=False)[0]
            assert np.abs(found - expected).max() < 1e-5

    @pytest.mark.parametrize("name", PIPELINES)
    def test_torch_agrees_with_sentence_transformers(self, tiny_models, name):
        from sentence_transformers import SentenceTransformer

        texts = [*RAGGED, " 앞에 빈칸", "뒤에 빈칸 ", "줄\n바꿈"]
        theirs = SentenceTransformer(str(tiny_models[name]), device="cpu").encode(texts)
        ours = munjang.load(tiny_models[name], device="cpu").encode(texts, normalize=False)
        assert np.abs(ours - theirs).max() < 1e-5

    def test_a_roberta_takes_as_many_tokens_as_it_has_positions_for(self, tiny_models):
        encoder = munjang.load(tiny_models["roberta"], pooling="mean", device="cpu")
        assert encoder.max_tokens == 64
        encoded = encoder.encode_with_report(["비가 오는 날 " * 200, "비"])
        assert encoded.report.cut == (0,)
        assert np.isfinite(encoded.vectors).all()


class TestThreads:
    def test_one_shipped_encoder_in_four_threads(self, shipped, sentences):
        parts = [sentences[start : start + 15] for start in (0, 10, 20, 30)] * 2
        alone = [shipped.encode(part, batch_size=4) for part in parts]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda part: shipped.encode(part, batch_size=4), parts))
        for expected, found in zip(alone, together, strict=True):
            assert np.abs(found - expected).max() < 1e-5

    @QUIET
    @pytest.mark.parametrize("engine", ["torch", "openvino", "onnx"])
    def test_one_tiny_encoder_in_four_threads(self, engines, engine):
        encoder = engines["cls", engine]
        alone = encoder.encode(RAGGED, batch_size=2)
        with ThreadPoolExecutor(4) as pool:
            for found in pool.map(lambda _: encoder.encode(RAGGED, batch_size=2), range(12)):
                assert np.abs(found - alone).max() < 1e-5

    @QUIET
    def test_two_encoders_at_once(self, engines, shipped, sentences):
        pairs = [(shipped, sentences[:12]), (engines["cls", "openvino"], RAGGED)] * 4
        alone = [encoder.encode(texts) for encoder, texts in pairs]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda pair: pair[0].encode(pair[1]), pairs))
        for expected, found in zip(alone, together, strict=True):
            assert np.abs(found - expected).max() < 1e-5

    def test_two_streams_in_one_thread(self, shipped, sentences):
        expected = shipped.encode(sentences[:12])
        streams = [shipped.stream(sentences[:12], chunk_size=4) for _ in range(2)]
        for n, chunks in enumerate(zip(*streams, strict=True)):
            for chunk in chunks:
                assert np.allclose(chunk.vectors, expected[4 * n : 4 * n + 4], atol=1e-2)


class TestRun:
    def test_one_result_a_batch_in_order(self, shipped, batches):
        expected = [next(iter(shipped.engine.run([batch]))) for batch in batches]
        found = list(shipped.engine.run(iter(batches)))
        assert [vectors.shape for vectors in found] == [(2, 384)] * 8
        assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))

    def test_results_stay_as_they_were_given(self, shipped, batches):
        run = shipped.engine.run(iter(batches))
        first = next(run)
        copy = first.copy()
        list(run)
        assert np.array_equal(first, copy)

    @pytest.mark.parametrize("taken", [0, 1, 3])
    def test_a_run_left_midway_does_not_break_the_next(self, shipped, batches, taken):
        expected = list(shipped.engine.run(batches))
        for _ in range(3):
            run = shipped.engine.run(iter(batches))
            for _ in range(taken):
                next(run)
            del run
            gc.collect()
            found = list(shipped.engine.run(batches))
            assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))

    def test_two_runs_taken_in_turn(self, shipped, batches):
        expected = list(shipped.engine.run(batches))
        turns = zip(shipped.engine.run(batches), shipped.engine.run(batches), strict=True)
        for want, (one, other) in zip(expected, turns, strict=True):
            assert np.array_equal(one, want)
            assert np.array_equal(other, want)

    def test_a_source_that_fails_does_not_break_the_next_run(self, shipped, batches):
        def failing():
            yield from batches[:3]
            raise KeyError("끊김")

        with pytest.raises(KeyError):
            list(shipped.engine.run(failing()))
        assert len(list(shipped.engine.run(batches))) == 8

    def test_batches_are_not_read_far_ahead(self, engines, shipped, batches):
        encoders = [shipped, engines["cls", "torch"], engines["cls", "onnx"]]
        for encoder in encoders:
            read = []
            small = [pad([[0, 5, 2]], 1)] * 10

            def source(small=small, read=read):
                for batch in small:
                    read.append(batch)
                    yield batch

            next(encoder.engine.run(source()))
            assert len(read) <= 3


class TestConstruction:
    def test_labels(self, engines, shipped):
        assert repr(shipped.engine) == "openvino int8"
        labels = {engine: encoder.engine.label for (_, engine), encoder in engines.items()}
        assert labels == {
            "torch": "torch fp32 cpu",
            "openvino": "openvino fp32",
            "onnx": "onnx fp32",
        }
        assert {encoder.dim for encoder in engines.values()} == {32}

    @pytest.mark.parametrize("engine", ["openvino", "onnx"])
    @pytest.mark.parametrize("content", [b"", b"no graph at all", None], ids=["empty", "bad", "no"])
    def test_a_graph_that_cannot_be_read_is_named(self, tmp_path, engine, content):
        pytest.importorskip("onnxruntime")
        graph = tmp_path / GRAPHS[engine]
        if content is not None:
            graph.write_bytes(content)
        kind = OpenVINOEngine if engine == "openvino" else OnnxEngine
        with pytest.raises(ModelError) as caught:
            kind(graph, precision="fp32", dim=8)
        assert str(graph) in caught.value.what
        assert len(str(caught.value).splitlines()) == 3

    @pytest.mark.parametrize("engine", ["openvino", "onnx"])
    def test_threads_do_not_change_the_vectors(self, engines, tiny_exports, engine):
        texts = ["비가 오는 날", "고양이가 낮잠을 잔다"]
        for threads in (1, 2):
            encoder = munjang.load(tiny_exports["cls", engine], threads=threads)
            found = encoder.encode(texts)
            assert np.abs(found - engines["cls", engine].encode(texts)).max() < 1e-5


def test_openvino_does_not_call_home():
    script = """
import os, sys
import munjang
munjang.load().encode(["비가 온다"])
assert sys.modules["openvino_telemetry"] is None
assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
