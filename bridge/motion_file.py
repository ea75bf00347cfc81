"""Motion on disk: an ``.npz`` that says which rig it speaks to.

The archive holds ``expression [T, 100]``, ``global_orient [T, 3]`` and
``jaw_pose [T, 3]`` in float32, and ``fps``, ``rig``, ``audio``, ``engine_version``
and ``style`` as scalars. It is read without executing anything.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import motion as layout
from .errors import MotionFileError

CHANNELS = {"expression": layout.EXPRESSION, "global_orient": layout.GLOBAL_ORIENT, "jaw_pose": layout.JAW_POSE}
TEXTS = ("rig", "audio", "engine_version")


@dataclass(frozen=True, eq=False)
class MotionFile:
    """A motion and where it comes from.

    Attributes:
        motion: ``[T, 106]`` float32 at 25 frames a second, as ``bridge.motion`` lays it out.
        rig: the rig that it speaks to, ``"builtin"`` or ``"flame"``.
        audio: name of the sound file that it was made from, without its folder.
        engine_version: version of the engine that made it.
        style: name of the speaking style, ``""`` for none.
    """

    motion: NDArray[np.float32]
    rig: str
    audio: str
    engine_version: str
    style: str = ""

    def __post_init__(self) -> None:
        if self.motion.ndim != 2 or self.motion.shape[1] != layout.CHANNELS:
            raise ValueError(f"a motion is [T, {layout.CHANNELS}], this array is {list(self.motion.shape)}")
        if self.motion.dtype != np.float32:
            raise ValueError(f"a motion is float32, this array is {self.motion.dtype}")


def save_motion(path: Path, contents: MotionFile) -> None:
    """Write a motion file so that ``path`` holds either all of it or what it held before.

    Args:
        path: the file to write, taken as it is: no ending is added.
        contents: what to write.

    Raises:
        MotionFileError: if the folder or the file cannot be written.
    """
    path = Path(path)
    arrays = {name: contents.motion[:, channels] for name, channels in CHANNELS.items()}
    texts = {name: np.array(getattr(contents, name)) for name in (*TEXTS, "style")}
    try:
        handle, temporary = tempfile.mkstemp(prefix=path.name + ".", suffix=".part", dir=path.parent)
    except OSError as exc:
        raise _unwritable(path, exc) from exc
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays, **texts, fps=np.array(layout.FPS))
        _give_usual_permissions(Path(temporary))
        Path(temporary).replace(path)
    except OSError as exc:
        raise _unwritable(path, exc) from exc
    finally:
        with suppress(OSError):
            Path(temporary).unlink(missing_ok=True)


def load_motion(path: Path) -> MotionFile:
    """Read a motion file and check all of it.

    Args:
        path: a file written by :func:`save_motion`.

    Returns:
        Its contents; the motion is a new array.

    Raises:
        MotionFileError: if the file is missing, damaged or not a motion file.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            entries = {name: archive[name] for name in archive.files}
    except FileNotFoundError as exc:
        raise MotionFileError(path, "there is no such file", "Check the path.") from exc
    except Exception as exc:  # a damaged archive raises whatever zipfile, zlib or numpy's parser meets first
        raise MotionFileError(path, "this is not a readable motion file", "Generate the motion again.") from exc
    try:
        return _contents(entries)
    except (KeyError, ValueError) as exc:
        raise MotionFileError(path, f"this is not a motion file ({exc})", "Generate the motion again.") from exc


def _contents(entries: Mapping[str, NDArray[np.generic]]) -> MotionFile:
    missing = [name for name in (*CHANNELS, *TEXTS, "fps") if name not in entries]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    fps = entries["fps"]
    if fps.ndim or fps != layout.FPS:
        raise ValueError(f"its rate is {fps}, expected {layout.FPS} frames a second")
    frames = entries["expression"].shape[0] if entries["expression"].ndim else 0
    motion = np.empty((frames, layout.CHANNELS), np.float32)
    for name, channels in CHANNELS.items():
        part, shape = entries[name], motion[:, channels].shape
        if part.shape != shape or part.dtype.kind != "f" or not np.isfinite(part).all():
            raise ValueError(f"{name} is {part.dtype}{list(part.shape)}, expected finite float{list(shape)}")
        motion[:, channels] = part
    return MotionFile(motion, **{name: _text(name, entries[name]) for name in (*TEXTS, "style") if name in entries})


def _text(name: str, value: NDArray[np.generic]) -> str:
    if value.ndim or value.dtype.kind != "U":
        raise ValueError(f"{name} is {value.dtype}{list(value.shape)}, expected a text")
    return str(value)


def _give_usual_permissions(path: Path) -> None:
    """Replace the private mode of a temporary file by that of any new file."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)


def _unwritable(path: Path, exc: OSError) -> MotionFileError:
    return MotionFileError(path, f"cannot be written ({exc.strerror or exc})", "Choose a folder that you may write to.")
