"""Checksums of large files, with progress."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

CHUNK = 1 << 20  # bytes read at a time


def sha256_of(path: Path, tell: Callable[[int, int], None] | None = None) -> str:
    """Compute the SHA-256 of a file, in hexadecimal.

    Args:
        path: to read.
        tell: called with the bytes read and all of them.
    """
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if tell is not None:
                tell(done, total)
    return digest.hexdigest()
