"""Fetch released files: resumed where they ended, from mirrors, checked while they come, whole or not at all.

What has come lies in ``NAME.part``. It is asked for from its end on (an HTTP range), and becomes ``NAME`` only when
its checksum is what the file's authors list. The proxies of the environment are used.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from artalk_engine.assets import ReleasedFile, licence_text
from artalk_engine.version import engine_version

from .errors import ChecksumError, DiskError, DownloadError, DownloadStoppedError, LicenceError, ManualFileError
from .folder import FileState, ModelsFolder
from .hashing import CHUNK

HUB = "https://huggingface.co"  # where the authors published their files
MIRROR_VARIABLES = ("ARTALK_MIRROR", "HF_ENDPOINT")
TIMEOUT_S = 30.0  # without a byte
SPARE = 64 << 20  # bytes of disk to leave free
BLOCK = 1 << 18  # bytes taken from the network at a time, so that a slow one is told and stopped often
_PASSING = (408, 425, 429, 500, 502, 503, 504)  # statuses that another try may not meet

Tell = Callable[[ReleasedFile, int, int], None]


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """How to fetch files.

    Attributes:
        mirrors: servers laid out as the hub is, asked in this order; none is what the environment says, or the hub.
        accepted: names of the licences that the user accepts.
        tries: how often in a row a server may fail without giving a byte.
        patience_s: seconds to wait after the first failure; each time twice as long.
    """

    mirrors: tuple[str, ...] = ()
    accepted: frozenset[str] = frozenset()
    tries: int = 5
    patience_s: float = 1.0

    @property
    def servers(self) -> tuple[str, ...]:
        """Those to ask, in order."""
        said = [os.environ.get(name, "") for name in MIRROR_VARIABLES]
        return self.mirrors or tuple(filter(None, said)) or (HUB,)


class _RefusedError(Exception):
    """A server will not give this file, however often it is asked."""


class _InterruptedError(Exception):
    """A transfer ended early; another try may go on."""


class Downloader:
    """Fetches files into a folder."""

    def __init__(
        self,
        folder: ModelsFolder,
        options: DownloadOptions | None = None,
        tell: Tell | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        """Choose where to and how.

        Args:
            folder: that takes the files.
            options: how; None is from the hub, with no licence accepted.
            tell: called with the file, the bytes that are here and all of them.
            should_stop: asked for each block; true ends the download, and keeps what is here.
        """
        self._folder, self._options = folder, options or DownloadOptions()
        self._tell = tell or (lambda *_: None)
        self._should_stop = should_stop or (lambda: False)

    def check(self, files: tuple[ReleasedFile, ...]) -> int:
        """Refuse, before anything is fetched, what cannot be.

        Args:
            files: to fetch; those that are here are no trouble.

        Returns:
            the number of bytes that are still to come.

        Raises:
            ManualFileError: if the user has to fetch one.
            LicenceError: if the terms of one were not accepted.
            DiskError: if the folder cannot be written, or has not enough space.
        """
        states = [self._folder.state(file) for file in files]
        wanted = [state for state in states if state.state not in ("verified", "imported")]
        for state in wanted:
            if state.file.is_manual:
                raise ManualFileError(state.file.path.name, licence_text(state.file))
            if state.file.licence not in self._options.accepted:
                raise LicenceError(state.file.licence, licence_text(state.file))
        needed = sum(_to_come(state) for state in wanted)
        _check_disk(self._folder.path, needed)
        return needed

    def fetch(self, file: ReleasedFile) -> Path:
        """Fetch one file, or find that it is here and whole.

        Raises:
            ModelFileError: if that cannot be.
        """
        self.check((file,))
        place, part = self._folder.place(file), self._folder.part(file)
        if self._folder.state(file).state == "verified":
            return place
        if place.is_file() and self._folder.verify(file).state == "verified":
            return place
        with _disk(self._folder.path):
            part.parent.mkdir(parents=True, exist_ok=True)
            with part.open("ab+") as stream, _alone(stream, part):
                self._fill(file, stream)
            part.replace(place)
        self._folder.note(file, "verified")
        return place

    def _fill(self, file: ReleasedFile, stream: BinaryIO) -> None:
        """Complete a part from the first server that can, and check it."""
        refusals = []
        for server in self._options.servers:
            try:
                self._fill_from(server, file, stream)
            except (_RefusedError, _InterruptedError) as exc:
                refusals.append(f"{urllib.parse.urlsplit(server).netloc or server}: {exc}")
            else:
                return
        if refusals and all("checksum" in refusal for refusal in refusals):
            raise ChecksumError(f"{file.path.name} came with another checksum than its authors list, twice.")
        raise DownloadError(f"{file.path.name} cannot be downloaded ({'; '.join(refusals)}).")

    def _fill_from(self, server: str, file: ReleasedFile, stream: BinaryIO) -> None:
        url = _address(server, file)
        for attempt in (1, 2):  # a part of an earlier, damaged transfer must not spoil this one for ever
            self._transfer(url, file, stream)
            if self._digest(stream) == file.sha256:
                return
            stream.truncate(0)
            if attempt == 2:
                raise _RefusedError("the checksum is another")

    def _transfer(self, url: str, file: ReleasedFile, stream: BinaryIO) -> None:
        """Ask for what is missing until all is here, or nothing has come for so many tries."""
        failures = 0
        while (here := _size(stream)) < file.size:
            try:
                self._ask(url, file, stream)
                reason = "the server ends the file too early"
            except _InterruptedError as exc:
                reason = str(exc)
            failures = 0 if _size(stream) > here else failures + 1
            if failures >= self._options.tries:
                raise _InterruptedError(reason)
            if _size(stream) < file.size:
                self._wait(self._options.patience_s * 2.0 ** max(0, failures - 1))
        if _size(stream) > file.size:
            stream.truncate(0)
            raise _RefusedError("the file there is larger than its authors list")

    def _ask(self, url: str, file: ReleasedFile, stream: BinaryIO) -> None:
        """Ask a server once, from where the part ends."""
        here = _size(stream)
        with _open(url, here) as answer:
            if here and not _goes_on(answer, here):
                stream.truncate(0)
            while block := _read(answer):
                if self._should_stop():
                    raise DownloadStoppedError
                stream.write(block)
                if _size(stream) > file.size:
                    return
                self._tell(file, _size(stream), file.size)

    def _digest(self, stream: BinaryIO) -> str:
        """Compute the checksum of a part that is complete; its pages are still in the system's memory."""
        digest = hashlib.sha256()
        stream.flush()
        stream.seek(0)
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            if self._should_stop():
                raise DownloadStoppedError
        return digest.hexdigest()

    def _wait(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            if self._should_stop():
                raise DownloadStoppedError
            time.sleep(min(0.1, seconds))


def page_of(file: ReleasedFile) -> str:
    """Return the address of the page on which a file's authors tell of it and its terms, ``""`` without one."""
    return f"{HUB}/{file.repository}" if file.repository else ""


def _address(server: str, file: ReleasedFile) -> str:
    """Return where a server laid out as the hub has a file.

    Raises:
        DownloadError: if the server is no web address.
    """
    if urllib.parse.urlsplit(server).scheme not in ("http", "https"):
        raise DownloadError(f"{server!r} is no web address.", "Give a mirror as https://…")
    path = urllib.parse.quote(f"{file.repository}/resolve/{file.revision}/{file.source}")
    return f"{server.rstrip('/')}/{path}"


def _open(url: str, here: int) -> http.client.HTTPResponse:
    """Ask for a file from a byte on."""
    headers = {"User-Agent": f"artalk/{engine_version()}", "Accept-Encoding": "identity"}
    if here:
        headers["Range"] = f"bytes={here}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - `_address` lets nothing but the web through
    opener = urllib.request.build_opener()  # anew, so that the environment's proxies are those of now
    try:
        answer: http.client.HTTPResponse = opener.open(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as exc:
        if exc.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise _RefusedError("the file there is shorter than its authors list") from exc
        kind = _InterruptedError if exc.code in _PASSING else _RefusedError
        raise kind(f"the server answers {exc.code} {exc.reason}") from exc
    except (OSError, http.client.HTTPException) as exc:
        raise _InterruptedError(_reason(exc)) from exc
    return answer


def _read(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read1(BLOCK)
    except (OSError, http.client.HTTPException) as exc:
        raise _InterruptedError(_reason(exc)) from exc


def _reason(exc: Exception) -> str:
    return str(getattr(exc, "reason", "") or exc) or type(exc).__name__


def _goes_on(answer: http.client.HTTPResponse, here: int) -> bool:
    """Return whether a server goes on where it was asked to, rather than from the beginning."""
    said = answer.headers.get("Content-Range", "")
    return answer.status == 206 and said.replace("bytes ", "").startswith(f"{here}-")


def _to_come(state: FileState) -> int:
    if state.state == "unverified":
        return 0
    return state.file.size - min(state.here, state.file.size) if state.state == "partial" else state.file.size


def _size(stream: BinaryIO) -> int:
    stream.seek(0, os.SEEK_END)
    return stream.tell()


def _check_disk(folder: Path, needed: int) -> None:
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise DiskError(f"Nothing can be written into {there}.", "Choose another folder with --folder.")
    free = shutil.disk_usage(there).free
    if needed and free < needed + SPARE:
        raise DiskError(f"{needed / 1e9:.2f} GB are needed in {there}, and {free / 1e9:.2f} GB are free.")


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """Tell what the system says about writing."""
    try:
        yield
    except OSError as exc:
        raise DiskError(f"{exc.filename or folder} cannot be written ({exc.strerror or exc}).") from exc


@contextmanager
def _alone(stream: BinaryIO, path: Path) -> Iterator[None]:
    """Keep other processes from writing the same part.

    Raises:
        DiskError: if one does.
    """
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        raise DiskError(f"{path.name} is being downloaded by another program.", "Wait until it is done.") from exc
    yield
