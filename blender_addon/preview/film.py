# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the engine film the take that plays, as its curves show it, with its sound."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass
from pathlib import Path

import bpy

from bridge.errors import BridgeError, PictureMapError
from bridge.messages import Done, Film, Log, Reply

from ..engine_job import EngineJob
from ..engine_process import EngineProcess
from ..errors import AddonError, PreviewError, SoundError
from ..notices import Notice, notice_of
from ..rig.parts import rig_parts
from ..takes.record import take_details
from ..takes.sound import sound_file
from ..takes.take import current_take
from ..takes.timeline import rate_of
from .portrayal import sitter_of, temporary_file, write_rows
from .sampling import TakeSampler


@dataclass(frozen=True)
class FilmOrder:
    """What to film.

    Attributes:
        request: what to ask the engine for; the motion lies in a file of this process's own.
        remark: what to know about the film, ``""`` for nothing.
    """

    request: Film
    remark: str = ""


class FilmJob(EngineJob):
    """One film in the making."""

    title = "ARTalk: Export Preview"
    has_changed_file = False

    def __init__(self, order: FilmOrder, engine: EngineProcess) -> None:
        """Nothing is asked of the engine yet."""
        super().__init__(engine)
        self._order, self._remark = order, order.remark

    def begin(self) -> None:
        """Ask the engine, which runs by now.

        Raises:
            BridgeError: if the engine is gone again.
        """
        self._request = self._engine.send(self._order.request)

    def is_making(self, _: object) -> bool:
        """Whether a take is the one that this job makes; films make none."""
        return False

    def stop(self, reason: AddonError | BridgeError | None) -> None:
        """End the job before its time; the engine leaves no part of a film behind."""
        if not self.is_over:
            self._engine.cancel(self._request)
            self._finish(Notice("Cancelled.") if reason is None else notice_of(reason))

    def abandon(self, text: str, remedy: str) -> None:
        """End the job because another file is opened."""
        self._engine.cancel(self._request)
        self._finish(Notice(text, remedy, is_error=True))

    def _accept(self, reply: Reply) -> None:
        if isinstance(reply, Done):
            name = Path(self._order.request.out).name
            said = f"{name}: {reply.frames / self._order.request.rate_hz:.1f} s."
            self._finish(Notice(f"{said} {self._remark}".strip()))
        elif isinstance(reply, Log):
            self._remark = f"{self._remark} {reply.text}".strip()
        else:
            super()._accept(reply)

    def _finish(self, outcome: Notice) -> None:
        self.outcome = outcome
        with contextlib.suppress(OSError):
            Path(self._order.request.motion).unlink(missing_ok=True)


def order_of(context: bpy.types.Context, out: Path, portrait: str, quality: str, is_forced: bool) -> FilmOrder:
    """Return how to film the take that plays.

    Args:
        context: says which scene, and whose preferences.
        out: the film's file.
        portrait: ``MESH`` or an avatar.
        quality: ``"draft"`` or ``"full"``.
        is_forced: replace what is there.

    Raises:
        AddonError: if there is nothing to film.
        PictureMapError: if its motion cannot be written for the engine to read.
    """
    scene = context.scene
    parts = rig_parts(scene.artalk.rig)
    action = current_take(parts.rig)
    if action is None:
        raise PreviewError("No take plays.", "Choose one from the list.")
    sitter = sitter_of(context, parts, portrait, quality)
    sampler, rate_hz = TakeSampler(), rate_of(scene)
    sampler.refresh(parts, action, float("inf"))
    audio, start_s, remark = _sound(action, sampler.first, rate_hz)
    motion = temporary_file(uuid.uuid4().hex)
    try:
        write_rows(motion, sampler.rows)
    except OSError as exc:
        raise PictureMapError(motion, f"it cannot be written ({exc.strerror or exc})") from exc
    request = Film(
        motion=str(motion), rate_hz=rate_hz, out=str(out), audio=audio, start_s=start_s, is_forced=is_forced,
        **sitter.fields(),
    )  # fmt: skip
    return FilmOrder(request, remark)


def _sound(action: bpy.types.Action, first: int, rate_hz: float) -> tuple[str, float, str]:
    """Return a take's sound, where in it the scene frame ``first`` lies, and what is wrong with it."""
    details = take_details(action)
    if not details.speech.audio:
        return "", 0.0, "It is silent, as the take is."
    try:
        path = sound_file(action)
    except SoundError as exc:
        return "", 0.0, f"It is silent: {exc}"
    return str(path), max(0.0, details.speech.start_s + (first - details.start) / rate_hz), ""
