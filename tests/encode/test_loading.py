from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import munjang
from munjang.encode.folder import MANIFEST, read_manifest
from munjang.encode.loading import DEFAULT_FOLDER, SHIPPED
from munjang.errors import InputError, ModelError, NetworkError

TEXTS = ["비가 오는 날", "고양이가 낮잠을 잔다", ""]


@pytest.fixture
def exported(tiny_exports, tmp_path):
    """A copy of an OpenVINO export that a test may break."""
    return Path(shutil.copytree(tiny_exports["cls", "openvino"], tmp_path / "export"))


@pytest.fixture
def plain(tiny_models, tmp_path):
    """A copy of a plain transformers folder that a test may break."""
    return Path(shutil.copytree(tiny_models["plain"], tmp_path / "plain"))


def pickled(folder, content=None):
    """Turns the weights of a folder into a pickle."""
    import torch
    from safetensors.torch import load_file

    weights = folder / "model.safetensors"
    torch.save(load_file(weights) if content is None else content, folder / "pytorch_model.bin")
    weights.unlink()
    return folder


def refused(*args, error=ModelError, **options) -> str:
    with pytest.raises(error) as caught:
        munjang.load(*args, **options)
    assert len(str(caught.value).splitlines()) <= 3
    return str(caught.value)


class TestShipped:
    def test_default(self):
        encoder = munjang.load()
        assert repr(encoder) == repr(munjang.load("default")) == repr(munjang.load(DEFAULT_FOLDER))
        assert encoder.max_tokens >= 128
        assert encoder.engine.label == "openvino int8"

    def test_tiny_is_smaller_and_learnt_the_vectors_of_the_default(self):
        default, tiny = munjang.load(), munjang.load("tiny")
        assert repr(tiny) == repr(munjang.load(SHIPPED["tiny"]))
        assert (tiny.dim, tiny.max_tokens) == (default.dim, default.max_tokens)
        size = {name: (SHIPPED[name] / "model.bin").stat().st_size for name in SHIPPED}
        assert size["tiny"] < 0.7 * size["default"]
        texts = ["아침부터 눈이 내린다.", "오늘 회의는 취소됐어요.", "이 열차는 서울역까지 갑니다."]
        near = default.encode(texts) @ tiny.encode(texts).T
        assert near.diagonal().min() > 0.9
        assert (near.argmax(axis=1) == [0, 1, 2]).all()

    def test_options(self):
        encoder = munjang.load(max_tokens=16, prompt="질문: ", nfc=False, threads=1)
        assert (encoder.max_tokens, encoder.prompt, encoder.nfc) == (16, "질문: ", False)
        assert "max_tokens=16, prompt='질문: ', nfc=False" in repr(encoder)

    def test_it_needs_no_heavy_package(self):
        script = """
import sys
import munjang
munjang.load().encode(["비가 온다"])
heavy = {"torch", "transformers", "sentence_transformers", "sklearn", "scipy", "rich", "pyarrow"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
        subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


class TestArguments:
    def test_an_unknown_engine_gets_the_nearest(self):
        message = refused(engine="openvin", error=InputError)
        assert message.startswith("unknown engine 'openvin'\ntry: did you mean 'openvino'?")
        assert "known: onnx, openvino, torch" in message

    @pytest.mark.parametrize("max_tokens", [0, 2, 100_000, -5])
    def test_max_tokens_out_of_range(self, max_tokens):
        message = refused(max_tokens=max_tokens, error=InputError)
        assert f"found: {max_tokens}" in message
        assert f"3 to {read_manifest(DEFAULT_FOLDER).max_tokens}" in message

    @pytest.mark.parametrize("threads", [0, -1])
    def test_threads_out_of_range(self, threads):
        assert "threads" in refused(threads=threads, error=InputError)

    def test_what_an_export_has_inside_cannot_be_chosen(self):
        assert "pooling cannot be chosen" in refused(pooling="cls", error=InputError)
        assert "device cannot be chosen" in refused(device="cuda", error=InputError)

    def test_another_engine_than_the_folder_has(self, tiny_models):
        assert "found: openvino" in refused(engine="onnx")
        assert "found: openvino" in refused(engine="torch")
        message = refused(tiny_models["mean"], engine="openvino")
        assert "found: torch weights" in message
        assert "munjang export" in message


class TestAddresses:
    def test_a_model_on_a_server_is_opened_not_loaded(self):
        message = refused("http://127.0.0.1:8080/v1#bge-m3", error=InputError)
        assert "munjang.open_endpoint" in message

    @pytest.mark.parametrize(
        ("name", "address"),
        [
            ("127.0.0.1:8080/v1#good", "http://127.0.0.1:8080/v1#good"),
            ("127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1#MODEL"),
            ("gpu.example.org/v1#BAAI/bge-m3", "http://gpu.example.org/v1#BAAI/bge-m3"),
            ("localhost:8080#good", "http://localhost:8080#good"),
            ("HTTP://127.0.0.1:8080/v1#good", "http://127.0.0.1:8080/v1#good"),
        ],
    )
    def test_a_server_without_its_scheme_gets_one(self, name, address):
        assert refused(name).splitlines()[-1] == f"try: {address}"

    @pytest.mark.parametrize("name", ["./모델#3", "/없는/모델:80/나", "~nobody-of-this-name/a#b"])
    def test_a_path_is_no_server(self, name):
        assert "http://" not in refused(name)


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "munjang-small-ko",
            "./없는-폴더",
            "/없는/폴더",
            "a/b/c",
            "~nobody-of-this-name/model",
            "가" * 300,
            "비가 온다",
        ],
    )
    def test_no_such_model(self, name):
        assert refused(name).startswith("no model at")

    @pytest.mark.parametrize("name", ["한국어/모델", "a b/c", "a/b--c", "-a/b"])
    def test_what_cannot_be_a_hub_id(self, name):
        message = refused(name)
        assert "is not a hub id" in message
        assert "try: 'default', 'tiny', a folder, or a hub id" in message

    def test_a_file(self, tmp_path):
        path = tmp_path / "model.xml"
        path.touch()
        assert refused(path) == f"{path} is a file\ntry: name the folder of the model"

    def test_an_empty_folder(self, tmp_path):
        assert f"{tmp_path / 'config.json'} is missing" in refused(tmp_path)


class TestExported:
    def test_a_path_or_a_string(self, tiny_exports):
        folder = tiny_exports["cls", "onnx"]
        assert munjang.load(folder).name == munjang.load(str(folder)).name == "cls"
        assert munjang.load(folder, engine="onnx").engine.label == "onnx fp32"

    @pytest.mark.parametrize("name", ["model.xml", "model.bin", "tokenizer.json"])
    def test_a_missing_file_is_named(self, exported, name):
        (exported / name).unlink()
        assert f"{exported / name} is missing" in refused(exported)

    @pytest.mark.parametrize("name", ["model.xml", "model.bin", "tokenizer.json"])
    def test_a_truncated_file_is_named(self, exported, name):
        content = (exported / name).read_bytes()
        (exported / name).write_bytes(content[: len(content) // 2])
        message = refused(exported)
        assert str(exported / name) in message
        assert "another size" in message

    @pytest.mark.parametrize("name", ["model.xml", "model.bin", "tokenizer.json"])
    @pytest.mark.parametrize("keep", [0.5, None], ids=["truncated", "missing"])
    def test_even_when_the_manifest_does_not_list_it(self, exported, name, keep):
        raw = json.loads((exported / MANIFEST).read_text("utf-8"))
        (exported / MANIFEST).write_text(json.dumps(raw | {"files": {}}), "utf-8")
        content = (exported / name).read_bytes()
        (exported / name).unlink()
        if keep:
            (exported / name).write_bytes(content[: int(len(content) * keep)])
        assert str(exported) in refused(exported)

    def test_a_bad_manifest(self, exported):
        (exported / MANIFEST).write_text("{", "utf-8")
        assert f"{exported / MANIFEST} is not a model manifest" in refused(exported)

    def test_a_newer_format(self, exported):
        raw = json.loads((exported / MANIFEST).read_text("utf-8"))
        (exported / MANIFEST).write_text(json.dumps(raw | {"format": 2}), "utf-8")
        assert "format 2" in refused(exported)

    def test_the_prompt_of_the_manifest(self, exported):
        raw = json.loads((exported / MANIFEST).read_text("utf-8"))
        (exported / MANIFEST).write_text(json.dumps(raw | {"prompt": "query: "}), "utf-8")
        assert munjang.load(exported).prompt == "query: "
        assert munjang.load(exported, prompt="").prompt == ""


class TestTorch:
    @pytest.mark.parametrize("name", ["mean", "cls-normalize"])
    def test_a_pipeline_folder_speaks_for_itself(self, tiny_models, name):
        encoder = munjang.load(tiny_models[name], device="cpu")
        pooling = name.partition("-")[0]
        assert repr(encoder) == (
            f"SentenceEncoder('{name}', engine=torch fp32 cpu {pooling} pooling, dim=32, "
            "max_tokens=64)"
        )

    def test_pooling_may_not_contradict_it(self, tiny_models):
        assert "contradicts" in refused(tiny_models["mean"], pooling="cls")
        assert munjang.load(tiny_models["mean"], pooling="mean", device="cpu").dim == 32

    def test_a_plain_folder_is_not_guessed(self, plain):
        message = refused(plain)
        assert "does not say how it pools" in message
        assert 'pooling="mean" or "cls"' in message

    @pytest.mark.parametrize("pooling", ["cls", "mean"])
    def test_a_plain_folder_with_pooling(self, tiny_models, plain, pooling):
        encoder = munjang.load(plain, pooling=pooling, device="cpu")
        expected = munjang.load(tiny_models[pooling], device="cpu").encode(TEXTS, normalize=False)
        assert np.abs(encoder.encode(TEXTS, normalize=False) - expected).max() < 1e-6

    def test_a_known_checkpoint_by_its_place_pools_cls(self, tiny_models, tmp_path):
        folder = tmp_path / "BM-K" / "KoSimCSE-roberta-multitask"
        shutil.copytree(tiny_models["plain"], folder)
        encoder = munjang.load(folder, device="cpu")
        expected = munjang.load(tiny_models["cls"], device="cpu").encode(TEXTS, normalize=False)
        assert encoder.name == "BM-K/KoSimCSE-roberta-multitask"
        assert np.abs(encoder.encode(TEXTS, normalize=False) - expected).max() < 1e-6

    def test_a_known_checkpoint_brings_its_prompt(self, tiny_models, tmp_path):
        folder = tmp_path / "intfloat" / "multilingual-e5-small"
        shutil.copytree(tiny_models["mean-normalize"], folder)
        encoder = munjang.load(folder, device="cpu")
        assert encoder.prompt == "query: "
        bare = munjang.load(folder, device="cpu", prompt="")
        queries = [f"query: {text}" for text in TEXTS]
        assert np.abs(encoder.encode(TEXTS) - bare.encode(queries)).max() < 1e-6

    def test_a_pickle_is_refused_unless_allowed(self, tiny_models, plain):
        pickled(plain)
        assert "only as a pickle" in refused(plain, pooling="cls")
        encoder = munjang.load(plain, pooling="cls", device="cpu", allow_pickle=True)
        expected = munjang.load(tiny_models["cls"], device="cpu").encode(TEXTS, normalize=False)
        assert np.abs(encoder.encode(TEXTS, normalize=False) - expected).max() < 1e-6

    def test_a_pickle_that_is_code_is_not_run(self, plain, tmp_path):
        trace = tmp_path / "was-here"

        class Trap:
            def __reduce__(self):
                return Path.touch, (trace,)

        pickled(plain, {"embeddings.word_embeddings.weight": Trap()})
        assert str(plain) in refused(plain, pooling="cls", allow_pickle=True)
        (plain / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(), protocol=2))
        assert str(plain) in refused(plain, pooling="cls", allow_pickle=True)
        assert not trace.exists()

    @pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
    @pytest.mark.parametrize("part", [0, 0.5, None])
    def test_a_broken_file(self, plain, name, part):
        content = (plain / name).read_bytes()
        (plain / name).unlink()
        if part is not None:
            (plain / name).write_bytes(content[: int(len(content) * part)])
        assert str(plain) in refused(plain, pooling="cls")

    def test_a_static_model_is_refused(self, tiny_models):
        message = refused(tiny_models["static"])
        assert "found: StaticEmbedding" in message

    def test_a_limit_of_the_users_own(self, tiny_models):
        assert munjang.load(tiny_models["mean"], max_tokens=10, device="cpu").max_tokens == 10
        assert "3 to 64" in refused(tiny_models["mean"], max_tokens=65, error=InputError)

    def test_loading_a_folder_tries_no_network(self, tiny_models, recwarn):
        munjang.load(tiny_models["mean"], device="cpu")
        munjang.load(tiny_models["roberta"], pooling="cls", device="cpu")
        assert not [warning for warning in recwarn if "socket" in str(warning.message)]


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
class TestHub:
    @pytest.fixture(autouse=True)
    def cache(self, monkeypatch, tmp_path):
        """An empty cache of the hub."""
        from huggingface_hub import constants

        cache = tmp_path / "hub"
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
        return cache

    @pytest.fixture
    def offline(self, monkeypatch):
        """The hub's library told to stay off the network."""
        from huggingface_hub import constants

        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    def test_no_network(self):
        begin = time.monotonic()
        message = refused("jhgan/ko-sroberta-multitask", error=NetworkError)
        assert time.monotonic() - begin < 10
        assert "jhgan/ko-sroberta-multitask could not be fetched" in message
        assert "munjang.load() needs no network" in message

    @pytest.mark.usefixtures("offline")
    def test_told_to_stay_offline(self):
        message = refused("jhgan/ko-sroberta-multitask", error=NetworkError)
        assert "not whole in the local cache" in message

    @pytest.mark.usefixtures("offline")
    def test_a_cached_model_needs_no_network(self, tiny_models, cache):
        repository = cache / "models--BM-K--KoSimCSE-bert"
        commit = "0123456789abcdef0123456789abcdef01234567"
        shutil.copytree(tiny_models["plain"], repository / "snapshots" / commit)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text(commit)
        encoder = munjang.load("BM-K/KoSimCSE-bert", device="cpu")
        expected = munjang.load(tiny_models["cls"], device="cpu").encode(TEXTS, normalize=False)
        assert encoder.name == "BM-K/KoSimCSE-bert"
        assert np.abs(encoder.encode(TEXTS, normalize=False) - expected).max() < 1e-6
        pinned = munjang.load("BM-K/KoSimCSE-bert", device="cpu", revision=commit)
        assert pinned.name == encoder.name
        message = refused("BM-K/KoSimCSE-bert", revision="v2", error=NetworkError)
        assert "not whole in the local cache" in message

    @pytest.mark.parametrize(
        ("status", "error"),
        [(404, ModelError), (401, ModelError), (403, ModelError), (500, NetworkError)],
    )
    def test_what_the_hub_answers(self, monkeypatch, status, error):
        import huggingface_hub

        class AnswerError(OSError):
            response = type("Response", (), {"status_code": status})

        def answer(*_args, **_options):
            raise AnswerError(f"{status} Client Error\n\nmore lines\nand more")

        monkeypatch.setattr(huggingface_hub, "snapshot_download", answer)
        assert f"found: {status} Client Error" in refused("owner/model", error=error)

    @pytest.mark.parametrize(
        "failure",
        [TimeoutError(), ConnectionResetError("끊김"), RuntimeError("\n"), OSError(28, "")],
    )
    def test_a_fetch_that_breaks_off(self, monkeypatch, failure):
        import huggingface_hub

        def fail(*_args, **_options):
            raise failure

        monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
        assert "could not be fetched" in refused("owner/model", error=NetworkError)

    def test_pickles_are_fetched_only_when_allowed(self, monkeypatch, tiny_models):
        import huggingface_hub

        asked = []

        def record(name, *, revision, allow_patterns):
            asked.append((name, revision, allow_patterns))
            return str(tiny_models["mean"])

        monkeypatch.setattr(huggingface_hub, "snapshot_download", record)
        munjang.load("owner/model", device="cpu")
        munjang.load("owner/model", device="cpu", allow_pickle=True, revision="v1")
        (_, no_revision, safe), (name, revision, every) = asked
        assert (no_revision, name, revision) == (None, "owner/model", "v1")
        assert set(every) - set(safe) == {"*pytorch_model*.bin"}
        assert not any("py" in pattern.rsplit(".", 1)[-1] for pattern in every)
