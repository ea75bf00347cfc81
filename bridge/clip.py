"""A body in motion: SMPL-X rotations over time, with or without a face."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from . import body, rotations

Floats = NDArray[np.float64]
UpAxis = Literal["Y", "Z"]
Kind = Literal["BEAT2", "AMASS SMPL-H", "AMASS SMPL-X", "Blender"]

MIN_FRAMES = 2
# Where the model's pelvis rests, metres, roughly: bodies differ, and the model itself is not here.
USUAL_PELVIS = (0.0, -0.35, 0.01)
_UPRIGHT = np.array([np.sqrt(0.5), -np.sqrt(0.5), 0.0, 0.0])  # Z up to Y up: a quarter turn about X


@dataclass(frozen=True, eq=False)
class Clip:
    """A body in motion.

    Attributes:
        poses: ``[T, 55, 3]`` rotations relative to the parent, axis-angle, radians; joints as in ``bridge.body``.
        trans: ``[T, 3]`` metres, added to where the pelvis rests.
        fps: frames a second.
        expressions: ``[T, 100]`` of the SMPL-X of 2020, or ``None``.
        betas: ``[N]`` shape, of SMPL-X; empty where it is not known.
        gender: of the model, such as ``"neutral"``.
        up_axis: which axis of the world points up.
        kind: what sort of source it comes from.
        notes: what had to be assumed about the source, one sentence each.
    """

    poses: Floats
    trans: Floats
    fps: float
    expressions: Floats | None = None
    betas: Floats = dataclasses.field(default_factory=lambda: np.zeros(0))
    gender: str = "neutral"
    up_axis: UpAxis = "Y"
    kind: Kind = "BEAT2"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        frames = len(self.poses)
        shapes = {"poses": (frames, len(body.JOINTS), 3), "trans": (frames, 3)}
        if self.expressions is not None:
            shapes["expressions"] = (frames, body.EXPRESSIONS)
        for name, shape in shapes.items():
            array = getattr(self, name)
            if array.shape != shape:
                raise ValueError(f"{name} is {list(array.shape)}, expected {list(shape)}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds values that are not numbers")
        if self.betas.ndim != 1 or not np.isfinite(self.betas).all():
            raise ValueError(f"betas is {list(self.betas.shape)}, expected one row of numbers")
        if frames < MIN_FRAMES:
            raise ValueError(f"it has {frames} {'frame' if frames == 1 else 'frames'}, a clip has at least two")
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f"its rate is {self.fps} frames a second")

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return (len(self.poses) - 1) / self.fps


def resampled(clip: Clip, fps: float) -> Clip:
    """Return a clip at another rate; rotations turn evenly between frames, the rest goes straight.

    The last frame is that of the source, held for less than a frame where the lengths do not meet.

    Args:
        clip: the source; comes back as it is where the rate is the same.
        fps: frames a second.
    """
    if np.isclose(fps, clip.fps, rtol=1e-9):
        return clip
    count = int(np.ceil(clip.seconds * fps - 1e-6)) + 1
    return dataclasses.replace(at_times(clip, np.arange(count) / fps), fps=fps)


def at_times(clip: Clip, seconds: Floats) -> Clip:
    """Return the frames of a clip at some times.

    Args:
        clip: the source.
        seconds: ``[N]`` since its first frame; before and after the clip its ends are held.
    """
    place = np.clip(seconds * clip.fps, 0.0, len(clip.poses) - 1)
    before = np.minimum(place.astype(np.int64), len(clip.poses) - 2)
    share = place - before
    turned = rotations.from_axis_angle(clip.poses)
    shares = np.broadcast_to(share[:, None], (len(share), len(body.JOINTS)))
    poses = rotations.to_axis_angle(rotations.slerp(turned[before], turned[before + 1], shares))
    whole = share == 0.0
    poses[whole] = clip.poses[before[whole]]  # as they are, also beyond half a turn
    return dataclasses.replace(
        clip,
        poses=poses,
        trans=mixed(clip.trans, before, share),
        expressions=None if clip.expressions is None else mixed(clip.expressions, before, share),
    )


def mixed(values: Floats, before: NDArray[np.int64], share: Floats) -> Floats:
    """Return ``[N, M]`` values that lie some shares of the way from rows ``before`` to the next rows."""
    return values[before] + (values[before + 1] - values[before]) * share[:, None]


def upright(clip: Clip, pelvis: tuple[float, float, float] = USUAL_PELVIS) -> Clip:
    """Return a clip with Y up.

    The world is turned about its origin, and with it the place of the pelvis, which is where it rests plus
    ``trans``. Where it rests depends on the body.

    Args:
        clip: comes back as it is where Y is up already.
        pelvis: where the pelvis of the clip's body rests, metres, Y up.
    """
    if clip.up_axis == "Y":
        return clip
    rest = np.array(pelvis)
    poses = clip.poses.copy()
    root = rotations.from_axis_angle(poses[:, body.PELVIS])
    turn = np.broadcast_to(_UPRIGHT, root.shape)
    poses[:, body.PELVIS] = rotations.to_axis_angle(rotations.multiply(turn, root))
    trans = rotations.rotate(turn, clip.trans + rest) - rest
    return dataclasses.replace(clip, poses=poses, trans=trans, up_axis="Y")
