"""Body clips on disk: the ``.npz`` of BEAT2, EMAGE and their kin, and those of AMASS.

They are read without executing anything, and only the arrays that a clip is made of are looked at, because
some archives carry pickled notes beside them. What is written is BEAT2's own layout, with every array that
programs of its family ask for.

========== ===================== ==============================================================
key        written as            also read
========== ===================== ==============================================================
poses      [T, 165] float32      [T, 55, 3]; [T, 156] of SMPL-H, which has no jaw and no eyes
trans      [T, 3] float64        may be missing
expressions [T, 100] float64     fewer than 100; may be missing
betas      [300] float32         any number; one row for every frame
rate       ``mocap_frame_rate``  ``mocap_framerate``, ``fps``
gender     text                  bytes; may be missing
========== ===================== ==============================================================
"""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from . import body, rotations
from .clip import Clip, Kind, UpAxis, upright
from .errors import ClipFileError
from .whole_file import whole_file

Entries = dict[str, NDArray[np.generic]]

RATE_KEYS = ("mocap_frame_rate", "mocap_framerate", "fps")
KEYS = ("poses", "trans", "expressions", "betas", "gender", "model", "surface_model_type", *RATE_KEYS)
AMASS_KEYS = ("mocap_framerate", "surface_model_type", "dmpls", "mocap_time_length")  # no other family has these
SLOWEST, FASTEST = 1.0, 10_000.0  # frames a second
LARGEST = 1e6  # of all numbers in a file; squares of larger ones could overflow
STANDING = 0.8  # cosine of the angle up to which a body that is at rest upright counts as standing


def load_clip(path: Path, fps: float | None = None, up_axis: UpAxis | None = None) -> Clip:
    """Read a clip and check all of it.

    Args:
        path: an ``.npz`` of BEAT2, EMAGE or AMASS.
        fps: frames a second of a file that does not say so; one that does is believed.
        up_axis: which axis points up; ``None`` to tell by the file and by how the body stands.

    Raises:
        ClipFileError: if the file is missing, damaged or no clip.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            return read_clip(stream, fps, up_axis)
    except ValueError as exc:
        raise ClipFileError(path, str(exc), "Choose a clip of BEAT2, EMAGE or AMASS, saved with plain arrays.") from exc
    except FileNotFoundError as exc:
        raise ClipFileError(path, "there is no such file", "Check the path.") from exc
    except OSError as exc:
        raise ClipFileError(path, f"cannot be read ({exc.strerror or exc})", "Check the file and its rights.") from exc


def read_clip(stream: BinaryIO, fps: float | None = None, up_axis: UpAxis | None = None) -> Clip:
    """Read a clip as :func:`load_clip` does, from an open file.

    Raises:
        ValueError: if it is damaged or no clip.
    """
    try:
        with np.load(stream, allow_pickle=False) as archive:
            has_amass_key = any(key in archive.files for key in AMASS_KEYS)
            entries = {key: archive[key] for key in KEYS if key in archive.files}
    except Exception as exc:  # a damaged archive raises whatever zipfile, zlib or numpy's parser meets first
        if zipfile.is_zipfile(stream) and "allow_pickle" in str(exc):
            raise ValueError("it holds pickled objects, which are not read because they could run programs") from exc
        raise ValueError("this is not a readable .npz file") from exc
    return _clip(entries, has_amass_key, fps, up_axis)


def save_clip(path: Path, clip: Clip) -> None:
    """Write a clip as BEAT2 does, so that ``path`` holds either all of it or what it held before.

    Args:
        path: the file to write, taken as it is: no ending is added.
        clip: what to write; turned to Y up if it is not. Without expressions, zeros are written.

    Raises:
        ClipFileError: if the folder or the file cannot be written.
    """
    path = Path(path)
    try:
        with whole_file(path) as stream:
            write_clip(stream, clip)
    except OSError as exc:
        reason = f"cannot be written ({exc.strerror or exc})"
        raise ClipFileError(path, reason, "Choose a folder that you may write to.") from exc


def write_clip(stream: BinaryIO, clip: Clip) -> None:
    """Write a clip as :func:`save_clip` does, into an open file."""
    clip = upright(clip)
    frames = len(clip.poses)
    betas = np.zeros(body.SHAPES, np.float32)
    betas[: len(clip.betas)] = clip.betas[: body.SHAPES]
    expressions = np.zeros((frames, body.EXPRESSIONS)) if clip.expressions is None else clip.expressions
    is_whole = float(clip.fps).is_integer()
    np.savez_compressed(
        stream,
        allow_pickle=False,
        poses=clip.poses.reshape(frames, -1).astype(np.float32),
        trans=clip.trans,
        expressions=expressions,
        betas=betas,
        gender=np.array(clip.gender),
        model=np.array("smplx2020"),
        mocap_frame_rate=np.array(int(clip.fps) if is_whole else clip.fps),
    )


def _clip(entries: Entries, has_amass_key: bool, fps: float | None, up_axis: UpAxis | None) -> Clip:
    notes: list[str] = []
    poses, is_smplh = _poses(entries, notes)
    frames = len(poses)
    kind: Kind = "AMASS SMPL-H" if is_smplh else "AMASS SMPL-X" if has_amass_key else "BEAT2"
    clip = Clip(
        poses=poses,
        trans=_trans(entries, frames, notes),
        fps=_rate(entries, fps, notes),
        expressions=_expressions(entries, frames, notes),
        betas=_betas(entries, is_smplh, notes),
        gender=_gender(entries),
        up_axis=up_axis or ("Y" if kind == "BEAT2" else "Z"),
        kind=kind,
        notes=tuple(notes),
    )
    return clip if up_axis else _with_up_axis(clip)


def _poses(entries: Entries, notes: list[str]) -> tuple[NDArray[np.float64], bool]:
    """Return ``[T, 55, 3]`` and whether the file's body is SMPL-H."""
    if "poses" not in entries:
        raise ValueError("it has no 'poses'")
    values = _numbers(entries, "poses")
    frames, count = (len(values), int(np.prod(values.shape[1:]))) if values.ndim > 1 else (0, 0)
    is_smplh = count == 3 * len(body.SMPLH_JOINTS)
    if not is_smplh and count != 3 * len(body.JOINTS):
        shape = list(values.shape)
        raise ValueError(f"'poses' is {shape}, expected [frames, 165] of SMPL-X or [frames, 156] of SMPL-H")
    if not is_smplh:
        return values.reshape(frames, len(body.JOINTS), 3), False
    poses = np.zeros((frames, len(body.JOINTS), 3))
    poses[:, body.SMPLH_JOINTS] = values.reshape(frames, len(body.SMPLH_JOINTS), 3)
    notes.append("Its body is SMPL-H: jaw and eyes stay at rest.")
    return poses, True


def _trans(entries: Entries, frames: int, notes: list[str]) -> NDArray[np.float64]:
    if "trans" not in entries:
        notes.append("It does not say where the body is: it stays at the origin.")
        return np.zeros((frames, 3))
    return _numbers(entries, "trans")


def _rate(entries: Entries, fps: float | None, notes: list[str]) -> float:
    key = next((key for key in RATE_KEYS if key in entries), None)
    if key is not None:
        values = _numbers(entries, key)
        if values.size != 1:
            raise ValueError(f"'{key}' is {list(values.shape)}, expected one number")
        fps = float(values.reshape(-1)[0])
    elif fps is not None:
        notes.append(f"It does not say its rate: {fps:g} frames a second were assumed.")
    else:
        raise ValueError(f"it does not say its frames a second (none of {', '.join(RATE_KEYS)}), and none were given")
    if not SLOWEST <= fps <= FASTEST:
        raise ValueError(f"its rate is {fps:g} frames a second, expected {SLOWEST:g} to {FASTEST:g}")
    return fps


def _expressions(entries: Entries, frames: int, notes: list[str]) -> NDArray[np.float64] | None:
    if "expressions" not in entries:
        notes.append("It has no expressions.")
        return None
    values = _numbers(entries, "expressions")
    if values.ndim != 2 or len(values) != frames or not 0 < values.shape[1] <= body.EXPRESSIONS:
        raise ValueError(f"'expressions' is {list(values.shape)}, expected [{frames}, {body.EXPRESSIONS}]")
    missing = body.EXPRESSIONS - values.shape[1]
    if missing:
        notes.append(f"It has {values.shape[1]} expressions: the other {missing} are zero.")
    return np.pad(values, ((0, 0), (0, missing)))


def _betas(entries: Entries, is_smplh: bool, notes: list[str]) -> NDArray[np.float64]:
    if "betas" not in entries:
        return np.zeros(0)
    if is_smplh:
        notes.append("Its body shape is SMPL-H's, which means nothing to SMPL-X, and was left out.")
        return np.zeros(0)
    values = _numbers(entries, "betas")
    return values[0] if values.ndim == 2 and len(values) else values.reshape(-1)


def _gender(entries: Entries) -> str:
    value = entries.get("gender")
    if value is None or value.size != 1 or value.dtype.kind not in "US":
        return "neutral"
    text = value.reshape(-1)[0]
    return text.decode("ascii", "replace") if isinstance(text, bytes) else str(text)


def _with_up_axis(clip: Clip) -> Clip:
    """Tell by where the top of the body points in most frames; one that lies leaves it to the kind of file."""
    usual = clip.up_axis
    root = rotations.from_axis_angle(clip.poses[:, body.PELVIS])
    top = np.median(rotations.rotate(root, np.broadcast_to((0.0, 1.0, 0.0), (len(root), 3))), axis=0)
    seen: UpAxis = "Y" if top[1] > STANDING else "Z" if top[2] > STANDING else usual
    note = f"{usual} points up, as in other files of its kind."
    if seen != usual:
        note = f"{seen} points up, as the body stands, although other files of its kind have {usual} up."
    return dataclasses.replace(clip, up_axis=seen, notes=(*clip.notes, note))


def _numbers(entries: Entries, key: str) -> NDArray[np.float64]:
    value = entries[key]
    if value.dtype.kind not in "fiu":
        raise ValueError(f"'{key}' holds {value.dtype}, expected numbers")
    if not np.isfinite(value).all():
        raise ValueError(f"'{key}' holds values that are not numbers")
    numbers = value.astype(np.float64)
    if np.abs(numbers).max(initial=0.0) > LARGEST:
        raise ValueError(f"'{key}' holds values beyond {LARGEST:g}, which no body has")
    return numbers
