"""How well a codec keeps a movement, in units that an animator knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge import rotations
from bridge.clip import Clip

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class JointError:
    """How far joints are from where they were, degrees.

    Attributes:
        mean: over joints and frames.
        worst: of any joint in any frame.
        joints: mean of each joint ``[J]``.
        velocity: mean difference in how fast a joint turns, degrees a second.
        jerk: of the remade movement over that of the original; above 1 is rougher.
    """

    mean: float
    worst: float
    joints: Floats
    velocity: float
    jerk: float


def joint_error(made: Clip, original: Clip, joints: Iterable[int]) -> JointError:
    """Compare the rotations of some joints, frame by frame.

    Args:
        made: ``[T]`` frames.
        original: as many.
        joints: their indices.
    """
    chosen = list(joints)
    here, there = quaternions(made, chosen), quaternions(original, chosen)
    degrees = np.degrees(rotations.angle_between(here, there))
    turning = [np.degrees(turn_vectors(clip)) * made.fps for clip in (here, there)]
    return JointError(
        mean=float(degrees.mean()),
        worst=float(degrees.max()),
        joints=degrees.mean(axis=0),
        velocity=float(np.linalg.norm(turning[0] - turning[1], axis=-1).mean()),
        jerk=float(_jerk(turning[0]) / max(_jerk(turning[1]), 1e-9)),
    )


def quaternions(clip: Clip, joints: list[int]) -> Floats:
    """Rotations of some joints ``[T, J, 4]``."""
    return rotations.from_axis_angle(clip.poses[:, joints])


def turn_vectors(turned: Floats) -> Floats:
    """How each joint turns from frame to frame, ``[T, J, 4]`` to ``[T - 1, J, 3]`` axis-angle in radians."""
    return rotations.to_axis_angle(rotations.multiply(rotations.inverse(turned[:-1]), turned[1:]))


def codebook_use(codes: NDArray[np.int64], nb_code: int) -> list[Mapping[str, float]]:
    """Say for each layer of codes ``[n, L]`` how many different ones occur and their perplexity."""
    found: list[Mapping[str, float]] = []
    for layer in codes.T:
        share = np.bincount(layer, minlength=nb_code) / len(layer)
        entropy = -float(np.sum(share * np.log(share + 1e-7)))
        found.append({"used": int((share > 0).sum()), "perplexity": float(np.exp(entropy))})
    return found


def _jerk(turning: Floats) -> float:
    """Size of the second difference of how joints turn; 0 for a clip too short to have one."""
    return float(np.sqrt(np.square(np.diff(turning, 2, axis=0)).mean())) if len(turning) > 2 else 0.0
