"""Where the files are that come with the product, and what is known of those that do not.

``assets/manifest.json`` lists the files that ARTalk's authors released: what each is for,
where it is to be had, its size and its SHA-256. Downloads and diagnoses read it here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from .errors import AssetMissingError

FileKind = Literal["weights", "config", "head", "avatar", "style"]


@dataclass(frozen=True, slots=True)
class ReleasedFile:
    """A file that ARTalk's authors released, as they list it.

    Attributes:
        name: what to call it in lists, unique.
        kind: what it is for.
        path: where it belongs in a model folder.
        size: in bytes.
        sha256: of its content, in hexadecimal.
        repository: where it is published; ``""`` if only its owner hands it out.
        revision: of the repository.
        source: its path in the repository.
        is_required: whether motion cannot be made without it.
        is_manual: whether the user has to fetch it, since its licence is given to persons only.
        licence: name of its entry among the manifest's licences.
    """

    name: str
    kind: FileKind
    path: PurePosixPath
    size: int
    sha256: str
    repository: str
    revision: str
    source: str
    is_required: bool
    is_manual: bool
    licence: str


def assets_folder() -> Path:
    """Find ``assets/``, which stands next to the package; among installed packages it is ``artalk_assets/``.

    Raises:
        AssetMissingError: if it is not there.
    """
    place = Path(__file__).resolve().parent.parent
    found = next(filter(Path.is_dir, (place / "artalk_assets", place / "assets")), None)
    if found is None:
        raise AssetMissingError(f"the assets folder is missing: {place / 'assets'}")
    return found


def head_path() -> Path:
    """Find the built-in head."""
    return _existing(assets_folder() / "head.npz", "the built-in head")


def voice_folder() -> Path:
    """Find the built-in voice: ``config.json``, ``model.safetensors`` and ``styles/``."""
    return _existing(assets_folder() / "voice", "the built-in voice")


@cache
def released_files() -> tuple[ReleasedFile, ...]:
    """List the released files in the order of the manifest."""
    return tuple(ReleasedFile(**{**entry, "path": PurePosixPath(entry["path"])}) for entry in _read_manifest()["files"])


def released_file(name: str) -> ReleasedFile | None:
    """Find a released file by its file name."""
    return next((file for file in released_files() if file.path.name == name), None)


def licence_text(file: ReleasedFile) -> str:
    """Say what is known of the terms under which a released file may be used."""
    return str(_read_manifest()["licences"][file.licence])


def file_sha256(path: Path) -> str:
    """Compute the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _read_manifest() -> dict[str, Any]:
    path = _existing(assets_folder() / "manifest.json", "the list of released files")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def _existing(path: Path, name: str) -> Path:
    if not path.exists():
        raise AssetMissingError(f"{name} is missing: {path}")
    return path
