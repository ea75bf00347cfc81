# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the engine's environments lie: in the user's data folder, which no update of the add-on touches.

data folder/artalk/
  environments/
    1/                  an environment; it is complete, and used, once the record below is in it
      artalk.json       what was installed, written last of all
    2/                  made by a repair; takes the place of 1 when it is complete
    download/           what pip fetches on the way; removed afterwards
  set-up.log            what was said while setting up

The names are short because Windows' paths must not be long.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

PROGRAM = "artalk"
RECORD = "artalk.json"
DOWNLOAD = "download"
_RECORD_FIELDS = ("version", "python", "torch", "build", "pins", "size")


@dataclass(frozen=True)
class Record:
    """What an environment was made of.

    Attributes:
        version: of the add-on that made it.
        python: version of its Python, such as ``"3.11.7"``.
        torch: version of its PyTorch.
        build: which build of PyTorch was asked for, see ``torch_builds.py``.
        pins: the requirements, such as ``"numpy==2.4.6"``.
        size: in bytes on disk.
    """

    version: str
    python: str
    torch: str
    build: str
    pins: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Environment:
    """A complete environment."""

    folder: Path
    record: Record

    @property
    def python(self) -> Path:
        """The Python that runs in it."""
        return environment_python(self.folder)


def data_folder(platform: str = sys.platform, variables: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for what was installed; it may not exist yet.

    On Windows that is the local one, which is not copied from machine to machine as the roaming one is.
    """
    if platform == "win32":
        base = variables.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = variables.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / PROGRAM


def environments_folder() -> Path:
    """Return the folder of environments; it may not exist yet."""
    return data_folder() / "environments"


def log_file() -> Path:
    """Return where everything is written that is said while setting up."""
    return data_folder() / "set-up.log"


def environment_python(folder: Path, platform: str = sys.platform) -> Path:
    """Return where the Python of a virtual environment lies."""
    return folder / "Scripts" / "python.exe" if platform == "win32" else folder / "bin" / "python"


def installed(folder: Path | None = None) -> Environment | None:
    """Return the newest complete environment, if there is one.

    Args:
        folder: of environments; None is the user's usual one.
    """
    found = [environment for environment in map(_read, _numbered(folder or environments_folder())) if environment]
    return found[-1] if found else None


def unfinished(folder: Path) -> list[Path]:
    """Return everything in a folder of environments that is not the one in use."""
    used = installed(folder)
    try:
        return [path for path in folder.iterdir() if path.is_dir() and (used is None or path != used.folder)]
    except OSError:
        return []


def next_folder(folder: Path) -> Path:
    """Return a folder that does not exist, for a new environment."""
    numbers = [int(path.name) for path in _numbered(folder)]
    return folder / str(max(numbers, default=0) + 1)


def write_record(folder: Path, record: Record) -> None:
    """Declare an environment complete; from now on it is the one in use."""
    unready = folder / f"{RECORD}.part"
    unready.write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
    unready.replace(folder / RECORD)


def _numbered(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if path.name.isdecimal()]
    except OSError:
        return []
    return sorted(found, key=lambda path: int(path.name))


def _read(folder: Path) -> Environment | None:
    """Read an environment's record; one that cannot be read makes no environment."""
    try:
        said = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        fields = {name: said[name] for name in _RECORD_FIELDS}
        return Environment(folder, Record(**{**fields, "pins": tuple(fields["pins"])}))
    except (OSError, ValueError, KeyError, TypeError):
        return None
