"""Pairs of a sentence and its edited self: the data set that `train.robust` adds."""

from __future__ import annotations

import hashlib
import random
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from munjang.data.leaks import drop_leaks
from munjang.data.rows import Pair, Row, Sentence
from munjang.errors import InputError, MunjangWarning
from munjang.korean.morph import has_kiwi
from munjang.korean.normalize import to_nfc
from munjang.korean.perturb import EDITS, perturb
from munjang.progress import progress_bar
from munjang.train.recipe import DataPart
from munjang.train.recipecheck import CONTRASTS, EDITED
from munjang.train.record import installed
from munjang.train.sources import Source, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from munjang.train.recipe import Recipe

MOST_SENTENCES = 10_000
"""At most so many sentences are edited, and no more than the largest data set has rows."""

_KIWI = ("kiwipiepy", "kiwipiepy_model")


@dataclass(frozen=True, slots=True)
class EditedPairs:
    """Sentences with what an edit made of them.

    Attributes:
        pairs: The sentence as the anchor, its edited self as the positive.
        edits: How many pairs each edit made.
        unchanged: How many sentences no edit changed.
    """

    pairs: list[Pair]
    edits: Mapping[str, int]
    unchanged: int


def add_edited(
    recipe: Recipe,
    sources: Mapping[str, Source],
    held_out: Sequence[Row],
    *,
    processes: int = 1,
    progress: bool = False,
) -> tuple[Recipe, dict[str, Source]]:
    """Adds the data set that `train.robust` asks for to a recipe and its rows.

    Its rows are made of a sentence of each row that is trained on, drawn by the seed: only one,
    since the others may mean the same and would be its negatives. Equal sentences count once;
    those that stand in `held_out`, letters and digits compared, are left out, and so are pairs
    whose edited side does. Of the rest as many are drawn as the largest data set has rows,
    `MOST_SENTENCES` at most. Batch size, temperature and mini_batch are those of the
    recipe's first contrastive or dropout data set, or else of [train] and the defaults.

    Args:
        recipe: The recipe.
        sources: The rows of its data sets.
        held_out: What the run is chosen by and measured on.
        processes: A batch is no larger than the rows of each of so many processes.
        progress: Show a bar on stderr.

    Returns:
        Recipe and rows with the data set `EDITED` last; as they were if `train.robust` is 0.

    Raises:
        InputError: Fewer than 2 pairs can be made.
    """
    dose, seed = recipe.train.robust, recipe.train.seed
    if not dose:
        return recipe, dict(sources)
    texts = _one_a_row(sources.values(), seed)
    free = drop_leaks(
        [Sentence(text) for text in texts], held_out, by="sentence", letters_only=True
    )
    most = min(MOST_SENTENCES, max(len(source.rows) for source in sources.values()))
    drawn = _draw([row.text for row in free], most, seed)
    made = edit_sentences(drawn, dose=dose, seed=seed, edits=_usable_edits(), progress=progress)
    pairs = drop_leaks(made.pairs, held_out, by="sentence", letters_only=True)
    if len(pairs) < 2:
        raise InputError(
            f"train.robust = {dose:g} leaves fewer than 2 rows to train on",
            found=f"{len(pairs)} of {len(texts):,} sentences that may be edited and change",
            fix="--set train.robust=0, or more Korean sentences",
        )
    leaks = len(texts) - len(free) + len(made.pairs) - len(pairs)
    dropped = {"held out": leaks, "unchanged by every edit": made.unchanged}
    source = Source(
        rows=[*pairs],
        files={f"edits of {', '.join(sources)}": _digest(pairs)},
        dropped={reason: count for reason, count in dropped.items() if count},
        made={"edits": dict(made.edits), "kiwi": installed(_KIWI) if has_kiwi() else {}},
        same={text: first for each in sources.values() for text, first in each.same.items()},
    )
    part = _part(recipe, len(pairs) // processes)
    return replace(recipe, data={**recipe.data, EDITED: part}), {**sources, EDITED: source}


def edit_sentences(
    texts: Sequence[str], *, dose: float, seed: int, edits: Sequence[str], progress: bool = False
) -> EditedPairs:
    """Pairs each sentence with itself after one edit that changes it.

    The edit is drawn evenly, the dose from above 0 to `dose`. A sentence that an edit leaves
    as it is, NFC compared, gets the next edit of its draw at the same dose: what an encoder
    composes again by itself, as it does NFD, teaches nothing.

    Args:
        texts: The sentences.
        dose: The highest, above 0 and at most 1.
        seed: Of all draws; the same texts in the same order give the same pairs.
        edits: Names out of `munjang.korean.perturb.EDITS`.
        progress: Show a bar on stderr.

    Returns:
        The pairs in the order of the sentences.

    Example:
        >>> texts = ["오늘 날씨가 참 좋아요!", "Good morning."]
        >>> made = edit_sentences(texts, dose=1.0, seed=1, edits=["nfd", "spaces-removed"])
        >>> made.pairs
        [Pair(anchor='오늘 날씨가 참 좋아요!', positive='오늘날씨가참좋아요!')]
        >>> made.unchanged
        1
    """
    draw = random.Random(seed)  # noqa: S311 (a draw that anyone can repeat)
    pairs, used, unchanged = [], Counter[str](), 0
    with progress_bar("editing", total=len(texts), unit="sentences", shown=progress) as advance:
        for text in texts:
            turns = draw.sample(edits, len(edits))
            level = dose * (1 - draw.random())
            edited, edit = _first_change(text, turns, level, seed)
            if edit is None:
                unchanged += 1
            else:
                pairs.append(Pair(text, edited))
                used[edit] += 1
            advance(1)
    return EditedPairs(pairs, {edit: used[edit] for edit in edits if used[edit]}, unchanged)


def _first_change(
    text: str, edits: Sequence[str], dose: float, seed: int
) -> tuple[str, str | None]:
    for edit in edits:
        edited = perturb(text, edit, dose=dose, seed=seed)
        if to_nfc(edited) != to_nfc(text):
            return edited, edit
    return text, None


def _usable_edits() -> list[str]:
    missing = [] if has_kiwi() else [name for name, edit in EDITS.items() if edit.needs_kiwi]
    if missing:
        warnings.warn(
            f"train.robust goes without {', '.join(missing)}: these edits need Kiwi "
            '(pip install "munjang[korean]")',
            MunjangWarning,
            stacklevel=3,
        )
    return [name for name in EDITS if name not in missing]


def _one_a_row(sources: Iterable[Source], seed: int) -> list[str]:
    """A sentence of each row, each different one once."""
    draw = random.Random(seed)  # noqa: S311 (as above)
    drawn = (draw.choice(texts_of(row)) for source in sources for row in source.rows)
    return list({to_nfc(text): text for text in drawn}.values())


def _draw(texts: list[str], most: int, seed: int) -> list[str]:
    if len(texts) <= most:
        return texts
    chosen = random.Random(seed).sample(range(len(texts)), most)  # noqa: S311 (as above)
    return [texts[number] for number in sorted(chosen)]


def _digest(pairs: Sequence[Pair]) -> str:
    """A checksum: pairs that came out otherwise are other data to a run that goes on."""
    return hashlib.sha256(repr(pairs).encode("utf-8", "surrogatepass")).hexdigest()


def _part(recipe: Recipe, rows: int) -> DataPart:
    """How the pairs are trained on; `use` says whose sentences and licences they have."""
    usual = DataPart(objective="contrastive")
    like = next((part for part in recipe.data.values() if part.objective in CONTRASTS), usual)
    batch_size = max(2, min(like.batch_size or recipe.train.batch_size, rows))
    pieces = like.mini_batch if like.mini_batch and like.mini_batch < batch_size else None
    return replace(
        usual,
        use=tuple(dict.fromkeys(ref for part in recipe.data.values() for ref in part.use)),
        batch_size=batch_size,
        temperature=like.temperature,
        mini_batch=pieces,
    )
