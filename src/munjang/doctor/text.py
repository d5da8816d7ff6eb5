"""A text: its encoding, characters, duplicates, and what a model's tokenizer makes of it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from munjang.data.tables import SentenceFile
from munjang.doctor.characters import DEFECTS
from munjang.doctor.counting import TokenCounts, count_texts
from munjang.doctor.findings import Finding, finding_of, percent
from munjang.errors import DataError, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from munjang.doctor.characters import Defect
    from munjang.doctor.counting import CharacterCounts
    from munjang.doctor.findings import Level
    from munjang.doctor.vocabulary import Vocabulary
    from munjang.encode.encoder import SentenceEncoder

NONE = "none"
"""The detail of a defect that no text has."""

_EXAMPLE = 20
_MANY_CUT = 0.01
_MANY_UNKNOWN = 0.01
_SOME_UNKNOWN = 0.001
_MANY_TOKENS = 3.5
"""Tokens an 어절 from which a tokenizer was not made for Korean: the shipped one needs
about two, one that falls back on bytes six or more."""

_MANY_REPEATED = 0.1
_SOME_REPEATED = 0.01
_MANY_FOREIGN = 0.5


def check_source(path: str | Path, *, column: str | None = None, encoding: str = "utf-8") -> None:
    """Refuses what `examine_text` could not begin with, before anything else is done.

    Args:
        path: As for `examine_text`; standard input is left unread.
        column: The column of a table.
        encoding: What the file is written in.

    Raises:
        DataError: There is no such file.
        InputError: An unknown encoding, or a table without the name of a column.
    """
    source = SentenceFile(path, encoding=encoding, column=column)
    if str(path) == "-":
        return
    if not Path(path).exists():
        raise DataError(f"{path}: no such file", fix="check the path")
    if Path(path).is_dir():
        raise DataError(f"{path} is a folder, not a file", fix="name a file in it")
    if Path(path).is_file():  # a pipe can be read once
        with contextlib.suppress(DataError):  # of its contents: that is a finding
            next(iter(source), None)


def examine_text(
    path: str | Path,
    *,
    encoder: SentenceEncoder | None = None,
    vocabulary: Vocabulary | None = None,
    column: str | None = None,
    encoding: str = "utf-8",
    progress: bool = False,
) -> list[Finding]:
    r"""Reads a text once, in bounded memory, and judges it.

    Args:
        path: One sentence a line, a table with `column`, or "-" for standard input.
        encoder: The model whose tokens are counted; None to count none.
        vocabulary: Its tokenizer.json, for unknown tokens.
        column: The column of a table.
        encoding: What the file is written in.
        progress: Show a progress bar on stderr.

    Returns:
        The findings; a file that cannot be read is one of them.

    Raises:
        InputError: An unknown encoding, or a table without the name of a column.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "문장.txt")
        ...     _ = path.write_text("눈이 온다.\n눈이 온다!\n", encoding="utf-8")
        ...     found = examine_text(path)
        >>> [finding.detail for finding in found if finding.what == "duplicates"]
        ['0 of 2 (0 %), 1 by letters alone; the most frequent 2 times, first text 1']
    """
    source = SentenceFile(path, encoding=encoding, column=column)
    tokens = None if encoder is None else TokenCounts(encoder, vocabulary)
    try:
        counts = count_texts(source, tokens, progress=progress)
    except DataError as error:
        return [finding_of(error, area="text", what="file")]
    if not counts.texts:
        fix = "name a file that has some"
        blank = f", {counted(source.blank, 'blank line')}" if source.blank else ": it is empty"
        return [Finding("text", "file", "problem", f"no text{blank}", fix)]
    findings = [_examine_size(counts, source, encoding), examine_repeats(counts)]
    if tokens is not None:
        findings += examine_tokens(tokens, counts)
    return [*findings, *examine_characters(counts, composed=encoder is None or encoder.nfc)]


def examine_repeats(counts: CharacterCounts) -> Finding:
    """Judges the duplicates, exact ones and those that differ in signs alone."""
    exact, letters = counts.repeats(), counts.repeats(letters_only=True)
    share = letters.texts / counts.texts
    values = {
        "texts": exact.texts,
        "share": exact.texts / counts.texts,
        "texts_by_letters": letters.texts,
        "share_by_letters": share,
        "most": letters.most,
        "first": letters.first,
    }
    if not letters.texts:
        return Finding("text", "duplicates", "ok", NONE, values=values)
    return Finding(
        "text",
        "duplicates",
        _by_share(share, note=_SOME_REPEATED, warning=_MANY_REPEATED),
        f"{_of(exact.texts, counts.texts)}, {letters.texts:,} by letters alone; the most "
        f"frequent {counted(letters.most, 'time')}, first text {letters.first:,}",
        ""
        if share < _SOME_REPEATED
        else "drop them before training, where they are false negatives, and before search",
        values,
    )


def examine_tokens(tokens: TokenCounts, counts: CharacterCounts) -> Iterator[Finding]:
    """Judges what a model's tokenizer makes of the texts."""
    yield _examine_cut(tokens, counts.texts)
    yield _examine_lengths(tokens)
    total = max(1, tokens.tokens)
    ratio = tokens.tokens / max(1, counts.words)
    many = ratio > _MANY_TOKENS
    fix = "a Korean tokenizer takes about two: such texts are cut early and cost more time"
    yield Finding(
        "text",
        "tokens an 어절",
        "note" if many else "ok",
        f"{ratio:.2f}",
        fix if many else "",
        {"tokens_per_word": round(ratio, 4), "tokens": tokens.tokens, "words": counts.words},
    )
    if tokens.vocabulary is None:
        return
    share = tokens.unknown / total
    pieces = " ".join(_spell(piece) for piece, _ in tokens.pieces.most_common(8))
    values = {"tokens": tokens.unknown, "share": share, "texts": tokens.with_unknown}
    if not tokens.unknown:
        yield Finding("text", "unknown tokens", "ok", NONE, values=values)
        return
    yield Finding(
        "text",
        "unknown tokens",
        _by_share(share, note=_SOME_UNKNOWN, warning=_MANY_UNKNOWN),
        f"{percent(share)} of the tokens, in {_of(tokens.with_unknown, counts.texts)}"
        + (f"; such as {pieces}" if pieces else ""),
        ""
        if share < _SOME_UNKNOWN
        else "they mean nothing to the model: clean them away, or "
        "take a model whose tokenizer has them",
        values,
    )


def examine_characters(counts: CharacterCounts, *, composed: bool) -> Iterator[Finding]:
    """Judges the characters of the texts.

    Args:
        counts: What was counted.
        composed: Whether NFD is composed before the tokenizer sees it.
    """
    yield _examine_decomposed(counts, composed=composed)
    yield from (_examine_defect(defect, counts) for defect in DEFECTS)
    share = counts.without_hangul / counts.texts
    values = {"texts": counts.without_hangul, "share": share}
    if not counts.without_hangul:
        yield Finding("text", "without Hangul", "ok", NONE, values=values)
        return
    many = share > _MANY_FOREIGN
    yield Finding(
        "text",
        "without Hangul",
        "warning" if many else "ok",
        _of(counts.without_hangul, counts.texts),
        "is it Korean, the right --column and the right --encoding?" if many else "",
        values,
    )


def _examine_size(counts: CharacterCounts, source: SentenceFile, encoding: str) -> Finding:
    blank = f", {source.blank:,} blank left out" if source.blank else ""
    return Finding(
        "text",
        "file",
        "ok",
        f"{counted(counts.texts, 'text')}{blank}, "
        f"{counts.characters / counts.texts:.0f} characters and "
        f"{counts.words / counts.texts:.1f} 어절 each on average, read as {encoding}",
        values={
            "texts": counts.texts,
            "blank": source.blank,
            "characters": counts.characters,
            "words": counts.words,
            "encoding": encoding,
        },
    )


def _examine_cut(tokens: TokenCounts, texts: int) -> Finding:
    limit = tokens.encoder.max_tokens
    cut = tokens.count_longer(limit)
    values = {"texts": cut, "share": cut / texts, "limit": limit}
    if not cut:
        return Finding("text", "cut", "ok", f"none at {limit} tokens", values=values)
    return Finding(
        "text",
        "cut",
        "warning" if cut / texts > _MANY_CUT else "note",
        f"{_of(cut, texts)} at {limit} tokens: the model does not see their ends",
        "split them into sentences or passages, or take a model with a higher limit",
        values,
    )


def _examine_lengths(tokens: TokenCounts) -> Finding:
    median, most, every = (tokens.length_that_keeps(share) for share in (0.5, 0.99, 1))
    return Finding(
        "text",
        "tokens",
        "ok",
        f"median {median}; a limit of {most} keeps 99 % whole, {every} keeps all",
        values={"median": median, "keeps_99": most, "keeps_all": every},
    )


def _examine_decomposed(counts: CharacterCounts, *, composed: bool) -> Finding:
    values = {"texts": counts.decomposed, "share": counts.decomposed / counts.texts}
    if not counts.decomposed:
        return Finding("text", "NFD", "ok", NONE, values=values)
    mixed = counts.decomposed < counts.texts
    detail = _of(counts.decomposed, counts.texts)
    if mixed:
        detail += ", the others in NFC"
    fix = "munjang.korean.normalize.to_nfc before you compare or train elsewhere"
    if composed:
        fix += "; munjang's encoder does it by itself"
    return Finding(
        "text", "NFD", "warning" if mixed or not composed else "note", detail, fix, values
    )


def _examine_defect(defect: Defect, counts: CharacterCounts) -> Finding:
    found = counts.defects[defect.name]
    share = found / counts.texts
    values = {"texts": found, "share": share}
    if not found:
        return Finding("text", defect.name, "ok", NONE, values=values)
    first = counts.first[defect.name]
    return Finding(
        "text",
        defect.name,
        defect.level_often if share >= defect.often else defect.level,
        f"{_of(found, counts.texts)}, first text {first:,}{_like(counts, defect)}",
        defect.fix,
        values | {"first": first},
    )


def _like(counts: CharacterCounts, defect: Defect) -> str:
    example = counts.examples.get(defect.name, "")
    return f": was {example[:_EXAMPLE]}" if example else ""


def _spell(piece: str) -> str:
    """A piece of text, its invisible characters by number."""
    return "".join(sign if sign.isprintable() else f"U+{ord(sign):04X}" for sign in piece)


def _by_share(share: float, *, note: float, warning: float) -> Level:
    if share > warning:
        return "warning"
    return "note" if share >= note else "ok"


def _of(some: int, every: int) -> str:
    return f"{some:,} of {every:,} ({percent(some / every)})"
