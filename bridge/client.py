"""Blender's end of the bridge: start the engine, ask, read answers without waiting.

There are no threads: Blender does not support them. The interface calls
:meth:`EngineClient.poll` from a timer, scripts use :meth:`EngineClient.stream`.
The engine dies with Blender, because its standard input ends then.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from .connection import GRACE_S, Connection, launch
from .errors import BridgeError, EngineDiedError, EngineTimeoutError, EngineUnfitError, OrderError, ProtocolError
from .log_file import log_tail
from .messages import Alive, Cancel, Hello, Reply, Request
from .process_end import ending, last_words
from .protocol import ENDINGS

OLDEST_PYTHON = 3, 11


def engine_command(python: str | Path, root: str | Path) -> list[str]:
    """Return the command that runs the engine.

    Args:
        python: the Python of the engine's environment.
        root: the folder that holds ``artalk_engine`` and ``bridge``.

    Returns:
        A command that sees nothing of the user's own Python set-up.
    """
    # Written for any Python: one that is too old shall say so before it meets words that it does not know.
    start = (
        f"import sys; sys.version_info >= {OLDEST_PYTHON} or "
        f"sys.exit('Python %d.%d is too old, the engine needs %d.%d' % (sys.version_info[:2] + {OLDEST_PYTHON})); "
        f"sys.path.insert(0, {str(root)!r}); from artalk_engine.service import main; main()"
    )
    return [str(python), "-I", "-X", "utf8", "-c", start]


class EngineClient:
    """One engine process and the conversation with it.

    Everything that has arrived is handed out before an error is raised, so nothing that
    the engine made is lost when it dies. After that, :meth:`start` begins anew.
    """

    def __init__(self, command: Sequence[str], log_path: str | Path, scratch: str | Path = "") -> None:
        """Prepare; nothing is started yet.

        Args:
            command: the engine's program and arguments, see :func:`engine_command`.
            log_path: file for the engine's standard error; the previous run's log is kept beside it.
            scratch: a ``ScratchFolder`` of this process, for the engine to remove if this process is killed.
        """
        self.command = tuple(command)
        self.log_path = Path(log_path)
        self._hello = Hello(scratch=str(scratch))
        self._connection: Connection | None = None
        self._inbox: deque[tuple[int, Reply]] = deque()
        self._error: BridgeError | None = None

    def __enter__(self) -> EngineClient:
        if not self.is_running:
            self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_running(self) -> bool:
        """Whether the process runs and can be talked to."""
        connection = self._connection
        return self._error is None and connection is not None and connection.process.poll() is None

    @property
    def is_busy(self) -> bool:
        """Whether a job is open or an answer waits to be taken, so that polling is worth while."""
        connection = self._connection
        return bool(self._inbox) or self._error is not None or (connection is not None and connection.is_busy)

    @property
    def error(self) -> BridgeError | None:
        """Why the engine ended by itself or had to be stopped, as far as that was noticed; else ``None``."""
        return self._error

    @property
    def silent_s(self) -> float:
        """Seconds for which jobs have been open without a sign of life, as far as this process listened."""
        return self._connection.silent_s if self._connection is not None else 0.0

    @property
    def alive(self) -> Alive | None:
        """The engine's last heartbeat."""
        return self._connection.alive if self._connection is not None else None

    @property
    def process_id(self) -> int | None:
        """The system's number of the engine's process, ``None`` without one."""
        return self._connection.process.pid if self._connection is not None else None

    def start(self) -> None:
        """Start the engine and greet it; returns at once, ``Ready`` arrives like any reply.

        Raises:
            EngineStartError: if there is no such program or it cannot be run.
            OrderError: if the engine is running already.
        """
        if self.is_running:
            raise OrderError("The engine is running already.", "Close it first.")
        self.close()
        self._inbox.clear()
        self._connection = Connection(launch(self.command, self.log_path))
        self._error = None
        self.send(self._hello)

    def send(self, request: Request) -> int:
        """Open a job; never waits.

        Args:
            request: what to ask.

        Returns:
            The job's number, by which its replies are known.

        Raises:
            OrderError: if the engine was never started.
            EngineDiedError: if its end is known already.
        """
        if self._error is not None:
            raise self._error
        if self._connection is None:
            raise OrderError("The engine is not running.", "Start it first.")
        return self._connection.send(request)

    def cancel(self, job: int) -> None:
        """Ask the engine to stop a job soon; does nothing if the job has ended.

        Args:
            job: a number that :meth:`send` returned.
        """
        if self.is_running and self._connection is not None and job in self._connection.protocol.open_jobs:
            self.send(Cancel(job))

    def poll(self, budget_s: float = 0.004) -> list[tuple[int, Reply]]:
        """Return what has arrived; never waits for the engine.

        Args:
            budget_s: stop reading after this many seconds, the rest is for the next call.

        Returns:
            Job numbers and replies, in the order of their sending; often none.

        Raises:
            EngineDiedError: if the engine has ended and everything from it has been returned.
            ProtocolError: if it sent what it may not; it has been stopped then.
        """
        self._read(budget_s)
        replies = list(self._inbox)
        self._inbox.clear()
        if not replies and self._error is not None:
            raise self._error
        return replies

    def stream(self, job: int, timeout_s: float = 120.0) -> Iterator[Reply]:
        """Wait for a job's replies, for scripts and background Blender.

        Args:
            job: a number that :meth:`send` returned.
            timeout_s: the longest silence to put up with, in seconds.

        Yields:
            The job's replies up to the one that ends it, which may be ``Failed``.

        Raises:
            EngineTimeoutError: if the engine is silent for longer than ``timeout_s``.
            EngineDiedError: if it ends before the job does.
            OrderError: if there is no such job.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            reply = self._take(job)
            if reply is not None:
                yield reply
                if isinstance(reply, ENDINGS):
                    return
                deadline = time.monotonic() + timeout_s  # what the caller did in between does not count
                continue
            self._check_awaited(job, deadline, timeout_s)
            self._wait(deadline - time.monotonic())
            if self._read(budget_s=0.1):
                deadline = time.monotonic() + timeout_s

    def close(self, grace_s: float = GRACE_S) -> None:
        """End the engine: ask, after ``grace_s`` seconds terminate, after as many more kill. Never raises."""
        connection, self._connection = self._connection, None
        self._error = None
        if connection is not None:
            connection.close(grace_s)

    def _take(self, job: int) -> Reply | None:
        """Take a job's next reply from the inbox and leave the others' there."""
        for index, (owner, reply) in enumerate(self._inbox):
            if owner == job:
                del self._inbox[index]
                return reply
        return None

    def _check_awaited(self, job: int, deadline: float, timeout_s: float) -> None:
        if self._error is not None:
            raise self._error
        if self._connection is None or job not in self._connection.protocol.open_jobs:
            raise OrderError(f"There is no open job {job} to wait for.", "Send a request first.")
        if time.monotonic() >= deadline:
            raise EngineTimeoutError(timeout_s, self.log_path)

    def _wait(self, timeout_s: float) -> None:
        if self._connection is not None:
            self._connection.wait(timeout_s)

    def _read(self, budget_s: float) -> bool:
        """Move what has arrived into the inbox; return whether anything had."""
        connection = self._connection
        if connection is None or self._error is not None:
            return False
        before = connection.received
        try:
            connection.read_into(self._inbox, time.monotonic() + budget_s)
        except EOFError:
            self._error = self._death(connection)
        except ProtocolError as exc:
            self._error = exc
            connection.kill()
        return connection.received != before

    def _death(self, connection: Connection) -> EngineDiedError:
        """Say how the engine ended; one that never spoke tells in its log what it lacks."""
        how, tail = ending(connection.process), log_tail(self.log_path)
        if not connection.has_greeted and (connection.process.returncode or 0) > 0:
            return EngineUnfitError(self.command[0], last_words(tail), how, self.log_path, tail)
        return EngineDiedError(how, self.log_path, tail)
