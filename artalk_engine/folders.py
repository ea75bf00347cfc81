"""Where the system keeps a user's files, which neither an update nor a removal of the program touches."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROGRAM = "artalk"


def user_data_folder() -> Path:
    """Return the program's folder for the user's own files; it may not exist yet."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or str(Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / PROGRAM


def user_cache_folder() -> Path:
    """Return the program's folder for files that can be made again; it may not exist yet."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / PROGRAM
