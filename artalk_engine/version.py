"""The engine's version, which stands once for the whole project."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

UNKNOWN = "0+unknown"


@cache
def engine_version() -> str:
    """Return the version of the project that this package belongs to.

    Returns:
        What ``pyproject.toml`` says in a checkout, ``blender_manifest.toml`` in an installed add-on, where the engine
        lies in a folder of its own, and what the installer noted down among installed packages.
    """
    root = Path(__file__).resolve().parent.parent
    for path in (root / "pyproject.toml", root.parent / "blender_manifest.toml"):
        try:
            contents = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return str(contents.get("project", contents).get("version", UNKNOWN))
    try:
        return metadata.version("artalk")
    except metadata.PackageNotFoundError:
        return UNKNOWN
