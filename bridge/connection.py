"""The engine's process and the pipes to it, as Blender's end holds them."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .awake_clock import AwakeClock
from .child_process import process_options, tie
from .errors import BridgeError, EngineStartError, StrayBytesError
from .log_file import open_log
from .messages import Alive, Ready, Reply, Request, Shutdown
from .pipes import ReadPipe, WritePipe
from .protocol import ClientProtocol

GRACE_S = 2.0  # what the engine gets to leave by itself, and again after being terminated


def launch(command: Sequence[str], log_path: Path) -> subprocess.Popen[bytes]:
    """Start the engine with pipes to talk through.

    Args:
        command: program and arguments.
        log_path: file for its standard error; the previous run's log is kept beside it. Without room for one
            the engine runs all the same.

    Returns:
        The running process.

    Raises:
        EngineStartError: if there is no such program or it cannot be run.
    """
    try:
        with open_log(log_path) as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                env=engine_environment(os.environ),
                cwd=tempfile.gettempdir(),  # keeps no folder of the user's busy
                **process_options(),
            )
    except (OSError, ValueError) as exc:
        reason = (isinstance(exc, OSError) and exc.strerror) or str(exc)
        raise EngineStartError(command[0] if command else "no program", reason) from exc


def engine_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for the engine: all but those that steer Blender's own Python."""
    return {
        name: value
        for name, value in environment.items()
        if not name.upper().startswith("PYTHON") and name != "__PYVENV_LAUNCHER__"
    }


@dataclass
class Connection:
    """A process with its pipes; lives as long as the process.

    Attributes:
        process: the engine.
        protocol: the conversation with it.
        received: bytes from it so far.
        has_greeted: whether it has said that it speaks our protocol.
        alive: its last heartbeat.
    """

    process: subprocess.Popen[bytes]
    protocol: ClientProtocol = field(default_factory=ClientProtocol)
    received: int = 0
    has_greeted: bool = False
    alive: Alive | None = None

    def __post_init__(self) -> None:
        self._requests, self._replies = _pipe(self.process.stdin), _pipe(self.process.stdout)
        self._writer, self._reader = WritePipe(self._requests.fileno()), ReadPipe(self._replies.fileno())
        self._clock = AwakeClock()
        self._heard_at = 0.0  # when its last bytes came, on that clock
        self._job_object = tie(self.process)

    @property
    def is_busy(self) -> bool:
        """Whether a job is open or a request still has to be written."""
        return bool(self.protocol.open_jobs) or self._writer.has_waiting

    @property
    def silent_s(self) -> float:
        """Seconds for which we have listened to open jobs without hearing anything, heartbeats included."""
        now = self._clock.now()
        return now - self._heard_at if self.protocol.open_jobs else 0.0

    def send(self, request: Request) -> int:
        """Open a job and return its number; what the pipe cannot take now is written later."""
        if not self.protocol.open_jobs:
            self._heard_at = self._clock.now()
        job, data = self.protocol.request(request)
        self._write(data)
        return job

    def read_into(self, inbox: deque[tuple[int, Reply]], deadline: float) -> None:
        """Read until nothing is left or ``deadline`` passes.

        Args:
            inbox: where to put job numbers and replies.
            deadline: on the monotonic clock.

        Raises:
            EOFError: at the end of the stream.
            ProtocolError: if the engine sent what it may not.
        """
        self._write(b"")
        while True:
            data = self._reader.read()
            if data == b"":
                raise EOFError
            if data is not None:
                self._heard_at = self._clock.now()
                self.received += len(data)
                self._accept(data, inbox)
            elif self.protocol.is_within_frame:
                self._reader.wait(deadline - time.monotonic())  # the rest of a message is on its way
            else:
                return
            if time.monotonic() >= deadline:
                return

    def wait(self, timeout_s: float) -> None:
        """Return when something has arrived, or earlier if a request is still to be written."""
        self._reader.wait(min(timeout_s, 0.01) if self._writer.has_waiting else timeout_s)

    def close(self, grace_s: float = GRACE_S) -> None:
        """End the process: ask, after ``grace_s`` terminate, after as much again kill."""
        with suppress(BridgeError, OSError):
            self.send(Shutdown())
        for pipe in (self._requests, self._replies):
            with suppress(OSError):
                pipe.close()  # even an engine that cannot read learns from this
        for last_resort in (self.process.terminate, self.process.kill, None):
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(grace_s)
                return
            if last_resort is not None:
                last_resort()

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()

    def _accept(self, data: bytes, inbox: deque[tuple[int, Reply]]) -> None:
        self.protocol.feed(data)
        while True:
            try:
                item = self.protocol.next()
            except StrayBytesError:
                continue  # something printed before the engine took its output away
            if item is None:
                return
            if isinstance(item[1], Alive):
                self.alive = item[1]
                continue
            self.has_greeted |= isinstance(item[1], Ready)
            inbox.append(item)

    def _write(self, data: bytes) -> None:
        with suppress(BrokenPipeError):  # reading tells how the engine ended
            self._writer.write(data)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - launch asks for both pipes
    return stream
