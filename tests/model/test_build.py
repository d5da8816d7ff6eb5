"""Backbones of the field, tiny and random: built, trained a step, saved, loaded by others."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import munjang
from munjang.errors import InputError, ModelError, NetworkError
from munjang.model.build import (
    POOLINGS,
    add_lora,
    build_encoder,
    keep_layers,
    merge_lora,
)

pytest.importorskip("sentence_transformers", reason="needs the extra train")

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize
from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    BartConfig,
    BartModel,
    BertConfig,
    BertModel,
    BertTokenizer,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    T5Config,
    T5EncoderModel,
    T5Model,
)

RAGGED = [
    "비가 오는 날에는 집에서 차를 마신다.",
    "",
    "고양이",
    "버스가 늦어서 회의에 10분 늦었다! " * 3,
    "Hello KOREA 뷁 😀",
    "어제도 그랬는데? " * 40,
]
LETTERS = sorted(set("".join(RAGGED)) - {" "})
SIZES = {
    "hidden_size": 32,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}


def save(folder, seed, backbone, tokenizer=None):
    """Saves a random model that `backbone` makes, and a tokenizer."""
    torch.manual_seed(seed)
    model = backbone()
    for weight in model.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.2)  # apart enough for vectors to tell sentences
    model.save_pretrained(folder)
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def bases(tmp_path_factory, train_sentencepiece):
    """Plain folders of the backbones that need care, to be read only."""
    root = tmp_path_factory.mktemp("bases")
    vocabulary = ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]
    vocabulary += [*LETTERS, *(f"##{letter}" for letter in LETTERS)]
    wordpiece = BertTokenizer(vocab={token: n for n, token in enumerate(vocabulary)})
    for types in (1, 2):
        config = RobertaConfig(
            **SIZES,
            vocab_size=len(vocabulary),
            num_hidden_layers=5,
            max_position_embeddings=66,
            type_vocab_size=types,
            pad_token_id=1,
            bos_token_id=0,
            eos_token_id=2,
        )
        save(root / f"klue-{types}", 1, lambda config=config: RobertaModel(config), wordpiece)

    config = BertConfig(
        **SIZES, vocab_size=300, num_hidden_layers=2, max_position_embeddings=64, pad_token_id=0
    )
    kobert = save(root / "kobert", 2, lambda: BertModel(config))
    (kobert / "spiece.model").write_bytes(train_sentencepiece())

    special = ["<s>", "</s>", "<usr>", "<pad>", "<sys>", "<unk>", "<mask>"]
    scores = [(token, 0.0) for token in special] + [(letter, -3.0) for letter in ["▁", *LETTERS]]
    unigram = Tokenizer(models.Unigram(scores, unk_id=5))
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    roles = {"bos": "<s>", "eos": "</s>", "pad": "<pad>", "unk": "<unk>", "mask": "<mask>"}
    kobart_tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=unigram, **{f"{role}_token": token for role, token in roles.items()}
    )
    config = BartConfig(
        vocab_size=len(scores),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        max_position_embeddings=64,
        dropout=0.0,
        bos_token_id=1,
        eos_token_id=1,
        decoder_start_token_id=1,
        pad_token_id=3,
    )
    save(root / "kobart", 3, lambda: BartModel(config), kobart_tokenizer)

    config = T5Config(
        vocab_size=300,
        d_model=32,
        d_kv=8,
        d_ff=48,
        num_layers=3,
        num_heads=4,
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu",
        n_positions=64,
        decoder_start_token_id=0,
    )
    t5 = save(root / "ke-t5", 4, lambda: T5Model(config))
    (t5 / "spiece.model").write_bytes(
        train_sentencepiece(special={"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1})
    )
    return {path.name: path for path in root.iterdir()}


BACKBONES = [
    ("klue-1", "cls"),
    ("klue-2", "mean"),
    ("kobert", "mean"),
    ("kobart", "mean"),
    ("kobart", "lasttoken"),
    ("kobart", "encoder-mean"),
    ("ke-t5", "mean"),
    ("ke-t5", "lasttoken"),
]


def encode(model, texts, **options):
    return model.encode(texts, convert_to_numpy=True, show_progress_bar=False, **options)


@pytest.mark.parametrize(("name", "pooling"), BACKBONES)
class TestBackbones:
    def test_padding_does_not_change_vectors(self, bases, name, pooling):
        model = build_encoder(bases[name], pooling=pooling, device="cpu")
        together = encode(model, RAGGED, batch_size=len(RAGGED))
        alone = np.concatenate([encode(model, [text], batch_size=1) for text in RAGGED])
        assert together.dtype == np.float32
        assert np.isfinite(together).all()
        assert np.abs(together - alone).max() < 1e-5
        assert np.abs(together[0] - together[3]).max() > 0.05

    def test_it_trains(self, bases, name, pooling):
        model = build_encoder(bases[name], pooling=pooling, device="cpu")
        assert {weight.dtype for weight in model.parameters()} == {torch.float32}
        model.train()
        features = model.preprocess(RAGGED)
        out = model(dict(features))["sentence_embedding"]
        (1 - torch.cosine_similarity(out[:-1], out[1:])).sum().backward()
        without = [n for n, w in model.named_parameters() if w.requires_grad and w.grad is None]
        assert without == []
        with torch.no_grad():
            for weight in model.parameters():
                if weight.requires_grad:
                    weight -= 0.01 * weight.grad
        after = model(dict(features))["sentence_embedding"]
        assert float((after - out).abs().max().detach()) > 1e-4

    def test_what_is_saved_gives_the_same_vectors_anywhere(self, bases, name, pooling, tmp_path):
        model = build_encoder(
            bases[name], pooling=pooling, normalize=True, prompt="문장: ", device="cpu"
        )
        expected = encode(model, RAGGED)
        assert np.abs(np.linalg.norm(expected, axis=1) - 1).max() < 1e-5
        model.save_pretrained(str(tmp_path / "kept"), create_model_card=False)
        kinds = json.loads((tmp_path / "kept" / "modules.json").read_text())
        assert all(kind["type"].startswith("sentence_transformers.") for kind in kinds)
        assert (tmp_path / "kept" / "tokenizer.json").is_file()
        theirs = SentenceTransformer(str(tmp_path / "kept"), device="cpu", local_files_only=True)
        assert np.abs(encode(theirs, RAGGED) - expected).max() < 1e-5
        assert theirs.max_seq_length == 64
        ours = munjang.load(tmp_path / "kept", device="cpu")
        assert (ours.prompt, ours.max_tokens) == ("문장: ", 64)
        with pytest.warns(munjang.errors.MunjangWarning):
            found = ours.encode(RAGGED, normalize=False)
        assert np.abs(found - expected).max() < 1e-5
        again = build_encoder(tmp_path / "kept", device="cpu")
        assert np.abs(encode(again, RAGGED) - expected).max() < 1e-5

    def test_building_twice_gives_the_same_weights(self, bases, name, pooling):
        state = torch.get_rng_state()
        first = build_encoder(bases[name], pooling=pooling, device="cpu").state_dict()
        second = build_encoder(bases[name], pooling=pooling, device="cpu").state_dict()
        assert first.keys() == second.keys()
        assert all(torch.equal(first[key], second[key]) for key in first)
        assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("name", "pooling"),
    [
        ("klue-1", "cls"),
        ("kobert", "mean"),
        ("kobart", "mean"),
        ("kobart", "encoder-mean"),
        ("ke-t5", "mean"),
    ],
)
class TestLora:
    def test_lora_trains_adapters_only_and_merges(self, bases, name, pooling):
        model = build_encoder(bases[name], pooling=pooling, device="cpu")
        keys, plain = list(model.state_dict()), encode(model, RAGGED)
        asked = [name for name, weight in model.named_parameters() if weight.requires_grad]
        lora = add_lora(model, 4)
        assert np.abs(encode(model, RAGGED) - plain).max() < 1e-6
        trained = {name: w for name, w in model.named_parameters() if w.requires_grad}
        assert trained
        assert all("lora_" in name for name in trained)
        model.train()
        model(model.preprocess(RAGGED))["sentence_embedding"].square().sum().backward()
        assert all(weight.grad is not None for weight in trained.values())
        torch.manual_seed(5)
        with torch.no_grad():
            for weight in trained.values():
                weight.normal_(std=0.1)
        model.eval()
        adapted = encode(model, RAGGED)
        assert np.abs(adapted - plain).max() > 0.01
        merge_lora(lora)
        assert list(model.state_dict()) == keys
        assert not hasattr(model.transformers_model, "peft_config")
        assert np.abs(encode(model, RAGGED) - adapted).max() < 1e-5
        assert [n for n, weight in model.named_parameters() if weight.requires_grad] == asked


class TestSpecialTokens:
    @pytest.mark.parametrize(
        ("name", "first", "last"),
        [("klue-1", "[CLS]", "[SEP]"), ("kobert", "[CLS]", "[SEP]"), ("kobart", "<s>", "</s>")],
    )
    def test_they_stand_at_both_ends(self, bases, name, first, last):
        tokenizer = build_encoder(bases[name], pooling="cls", device="cpu").tokenizer
        tokens = tokenizer.convert_ids_to_tokens(tokenizer("고양이")["input_ids"])
        assert (tokens[0], tokens[-1]) == (first, last)
        cut = tokenizer("고양이 " * 99, truncation=True)["input_ids"]
        assert (len(cut), tokenizer.convert_ids_to_tokens(cut[-1])) == (64, last)

    def test_a_t5_has_the_end_token_only(self, bases):
        model = build_encoder(bases["ke-t5"], pooling="mean", device="cpu")
        tokens = model.tokenizer.convert_ids_to_tokens(model.tokenizer("고양이")["input_ids"])
        assert tokens[0].startswith("▁")
        assert tokens.count("</s>") == 1
        assert tokens[-1] == "</s>"

    def test_kobert_pads_with_1_and_so_do_its_embeddings(self, bases):
        model = build_encoder(bases["kobert"], pooling="mean", device="cpu")
        backbone = model.transformers_model
        assert model.tokenizer.pad_token_id == backbone.config.pad_token_id == 1
        assert backbone.get_input_embeddings().padding_idx == 1
        assert int(model.preprocess(["고양이", RAGGED[0]])["input_ids"][0, -1]) == 1
        assert backbone.config._name_or_path == str(bases["kobert"])

    def test_kobert_by_monologgs_names(self, bases, tmp_path):
        for path in bases["kobert"].iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        (tmp_path / "spiece.model").rename(tmp_path / "tokenizer_78b3253a26.model")
        model = build_encoder(tmp_path, pooling="mean", device="cpu")
        expected = build_encoder(bases["kobert"], pooling="mean", device="cpu")
        assert np.array_equal(encode(model, RAGGED), encode(expected, RAGGED))


class TestStates:
    """Which states of an encoder-decoder are pooled, against the backbone itself."""

    def by_hand(self, model, text, states):
        features = model.preprocess([text])
        with torch.inference_mode():
            return states(features["input_ids"])[0].numpy()

    def test_bart_gives_its_decoders_states(self, bases):
        bart = BartModel.from_pretrained(bases["kobart"]).eval()

        def states(ids):
            shifted = torch.cat([torch.full((1, 1), 1), ids[:, :-1]], dim=1)
            return bart(input_ids=ids, decoder_input_ids=shifted).last_hidden_state

        for pooling, pick in (("mean", lambda s: s.mean(axis=0)), ("lasttoken", lambda s: s[-1])):
            model = build_encoder(bases["kobart"], pooling=pooling, device="cpu")
            found = encode(model, [RAGGED[0]])[0]
            assert np.abs(found - pick(self.by_hand(model, RAGGED[0], states))).max() < 1e-5

    def test_encoder_mean_is_the_encoders(self, bases):
        bart = BartModel.from_pretrained(bases["kobart"]).eval()
        model = build_encoder(bases["kobart"], pooling="encoder-mean", device="cpu")
        states = self.by_hand(model, RAGGED[0], lambda ids: bart.encoder(ids).last_hidden_state)
        assert np.abs(encode(model, [RAGGED[0]])[0] - states.mean(axis=0)).max() < 1e-5
        assert len(model.transformers_model.decoder.layers) == 0

    def test_a_bart_without_decoder_keeps_none(self, bases, tmp_path):
        build_encoder(bases["kobart"], pooling="encoder-mean", device="cpu").save_pretrained(
            str(tmp_path), create_model_card=False
        )
        with pytest.raises(InputError, match="this BART has none left"):
            build_encoder(tmp_path, pooling="lasttoken", device="cpu")

    def test_t5_gives_its_encoders(self, bases):
        t5 = T5EncoderModel.from_pretrained(bases["ke-t5"]).eval()
        model = build_encoder(bases["ke-t5"], pooling="mean", device="cpu")
        states = self.by_hand(model, RAGGED[0], lambda ids: t5(ids).last_hidden_state)
        assert np.abs(encode(model, [RAGGED[0]])[0] - states.mean(axis=0)).max() < 1e-5

    @pytest.mark.parametrize("name", ["klue-1", "ke-t5"])
    def test_encoder_mean_is_for_a_bart(self, bases, name):
        with pytest.raises(InputError, match="encoder-mean is for a BART"):
            build_encoder(bases[name], pooling="encoder-mean", device="cpu")


class TestLayers:
    @pytest.mark.parametrize(
        ("layers", "kept"), [(1, [0]), (2, [0, 4]), (3, [0, 2, 4]), (4, [0, 1, 3, 4])]
    )
    def test_they_are_evenly_spread(self, bases, layers, kept, tmp_path):
        whole = build_encoder(bases["klue-1"], pooling="mean", device="cpu")
        model = build_encoder(bases["klue-1"], pooling="mean", layers=layers, device="cpu")
        for place, source in enumerate(kept):
            found = model.transformers_model.encoder.layer[place].state_dict()
            expected = whole.transformers_model.encoder.layer[source].state_dict()
            assert all(torch.equal(found[key], expected[key]) for key in expected)
        model.save_pretrained(str(tmp_path), create_model_card=False)
        theirs = SentenceTransformer(str(tmp_path), device="cpu", local_files_only=True)
        assert theirs.transformers_model.config.num_hidden_layers == layers
        assert np.abs(encode(theirs, RAGGED) - encode(model, RAGGED)).max() < 1e-5

    def test_of_a_t5(self, bases, tmp_path):
        model = build_encoder(bases["ke-t5"], pooling="mean", layers=2, device="cpu")
        assert len(model.transformers_model.encoder.block) == 2
        model.save_pretrained(str(tmp_path), create_model_card=False)
        theirs = SentenceTransformer(str(tmp_path), device="cpu", local_files_only=True)
        assert np.abs(encode(theirs, RAGGED) - encode(model, RAGGED)).max() < 1e-5

    @pytest.mark.parametrize("layers", [0, -1, 6])
    def test_out_of_range(self, bases, layers):
        with pytest.raises(InputError, match="layers is out of range") as raised:
            build_encoder(bases["klue-1"], pooling="mean", layers=layers, device="cpu")
        assert "1 to 5" in str(raised.value)

    def test_of_another_architecture(self, bases):
        model = build_encoder(bases["kobart"], pooling="mean", device="cpu")
        with pytest.raises(InputError, match="layers can be left out of"):
            keep_layers(model, 1)


class TestPooling:
    def test_what_modules_json_says(self, tiny_models):
        for name in ("mean", "cls", "mean-normalize", "cls-normalize"):
            model = build_encoder(tiny_models[name], device="cpu")
            theirs = SentenceTransformer(str(tiny_models[name]), device="cpu")
            assert np.abs(encode(model, RAGGED) - encode(theirs, RAGGED)).max() < 1e-6

    @pytest.mark.parametrize("name", ["mean", "mean-normalize", "plain"])
    @pytest.mark.parametrize("pooling", ["cls", "lasttoken", "max"])
    @pytest.mark.parametrize("normalize", [None, True, False])
    def test_an_explicit_one_replaces_it(self, tiny_models, name, pooling, normalize):
        model = build_encoder(tiny_models[name], pooling=pooling, normalize=normalize, device="cpu")
        assert model[1].pooling_mode == pooling
        ends = name == "mean-normalize" if normalize is None else normalize
        assert [type(module) for module in model][2:] == [Normalize] * ends
        theirs = SentenceTransformer(
            modules=[Transformer(str(tiny_models["plain"])), Pooling(32, pooling)], device="cpu"
        )
        expected = encode(theirs, RAGGED, normalize_embeddings=ends)
        assert np.abs(encode(model, RAGGED) - expected).max() < 1e-5

    def test_a_dense_layer_stays_unless_the_pooling_changes(self, tiny_models, tmp_path):
        backbone = Transformer(str(tiny_models["plain"]))
        source = SentenceTransformer(
            modules=[backbone, Pooling(32, "mean"), Dense(32, 16), Normalize()], device="cpu"
        )
        source.save(str(tmp_path), create_model_card=False)
        kinds = [Transformer, Pooling, Dense, Normalize]
        same = build_encoder(tmp_path, pooling="mean", device="cpu")
        assert [type(module) for module in same] == kinds
        assert np.abs(encode(same, RAGGED) - encode(source, RAGGED)).max() < 1e-6
        bare = build_encoder(tmp_path, normalize=False, device="cpu")
        assert [type(module) for module in bare] == kinds[:3]
        other = build_encoder(tmp_path, pooling="cls", device="cpu")
        assert [type(module) for module in other] == [Transformer, Pooling, Normalize]

    def test_what_the_zoo_says(self, tiny_models, tmp_path):
        known = {
            "BM-K/KoSimCSE-roberta": ("cls", False, None),
            "intfloat/multilingual-e5-small": ("mean", True, "query: "),
        }
        for name, (pooling, normalize, prompt) in known.items():
            folder = tmp_path / name
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.symlink_to(tiny_models["plain"])
            model = build_encoder(folder, device="cpu")
            assert model[1].pooling_mode == pooling
            assert isinstance(model[-1], Normalize) == normalize
            assert model.prompts.get(model.default_prompt_name) == prompt

    def test_nobody_says(self, tiny_models):
        with pytest.raises(ModelError, match="does not say how it pools") as raised:
            build_encoder(tiny_models["plain"], device="cpu")
        assert all(pooling in str(raised.value) for pooling in POOLINGS)

    def test_unknown(self, tiny_models):
        with pytest.raises(InputError, match="unknown pooling 'maen'") as raised:
            build_encoder(tiny_models["plain"], pooling="maen")
        assert "did you mean 'mean'?" in str(raised.value)


class TestPrompt:
    def test_an_own_one_stays_or_is_replaced_or_goes(self, tiny_models, tmp_path):
        first = build_encoder(tiny_models["mean"], prompt="query: ", device="cpu")
        first.save_pretrained(str(tmp_path / "first"), create_model_card=False)
        for asked, expected in ((None, "query: "), ("질문: ", "질문: "), ("", "")):
            model = build_encoder(tmp_path / "first", prompt=asked, device="cpu")
            out = tmp_path / f"second {asked}".strip().replace(":", "")
            model.save_pretrained(str(out), create_model_card=False)
            plain = build_encoder(tiny_models["mean"], device="cpu")
            wanted = encode(plain, [expected + text for text in RAGGED])
            theirs = SentenceTransformer(str(out), device="cpu", local_files_only=True)
            assert np.abs(encode(theirs, RAGGED) - wanted).max() < 1e-5
            assert munjang.load(out, device="cpu").prompt == expected


class TestLimit:
    def test_no_more_tokens_than_positions(self, bases):
        for name in ("klue-1", "kobert", "kobart", "ke-t5"):
            model = build_encoder(bases[name], pooling="mean", device="cpu")
            assert model.max_seq_length == 64
            assert np.isfinite(encode(model, ["아주 " * 500])).all()

    def test_a_t5_that_names_no_limit(self, bases, tmp_path):
        model = build_encoder(bases["ke-t5"], pooling="mean", device="cpu")
        model.save_pretrained(str(tmp_path), create_model_card=False)
        said = json.loads((tmp_path / "tokenizer_config.json").read_text())
        del said["model_max_length"]
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(said))
        assert build_encoder(tmp_path, device="cpu").max_seq_length == 64
        assert munjang.load(tmp_path, device="cpu").max_tokens == 64

    def test_a_folder_that_says_less_is_believed(self, tiny_models, tmp_path):
        source = SentenceTransformer(str(tiny_models["mean"]), device="cpu")
        source.max_seq_length = 20
        source.save(str(tmp_path), create_model_card=False)
        assert build_encoder(tmp_path, device="cpu").max_seq_length == 20


class TestRefused:
    def test_an_exported_model(self):
        with pytest.raises(ModelError, match="is an exported model"):
            build_encoder("default")

    @pytest.mark.parametrize("place", ["kobert", "klue-1"])
    def test_a_folder_without_weights(self, bases, tmp_path, place):
        for path in bases[place].iterdir():
            if path.suffix != ".safetensors":
                (tmp_path / path.name).write_bytes(path.read_bytes())
        with pytest.raises(ModelError, match=r"model\.safetensors is missing") as raised:
            build_encoder(tmp_path, pooling="mean")
        assert str(tmp_path) in str(raised.value)

    def test_broken_weights_are_named_where_the_user_has_them(self, bases, tmp_path):
        for path in bases["kobert"].iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        (tmp_path / "model.safetensors").write_bytes(b"\x00" * 50)
        with pytest.raises(ModelError, match="cannot be read as a model") as raised:
            build_encoder(tmp_path, pooling="mean", device="cpu")
        assert str(tmp_path) in str(raised.value)

    def test_pickled_weights_unless_allowed(self, bases, tmp_path):
        for path in bases["kobert"].iterdir():
            if path.suffix != ".safetensors":
                (tmp_path / path.name).write_bytes(path.read_bytes())
        weights = BertModel.from_pretrained(bases["kobert"]).state_dict()
        torch.save(weights, tmp_path / "pytorch_model.bin")
        with pytest.raises(ModelError, match="only as a pickle"):
            build_encoder(tmp_path, pooling="mean")
        model = build_encoder(tmp_path, pooling="mean", device="cpu", allow_pickle=True)
        expected = build_encoder(bases["kobert"], pooling="mean", device="cpu")
        assert np.abs(encode(model, RAGGED) - encode(expected, RAGGED)).max() < 1e-6

    def test_a_hub_model_without_network(self, monkeypatch, tmp_path):
        import huggingface_hub
        from huggingface_hub.errors import LocalEntryNotFoundError

        def fail(*_, **__):
            raise LocalEntryNotFoundError("no network")

        monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
        with pytest.raises(NetworkError, match="the hub cannot be reached"):
            build_encoder("klue/roberta-base", pooling="cls")

    def test_neither_a_folder_nor_a_hub_id(self):
        with pytest.raises(ModelError, match="no model at"):
            build_encoder("./없는-폴더", pooling="mean")

    def test_a_model_without_a_transformer(self, tiny_models):
        with pytest.raises(ModelError, match="is not a transformer"):
            build_encoder(tiny_models["static"], device="cpu")

    def test_a_bart_whose_tokenizer_names_no_end(self, bases, tmp_path):
        for path in bases["kobart"].iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        config = json.loads((tmp_path / "tokenizer_config.json").read_text())
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(config | {"eos_token": None}))
        with pytest.raises(ModelError, match="names no start or no end token"):
            build_encoder(tmp_path, pooling="mean", device="cpu")

    def test_a_rank_below_1(self, tiny_models):
        model = build_encoder(tiny_models["mean"], device="cpu")
        with pytest.raises(InputError, match="must be at least 1"):
            add_lora(model, 0)

    def test_lora_without_linear_layers(self, tiny_models):
        model = build_encoder(tiny_models["mean"], device="cpu")
        model.requires_grad_(False)
        with pytest.raises(InputError, match="LoRA needs a backbone with linear layers"):
            add_lora(model, 4)


def test_weights_of_another_architecture_are_refused(tiny_models, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "others"
    shutil.copytree(tiny_models["plain"], folder)
    weights = load_file(folder / "model.safetensors")
    others = {f"decoder.{name}.other": weight for name, weight in weights.items()}
    save_file(others, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"are not those of a BertModel\nfound: 0 of its"):
        build_encoder(folder, pooling="mean")
