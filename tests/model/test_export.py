"""Export to one graph: parity, int8, the gate, and what stays behind when it fails."""

from __future__ import annotations

import json

import numpy as np
import pytest

import munjang
from munjang.cli import main
from munjang.encode.folder import check_files, read_manifest
from munjang.errors import GateError, InputError, ModelError
from munjang.model.export import GateLimits, Origin, export_model, measure

pytest.importorskip("sentence_transformers", reason="needs the extra train")
pytest.importorskip("nncf", reason="needs the extra train")

LOOSE = GateLimits(min_cosine=0.5, max_drop=50.0)
STRICT = GateLimits(min_cosine=1.01, max_drop=50.0)


@pytest.fixture
def source(tiny_models):
    return munjang.load(tiny_models["mean-normalize"], engine="torch", device="cpu")


@pytest.fixture
def sentences(own_pairs):
    return [pair.sentence1 for pair in own_pairs]


class TestWhatIsWritten:
    @pytest.mark.parametrize("engine", ["openvino", "onnx"])
    def test_the_manifest_tells_what_the_graph_is(self, tiny_exports, engine):
        manifest = read_manifest(tiny_exports["mean-normalize", engine])
        assert (manifest.engine, manifest.precision, manifest.dim) == (engine, "fp32", 32)
        assert manifest.normalized
        assert not read_manifest(tiny_exports["cls", engine]).normalized
        assert manifest.gate["pairs"] == 12
        assert manifest.gate["mean_cosine"] > 0.99999
        assert manifest.versions["openvino"]

    def test_every_file_is_marked_with_size_and_checksum(self, tiny_exports):
        folder = tiny_exports["cls", "openvino"]
        manifest = read_manifest(folder)
        check_files(folder, manifest)
        assert set(manifest.files) == {"model.xml", "model.bin", "tokenizer.json"}
        assert {path.name for path in folder.iterdir()} == {*manifest.files, "munjang.json"}

    def test_facts_and_prompt_are_kept(self, tiny_models, own_pairs, tmp_path):
        source = munjang.load(
            tiny_models["mean"], engine="torch", device="cpu", prompt="질문: ", max_tokens=32
        )
        origin = Origin(license="CC-BY-SA-4.0", base="어떤 모델", training_data=("korsts:train",))
        out = tmp_path / "깊은" / "폴더"
        export_model(source, out, pairs=own_pairs, name="이름", origin=origin)
        exported = munjang.load(out)
        assert (exported.name, exported.prompt, exported.max_tokens) == ("이름", "질문: ", 32)
        manifest = read_manifest(out)
        assert manifest.license == "CC-BY-SA-4.0"
        assert manifest.training_data == ("korsts:train",)
        ours, theirs = exported.encode(["비가 온다"]), source.encode(["비가 온다"])
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


class TestInt8:
    @pytest.mark.parametrize("engine", ["openvino", "onnx"])
    def test_is_close_but_not_the_same(self, source, own_pairs, sentences, tmp_path, engine):
        export_model(
            source,
            tmp_path / "out",
            to=engine,
            int8=True,
            pairs=own_pairs,
            calibration=sentences,
            limits=LOOSE,
        )
        manifest = read_manifest(tmp_path / "out")
        assert manifest.precision == "int8"
        assert 0.9 < manifest.gate["mean_cosine"] < 0.999999
        assert munjang.load(tmp_path / "out").engine.label == f"{engine} int8"

    def test_needs_calibration(self, source, own_pairs, tmp_path):
        with pytest.raises(InputError, match="calibration"):
            export_model(source, tmp_path / "out", int8=True, pairs=own_pairs)


class TestTheGate:
    def test_refuses_and_writes_nothing(self, source, own_pairs, tmp_path):
        with pytest.raises(GateError) as refusal:
            export_model(source, tmp_path / "out", pairs=own_pairs, limits=STRICT)
        assert refusal.value.exit_code == 3
        assert "limit 1.01000" in str(refusal.value)
        assert "limit 50.00" in str(refusal.value)
        assert list(tmp_path.iterdir()) == []

    def test_a_refusal_keeps_what_was_there(self, source, own_pairs, tmp_path):
        out = tmp_path / "out"
        export_model(source, out, pairs=own_pairs)
        before = (out / "munjang.json").read_bytes()
        with pytest.raises(GateError):
            export_model(source, out, pairs=own_pairs, limits=STRICT, overwrite=True)
        assert (out / "munjang.json").read_bytes() == before
        export_model(source, out, pairs=own_pairs, name="새것", overwrite=True)
        assert munjang.load(out).name == "새것"
        assert list(tmp_path.iterdir()) == [out]

    def test_measures_a_drop(self, tiny_models, own_pairs):
        one, other = (
            munjang.load(tiny_models[name], engine="torch", device="cpu")
            for name in ("mean", "cls")
        )
        found = measure(one, other, own_pairs)
        assert found.mean_cosine < 0.99
        assert found.drop == pytest.approx(found.source - found.exported)
        same = measure(one, one, own_pairs)
        assert (same.drop, same.mean_cosine) == (0, pytest.approx(1))


class TestRefusals:
    def test_an_existing_folder(self, source, own_pairs, tmp_path):
        export_model(source, tmp_path, pairs=own_pairs)  # an empty folder is fine
        with pytest.raises(InputError, match="exists already"):
            export_model(source, tmp_path, pairs=own_pairs)

    def test_overwriting_what_is_no_model(self, source, own_pairs, tmp_path):
        (tmp_path / "일기.txt").write_text("소중한 글", encoding="utf-8")
        with pytest.raises(InputError, match="not overwritten"):
            export_model(source, tmp_path, pairs=own_pairs, overwrite=True)
        assert (tmp_path / "일기.txt").exists()

    def test_a_graph_as_source(self, tiny_exports, own_pairs, tmp_path):
        exported = munjang.load(tiny_exports["cls", "openvino"])
        with pytest.raises(ModelError, match="torch"):
            export_model(exported, tmp_path / "out", pairs=own_pairs)

    def test_one_pair_only(self, source, own_pairs, tmp_path):
        with pytest.raises(InputError, match="2 scored pairs"):
            export_model(source, tmp_path / "out", pairs=own_pairs[:1])

    def test_an_unknown_format(self, source, own_pairs, tmp_path):
        with pytest.raises(InputError, match="did you mean 'openvino'"):
            export_model(source, tmp_path / "out", pairs=own_pairs, to="openvin")

    def test_a_file_where_a_folder_should_be(self, source, own_pairs, tmp_path):
        (tmp_path / "file").write_text("", encoding="utf-8")
        with pytest.raises(InputError, match="cannot write"):
            export_model(source, tmp_path / "file" / "out", pairs=own_pairs)


def test_the_command_line_passes_the_gate_or_exits_with_3(tiny_models, own_pairs, tmp_path, capsys):
    pairs = tmp_path / "pairs.jsonl"
    rows = [
        {"sentence1": p.sentence1, "sentence2": p.sentence2, "score": p.score} for p in own_pairs
    ]
    pairs.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    out = tmp_path / "out"
    given = ["export", str(tiny_models["mean"]), "--out", str(out), "--pairs", str(pairs)]
    assert main([*given, "--min-cosine", "1.01", "--json"]) == 3
    assert "limit 1.01000" in capsys.readouterr().err
    assert not out.exists()
    assert main([*given, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pairs"] == 12
    assert munjang.load(out).dim == 32
