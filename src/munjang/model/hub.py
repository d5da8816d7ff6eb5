"""A model folder to the Hugging Face hub: checked, with its card, and nothing else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from munjang.encode.engines import silence_telemetry
from munjang.encode.folder import MANIFEST, check_files, read_manifest
from munjang.errors import InputError, ModelError, MunjangError, NetworkError
from munjang.files import whole_folder
from munjang.model.plain_card import LOCAL, UNSTATED, plain_card, read_facts
from munjang.model.run_records import MANIFEST as RUN_MANIFEST
from munjang.model.run_records import RECIPE
from munjang.model.training_card import CARD, training_card

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEPT = ("*.json", "*.txt", "*.model", "*.safetensors", "*.md", "LICENSE*", "NOTICE*")
"""What of a sentence-transformers folder goes to the hub."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushResult:
    """What was uploaded, or would be.

    Attributes:
        repo: The repository's id.
        url: Its address, or the folder of a dry run.
        files: Bytes of each file, by its path in the repository.
        left_out: Files of the folder that stay where they are.
    """

    repo: str
    url: str
    files: Mapping[str, int]
    left_out: tuple[str, ...]


def push_model(
    folder: str | Path,
    repo: str,
    *,
    private: bool = False,
    dry_run: str | Path | None = None,
    message: str | None = None,
) -> PushResult:
    """Uploads a model in one commit, into a repository that is made if need be.

    A card that is there is kept, but for the model's name in its code; one that is missing
    is made, from the run's records where `folder` is a run.

    Args:
        folder: A run folder, a sentence-transformers folder, or an exported model.
        repo: The repository, as OWNER/NAME.
        private: Make it private. One that exists and is public is refused.
        dry_run: Write the upload into this new folder, and send nothing.
        message: Of the commit.

    Returns:
        What was uploaded, or written.

    Raises:
        ModelError: The folder is not whole, or needs code or pickles to be loaded.
        InputError: The repository's id is malformed, nobody is logged in, or may not
            write there; `dry_run` exists.
        DataError: The records of a run are malformed.
        NetworkError: The hub cannot be reached or fails.
    """
    _check_repo(repo)
    given = Path(folder)
    is_run = all((given / name).is_file() for name in (RECIPE, RUN_MANIFEST))
    model = given / "model" if is_run else given
    paths, left_out = _choose_files(model)
    card = _make_card(given if is_run else None, model, repo).encode()
    sizes = {name: path.stat().st_size for name, path in paths.items()} | {CARD: len(card)}
    if dry_run is None:
        url = _upload(paths, card, repo, private=private, message=message or "Add the model")
    else:
        url = str(_write(paths, card, Path(dry_run)))
    return PushResult(repo=repo, url=url, files=dict(sorted(sizes.items())), left_out=left_out)


def _check_repo(repo: str) -> None:
    from huggingface_hub.errors import HFValidationError

    # Documented, but not declared as exported.
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise InputError(f"{repo!r} is not a hub id", found=str(error)) from error
    if repo.count("/") != 1:
        raise InputError(
            f"{repo!r} does not say whose it is", fix="OWNER/NAME, such as hong/ko-sentences"
        )


def _choose_files(model: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """The files of a model by their path in it, its card excluded; and the names of the rest."""
    if not model.is_dir():
        raise ModelError(f"{model} is not a folder", fix="name the folder of a model or a run")
    read_facts(model)
    every = sorted(path for path in model.rglob("*") if path.is_file())
    names = {path.relative_to(model).as_posix(): path for path in every}
    if (model / MANIFEST).is_file():
        manifest = read_manifest(model)
        check_files(model, manifest)
        wanted = {MANIFEST, *manifest.files}
    else:
        wanted = {name for name, path in names.items() if _goes(name, path)}
    kept = {name: path for name, path in names.items() if name in wanted - {CARD}}
    return kept, tuple(name for name in names if name not in kept and name != CARD)


def _goes(name: str, path: Path) -> bool:
    hidden = any(part.startswith(".") for part in name.split("/"))
    return not hidden and any(map(path.match, _KEPT))


def _make_card(run: Path | None, model: Path, repo: str) -> str:
    path = model / CARD
    if path.is_file():
        return path.read_text("utf-8").replace(f'"{LOCAL}"', f'"{repo}"')
    if run is not None:
        return training_card(run, shown_as=repo)
    exported = (model / MANIFEST).is_file()
    return plain_card(
        model,
        title=repo.partition("/")[2],
        about_ko="한국어 문장 임베딩 모델입니다.",
        about_en="A Korean sentence encoder.",
        license=read_manifest(model).license if exported else UNSTATED[0],
        shown_as=repo,
    )


def _write(paths: Mapping[str, Path], card: bytes, out: Path) -> Path:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} exists already", fix="another folder for the dry run")
    with whole_folder(out) as work:
        for name, path in paths.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, work / name)
        (work / CARD).write_bytes(card)
    return out


def _upload(
    paths: Mapping[str, Path], card: bytes, repo: str, *, private: bool, message: str
) -> str:
    silence_telemetry()
    from huggingface_hub import CommitOperationAdd, HfApi, get_token

    if get_token() is None:
        raise InputError("nobody is logged in to the hub", fix="`hf auth login`, or HF_TOKEN")
    api = HfApi()
    operations = [CommitOperationAdd(name, str(path)) for name, path in paths.items()]
    operations.append(CommitOperationAdd(CARD, card))
    try:
        url = api.create_repo(repo, private=private, exist_ok=True)
        if private and not api.repo_info(repo).private:
            raise InputError(f"{repo} exists already and is public", fix="another name")
        api.create_commit(repo, operations, commit_message=message)
    except MunjangError:
        raise
    except Exception as error:  # the hub's HTTP library, and so its errors, differ by version
        raise _explain_upload(repo, error) from error
    return str(url)


def _explain_upload(repo: str, error: Exception) -> MunjangError:
    lines = str(error).strip().splitlines()
    found = lines[0] if lines else type(error).__name__
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403, 404):
        return InputError(
            f"the hub does not let you write to {repo}",
            found=found,
            fix="`hf auth login` with a token that may write there",
        )
    if status == 400 or type(error) is ValueError:  # how it reports a card's front matter
        return InputError(f"the hub does not take {CARD} of {repo}", found=" ".join(lines))
    return NetworkError(
        f"{repo} could not be uploaded", found=found, fix="the same again: what is there is kept"
    )
