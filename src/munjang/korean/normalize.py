"""Unicode normalisation of Korean text: NFC always wanted, the rest opt-in.

macOS file names, some PDF extractors and some input methods give Hangul
decomposed into conjoining jamo (NFD). To a tokenizer such a syllable is two or
three unknown characters, so NFC is the one step that the encoders apply by
default.
"""

from __future__ import annotations

import re
import unicodedata

_SURROGATE = re.compile("[\ud800-\udfff]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_WIDTH = re.compile("[\u3000\uff00-\uffef]")
_SPACES = re.compile(r"\s+")


def to_nfc(text: str) -> str:
    """Composes decomposed Hangul (and any other combining sequence) to NFC.

    Args:
        text: Any text.

    Returns:
        The canonical composition of `text` (Unicode Standard Annex 15).

    Example:
        >>> import unicodedata
        >>> decomposed = unicodedata.normalize("NFD", "문장")
        >>> len(decomposed), to_nfc(decomposed)
        (6, '문장')
    """
    return unicodedata.normalize("NFC", text)


def fold_width(text: str) -> str:
    """Turns full-width and half-width forms into their ordinary characters.

    Unlike NFKC it leaves compatibility jamo alone, which NFKC fuses: ㅋㅋㅠㅠ would
    become ㅋ큐ㅠ.

    Example:
        >>> fold_width("ＫＯＲＥＡ　１２３ ㅋㅋㅠㅠ")
        'KOREA 123 ㅋㅋㅠㅠ'
    """
    return _WIDTH.sub(lambda form: _ordinary(form[0]), text)


def remove_invisible(text: str) -> str:
    """Removes soft hyphens, zero-width characters, direction marks and byte-order marks.

    Example:
        >>> remove_invisible("문\u200b장")
        '문장'
    """
    return _INVISIBLE.sub("", text)


def fold_spaces(text: str) -> str:
    r"""Turns every run of white space, line breaks included, into one space; strips the ends.

    Example:
        >>> fold_spaces("  한 \n 문장 ")
        '한 문장'
    """
    return _SPACES.sub(" ", text).strip()


def replace_surrogates(text: str) -> str:
    r"""Replaces lone surrogates, which no UTF-8 file can hold, by U+FFFD.

    They come from text decoded with `surrogateescape` and from JSON that was cut
    in the middle of an emoji.

    Example:
        >>> replace_surrogates("좋아요\ud83d") == "좋아요\ufffd"
        True
    """
    return _SURROGATE.sub("\ufffd", text)


def _ordinary(form: str) -> str:
    """The character that a width form stands for, by Unicode's <wide> and <narrow>."""
    kind, _, code = unicodedata.decomposition(form).partition(" ")
    return chr(int(code, 16)) if kind in ("<wide>", "<narrow>") else form
