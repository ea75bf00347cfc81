"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write, so that ``path`` then holds either all of it or what it held before.

    Args:
        path: the file to write, taken as it is: no ending is added.

    Raises:
        OSError: if the folder or the file cannot be written.
    """
    handle, temporary = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        _give_usual_permissions(Path(temporary))
        Path(temporary).replace(path)
    finally:
        with suppress(OSError):
            Path(temporary).unlink(missing_ok=True)


def _give_usual_permissions(path: Path) -> None:
    """Replace the private mode of a temporary file by that of any new file."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
