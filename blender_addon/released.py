# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that ARTalk's authors released: what the engine said last about those on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

State = Literal["missing", "partial", "unverified", "verified", "imported", "corrupt", "manual"]

HERE = ("verified", "imported", "unverified")
WORDS: dict[str, str] = {
    "missing": "Not downloaded",
    "partial": "Partly downloaded",
    "unverified": "Not checked yet",
    "verified": "Verified",
    "imported": "Imported",
    "corrupt": "Damaged",
    "manual": "To be located",
}
TERMS = {  # what the licences are called in a list; their texts come with it
    "artalk": "Authors' terms",
    "gagavatar": "Authors' terms",
    "flame": "FLAME's licence",
}


@dataclass(frozen=True)
class Released:
    """A released file.

    Attributes:
        name: what the engine calls it.
        kind: weights, config, head, avatar or style.
        path: where it is or belongs.
        size: bytes of it.
        here: bytes that are there.
        state: whether it is there and whole.
        licence: name of its terms.
        page: address of its authors' page, ``""`` if its owner hands it out after registration.
        is_required: whether motion cannot be made without it.
        is_manual: whether its owner alone hands it out.
    """

    name: str
    kind: str
    path: str
    size: int
    here: int
    state: State
    licence: str
    page: str
    is_required: bool
    is_manual: bool

    @property
    def file_name(self) -> str:
        """What people call it."""
        return Path(self.path).name

    @property
    def terms(self) -> str:
        """What people call its licence."""
        return TERMS.get(self.licence, self.licence)


@dataclass(frozen=True)
class Shelf:
    """All released files, and the folder for them."""

    folder: str
    files: tuple[Released, ...]
    licences: dict[str, str]

    @property
    def is_usable(self) -> bool:
        """Whether motion can be made from what is here."""
        return all(file.state in HERE for file in self.files if file.is_required)


_shelf: Shelf | None = None


def remember(said: dict[str, Any]) -> Shelf:
    """Keep what the engine said about all files, or anew about some."""
    global _shelf
    files = {file.name: file for file in (_shelf.files if _shelf is not None else ())}
    files |= {entry["name"]: Released(**entry) for entry in said["files"]}
    licences = said.get("licences") or (_shelf.licences if _shelf is not None else {})
    _shelf = Shelf(said["folder"], tuple(files.values()), licences)
    return _shelf


def forget() -> None:
    """Ask again next time, as when the folder is another."""
    global _shelf
    _shelf = None


def shelf() -> Shelf | None:
    """Return what is known, None if nothing was asked yet."""
    return _shelf


def licence_text(licence: str) -> str:
    """Return what is known of the terms that a licence's name stands for."""
    return _shelf.licences.get(licence, licence) if _shelf is not None else licence


def pages_of(licence: str) -> list[str]:
    """Return the addresses at which the authors of files under a licence tell of them."""
    files = _shelf.files if _shelf is not None else ()
    return sorted({file.page for file in files if file.licence == licence and file.page})


def named(names: Iterable[str]) -> tuple[Released, ...]:
    """Return the files of some names or kinds, ``all`` being all of them, without those that cannot be downloaded."""
    wanted = set(names)
    files = _shelf.files if _shelf is not None else ()
    return tuple(file for file in files if wanted & {file.name, file.kind, "all"} and not file.is_manual)


def to_fetch(names: Iterable[str]) -> tuple[Released, ...]:
    """Return those of the named files that are not here, or not whole."""
    return tuple(file for file in named(names) if file.state not in HERE)


def size_text(size: float) -> str:
    """Write a number of bytes for people."""
    for unit, least in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= least:
            return f"{size / least:.3g} {unit}"
    return f"{size:.0f} bytes"
