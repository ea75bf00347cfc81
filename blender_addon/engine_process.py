# SPDX-License-Identifier: GPL-3.0-or-later
"""The one engine process of this Blender: started when first needed, kept warm, gone with Blender."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable
from pathlib import Path

from bridge.awake_clock import AwakeClock
from bridge.client import EngineClient, engine_command
from bridge.connection import GRACE_S
from bridge.errors import BridgeError, EngineTimeoutError
from bridge.messages import Description, Failed, Film, Ready, RecodeClip, Reply, Request, Speak
from bridge.protocol import ENDINGS
from bridge.whole_file import remove_parts

from . import scratch
from .errors import EngineJobError
from .paths import engine_log_file, engine_root

Listener = Callable[[Reply], None]

PATIENCE_S = 60.0  # for libraries and models to load from a slow disk
SILENT_S = 3.0  # of missed heartbeats, after which an engine is not given much time to leave by itself
FROZEN_GRACE_S = 0.1
LOST_S = 120.0  # without a heartbeat, after which nobody waits any longer; longer while libraries are being loaded
LOST_START_S = 300.0
LOST_QUIET_S = 900.0  # for which a job may say nothing although the engine lives


class EngineProcess:
    """The engine and what it has said about itself.

    Attributes:
        version: the running engine's version, ``""`` before it has answered.
        description: the voice and device in use, ``None`` before it was asked.
        starts: how often it was started; what was asked of an earlier one is never answered.
        on_start: called whenever it was started.
    """

    def __init__(self) -> None:
        self.version = ""
        self.description: Description | None = None
        self.starts = 0
        self.on_start: Callable[[], None] = lambda: None
        self._client: EngineClient | None = None
        self._listeners: dict[int, Listener] = {}
        self._kept: list[tuple[int, Reply]] = []  # came while only listeners were served
        self._outputs: dict[int, Path] = {}  # files that the engine is writing, by job
        self._stopped_for: BridgeError | None = None
        self._clock = AwakeClock()
        self._used_at = 0.0

    @property
    def is_running(self) -> bool:
        """Whether the process runs."""
        return self._client is not None and self._client.is_running

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited, so that polling is worth while."""
        return self._client is not None and self._client.is_busy

    @property
    def is_loaded(self) -> bool:
        """Whether its libraries are loaded, so that it can begin with what it is asked."""
        return self.description is not None or (self._client is not None and self._client.alive is not None)

    @property
    def has_died(self) -> bool:
        """Whether it was started, and ended although nobody closed it."""
        return self._client is not None and not self._client.is_running

    @property
    def error(self) -> BridgeError | None:
        """Why it ended by itself, as far as that is known."""
        return self._client.error if self._client is not None else None

    @property
    def process_id(self) -> int | None:
        """The system's number of the process."""
        return self._client.process_id if self._client is not None else None

    @property
    def silent_s(self) -> float:
        """Seconds for which an answer has been awaited without a sign of life."""
        return self._client.silent_s if self._client is not None else 0.0

    @property
    def quiet_s(self) -> float:
        """Seconds for which a job has not said a word although the engine lives."""
        alive = self._client.alive if self._client is not None else None
        return alive.quiet_s if alive is not None and self.is_busy else 0.0

    @property
    def lost_s(self) -> float:
        """Seconds of silence, if it has become so long that no answer is to be expected; else 0."""
        silent_s, quiet_s = self.silent_s, self.quiet_s
        if silent_s > (LOST_S if self.is_loaded else LOST_START_S):
            return silent_s
        return quiet_s if quiet_s > LOST_QUIET_S else 0.0

    @property
    def memory_bytes(self) -> int:
        """What the engine takes of the machine's memory, 0 if that is not known."""
        alive = self._client.alive if self._client is not None and self._client.is_running else None
        return alive.memory_bytes if alive is not None else 0

    @property
    def idle_s(self) -> float:
        """Seconds for which it has had nothing to do; somebody must look every second or two."""
        now = self._clock.now()
        if self.is_busy:
            self._used_at = now
        return now - self._used_at

    def start(self, python: Path) -> None:
        """Make sure that the engine runs with a Python; one that died or has another is replaced.

        Args:
            python: the Python of the engine's environment.

        Raises:
            EngineStartError: if it cannot be started.
            ScratchError: if there is no room for temporary files.
        """
        command = tuple(engine_command(python, engine_root()))
        if self._client is not None and self._client.is_running and self._client.command == command:
            return
        self.close()
        client = EngineClient(command, engine_log_file(), scratch.folder())
        client.start()
        self._client = client
        self._used_at = self._clock.now()
        self.starts += 1
        self.on_start()

    def send(self, request: Request, listener: Listener | None = None) -> int:
        """Open a job and return its number.

        Args:
            request: what to ask.
            listener: gets the replies, whoever reads them, and nobody else does; it must not raise.

        Raises:
            EngineDiedError: if the engine's end is known already.
        """
        assert self._client is not None  # noqa: S101 - whoever sends has called start
        job = self._client.send(request)
        self._used_at = self._clock.now()
        if listener is not None:
            self._listeners[job] = listener
        if isinstance(request, (Speak, Film, RecodeClip)):
            self._outputs[job] = Path(request.out)
        return job

    def poll(self, budget_s: float = 0.004) -> list[tuple[int, Reply]]:
        """Return what has arrived, without waiting.

        Args:
            budget_s: stop reading after this many seconds.

        Returns:
            Numbers of jobs and their replies.

        Raises:
            EngineDiedError: if the engine has ended and everything from it has been returned.
            ProtocolError: if it sent what it may not.
        """
        try:
            self.serve_listeners(budget_s)
        except BridgeError:
            if not self._kept:
                raise
        replies, self._kept = self._kept, []
        return replies

    def serve_listeners(self, budget_s: float = 0.004) -> None:
        """Hand what has arrived to the listeners, and keep the rest for :meth:`poll`; raises what that does."""
        for job, reply in self._read(budget_s):
            if isinstance(reply, Ready):
                self.version = reply.engine_version
            elif isinstance(reply, Description):
                self.description = reply
            if isinstance(reply, ENDINGS):
                self._outputs.pop(job, None)
            listener = self._listeners.get(job)
            if listener is None:
                self._kept.append((job, reply))
                continue
            if isinstance(reply, ENDINGS):
                del self._listeners[job]
            listener(reply)

    def ask(self, request: Request) -> Reply:
        """Wait for the reply that ends a short job.

        Args:
            request: what to ask; meant for questions and conversions, not for making motion.

        Returns:
            The last reply, which is not ``Failed``.

        Raises:
            EngineJobError: if the engine answers that it failed.
            BridgeError: if the engine ends or says nothing.
        """
        job = self.send(request)
        while True:
            for number, reply in self.poll(budget_s=0.1):
                if isinstance(reply, Failed) and (number == job or not self.version):
                    raise EngineJobError(reply.code, reply.text, reply.remedy)
                if number == job and isinstance(reply, ENDINGS):
                    return reply
            if max(self.silent_s, self.quiet_s) > PATIENCE_S:
                self.close()
                raise EngineTimeoutError(PATIENCE_S, engine_log_file())
            time.sleep(0.005)

    def cancel(self, job: int) -> None:
        """Ask the engine to stop a job soon."""
        if self._client is not None:
            self._client.cancel(job)

    def stop_for(self, reason: BridgeError) -> None:
        """End the engine at once, and tell whoever waits for it.

        Args:
            reason: what the next :meth:`poll` raises.
        """
        self.close()
        self._stopped_for = reason

    def close(self) -> None:
        """End the engine; does nothing if there is none."""
        client, self._client = self._client, None
        self.version, self.description = "", None
        self._listeners.clear()
        self._kept.clear()
        self._stopped_for = None
        if client is not None:
            client.close(GRACE_S if client.silent_s < SILENT_S else FROZEN_GRACE_S)
        self._remove_outputs()

    def _read(self, budget_s: float) -> list[tuple[int, Reply]]:
        reason, self._stopped_for = self._stopped_for, None
        if reason is not None:
            raise reason
        try:
            return self._client.poll(budget_s) if self._client is not None else []
        except BridgeError:
            self._remove_outputs()
            raise

    def _remove_outputs(self) -> None:
        """Delete what an engine that ended had begun to write."""
        for path in self._outputs.values():
            remove_parts(path)
        self._outputs.clear()


engine = EngineProcess()
atexit.register(engine.close)
