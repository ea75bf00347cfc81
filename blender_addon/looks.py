# SPDX-License-Identifier: GPL-3.0-or-later
"""What panels show of a take although it takes long to find out: looked for a few milliseconds at a time.

A panel is drawn on every frame of playback and must not wait: it gets what the last look found. A panel that asks also
begins the next look, half a second after the last one, and at the curves only if an Action has changed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import bpy
from bpy.app.handlers import persistent

from . import notices
from .errors import AddonError
from .rig.parts import rig_parts
from .steps import Steps, Work, era
from .takes.curves import changed_by_hand_in_steps
from .takes.editing import parts_of, take_quality_in_steps
from .takes.face_tools import FaceTools
from .takes.quality import Quality
from .takes.rig_tools import face_tools_in_steps

LOOK_S = 0.5  # from the end of a look to the next one
TICK_S, BUDGET_S = 0.02, 0.004  # between two ticks; of a tick

Found = TypeVar("Found")
log = logging.getLogger(__name__)

_changes = 0  # how often an Action was changed, by anybody


def head_tools(rig: bpy.types.Object) -> FaceTools | None:
    """Return what a head can be edited with, ``None`` as long as nobody has found out.

    Raises:
        AddonError: if the rig is incomplete.
    """
    return _head_tools.ask(rig)


def quality(action: bpy.types.Action) -> Quality | None:
    """Return what a take is like, ``None`` as long as nobody has looked it over.

    Raises:
        AddonError: if the take cannot be read, or its rig is gone.
    """
    return _quality.ask(action)


def is_changed_by_hand(action: bpy.types.Action) -> bool:
    """Return whether keys of a take are known to be changed by hand.

    Raises:
        AddonError: if the take cannot be read, or its rig is gone.
    """
    return bool(_changed.ask(action))


def tick() -> float | None:
    """Go on with what is looked for; called by Blender's timer, which an exception would end."""
    if bpy.app.is_job_running("RENDER"):
        return TICK_S  # Blender evaluates the scene in another thread
    deadline = time.monotonic() + BUDGET_S
    for looks in _ALL:  # the later ones need what the earlier ones find
        if looks.go_on(deadline) and time.monotonic() >= deadline:
            return TICK_S
    return None


def stop_all() -> None:
    """Forget what was found, and look for nothing more."""
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)
    for looks in _ALL:
        looks.clear()


@persistent
def note_change(_: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    """Remember that curves may have been changed; called by Blender after any change but a change of frames."""
    global _changes
    if depsgraph.id_type_updated("ACTION"):
        _changes += 1


@dataclass
class _Look(Generic[Found]):
    """What is known about one thing.

    Attributes:
        found: by the last look.
        error: why the last look found nothing.
        ended_s: when it ended.
        seen: what changes and undos it has seen.
        work: the look that is under way.
    """

    found: Found | None = None
    error: AddonError | None = None
    ended_s: float = 0.0
    seen: tuple[int, int] | None = None
    work: Work[Found] | None = None


class _Looks(Generic[Found]):
    """Looks of one kind.

    Args:
        steps: begins a look at something.
        needs_change: whether it finds the same as long as no Action is changed.
    """

    def __init__(self, steps: Callable[[bpy.types.ID], Steps[Found]], needs_change: bool = False) -> None:
        self._steps, self._needs_change = steps, needs_change
        self._looks: dict[int, _Look[Found]] = {}  # by session identifier

    def ask(self, subject: bpy.types.ID) -> Found | None:
        """Return what the last look found, and begin the next one if it is time."""
        look = self._looks.setdefault(subject.session_uid, _Look())
        if look.work is None and self._is_due(look):
            look.work, look.seen = Work(self._steps(subject)), (_changes, era())
        if look.work is not None and not bpy.app.timers.is_registered(tick):
            bpy.app.timers.register(tick, first_interval=TICK_S)
        if look.error is not None:
            raise look.error.with_traceback(None)  # or it would grow with each redraw
        return look.found

    def go_on(self, deadline: float) -> bool:
        """Go on with what is under way, and return whether that is to be gone on with."""
        for look in self._looks.values():
            if look.work is not None:
                self._go_on(look, look.work, deadline - time.monotonic())
        return any(look.work is not None for look in self._looks.values())

    def clear(self) -> None:
        """Forget everything."""
        self._looks.clear()

    def _is_due(self, look: _Look[Found]) -> bool:
        if look.seen is None or look.seen[1] != era():
            return True
        is_same = self._needs_change and look.seen[0] == _changes
        return not is_same and time.monotonic() - look.ended_s > LOOK_S

    def _go_on(self, look: _Look[Found], work: Work[Found], left_s: float) -> None:
        before = look.found, str(look.error)
        try:
            if work.is_outdated:
                look.seen = None
            elif not work.go_on(left_s):
                return
            else:
                look.found, look.error = work.result, None
        except AddonError as exc:
            look.found, look.error = None, exc
        except Exception:  # what it looked at may have been deleted meanwhile
            log.info("a look was given up", exc_info=True)
        look.work, look.ended_s = None, time.monotonic()
        if before != (look.found, str(look.error)) or look.seen is None:
            notices.redraw()


def _steps_of_tools(rig: bpy.types.Object) -> Steps[FaceTools]:
    return (yield from face_tools_in_steps(rig_parts(rig)))


def _steps_of_changes(action: bpy.types.Action) -> Steps[list[str]]:
    return (yield from changed_by_hand_in_steps(parts_of(action), action))


_head_tools: _Looks[FaceTools] = _Looks(_steps_of_tools)
_quality: _Looks[Quality] = _Looks(take_quality_in_steps)
_changed: _Looks[list[str]] = _Looks(_steps_of_changes, needs_change=True)
_ALL = (_head_tools, _changed, _quality)
