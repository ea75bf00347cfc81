# SPDX-License-Identifier: GPL-3.0-or-later
"""Look whether the engine's packages are there and can be loaded, in the Python that shall run the engine."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import BrokenEnvironmentError, SetupError
from .pythons import Python, ask_python, check_python, clean_variables, no_window
from .requirements import name_of, version_of

PATIENCE_S = 180.0  # PyTorch from a slow disk, under a virus scanner
_REPAIR = "Repair the engine, or choose another Python."
_ASK = """
import importlib, importlib.metadata, json, sys
names, root = json.loads(sys.argv[1]), sys.argv[2]
found, broken, device, version = {}, {}, "", ""
for name in names:
    try:
        found[name] = importlib.metadata.version(name)
        importlib.import_module(name.replace("-", "_"))
    except importlib.metadata.PackageNotFoundError:
        found[name] = ""
    except BaseException as exc:
        broken[name] = f"{type(exc).__name__}: {exc}"
try:
    import torch
    device = "CPU"
    if torch.cuda.is_available():
        device = f"CUDA ({torch.cuda.get_device_name()})"
    elif torch.backends.mps.is_available():
        device = "Metal"
except Exception:
    pass
try:
    sys.path.insert(0, root)
    from artalk_engine.version import engine_version
    version = engine_version()
except Exception as exc:
    broken["artalk_engine"] = f"{type(exc).__name__}: {exc}"
print(json.dumps({"found": found, "broken": broken, "device": device, "engine": version}))
"""


@dataclass(frozen=True)
class Finding:
    """What an environment holds.

    Attributes:
        python: its Python.
        packages: installed version by name, ``""`` where there is none.
        broken: why a package cannot be loaded, by name.
        device: what PyTorch can compute on best, ``""`` without it.
        engine: version of the engine's own code.
    """

    python: Python
    packages: dict[str, str]
    broken: dict[str, str]
    device: str
    engine: str


def look(path: Path, pins: tuple[str, ...], root: Path) -> Finding:
    """Look at an environment.

    Args:
        path: its Python.
        pins: the requirements.
        root: the folder that holds the engine's code.

    Raises:
        SetupError: if there is no Python, it is too old, or says nothing.
    """
    python = ask_python(path)
    check_python(python)
    command = [str(path), "-I", "-X", "utf8", "-c", _ASK, json.dumps([name_of(pin) for pin in pins]), str(root)]
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            timeout=PATIENCE_S,
            env=clean_variables(),
            stdin=subprocess.DEVNULL,
            creationflags=no_window(),
            check=False,
        )
        said = json.loads(answer.stdout.decode("utf-8", "replace").strip().splitlines()[-1])
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as exc:
        raise BrokenEnvironmentError(f"The packages of {path} cannot be loaded.", _REPAIR) from exc
    return Finding(python, said["found"], said["broken"], said["device"], said["engine"])


def judge(finding: Finding, pins: tuple[str, ...], version: str) -> str:
    """Refuse an environment that the engine cannot work in.

    Args:
        finding: what was found in it.
        pins: the requirements.
        version: of the add-on; the engine's has to be the same.

    Returns:
        what differs and may still work, one sentence, or ``""``.

    Raises:
        SetupError: if a package is missing or broken, or the engine is of another version.
    """
    missing = [pin for pin in pins if not finding.packages.get(name_of(pin))]
    if missing:
        some = f"{', '.join(missing[:3])}{' and others' if missing[3:] else ''}"
        install = f"Install them with: {finding.python.path} -m pip install {' '.join(missing)}"
        raise BrokenEnvironmentError(f"{finding.python.path} lacks {some}.", install)
    for name, reason in finding.broken.items():
        raise BrokenEnvironmentError(f"{finding.python.path} cannot load {name} ({reason[:160]}).", _REPAIR)
    if version and finding.engine != version:
        raise SetupError(
            f"The engine is of version {finding.engine or 'unknown'} and the add-on of {version}.",
            "Install the add-on anew from its zip.",
        )
    others = [f"{name_of(pin)} {finding.packages[name_of(pin)]}" for pin in pins if not _is_pinned(finding, pin)]
    return f"It has {', '.join(others)}, where others were tested; that may work." if others else ""


def _is_pinned(finding: Finding, pin: str) -> bool:
    """Return whether the version is the required one; what follows a + names the build."""
    return finding.packages[name_of(pin)].partition("+")[0] == version_of(pin)
