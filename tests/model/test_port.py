"""Ports: the same vectors in a folder of today, or nothing."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import munjang
from munjang.errors import GateError, InputError, ModelError
from munjang.model import port
from munjang.model.parity import SENTENCES
from munjang.model.port import LIMIT, port_checkpoint

torch = pytest.importorskip("torch", reason="needs the extra train")
sentence_transformers = pytest.importorskip("sentence_transformers", reason="needs the extra train")
from sentence_transformers import SentenceTransformer  # noqa: E402
from sentence_transformers.base.modules import Dense  # noqa: E402
from transformers import AutoTokenizer, BertConfig, BertModel  # noqa: E402

OLD = "sentence_transformers.models."


@pytest.fixture
def plain(tiny_models):
    return tiny_models["plain"]


@pytest.fixture
def make_old(tiny_models, tmp_path):
    """Writes a sentence-transformers folder as a version of old did."""

    def make(
        *, kind="Transformer", place="0_Transformer", pickled=True, limits=None, config="bert"
    ):
        folder = tmp_path / "old"
        backbone = folder / place
        shutil.copytree(tiny_models["plain"], backbone)
        if pickled:
            state = BertModel.from_pretrained(backbone).state_dict()
            state["embeddings.position_ids"] = torch.arange(64)[None]
            torch.save(state, backbone / "pytorch_model.bin")
            (backbone / "model.safetensors").unlink()
        said = {"max_seq_length": 20} | (limits or {})
        (backbone / f"sentence_{config}_config.json").write_text(json.dumps(said), "utf-8")
        modes = {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(
            json.dumps({"word_embedding_dimension": 32, "pooling_mode_max_tokens": True} | modes),
            "utf-8",
        )
        rows = [(kind, place), ("Pooling", "1_Pooling")]
        (folder / "modules.json").write_text(
            json.dumps(
                [
                    {"idx": i, "name": str(i), "path": path, "type": OLD + name}
                    for i, (name, path) in enumerate(rows)
                ]
            ),
            "utf-8",
        )
        if place:
            (folder / "config.json").write_text('{"__version__": "0.3.6"}', "utf-8")
        return folder

    return make


def open_port(folder):
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def save_state(model, path, prefix="bert."):
    state = {prefix + name: value for name, value in model.state_dict().items()}
    torch.save({"model": state, "optimizer": {"state": {}, "param_groups": []}}, path)
    return path


class TestFileOfTensors:
    @pytest.fixture
    def checkpoint(self, plain, tmp_path):
        return save_state(BertModel.from_pretrained(plain), tmp_path / "kosimcse.pt")

    def test_cls(self, checkpoint, plain, tmp_path):
        found = port_checkpoint(checkpoint, tmp_path / "out", base=plain, pooling="cls")
        assert found.kind == "file of tensors"
        assert found.modules == "Transformer > Pooling (cls)"
        assert (found.dim, found.max_tokens, found.sentences) == (32, 64, len(SENTENCES))
        assert 0 <= found.difference <= LIMIT
        assert "'bert.'" in found.notes[0]
        ids = AutoTokenizer.from_pretrained(plain)("비가 온다.", return_tensors="pt")["input_ids"]
        with torch.no_grad():
            state = BertModel.from_pretrained(plain).eval()(ids).last_hidden_state[0, 0]
        np.testing.assert_allclose(
            open_port(tmp_path / "out").encode("비가 온다."), state.numpy(), atol=LIMIT
        )

    def test_the_pooler_becomes_a_dense_layer(self, checkpoint, plain, tmp_path):
        found = port_checkpoint(checkpoint, tmp_path / "out", base=plain, pooling="pooler")
        assert found.modules == "Transformer > Pooling (cls) > Dense"
        assert "pooler" in found.why
        ids = AutoTokenizer.from_pretrained(plain)("비가 온다.", return_tensors="pt")["input_ids"]
        with torch.no_grad():
            pooled = BertModel.from_pretrained(plain).eval()(ids).pooler_output[0]
        np.testing.assert_allclose(
            open_port(tmp_path / "out").encode("비가 온다."), pooled.numpy(), atol=LIMIT
        )

    def test_normalised_if_asked(self, checkpoint, plain, tmp_path):
        found = port_checkpoint(
            checkpoint, tmp_path / "out", base=plain, pooling="mean", normalize=True
        )
        assert found.modules.endswith("Pooling (mean) > Normalize")
        norms = np.linalg.norm(open_port(tmp_path / "out").encode(list(SENTENCES)), axis=1)
        np.testing.assert_allclose(norms, 1, atol=1e-5)

    def test_other_weights_than_the_base_s(self, plain, tmp_path):
        torch.manual_seed(5)
        other = BertModel(BertModel.from_pretrained(plain).config)
        port_checkpoint(
            save_state(other, tmp_path / "a.pt"), tmp_path / "out", base=plain, pooling="mean"
        )
        written = BertModel.from_pretrained(tmp_path / "out").state_dict()
        for name, value in other.state_dict().items():
            assert torch.equal(written[name], value)

    def test_kobert_without_a_tokenizer_of_its_own(self, kobert_file, tmp_path):
        base = tmp_path / "kobert"
        base.mkdir()
        shutil.copy(kobert_file, base / "spiece.model")
        config = BertConfig(
            vocab_size=200,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
        )
        (base / "config.json").write_text(json.dumps(config.to_dict()), "utf-8")
        checkpoint = save_state(BertModel(config), tmp_path / "result.pt", prefix="")
        found = port_checkpoint(checkpoint, tmp_path / "out", base=base, pooling="mean")
        assert found.difference <= LIMIT
        assert open_port(tmp_path / "out").tokenizer.pad_token_id == 1


class TestPlainFolder:
    def test_pools_as_the_zoo_says(self, plain, tmp_path):
        source = tmp_path / "BM-K" / "KoSimCSE-roberta"
        shutil.copytree(plain, source)
        found = port_checkpoint(source, tmp_path / "out")
        assert found.modules == "Transformer > Pooling (cls)"
        assert "published as cls" in found.why
        assert "would mean-pool" in found.notes[0]
        assert found.license == "none stated"
        before = munjang.load(source, engine="torch").encode(list(SENTENCES[:5]))
        after = munjang.load(tmp_path / "out").encode(list(SENTENCES[:5]))
        np.testing.assert_allclose(before, after, atol=LIMIT)
        card = (tmp_path / "out" / "README.md").read_text("utf-8")
        assert "base_model: BM-K/KoSimCSE-roberta" in card
        assert "No licence is stated" in card

    def test_prompts_that_the_folder_does_not_declare(self, plain, tmp_path):
        source = tmp_path / "intfloat" / "multilingual-e5-small"
        shutil.copytree(plain, source)
        found = port_checkpoint(source, tmp_path / "out")
        assert found.prompt == "query: "
        assert munjang.load(tmp_path / "out").prompt == "query: "
        ported = open_port(tmp_path / "out")
        assert ported.prompts["passage"] == "passage: "
        np.testing.assert_array_equal(
            ported.encode("비가 온다."), ported.encode("query: 비가 온다.", prompt="")
        )

    def test_nobody_says_how_it_pools(self, plain, tmp_path):
        with pytest.raises(ModelError, match="does not say how it pools"):
            port_checkpoint(plain, tmp_path / "out")
        assert list(tmp_path.iterdir()) == []
        found = port_checkpoint(plain, tmp_path / "out", pooling="lasttoken")
        assert found.modules == "Transformer > Pooling (lasttoken)"

    def test_no_more_tokens_than_positions(self, tiny_models, tmp_path):
        found = port_checkpoint(tiny_models["roberta"], tmp_path / "out", pooling="cls")
        assert found.max_tokens == 64
        assert open_port(tmp_path / "out").max_seq_length == 64


class TestOldFolder:
    @pytest.mark.parametrize(
        ("kind", "place", "config", "opens"),
        [
            ("BERT", "0_BERT", "bert", False),
            ("RoBERTa", "0_RoBERTa", "roberta", False),
            ("Transformer", "0_Transformer", "bert", True),
            ("Transformer", "", "bert", True),
        ],
        ids=["0.2 BERT", "0.2 RoBERTa", "0.3", "1 and 2"],
    )
    def test_every_age(self, make_old, tmp_path, kind, place, config, opens):
        source = make_old(kind=kind, place=place, config=config)
        if opens:
            before = open_port(source).encode(list(SENTENCES))
        else:
            with pytest.raises(ImportError, match=kind):
                open_port(source)
        found = port_checkpoint(source, tmp_path / "out", allow_pickle=True)
        assert found.kind == "sentence-transformers"
        assert found.modules == "Transformer > Pooling (max+mean)"
        assert (found.dim, found.max_tokens) == (64, 20)
        assert found.difference <= LIMIT
        ported = open_port(tmp_path / "out")
        assert ported.max_seq_length == 20
        if opens:
            np.testing.assert_allclose(ported.encode(list(SENTENCES)), before, atol=LIMIT)
        suffixes = {path.suffix for path in (tmp_path / "out").rglob("*") if path.is_file()}
        assert suffixes == {".json", ".safetensors", ".md"}

    def test_pickles_need_leave(self, make_old, tmp_path):
        source = make_old()
        with pytest.raises(ModelError, match="pickle"):
            port_checkpoint(source, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_lower_case_is_kept(self, make_old, tmp_path):
        source = make_old(limits={"do_lower_case": True})
        port_checkpoint(source, tmp_path / "out", allow_pickle=True, texts=["KTX SEOUL"])
        ported = open_port(tmp_path / "out")
        np.testing.assert_array_equal(ported.encode("KTX SEOUL"), ported.encode("ktx seoul"))

    def test_a_dense_layer(self, tiny_models, tmp_path):
        backbone, pooling = open_port(tiny_models["mean"])
        for bias in (True, False):
            dense = Dense(32, 8, bias=bias, activation_function=torch.nn.GELU())
            source = tmp_path / f"dense-{bias}"
            whole = SentenceTransformer(modules=[backbone, pooling, dense])
            whole.save(str(source), create_model_card=False)
            found = port_checkpoint(source, tmp_path / f"out-{bias}")
            assert found.modules == "Transformer > Pooling (mean) > Dense"
            assert (found.dim, found.difference <= LIMIT) == (8, True)

    def test_its_own_prompt_stays(self, tiny_models, tmp_path):
        model = open_port(tiny_models["mean"])
        model.prompts, model.default_prompt_name = {"문장": "문장: "}, "문장"
        model.save(str(tmp_path / "source"), create_model_card=False)
        found = port_checkpoint(tmp_path / "source", tmp_path / "out")
        assert found.prompt == "문장: "
        assert munjang.load(tmp_path / "out").prompt == "문장: "

    @pytest.mark.parametrize(
        "asked", [{"pooling": "cls"}, {"pooling": "pooler"}, {"normalize": True}]
    )
    def test_it_is_not_contradicted(self, tiny_models, tmp_path, asked):
        with pytest.raises(ModelError, match="contradicts"):
            port_checkpoint(tiny_models["mean"], tmp_path / "out", **asked)


class TestTheGate:
    def test_other_vectors_are_refused_and_nothing_is_written(self, plain, tmp_path, monkeypatch):
        real = port.open_sentence_transformer

        def wrong(folder, plan, *, device):
            return real(folder, replace(plan, pooling="mean"), device=device)

        monkeypatch.setattr(port, "open_sentence_transformer", wrong)
        with pytest.raises(GateError, match="gives other vectors") as refusal:
            port_checkpoint(plain, tmp_path / "deep" / "out", pooling="cls")
        assert refusal.value.exit_code == 3
        assert "limit 1e-05" in (refusal.value.found or "")
        assert list((tmp_path / "deep").iterdir()) == []

    def test_no_number_is_no_parity(self, plain, tmp_path):
        model = BertModel.from_pretrained(plain)
        with torch.no_grad():
            model.embeddings.LayerNorm.weight[0] = float("nan")
        checkpoint = save_state(model, tmp_path / "nan.pt")
        with pytest.raises(GateError, match="gives other vectors"):
            port_checkpoint(checkpoint, tmp_path / "out", base=plain, pooling="cls")

    def test_the_user_s_sentences_count(self, plain, tmp_path):
        found = port_checkpoint(plain, tmp_path / "out", pooling="cls", texts=["하나", "둘 셋"])
        assert found.sentences == len(SENTENCES) + 2


class TestRefusals:
    def test_an_existing_folder(self, plain, tmp_path):
        out = tmp_path / "out"
        out.mkdir()
        port_checkpoint(plain, out, pooling="cls")
        with pytest.raises(InputError, match="exists already"):
            port_checkpoint(plain, out, pooling="mean")
        port_checkpoint(plain, out, pooling="mean", overwrite=True)
        assert open_port(out)[1].pooling_mode == "mean"
        assert list(tmp_path.iterdir()) == [out]

    def test_overwriting_what_is_no_model(self, plain, tmp_path):
        (tmp_path / "일기.txt").write_text("소중한 글", "utf-8")
        with pytest.raises(InputError, match="not overwritten"):
            port_checkpoint(plain, tmp_path, pooling="cls", overwrite=True)
        assert (tmp_path / "일기.txt").exists()

    def test_an_unknown_pooling(self, plain, tmp_path):
        with pytest.raises(InputError, match="did you mean 'pooler'"):
            port_checkpoint(plain, tmp_path / "out", pooling="poler")

    def test_a_base_for_a_folder(self, plain, tmp_path):
        with pytest.raises(InputError, match="base is only for a file of tensors"):
            port_checkpoint(plain, tmp_path / "out", base=plain, pooling="cls")

    def test_nothing_there(self, tmp_path):
        with pytest.raises(ModelError, match="no model at"):
            port_checkpoint(tmp_path / "없음" / "x" / "best.pt", tmp_path / "out")
        assert not (tmp_path / "out").exists()
