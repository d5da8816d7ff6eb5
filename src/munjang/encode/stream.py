"""Files in, vectors out, in memory that does not grow with the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import numpy as np

from munjang.files import whole_file
from munjang.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from munjang.encode.encoder import SentenceEncoder


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What became of a stream of sentences.

    Attributes:
        sentences: How many were encoded: the rows of the file.
        tokens: Tokens that went through the model.
        cut: How many sentences were longer than the limit.
        empty: How many held nothing but white space.
        repaired: How many held lone surrogates, replaced by U+FFFD.
    """

    sentences: int
    tokens: int
    cut: int
    empty: int
    repaired: int


def encode_to_file(
    encoder: SentenceEncoder,
    sentences: Iterable[str],
    out: str | Path,
    *,
    batch_size: int = 32,
    normalize: bool = True,
    truncate_dim: int | None = None,
    progress: bool = False,
) -> StreamReport:
    """Writes the vectors of any number of sentences to a .npy file.

    The file appears when it is complete; until then it has a temporary name.

    Args:
        encoder: What encodes.
        sentences: The texts; read once, held in chunks.
        out: The file to write: float32, shape (sentences, dim), for `numpy.load`, also
            with `mmap_mode="r"`.
        batch_size: As in `SentenceEncoder.encode`.
        normalize: As in `SentenceEncoder.encode`.
        truncate_dim: As in `SentenceEncoder.encode`.
        progress: Show a progress bar on stderr.

    Returns:
        Counts of what was written.

    Raises:
        InputError: The file cannot be written, a sentence is not text, or an argument is
            out of range.

    Example:
        >>> import munjang, numpy, tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     out = Path(folder, "vectors.npy")
        ...     report = encode_to_file(munjang.load(), ["한 문장", "또 한 문장"], out)
        ...     numpy.load(out).shape
        (2, 384)
    """
    chunks = encoder.stream(
        sentences, batch_size=batch_size, normalize=normalize, truncate_dim=truncate_dim
    )
    dim = truncate_dim or encoder.dim
    sentences_done = tokens = cut = empty = repaired = 0
    bar = progress_bar("encoding", total=None, unit="sentences", shown=progress)
    with whole_file(out) as file, bar as advance:
        _write_header(file, 0, dim)
        for chunk in chunks:
            file.write(np.ascontiguousarray(chunk.vectors).data)
            sentences_done += chunk.report.sentences
            tokens += chunk.report.tokens
            cut += len(chunk.report.cut)
            empty += len(chunk.report.empty)
            repaired += len(chunk.report.repaired)
            advance(chunk.report.sentences)
        _write_header(file, sentences_done, dim)
    return StreamReport(sentences_done, tokens, cut, empty, repaired)


def _write_header(file: IO[bytes], rows: int, dim: int) -> None:
    """Writes the .npy header; numpy pads it, so that any number of rows has one length."""
    file.seek(0)
    header = {"descr": "<f4", "fortran_order": False, "shape": (rows, dim)}
    np.lib.format.write_array_header_1_0(file, header)
