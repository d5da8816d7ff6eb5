"""Trimming from end to end: folders of every kind of vocabulary, the gate, the refusals."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    PreTrainedTokenizerFast,
)

import munjang
from munjang.cli import main
from munjang.errors import GateError, InputError, ModelError
from munjang.model.export import GateLimits
from munjang.model.trim import LIMITS, trim_model

TEXTS = [
    "비가 오는 날에는 집에서 따뜻한 차를 마신다.",
    "고양이가 햇볕 아래에서 낮잠을 잔다.",
    "버스가 늦어서 회의에 십 분 늦었다.",
    "환불 신청은 주문 내역에서 할 수 있습니다.",
    "아이들이 운동장에서 축구를 하고 있다.",
    "할머니는 시장에서 싱싱한 사과를 고르셨다.",
    "창밖에 빗방울이 떨어지는 소리가 들린다.",
]
OTHERS = [
    "강아지는 공원에서 신나게 뛰어논다.",
    "저녁에는 친구와 함께 국수를 끓여 먹을 것이다.",
    "지하철은 제시간에 역에 도착했다.",
]
"""What tokenizers are trained on besides, and the text does not have."""

UNK = "[UNK]"
ROLES = {
    "pad_token": "[PAD]",
    "unk_token": UNK,
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
LOOSE = GateLimits(min_cosine=-1.0, max_drop=200.0)


def texts(times=6):
    return TEXTS * times


def train(model, trainer, pre_tokenizer):
    made = Tokenizer(model)
    made.pre_tokenizer = pre_tokenizer
    made.train_from_iterator([*TEXTS, *OTHERS] * 3, trainer)
    ids = [(token, made.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids
    )
    return made


def bert_words():
    trainer = trainers.WordPieceTrainer(
        vocab_size=300, special_tokens=[*ROLES.values()], show_progress=False
    )
    return train(models.WordPiece(unk_token=UNK), trainer, pre_tokenizers.BertPreTokenizer())


def byte_bpe():
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=[*ROLES.values()],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    return train(models.BPE(), trainer, pre_tokenizers.ByteLevel(add_prefix_space=False))


def save_plain(folder, tokenizer, *, rows=512, dtype=torch.float32):
    """A random BERT with more rows than pieces, as many published models have."""
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=rows,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        pad_token_id=tokenizer.token_to_id("[PAD]"),
    )
    BertModel(config).to(dtype).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **ROLES).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def plain_models(tmp_path_factory):
    root = tmp_path_factory.mktemp("plain")
    return {
        "wordpiece": save_plain(root / "wordpiece", bert_words(), dtype=torch.float16),
        "bpe": save_plain(root / "bpe", byte_bpe()),
    }


def open_folder(folder):
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def size_of(folder):
    return len(Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab())


class TestEveryKind:
    """What the text uses is kept, so that nothing changes but the size."""

    @pytest.mark.parametrize("name", ["mean", "cls-normalize"])
    def test_unigram(self, tiny_models, own_pairs, tmp_path, name):
        source = tiny_models[name]
        sentences = [pair.sentence1 for pair in own_pairs[:3]] * 7
        pieces = size_of(source) - 20
        found = trim_model(
            source,
            tmp_path / "out",
            texts=sentences,
            pieces=pieces,
            pairs=own_pairs[:2],
            limits=LOOSE,
        )
        assert (found.kind, found.after.pieces) == ("Unigram", pieces)
        assert found.same == 1
        assert found.mean_cosine == pytest.approx(1)
        assert found.before.tokens == found.after.tokens
        assert found.before.parameters - found.after.parameters == (400 - pieces) * 32
        ours, theirs = (munjang.load(folder) for folder in (tmp_path / "out", source))
        np.testing.assert_allclose(
            ours.encode(sentences[:9], normalize=False),
            theirs.encode(sentences[:9], normalize=False),
            atol=1e-6,
        )
        model = open_folder(tmp_path / "out")
        assert [type(module).__name__ for module in model] == [
            type(module).__name__ for module in open_folder(source)
        ]
        assert model.transformers_model.config.vocab_size == pieces == size_of(tmp_path / "out")
        assert model.tokenizer.pad_token_id == model.transformers_model.config.pad_token_id == 1
        assert "| 어휘 / pieces |" in (tmp_path / "out" / "README.md").read_text("utf-8")

    @pytest.mark.parametrize(("name", "pooling"), [("wordpiece", "cls"), ("bpe", "mean")])
    def test_wordpiece_and_bpe(self, plain_models, own_pairs, tmp_path, name, pooling):
        source = plain_models[name]
        out = tmp_path / "out"
        pieces = size_of(source) - 8
        found = trim_model(
            source,
            out,
            texts=texts(),
            pieces=pieces,
            pairs=own_pairs,
            pooling=pooling,
            normalize=True,
            limits=LOOSE,
        )
        assert found.after.pieces == pieces == size_of(out)
        assert found.same == 1
        assert found.mean_cosine == pytest.approx(1, abs=1e-5)
        made = open_folder(out)
        assert [type(each).__name__ for each in made] == ["Transformer", "Pooling", "Normalize"]
        assert made[1].pooling_mode == pooling
        assert made.tokenizer.special_tokens_map == ROLES
        assert made.transformers_model.get_input_embeddings().num_embeddings == pieces
        vectors = munjang.load(source, pooling=pooling).encode(TEXTS)
        np.testing.assert_allclose(munjang.load(out).encode(TEXTS), vectors, atol=2e-3)

    def test_xlm_r_keeps_where_positions_begin(self, tiny_models, tmp_path):
        out = tmp_path / "out"
        source = tiny_models["roberta"]
        pieces = size_of(source) - 20
        found = trim_model(source, out, texts=texts(), pieces=pieces, pooling="mean", limits=LOOSE)
        assert found.same > 0.5
        assert found.mean_cosine > 0.99
        ours = munjang.load(out)
        assert ours.max_tokens == munjang.load(source, pooling="mean").max_tokens

    def test_the_precision_of_the_source_stays(self, plain_models, tmp_path):
        from safetensors import safe_open

        out = tmp_path / "out"
        found = trim_model(
            plain_models["wordpiece"], out, texts=texts(), pieces=135, pooling="cls", limits=LOOSE
        )
        with safe_open(out / "model.safetensors", "pt") as file:
            kinds = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
        assert kinds == {"F16"}
        assert found.after.megabytes == pytest.approx(found.after.parameters * 2 / 1e6)

    def test_a_dense_layer_and_prompts_stay(self, tiny_models, tmp_path):
        backbone = Transformer(str(tiny_models["plain"]))
        dense = Dense(32, 8, activation_function=torch.nn.Tanh())
        pipeline = SentenceTransformer(
            modules=[backbone, Pooling(32, "mean"), dense, Normalize()],
            prompts={"query": "질문: ", "passage": "글: "},
            default_prompt_name="query",
        )
        source, out = tmp_path / "source", tmp_path / "out"
        pipeline.save(str(source), create_model_card=False)
        (source / "LICENSE.txt").write_text("우리 라이선스", "utf-8")
        (source / "README.md").write_text("---\nlicense: mit\n---\n# 원본\n", "utf-8")
        pieces = size_of(source) - 20
        found = trim_model(source, out, texts=texts(), pieces=pieces, limits=LOOSE)
        assert found.license == "mit"
        assert (out / "LICENSE.txt").read_text("utf-8") == "우리 라이선스"
        made = open_folder(out)
        assert made.prompts == {**made.prompts, "query": "질문: ", "passage": "글: "}
        assert made.default_prompt_name == "query"
        assert made.get_embedding_dimension() == 8
        assert munjang.load(out).prompt == "질문: "


class TestTheGate:
    def test_a_bad_cut_is_refused_and_nothing_is_written(self, tiny_models, own_pairs, tmp_path):
        with pytest.raises(InputError, match="too few") as refusal:
            trim_model(tiny_models["mean"], tmp_path / "out", texts=texts(), pieces=7)
        least = int(refusal.value.found.split()[0].replace(",", ""))
        asked = {"texts": texts(), "pieces": least, "pairs": own_pairs}
        with pytest.raises(GateError, match="not written") as refused:
            trim_model(
                tiny_models["mean"],
                tmp_path / "deep" / "out",
                limits=GateLimits(min_cosine=0.99999, max_drop=200.0),
                **asked,
            )
        assert refused.value.exit_code == 3
        assert list((tmp_path / "deep").iterdir()) == []
        found = trim_model(tiny_models["mean"], tmp_path / "out", limits=LOOSE, **asked)
        assert found.after.pieces == least
        assert found.same < 1
        assert found.after.tokens > found.before.tokens
        assert found.least_cosine < found.mean_cosine < 0.99999

    def test_a_refusal_keeps_what_was_there(self, tiny_models, tmp_path):
        out = tmp_path / "out"
        asked = {"texts": texts(), "pieces": size_of(tiny_models["mean"]) - 5}
        trim_model(tiny_models["mean"], out, limits=LOOSE, **asked)
        before = (out / "model.safetensors").read_bytes()
        strict = GateLimits(min_cosine=1.01, max_drop=0)
        with pytest.raises(GateError):
            trim_model(tiny_models["cls"], out, overwrite=True, limits=strict, **asked)
        assert (out / "model.safetensors").read_bytes() == before
        trim_model(tiny_models["cls"], out, overwrite=True, limits=LOOSE, **asked)
        assert open_folder(out)[1].pooling_mode == "cls"
        assert list(tmp_path.iterdir()) == [out]

    def test_the_usual_one(self):
        assert GateLimits(min_cosine=0.98, max_drop=0.5) == LIMITS


class TestRefusals:
    def test_an_exported_model(self, tiny_exports, tmp_path):
        for model in (tiny_exports["cls", "openvino"], "default"):
            with pytest.raises(ModelError, match="exported") as refusal:
                trim_model(model, tmp_path / "out", texts=texts(), pieces=50)
            assert "munjang export" in refusal.value.fix

    def test_a_static_model(self, tiny_models, tmp_path):
        with pytest.raises(ModelError, match="not a transformer"):
            trim_model(tiny_models["static"], tmp_path / "out", texts=texts(), pieces=50)

    def test_a_folder_that_says_no_pooling(self, tiny_models, tmp_path):
        with pytest.raises(ModelError, match="pools"):
            trim_model(tiny_models["plain"], tmp_path / "out", texts=texts(), pieces=50)

    def test_a_tokenizer_of_another_kind(self, tmp_path):
        words = {piece: place for place, piece in enumerate([*ROLES.values(), "비가", "온다"])}
        other = Tokenizer(models.WordLevel(words, unk_token=UNK))
        save_plain(tmp_path / "source", other)
        with pytest.raises(ModelError, match="cannot be cut") as refusal:
            trim_model(
                tmp_path / "source", tmp_path / "out", texts=texts(), pieces=6, pooling="mean"
            )
        assert "WordPiece" in refusal.value.fix

    def test_more_pieces_than_rows(self, tmp_path):
        save_plain(tmp_path / "source", bert_words(), rows=100)
        with pytest.raises(ModelError, match="does not belong") as refusal:
            trim_model(
                tmp_path / "source", tmp_path / "out", texts=texts(), pieces=60, pooling="mean"
            )
        assert "100 embeddings" in refusal.value.found

    def test_nothing_to_cut(self, tiny_models, tmp_path):
        pieces = size_of(tiny_models["mean"])
        with pytest.raises(InputError, match="nothing to be gained"):
            trim_model(tiny_models["mean"], tmp_path / "out", texts=texts(), pieces=pieces)

    def test_no_text_and_one_pair(self, tiny_models, own_pairs, tmp_path):
        with pytest.raises(InputError, match="at least 10 sentences"):
            trim_model(tiny_models["mean"], tmp_path / "out", texts=[], pieces=50)
        with pytest.raises(InputError, match="2 scored pairs"):
            trim_model(
                tiny_models["mean"],
                tmp_path / "out",
                texts=texts(),
                pieces=50,
                pairs=own_pairs[:1],
            )

    def test_a_taken_folder(self, tiny_models, tmp_path):
        (tmp_path / "일기.txt").write_text("소중한 글", "utf-8")
        asked = {"texts": texts(), "pieces": 50}
        with pytest.raises(InputError, match="exists already"):
            trim_model(tiny_models["mean"], tmp_path, **asked)
        with pytest.raises(InputError, match="not overwritten"):
            trim_model(tiny_models["mean"], tmp_path, overwrite=True, **asked)

    def test_the_source_is_not_overwritten(self, tiny_models, tmp_path):
        source = tmp_path / "source"
        shutil.copytree(tiny_models["mean"], source)
        with pytest.raises(InputError, match="holds the model"):
            trim_model(source, source, texts=texts(), pieces=50, overwrite=True)


class TestCommand:
    @pytest.fixture
    def files(self, own_pairs, tmp_path):
        (tmp_path / "글.txt").write_text("\n".join(texts()), "utf-8")
        rows = "".join(f"{p.sentence1}\t{p.sentence2}\t{p.score}\n" for p in own_pairs)
        (tmp_path / "쌍.tsv").write_text("sentence1\tsentence2\tscore\n" + rows, "utf-8")
        return tmp_path

    def arguments(self, model, files, *more, pieces, text="글.txt"):
        given = ["trim", str(model), "--text", str(files / text), "--pieces", str(pieces)]
        pairs = ["--pairs", str(files / "쌍.tsv")]
        return [*given, *pairs, "--out", str(files / "out"), *more]

    def test_json(self, tiny_models, files, capsys):
        pieces = size_of(tiny_models["mean"]) - 5
        loose = ["--min-cosine", "-1", "--max-drop", "200"]
        assert main(self.arguments(tiny_models["mean"], files, *loose, pieces=pieces)) == 0
        record = json.loads(capsys.readouterr().out)
        assert record["after"]["pieces"] == pieces
        assert record["pairs"] == 12
        assert record["counted"] == 38
        assert munjang.load(record["out"]).dim == 32

    def test_a_column_of_a_table(self, tiny_models, files, capsys):
        table = "번호,글\n" + "".join(f'{n},"{text}"\n' for n, text in enumerate(texts()))
        (files / "글.csv").write_text(table, "utf-8")
        pieces = size_of(tiny_models["mean"]) - 5
        more = ["--column", "글", "--min-cosine", "-1", "--max-drop", "200"]
        arguments = self.arguments(tiny_models["mean"], files, *more, pieces=pieces, text="글.csv")
        assert main(arguments) == 0
        assert json.loads(capsys.readouterr().out)["counted"] == 38

    def test_the_gate_is_exit_3(self, tiny_models, files, capsys):
        pieces = size_of(tiny_models["mean"]) - 5
        strict = ["--min-cosine", "1.01"]
        assert main(self.arguments(tiny_models["mean"], files, *strict, pieces=pieces)) == 3
        assert "not written" in capsys.readouterr().err
        assert not (files / "out").exists()

    def test_the_user_s_mistake_is_exit_2(self, tiny_models, files, capsys):
        assert main(self.arguments(tiny_models["mean"], files, pieces=400)) == 2
        assert "nothing to be gained" in capsys.readouterr().err

    def test_a_table_on_a_terminal(self, tiny_models, files, capsys, monkeypatch):
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        pieces = size_of(tiny_models["mean"]) - 5
        loose = ["--min-cosine", "-1", "--max-drop", "200"]
        assert main(self.arguments(tiny_models["mean"], files, *loose, pieces=pieces)) == 0
        shown = capsys.readouterr().out
        assert "before" in shown
        assert "mean_cosine" in shown

    def test_without_pairs_and_without_korsts(self, tiny_models, files, capsys, monkeypatch):
        monkeypatch.delenv("MUNJANG_DATA", raising=False)
        monkeypatch.setenv("MUNJANG_CACHE", str(files / "cache"))
        monkeypatch.setenv("MUNJANG_OFFLINE", "1")
        pieces = size_of(tiny_models["mean"]) - 5
        arguments = self.arguments(tiny_models["mean"], files, "--min-cosine", "-1", pieces=pieces)
        place = arguments.index("--pairs")
        assert main(arguments[:place] + arguments[place + 2 :]) == 0
        said = capsys.readouterr()
        assert "vectors alone" in said.err
        assert json.loads(said.out)["before"]["spearman"] is None
