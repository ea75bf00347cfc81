"""The page's files: uploads and results, which go after a time, when there are too many, and at the end."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from artalk_engine.errors import OutputError

from .options import MEGABYTE, PageOptions


class PageFiles:
    """A folder of the page's own, with a folder in it for each upload and each job.

    Attributes:
        root: the folder; nothing of it outlives the page.
    """

    def __init__(self, options: PageOptions) -> None:
        """Make the folder.

        Raises:
            OutputError: if it cannot be made.
        """
        place = options.folder or Path(tempfile.gettempdir())
        try:
            self.root = Path(tempfile.mkdtemp(prefix="artalk-page-", dir=place)).resolve()
        except OSError as exc:
            raise OutputError(
                f"nothing can be written into the folder {place} ({exc.strerror or exc})",
                "Name another with --folder.",
            ) from exc
        self._keep_s = options.keep_minutes * 60
        self._most = options.max_disk_mb * MEGABYTE
        self._in_use: set[Path] = set()
        self._lock = threading.Lock()  # no folder may go between its making and its use

    def open(self) -> Path:
        """Make a folder for a job, which is not removed before it is closed.

        Raises:
            OutputError: if the disk does not let it.
        """
        with self._lock:
            try:
                folder = Path(tempfile.mkdtemp(prefix="job-", dir=self.root))
            except OSError as exc:
                raise OutputError(f"the page's folder cannot be written ({exc.strerror or exc})") from exc
            self._in_use.add(folder)
            return folder

    def close(self, folder: Path) -> None:
        """Let a job's folder grow old from now on."""
        with self._lock:
            self._in_use.discard(folder)

    def remove(self, folder: Path) -> None:
        """Remove a job's folder now."""
        self.close(folder)
        shutil.rmtree(folder, ignore_errors=True)

    def has_room(self, size: int) -> bool:
        """Say whether so many bytes more may be written, once what may go is gone."""
        self.sweep(size)
        return self.size + size <= self._most and shutil.disk_usage(self.root).free > size

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(_size(entry) for entry in self.root.iterdir())

    def sweep(self, wanted: int = 0) -> None:
        """Remove what is older than it may be, then the oldest until the rest and what is wanted have room."""
        with self._lock:
            entries = [
                (_touched(entry), _size(entry), entry) for entry in self.root.iterdir() if entry not in self._in_use
            ]
            room = self._most - wanted - sum(_size(folder) for folder in self._in_use)
            total, now = sum(size for _, size, _ in entries), time.time()
            for touched, size, entry in sorted(entries):
                if now - touched > self._keep_s or total > room:
                    _remove(entry)
                    total -= size

    def end(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.root, ignore_errors=True)


def _parts(entry: Path) -> list[Path]:
    return [entry, *entry.rglob("*")] if entry.is_dir() else [entry]


def _size(entry: Path) -> int:
    total = 0
    for part in _parts(entry):
        with suppress(OSError):  # gone meanwhile
            total += part.stat().st_size if part.is_file() else 0
    return total


def _touched(entry: Path) -> float:
    latest = 0.0
    for part in _parts(entry):
        with suppress(OSError):
            latest = max(latest, part.stat().st_mtime)
    return latest


def _remove(entry: Path) -> None:
    if entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)
