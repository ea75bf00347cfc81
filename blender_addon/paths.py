# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the engine, its assets and the log lie."""

from __future__ import annotations

import functools
import os
import tempfile
from pathlib import Path

from bridge.errors import ScratchError

from . import scratch

_PACKAGE = Path(__file__).resolve().parent


@functools.cache
def engine_root() -> Path:
    """Return the folder that holds ``artalk_engine``, ``bridge`` and ``assets``.

    That is ``engine/`` inside an installed extension, and the folder above this
    package in a development checkout.
    """
    bundled = _PACKAGE / "engine"
    return bundled if bundled.is_dir() else _PACKAGE.parent


def requirements_file() -> Path:
    """Return the list of the engine's packages; a development checkout has none."""
    return engine_root() / "requirements.txt"


def builtin_head_file() -> Path:
    """Return the model of the built-in head."""
    return engine_root() / "assets" / "head.npz"


@functools.cache  # they come with the add-on, and the panel asks for them whenever it is drawn
def builtin_styles() -> tuple[str, ...]:
    """Return the names of the built-in voice's speaking styles, in alphabetical order."""
    folder = engine_root() / "assets" / "voice" / "styles"
    return tuple(sorted(path.stem for path in folder.glob("*.npy")))


def engine_log_file() -> Path:
    """Return the engine's log file: one a Blender process, among its temporary files."""
    try:
        return scratch.file("engine.log")
    except ScratchError:  # a full disk does not keep anybody from being told where the log would be
        return Path(tempfile.gettempdir()) / f"artalk-engine-{os.getpid()}.log"
