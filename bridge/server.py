"""The engine's end of the bridge: take requests, run one job at a time, answer.

Some kinds of requests may have a worker of their own beside that, so that neither waits for the other.

The engine calls :func:`take_standard_streams` before it imports anything heavy, so that
no print of any library can reach the protocol. A thread of its own reads requests, which
is what makes a job cancellable and lets the process leave at once when Blender is gone.
"""

from __future__ import annotations

import errno
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from .awake_clock import AwakeClock
from .child_process import wake_when_orphaned
from .errors import BridgeError, JobCancelledError, ProtocolError, as_sentence
from .fields import TEXT_LIMIT
from .log_file import shorten
from .messages import PROTOCOL, Alive, Cancel, Failed, Hello, Log, Progress, Ready, Reply, Request, Shutdown
from .process_memory import resident_bytes
from .protocol import NO_JOB, EngineProtocol
from .scratch import remove_if_abandoned
from .whole_file import remove_unfinished

READ_SIZE = 64 * 1024
WAITING_LIMIT = 64  # jobs in the queue
BEAT_S = 1.0  # between two heartbeats
NO_ROOM = tuple(getattr(errno, name) for name in ("ENOSPC", "EDQUOT") if hasattr(errno, name))

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
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    if not _can_write_log():
        os.dup2(nothing, 2)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (channel.requests, channel.replies):
            msvcrt.setmode(descriptor, os.O_BINARY)
    return channel


def _can_write_log() -> bool:
    """Return whether standard error takes anything; on a full disk every print of a library would end its job."""
    try:
        return os.write(2, b"The engine begins.\n") > 0
    except OSError:
        return False


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
    job: Job | None = None  # that is being worked on
    word_at: float = 0.0  # when it last said something

    @property
    def is_busy(self) -> bool:
        return self.job is not None


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
        self._clock = AwakeClock()
        self._accepted = 0  # jobs so far
        self._scratch: Path | None = None
        self._leaving = threading.Lock()

    def start(self) -> None:
        """Begin to read; ``Hello`` and ``Cancel`` are answered from now on, jobs wait for :meth:`run`."""
        with suppress(ValueError):  # only the main thread may; what the terminal says is for the parent to act upon
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            if sys.platform != "win32":  # comes where a stopped process is woken because its parent has died
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
        wake_when_orphaned()
        threading.Thread(target=self._read, name="bridge reader", daemon=True).start()

    def run(self, handle: Handler) -> None:
        """Work on jobs until the process ends.

        Args:
            handle: does a job and returns the reply that ends it. What it raises ends the job
                as well: an error with ``code`` and ``remedy`` is passed on, any other is logged
                and reported as ``internal``. The kinds beside all others are handled in a thread of
                their own.
        """
        threading.Thread(target=self._beat, name="heart", daemon=True).start()
        if self._beside:
            threading.Thread(target=self._work, args=(handle, self._side), name="side worker", daemon=True).start()
        self._work(handle, self._main)

    def _work(self, handle: Handler, lane: _Lane) -> None:
        while True:
            job = lane.waiting.get()
            with self._sending:
                lane.word_at, lane.job = self._clock.now(), job
            reply = _finish(handle, job)
            lane.job = None
            self._jobs.pop(job.number, None)
            try:
                self._send(job.number, reply)
            except ProtocolError as exc:
                self._send(job.number, _unexpected(exc))

    def _beat(self) -> None:
        """Tell once a second that the engine lives, as long as somebody waits; and keep the log from growing."""
        told = -1
        while True:
            count, is_awaited = self._accepted, bool(self._jobs)
            with self._sending:  # and so not while a job waits for Blender to read what it says
                now = self._clock.now()
                if self._protocol.is_greeted and (is_awaited or told != count):
                    self._write(NO_JOB, Alive(resident_bytes(), self._quiet_s(now)))
                    told = -1 if is_awaited else count  # and once more after the last job
            shorten(sys.stderr.fileno())
            time.sleep(BEAT_S)

    def _quiet_s(self, now: float) -> float:
        lanes = (self._main, self._side)
        return max((now - lane.word_at for lane in lanes if lane.is_busy), default=0.0)

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
        self._leave_alone("the parent has closed the channel")

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
            case Hello(scratch=scratch):
                self._scratch = Path(scratch) if scratch else None
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
                self._accepted += 1
                lanes[0].waiting.put(job)

    def _send(self, job: int, reply: Reply) -> None:
        with self._sending:
            self._write(job, reply)
            for lane in (self._main, self._side):
                if lane.job is not None and lane.job.number == job:
                    lane.word_at = self._clock.now()

    def _write(self, job: int, reply: Reply) -> None:
        """Write one reply; whoever calls has the right to send."""
        try:
            data = memoryview(self._protocol.reply(job, reply))
            while data:
                data = data[os.write(self._channel.replies, data) :]
        except OSError as exc:
            self._leave_alone(f"replies cannot be written any more: {exc}")

    def _leave_alone(self, reason: str) -> None:
        """Leave after Blender, and tidy up behind it if it could not.

        Several threads may notice at once that it is gone; the first one must not be cut off while it tidies up.
        """
        with self._leaving:
            if self._scratch is not None:
                remove_if_abandoned(self._scratch)
            _leave(reason)


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
        if isinstance(exc, OSError) and exc.errno in NO_ROOM:
            log.warning("job %d: no room left: %s", job.number, exc)
            return _no_room(exc)
        return _unexpected(exc)


def _no_room(exc: OSError) -> Failed:
    where = f" for {exc.filename}" if exc.filename else ""
    return _failed("no_room", f"There is no room left on the disk{where}.", "Make room on the disk, and try again.")


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
    remove_unfinished()
    os._exit(0)
