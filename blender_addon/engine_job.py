# SPDX-License-Identifier: GPL-3.0-or-later
"""What every job for the engine does: it is asked for, answers arrive, it is cancelled or ends.

A job keeps no Blender objects, because undo and file loading invalidate them: it looks them up whenever there is
something to write. Whoever waits for it, the interface's timer or a script, hands it the same replies.
"""

from __future__ import annotations

import time

from bridge.errors import BridgeError
from bridge.messages import Failed, Progress, Reply

from .engine_process import EngineProcess
from .errors import AddonError, EngineJobError
from .notices import Notice
from .takes.record import TakeDetails

CANCELLED = "cancelled"  # code of the engine's answer to a job that was stopped on request
EARLY_S = 0.5  # of a stage: too little to tell from how long the rest will take


class EngineJob:
    """One job in the making.

    Attributes:
        stage: what the engine is doing, for the panel.
        fraction: how much of it is done, 0..1.
        is_cancelled: whether it was asked to stop.
        outcome: what to tell when it is over, ``None`` while it runs.
        error: what ended it before its time, ``None`` if nothing did.
        asked: what it was asked for, for whoever looks into an error.
        label: what it is called while it waits for others.
    """

    def __init__(self, engine: EngineProcess) -> None:
        """Nothing is asked of the engine yet; it need not run."""
        self.stage, self.fraction = "Starting the engine", 0.0
        self.is_cancelled = False
        self.outcome: Notice | None = None
        self.error: BaseException | None = None
        self.asked, self.label = "", ""
        self._engine, self._request = engine, 0
        self._stage_began = self._heard = time.monotonic()
        self._first_fraction = 0.0  # of this stage, as far as anybody heard

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.outcome is not None

    @property
    def has_pending_work(self) -> bool:
        """Whether there is something to do for :meth:`work` although nothing arrives, be the job over or not."""
        return False

    @property
    def seconds_left(self) -> float | None:
        """How much longer this stage will take, going by what it took so far; ``None`` while nobody can tell."""
        took, gained = self._heard - self._stage_began, self.fraction - self._first_fraction
        if self.is_cancelled or took < EARLY_S or gained <= 0.0:
            return None
        return max(0.0, (1.0 - self.fraction) * took / gained - (time.monotonic() - self._heard))

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
            self.fail(exc)

    def work(self, budget_s: float) -> None:
        """Go on with what is too much for one moment, also after the job's end; never raises.

        Args:
            budget_s: how long that may take, about.
        """

    def settle(self) -> None:
        """Leave nothing half-done in the file, which is about to be saved; never raises."""

    def is_making(self, _: TakeDetails) -> bool:
        """Whether a take is the one that this job makes."""
        return False

    def cancel(self) -> None:
        """Ask the engine to stop; the job is over when it answers."""
        self.is_cancelled = True
        self.stage = "Cancelling"
        self._engine.cancel(self._request)

    def fail(self, error: AddonError | BridgeError) -> None:
        """End the job because of an error."""
        self.error = error
        self.stop(error)

    def stop(self, reason: AddonError | BridgeError | None) -> None:
        """End the job before its time.

        Args:
            reason: what went wrong, ``None`` if the user cancelled.
        """
        raise NotImplementedError

    def _accept(self, reply: Reply) -> None:
        """Take in a reply to this job's request; a job adds those that it waits for."""
        if isinstance(reply, Progress):
            self._note(reply)
        elif isinstance(reply, Failed):
            if self.is_cancelled and reply.code == CANCELLED:
                self.stop(None)
            else:
                self.fail(EngineJobError(reply.code, reply.text, reply.remedy))

    def _note(self, progress: Progress) -> None:
        """Remember how far the engine is, and since when it has been doing what it does."""
        fraction = progress.done / progress.total if progress.total else 0.0
        self._heard = time.monotonic()
        if progress.stage != self.stage:
            self._stage_began, self._first_fraction = self._heard, fraction
        self.fraction = fraction
        if not self.is_cancelled:
            self.stage = progress.stage
