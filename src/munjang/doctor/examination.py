"""The whole examination: the machine, a model, a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from munjang.doctor.machine import examine_machine
from munjang.doctor.model import ModelExamination
from munjang.doctor.text import check_source, examine_text
from munjang.doctor.vocabulary import read_vocabulary
from munjang.errors import InputError, unknown_name

if TYPE_CHECKING:
    from pathlib import Path

    from munjang.doctor.findings import Finding


def examine(
    model: str | Path | None = "default",
    *,
    text: str | Path | None = None,
    column: str | None = None,
    encoding: str = "utf-8",
    engine: str | None = None,
    pooling: str | None = None,
    prompt: str | None = None,
    allow_pickle: bool = False,
    hub: bool = True,
    progress: bool = False,
) -> list[Finding]:
    """Looks at the machine, a model and a text, and says of each thing what to do about it.

    Args:
        model: "default", a model folder, a hub id or an address, as `munjang.load` takes
            them; None for none.
        text: A file of texts, one a line or a column of a table; "-" for standard input;
            None for none.
        column: The column of a table.
        encoding: What the file is written in.
        engine: As `munjang.load`.
        pooling: As `munjang.load`.
        prompt: As `munjang.load`.
        allow_pickle: As `munjang.load`.
        hub: Try to reach the hub, for three seconds at most.
        progress: Show a progress bar on stderr.

    Returns:
        The findings, in the order machine, model, text. A model or a file that cannot be
        read is a finding, not an error.

    Raises:
        InputError: An argument is unknown, the model has an empty name, there is no such
            file of texts, or a table comes without the name of a column.

    Example:
        >>> findings = examine(None, hub=False)
        >>> {finding.area for finding in findings}
        {'machine'}
    """
    _check_names(engine, pooling)
    if model is not None and not str(model).strip():
        raise InputError(
            "the model has an empty name",
            found=repr(str(model)),
            fix="'default', 'tiny', a model folder (. for this one), a hub id or an address",
        )
    if text is not None:
        check_source(text, column=column, encoding=encoding)
    findings = examine_machine(hub=hub)
    encoder = vocabulary = None
    if model is not None:
        patient = ModelExamination(
            str(model), engine=engine, pooling=pooling, prompt=prompt, allow_pickle=allow_pickle
        )
        findings += patient.findings()
        encoder = patient.encoder
        if encoder is not None and patient.folder is not None:
            vocabulary = read_vocabulary(patient.folder)
    if text is not None:
        findings += examine_text(
            text,
            encoder=encoder,
            vocabulary=vocabulary,
            column=column,
            encoding=encoding,
            progress=progress,
        )
    return findings


def _check_names(engine: str | None, pooling: str | None) -> None:
    from munjang.encode.engines import ENGINES
    from munjang.encode.zoo import POOLINGS

    for kind, name, known in (("engine", engine, ENGINES), ("pooling", pooling, POOLINGS)):
        if name is not None and name not in known:
            raise unknown_name(kind, name, known)
