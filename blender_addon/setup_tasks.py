# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of setting up, each a process of its own that a timer looks at; Blender is never kept waiting.

One runs at a time. Small questions, which preferences ask when they are drawn, wait their turn and show nothing.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from bridge.pipes import ReadPipe
from bridge.process_end import ending

from .errors import SetupFailedError
from .notices import Notice
from .released import size_text
from .setup import worker
from .setup.pythons import clean_variables, no_window

TICK_S = 0.1
_BUDGET_S = 0.004
_SAID = 200  # lines of a task's output that are kept

log = logging.getLogger(__name__)

Finish = Callable[[dict[str, Any]], Notice | None]


@dataclass(frozen=True)
class Task:
    """What to do in a process of its own.

    Attributes:
        title: what people call it.
        name: of the worker's task.
        details: its arguments.
        python: the Python to do it in; None is Blender's own.
        finish: takes the result; returns what to show, or None.
        is_quiet: whether nothing is shown while it runs, and others need not wait for it.
        after_cancel: what has to be done when it was cut off.
    """

    title: str
    name: str
    details: dict[str, Any]
    python: Path | None = None
    finish: Finish = lambda _: None
    is_quiet: bool = False
    after_cancel: Task | None = None


@dataclass
class Running:
    """A task at work.

    Attributes:
        stage: what it is doing.
        fraction: how much of it is done, 0 to 1.
        said: what it wrote that is no message, for the curious.
        result: what came of it, None before that.
        error: why it failed.
    """

    task: Task
    process: subprocess.Popen[bytes]
    stage: str
    fraction: float = 0.0
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_SAID))
    result: dict[str, Any] | None = None
    error: SetupFailedError | None = None

    def __post_init__(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - it was started with a pipe
        self._pipe, self._rest = ReadPipe(self.process.stdout.fileno()), b""

    def read(self, budget_s: float) -> bool:
        """Read what it has said; return whether it has ended."""
        deadline = time.monotonic() + budget_s
        while time.monotonic() < deadline:
            data = self._pipe.read()
            if data is None:
                return False
            if data == b"":
                self._end()
                return True
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._take(line.decode("utf-8", "replace").strip())
        return False

    def kill(self) -> None:
        """End it and its children at once."""
        if sys.platform == "win32":
            tree = ["taskkill", "/F", "/T", "/PID", str(self.process.pid)]
            subprocess.run(tree, capture_output=True, check=False, creationflags=no_window())
        else:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # the group of its own that it was started with
        self.close()

    def close(self) -> None:
        """Let go of a process that has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _end(self) -> None:
        if self.result is None and self.error is None:
            how = ending(self.process)
            last = next((line for line in reversed(self.said) if line), "")
            text = f"{self.task.title} ended unexpectedly ({how}{f': {last[:160]}' if last else ''})."
            self.error = SetupFailedError("setup", text, "Try again; the log has the details.")
        self.close()

    def _take(self, line: str) -> None:
        """Understand a line: progress, a result, an error, or words."""
        message = None
        if line.startswith("{"):
            with suppress(ValueError):
                message = json.loads(line)
        match message:
            case {"progress": {"stage": str(stage), "done": int(done), "total": int(total), "unit": unit, **more}}:
                self.stage = _stage_text(stage, done, total, unit)
                self.fraction = float(str(more.get("fraction", done / total if total else self.fraction)))
            case {"error": {"code": str(code), "text": str(text), "remedy": str(remedy)}}:
                self.error = SetupFailedError(code, text, remedy)
            case {"result": dict(result)} | dict(result):
                self.result = result
            case _:
                self.said.append(line)


_running: Running | None = None
_waiting: deque[Task] = deque()
_outcome: Notice | None = None


def current() -> Running | None:
    """Return the task that runs and is to be seen, if one does."""
    return _running if _running is not None and not _running.task.is_quiet else None


def is_asking() -> bool:
    """Return whether a small question runs or waits."""
    return bool(_waiting) or (_running is not None and _running.task.is_quiet)


def outcome() -> Notice | None:
    """Return what came of the last task, until it is dismissed."""
    return _outcome


def dismiss() -> None:
    """Show nothing of the last task."""
    show(None)


def show(notice: Notice | None) -> None:
    """Show a message in the preferences."""
    global _outcome
    _outcome = notice
    redraw()


def start(task: Task) -> None:
    """Begin a task that goes on beside the user's work; a quiet one that runs begins anew after it.

    Raises:
        SetupFailedError: if another one runs, or no process can be started.
    """
    global _running
    if _running is not None and not task.is_quiet and _running.task.is_quiet:
        interrupted, _running = _running, None
        interrupted.kill()
        _waiting.appendleft(interrupted.task)
    if task.is_quiet:
        _waiting.append(task)
    else:
        _begin(task)
    if not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=0.01, persistent=True)


def run(task: Task) -> dict[str, Any]:
    """Do a task and return its result, for scripts and background Blender.

    Raises:
        SetupFailedError: if it fails.
    """
    global _running
    running = _begin(task)
    try:
        while not running.read(0.05):
            time.sleep(0.01)
    except BaseException:
        running.kill()
        raise
    finally:
        _running = None
    if running.error is not None:
        show(Notice(str(running.error), running.error.remedy, is_error=True))
        raise running.error
    assert running.result is not None  # noqa: S101 - without an error there is one
    show(task.finish(running.result))
    return running.result


def cancel() -> None:
    """End the running task at once; what it leaves is seen to by another."""
    global _running
    running, _running = _running, None
    if running is None:
        return
    running.kill()
    show(Notice(f"{running.task.title} was cancelled."))
    if running.task.after_cancel is not None:
        start(running.task.after_cancel)


def stop_all() -> None:
    """End the timer and the task, as when the add-on is switched off."""
    global _running, _outcome
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)
    _waiting.clear()
    running, _running, _outcome = _running, None, None
    if running is not None:
        running.kill()


def tick() -> float | None:
    """Look at the task once; called by Blender's timer, which an exception would end."""
    global _running
    if _running is None and _waiting:
        with suppress(SetupFailedError):
            _begin(_waiting.popleft())
    running = _running
    if running is None:
        return TICK_S if _waiting else None
    seen = running.stage, running.fraction
    if running.read(_BUDGET_S):
        _running = None
        _end(running)
    elif seen != (running.stage, running.fraction) and not running.task.is_quiet:
        redraw()
    return TICK_S if _running is not None or _waiting else None


def redraw() -> None:
    """Let the preferences and the sidebars be drawn again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
                area.tag_redraw()


def blenders_python() -> Path:
    """Return Blender's own Python."""
    said = Path(sys.executable) if sys.executable else Path()
    if said.name.lower().startswith("python"):
        return said
    folder = Path(sys.prefix) if sys.platform == "win32" else Path(sys.prefix) / "bin"
    names = ("python.exe",) if sys.platform == "win32" else (f"python3.{sys.version_info[1]}", "python3")
    return next((folder / name for name in names if (folder / name).is_file()), said)


def _begin(task: Task) -> Running:
    """Start the process of a task."""
    global _running
    if _running is not None:
        raise SetupFailedError("busy", f"{_running.task.title} is still at work.", "Wait until it is done, or cancel.")
    if not task.is_quiet:
        show(None)
    try:
        process = subprocess.Popen(
            worker.command(task.python or blenders_python(), task.name, task.details),
            stdin=subprocess.PIPE,  # its end is the sign to leave
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            env=clean_variables(),
            cwd=tempfile.gettempdir(),
            start_new_session=sys.platform != "win32",
            creationflags=no_window(),
        )
    except OSError as exc:
        text = f"{task.title} cannot be started ({exc.strerror or exc})."
        raise SetupFailedError("setup", text, "Choose another Python.") from exc
    _running = Running(task, process, task.title)
    return _running


def _end(running: Running) -> None:
    """Show what came of a task."""
    notice: Notice | None = None
    if running.error is not None:
        notice = Notice(str(running.error), running.error.remedy, is_error=True)
    else:
        try:
            notice = running.task.finish(running.result or {})
        except Exception:  # whatever it is, the timer and the preferences must go on
            log.exception("the result of a task could not be used")
            notice = Notice(f"{running.task.title} ended in an unexpected error.", "Try again.", is_error=True)
    if running.task.is_quiet:
        redraw()
    else:
        show(notice)


def _stage_text(stage: str, done: int, total: int, unit: str) -> str:
    """Write what is being done, with how much of it where that says something."""
    if unit == "B" and total:
        return f"{stage}: {size_text(done)} of {size_text(total)}"
    return stage
