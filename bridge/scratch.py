"""A folder for the temporary files of one process, which does not outlive it, however it ends.

The process removes the folder when it ends properly. If it is killed, its engine does so; if both are, the next process
that makes such a folder does. Nobody is asked for process numbers, which are given away anew and differ between
containers: whoever lives holds a lock on a file in its folder, and the system takes that back.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from .errors import ScratchError

PREFIX = "artalk-blender-"
MARK = "in-use"  # the locked file
YOUNG_S = 60.0  # a folder without a mark may be just being made
TRIES, PAUSE_S = 100, 0.02  # for a process that is ending to let go


class ScratchFolder:
    """The folder of this process.

    Attributes:
        path: where it lies.
    """

    def __init__(self, path: Path, mark: BinaryIO) -> None:
        """Use :meth:`create`."""
        self.path = path
        self._mark = mark

    @classmethod
    def create(cls, parent: Path | None = None) -> ScratchFolder:
        """Make a folder, and remove those of processes that were killed.

        Args:
            parent: where to make it; ``None`` for the system's folder for temporary files.

        Raises:
            ScratchError: if none can be made there.
        """
        parent = Path(tempfile.gettempdir()) if parent is None else parent
        sweep(parent)
        try:
            path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            mark = (path / MARK).open("xb")
        except OSError as exc:
            raise ScratchError(parent, exc.strerror or str(exc)) from exc
        if not _lock(mark):  # another process took this folder for an abandoned one
            mark.close()
            return cls.create(parent)
        return cls(path, mark)

    def remove(self) -> None:
        """Delete the folder with all that is in it; does nothing the second time."""
        self._mark.close()
        shutil.rmtree(self.path, ignore_errors=True)


def sweep(parent: Path) -> None:
    """Remove the folders of processes that ended without doing so."""
    with contextlib.suppress(OSError):
        for path in parent.glob(f"{PREFIX}*"):
            _remove_if_unused(path)


def remove_if_abandoned(path: Path) -> None:
    """Remove the folder of a process that is just ending; one that lives on keeps it.

    Args:
        path: a folder that :meth:`ScratchFolder.create` made; any other is left alone.
    """
    for _ in range(TRIES):
        if not path.name.startswith(PREFIX) or not (path / MARK).exists() or _remove_if_unused(path):
            return
        time.sleep(PAUSE_S)


def _remove_if_unused(path: Path) -> bool:
    """Remove a folder whose process is gone; return whether it is gone."""
    try:
        with (path / MARK).open("r+b") as mark:
            if not _lock(mark):
                return False
            if sys.platform == "win32":  # where an open file cannot be deleted
                mark.close()
            for _ in range(TRIES):  # an engine that is ending may still write into it
                shutil.rmtree(path, ignore_errors=True)
                if not path.exists():
                    break
    except FileNotFoundError:
        _remove_unmarked(path)
    except OSError:  # somebody else's
        return False
    return not path.exists()


def _remove_unmarked(path: Path) -> None:
    """Remove what a process left that was killed while it made its folder."""
    with contextlib.suppress(OSError):
        if path.is_dir() and not any(path.iterdir()) and time.time() - path.stat().st_mtime > YOUNG_S:
            path.rmdir()


def _lock(mark: BinaryIO) -> bool:
    """Take the lock, which goes with the process; return False if another has it or the file is gone."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(mark.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(mark.fileno()).st_nlink > 0
    except OSError:
        return False
