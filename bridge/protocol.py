"""The rules of the conversation, without any input or output.

Every request opens a job with a number of its own, counted upwards from 1, and every
reply names the job that it answers. The first request is ``Hello``. A job's replies are
any number of ``Progress`` and ``Log``, those listed in ``ANSWERS``, and exactly one that
ends it, listed in ``ENDINGS``. ``Failed`` may end any job. ``Cancel`` and ``Shutdown`` have
no replies. Replies with job number 0 concern no job: a message that could not be read, or
``Alive``, the engine's heartbeat.

Bytes go in and messages come out, here for both sides, so that one test can let the two
talk to each other without a process.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import framing
from .errors import MessageError, OrderError, ProtocolError, VersionError
from .fields import Message, from_plain, to_plain
from .messages import (
    BY_NAME,
    PROTOCOL,
    Alive,
    Cancel,
    ClipReady,
    Describe,
    Description,
    Done,
    Failed,
    Film,
    Frame,
    Generate,
    Hello,
    ListVoices,
    LoadRig,
    Log,
    MotionWindow,
    Preview,
    Progress,
    Ready,
    RecodeClip,
    Reply,
    Request,
    RigReady,
    Shutdown,
    Speak,
    Spoken,
    Voices,
)

NO_JOB = 0
ANSWERS: Mapping[type[Request], tuple[type[Reply], ...]] = {
    Hello: (Ready,),
    Describe: (Description,),
    LoadRig: (RigReady,),
    Generate: (MotionWindow, Done),
    Speak: (Spoken,),
    ListVoices: (Voices,),
    RecodeClip: (ClipReady,),
    Preview: (Frame, Done),
    Film: (Done,),
    Cancel: (),
    Shutdown: (),
}
ANYTIME: tuple[type[Reply], ...] = (Progress, Log, Failed)
ENDINGS: tuple[type[Reply], ...] = (Ready, Description, RigReady, ClipReady, Spoken, Voices, Done, Failed)


class ClientProtocol:
    """Blender's side: makes requests, reads replies."""

    def __init__(self) -> None:
        self._decoder = framing.FrameDecoder()
        self._open: dict[int, type[Request]] = {}
        self._last_job = NO_JOB

    @property
    def open_jobs(self) -> tuple[int, ...]:
        """The jobs that have not ended, in the order of their requests."""
        return tuple(self._open)

    @property
    def is_within_frame(self) -> bool:
        """Whether part of a message has arrived and the rest must follow."""
        return self._decoder.is_within_frame

    def request(self, request: Request) -> tuple[int, bytes]:
        """Open a job.

        Args:
            request: what to ask.

        Returns:
            The job's number and the bytes to send.

        Raises:
            FrameError: if the request is too large to send; no job is opened then.
        """
        job = self._last_job + 1
        data = _encode(job, request)
        self._last_job = job
        if ANSWERS[type(request)]:
            self._open[job] = type(request)
        return job, data

    def feed(self, data: bytes) -> None:
        """Append what has arrived; call :meth:`next` until it returns ``None`` afterwards."""
        self._decoder.feed(data)

    def next(self) -> tuple[int, Reply] | None:
        """Take the next reply out of what has arrived.

        Returns:
            The job's number and the reply, or ``None`` if no complete one is there.

        Raises:
            ProtocolError: if the engine sent what it may not.
        """
        frame = self._decoder.next()
        if frame is None:
            return None
        job, reply = _job(frame), _message(frame)
        if not isinstance(reply, Reply):
            raise MessageError(f"The engine sent a {type(reply).__name__}, which is no reply.")
        if job != NO_JOB:
            self._close_or_keep(job, reply)
        if isinstance(reply, Ready) and reply.protocol != PROTOCOL:
            raise VersionError(PROTOCOL, reply.protocol)
        return job, reply

    def _close_or_keep(self, job: int, reply: Reply) -> None:
        request = self._open.get(job)
        if request is None and isinstance(reply, (Failed, Log)):
            return  # the answer to a request that has no other
        if request is None:
            raise OrderError(f"The engine sent a {type(reply).__name__} for job {job}, which is not open.")
        if not isinstance(reply, (*ANYTIME, *ANSWERS[request])):
            raise OrderError(f"The engine answered a {request.__name__} with a {type(reply).__name__}.")
        if isinstance(reply, ENDINGS):
            del self._open[job]


class EngineProtocol:
    """The engine's side: reads requests, makes replies."""

    def __init__(self) -> None:
        self._decoder = framing.FrameDecoder()
        self._open: dict[int, type[Request]] = {}
        self._last_job = NO_JOB
        self._is_greeted = False

    @property
    def is_greeted(self) -> bool:
        """Whether the other side has said who it is, and speaks this version."""
        return self._is_greeted

    def feed(self, data: bytes) -> None:
        """Append what has arrived; call :meth:`next` until it returns ``None`` afterwards."""
        self._decoder.feed(data)

    def next(self) -> tuple[int, Request] | None:
        """Take the next request out of what has arrived and open its job.

        Returns:
            The job's number and the request, or ``None`` if no complete one is there.

        Raises:
            ProtocolError: if it cannot be accepted. It is behind us, the conversation can
                go on, and the error's ``job`` says whom to tell.
        """
        frame = self._decoder.next()
        if frame is None:
            return None
        job = _job(frame)
        try:
            request = _message(frame)
            if not isinstance(request, Request):
                raise MessageError(f"Blender sent a {type(request).__name__}, which is no request.")
            self._check_order(job, request)
        except ProtocolError as exc:
            exc.job = job if job > self._last_job else NO_JOB  # an earlier job is not to end by this
            raise
        self._last_job = job
        if ANSWERS[type(request)]:
            self._open[job] = type(request)
        return job, request

    def reply(self, job: int, reply: Reply) -> bytes:
        """Answer a job, or tell what concerns none.

        Args:
            job: the job's number, or 0.
            reply: what to say; an ending closes the job.

        Returns:
            The bytes to send.

        Raises:
            OrderError: if the job is not open or its request has no such reply.
        """
        request = self._open.get(job)
        if request is not None and not isinstance(reply, (*ANYTIME, *ANSWERS[request])):
            raise OrderError(f"A {request.__name__} is not answered with a {type(reply).__name__}.")
        if request is None and not isinstance(reply, (Failed, Log, Alive)):
            raise OrderError(f"Job {job} is not open for a {type(reply).__name__}.")
        data = _encode(job, reply)
        if isinstance(reply, ENDINGS):
            self._open.pop(job, None)
        return data

    def _check_order(self, job: int, request: Request) -> None:
        if job <= self._last_job:
            raise OrderError(f"Job {job} comes after job {self._last_job}; numbers must rise.")
        if isinstance(request, Hello):
            if request.protocol != PROTOCOL:
                raise VersionError(PROTOCOL, request.protocol)
            self._is_greeted = True
        elif not self._is_greeted and not isinstance(request, Shutdown):
            raise OrderError(f"A {type(request).__name__} came before Hello.")


def _encode(job: int, message: Message) -> bytes:
    plain, arrays = to_plain(message)
    return framing.encode(framing.Frame({"job": job, "content": plain}, arrays))


def _job(frame: framing.Frame) -> int:
    job = frame.fields.get("job")
    if type(job) is not int or not 0 <= job < 2**63:
        raise MessageError("A message does not name its job.")
    return job


def _message(frame: framing.Frame) -> Message:
    content = frame.fields.get("content")
    if not isinstance(content, dict):
        raise MessageError("A message has no content.")
    return from_plain(BY_NAME, content, frame.arrays)
