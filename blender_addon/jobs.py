# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a job: beside the user's work from a timer, or to its end for scripts and background Blender.

One job runs at a time. It outlives operators and undo; opening another file ends it.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

import bpy

from bridge.errors import BridgeError, EngineTimeoutError

from . import notices
from .body.recoding import RecodeJob, RecodeOrder
from .engine_process import engine
from .errors import AddonError, BusyError
from .generating import GenerateJob, Order
from .paths import engine_log_file
from .preview.film import FilmJob, FilmOrder
from .speaking import SpeakJob, SpeakOrder

TICK_S = 0.03  # between two looks at the engine while it works
CANCEL_S = 5.0  # for the engine to answer to a cancel, before it is ended
SILENCE_S = 300.0  # the longest that an engine may be silent

Job = GenerateJob | RecodeJob | FilmJob
AnyOrder = Order | SpeakOrder | RecodeOrder | FilmOrder

log = logging.getLogger(__name__)

_current: Job | None = None
_cancelled_at = 0.0


def current() -> Job | None:
    """Return the job that runs, if one does."""
    return _current


def start(order: AnyOrder, python: Path) -> None:
    """Begin a job that goes on beside the user's work.

    Args:
        order: what to make.
        python: the Python of the engine's environment.

    Raises:
        AddonError: if the order cannot be carried out or a job is running.
        BridgeError: if the engine cannot be started.
    """
    _begin(order, python)
    if not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=TICK_S, persistent=True)


def run(order: AnyOrder, python: Path) -> notices.Notice:
    """Do a job and return when it is over; the result is the same as from :func:`start`.

    Args:
        order: what to make.
        python: the Python of the engine's environment.

    Returns:
        What came of it.

    Raises:
        AddonError: if the order cannot be carried out or a job is running.
        BridgeError: if the engine cannot be started.
    """
    job = _begin(order, python)
    try:
        while not job.is_over:
            _advance(job, budget_s=0.1)
            time.sleep(0.005)
    finally:  # the user may interrupt a script
        job.stop(None)
        _end(job)
    assert job.outcome is not None  # noqa: S101 - a job that is over has one
    return job.outcome


def cancel() -> None:
    """Ask the running job to stop; does nothing without one."""
    global _cancelled_at
    if _current is not None and not _current.is_cancelled:
        _cancelled_at = time.monotonic()
        _current.cancel()
        notices.redraw()


def abandon(text: str) -> None:
    """End the running job because another file is being opened; does nothing without one.

    Args:
        text: what to tell the user.
    """
    global _current
    if _current is not None:
        _current.abandon(text, "Generate again in the file that you want the take in.")
        if _current.outcome is not None:
            notices.show(_current.outcome)
        _current = None


def stop_all() -> None:
    """End the timer, the job and the engine, as when the add-on is switched off."""
    global _current
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)
    _current = None
    engine.close()


def _begin(order: AnyOrder, python: Path) -> Job:
    global _current
    if _current is not None:
        raise BusyError
    notices.dismiss()
    job = _job_of(order)
    engine.start(python)
    job.begin()
    _current = job
    return job


def _job_of(order: AnyOrder) -> Job:
    match order:
        case FilmOrder():
            return FilmJob(order, engine)
        case RecodeOrder():
            return RecodeJob(order, engine)
        case SpeakOrder():
            return SpeakJob(order, engine)
        case Order():
            return GenerateJob(order, engine)


def tick() -> float | None:
    """Look at the engine once; called by Blender's timer, which an exception would end."""
    job = _current
    if job is None:
        return None
    if bpy.app.is_job_running("RENDER"):
        return TICK_S  # nothing may change while a frame is being rendered
    shown = job.stage, job.fraction
    try:
        _advance(job)
    except Exception:  # whatever it is, the timer and the panel must go on
        log.exception("a job ended in an unexpected error")
        job.abandon("Generating ended in an unexpected error.", "Generate again; the system console has the details.")
    if job.is_over:
        _end(job)
    elif shown != (job.stage, job.fraction):
        notices.redraw()
    return TICK_S if _current is not None else None


def _advance(job: Job, budget_s: float = 0.004) -> None:
    """Hand a job what has arrived, and end it where nothing more will."""
    try:
        for request, reply in engine.poll(budget_s):
            job.accept(request, reply)
        if job.is_cancelled and time.monotonic() - _cancelled_at > CANCEL_S:
            engine.close()
            job.stop(None)
        elif engine.silent_s > SILENCE_S:
            silent_s = engine.silent_s
            engine.close()
            raise EngineTimeoutError(silent_s, engine_log_file())
    except (AddonError, BridgeError) as exc:
        job.stop(exc)


def _end(job: Job) -> None:
    """Show what came of a job and make it one step for undo."""
    global _current
    _current = None
    if job.outcome is not None:
        notices.show(job.outcome)
    if job.has_changed_file:
        push_undo(job.title)


def push_undo(message: str) -> None:
    """Add a step to the undo history; background Blender has none unless a script began one.

    Args:
        message: name of the step.
    """
    windows = bpy.context.window_manager.windows
    if not windows:
        if bpy.ops.ed.undo.poll():
            bpy.ops.ed.undo_push(message=message)
        return
    with bpy.context.temp_override(window=windows[0]):
        bpy.ops.ed.undo_push(message=message)
