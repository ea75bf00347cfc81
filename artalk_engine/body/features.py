"""Body clips as the channels that the codec works on, and back.

A frame of the published training data has 433 channels: the first two rows of each of the
55 rotation matrices (330), the step of the body over the ground with its height (3), and
the expressions (100). A codec takes those of one part of the body, standardised.

References:
    Zhou et al., On the Continuity of Rotation Representations in Neural Networks, 2019.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge import body, rotations
from bridge.clip import Clip

from .config import BodyConfigError

Floats = NDArray[np.float64]
ROW_CHANNELS = 6  # of one joint: r00 r01 r02 r10 r11 r12
TRANS = slice(330, 333)  # in a frame of all channels: x and z per frame, height y
EXPRESSIONS = slice(333, 433)
GROUND = [0, 2]  # axes along the ground, Y being up
SMALLEST_STD = 1e-3


@dataclass(frozen=True, slots=True)
class BodyPart:
    """Which channels of a clip belong together."""

    name: str
    joints: tuple[int, ...] = ()
    has_trans: bool = False
    has_expressions: bool = False

    @property
    def channels(self) -> list[int]:
        """Their places in a frame of all 433 channels."""
        places = [joint * ROW_CHANNELS + channel for joint in self.joints for channel in range(ROW_CHANNELS)]
        places += range(TRANS.start, TRANS.stop) if self.has_trans else []
        return [*places, *(range(EXPRESSIONS.start, EXPRESSIONS.stop) if self.has_expressions else [])]

    @property
    def width(self) -> int:
        """How many channels."""
        return len(self.channels)


_UPPER = (3, 6, 9, *range(12, 22))
_HANDS = tuple(range(25, 55))
_LOWER = (0, 1, 2, 4, 5, 7, 8, 10, 11)
_WHOLE = (*range(22), *_HANDS)  # all but jaw and eyes
PARTS = {
    part.name: part
    for part in (
        BodyPart("upper", _UPPER),
        BodyPart("hands", _HANDS),
        BodyPart("lower", _LOWER),
        BodyPart("lower_trans", _LOWER, has_trans=True),
        BodyPart("whole", _WHOLE),
        BodyPart("whole_trans", _WHOLE, has_trans=True),
        BodyPart("face", has_expressions=True),
    )
}


def find_part(name: str) -> BodyPart:
    """Look up a part of the body.

    Raises:
        BodyConfigError: if there is none of this name.
    """
    if name not in PARTS:
        raise BodyConfigError(f"there is no body part {name!r}", f"Choose one of {', '.join(PARTS)}.")
    return PARTS[name]


def to_channels(clip: Clip, part: BodyPart) -> Floats:
    """Turn a clip into the channels of one part.

    Args:
        clip: Y up, at the codec's rate.
        part: which channels.

    Returns:
        ``[T, M]``, not yet standardised; a clip without expressions has zeros.
    """
    frames = len(clip.poses)
    pieces = [axis_angle_to_rows(clip.poses[:, part.joints]).reshape(frames, -1)]
    if part.has_trans:
        pieces.append(trans_to_steps(clip.trans))
    if part.has_expressions:
        pieces.append(np.zeros((frames, body.EXPRESSIONS)) if clip.expressions is None else clip.expressions)
    return np.concatenate(pieces, axis=1)


def from_channels(channels: Floats, part: BodyPart, onto: Clip) -> Clip:
    """Put the channels of one part into a clip of as many frames; everything else of it stays.

    Args:
        channels: ``[T, M]`` as :func:`to_channels` gives.
        part: which channels.
        onto: ``[T]`` frames; the body starts from where its first frame stands.
    """
    frames, poses, trans, expressions = len(channels), onto.poses.copy(), onto.trans, onto.expressions
    width = ROW_CHANNELS * len(part.joints)
    if part.joints:
        poses[:, part.joints] = rows_to_axis_angle(channels[:, :width].reshape(frames, -1, ROW_CHANNELS))
    if part.has_trans:
        trans = steps_to_trans(channels[:, width : width + 3], onto.trans[0, GROUND])
    if part.has_expressions:
        expressions = channels[:, -body.EXPRESSIONS :]
    return dataclasses.replace(onto, poses=poses, trans=trans, expressions=expressions)


def axis_angle_to_rows(axis_angle: Floats) -> Floats:
    """Turn ``[..., 3]`` axis-angle vectors into the first two rows of their matrices, ``[..., 6]``."""
    matrices = rotations.to_matrices(rotations.from_axis_angle(axis_angle))
    return matrices[..., :2, :].reshape(*axis_angle.shape[:-1], ROW_CHANNELS)


def rows_to_axis_angle(rows: Floats) -> Floats:
    """Turn ``[..., 6]`` rows, which need not be orthonormal, into axis-angle vectors ``[..., 3]``."""
    return rotations.to_axis_angle(rotations.from_matrices(rows_to_matrices(rows)))


def rows_to_matrices(rows: Floats) -> Floats:
    """Complete ``[..., 6]`` rows to rotation matrices ``[..., 3, 3]``, by Gram and Schmidt.

    Rows that say nothing, being zero or along each other, give some rotation rather than none.
    """
    first = _unit(rows[..., :3], np.array([1.0, 0.0, 0.0]))
    second = rows[..., 3:] - np.sum(first * rows[..., 3:], axis=-1, keepdims=True) * first
    # Of the axes, the one that the first row is furthest from is never along it.
    axis = np.eye(3)[np.abs(first).argmin(axis=-1)]
    second = _unit(second, axis - np.sum(first * axis, axis=-1, keepdims=True) * first)
    return np.stack([first, second, np.cross(first, second)], axis=-2)


def trans_to_steps(trans: Floats) -> Floats:
    """Turn places ``[T, 3]`` into steps along the ground per frame and absolute heights ``[T, 3]``.

    The first frame's step is the second's.
    """
    steps = trans.copy()
    steps[1:, GROUND] = np.diff(trans[:, GROUND], axis=0)
    steps[0, GROUND] = steps[1, GROUND] if len(trans) > 1 else 0.0
    return steps


def steps_to_trans(steps: Floats, start: Floats) -> Floats:
    """Add up what :func:`trans_to_steps` gave, from a first place ``[2]`` (x, z) on the ground."""
    trans = steps.copy()
    # The first step only repeats the second; it is no step away from the start.
    trans[:, GROUND] = np.cumsum(steps[:, GROUND], axis=0) - steps[0, GROUND] + start
    return trans


@dataclass(frozen=True, eq=False)
class Standard:
    """Mean and deviation of each channel of a part, ``[M]``."""

    mean: Floats
    std: Floats

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or self.mean.shape != self.std.shape:
            raise BodyConfigError(f"mean {list(self.mean.shape)} and std {list(self.std.shape)} must be two equal rows")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.std).all() and (self.std > 0).all()):
            raise BodyConfigError("mean and std must be numbers, and every std above zero")

    @classmethod
    def measure(cls, pieces: Sequence[Floats]) -> Standard:
        """Measure training data, ``[T, M]`` each; a channel that hardly moves is not blown up."""
        rows = np.concatenate(pieces)
        return cls(rows.mean(axis=0), np.maximum(rows.std(axis=0), SMALLEST_STD))

    @classmethod
    def from_files(cls, mean: Path, std: Path, part: BodyPart, trans: tuple[Path, Path] | None = None) -> Standard:
        """Read ``.npy`` files as published: 330 rotation channels each, and 3 for ``trans`` (mean, std).

        Files that hold exactly the part's channels will do too. Expressions are not standardised.

        Raises:
            ConfigError: if a file is missing or of another size.
        """
        rows = []
        for index, (path, neutral) in enumerate(((mean, 0.0), (std, 1.0))):
            values = _read_row(path)
            if len(values) != part.width:
                frame = np.full(EXPRESSIONS.stop, neutral)
                if len(values) != TRANS.start:
                    raise BodyConfigError(
                        f"{path.name} has {len(values)} values where 330 or {part.width} are expected"
                    )
                frame[: TRANS.start] = values
                if part.has_trans:
                    if trans is None:
                        raise BodyConfigError(f"{part.name} needs mean and std of the translation as well")
                    frame[TRANS] = _read_row(trans[index])
                values = frame[part.channels]
            rows.append(values)
        return cls(*rows)

    def apply(self, channels: Floats) -> Floats:
        """Standardise ``[T, M]``."""
        return (channels - self.mean) / self.std

    def undo(self, standardised: Floats) -> Floats:
        """Turn standardised ``[T, M]`` back."""
        return standardised * self.std + self.mean


def _unit(vectors: Floats, otherwise: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    vectors = np.where(length > 1e-8, vectors, otherwise)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _read_row(path: Path) -> Floats:
    try:
        return np.asarray(np.load(path, allow_pickle=False), np.float64).reshape(-1)
    except Exception as exc:  # readers fail in many ways on damaged files
        raise BodyConfigError(
            f"{path} cannot be read as a row of numbers", "Choose a .npy file of mean or std."
        ) from exc
