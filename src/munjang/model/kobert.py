"""A fast tokenizer from a SentencePiece file alone: KoBERT's, and that of a bare T5.

Three implementations of KoBERT's tokenizer are about, and they do not agree. Ours gives
the ids of SentencePiece itself run on the whole sentence, as SKT published the model:
[CLS], the pieces, [SEP]. So, other than

- gluonnlp's BERTSPTokenizer (KoSentenceBERT-SKT, KoSimCSE-SKT), it does not split
  punctuation off first, nor give every fragment a ▁ of its own;
- monologg's KoBertTokenizer and SKT's kobert_hf, it keeps combining accents, does not turn
  `` and '' into ", and does not split the comma off pieces such as "10,".

It differs from SentencePiece in three things that Korean text hardly ever shows: where two
ways to cut a word score the same to the last bits of a float, the other may be taken;
several combining marks on one letter are ordered as Unicode says, and one behind a ▁ is
lost; a special token that is spelled out in a text is that token, as with every Hugging
Face tokenizer.

What is saved is an ordinary tokenizer.json: no code of ours, nothing patched.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from munjang.errors import MissingExtraError, ModelError
from munjang.model.sentencepiece import read_sentencepiece

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tokenizers import normalizers
    from transformers import PreTrainedTokenizerFast

    from munjang.model.sentencepiece import SentencePieceFile

_FILES = ("spiece.model", "sentencepiece.model", "tokenizer_*.model", "tokenizer.model")
_TOKENIZER_FILES = (
    "*.model",
    "vocab.txt",
    "config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
_ROLES: Mapping[str, Mapping[str, str]] = {
    "bert": {
        "unk_token": "[UNK]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    },
    "t5": {"unk_token": "<unk>", "pad_token": "<pad>", "eos_token": "</s>"},
}
"""The special pieces by architecture, as KoBERT's and T5's files name them."""

_TEMPLATES = {"bert": ("[CLS]", "$A", "[SEP]"), "t5": ("$A", "</s>")}

_SPACE = "▁"
_FINALS = "\u11a8-\u11c2ㄳㄵㄶㄺ-ㅀㅄ\uffa3\uffa5\uffa6\uffaa-\uffb0\uffb4"
"""Final consonants, and what NFKC makes one: that of 네ㄳ would join the syllable before it."""
_MARK = "\ufdd0"
"""A noncharacter, which no text holds."""


def make_tokenizer(model: SentencePieceFile, architecture: str) -> PreTrainedTokenizerFast:
    """Makes a fast tokenizer that gives SentencePiece's own ids, between special tokens.

    Args:
        model: What `read_sentencepiece` gives.
        architecture: "bert" for KoBERT's special pieces and `[CLS] A [SEP]`; "t5" for T5's
            and `A </s>`.

    Returns:
        The tokenizer; `save_pretrained` writes it as an ordinary tokenizer.json.

    Raises:
        ModelError: A special piece is missing.
        MissingExtraError: transformers is not installed.
    """
    try:
        from transformers import PreTrainedTokenizerFast
    except ImportError as error:
        raise MissingExtraError("building a tokenizer", "train") from error
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    roles = _ROLES[architecture]
    ids = {piece: number for number, piece in enumerate(model.pieces)}
    missing = [token for token in roles.values() if token not in ids]
    if missing:
        raise ModelError(
            f"the SentencePiece model lacks the special pieces of a {architecture} model",
            found=f"no {', '.join(missing)} among {len(ids):,} pieces",
            fix="give the folder a tokenizer.json",
        )
    vocabulary = list(zip(model.pieces, model.scores, strict=True))
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=ids[roles["unk_token"]]))
    tokenizer.normalizer = _make_normalizer(model)
    # Where no piece spans two words, words can be cut, and remembered, one by one.
    split = not any(_SPACE in piece[1:] for piece in model.pieces)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=split)
    tokenizer.decoder = decoders.Metaspace()
    special = {*model.special, *roles.values()}
    tokenizer.add_special_tokens(
        [AddedToken(piece, normalized=False) for piece in model.pieces if piece in special]
    )
    template = _TEMPLATES[architecture]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=" ".join(template),
        pair=" ".join([*template, "$B:1", f"{template[-1]}:1"]),
        special_tokens=[(token, ids[token]) for token in template if token in ids],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call] # transformers has it so
        tokenizer_object=tokenizer, **roles
    )


@contextmanager
def with_tokenizer(folder: Path) -> Iterator[Path]:
    """Completes a folder that has only a SentencePiece file for a tokenizer, for a while.

    That is a BERT (such as skt/kobert-base-v1 and monologg/kobert) or a T5 with spiece.model,
    tokenizer_*.model or the like and no tokenizer.json. Where vocab.txt lies beside the
    model, it gives the order of the ids, as in monologg's tokenizer. The padding id of the
    config becomes that of the vocabulary: KoBERT's is 1, and configs that say 0 mean the
    unknown piece.

    Args:
        folder: A plain transformers folder. It is only read.

    Yields:
        `folder` itself where it needs nothing; otherwise a temporary folder that has its
        weights, a tokenizer.json and a config.json.

    Raises:
        ModelError: The SentencePiece file cannot be used, or does not fit the model.
    """
    file = _find_file(folder)
    if file is None:
        yield folder
        return
    config = json.loads((folder / "config.json").read_text("utf-8"))
    model = read_sentencepiece(file)
    if (folder / "vocab.txt").is_file():
        model = _reorder(model, folder / "vocab.txt")
    if len(model.pieces) > config.get("vocab_size", len(model.pieces)):
        raise ModelError(
            f"{file} does not fit the model",
            found=f"{len(model.pieces):,} pieces for {config.get('vocab_size')} embeddings",
            fix="copy or download the folder again, whole",
        )
    tokenizer = make_tokenizer(model, _architecture(config))
    tokenizer.model_max_length = (
        config.get("max_position_embeddings") or config.get("n_positions") or 512
    )
    config["pad_token_id"] = tokenizer.pad_token_id
    for key in ("auto_map", "tokenizer_class"):  # they name code that comes with the folder
        config.pop(key, None)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        made = Path(scratch) / folder.name
        made.mkdir()
        for path in folder.iterdir():
            if path.is_file() and not any(path.match(pattern) for pattern in _TOKENIZER_FILES):
                _link(path, made / path.name)
        (made / "config.json").write_text(json.dumps(config), "utf-8")
        tokenizer.save_pretrained(made)
        try:
            yield made
        except ModelError as error:
            error.what = error.what.replace(str(made), str(folder))
            raise


def _find_file(folder: Path) -> Path | None:
    """The SentencePiece file of a folder that has no other tokenizer and can use it."""
    if (folder / "tokenizer.json").is_file() or not (folder / "config.json").is_file():
        return None
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except ValueError:
        return None
    if _architecture(config) not in _ROLES:
        return None
    return next((path for pattern in _FILES for path in sorted(folder.glob(pattern))), None)


def _architecture(config: Mapping[str, Any]) -> str:
    return str(config.get("model_type", "")).replace("mt5", "t5")


def _reorder(model: SentencePieceFile, vocab: Path) -> SentencePieceFile:
    order = [line.strip() for line in vocab.read_text("utf-8").split("\n") if line.strip()]
    scores = dict(zip(model.pieces, model.scores, strict=True))
    if len(order) != len(scores) or set(order) != scores.keys():
        raise ModelError(
            f"{vocab} and the SentencePiece model beside it have different pieces",
            found=f"{len(order):,} and {len(scores):,} pieces",
            fix="copy or download the folder again, whole",
        )
    return replace(model, pieces=tuple(order), scores=tuple(scores[piece] for piece in order))


def _make_normalizer(model: SentencePieceFile) -> normalizers.Sequence:
    from tokenizers import Regex, normalizers

    steps: list[normalizers.Normalizer] = []
    if model.charsmap:
        if "nfkc" in model.normalizer:
            # Precompiled looks at one character at a time, and so composes no jamo. NFKC
            # composes them as SentencePiece does, except across the place that is marked.
            steps += [
                normalizers.Replace(Regex(f"(?<=[가-힣])(?=[{_FINALS}])"), _MARK),
                normalizers.NFKC(),
                normalizers.Replace(_MARK, ""),
            ]
        steps.append(normalizers.Precompiled(model.charsmap))
    if model.squeeze:
        steps += [normalizers.Replace(Regex("^ +"), ""), normalizers.Replace(Regex(" {2,}"), " ")]
    steps.append(normalizers.Replace(" ", _SPACE))
    if model.squeeze:
        steps.append(normalizers.Replace(Regex(f"{_SPACE}+$"), ""))
    if model.dummy_prefix:
        steps.append(normalizers.Prepend(_SPACE))
    return normalizers.Sequence(steps)


def _link(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source.resolve())
    except OSError:  # a file system or an account that may not
        shutil.copyfile(source, target)
