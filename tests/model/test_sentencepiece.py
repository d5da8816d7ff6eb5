"""Model files of SentencePiece: read as SentencePiece reads them, refused where they are not."""

from __future__ import annotations

import pytest

from munjang.errors import ModelError
from munjang.model.sentencepiece import read_sentencepiece

spm = pytest.importorskip("sentencepiece", reason="needs the extra dev")


def test_pieces_scores_and_kinds_are_those_of_sentencepiece(kobert_file):
    ours = read_sentencepiece(kobert_file)
    theirs = spm.SentencePieceProcessor(model_file=str(kobert_file))
    ids = range(theirs.get_piece_size())
    assert ours.pieces == tuple(theirs.id_to_piece(i) for i in ids)
    assert ours.scores == tuple(theirs.get_score(i) for i in ids)
    special = {theirs.id_to_piece(i) for i in ids if theirs.is_control(i) or theirs.is_unknown(i)}
    assert ours.special == special == {"[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]"}
    assert ours.normalizer == "nmt_nfkc"
    assert ours.dummy_prefix
    assert ours.squeeze


def test_what_the_normalisation_is(train_sentencepiece, tmp_path):
    path = tmp_path / "spiece.model"
    path.write_bytes(
        train_sentencepiece(
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
        )
    )
    read = read_sentencepiece(path)
    assert (read.normalizer, read.charsmap) == ("identity", b"")
    assert not read.dummy_prefix
    assert not read.squeeze


@pytest.mark.parametrize("options", [{"model_type": "bpe"}, {"treat_whitespace_as_suffix": True}])
def test_other_kinds_of_models_are_refused(train_sentencepiece, tmp_path, options):
    path = tmp_path / "spiece.model"
    path.write_bytes(train_sentencepiece(**options))
    with pytest.raises(ModelError, match=r"spiece\.model is no Unigram model"):
        read_sentencepiece(path)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_file_that_is_cut_is_refused(kobert_file, tmp_path, share):
    whole = kobert_file.read_bytes()
    path = tmp_path / "spiece.model"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ModelError, match="cannot be read as a SentencePiece model"):
        read_sentencepiece(path)


@pytest.mark.parametrize(
    "content",
    [b"\x00\x01\x02", b"version https://git-lfs.github.com/spec/v1\n", b"{}", b"\x0a\x02"],
)
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "spiece.model"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read as a SentencePiece model"):
        read_sentencepiece(path)
