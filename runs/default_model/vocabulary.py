"""A Korean vocabulary for a model: Hangul pieces learnt from text, the most used of its others."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer, models
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.trainers import UnigramTrainer

from munjang.files import whole_folder
from munjang.model.build import build_encoder
from munjang.model.pieces import count_pieces
from munjang.train.record import write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    Pieces = Sequence[tuple[str, float]]

_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_LONGEST = 16
_TOKENIZER = "tokenizer.json"


def learn_pieces(model: Path, texts: Sequence[str], *, learnt: int, others: int) -> Pieces:
    """Makes a unigram vocabulary for Korean, each piece with its score.

    Single letters that the model has stay: no syllable becomes unknown.

    Args:
        model: A sentence-transformers folder with a unigram vocabulary.
        texts: Text to learn from.
        learnt: How many pieces to learn within the words of what has Hangul. The few without
            Hangul are not taken.
        others: How many of the model's own pieces without Hangul to keep: the most used of
            them, then the likeliest.
    """
    korean = sorted({text for text in texts if _HANGUL.search(text)})
    whole = Tokenizer.from_file(str(model / _TOKENIZER))
    own = json.loads(whole.to_str())
    found = dict(_learn(whole, korean, learnt))
    least = min(found.values()) - 1
    taken = {piece: least for piece, _ in _plain(own) if len(piece) == 1 and _has_hangul(piece)}
    taken |= {piece: score for piece, score in found.items() if _has_hangul(piece)}
    whole.no_truncation()
    counts = count_pieces(whole, texts, size=whole.get_vocab_size()).counts
    rest = [(piece, score) for piece, score in _plain(own) if not _has_hangul(piece)]
    rest.sort(key=lambda each: (-counts[whole.token_to_id(each[0])], -each[1]))
    return sorted((taken | dict(rest[:others])).items(), key=lambda each: -each[1])


def read_pieces(model: Path) -> Pieces:
    """The pieces of a model, each with its score; `graft` gives them to another."""
    return _plain(json.loads((model / _TOKENIZER).read_text("utf-8")))


def graft(model: Path, out: Path, pieces: Pieces) -> None:
    """Writes a model with other pieces, in float32.

    A new piece has the mean embedding of the old pieces that it was cut into, so the model is
    usable at once, and good after some training.

    Args:
        model: A sentence-transformers folder with a unigram vocabulary.
        out: The folder to write; it is replaced.
        pieces: What `learn_pieces` or `read_pieces` gives.
    """
    state = json.loads((model / _TOKENIZER).read_text("utf-8"))
    special = state["model"]["vocab"][: len(state["added_tokens"])]
    vocabulary = [*special, *map(list, pieces)]
    opened = build_encoder(model, device="cpu").float()
    backbone: Any = opened.transformers_model
    table = backbone.get_input_embeddings().weight.detach()
    rows = [table[places].mean(0) for places in _rows(state, [piece for piece, _ in vocabulary])]
    backbone.resize_token_embeddings(len(vocabulary), mean_resizing=False)
    with torch.no_grad():
        backbone.get_input_embeddings().weight.copy_(torch.stack(rows))
    with whole_folder(out) as work:
        opened.save_pretrained(str(work), create_model_card=False)
        state["model"]["vocab"] = vocabulary
        write_json(work / _TOKENIZER, state)


def _learn(tokenizer: Tokenizer, texts: Iterable[str], size: int) -> list[tuple[str, float]]:
    """Learns pieces within words, with the normaliser of a tokenizer."""
    learner = Tokenizer(models.Unigram())
    learner.normalizer = tokenizer.normalizer
    learner.pre_tokenizer = Metaspace(prepend_scheme="always", split=True)
    trainer = UnigramTrainer(
        vocab_size=size,
        unk_token="<unk>",  # noqa: S106 - a piece
        special_tokens=["<unk>"],
        max_piece_length=_LONGEST,
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    return [(piece, score) for piece, score in json.loads(learner.to_str())["model"]["vocab"]]


def _plain(state: Mapping[str, Any]) -> list[tuple[str, float]]:
    """A tokenizer's pieces that are not special."""
    return [(p, s) for p, s in state["model"]["vocab"][len(state["added_tokens"]) :]]


def _has_hangul(piece: str) -> bool:
    return _HANGUL.search(piece) is not None


def _rows(state: Mapping[str, Any], pieces: Iterable[str]) -> list[list[int]]:
    """The rows of a tokenizer's pieces that make up each of other pieces."""
    own = {piece: row for row, (piece, _) in enumerate(state["model"]["vocab"])}
    plain = {"normalizer": None, "pre_tokenizer": None, "post_processor": None}
    bare = Tokenizer.from_str(json.dumps({**state, **plain}))
    return [
        [own[piece]] if piece in own else bare.encode(piece, add_special_tokens=False).ids
        for piece in pieces
    ]
