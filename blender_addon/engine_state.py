# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine is doing, in one line, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .engine_process import EngineProcess

STILL_S = 10.0  # without a heartbeat, after which the engine counts as frozen; longer while libraries are being loaded
STILL_START_S = 60.0
STUCK_S = 120.0  # without a word of a job, after which it counts as stuck though the engine lives


class State(Enum):
    """What an engine can be."""

    OFF = "off"
    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    NOT_ANSWERING = "not answering"
    STOPPED = "stopped unexpectedly"


ICONS = {
    State.OFF: "PAUSE",
    State.STARTING: "TIME",
    State.READY: "CHECKMARK",
    State.BUSY: "PLAY",
    State.NOT_ANSWERING: "ERROR",
    State.STOPPED: "ERROR",
}


@dataclass(frozen=True)
class EngineView:
    """What a panel shows of the engine.

    Attributes:
        state: which of the states.
        text: one line.
        hint: what there is to know or do, one sentence or ``""``.
        action: what the button that starts the engine anew is called now, ``""`` if there should be none.
    """

    state: State
    text: str
    hint: str = ""
    action: str = ""

    @property
    def icon(self) -> str:
        """Name of the icon beside the line."""
        return ICONS[self.state]


def state_of(engine: EngineProcess) -> State:
    """Return what an engine is doing."""
    if engine.has_died:
        return State.STOPPED
    if not engine.is_running:
        return State.OFF
    if engine.silent_s > (STILL_S if engine.is_loaded else STILL_START_S) or engine.quiet_s > STUCK_S:
        return State.NOT_ANSWERING
    if not engine.is_loaded:
        return State.STARTING
    return State.BUSY if engine.is_busy else State.READY


def engine_view(engine: EngineProcess) -> EngineView:
    """Return what to show of an engine; quick enough to be called whenever a panel is drawn."""
    state = state_of(engine)
    match state:
        case State.OFF:
            return EngineView(state, "Off", "It starts by itself when it is needed.", "Start Engine")
        case State.STARTING:
            return EngineView(state, "Starting")
        case State.READY:
            return EngineView(state, _with_memory(f"Ready: {_voice(engine)}", engine))
        case State.BUSY:
            return EngineView(state, _with_memory("Busy", engine))
        case State.NOT_ANSWERING:
            return _not_answering(engine)
        case State.STOPPED:
            error = engine.error
            said = "The engine stopped unexpectedly." if error is None else str(error)
            hint = "It starts again with the next job." if error is None else error.remedy
            return EngineView(state, said, hint, "Restart Engine")


def _voice(engine: EngineProcess) -> str:
    described = engine.description
    if described is None:
        return f"version {engine.version}"
    return ", ".join([described.device, *described.models[:1]])


def _with_memory(text: str, engine: EngineProcess) -> str:
    """Add the memory in steps that do not flicker."""
    megabytes = round(engine.memory_bytes / 1e6, -1)
    return f"{text}, {megabytes:.0f} MB" if megabytes else text


def _not_answering(engine: EngineProcess) -> EngineView:
    seconds = round(max(engine.silent_s, engine.quiet_s), -1)
    hint = "Restart it, or wait; motion that has arrived is kept either way."
    return EngineView(State.NOT_ANSWERING, f"Not answering for {seconds:.0f} s", hint, "Restart Engine")
