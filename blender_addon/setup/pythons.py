# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a Python to build the engine's environment on.

A Python of the system's comes first: it stays where it is when Blender is updated or moved, and with it the environment
that leans on it. Blender's own is the last resort, and is always there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import PythonError
from .requirements import MINIMUM_PYTHON, TESTED_PYTHONS
from .torch_builds import has_wheels

PATIENCE_S = 20.0
# Written so that even a Python of long ago understands it and can be told to be too old.
_QUESTION = """
import json, platform, struct, sys
try:
    import ensurepip, venv
    complete = True
except ImportError:
    complete = False
print(json.dumps({"version": sys.version.split()[0], "executable": sys.executable, "complete": complete,
                  "bits": struct.calcsize("P") * 8, "machine": platform.machine()}))
"""


@dataclass(frozen=True)
class Python:
    """What a Python says about itself.

    Attributes:
        path: where it is, behind the links and shims that it was called by.
        version: such as ``(3, 11, 7)``.
        is_complete: whether it can make virtual environments.
        bits: 32 or 64.
        machine: the processor that it was built for.
    """

    path: Path
    version: tuple[int, ...]
    is_complete: bool
    bits: int
    machine: str

    @property
    def name(self) -> str:
        """Its version in words."""
        return ".".join(map(str, self.version))


def ask_python(path: Path) -> Python:
    """Let a Python describe itself.

    Raises:
        PythonError: if it is none, or does not work.
    """
    if not path.is_file():
        raise PythonError(f"There is no Python at {path}.", "Choose a program called python, or python.exe on Windows.")
    try:
        answer = subprocess.run(
            [str(path), "-E", "-s", "-c", _QUESTION],
            capture_output=True,
            timeout=PATIENCE_S,
            env=clean_variables(),
            stdin=subprocess.DEVNULL,
            creationflags=no_window(),
            check=False,
        )
        said = json.loads(answer.stdout.decode("utf-8", "replace").strip().splitlines()[-1])
        numbers = (int("".join(filter(str.isdigit, part)) or 0) for part in said["version"].split(".")[:3])
        place = Path(said["executable"] or path)
        return Python(place, tuple(numbers), bool(said["complete"]), int(said["bits"]), str(said["machine"]))
    except (OSError, ValueError, KeyError, IndexError, TypeError, subprocess.SubprocessError) as exc:
        raise PythonError(
            f"{path} does not answer as a Python does.", "Choose a program called python, or python.exe on Windows."
        ) from exc


def check_python(python: Python) -> None:
    """Refuse a Python that the engine cannot run in.

    Raises:
        PythonError: if it is too old, or no PyTorch is made for it.
    """
    oldest = ".".join(map(str, MINIMUM_PYTHON))
    if python.version < MINIMUM_PYTHON:
        remedy = f"Install Python {_best()} from python.org, or choose another one."
        raise PythonError(f"{python.path} is Python {python.name}, and the engine needs {oldest} or later.", remedy)
    if python.bits != 64:
        raise PythonError(f"{python.path} is a 32-bit Python.", f"Install the 64-bit Python {_best()}.")
    if not has_wheels(machine=python.machine):
        raise PythonError("PyTorch is no longer made for Macs with Intel processors.", "Use a Mac with Apple silicon.")


def check_base(python: Python) -> None:
    """Refuse a Python on which no environment can be built.

    Raises:
        PythonError: if it is too old, or lacks the modules that make environments.
    """
    check_python(python)
    if not python.is_complete:
        version = ".".join(map(str, python.version[:2]))
        raise PythonError(
            f"{python.path} cannot make virtual environments.",
            f"Install the system's package python{version}-venv, or choose another Python.",
        )


def find_base(blenders: str = sys.executable) -> Python:
    """Find the best Python to build an environment on.

    Args:
        blenders: Blender's own, which is looked at last.

    Raises:
        PythonError: if there is none.
    """
    for path in candidates(blenders):
        try:
            python = ask_python(path)
            check_base(python)
        except PythonError:
            continue
        if python.version[:2] in TESTED_PYTHONS:
            return python
    last = ".".join(map(str, TESTED_PYTHONS[-1]))
    raise PythonError(
        f"No Python from {last} to {_best()} was found on this machine.",
        f"Install Python {_best()} from python.org, or choose one.",
    )


def candidates(blenders: str = sys.executable) -> Iterator[Path]:
    """Yield Pythons to try, the best first, each once."""
    seen = set()
    for found in (*_on_path(), *_in_usual_places(), blenders):
        if found and found not in seen and "WindowsApps" not in found:  # the Store's cannot see what it installs
            seen.add(found)
            yield Path(found)


def clean_variables(**added: str) -> dict[str, str]:
    """Return the environment's variables without those that steer another Python, and with some more."""
    hidden = ("__PYVENV_LAUNCHER__", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("PYTHON")}
    return {**{name: value for name, value in kept.items() if name not in hidden}, **added}


def no_window() -> int:
    """Return what keeps Windows from opening a console for a program."""
    return getattr(subprocess, "CREATE_NO_WINDOW", 0)


def _best() -> str:
    return ".".join(map(str, TESTED_PYTHONS[0]))


def _on_path() -> Iterator[str]:
    for major, minor in TESTED_PYTHONS:
        yield shutil.which(f"python{major}.{minor}") or ""
    for name in ("python3", "python"):
        yield shutil.which(name) or ""


def _in_usual_places() -> Iterator[str]:
    """Look where installers put Pythons that are not on PATH, above all when Blender was not started from a shell."""
    for major, minor in TESTED_PYTHONS:
        version = f"{major}.{minor}"
        if sys.platform == "win32":
            local = Path(os.environ.get("LOCALAPPDATA", "C:/"))
            yield str(local / f"Programs/Python/Python{major}{minor}/python.exe")
            yield f"C:/Program Files/Python{major}{minor}/python.exe"
        elif sys.platform == "darwin":
            yield f"/Library/Frameworks/Python.framework/Versions/{version}/bin/python{version}"
            yield f"/opt/homebrew/bin/python{version}"
        else:
            yield f"/usr/bin/python{version}"
            yield f"/usr/local/bin/python{version}"
