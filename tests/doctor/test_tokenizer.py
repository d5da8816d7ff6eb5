"""Tokenizers that do not fit the weights beside them, or Korean."""

from __future__ import annotations

import json

import pytest
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from munjang.doctor.tokenizer import (
    examine_ids,
    examine_korean,
    examine_limits,
    examine_special_tokens,
    examine_tokenizer,
)
from munjang.doctor.vocabulary import read_vocabulary
from munjang.doctor.weights import read_tables
from munjang.encode.loading import DEFAULT_FOLDER

UNKNOWN, MASK = "[UNK]", "[MASK]"


def examine(folder):
    found = examine_tokenizer(folder, read_vocabulary(folder), read_tables(folder))
    return {finding.what: finding for finding in found}


def save_words(folder, *, normalizer=None, known="abc"):
    """A WordPiece tokenizer that knows some characters, at the start and inside of a word."""
    pieces = ["[UNK]", *known, *(f"##{sign}" for sign in known)]
    model = models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token=UNKNOWN)
    backend = Tokenizer(model)
    backend.normalizer = normalizer
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.save(str(folder / "tokenizer.json"))
    return read_vocabulary(folder)


def test_the_shipped_one_fits():
    found = examine(DEFAULT_FOLDER)
    assert {finding.level for finding in found.values()} == {"ok"}
    assert found["vocabulary"].values == {"tokens": 18_118, "largest_id": 18_117, "rows": 18_118}
    assert 1.5 < found["Korean"].values["tokens_per_word"] < 3
    assert found["positions"].values == {"declared": 512, "positions": 512}


def test_ids_beyond_the_table_are_a_problem(copy_model, tiny_models):
    folder = copy_model(tiny_models["cls"])
    backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
    backend.add_tokens([AddedToken(f"새말{n}") for n in range(500)])
    backend.save(str(folder / "tokenizer.json"))
    found = examine(folder)["vocabulary"]
    assert found.level == "problem"
    assert found.values["largest_id"] >= found.values["rows"] == 400
    assert "resize_token_embeddings" in found.fix


def test_a_much_smaller_vocabulary_is_another_models(tmp_path):
    vocabulary = save_words(tmp_path)  # 7 tokens
    assert examine_ids(vocabulary, 7).level == "ok"
    assert examine_ids(vocabulary, 8_000).level == "warning"
    assert examine_ids(vocabulary, 6).level == "problem"
    assert "not compared" in examine_ids(vocabulary, None).detail


def test_a_vocabulary_without_hangul_is_a_problem(tmp_path):
    found = examine_korean(save_words(tmp_path))
    assert found.level == "problem"
    assert found.values["unknown_share"] > 0.9
    assert "its vocabulary lacks" in found.fix
    assert "lacks . 다" in found.fix


def test_accents_stripped_off_hangul_are_a_problem(tmp_path):
    normalizer = normalizers.BertNormalizer(strip_accents=True)
    found = examine_korean(save_words(tmp_path, normalizer=normalizer, known="가나다라마바사"))
    assert found.level == "problem"
    assert found.values["decomposes"]
    assert "strip_accents" in found.fix


def test_a_tokenizer_of_jamo_is_only_told(tmp_path):
    jamo = "".join(map(chr, range(0x1100, 0x1200))) + ".,?0123456789"
    found = examine_korean(save_words(tmp_path, normalizer=normalizers.NFD(), known=jamo))
    assert (found.level, found.values["unknown_share"]) == ("note", 0)
    assert "apart into jamo" in found.detail


def test_special_tokens_that_are_missing(copy_model, rewrite, tiny_models):
    folder = copy_model(tiny_models["plain"])
    vocabulary = read_vocabulary(folder)
    assert examine_special_tokens(folder, vocabulary)[0].level == "ok"
    rewrite(folder / "tokenizer_config.json", mask_token=MASK)
    found = examine_special_tokens(folder, vocabulary)[0]
    assert (found.level, "[MASK] is not in" in found.detail) == ("warning", True)


def test_another_padding_than_the_weights(copy_model, rewrite, tiny_models):
    folder = copy_model(tiny_models["plain"])
    rewrite(folder / "config.json", pad_token_id=0)
    found = examine_special_tokens(folder, read_vocabulary(folder))[0]
    assert found.level == "warning"
    assert "<pad> is 1, but config.json has pad_token_id 0" in found.detail


def test_an_export_whose_padding_is_a_word(copy_model, rewrite):
    folder = copy_model(DEFAULT_FOLDER)
    rewrite(folder / "munjang.json", pad_id=900)
    found = examine_special_tokens(folder, read_vocabulary(folder))[0]
    assert (found.level, "padding is 900" in found.detail) == ("warning", True)


def test_a_bert_without_ends(copy_model, rewrite, tiny_models):
    folder = copy_model(tiny_models["plain"])
    rewrite(folder / "tokenizer.json", post_processor=None)
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    assert "post_processor" not in content
    found = examine_special_tokens(folder, read_vocabulary(folder))[0]
    assert (found.level, "no post-processor" in found.detail) == ("warning", True)


@pytest.mark.parametrize(
    ("name", "declared", "usable", "level"),
    [
        ("plain", 64, 64, "ok"),
        ("plain", 128, 64, "warning"),
        ("roberta", 64, 64, "ok"),  # 66 rows, of which it leaves out padding and one more
        ("roberta", 66, 64, "warning"),
    ],
)
def test_a_limit_beyond_the_positions(
    copy_model, rewrite, tiny_models, name, declared, usable, level
):
    folder = copy_model(tiny_models[name])
    rewrite(folder / "tokenizer_config.json", model_max_length=declared)
    found = examine_limits(folder, read_tables(folder).positions)[0]
    assert (found.level, found.values["positions"]) == (level, usable)


def test_an_export_that_declares_too_much_is_a_problem(copy_model, rewrite):
    folder = copy_model(DEFAULT_FOLDER)
    rewrite(folder / "munjang.json", max_tokens=1024)
    found = examine_limits(folder, 512)[0]
    assert (found.level, "munjang.json declares 1,024" in found.detail) == ("problem", True)


def test_no_limit_is_nothing_to_compare(copy_model, rewrite, tiny_models):
    folder = copy_model(tiny_models["plain"])
    rewrite(folder / "tokenizer_config.json", model_max_length=10**30)
    assert examine_limits(folder, 64) == []
    assert examine_limits(DEFAULT_FOLDER, None) == []
