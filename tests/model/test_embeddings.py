"""Rows of embeddings and heads: cut where they are, and named in the config as they become."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")
from transformers import (  # noqa: E402
    BartConfig,
    BartModel,
    BertConfig,
    BertForMaskedLM,
    BertModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from munjang.errors import ModelError  # noqa: E402
from munjang.model.build import build_encoder  # noqa: E402
from munjang.model.embeddings import (  # noqa: E402
    count_rows,
    cut_embeddings,
    named_ids,
    stored_dtype,
    weigh,
)

SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
KEPT = [1, 2, 5, 30, 31]


@pytest.fixture(params=[True, False], ids=["tied", "untied"])
def with_head(request):
    torch.manual_seed(1)
    config = BertConfig(vocab_size=32, **SIZES, pad_token_id=5, tie_word_embeddings=request.param)
    made = BertForMaskedLM(config).eval()
    with torch.no_grad():
        made.get_output_embeddings().bias.copy_(torch.arange(32.0))
    return made


def test_embeddings_and_head_give_what_they_gave(with_head):
    assert count_rows(with_head) == 32
    old = torch.tensor([[1, 30, 5, 31]])
    new = torch.tensor([[0, 3, 2, 4]])
    tied = with_head.config.tie_word_embeddings
    with torch.no_grad():
        before = with_head(old).logits[..., KEPT]
        cut_embeddings(with_head, KEPT)
        after = with_head(new).logits
    torch.testing.assert_close(after, before)
    table, head = with_head.get_input_embeddings(), with_head.get_output_embeddings()
    assert (table.num_embeddings, table.padding_idx, head.out_features) == (5, 2, 5)
    assert (table.weight is head.weight) is tied
    assert (with_head.config.vocab_size, with_head.config.pad_token_id) == (5, 2)


def test_a_saved_model_is_the_same_one(with_head, tmp_path):
    cut_embeddings(with_head, KEPT)
    with_head.save_pretrained(tmp_path)
    again = BertForMaskedLM.from_pretrained(tmp_path).eval()
    new = torch.tensor([[0, 3, 2, 4]])
    with torch.no_grad():
        torch.testing.assert_close(again(new).logits, with_head(new).logits)


def test_an_encoder_decoder_shares_its_rows():
    config = BartConfig(
        vocab_size=40,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=32,
        pad_token_id=3,
        bos_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=1,
        forced_eos_token_id=1,
    )
    model = BartModel(config).eval()
    assert named_ids(model) == {0, 1, 3}
    kept = [0, 1, 3, 20, 39]
    with torch.no_grad():
        before = model(torch.tensor([[0, 20, 39, 1]])).last_hidden_state
        cut_embeddings(model, kept)
        after = model(torch.tensor([[0, 3, 4, 1]])).last_hidden_state
    torch.testing.assert_close(after, before)
    assert model.encoder.embed_tokens.weight is model.decoder.embed_tokens.weight
    assert (model.config.pad_token_id, model.config.decoder_start_token_id) == (2, 1)


def test_lists_of_ids_and_missing_ones():
    config = BertConfig(vocab_size=32, **SIZES, pad_token_id=None, eos_token_id=[30, 2])
    model = BertModel(config)
    assert named_ids(model) == {30, 2}
    cut_embeddings(model, KEPT)
    assert (config.eos_token_id, config.pad_token_id) == ([3, 1], None)


def test_where_positions_begin_at_the_padding_its_id_stays():
    model = XLMRobertaModel(
        XLMRobertaConfig(vocab_size=32, **SIZES, pad_token_id=4, bos_token_id=0, eos_token_id=9)
    )
    assert named_ids(model) == {0, 1, 2, 3, 4, 9}


class TestPrecision:
    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
    def test_is_that_of_the_file(self, tmp_path, dtype):
        BertModel(BertConfig(vocab_size=32, **SIZES)).to(dtype).save_pretrained(tmp_path)
        assert stored_dtype(tmp_path) is dtype

    def test_of_a_pipeline_is_that_of_its_transformer(self, tiny_models):
        assert stored_dtype(tiny_models["mean"]) is torch.float32

    def test_without_safetensors_it_is_float32(self, tmp_path):
        assert stored_dtype(tmp_path) is torch.float32

    def test_a_damaged_file(self, tmp_path):
        (tmp_path / "model.safetensors").write_bytes(b"kaput")
        with pytest.raises(ModelError, match="cannot be read"):
            stored_dtype(tmp_path)

    def test_weight(self, tiny_models):
        model = build_encoder(tiny_models["mean"], device="cpu")
        parameters, megabytes = weigh(model, torch.float16)
        assert parameters == sum(weight.numel() for weight in model.parameters())
        assert megabytes == pytest.approx(parameters * 2 / 1e6)
