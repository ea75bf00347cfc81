# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said about a machine, for the system check and before an installation."""

from __future__ import annotations

import ctypes
import getpass
import os
import platform
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from . import installing, places
from .checking import judge, look
from .errors import SetupError
from .installing import Order
from .requirements import read_pins
from .torch_builds import find_graphics, fitting_build


def survey(order: Order) -> dict[str, object]:
    """Say what an installation would be made of, and how much room it takes."""
    result: dict[str, object] = {"python": "", "path": "", "problem": ""}
    build = fitting_build(find_graphics())
    try:
        python, build = installing.choose(order)
        result |= {"python": python.name, "path": str(python.path)}
        installing.check_disk(order, build)
    except SetupError as exc:
        result["problem"] = f"{exc} {exc.remedy}"
    free = shutil.disk_usage(installing.existing(order.place)).free
    return result | {"build": build.label, "download": build.download, "disk": build.disk, "free": free}


def report(order: Order, python: str, facts: dict[str, str]) -> list[str]:
    """Write what somebody who helps has to know, without the user's name.

    Args:
        order: as for an installation.
        python: the Python that runs the engine, ``""`` if none is known.
        facts: what only Blender knows, by name.
    """
    graphics = find_graphics()
    lines = [f"{name}: {value}" for name, value in facts.items()]
    lines += [
        f"System: {platform.platform()}, {platform.machine()}, {os.cpu_count()} processors",
        f"Memory: {_memory()}",
        f"NVIDIA: {f'{graphics.name}, driver {graphics.driver}' if graphics else 'no driver found'}",
        f"Disk: {_disk(order.place)}",
        *_engine_lines(order, python),
    ]
    return [without_name(line) for line in lines]


def without_name(text: str) -> str:
    """Return a text without the user's folder and name."""
    home = str(Path.home())
    text = text.replace(home, "~") if len(home) > 1 else text
    with suppress(KeyError, OSError, ImportError):  # a system without an entry for the user
        name = getpass.getuser()
        text = text.replace(f"{os.sep}{name}{os.sep}", f"{os.sep}user{os.sep}") if len(name) > 2 else text
    return text


def _engine_lines(order: Order, python: str) -> list[str]:
    """Say what the engine's environment holds."""
    environment = places.installed(order.place)
    if environment is None:
        lines = ["Installed engine: none"]
    else:
        record = environment.record
        made = f"by {record.version}, Python {record.python}, PyTorch {record.torch} ({record.build})"
        lines = [f"Installed engine: {environment.folder}, {made}, {record.size / 1e9:.2f} GB"]
    if not python:
        return [*lines, "Engine's Python: none is known"]
    try:
        pins = read_pins(Path(order.requirements))
        finding = look(Path(python), pins, Path(order.root))
        packages = ", ".join(f"{name} {version or 'MISSING'}" for name, version in finding.packages.items())
        lines += [
            f"Engine's Python: {python}, {finding.python.name}",
            f"Packages: {packages}",
            f"Device: {finding.device or 'PyTorch cannot be loaded'}",
            f"Engine: {finding.engine}",
        ]
        return [*lines, f"Check: {judge(finding, pins, order.version) or 'all is well'}"]
    except SetupError as exc:
        return [*lines, f"Check: {exc} {exc.remedy}"]


def _disk(folder: Path) -> str:
    there = installing.existing(folder)
    return f"{shutil.disk_usage(there).free / 1e9:.1f} GB free at {there}"


def _memory() -> str:
    """Say how much memory there is and how much of it is free."""
    total, free = _windows_memory() if sys.platform == "win32" else _posix_memory()
    said = f"{total / 1e9:.1f} GB" if total else "unknown"
    return f"{said}, {free / 1e9:.1f} GB free" if free else said


def _posix_memory() -> tuple[int, int]:
    total = free = 0
    with suppress(ValueError, OSError):
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = 1024 * int(next(line for line in lines if line.startswith("MemAvailable")).split()[1])
    return total, free


def _windows_memory() -> tuple[int, int]:
    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "a", "b", "c", "d", "e")),
        )

    status = Status(length=ctypes.sizeof(Status))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined,unused-ignore]
    return int(status.total), int(status.free)
