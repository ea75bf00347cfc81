# SPDX-License-Identifier: GPL-3.0-or-later
"""Run jobs: beside the user's work from a timer, or to their end for scripts and background Blender.

One job runs at a time, further ones wait for it in the order in which they were asked for. A job that was cancelled
makes room at once, and what it has to write is written beside the next one. Jobs outlive operators, undo and saving;
opening another file ends them.
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
import pprint
import time
from dataclasses import dataclass
from pathlib import Path

import bpy

from bridge.errors import BridgeError, EngineTimeoutError

from . import notices
from .body.recoding import RecodeJob, RecodeOrder
from .details import details_of
from .engine_process import engine
from .errors import AddonError, BusyError
from .generating import GenerateJob, Order
from .paths import engine_log_file
from .preview.film import FilmJob, FilmOrder
from .speaking import SpeakJob, SpeakOrder
from .takes.mending import mend_takes
from .takes.record import TakeDetails

TICK_S = 0.03  # between two looks at the engine while it works
BUDGET_S = 0.004  # of a tick for reading, and again for writing
PATIENCE_S = 0.3  # after a cancel for the engine to answer, before the job ends without its answer
CANCEL_S = 5.0  # after a cancel for the engine to be free again, before it is ended

Job = GenerateJob | RecodeJob | FilmJob
AnyOrder = Order | SpeakOrder | RecodeOrder | FilmOrder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waiting:
    """A job that waits for its turn.

    Attributes:
        number: by which the user can remove it; no two jobs have the same.
        job: nothing was asked of the engine yet.
        python: of the engine's environment.
    """

    number: int
    job: Job
    python: Path


_current: Job | None = None
_waiting: list[Waiting] = []
_leaving: list[GenerateJob] = []  # they are over, but what had arrived is still being written
_numbers = itertools.count(1)
_cancelled_at = 0.0
_is_answer_due = False  # the engine has not said yet that it stopped what was cancelled


def current() -> Job | None:
    """Return the job that runs, if one does."""
    return _current


def waiting() -> tuple[Waiting, ...]:
    """Return the jobs that wait for their turn, the next one first."""
    return tuple(_waiting)


def leaving() -> tuple[GenerateJob, ...]:
    """Return the jobs that are over and still write what had arrived."""
    return tuple(_leaving)


def is_making(details: TakeDetails) -> bool:
    """Return whether a take is still being written."""
    return any(job.is_making(details) for job in (_current, *_leaving) if job is not None)


def start(order: AnyOrder, python: Path) -> None:
    """Begin a job that goes on beside the user's work, or let it wait while another one runs.

    Args:
        order: what to make.
        python: the Python of the engine's environment.

    Raises:
        AddonError: if the order cannot be carried out.
        BridgeError: if the engine cannot be started.
    """
    job = _job_of(order)
    if _current is None:
        _begin(job, python)
    else:
        _waiting.append(Waiting(next(_numbers), job, python))
        notices.redraw()
    if not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=TICK_S, persistent=True)


def run(order: AnyOrder, python: Path) -> notices.Notice:
    """Do a job, return when it is over, and say what came of it; the result is the same as from :func:`start`.

    Args:
        order: what to make.
        python: the Python of the engine's environment.

    Raises:
        AddonError: if the order cannot be carried out or a job is running.
        BridgeError: if the engine cannot be started.
    """
    outcome = run_to_end(order, python).outcome
    assert outcome is not None  # noqa: S101 - a job that is over has one
    return outcome


def run_to_end(order: AnyOrder, python: Path) -> Job:
    """Do a job as :func:`run` does, and return it with its outcome, and its error if it has one."""
    if _current is not None:
        raise BusyError
    job = _job_of(order)
    _begin(job, python)
    try:
        while not job.is_over:
            _advance(job, budget_s=0.1)
            time.sleep(0.0 if job.has_pending_work else 0.005)
    finally:  # the user may interrupt a script
        job.stop(None)
        job.settle()
        _end(job)
    return job


def cancel() -> None:
    """Ask the running job to stop; does nothing without one."""
    global _cancelled_at, _is_answer_due
    if _current is not None and not _current.is_cancelled:
        _cancelled_at, _is_answer_due = time.monotonic(), True
        _current.cancel()
        notices.redraw()


def remove(number: int) -> None:
    """Take a job out of those that wait; one that waits no more is no mistake."""
    for each in [each for each in _waiting if each.number == number]:
        _waiting.remove(each)
        each.job.stop(None)  # it may have laid files ready
    notices.redraw()


def settle() -> None:
    """Leave nothing half-written in the file, which is about to be saved."""
    if _current is not None:
        _current.settle()
    for job in _leaving:
        job.settle()


def mend() -> None:
    """Write takes to their end that came back half-written, from a file or from the undo history."""
    # A number is free again when its take is undone: let nobody write into the take that gets it next.
    _leaving[:] = [job for job in _leaving if job.has_take]
    mended = mend_takes(is_making)
    if mended:
        log.info("mended %s", ", ".join(mended))


def abandon(text: str) -> None:
    """End all jobs because another file was opened; does nothing without one.

    Args:
        text: what to tell the user.
    """
    global _current
    _leaving.clear()
    if _current is None:
        return
    if _waiting:
        dropped = f"Waiting jobs were dropped: {len(_waiting)}."
        text = f"{text} {dropped}"
    for job in (_current, *(each.job for each in _waiting)):
        job.abandon(text, "Generate again in the file that you want the take in.")
    if _current.outcome is not None:
        notices.show(_current.outcome)
    _current = None
    _waiting.clear()


def stop_all() -> None:
    """End the timer, the jobs and the engine, as when the add-on is switched off; what has arrived is kept, whole."""
    global _current
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)
    begun = [job for job in (_current, *_leaving) if job is not None]
    for job in (*begun, *(each.job for each in _waiting)):
        try:
            job.stop(None)
            job.settle()
        except Exception:  # the add-on is to be switched off all the same
            log.exception("a job could not be ended")
    _current = None
    _waiting.clear()
    _leaving.clear()
    engine.close()


def tick() -> float | None:
    """Look at the engine once; called by Blender's timer, which an exception would end."""
    if bpy.app.is_job_running("RENDER"):
        return TICK_S  # nothing may change while a frame is being rendered
    _let_leave()  # before the job that runs, or its take might get the number of one that is gone
    job = _current
    if job is not None:
        _look(job)
    elif _is_answer_due:
        _await_answer()
    return TICK_S if _current is not None or _is_answer_due or _leaving else None


def _job_of(order: AnyOrder) -> Job:
    job: Job
    match order:
        case FilmOrder():
            job = FilmJob(order, engine)
        case RecodeOrder():
            job = RecodeJob(order, engine)
        case SpeakOrder():
            job = SpeakJob(order, engine)
        case Order():
            job = GenerateJob(order, engine)
    job.asked = pprint.pformat(order)
    return job


def _begin(job: Job, python: Path) -> None:
    global _current
    notices.settle()
    engine.start(python)
    job.begin()
    _current = job


def _begin_next() -> None:
    """Begin the job that waits longest; one that cannot be begun says why and leaves its turn to the next."""
    while _current is None and _waiting:
        waiting = _waiting.pop(0)
        try:
            _begin(waiting.job, waiting.python)
        except (AddonError, BridgeError) as exc:
            waiting.job.fail(exc)
            _end(waiting.job)


def _look(job: Job) -> None:
    shown = _shown(job)
    try:
        _advance(job, BUDGET_S)
    except Exception as exc:  # whatever it is, the timer and the panel must go on
        log.exception("a job ended in an unexpected error")
        job.error = exc
        job.abandon("Generating ended in an unexpected error.", "Generate again, and report the details.")
    if job.is_over:
        _end(job)
        _begin_next()
    elif shown != _shown(job):
        notices.redraw()


def _let_leave() -> None:
    """Let the jobs that are over write on."""
    for job in leaving():
        try:
            job.work(BUDGET_S / len(_leaving))
        except Exception:  # as with the job that runs
            log.exception("a take could not be written to its end")
            _leaving.remove(job)
    _part()


def _part() -> None:
    """Be done with the jobs that have nothing more to write."""
    for job in [job for job in _leaving if not job.has_pending_work]:
        _leaving.remove(job)
        _keep_step(job)
        notices.redraw()


def _shown(job: Job) -> tuple[str, float, int]:
    """Return what the panel shows of a job."""
    return job.stage, job.fraction, int(job.seconds_left or 0)


def _advance(job: Job, budget_s: float) -> None:
    """Hand a job what has arrived, let it go on with what it has to do, and end it where nothing more will come."""
    try:
        for request, reply in engine.poll(budget_s):
            job.accept(request, reply)
        job.work(budget_s)
        if job.is_cancelled and time.monotonic() - _cancelled_at > PATIENCE_S:
            job.stop(None)
        elif lost_s := engine.lost_s:
            engine.close()
            raise EngineTimeoutError(lost_s, engine_log_file())
    except (AddonError, BridgeError) as exc:
        job.fail(exc)


def _await_answer() -> None:
    """End an engine that goes on with what was cancelled, when nobody waits for anything else."""
    global _is_answer_due
    try:
        engine.poll(BUDGET_S)
    except BridgeError:
        _is_answer_due = False  # it ended instead, and starts again with the next job
        return
    if engine.is_busy and time.monotonic() - _cancelled_at > CANCEL_S:
        engine.close()
    _is_answer_due = engine.is_busy


def _end(job: Job) -> None:
    """Show what came of a job; it is one step for undo when all is written."""
    global _current
    _current = None
    if job.error is not None and job.outcome is not None:
        job.outcome = dataclasses.replace(job.outcome, details=details_of(job.error, job.asked))
    if job.outcome is not None:
        notices.show(job.outcome)
    if isinstance(job, GenerateJob) and job.has_pending_work:
        _leaving.append(job)
    else:
        _keep_step(job)


def _keep_step(job: Job) -> None:
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
