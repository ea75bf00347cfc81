# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody who shall help needs to know of an error, as one text to copy.

The interface shows a sentence and its remedy; versions, what was asked, the chain of errors with where each was raised,
and the end of the engine's log go to the clipboard only.
"""

from __future__ import annotations

import platform
import tomllib
import traceback
from pathlib import Path

import bpy

from bridge.log_file import log_tail

from .engine_process import engine
from .paths import engine_log_file

MANIFEST = Path(__file__).with_name("blender_manifest.toml")  # only an installed extension has one


def details_of(error: BaseException, asked: str = "") -> str:
    """Return everything that is known about an error.

    Args:
        error: what went wrong.
        asked: what had been asked for, ``""`` where that is not known.
    """
    sections = (
        ("Versions", _versions()),
        ("Asked", asked),
        ("Error", f"{error} [{getattr(error, 'code', type(error).__name__)}]\n{getattr(error, 'remedy', '')}"),
        ("Chain", "".join(traceback.format_exception(error))),
        ("Engine's log", getattr(error, "log_tail", "") or log_tail(engine_log_file())),
    )
    return "\n\n".join(f"{title}\n{text.strip()}" for title, text in sections if text.strip()) + "\n"


def addon_version() -> str:
    """Return the add-on's version, ``"source"`` where it is not installed as an extension."""
    if not MANIFEST.is_file():
        return "source"
    return str(tomllib.loads(MANIFEST.read_text(encoding="utf-8"))["version"])


def _versions() -> str:
    state = f"{engine.version or 'of unknown version'}, {'running' if engine.is_running else 'not running'}"
    return f"ARTalk {addon_version()}\nBlender {bpy.app.version_string}\nEngine {state}\n{platform.platform()}"
