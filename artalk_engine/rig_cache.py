"""FLAME files made readable for Blender, which must not execute them and has only numpy.

A file is converted once into an ``.npz`` of plain float32 arrays with FLAME's own names, in
the user's cache folder, where only the user can read it: FLAME may not be passed on.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import numpy as np

from artalk_engine.errors import EngineError
from artalk_engine.face.flame_files import FlameData, load_flame
from bridge.whole_file import whole_file

FORMAT = 2  # part of the name, so that a change of the conversion is not answered from the cache


class CacheError(EngineError):
    """The cache folder cannot be written."""

    code = "cache"
    default_remedy = "Free some space, and check that your user may write to the folder."


def cached_rig(path: Path, folder: Path | None = None) -> Path:
    """Return a FLAME model as an ``.npz`` of plain arrays.

    Args:
        path: a FLAME model in any format that ``flame_files`` reads.
        folder: where to keep the converted file; ``None`` for the user's cache folder.

    Returns:
        The converted file; ``path`` itself if it is such an ``.npz`` already, whose further
        arrays (texture coordinates, names) are kept that way.

    Raises:
        FlameFileError: if it is missing or no FLAME model.
        CacheError: if the converted file cannot be written.
    """
    if path.suffix.lower() == ".npz":
        load_flame(path)
        return path
    folder = cache_folder() if folder is None else folder
    converted = folder / f"flame-{_digest(path)}-{FORMAT}.npz" if path.is_file() else None
    if converted is not None and converted.is_file():
        return converted
    data = load_flame(path)
    assert converted is not None  # noqa: S101 - load_flame refuses a path that is no file
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(converted, data)
    except OSError as exc:
        raise CacheError(f"{converted} cannot be written ({exc.strerror or exc}).") from exc
    return converted


def cache_folder() -> Path:
    """Return the folder for files that can be made again, as the system has it."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "artalk" / "rigs"


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    except OSError as exc:
        raise CacheError(f"{path} cannot be read ({exc.strerror or exc}).", "Check the file's permissions.") from exc


def _write(path: Path, data: FlameData) -> None:
    """Write all of the file or nothing; another engine may be doing the same."""
    with whole_file(path, is_private=True) as stream:
        np.savez(
            stream,
            allow_pickle=False,
            v_template=data.template,
            shapedirs=data.shape_directions,
            posedirs=data.pose_directions,
            J_regressor=data.joint_regressor,
            weights=data.weights,
            parents=np.array(data.parents, np.int32),
            kintree_table=np.array([data.parents, range(len(data.parents))], np.int32),
            f=data.faces.astype(np.int32),
        )
