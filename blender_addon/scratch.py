# SPDX-License-Identifier: GPL-3.0-or-later
"""Temporary files of this Blender: all in one folder, which is gone with it, even if it is killed."""

from __future__ import annotations

import atexit
import tempfile
from pathlib import Path

from bridge.errors import ScratchError
from bridge.scratch import ScratchFolder

_folder: ScratchFolder | None = None


def folder() -> Path:
    """Return the folder; the first call makes it.

    Raises:
        ScratchError: if it cannot be made.
    """
    global _folder
    if _folder is None or not _folder.path.is_dir():  # a cleaner of temporary files may have been here
        _folder = ScratchFolder.create()
    return _folder.path


def file(name: str) -> Path:
    """Return a path in the folder.

    Raises:
        ScratchError: if the folder cannot be made.
    """
    return folder() / name


def subfolder(prefix: str) -> tempfile.TemporaryDirectory[str]:
    """Return a new folder in the folder, for one job.

    Raises:
        ScratchError: if it cannot be made.
    """
    try:
        return tempfile.TemporaryDirectory(prefix=prefix, dir=folder())
    except OSError as exc:
        raise ScratchError(folder(), exc.strerror or str(exc)) from exc


def remove() -> None:
    """Delete the folder; does nothing without one."""
    global _folder
    removed, _folder = _folder, None
    if removed is not None:
        removed.remove()


atexit.register(remove)
