# SPDX-License-Identifier: GPL-3.0-or-later
"""What every job for the engine does: it is asked for, answers arrive, it is cancelled or ends.

A job keeps no Blender objects, because undo and file loading invalidate them: it looks them up whenever there is
something to write. Whoever waits for it, the interface's timer or a script, hands it the same replies.
"""

from __future__ import annotations

from bridge.errors import BridgeError
from bridge.messages import Failed, Progress, Reply

from .engine_process import EngineProcess
from .errors import AddonError, EngineJobError
from .notices import Notice

CANCELLED = "cancelled"  # code of the engine's answer to a job that was stopped on request


class EngineJob:
    """One job in the making.

    Attributes:
        stage: what the engine is doing, for the panel.
        fraction: how much of it is done, 0..1.
        is_cancelled: whether it was asked to stop.
        outcome: what to tell when it is over, ``None`` while it runs.
    """

    def __init__(self, engine: EngineProcess) -> None:
        """Nothing is asked of the engine yet; it need not run."""
        self.stage, self.fraction = "Starting the engine", 0.0
        self.is_cancelled = False
        self.outcome: Notice | None = None
        self._engine, self._request = engine, 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.outcome is not None

    def accept(self, request: int, reply: Reply) -> None:
        """Take in one reply of the engine; never raises.

        Args:
            request: the number of the request that it answers.
            reply: the reply; those to other requests are ignored, unless the engine refuses to
                talk at all.
        """
        refused = isinstance(reply, Failed) and not self._engine.version
        if self.is_over or (request != self._request and not refused):
            return
        try:
            self._accept(reply)
        except (AddonError, BridgeError) as exc:
            self.stop(exc)

    def cancel(self) -> None:
        """Ask the engine to stop; the job is over when it answers."""
        self.is_cancelled = True
        self.stage = "Cancelling"
        self._engine.cancel(self._request)

    def stop(self, reason: AddonError | BridgeError | None) -> None:
        """End the job before its time.

        Args:
            reason: what went wrong, ``None`` if the user cancelled.
        """
        raise NotImplementedError

    def _accept(self, reply: Reply) -> None:
        """Take in a reply to this job's request; a job adds those that it waits for."""
        if isinstance(reply, Progress):
            self.stage = reply.stage
            self.fraction = reply.done / reply.total if reply.total else 0.0
        elif isinstance(reply, Failed):
            is_expected = self.is_cancelled and reply.code == CANCELLED
            self.stop(None if is_expected else EngineJobError(reply.code, reply.text, reply.remedy))
