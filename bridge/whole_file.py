"""Write a file whole or not at all."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

STALE_S = 3600.0  # an unfinished file this old is nobody's work any more

_unfinished: set[Path] = set()
_changing = threading.Lock()


@contextmanager
def whole_file(path: Path, is_private: bool = False) -> Iterator[BinaryIO]:
    """Open a file to write, so that ``path`` then holds either all of it or what it held before.

    Args:
        path: the file to write, taken as it is: no ending is added.
        is_private: let only this user read it, rather than whoever may read any new file.

    Raises:
        OSError: if the folder or the file cannot be written.
    """
    remove_parts(path, STALE_S)
    with _changing:
        handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
        temporary = Path(name)
        _unfinished.add(temporary)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        if not is_private:
            _give_usual_permissions(temporary)
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        _unfinished.discard(temporary)


@contextmanager
def unfinished(path: Path) -> Iterator[None]:
    """Note that a file or folder is no good before the end of the block, should the process end within it."""
    with _changing:
        _unfinished.add(path)
    try:
        yield
    finally:
        _unfinished.discard(path)


def remove_unfinished() -> None:
    """Delete what is being written, from any thread of a process that ends at once; nothing can be begun after it."""
    _changing.acquire()  # and never given back
    for path in tuple(_unfinished):
        _remove(path)


def remove_parts(path: Path, age_s: float = 0.0) -> None:
    """Delete what processes left of a file that were killed while they wrote it.

    Args:
        path: the file that was to be written.
        age_s: leave alone what somebody has written to more recently.
    """
    name = glob.escape(path.name)
    for pattern in (f"{name}.*.part", f".{name}.*.part"):
        for part in path.parent.glob(pattern):
            with suppress(OSError):
                if time.time() - part.stat().st_mtime >= age_s:
                    _remove(part)


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _give_usual_permissions(path: Path) -> None:
    """Replace the private mode of a temporary file by that of any new file."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
