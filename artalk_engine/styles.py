"""Ways of speaking by name: those that come with a model, and the user's own.

The user's lie in a folder of the system's for the user's data, one folder a rig, which
neither an update nor a removal of the program touches.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bridge.motion import CHANNELS, FPS
from bridge.whole_file import whole_file

from .checkpoints import check_style
from .config import RIGS, STYLE_FRAMES
from .errors import RigMismatchError, StyleError
from .model_folder import ModelFolder

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
KINDS = (".npy", ".pt")
RESERVED = frozenset({"default", "con", "prn", "aux", "nul"})  # no style, and what Windows keeps for itself


def list_styles(model: ModelFolder, rig: str, folder: Path | None = None) -> dict[str, Path]:
    """List style clips by name, in alphabetical order.

    Args:
        model: its own styles are listed.
        rig: that it speaks to; the user's styles for this rig are listed as well, and go before the model's.
        folder: of the user's styles; None is the usual one.
    """
    folders = [*model.styles, user_styles_folder(rig) if folder is None else folder]
    # Names beginning with a dot are the system's, such as what macOS leaves beside every file on other disks.
    clips = [path for place in folders for path in sorted(place.glob("[!.]*")) if path.suffix.lower() in KINDS]
    return dict(sorted((path.stem, path) for path in {path.stem: path for path in clips}.values()))


def add_style(
    name: str,
    motion: npt.NDArray[Any],
    at_s: float,
    rig: str,
    folder: Path | None = None,
    *,
    motion_rig: str | None = None,
    replace: bool = False,
) -> Path:
    """Make a style of two seconds of motion.

    Args:
        name: what to call it: letters, digits, ``-`` and ``_``.
        motion: ``[T, 106]`` at 25 Hz.
        at_s: second at which its 50 frames begin.
        rig: that the style is for.
        folder: of the user's styles; None is the usual one.
        motion_rig: that the motion is for, if it is known.
        replace: a style of the user's with this name.

    Returns:
        the file written.

    Raises:
        StyleError: if the name cannot be used or is taken, the motion is too short, or the folder cannot be written.
        RigMismatchError: if the motion is for another rig.
    """
    path = _place(name, rig, folder)
    if motion_rig not in (None, rig):
        raise RigMismatchError("the motion", str(motion_rig), rig)
    clip = check_style(_cut(motion, at_s), name)
    taken = _existing(path)
    if taken is not None and not replace:
        raise StyleError(f"there is a style {taken.stem!r} already", "Choose another name, or replace it.")
    try:
        _write(path, clip)
        if taken is not None and taken != path:
            taken.unlink()
    except OSError as exc:
        raise _unwritable(path, exc) from exc
    return path


def remove_style(name: str, rig: str, folder: Path | None = None) -> Path:
    """Remove one of the user's styles.

    Returns:
        the file removed.

    Raises:
        StyleError: if the user has no such style, or it cannot be removed.
    """
    path = _existing(_place(name, rig, folder))
    if path is None:
        raise StyleError(f"you have no style {name!r}", "Choose one that you have added; a model's own stay.")
    try:
        path.unlink()
    except OSError as exc:
        raise _unwritable(path, exc) from exc
    return path


def user_styles_folder(rig: str) -> Path:
    """Return the folder of the user's styles for a rig, as the system has it; it may not exist yet."""
    if rig not in RIGS:
        raise StyleError(f"there is no rig {rig!r}", f"Choose {' or '.join(RIGS)}.")
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or str(Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "artalk" / "styles" / rig


def _place(name: str, rig: str, folder: Path | None) -> Path:
    """Return the file of a name from outside, which cannot leave the folder."""
    if not NAME.fullmatch(name) or name.lower() in RESERVED:
        raise StyleError(
            f"a style cannot be called {name!r}",
            "Use letters, digits, - and _, at most 64, beginning with a letter or digit; default means no style.",
        )
    return (user_styles_folder(rig) if folder is None else folder) / f"{name}.npy"


def _existing(path: Path) -> Path | None:
    """Find a style of this name, of any kind and in any case, as some file systems do not tell cases apart."""
    with suppress(OSError):
        for other in sorted(path.parent.iterdir()):
            if other.suffix.lower() in KINDS and other.stem.lower() == path.stem.lower():
                return other
    return None


def _cut(motion: npt.NDArray[Any], at_s: float) -> npt.NDArray[Any]:
    """Take 50 frames."""
    motion = np.asarray(motion)
    if motion.ndim != 2 or motion.shape[1] != CHANNELS:
        raise StyleError(f"a style is made of motion [T, {CHANNELS}], not of shape {list(motion.shape)}")
    length_s, needed_s = len(motion) / FPS, STYLE_FRAMES / FPS
    if len(motion) < STYLE_FRAMES:
        raise StyleError(f"the motion lasts {length_s:g} s, and a style needs {needed_s:g} s", "Use a longer take.")
    latest_s = length_s - needed_s
    if not 0 <= at_s <= latest_s + 0.5 / FPS:
        raise StyleError(
            f"{needed_s:g} s from {at_s:g} s on are not within the motion, which lasts {length_s:g} s",
            f"Begin between 0 and {latest_s:g} s.",
        )
    first = min(round(at_s * FPS), len(motion) - STYLE_FRAMES)
    return motion[first : first + STYLE_FRAMES]


def _write(path: Path, clip: npt.NDArray[np.float32]) -> None:
    """Write all of the file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as stream:
        np.save(stream, clip, allow_pickle=False)


def _unwritable(path: Path, exc: OSError) -> StyleError:
    return StyleError(f"{path} cannot be changed ({exc.strerror or exc})", "Check that your user may write there.")
