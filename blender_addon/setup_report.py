# SPDX-License-Identifier: GPL-3.0-or-later
"""The system check: what only Blender knows, and the report that came of it."""

from __future__ import annotations

import platform
from typing import Any

import bpy

from . import released
from .engine_process import engine
from .notices import Notice
from .preferences import engine_device, engine_precision, voice_folder
from .setup.machine import without_name
from .setup.places import log_file
from .setup_orders import addon_version

_LINES = 200  # of a log

_report: tuple[str, ...] = ()


def facts(context: bpy.types.Context) -> dict[str, str]:
    """Return what is known without asking anybody."""
    build = bpy.app.build_platform
    described = engine.description
    return {
        "Blender": f"{bpy.app.version_string} ({build.decode() if isinstance(build, bytes) else build})",
        "Blender's Python": platform.python_version(),
        "ARTalk": addon_version() or "a development checkout",
        "Online access": "allowed" if bpy.app.online_access else "not allowed",
        "Chosen": f"{engine_device(context)}, {engine_precision(context)}, "
        f"{voice_folder(context) or 'the built-in voice'}",
        "Running": f"{engine.version}, on {described.device}" if described else engine.version or "no",
        "Models": _models(),
    }


def remember(said: dict[str, Any]) -> Notice:
    """Keep a report."""
    global _report
    _report = tuple(said["lines"])
    return Notice("The system check is done: copy it below.")


def lines() -> tuple[str, ...]:
    """Return the report, nothing before there is one."""
    return _report


def text() -> str:
    """Return the report as one text."""
    return "\n".join(_report) + "\n"


def log_text() -> str:
    """Return the end of the log of the last installation, without the user's name."""
    try:
        lines = log_file().read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return without_name("\n".join(lines[-_LINES:]))


def _models() -> str:
    shelf = released.shelf()
    if shelf is None:
        return "not asked"
    return f"{shelf.folder}: " + ", ".join(f"{file.name} {file.state}" for file in shelf.files if file.kind != "style")
