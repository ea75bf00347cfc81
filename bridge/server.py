"""The engine's end of the bridge: take requests, run one job at a time, answer.

Some kinds of requests may have a worker of their own beside that, so that neither waits for the other.

The engine calls :func:`take_standard_streams` before it imports anything heavy, so that
no print of any library can reach the protocol. A thread of its own reads requests, which
is what makes a job cancellable and lets the process leave at once when Blender is gone.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from .errors import BridgeError, JobCancelledError, ProtocolError, as_sentence
from .fields import TEXT_LIMIT
from .messages import PROTOCOL, Cancel, Failed, Hello, Log, Progress, Ready, Reply, Request, Shutdown
from .protocol import EngineProtocol

READ_SIZE = 64 * 1024
WAITING_LIMIT = 64  # jobs in the queue

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Channel:
    """File descriptors of the protocol."""

    requests: int
    replies: int


def take_standard_streams() -> Channel:
    """Move the protocol away from standard input and output.

    Afterwards whatever is printed, by Python or by native code, goes to standard error, and
    standard input is empty. The descriptors are not inherited by child processes.

    Returns:
        Where requests come in and replies go out.
    """
    channel = Channel(requests=os.dup(0), replies=os.dup(1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (channel.requests, channel.replies):
            msvcrt.setmode(descriptor, os.O_BINARY)
    return channel


class Job:
    """A request being worked on, as its handler sees it."""

    def __init__(
        self,
        number: int,
        request: Request,
        send: Callable[[int, Reply], None],
        is_crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        self.number = number
        self.request = request
        self._send = send
        self._is_crowded = is_crowded
        self._cancelled = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        """Whether Blender asked to stop this job."""
        return self._cancelled.is_set()

    @property
    def is_crowded(self) -> bool:
        """Whether the other worker is at work too, so that one who may wait should leave it the processor."""
        return self._is_crowded()

    def cancel(self) -> None:
        """Note that the job is to stop."""
        self._cancelled.set()

    def check(self) -> None:
        """Leave the handler if the job was cancelled.

        Raises:
            JobCancelledError: if so.
        """
        if self.is_cancelled:
            raise JobCancelledError

    def send(self, reply: Reply) -> None:
        """Send a reply that does not end the job; waits while Blender is slow to read."""
        self._send(self.number, reply)

    def progress(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Report ``done`` of ``total`` steps of a stage, after checking that the job is still wanted.

        Raises:
            JobCancelledError: if it is not.
        """
        self.check()
        self.send(Progress(stage, done, total))

    def remark(self, text: str) -> None:
        """Send a text for the details view."""
        self.send(Log(text[:TEXT_LIMIT]))


Handler = Callable[[Job], Reply]


@dataclass(eq=False)
class _Lane:
    """Jobs that are done one after the other."""

    waiting: queue.SimpleQueue[Job] = field(default_factory=queue.SimpleQueue)
    is_busy: bool = False


class Server:
    """The conversation from the engine's side."""

    def __init__(self, channel: Channel, engine_version: str, beside: tuple[type[Request], ...] = ()) -> None:
        """Prepare; nothing is read yet.

        Args:
            channel: from :func:`take_standard_streams`.
            engine_version: goes into ``Ready``.
            beside: kinds of requests that have a worker of their own, beside the one for all others.
        """
        self._channel = channel
        self._engine_version = engine_version
        self._beside = beside
        self._protocol = EngineProtocol()
        self._sending = threading.Lock()
        self._jobs: dict[int, Job] = {}
        self._main, self._side = _Lane(), _Lane()

    def start(self) -> None:
        """Begin to read; ``Hello`` and ``Cancel`` are answered from now on, jobs wait for :meth:`run`."""
        with suppress(ValueError):  # only the main thread may; Ctrl-C is for the parent to act upon
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=self._read, name="bridge reader", daemon=True).start()

    def run(self, handle: Handler) -> None:
        """Work on jobs until the process ends.

        Args:
            handle: does a job and returns the reply that ends it. What it raises ends the job
                as well: an error with ``code`` and ``remedy`` is passed on, any other is logged
                and reported as ``internal``. The kinds beside all others are handled in a thread of
                their own.
        """
        if self._beside:
            threading.Thread(target=self._work, args=(handle, self._side), name="side worker", daemon=True).start()
        self._work(handle, self._main)

    def _work(self, handle: Handler, lane: _Lane) -> None:
        while True:
            job = lane.waiting.get()
            lane.is_busy = True
            reply = _finish(handle, job)
            lane.is_busy = False
            self._jobs.pop(job.number, None)
            try:
                self._send(job.number, reply)
            except ProtocolError as exc:
                self._send(job.number, _unexpected(exc))

    def _read(self) -> None:
        """Read requests for ever; the end of the stream is the end of the process."""
        try:
            while data := os.read(self._channel.requests, READ_SIZE):
                self._protocol.feed(data)
                self._accept_all()
        except OSError as exc:
            log.info("requests cannot be read any more: %s", exc)
        except BaseException:
            log.exception("the reader failed")
        _leave("the parent has closed the channel")

    def _accept_all(self) -> None:
        while True:
            try:
                item = self._protocol.next()
            except ProtocolError as exc:
                self._send(exc.job, _failed(exc.code, str(exc), exc.remedy))
                continue
            if item is None:
                return
            self._accept(*item)

    def _accept(self, number: int, request: Request) -> None:
        match request:
            case Hello():
                self._send(number, Ready(PROTOCOL, self._engine_version))
            case Cancel(job=other):
                if job := self._jobs.get(other):
                    job.cancel()
            case Shutdown():
                _leave("asked to")
            case _ if len(self._jobs) >= WAITING_LIMIT:
                self._send(number, _failed("busy", "Too many jobs are waiting.", "Wait for some of them to end."))
            case _:
                lanes = (self._side, self._main) if isinstance(request, self._beside) else (self._main, self._side)
                self._jobs[number] = job = Job(number, request, self._send, lambda: lanes[1].is_busy)
                lanes[0].waiting.put(job)

    def _send(self, job: int, reply: Reply) -> None:
        try:
            with self._sending:
                data = memoryview(self._protocol.reply(job, reply))
                while data:
                    data = data[os.write(self._channel.replies, data) :]
        except OSError as exc:
            _leave(f"replies cannot be written any more: {exc}")


def _finish(handle: Handler, job: Job) -> Reply:
    """Run a handler and turn however it ends into a reply."""
    try:
        job.check()
        return handle(job)
    except JobCancelledError as exc:
        return Failed(exc.code, str(exc))
    except BridgeError as exc:
        return _failed(exc.code, str(exc), exc.remedy)
    except Exception as exc:
        code, remedy = getattr(exc, "code", None), getattr(exc, "remedy", None)
        if isinstance(code, str) and isinstance(remedy, str):
            log.warning("job %d: %s: %s", job.number, code, exc)
            return _failed(code, str(exc), remedy)
        return _unexpected(exc)


def _unexpected(exc: Exception) -> Failed:
    log.error("a job failed", exc_info=exc)
    return Failed(
        "internal",
        f"The engine met an error that it did not expect ({type(exc).__name__}).",
        "The details are in its log file; please report them.",
    )


def _failed(code: str, text: str, remedy: str) -> Failed:
    return Failed(code[:TEXT_LIMIT], as_sentence(text)[:TEXT_LIMIT], as_sentence(remedy)[:TEXT_LIMIT])


def _leave(reason: str) -> None:
    """End the process from whichever thread notices that it is no longer needed."""
    log.info("leaving: %s", reason)
    os._exit(0)
