"""A server for one onlooker on this machine, of the standard library alone: a player, its pictures and its sound.

It listens on this machine only, and answers nobody who does not know the address, in which there is a secret.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any, cast

from .headers import GUARDS
from .live import LivePictures, Watcher
from .options import LOCAL

STATIC = Path(__file__).parent / "static"
POLL_S = 0.04  # a frame
BLOCK = 2**16  # bytes of a file that are read at once
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
log = logging.getLogger(__name__)


class SmallServer(ThreadingHTTPServer):
    """Shows what is made to whoever opens its address.

    Attributes:
        address: to open in a browser.
        pictures: what the head looks like so far.
        sound: what is heard, a WAV file.
        was_opened: whether somebody has come.
        was_seen: whether the browser has shown everything, or has been closed.
    """

    daemon_threads = True

    def __init__(self, pictures: LivePictures, sound: Path) -> None:
        super().__init__((LOCAL, 0), _Handler)
        self.pictures, self.sound = pictures, sound
        self.was_opened, self.was_seen = threading.Event(), threading.Event()
        self.secret = secrets.token_urlsafe(16)
        self.names = [f"{name}:{self.server_port}" for name in (LOCAL, "localhost")]
        self.address = f"http://{self.names[0]}/{self.secret}/"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve while the block lasts."""
        thread = threading.Thread(target=self.serve_forever, args=(POLL_S,), name="onlookers", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - as the base class has it
        """A browser that goes away in the middle of an answer is no error."""
        log.debug("an answer to %s broke off", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # without which browsers do not seek in a sound
    timeout = 60

    def do_GET(self) -> None:
        """Answer a browser."""
        match self._asked():
            case "":
                self._small_server.was_seen.clear()
                self._send_file(STATIC / "player.html", "text/html; charset=utf-8")
            case "pictures":
                self._send_pictures()
            case "sound":
                self._send_file(self._small_server.sound, "audio/wav")
            case _:
                self._begin(HTTPStatus.NOT_FOUND, "text/plain", 0)

    def do_POST(self) -> None:
        """Take note that there is nothing more to see, or nobody any more who looks."""
        self.close_connection = True  # whatever was sent with it is not read
        if self._asked() == "seen":
            self._small_server.was_seen.set()
            self._begin(HTTPStatus.NO_CONTENT)
        else:
            self._begin(HTTPStatus.NOT_FOUND, "text/plain", 0)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing on the terminal."""
        log.debug(format, *args)

    @property
    def _small_server(self) -> SmallServer:
        return cast("SmallServer", self.server)

    def _asked(self) -> str | None:
        """Return what is asked for; None if the secret is wrong, or the machine goes by a foreign name."""
        secret, _, name = self.path.partition("?")[0].removeprefix("/").partition("/")
        is_known = secrets.compare_digest(secret.encode(), self._small_server.secret.encode())
        return name if is_known and self.headers.get("host") in self._small_server.names else None

    def _send_pictures(self) -> None:
        self.close_connection = True  # which is how the browser learns that it has all
        watcher = Watcher(self._small_server.pictures)
        with watcher.watching():
            self._begin(HTTPStatus.OK, "application/octet-stream")
            self._small_server.was_opened.set()
            while not watcher.has_all:
                self.wfile.write(watcher.news())
                time.sleep(POLL_S)

    def _send_file(self, path: Path, kind: str) -> None:
        """Send a file, or the part of it that the browser asks for."""
        size = path.stat().st_size
        asked = RANGE.fullmatch(self.headers.get("range", ""))
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2] or size), size - 1) if asked else size - 1
        if asked and not first <= last:
            self._begin(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, kind, 0, ("content-range", f"bytes */{size}"))
            return
        part = [("content-range", f"bytes {first}-{last}/{size}")] if asked else []
        status = HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK
        self._begin(status, kind, last - first + 1, ("accept-ranges", "bytes"), *part)
        with path.open("rb") as file:
            file.seek(first)
            _copy(file, cast("IO[bytes]", self.wfile), last - first + 1)

    def _begin(self, status: HTTPStatus, kind: str = "", size: int | None = None, *more: tuple[str, str]) -> None:
        self.send_response_only(status)
        for name, value in (*GUARDS, ("cache-control", "no-store"), *more):
            self.send_header(name, value)
        if kind:
            self.send_header("content-type", kind)
        if size is not None:
            self.send_header("content-length", str(size))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()


def _copy(source: IO[bytes], target: IO[bytes], size: int) -> None:
    while size > 0 and (block := source.read(min(size, BLOCK))):
        target.write(block)
        size -= len(block)
