"""A folder of released files: which are there, whole and as their authors made them.

A file that was checked is noted in ``.verified.json`` beside it with its size, time and checksum, so that nobody has to
read two gigabytes to list it. What is still on its way lies beside its place as ``NAME.part``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from artalk_engine.assets import ReleasedFile, released_files
from artalk_engine.errors import EngineError
from artalk_engine.folders import user_data_folder
from bridge.whole_file import whole_file

from .errors import ModelFileError, UnknownFileError
from .hashing import sha256_of

FOLDER_VARIABLE = "ARTALK_MODELS"
NOTES = ".verified.json"
PART = ".part"

# missing: not there. partial: a download was interrupted. unverified: there, in the right size, and never checked.
# verified: as its authors made it. imported: readable, and another version than the listed one. corrupt: neither.
# manual: not there, and its user has to fetch it.
State = Literal["missing", "partial", "unverified", "verified", "imported", "corrupt", "manual"]


@dataclass(frozen=True, slots=True)
class FileState:
    """What is known of a released file in a folder.

    Attributes:
        file: as its authors list it.
        state: whether it is there.
        here: bytes that are there, of a part as well.
    """

    file: ReleasedFile
    state: State
    here: int


class ModelsFolder:
    """A folder that holds released files, laid out as ARTalk wants them."""

    def __init__(self, path: Path | None = None, files: Iterable[ReleasedFile] | None = None) -> None:
        """Choose a folder, which need not exist yet.

        Args:
            path: None is the user's usual one.
            files: None is all of the manifest's.
        """
        self.path = models_folder() if path is None else path
        self.files = tuple(released_files() if files is None else files)

    def find(self, names: Iterable[str]) -> tuple[ReleasedFile, ...]:
        """Find files by name, kind or place; ``required`` and ``all`` are groups.

        Raises:
            UnknownFileError: if there is none of a name.
        """
        chosen: dict[str, ReleasedFile] = {}
        for name in names:
            found = [file for file in self.files if _is_meant(file, name)]
            if not found:
                raise UnknownFileError(name, [file.name for file in self.files])
            chosen |= {file.name: file for file in found}
        return tuple(chosen.values())

    def place(self, file: ReleasedFile) -> Path:
        """Return where a file belongs."""
        return self.path / Path(*file.path.parts)

    def part(self, file: ReleasedFile) -> Path:
        """Return where a file lies while it is on its way."""
        place = self.place(file)
        return place.with_name(f"{place.name}{PART}")

    def states(self) -> list[FileState]:
        """Say of each file whether it is there; none is read."""
        notes = self._notes()
        return [self._state(file, notes) for file in self.files]

    def state(self, file: ReleasedFile) -> FileState:
        """Say of a file whether it is there, without reading it."""
        return self._state(file, self._notes())

    def verify(self, file: ReleasedFile, tell: Callable[[int, int], None] | None = None) -> FileState:
        """Read a file and compare it with what its authors list.

        Args:
            file: to check.
            tell: called with the bytes read and all of them.

        Raises:
            ModelFileError: if it cannot be read.
        """
        place = self.place(file)
        if not place.is_file():
            return self.state(file)
        try:
            found = sha256_of(place, tell)
        except OSError as exc:
            raise ModelFileError(f"{place} cannot be read ({exc.strerror or exc}).", "Check its permissions.") from exc
        kind: State = "verified" if found == file.sha256 else "corrupt"
        if kind == "corrupt" and file.kind == "head" and _is_head(place):
            kind = "imported"
        self.note(file, kind)
        return FileState(file, kind, place.stat().st_size)

    def note(self, file: ReleasedFile, state: State) -> None:
        """Remember what was found out about a file; where nothing can be written it will be found out again."""
        notes = self._notes()
        about = self.place(file).stat()
        notes[file.path.as_posix()] = {
            "state": state,
            "size": about.st_size,
            "time_ns": about.st_mtime_ns,
            "sha256": file.sha256,
        }
        with suppress(OSError), whole_file(self.path / NOTES) as stream:
            stream.write(json.dumps(notes, indent=1).encode())

    def _state(self, file: ReleasedFile, notes: dict[str, Any]) -> FileState:
        place, part = self.place(file), self.part(file)
        if place.is_file():
            return FileState(file, self._known(file, place, notes), place.stat().st_size)
        if part.is_file():
            return FileState(file, "partial", part.stat().st_size)
        return FileState(file, "manual" if file.is_manual else "missing", 0)

    def _known(self, file: ReleasedFile, place: Path, notes: dict[str, Any]) -> State:
        about, note = place.stat(), notes.get(file.path.as_posix(), {})
        is_current = isinstance(note, dict) and [note.get("size"), note.get("time_ns"), note.get("sha256")] == [
            about.st_size,
            about.st_mtime_ns,
            file.sha256,
        ]
        found: tuple[State, ...] = ("verified", "imported", "corrupt")
        for state in found:
            if is_current and note.get("state") == state:
                return state
        return "unverified" if about.st_size == file.size or file.kind == "head" else "corrupt"

    def _notes(self) -> dict[str, Any]:
        try:
            notes = json.loads((self.path / NOTES).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return notes if isinstance(notes, dict) else {}


def models_folder() -> Path:
    """Return the user's usual folder of released files; it may not exist yet."""
    return Path(os.environ.get(FOLDER_VARIABLE) or user_data_folder() / "models")


def _is_meant(file: ReleasedFile, name: str) -> bool:
    return (
        name in (file.name, file.kind, file.path.name, file.path.as_posix(), "all")
        or (name == "required" and file.is_required)
        or (name.upper() == "FLAME" and file.kind == "head")
    )


def _is_head(path: Path) -> bool:
    from artalk_engine.face.flame_files import load_flame

    try:
        load_flame(path)
    except EngineError:
        return False
    return True
