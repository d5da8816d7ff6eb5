"""A tokenizer's vocabulary: what it is made of, and the same tokenizer with fewer pieces.

All is done on the tokenizers library's JSON, so normaliser, pre-tokenizer, post-processor and
decoder stay as they are. A text whose pieces are all kept is cut as before:

| kind | why |
|---|---|
| Unigram (SentencePiece; XLM-R, E5, BGE-M3, KoBERT) | the likeliest way to cut it is still |
| | there, and no other became likelier: the least score, by which unknown characters are |
| | scored, is kept too |
| WordPiece (BERT, ELECTRA) | the longest piece is still the longest |
| BPE with merges, of bytes or of characters (ModernBERT, Qwen, Llama) | a piece is kept with |
| | all that its merges pass through, so that the same merges are made in the same order |
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from munjang.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tokenizers import Tokenizer

KINDS = ("Unigram", "WordPiece", "BPE")
"""The kinds of vocabulary that can be cut."""

_PRINTED = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
BYTES: Mapping[str, int] = {chr(byte): byte for byte in _PRINTED} | {
    chr(256 + place): byte for place, byte in enumerate(sorted(set(range(256)) - set(_PRINTED)))
}
"""What stands for each byte in GPT-2's vocabulary and those after it: a printable character
for itself, the others follow from U+0100 on."""

_BYTE_PIECE = re.compile(r"<0x[0-9A-F]{2}>")
_SUPPORTED = "a model with a Unigram, a WordPiece or a merges-only BPE vocabulary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """A tokenizer, taken apart.

    Attributes:
        kind: One of `KINDS`.
        state: Its JSON.
        ids: The id of each piece, added tokens included.
        byte_level: Whether its characters stand for bytes, as in GPT-2.
        ranks: Of a BPE: the place of each merge, by its two parts.
    """

    kind: str
    state: Mapping[str, Any]
    ids: Mapping[str, int]
    byte_level: bool
    ranks: Mapping[tuple[str, str], int]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def unknown(self) -> int | None:
        """The id of the unknown piece, if there is one."""
        model = self.state["model"]
        found = model.get("unk_id")
        return found if self.kind == "Unigram" else self.ids.get(model.get("unk_token"))

    def tokenizer(self) -> Tokenizer:
        """The tokenizer anew; it neither truncates nor pads."""
        from tokenizers import Tokenizer

        made = Tokenizer.from_str(json.dumps(self.state, ensure_ascii=False))
        made.no_truncation()
        made.no_padding()
        return made

    def fixed_ids(self) -> set[int]:
        """What no cut may lose: special and added tokens, and what stands for bytes.

        Of a Unigram also one piece of the least score, from which the library derives the
        score of unknown characters.
        """
        model = self.state["model"]
        fixed = {token["id"] for token in self.state["added_tokens"]}
        _renumber(self.state["post_processor"], _note_in(fixed))
        if self.state["padding"] is not None:
            fixed.add(self.state["padding"]["pad_id"])
        if self.unknown is not None:
            fixed.add(self.unknown)
        if self.byte_level:
            fixed |= {self.ids[byte] for byte in BYTES if byte in self.ids}
        if model.get("byte_fallback"):
            fixed |= {place for piece, place in self.ids.items() if _BYTE_PIECE.fullmatch(piece)}
        if self.kind == "Unigram":
            rows = model["vocab"]
            inside = (place for place in self.ids.values() if place < len(rows))
            fixed.add(min(inside, key=lambda place: (rows[place][1], place)))
        return fixed

    def passed_through(self, piece: str) -> set[int]:
        """The ids of all that a piece is made of on the way to it, itself included.

        That is the piece alone but for a BPE, where it takes the characters that it begins
        with and every merge of them.
        """
        found = {self.ids[piece]}
        if self.kind != "BPE":
            return found
        parts = list(piece)
        found |= {self.ids[part] for part in parts if part in self.ids}
        while len(parts) > 1:
            ranks = [self.ranks.get(pair, len(self.ranks)) for pair in pairwise(parts)]
            best = min(ranks)
            if best == len(self.ranks):
                break
            place = ranks.index(best)
            parts[place : place + 2] = ["".join(parts[place : place + 2])]
            found.add(self.ids[parts[place]])
        return found

    def spell(self, piece: str) -> str:
        """The text of a piece, without the mark that it goes on a word (WordPiece's ##).

        Example:
            >>> from tokenizers import Tokenizer, models
            >>> words = models.WordPiece({"[UNK]": 0, "##가": 1}, unk_token="[UNK]")
            >>> read_vocabulary(Tokenizer(words)).spell("##가")
            '가'
        """
        if self.kind == "WordPiece":
            return piece.removeprefix(self.state["model"]["continuing_subword_prefix"])
        if not self.byte_level or not all(character in BYTES for character in piece):
            return piece
        return bytes(BYTES[character] for character in piece).decode("utf-8", "replace")


def read_vocabulary(tokenizer: Tokenizer) -> Vocabulary:
    """Takes a tokenizer apart.

    Raises:
        ModelError: Its vocabulary is of a kind that cannot be cut.

    Example:
        >>> from tokenizers import Tokenizer, models
        >>> pieces = [("<unk>", 0.0), ("문장", -2.0), ("문", -3.0), ("장", -3.5)]
        >>> vocabulary = read_vocabulary(Tokenizer(models.Unigram(pieces, unk_id=0)))
        >>> vocabulary.kind, len(vocabulary), vocabulary.unknown, sorted(vocabulary.fixed_ids())
        ('Unigram', 4, 0, [0, 3])
    """
    state = json.loads(tokenizer.to_str())
    model = state["model"]
    kind = model["type"]
    if kind not in KINDS:
        raise ModelError(
            "a vocabulary of this kind cannot be cut", found=kind, fix=f"take {_SUPPORTED}"
        )
    for key in ("end_of_word_suffix", "continuing_subword_prefix"):
        if kind == "BPE" and model.get(key):
            raise ModelError(
                "a BPE vocabulary that marks where words end or go on cannot be cut",
                found=f"{key} {model[key]!r}",
                fix=f"take {_SUPPORTED}",
            )
    steps = json.dumps([state["normalizer"], state["pre_tokenizer"]])
    return Vocabulary(
        kind=kind,
        state=state,
        ids=tokenizer.get_vocab(with_added_tokens=True),
        byte_level='"ByteLevel"' in steps,
        ranks={(a, b): rank for rank, (a, b) in enumerate(model.get("merges", ()))},
    )


def order_kept(vocabulary: Vocabulary, kept: set[int]) -> list[int]:
    """The old ids in the order of the new ones: as before, with what was added behind.

    Args:
        vocabulary: What is cut.
        kept: The ids to keep; `Vocabulary.fixed_ids` are among them.

    Returns:
        The old id of each new one.
    """
    model = vocabulary.state["model"]["vocab"]
    inside = set(range(len(model))) if vocabulary.kind == "Unigram" else set(model.values())
    return sorted(kept, key=lambda place: (place not in inside, place))


def cut_tokenizer(vocabulary: Vocabulary, kept: Sequence[int]) -> Tokenizer:
    """Makes the same tokenizer with fewer pieces.

    Scores and the order of merges stay. Ids are renumbered, also in the post-processor, the
    added tokens and the padding.

    Args:
        vocabulary: What is cut.
        kept: What `order_kept` gives.

    Returns:
        The new tokenizer.

    Raises:
        ModelError: The tokenizers library makes something else of it.
    """
    from tokenizers import Tokenizer

    new = {old: place for place, old in enumerate(kept)}
    state = dict(vocabulary.state)
    state["model"] = _cut_model(vocabulary, new)
    state["added_tokens"] = [
        {**token, "id": new[token["id"]]}
        for token in sorted(state["added_tokens"], key=lambda token: new[token["id"]])
    ]
    state["post_processor"] = _renumber(state["post_processor"], new.__getitem__)
    if state["padding"] is not None:
        state["padding"] = {**state["padding"], "pad_id": new[state["padding"]["pad_id"]]}
    cut = Tokenizer.from_str(json.dumps(state, ensure_ascii=False))
    wanted = {piece: new[place] for piece, place in vocabulary.ids.items() if place in new}
    if cut.get_vocab(with_added_tokens=True) != wanted:
        raise ModelError(
            "the vocabulary cannot be cut: the tokenizers library numbers the pieces otherwise",
            found=f"{len(wanted):,} pieces, {cut.get_vocab_size():,} read back",
            fix="please report it, with the model's name",
        )
    return cut


def _cut_model(vocabulary: Vocabulary, new: Mapping[int, int]) -> dict[str, Any]:
    model = dict(vocabulary.state["model"])
    if vocabulary.kind == "Unigram":
        model["vocab"] = [row for place, row in enumerate(model["vocab"]) if place in new]
        model["unk_id"] = None if vocabulary.unknown is None else new[vocabulary.unknown]
        return model
    model["vocab"] = {piece: new[old] for piece, old in model["vocab"].items() if old in new}
    if vocabulary.kind == "BPE":
        pieces = model["vocab"]
        model["merges"] = [
            (a, b) for a, b in model["merges"] if a in pieces and b in pieces and a + b in pieces
        ]
    return model


def _renumber(processor: Any, give: Callable[[int], int]) -> Any:  # noqa: ANN401 - JSON
    """A post-processor with other ids; None stays None."""
    if processor is None:
        return None
    made = dict(processor)
    if "processors" in made:
        made["processors"] = [_renumber(each, give) for each in made["processors"]]
    if isinstance(made.get("special_tokens"), dict):
        made["special_tokens"] = {
            name: {**token, "ids": [give(place) for place in token["ids"]]}
            for name, token in made["special_tokens"].items()
        }
    for role in ("sep", "cls"):
        if role in made:
            made[role] = [made[role][0], give(made[role][1])]
    return made


def _note_in(found: set[int]) -> Callable[[int], int]:
    def note(place: int) -> int:
        found.add(place)
        return place

    return note
