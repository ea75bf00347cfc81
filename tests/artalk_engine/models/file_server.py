"""A web server of the tests' own, on this machine, that misbehaves as it is told."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Behaviour:
    """What the server does.

    Attributes:
        content: of the one file.
        cuts: bytes after which each answer in turn breaks off; further answers are whole.
        statuses: of each answer in turn, in place of the file.
        ignores_range: answer with the whole file whatever is asked for.
        pause_s: between pieces of an answer.
        delay_s: before each answer.
        moves: answer first with a redirection.
        asked: the ranges asked for, ``""`` for none.
    """

    content: bytes
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    ignores_range: bool = False
    pause_s: float = 0.0
    delay_s: float = 0.0
    moves: bool = False
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """Serve within the block; gives the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if behaviour.moves and not self.path.startswith("/moved"):
                self.send_response(302)
                self.send_header("Location", f"/moved{self.path}")
                self.end_headers()
                return
            said = self.headers.get("Range", "")
            behaviour.asked.append(said)
            time.sleep(behaviour.delay_s)
            if behaviour.statuses:
                self.send_error(behaviour.statuses.pop(0))
                return
            first = 0 if behaviour.ignores_range or not said else int(said.removeprefix("bytes=").rstrip("-"))
            if first >= len(behaviour.content) and said and not behaviour.ignores_range:
                self.send_error(416)
                return
            self._send(first, bool(said) and not behaviour.ignores_range)

        def _send(self, first: int, is_part: bool) -> None:
            rest = behaviour.content[first:]
            self.send_response(206 if is_part else 200)
            self.send_header("Content-Length", str(len(rest)))
            if is_part:
                total = len(behaviour.content)
                self.send_header("Content-Range", f"bytes {first}-{total - 1}/{total}")
            self.end_headers()
            cut = behaviour.cuts.pop(0) if behaviour.cuts else len(rest)
            try:
                for start in range(0, min(cut, len(rest)), 4096):
                    self.wfile.write(rest[start : min(start + 4096, cut)])
                    time.sleep(behaviour.pause_s)
            except ConnectionError:
                pass
            self.close_connection = True

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
