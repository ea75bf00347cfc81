"""A Blender with windows, on a screen that nobody sees, and what runs in it.

It is the ``blender`` that the environment variable ``ARTALK_BLENDER`` names, or the one on PATH, on Xvfb's screen; or
else Debian's package in a folder of its own (``chroot.py``), whose place ``ARTALK_BLENDER_ROOT`` names.

A scenario is a file with ``def steps(user)``, a generator that Blender's own timer carries on (``inside/driver.py``).
It notes what it finds and takes pictures; tests look at both.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import chroot

HERE = Path(__file__).parent
BLENDER_VARIABLE = "ARTALK_BLENDER"
OLDEST = (4, 2)


class NoBlenderError(Exception):
    """There is no Blender with windows here; the message says why, for the skipped tests."""


class ScenarioError(AssertionError):
    """A scenario did not come to its end; the message has its traceback, or Blender's last lines."""


@dataclass(frozen=True)
class BlenderWindow:
    """Where a Blender with windows is.

    Attributes:
        command: how its program is called.
        root: the folder that it takes for the whole machine, ``None`` for the machine itself.
    """

    command: str
    root: Path | None = None

    def play(self, scenario: Path, out: Path, options: Session) -> dict[str, Any]:
        """Let a scenario run in a new Blender without settings or files of anybody's.

        Args:
            scenario: a file with ``steps(user)``.
            out: an empty folder that both sides see by the same path; pictures come here.
            options: how to run it.

        Returns:
            What the scenario noted.

        Raises:
            ScenarioError: if it fails, or takes too long.
        """
        (out / "user").mkdir(parents=True, exist_ok=True)
        width, _, height = options.size.partition("x")
        blender = [self.command, "--factory-startup", "--gpu-backend", "opengl", "-noaudio", "--enable-event-simulate"]
        blender += ["--window-geometry", "0", "0", width, height, "--no-window-focus"]
        blender += ["--python", str(HERE / "inside/driver.py"), "--", str(scenario), str(out)]
        session = ["sh", str(HERE / "session.sh"), str(out), options.size, *blender]
        variables = {
            "BLENDER_USER_RESOURCES": str(out / "user"),
            "TMPDIR": str(out),
            "ARTALK_ENGINE_PYTHON": sys.executable,
            "LIBGL_ALWAYS_SOFTWARE": "1",
            **dict(options.variables),
        }
        if self.root is not None:
            shown = {out, HERE, scenario.parent, Path(sys.prefix), Path(sys.base_prefix), *options.shown}
            session = chroot.inside(self.root, session, shown, variables)
        is_late = _run(session, {**os.environ, **variables}, options.limit_s)
        return _noted(out, f"Blender was stopped after {options.limit_s:.0f} s" if is_late else "")


@dataclass(frozen=True)
class Session:
    """How a scenario runs.

    Attributes:
        size: of the screen, in pixels.
        limit_s: after which it is given up.
        variables: environment variables besides the usual ones.
        shown: folders that Blender has to see besides the scenario's and the engine's.
    """

    size: str = "1400x1100"
    limit_s: float = 240.0
    variables: tuple[tuple[str, str], ...] = ()
    shown: tuple[Path, ...] = ()


@functools.cache
def find_blender() -> BlenderWindow:
    """Return a Blender with windows; Debian's is made first where that is asked for.

    Raises:
        NoBlenderError: if there is none.
    """
    command = os.environ.get(BLENDER_VARIABLE) or shutil.which("blender")
    if command and _version(command) >= OLDEST:
        if not shutil.which("Xvfb"):
            raise NoBlenderError(f"no screen for {command}: install Xvfb (Debian's package xvfb)")
        return BlenderWindow(command)
    try:
        found = BlenderWindow("blender", chroot.debian_blender())
    except chroot.ChrootError as exc:
        raise NoBlenderError(f"no Blender of 4.2 or later in {BLENDER_VARIABLE} or on PATH, and {exc}") from exc
    if Path(sys.base_prefix) in (Path("/"), Path("/usr")):
        raise NoBlenderError("the engine's Python is the system's, which a Blender in a folder of its own cannot see")
    return found


def _version(command: str) -> tuple[int, ...]:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=60, check=False).stdout
        numbers = re.search(r"Blender (\d+)\.(\d+)", said)
        return tuple(map(int, numbers.groups())) if numbers else ()
    return ()


def _run(command: Sequence[str], variables: dict[str, str], limit_s: float) -> bool:
    """Run a program with all its children to the end; return whether it had to be stopped."""
    with subprocess.Popen(command, env=variables, start_new_session=True, stdin=subprocess.DEVNULL) as child:
        try:
            child.wait(limit_s)
        except subprocess.TimeoutExpired:
            return True
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # the group of its own that it was started with
    return False


def _noted(out: Path, problem: str) -> dict[str, Any]:
    """Return what a scenario noted, if it came to its end."""
    failed, notes = out / "failed.txt", out / "notes.json"
    if failed.exists():
        raise ScenarioError(failed.read_text("utf-8"))
    if problem or not notes.exists():
        log = out / "blender.log"
        lines = log.read_text("utf-8", "replace").splitlines()[-20:] if log.exists() else []
        raise ScenarioError("\n".join([problem or "Blender ended before the scenario did; its last lines:", *lines]))
    return dict(json.loads(notes.read_text("utf-8")))
