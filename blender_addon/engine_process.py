# SPDX-License-Identifier: GPL-3.0-or-later
"""The one engine process of this Blender: started when first needed, kept warm, gone with Blender."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable
from pathlib import Path

from bridge.client import EngineClient, engine_command
from bridge.errors import BridgeError, EngineTimeoutError
from bridge.messages import Description, Failed, Ready, Reply, Request
from bridge.protocol import ENDINGS

from .errors import EngineJobError
from .paths import engine_log_file, engine_root

Listener = Callable[[Reply], None]

PATIENCE_S = 60.0  # for libraries and models to load from a slow disk


class EngineProcess:
    """The engine and what it has said about itself.

    Attributes:
        version: the running engine's version, ``""`` before it has answered.
        description: the voice and device in use, ``None`` before it was asked.
        starts: how often it was started; what was asked of an earlier one is never answered.
    """

    def __init__(self) -> None:
        self.version = ""
        self.description: Description | None = None
        self.starts = 0
        self._client: EngineClient | None = None
        self._listeners: dict[int, Listener] = {}
        self._kept: list[tuple[int, Reply]] = []  # came while only listeners were served

    @property
    def is_running(self) -> bool:
        """Whether the process runs."""
        return self._client is not None and self._client.is_running

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited, so that polling is worth while."""
        return self._client is not None and self._client.is_busy

    @property
    def silent_s(self) -> float:
        """Seconds for which an answer has been awaited without a word."""
        return self._client.silent_s if self._client is not None else 0.0

    def start(self, python: Path) -> None:
        """Make sure that the engine runs with a Python; one that died or has another is replaced.

        Args:
            python: the Python of the engine's environment.

        Raises:
            EngineStartError: if it cannot be started.
        """
        command = tuple(engine_command(python, engine_root()))
        if self._client is not None and self._client.is_running and self._client.command == command:
            return
        self.close()
        self._client = EngineClient(command, engine_log_file())
        self._client.start()
        self.starts += 1

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
        if listener is not None:
            self._listeners[job] = listener
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
        for job, reply in self._client.poll(budget_s) if self._client is not None else ():
            if isinstance(reply, Ready):
                self.version = reply.engine_version
            elif isinstance(reply, Description):
                self.description = reply
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
            if self.silent_s > PATIENCE_S:
                self.close()
                raise EngineTimeoutError(PATIENCE_S, engine_log_file())
            time.sleep(0.005)

    def cancel(self, job: int) -> None:
        """Ask the engine to stop a job soon."""
        if self._client is not None:
            self._client.cancel(job)

    def close(self) -> None:
        """End the engine; does nothing if there is none."""
        client, self._client = self._client, None
        self.version, self.description = "", None
        self._listeners.clear()
        self._kept.clear()
        if client is not None:
            client.close()


engine = EngineProcess()
atexit.register(engine.close)
