"""Checkpoints of any age, opened: what is taken, what is renamed, what is refused."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack

import pytest

from munjang.errors import InputError, ModelError
from munjang.model.legacy import open_file, open_folder

torch = pytest.importorskip("torch", reason="needs the extra train")
transformers = pytest.importorskip("transformers", reason="needs the extra train")


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def scratch(tmp_path):
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


@pytest.fixture
def checkpoint(tiny_models, tmp_path):
    """A .pt as KoSimCSE's script saves it."""
    state = transformers.BertModel.from_pretrained(tiny_models["plain"]).state_dict()
    path = tmp_path / "best.pt"
    torch.save({"model": {f"bert.{n}": v for n, v in state.items()}, "optimizer": {}}, path)
    return path


def by_folder(folder, scratch, stack):
    return open_folder(str(folder), revision=None, allow_pickle=False, scratch=scratch, stack=stack)


class TestFile:
    @pytest.mark.parametrize("base", ["plain", "mean"])
    def test_becomes_a_plain_folder_with_the_tokenizer_of_its_base(
        self, checkpoint, tiny_models, scratch, stack, base
    ):
        given = tiny_models[base]
        found = open_file(checkpoint, base=given, pooling="cls", scratch=scratch, stack=stack)
        names = {path.name for path in found.folder.iterdir()}
        assert names == {
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
        }
        assert found.kind == "file of tensors"
        whole = transformers.BertModel.from_pretrained(found.folder)
        source = transformers.BertModel.from_pretrained(tiny_models["plain"])
        for name, value in whole.state_dict().items():
            assert torch.equal(value, source.state_dict()[name])

    def test_kobert_gets_its_tokenizer(self, kobert_file, tmp_path, scratch, stack):
        base = tmp_path / "kobert"
        base.mkdir()
        shutil.copy(kobert_file, base / "spiece.model")
        sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
        config = transformers.BertConfig(
            **sizes, vocab_size=200, intermediate_size=64, max_position_embeddings=64
        )
        (base / "config.json").write_text(json.dumps(config.to_dict()), "utf-8")
        torch.save(transformers.BertModel(config).state_dict(), tmp_path / "result.pt")
        found = open_file(
            tmp_path / "result.pt", base=base, pooling="mean", scratch=scratch, stack=stack
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(found.folder)
        ids = tokenizer("비가 오는 날")["input_ids"]
        assert (ids[0], ids[-1], tokenizer.pad_token_id) == (2, 3, 1)

    def test_needs_a_base_and_a_pooling(self, checkpoint, tiny_models, scratch, stack):
        with pytest.raises(InputError, match="no config") as refusal:
            open_file(checkpoint, base=None, pooling="cls", scratch=scratch, stack=stack)
        assert refusal.value.found == "400 x 32, 2 layers, 64 positions"
        with pytest.raises(InputError, match="how it pools") as refusal:
            open_file(
                checkpoint,
                base=tiny_models["plain"],
                pooling=None,
                scratch=scratch,
                stack=stack,
            )
        assert "KoSimCSE" in (refusal.value.fix or "")

    def test_a_pooler_that_is_not_there(self, checkpoint, tiny_models, tmp_path, scratch, stack):
        state = torch.load(checkpoint, weights_only=True)["model"]
        torch.save({n: v for n, v in state.items() if "pooler" not in n}, tmp_path / "b.pt")
        with pytest.raises(InputError, match="no pooler"):
            open_file(
                tmp_path / "b.pt",
                base=tiny_models["plain"],
                pooling="pooler",
                scratch=scratch,
                stack=stack,
            )

    def test_a_base_that_is_none(self, checkpoint, tmp_path, scratch, stack):
        base = tmp_path / "base"
        base.mkdir()
        (base / "config.json").write_text('{"model_type": "그런 것은 없다"}', "utf-8")
        with pytest.raises(ModelError, match="cannot be used as a base"):
            open_file(checkpoint, base=base, pooling="cls", scratch=scratch, stack=stack)

    def test_an_encoder_decoder(self, checkpoint, tmp_path, scratch, stack):
        config = transformers.T5Config(vocab_size=10, d_model=8, d_ff=8, num_layers=1, num_heads=1)
        config.save_pretrained(tmp_path / "t5")
        with pytest.raises(ModelError, match="encoder-decoder"):
            open_file(
                checkpoint, base=tmp_path / "t5", pooling="mean", scratch=scratch, stack=stack
            )


class TestFolder:
    def test_kinds(self, tiny_models, scratch, stack):
        plain = by_folder(tiny_models["plain"], scratch, stack)
        assert (plain.kind, plain.modules) == ("transformers", ())
        whole = by_folder(tiny_models["mean-normalize"], scratch, stack)
        assert whole.kind == "sentence-transformers"
        assert [kind for kind, _ in whole.modules] == ["Pooling", "Normalize"]

    def test_the_zoo_is_asked_by_the_folder_s_name(self, tiny_models, tmp_path, scratch, stack):
        folder = tmp_path / "BM-K" / "KoSimCSE-roberta"
        shutil.copytree(tiny_models["plain"], folder)
        found = by_folder(folder, scratch, stack)
        assert found.known is not None
        assert (found.name, found.known.pooling) == ("BM-K/KoSimCSE-roberta", "cls")

    @pytest.mark.parametrize("old", ["BERT", "RoBERTa", "DistilBERT", "XLMRoBERTa"])
    def test_modules_of_0_2_are_renamed_in_a_copy(self, tiny_models, tmp_path, scratch, stack, old):
        folder = tmp_path / "old"
        shutil.copytree(tiny_models["mean"], folder)
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
        modules[0]["type"] = f"sentence_transformers.models.{old}"
        (folder / "modules.json").write_text(json.dumps(modules), "utf-8")
        found = by_folder(folder, scratch, stack)
        renamed = json.loads((found.folder / "modules.json").read_text("utf-8"))
        assert renamed[0]["type"] == "sentence_transformers.models.Transformer"
        assert old in found.notes[0]
        assert old in (folder / "modules.json").read_text("utf-8")

    @pytest.mark.parametrize("kind", ["CNN", "WordWeights", "LSTM"])
    def test_a_module_that_cannot_be_worked_out(self, tiny_models, tmp_path, scratch, stack, kind):
        folder = tmp_path / "odd"
        shutil.copytree(tiny_models["mean"], folder)
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
        modules[1]["type"] = f"sentence_transformers.models.{kind}"
        (folder / "modules.json").write_text(json.dumps(modules), "utf-8")
        with pytest.raises(ModelError, match="cannot work out") as refusal:
            by_folder(folder, scratch, stack)
        assert refusal.value.found == kind

    @pytest.mark.parametrize(
        "text", ["[]", "{", '[{"path": ""}]', '[{"type": "a.B", "path": "../x"}]']
    )
    def test_malformed_modules(self, tmp_path, scratch, stack, text):
        (tmp_path / "modules.json").write_text(text, "utf-8")
        with pytest.raises(ModelError, match="malformed"):
            by_folder(tmp_path, scratch, stack)

    def test_a_folder_with_a_file_of_tensors_only(self, tiny_models, tmp_path, scratch, stack):
        folder = tmp_path / "kosentencebert"
        (folder / "0_Transformer").mkdir(parents=True)
        (folder / "0_Transformer" / "result.pt").write_bytes(b"")
        modules = [
            {
                "idx": 0,
                "name": "0",
                "path": "0_Transformer",
                "type": "sentence_transformers.models.Transformer",
            }
        ]
        (folder / "modules.json").write_text(json.dumps(modules), "utf-8")
        with pytest.raises(ModelError, match="file of tensors") as refusal:
            by_folder(folder, scratch, stack)
        assert "skt/kobert-base-v1" in (refusal.value.fix or "")
