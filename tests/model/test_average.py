"""Averaging from end to end: the numbers against numpy, what is refused, what is left behind."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

import torch
from huggingface_hub import metadata_load
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import AutoTokenizer, BertModel, T5Config, T5EncoderModel

import munjang
from munjang.encode.facts import model_facts
from munjang.errors import InputError, ModelError
from munjang.model import average, mean
from munjang.model.average import average_models, choose_shares

WEIGHTS = "model.safetensors"
WORDS = "embeddings.word_embeddings.weight"
LAST = "encoder.layer.1.output.dense.weight"
SENTENCES = ["첫눈이 내렸다.", "버스가 늦어서 회의에 늦었다.", "고양이가 낮잠을 잔다."]


def read(folder):
    return load_file(folder / WEIGHTS)


def write(folder, tensors):
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    return folder


def change_json(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")


def add_noise(tensors, seed):
    torch.manual_seed(seed)
    return {name: held + 0.1 * torch.randn(held.shape) for name, held in tensors.items()}


def kinds(folder):
    with safe_open(folder / WEIGHTS, "pt") as file:
        return {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118


@pytest.fixture
def make(tiny_models, tmp_path):
    """Copies a tiny model to a folder of its own, with noise on its weights."""

    def make(name, seed, source="mean-normalize"):
        folder = tmp_path / name
        shutil.copytree(tiny_models[source], folder)
        return write(folder, add_noise(read(folder), seed))

    return make


@pytest.fixture
def pair(make):
    return make("가", 1), make("나", 2)


class TestTheMean:
    def test_equal_shares_are_numpy_s_mean(self, pair, tmp_path):
        found = average_models(pair, tmp_path / "out")
        assert [(each.model, each.share) for each in found.models] == [
            (str(folder), 0.5) for folder in pair
        ]
        ours, first, second = read(tmp_path / "out"), *map(read, pair)
        assert ours.keys() == first.keys()
        for name, held in ours.items():
            both = np.stack([side[name].numpy().astype(np.float64) for side in (first, second)])
            np.testing.assert_array_equal(held.numpy(), both.mean(axis=0).astype(np.float32))
        assert (found.tensors, found.kept) == (len(ours), ())
        assert found.parameters == sum(held.numel() for held in ours.values())
        assert found.megabytes == pytest.approx(found.parameters * 4 / 1e6)
        assert found.precision == "float32"

    def test_others_open_it(self, pair, tmp_path):
        out = tmp_path / "out"
        average_models(pair, out)
        by_hand = SentenceTransformer(str(pair[0]), device="cpu")
        by_hand.transformers_model.load_state_dict(read(out))
        wanted = by_hand.encode(SENTENCES)
        plain = SentenceTransformer(str(out), device="cpu", local_files_only=True)
        np.testing.assert_array_equal(plain.encode(SENTENCES), wanted)
        np.testing.assert_allclose(munjang.load(out).encode(SENTENCES), wanted, atol=1e-6)
        for seen in pair:
            assert not np.allclose(munjang.load(seen).encode(SENTENCES), wanted, atol=1e-3)

    def test_weights(self, make, tmp_path):
        models = [make(str(seed), seed) for seed in range(3)]
        found = average_models(models, tmp_path / "out", weights=[1, 1, 2])
        assert [each.share for each in found.models] == [0.25, 0.25, 0.5]
        a, b, c = (read(folder)[LAST].double() for folder in models)
        wanted = (a / 4 + b / 4 + c / 2).float()
        assert torch.equal(read(tmp_path / "out")[LAST], wanted)

    def test_a_model_alone_is_bitwise_itself(self, pair, tmp_path):
        tensors = read(pair[0])
        tensors[LAST][0, :3] = torch.tensor([-0.0, 1e-45, 3e38])
        write(pair[0], tensors)
        average_models(pair[:1], tmp_path / "alone", weights=[1])
        average_models(pair, tmp_path / "beside nothing", weights=[1, 0])
        for out in ("alone", "beside nothing"):
            found = read(tmp_path / out)
            assert found.keys() == tensors.keys()
            for name, held in tensors.items():
                assert found[name].numpy().tobytes() == held.numpy().tobytes()

    def test_blocks_of_rows_change_nothing(self, pair, tmp_path, monkeypatch):
        average_models(pair, tmp_path / "whole")
        monkeypatch.setattr(mean, "BLOCK", 7 * 32)
        average_models(pair, tmp_path / "parts")
        parts, whole = ((tmp_path / name / WEIGHTS).read_bytes() for name in ("parts", "whole"))
        assert parts == whole

    def test_the_first_gives_what_is_no_weight(self, make, tmp_path):
        first, second = make("가", 1), make("나", 2)
        change_json(first / "tokenizer_config.json", model_max_length=48)
        average_models([first, second], tmp_path / "out")
        assert munjang.load(tmp_path / "out").max_tokens == 48


class TestAShareOfTheBase:
    """WiSE-FT: a plain folder, as bases are published."""

    def test_float16_without_a_pooler(self, pair, tiny_models, tmp_path):
        base = tmp_path / "base"
        shutil.copytree(tiny_models["plain"], base)
        half = {name: held.half() for name, held in read(base).items() if "pooler" not in name}
        write(base, half)
        out = tmp_path / "out"
        found = average_models([pair[0], base], out, weights=[3, 1])
        assert set(found.kept) == {"pooler.dense.weight", "pooler.dense.bias"}
        ours, trained = read(out), read(pair[0])
        assert kinds(out) == {"F32"}
        for name, held in ours.items():
            wanted = trained[name].double()
            if name in half:
                wanted = 0.75 * wanted + 0.25 * half[name].double()
            assert torch.equal(held, wanted.float())
        assert munjang.load(out).dim == 32

    def test_a_prefix_a_head_and_counters(self, pair, tiny_models, tmp_path):
        base = tmp_path / "base"
        shutil.copytree(tiny_models["plain"], base)
        tensors = {f"bert.{name}": held for name, held in read(base).items()}
        tensors["bert.embeddings.position_ids"] = torch.arange(64)[None]
        tensors["cls.predictions.bias"] = torch.full((400,), torch.nan)
        write(base, tensors)
        change_json(base / "config.json", architectures=["BertForMaskedLM"], use_cache=True)
        average_models([pair[0], base], tmp_path / "out")
        wanted = (read(pair[0])[LAST].double() + tensors[f"bert.{LAST}"].double()) / 2
        assert torch.equal(read(tmp_path / "out")[LAST], wanted.float())

    def test_shards(self, pair, tiny_models, tmp_path):
        base = tmp_path / "base"
        shutil.copytree(tiny_models["plain"], base)
        (base / WEIGHTS).unlink()
        BertModel.from_pretrained(tiny_models["plain"]).save_pretrained(base, max_shard_size="50KB")
        assert len(list(base.glob("model-*.safetensors"))) > 1
        average_models([pair[0], base], tmp_path / "shards")
        average_models([pair[0], tiny_models["plain"]], tmp_path / "whole")
        assert torch.equal(read(tmp_path / "shards")[LAST], read(tmp_path / "whole")[LAST])

    def test_a_pickle_only_with_leave(self, pair, tiny_models, tmp_path):
        base = tmp_path / "base"
        shutil.copytree(tiny_models["plain"], base)
        torch.save(read(base), base / "pytorch_model.bin")
        (base / WEIGHTS).unlink()
        with pytest.raises(ModelError, match="only as a pickle"):
            average_models([pair[0], base], tmp_path / "out")
        average_models([pair[0], base], tmp_path / "out", allow_pickle=True)
        wanted = (read(pair[0])[LAST].double() + read(tiny_models["plain"])[LAST].double()) / 2
        assert torch.equal(read(tmp_path / "out")[LAST], wanted.float())


class TestOtherKinds:
    def test_all_float16_stays_so(self, pair, tmp_path):
        halves = [
            write(folder, {name: held.half() for name, held in read(folder).items()})
            for folder in pair
        ]
        found = average_models(halves, tmp_path / "out")
        assert (found.precision, kinds(tmp_path / "out")) == ("float16", {"F16"})
        assert found.megabytes == pytest.approx(found.parameters * 2 / 1e6)
        average_models(halves[:1], tmp_path / "alone")
        for name, held in read(halves[0]).items():
            assert torch.equal(read(tmp_path / "alone")[name], held)

    def test_bfloat16_becomes_float32(self, pair, tmp_path):
        stored = [{name: held.bfloat16() for name, held in read(each).items()} for each in pair]
        for folder, tensors in zip(pair, stored, strict=True):
            write(folder, tensors)
        assert average_models(pair, tmp_path / "out").precision == "float32"
        wanted = (stored[0][LAST].double() + stored[1][LAST].double()) / 2
        assert torch.equal(read(tmp_path / "out")[LAST], wanted.float())

    def test_a_dense_layer_is_averaged_and_prompts_stay(self, tiny_models, tmp_path):
        def build(name, seed):
            torch.manual_seed(seed)
            backbone = Transformer(str(tiny_models["plain"]))
            model = SentenceTransformer(
                modules=[backbone, Pooling(32, "mean"), Dense(32, 8)],
                prompts={"query": "질문: "},
                default_prompt_name="query",
            )
            model.save(str(tmp_path / name), create_model_card=False)
            return tmp_path / name

        models, out = [build("가", 1), build("나", 2)], tmp_path / "out"
        average_models(models, out)
        dense = [read(folder / "2_Dense")["linear.weight"].double() for folder in (*models, out)]
        assert torch.equal(dense[2], ((dense[0] + dense[1]) / 2).float().double())
        assert (munjang.load(out).dim, munjang.load(out).prompt) == (8, "질문: ")
        with pytest.raises(ModelError, match="no tensor 2_Dense/linear"):
            average_models([models[0], tiny_models["plain"]], tmp_path / "none")
        change_json(models[1] / "2_Dense" / "config.json", bias=False)
        with pytest.raises(ModelError, match="another architecture") as refusal:
            average_models(models, tmp_path / "none")
        assert refusal.value.found == "2_Dense/bias False instead of True"

    def test_tied_weights(self, tiny_models, tmp_path):
        models = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            config = T5Config(
                vocab_size=400, d_model=32, d_kv=8, d_ff=64, num_layers=1, num_heads=4
            )
            plain, folder = tmp_path / f"t5-{seed}", tmp_path / f"model-{seed}"
            T5EncoderModel(config).save_pretrained(plain)
            AutoTokenizer.from_pretrained(tiny_models["plain"]).save_pretrained(plain)
            pipeline = SentenceTransformer(modules=[Transformer(str(plain)), Pooling(32, "mean")])
            pipeline.save(str(folder), create_model_card=False)
            models.append(folder)
        average_models(models, tmp_path / "out")
        assert "shared.weight" in read(models[0])
        ours, *sides = (read(folder)["shared.weight"] for folder in (tmp_path / "out", *models))
        assert torch.equal(ours, ((sides[0].double() + sides[1].double()) / 2).float())
        assert munjang.load(tmp_path / "out").dim == 32


class TestRefusals:
    """Nothing is written, and the error says what differs and whose it is."""

    @pytest.fixture
    def refused(self, tmp_path):
        def refused(models, match, **asked):
            target = tmp_path / "deep" / "out"
            with pytest.raises(InputError, match=match) as refusal:
                average_models(models, target, **asked)
            assert not target.parent.exists() or not any(target.parent.iterdir())
            assert refusal.value.exit_code == 2
            return refusal.value

        return refused

    def test_another_piece(self, pair, refused):
        path = pair[1] / "tokenizer.json"
        held = json.loads(path.read_text("utf-8"))
        held["model"]["vocab"][7][0], was = "▁다른말", held["model"]["vocab"][7][0]
        path.write_text(json.dumps(held), "utf-8")
        error = refused(pair, "나 has another vocabulary than .*가")
        assert error.found == f"piece 7 '▁다른말' instead of piece 7 {was!r}"

    def test_more_pieces(self, pair, refused):
        tokenizer = AutoTokenizer.from_pretrained(pair[1])
        size = len(tokenizer)
        tokenizer.add_tokens(["새말"])
        tokenizer.save_pretrained(pair[1])
        error = refused(pair, "another vocabulary")
        assert error.found == f"piece {size} '새말' instead of no piece"

    def test_another_architecture(self, pair, refused, tiny_models):
        error = refused([pair[0], tiny_models["roberta"]], "another architecture")
        assert error.found == "model_type 'xlm-roberta' instead of 'bert'"
        change_json(pair[1] / "config.json", num_attention_heads=8, hidden_dropout_prob=0.5)
        error = refused(pair, "나 has another architecture than .*가")
        assert error.found == "num_attention_heads 8 instead of 4"

    def test_another_shape(self, pair, refused):
        tensors = read(pair[1])
        tensors[WORDS] = torch.cat([tensors[WORDS], torch.zeros(8, 32)])
        write(pair[1], tensors)
        error = refused(pair, f"the tensor {WORDS} of .*나 has another shape")
        assert error.found == "408 x 32 instead of 400 x 32"

    def test_a_tensor_too_few_or_too_many(self, pair, refused):
        tensors = read(pair[1])
        write(pair[1], tensors | {"encoder.adapter.weight": torch.zeros(3)})
        error = refused(pair, "나 has a tensor that .*가 has not")
        assert error.found == "encoder.adapter.weight"
        write(pair[1], {name: held for name, held in tensors.items() if name != LAST})
        refused(pair, f"나 has no tensor {LAST}")
        refused(pair[::-1], f"나 has no tensor {LAST}")

    @pytest.mark.parametrize(("wrong", "said"), [(float("nan"), "NaN"), (float("-inf"), "infin")])
    @pytest.mark.parametrize("share", [1, 0])
    def test_numbers_that_are_none(self, pair, refused, wrong, said, share):
        tensors = read(pair[1])
        tensors[LAST][5, 6] = wrong
        write(pair[1], tensors)
        error = refused(pair, f"the tensor {LAST} of .*나 holds", weights=[1, share])
        assert said in error.found

    def test_a_damaged_file(self, pair, refused, tiny_models, tmp_path):
        base = tmp_path / "base"
        shutil.copytree(tiny_models["plain"], base)
        (base / WEIGHTS).write_bytes((base / WEIGHTS).read_bytes()[:5000])
        refused([pair[0], base], "cannot be read as a file of tensors")

    def test_another_pooling(self, make, refused):
        first, other = make("가", 1), make("나", 2, source="cls-normalize")
        error = refused([first, other], "나 does not make vectors")
        assert "Pooling (cls)" in error.found
        refused([first, make("다", 3, source="mean")], "다 does not make vectors")

    def test_another_prompt(self, pair, refused, tmp_path):
        name = "config_sentence_transformers.json"
        change_json(pair[0] / name, prompts={"query": "질문: "}, default_prompt_name="query")
        error = refused(pair, "another prompt")
        assert error.found == "'' instead of '질문: '"
        change_json(pair[1] / name, prompts={"query": "글: "}, default_prompt_name="query")
        assert refused(pair, "another prompt").found == "'글: ' instead of '질문: '"
        change_json(pair[1] / name, prompts={"query": "질문: "}, default_prompt_name=None)
        average_models(pair, tmp_path / "out")
        assert munjang.load(tmp_path / "out").prompt == "질문: "

    def test_a_first_model_that_says_no_pooling(self, pair, refused, tiny_models):
        error = refused([tiny_models["plain"], pair[0]], "first model and does not say")
        assert "munjang port" in error.fix

    def test_exported_and_static_models(self, pair, refused, tiny_models):
        refused([pair[0], "default"], "default is an exported model")
        refused([pair[0], tiny_models["static"]], "does not make vectors")
        refused([tiny_models["static"]], "not a transformer|cannot be read")

    def test_no_model_there(self, pair, refused, tmp_path):
        refused([pair[0], tmp_path / "없음"], "no model at")
        (pair[1] / "config.json").write_text("{", "utf-8")
        refused(pair, "cannot be read")

    @pytest.mark.parametrize(
        ("weights", "said"),
        [
            ([1], "1 weight for 2 models"),
            ([1, 2, 3], "3 weights for 2 models"),
            ([1, -1], "-1"),
            ([float("nan"), 1], "nan"),
            ([float("inf"), 1], "inf"),
            ([0, 0], None),
        ],
    )
    def test_weights(self, pair, refused, weights, said):
        assert refused(pair, "weight", weights=weights).found == said

    def test_shares_of_extreme_weights(self):
        assert choose_shares(2, [1e308, 1e308]) == (0.5, 0.5)
        assert choose_shares(2, [5e-324, 0]) == (1, 0)
        assert sum(choose_shares(7)) == pytest.approx(1)
        with pytest.raises(InputError, match="nothing to average"):
            average_models([], "out")

    def test_a_taken_folder(self, pair, tmp_path):
        taken = tmp_path / "일기"
        taken.mkdir()
        (taken / "일기.txt").write_text("소중한 글", "utf-8")
        with pytest.raises(InputError, match="exists already"):
            average_models(pair, taken)
        with pytest.raises(InputError, match="not overwritten"):
            average_models(pair, taken, overwrite=True)
        for model in pair:
            with pytest.raises(InputError, match="holds the model"):
                average_models(pair, model, overwrite=True)
        assert [path.name for path in taken.iterdir()] == ["일기.txt"]


class TestWholeOrNothing:
    def stop(self, *_, **__):
        raise KeyboardInterrupt

    def test_stopped_half_way(self, pair, tmp_path, monkeypatch):
        out = tmp_path / "deep" / "out"
        with monkeypatch.context() as patch:
            patch.setattr(average, "write_average_card", self.stop)
            with pytest.raises(KeyboardInterrupt):
                average_models(pair, out)
        assert list(out.parent.iterdir()) == []
        average_models(pair, out, weights=[1, 0])
        before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
        with monkeypatch.context() as patch:
            patch.setattr(average, "write_average_card", self.stop)
            with pytest.raises(KeyboardInterrupt):
                average_models(pair, out, overwrite=True)
        assert list(out.parent.iterdir()) == [out]
        assert {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()} == before
        average_models(pair, out, overwrite=True)
        assert (out / WEIGHTS).read_bytes() != before[WEIGHTS]
        assert list(out.parent.iterdir()) == [out]


class TestWhatGoesAlong:
    def test_licences_cards_and_training_sets(self, run_folder, make, tmp_path):
        first, second, out = run_folder / "model", make("나", 2), tmp_path / "평균"
        (first / "README.md").write_text("---\nlicense: cc-by-sa-4.0\n---\n# 하나\n", "utf-8")
        (second / "README.md").write_text(
            "---\nlicense: mit\ndatasets: [klue/klue]\n---\n# 둘\n", "utf-8"
        )
        (first / "LICENSE").write_text("하나의 라이선스", "utf-8")
        (second / "LICENSE").write_text("둘의 라이선스", "utf-8")
        found = average_models([first, second], out)
        sets = ("klue-nli:train", "우리 문장.csv", "klue/klue")
        assert (found.license, found.trained_on) == ("cc-by-sa-4.0", sets)
        assert [each.license for each in found.models] == ["cc-by-sa-4.0", "mit"]
        assert model_facts(out).trained_on == sets
        assert metadata_load(out / "README.md")["license"] == "cc-by-sa-4.0"
        assert (out / "LICENSE").read_text("utf-8") == "하나의 라이선스"
        assert (out / "LICENSE-2").read_text("utf-8") == "둘의 라이선스"
        assert "# 하나" in (out / "README.source-1.md").read_text("utf-8")
        assert "# 둘" in (out / "README.source-2.md").read_text("utf-8")
        text = (out / "README.md").read_text("utf-8")
        assert "| `나` | 0.5 | mit | klue/klue |" in text
        assert str(tmp_path) not in text
