"""The engine's log: standard error in a file, which neither an old engine, a flood nor a full disk can spoil."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

LIMIT = 16 << 20  # bytes, after which a log begins anew


def open_log(path: Path) -> BinaryIO:
    """Open a new log; the one before is kept beside it.

    Args:
        path: the file.

    Returns:
        Where to write: nowhere at all if the file cannot be made, for an engine without a log is better than none.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # Windows refuses while an old engine still has the file
            path.replace(path.with_name(path.name + ".old"))
        return path.open("ab")  # appended to, so that it can be cut short while it is written
    except OSError:
        return Path(os.devnull).open("wb")


def shorten(descriptor: int, limit: int = LIMIT) -> bool:
    """Begin a log anew if it has grown too long, as when a library repeats a warning for ever.

    Args:
        descriptor: of the log, opened to append.
        limit: how many bytes are not too long.

    Returns:
        Whether it has been cut.
    """
    with suppress(OSError):
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_size > limit:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, b"(The log had grown too long; it begins anew here.)\n")
            return True
    return False


def log_tail(path: Path, size: int = 4096, lines: int = 20) -> str:
    """Return the end of a log.

    Args:
        path: the file; one that cannot be read counts as empty.
        size: read at most this many bytes.
        lines: return at most this many lines.

    Returns:
        The last lines, ``""`` if there are none.
    """
    try:
        with path.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - size))
            text = stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
