"""A model, from its files to its vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from munjang.doctor.declared import (
    examine_card,
    examine_manifest,
    examine_plan,
    is_silent,
    read_card,
)
from munjang.doctor.findings import Finding, finding_of
from munjang.doctor.tokenizer import examine_tokenizer
from munjang.doctor.vectors import SENTENCES, examine_vectors, probe
from munjang.doctor.vocabulary import read_vocabulary, transformer_folder
from munjang.doctor.weights import read_tables
from munjang.encode import zoo
from munjang.encode.address import is_address
from munjang.encode.endpoint import open_endpoint
from munjang.encode.folder import GRAPHS, MANIFEST, read_manifest
from munjang.encode.loading import find_folder, load
from munjang.errors import MissingExtraError, ModelError, MunjangError, NetworkError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from munjang.encode.encoder import SentenceEncoder

_FAILURES = (ModelError, NetworkError, MissingExtraError)
_TRIED_POOLINGS = ("mean", "cls")


class ModelExamination:
    """A model on the table: its findings, and the encoder if it could be loaded.

    Args:
        model: "default", a folder, a hub id or an address, as `munjang.load` takes it.
        engine: As `munjang.load`.
        pooling: As `munjang.load`.
        prompt: As `munjang.load`.
        allow_pickle: As `munjang.load`.

    Attributes:
        folder: Where the model lies; None until it is found.
        encoder: The model; None until it is loaded.

    Raises:
        InputError: An argument is unknown; what is wrong with the model is a finding.
    """

    def __init__(
        self,
        model: str,
        *,
        engine: str | None = None,
        pooling: str | None = None,
        prompt: str | None = None,
        allow_pickle: bool = False,
    ) -> None:
        self.model, self.engine, self.pooling = model, engine, pooling
        self.prompt, self.allow_pickle = prompt, allow_pickle
        self.folder: Path | None = None
        self.encoder: SentenceEncoder | None = None

    def findings(self) -> Iterator[Finding]:
        """Examines the model: what it is, its files, how it runs."""
        if is_address(self.model):
            yield from examine_endpoint(self.model, prompt=self.prompt)
            return
        try:
            self.folder, name = find_folder(self.model, allow_pickle=self.allow_pickle)
        except _FAILURES as error:
            yield finding_of(error, area="model", what="model")
            return
        hollow = examine_wholeness(self.folder)
        if hollow is not None:
            yield hollow
            return
        declared = list(self._examine_declared(self.folder, name))
        files = list(examine_files(self.folder))
        failure = self._try_to_load(name)
        if self.encoder is not None:
            yield _describe(self.encoder)
        told: dict[str, Finding] = {}
        for finding in (*declared, *files, *failure):
            told.setdefault(f"{finding.level} {finding.detail}", finding)
        yield from told.values()
        if self.encoder is not None:
            unit = any(finding.values.get("normalize") for finding in declared)
            yield from examine_vectors(
                self.encoder, engine=self.encoder.engine.label, declared_unit=unit
            )

    def _examine_declared(self, folder: Path, name: str | None) -> Iterator[Finding]:
        try:
            yield from examine_card(read_card(folder, name))
            yield from self._examine_pooling(folder, name)
        except ModelError as error:
            yield finding_of(error, area="model", what="declared")

    def _try_to_load(self, name: str | None) -> list[Finding]:
        """Loads the model, unless nobody says how it pools."""
        if self.folder is not None and is_silent(self.folder, name) and self.pooling is None:
            return []
        try:
            self.encoder = self._load(self.pooling)
        except _FAILURES as error:
            return [finding_of(error, area="model", what="loading")]
        return []

    def _load(self, pooling: str | None) -> SentenceEncoder:
        return load(
            self.model,
            engine=self.engine,
            pooling=pooling,
            prompt=self.prompt,
            allow_pickle=self.allow_pickle,
        )

    def _examine_pooling(self, folder: Path, name: str | None) -> Iterator[Finding]:
        if (folder / MANIFEST).is_file():
            yield examine_manifest(read_manifest(folder))
        elif is_silent(folder, name) and self.pooling is None:
            yield self._compare_poolings(folder)
        else:
            plan = zoo.how_to_pool(
                folder, name, pooling=self.pooling, allow_pickle=self.allow_pickle
            )
            yield examine_plan(plan, folder)

    def _compare_poolings(self, folder: Path) -> Finding:
        """Nobody says how the folder pools: what each way would give."""
        loaded: dict[str, SentenceEncoder] = {}
        detail = "nobody says it: no modules.json, and no known checkpoint"
        try:
            for pooling in _TRIED_POOLINGS:
                loaded[pooling] = self._load(pooling)
            found = {pooling: probe(encoder).twins for pooling, encoder in loaded.items()}
        except Exception as error:  # an engine's errors share no base class
            own = error.fix if isinstance(error, MunjangError) else None
            fix = own or "--pooling mean or cls, as its card says"
            why = (str(error).splitlines() or [type(error).__name__])[0]
            failure = f"{detail}; neither mean nor cls can be tried: {why}"
            return Finding("model", "pooling", "problem", failure, fix)
        best = max(found, key=lambda pooling: found[pooling])
        self.encoder = loaded[best]
        tried = ", ".join(f"{pooling} {twins}" for pooling, twins in found.items())
        return Finding(
            "model",
            "pooling",
            "problem",
            f"{detail}; paraphrases found of {len(SENTENCES)}: {tried}",
            f"--pooling {best} is the better guess, taken here; its card knows",
            {**found, "sentences": len(SENTENCES), "source": "nobody"},
        )


def examine_endpoint(address: str, *, prompt: str | None = None) -> Iterator[Finding]:
    """Sends our own sentences to a model on a server, and judges what comes back.

    Args:
        address: Where it is, and its name there, as `open_endpoint` takes them.
        prompt: Put before every sentence.
    """
    try:
        encoder = open_endpoint(address, prompt=prompt or "")
        detail = f"{encoder!r}, {encoder.dim} dimensions"
    except _FAILURES as error:
        yield finding_of(error, area="model", what="server")
        return
    yield Finding("model", "in use", "ok", detail, values={"dim": encoder.dim})
    yield from examine_vectors(encoder, engine="a server", declared_unit=False)


def examine_wholeness(folder: Path) -> Finding | None:
    """Finds that a folder is no model at all: it lacks what tells how to read the rest.

    Args:
        folder: An exported, a sentence-transformers or a plain transformers folder.
    """
    if any((folder / name).is_file() for name in (MANIFEST, "modules.json")):
        return None
    weights = [*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")]
    config = (folder / "config.json").is_file()
    graph = next((name for name in GRAPHS.values() if (folder / name).is_file()), None)
    if graph and not (config and weights):
        missing = f"{MANIFEST} is missing beside {graph}"
    elif not config:
        missing = f"config.json {'is' if weights else 'and model.safetensors are'} missing"
    else:
        return None
    fix = "name the folder that the model lies in, or copy or export it again, whole"
    return Finding("model", "files", "problem", f"{folder} holds no model: {missing}", fix)


def examine_files(folder: Path) -> Iterator[Finding]:
    """Compares the files of a model folder with each other, without running it.

    Args:
        folder: An exported, a sentence-transformers or a plain transformers folder.
    """
    yield from examine_pickles(folder)
    try:
        vocabulary = read_vocabulary(folder)
        if vocabulary is not None:
            yield from examine_tokenizer(folder, vocabulary, read_tables(folder))
    except ModelError as error:
        yield finding_of(error, area="model", what="files")
        return
    if vocabulary is None:
        fix = "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) writes it"
        detail = "no tokenizer.json: the vocabulary was not compared with the weights"
        yield Finding("model", "tokenizer", "note", detail, fix)


def examine_pickles(folder: Path) -> list[Finding]:
    """Warns of weights that are only there as a pickle."""
    inner = transformer_folder(folder)
    pickles = sorted(path.name for path in inner.glob("pytorch_model*.bin"))
    if not pickles or any(inner.glob("*.safetensors")):
        return []
    return [
        Finding(
            "model",
            "weights",
            "warning",
            f"only as a pickle, which can run code when read: {pickles[0]}",
            "convert them to safetensors (`munjang port`); --allow-pickle if you trust its authors",
            {"pickles": len(pickles)},
        )
    ]


def _describe(encoder: SentenceEncoder) -> Finding:
    prompt = f"prompt {encoder.prompt!r}" if encoder.prompt else "no prompt"
    return Finding(
        "model",
        "in use",
        "ok",
        f"{encoder.name}: {encoder.dim} dimensions, cut at {encoder.max_tokens} tokens, {prompt}",
        values={
            "name": encoder.name,
            "dim": encoder.dim,
            "max_tokens": encoder.max_tokens,
            "prompt": encoder.prompt,
        },
    )
