# SPDX-License-Identifier: GPL-3.0-or-later
"""Look after the engine once a second while it runs: what it does, whether it lives, whether it is still needed."""

from __future__ import annotations

import logging

import bpy

from bridge.errors import BridgeError

from . import notices
from .engine_process import engine
from .engine_state import EngineView, engine_view
from .preferences import idle_stop_s

WATCH_S = 1.0

log = logging.getLogger(__name__)

_shown: EngineView | None = None


def tick() -> float | None:
    """Look once; called by Blender's timer, which ends with the engine."""
    global _shown
    try:
        _look()
    except Exception:  # an exception would end the timer
        log.exception("the engine cannot be watched")
    view = engine_view(engine)
    if view != _shown:
        _shown = view
        notices.redraw()
    return WATCH_S if engine.is_running else None


def _look() -> None:
    try:
        engine.serve_listeners()
    except BridgeError as exc:  # the state shows it, and whoever waits for the engine is told by asking it
        log.info("%s", exc)
    limit_s = idle_stop_s(bpy.context)
    if limit_s and engine.is_running and engine.idle_s > limit_s:
        engine.close()


def register() -> None:
    """Begin with every start of the engine; background Blender has no timers."""
    engine.on_start = _begin


def unregister() -> None:
    """Stop watching."""
    engine.on_start = lambda: None
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)


def _begin() -> None:
    if not bpy.app.background and not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=WATCH_S, persistent=True)
