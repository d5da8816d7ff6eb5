"""Files of tensors: read without running code, measured, loaded strictly."""

from __future__ import annotations

import argparse

import pytest

from munjang.errors import ModelError
from munjang.model.tensors import (
    Sizes,
    has_pooler,
    likely_bases,
    load_tensors,
    measure_tensors,
    read_tensors,
    suggest_base,
)

torch = pytest.importorskip("torch", reason="needs the extra train")
transformers = pytest.importorskip("transformers", reason="needs the extra train")


class Evil:
    """A pickle that would make a file when it is read."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (open, (str(self.mark), "w"))


@pytest.fixture
def plain(tiny_models):
    return transformers.BertModel.from_pretrained(tiny_models["plain"])


@pytest.fixture
def empty(plain):
    """The same architecture with other weights."""
    torch.manual_seed(1)
    return transformers.BertModel(plain.config)


@pytest.fixture
def save(tmp_path):
    def save(content, name="checkpoint.pt", **options):
        torch.save(content, tmp_path / name, **options)
        return tmp_path / name

    return save


class TestReading:
    @pytest.mark.parametrize("key", ["model", "state_dict", None])
    @pytest.mark.parametrize("zipped", [True, False])
    def test_bare_or_beside_an_optimiser(self, plain, save, key, zipped):
        state = plain.state_dict()
        moments = {"state": {0: {"step": 3, "exp_avg": torch.zeros(2)}}, "param_groups": []}
        content = {key: state, "optimizer": moments} if key else state
        found = read_tensors(save(content, _use_new_zipfile_serialization=zipped))
        assert found.keys() == state.keys()
        assert all(torch.equal(found[name], value) for name, value in state.items())

    def test_safetensors_too(self, tiny_models):
        found = read_tensors(tiny_models["plain"] / "model.safetensors")
        assert "embeddings.word_embeddings.weight" in found

    def test_a_pickle_with_more_than_tensors_is_not_run(self, plain, save, tmp_path):
        mark = tmp_path / "ran"
        path = save({"model": plain.state_dict(), "extra": Evil(mark)})
        with pytest.raises(ModelError, match="more than tensors") as refusal:
            read_tensors(path)
        assert "open" in (refusal.value.found or "")
        assert "state_dict" in (refusal.value.fix or "")
        assert not mark.exists()

    def test_what_it_wants_to_run_is_named(self, plain, save):
        path = save({"model": plain.state_dict(), "args": argparse.Namespace(lr=1e-4)})
        with pytest.raises(ModelError) as refusal:
            read_tensors(path)
        assert refusal.value.found == "argparse.Namespace"

    def test_a_damaged_file(self, plain, save, tmp_path):
        whole = save(plain.state_dict()).read_bytes()
        for name, content in {
            "cut.pt": whole[:1000],
            "text.pt": b"no tensors",
            "no.pt": b"",
        }.items():
            path = tmp_path / name
            path.write_bytes(content)
            with pytest.raises(ModelError):
                read_tensors(path)

    @pytest.mark.parametrize("content", [{}, [1, 2], {"model": {"weight": 3, "epoch": 1}}])
    def test_no_state_dict(self, save, content):
        with pytest.raises(ModelError, match="holds no state dict"):
            read_tensors(save(content))


class TestSizes:
    def test_measured_on_names_and_shapes(self, plain):
        wrapped = {f"bert.{name}": value for name, value in plain.state_dict().items()}
        assert measure_tensors(wrapped) == Sizes(400, 32, 2, 64)
        assert str(measure_tensors(wrapped)) == "400 x 32, 2 layers, 64 positions"
        assert measure_tensors({}) == Sizes(0, 0, 0, 0)

    def test_likely_bases_are_named(self):
        assert likely_bases(Sizes(32_000, 768, 12, 512)) == ["klue/bert-base"]
        assert likely_bases(Sizes(32_000, 768, 6, 514)) == ["klue/roberta-small"]
        assert likely_bases(Sizes(8_002, 768, 12, 512)) == ["skt/kobert-base-v1", "monologg/kobert"]
        assert likely_bases(Sizes(5, 5, 5, 5)) == []
        assert "likely klue/roberta-large" in suggest_base(Sizes(32_000, 1024, 24, 514))
        assert "none that munjang knows" in suggest_base(Sizes(5, 5, 5, 5))

    def test_a_pooler_is_found_under_any_prefix(self, plain):
        state = {f"module.bert.{name}": value for name, value in plain.state_dict().items()}
        assert has_pooler(state)
        assert not has_pooler({n: v for n, v in state.items() if "pooler" not in n})


class TestLoading:
    def load(self, model, state, tmp_path):
        return load_tensors(model, state, file=tmp_path / "a.pt", base="klue/bert-base")

    @pytest.mark.parametrize("prefix", ["", "bert.", "module.bert.", "model."])
    def test_any_prefix_and_old_counters(self, plain, empty, tmp_path, prefix):
        state = {prefix + name: value.clone() for name, value in plain.state_dict().items()}
        state[f"{prefix}embeddings.position_ids"] = torch.arange(64)[None]
        notes = self.load(empty, state, tmp_path)
        assert notes == ((f"the prefix {prefix!r} was taken off the names",) if prefix else ())
        for name, value in empty.state_dict().items():
            assert torch.equal(value, plain.state_dict()[name])

    def test_half_precision_becomes_whole(self, plain, empty, tmp_path):
        self.load(empty, {n: v.half() for n, v in plain.state_dict().items()}, tmp_path)
        assert {value.dtype for value in empty.state_dict().values()} == {torch.float32}

    def test_a_missing_pooler_is_zero_and_told(self, plain, empty, tmp_path):
        state = {n: v for n, v in plain.state_dict().items() if not n.startswith("pooler.")}
        assert "no pooler" in self.load(empty, state, tmp_path)[0]
        assert not empty.pooler.dense.weight.any()

    def test_a_spare_pooler_is_told(self, plain, tmp_path):
        bare = transformers.BertModel(plain.config, add_pooling_layer=False)
        assert "left out" in self.load(bare, plain.state_dict(), tmp_path)[0]

    def test_missing_and_unexpected_names(self, plain, empty, tmp_path):
        state = {f"bert.{name}": value for name, value in plain.state_dict().items()}
        del state["bert.encoder.layer.1.output.dense.bias"]
        state["mlp.dense.weight"] = torch.zeros(3)
        with pytest.raises(
            ModelError, match="does not fit the architecture of klue/bert-base"
        ) as no:
            self.load(empty, state, tmp_path)
        assert no.value.found == (
            "missing encoder.layer.1.output.dense.bias; unexpected mlp.dense.weight"
        )

    def test_many_names_are_counted(self, plain, empty, tmp_path):
        state = {n: v for n, v in plain.state_dict().items() if ".layer.1." not in n}
        with pytest.raises(ModelError) as refusal:
            self.load(empty, state, tmp_path)
        assert "and 12 more" in (refusal.value.found or "")

    def test_another_size_tells_the_likely_base(self, plain, tmp_path):
        config = transformers.BertConfig.from_dict(plain.config.to_dict() | {"vocab_size": 300})
        with pytest.raises(ModelError) as refusal:
            self.load(transformers.BertModel(config), plain.state_dict(), tmp_path)
        assert "400 x 32 and not 300 x 32" in (refusal.value.found or "")
        assert "400 x 32, 2 layers" in str(refusal.value)

    def test_something_else_altogether(self, empty, tmp_path):
        with pytest.raises(ModelError, match="does not fit"):
            self.load(empty, {"fc.weight": torch.zeros(2, 2)}, tmp_path)
