"""Made-up gestures: a body that stands, sways and strokes the air, from a seed and nothing else.

Arms hang at rest and now and then do one of two dozen strokes, with the left, the right or
both hands: out along a smooth curve, a short hold, and back. Trunk, head, fingers and legs
move along. Joints approach their limits softly and never pass them. It looks alive and means
nothing; what it is for is to show and test the codec without anybody's recordings.

References:
    Flash and Hogan, The Coordination of Arm Movements, 1985 (curves of least jerk).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bridge import body
from bridge.clip import Clip

Floats = NDArray[np.float64]
STROKES = 24
MANNERS = 4
PELVIS_HEIGHT = 1.29  # metres, of ``trans`` while standing
SWAY = np.array([0.03, 0.004, 0.015])  # metres
MIRROR = np.array([1.0, -1.0, -1.0])  # axis-angle of the other side of the body

# Degrees about x, y, z: lowest, highest. Of the left side; the right is its mirror image.
LIMITS = {
    "pelvis": ((-15, -30, -10), (15, 30, 10)),
    "hip": ((-70, -25, -20), (20, 25, 30)),
    "knee": ((0, -2, -2), (110, 2, 2)),
    "ankle": ((-25, -15, -15), (30, 15, 15)),
    "foot": ((-10, -2, -2), (25, 2, 2)),
    "spine": ((-10, -15, -10), (20, 15, 10)),
    "neck": ((-25, -35, -20), (30, 35, 20)),
    "head": ((-25, -35, -20), (25, 35, 20)),
    "collar": ((-8, -15, -10), (8, 15, 20)),
    "shoulder": ((-60, -120, -90), (60, 30, 60)),
    "elbow": ((-20, -140, -5), (20, 0, 5)),
    "wrist": ((-60, -25, -60), (60, 25, 60)),
    "finger": ((-8, -12, -85), (8, 12, 12)),
    "thumb": ((-25, -40, -25), (25, 15, 25)),
}
# Degrees that a joint hangs at, and by how much bodies differ in it.
POSTURE = {
    "shoulder": ((0, -8, -66), (6, 6, 6)),
    "elbow": ((0, -28, 0), (4, 12, 0)),
    "wrist": ((0, 0, -4), (8, 4, 6)),
    "finger": ((0, 0, -18), (1, 2, 8)),
    "thumb": ((0, -8, 0), (4, 5, 4)),
    "hip": ((-2, 0, 4), (2, 4, 2)),
    "knee": ((4, 0, 0), (2, 0, 0)),
    "spine": ((2, 0, 0), (2, 1, 1)),
    "head": ((4, 0, 0), (4, 3, 2)),
}
# Degrees that a joint wanders slowly all the time.
IDLE = {"pelvis": 1.5, "spine": 1.0, "neck": 2.0, "head": 2.5, "shoulder": 1.0, "hip": 1.2, "knee": 1.0, "finger": 2.0}
# Lowest and highest of what a stroke adds, degrees.
STROKE = {
    "collar": ((-2, -6, 0), (2, 2, 10)),
    "shoulder": ((-35, -65, 0), (35, -5, 55)),
    "elbow": ((-8, -85, 0), (8, 5, 0)),
    "wrist": ((-35, -10, -30), (35, 10, 30)),
    "finger": ((-2, -5, -35), (2, 5, 22)),
    "thumb": ((-8, -12, -8), (8, 8, 8)),
}
TRUNK = {"spine": ((-2, -4, -2), (4, 4, 2)), "neck": ((-4, -6, -3), (6, 6, 3)), "head": ((-6, -9, -4), (9, 9, 4))}


def make_clip(seed: int, seconds: float = 10.0, fps: float = 30.0) -> Clip:
    """Make a clip; the same seed gives the same.

    Args:
        seed: chooses posture and gestures.
        seconds: length.
        fps: frames a second.
    """
    random = np.random.default_rng((20261121, seed))
    times = np.arange(max(2, round(seconds * fps))) / fps
    degrees = _posture(random) + _idle(random, times)
    for envelope, stroke in _strokes_of_clip(random, times):
        degrees = degrees + envelope[:, None, None] * stroke
    trans = (0.0, PELVIS_HEIGHT, 0.0) + _waves(random, times, 3) * SWAY
    return Clip(np.radians(_within_limits(degrees)), trans, fps, notes=("It is made up, from a seed.",))


def joint_limits() -> tuple[Floats, Floats]:
    """Lowest and highest rotation of each joint about its axes, degrees, ``[55, 3]``."""
    low, high = _table(LIMITS, 0), _table(LIMITS, 1)
    return np.minimum(low, high), np.maximum(low, high)


def _posture(random: np.random.Generator) -> Floats:
    manners = np.tensordot(random.normal(size=MANNERS), _manners(), axes=1)
    return np.asarray(_table(POSTURE, 0) + manners * np.abs(_table(POSTURE, 1)))


def _idle(random: np.random.Generator, times: Floats) -> Floats:
    """Sway in the same few manners in which postures differ: joints of a body do not move on their own."""
    sizes = np.abs(_table({kind: ((size,) * 3,) for kind, size in IDLE.items()}, 0))
    return np.asarray(np.tensordot(_waves(random, times, MANNERS), _manners(), axes=1) * sizes)


def _waves(random: np.random.Generator, times: Floats, count: int) -> Floats:
    """Slow waves ``[T, count]`` between -1 and 1."""
    hertz = random.uniform(0.05, 0.4, (2, count))
    phase = random.uniform(0.0, 2 * np.pi, (2, count))
    return np.asarray(np.sin(2 * np.pi * hertz * times[:, None, None] + phase).mean(axis=1))


@cache
def _manners() -> Floats:
    """Directions in which bodies differ from each other and sway, ``[MANNERS, 55, 3]``."""
    directions = np.random.default_rng(4).normal(size=(MANNERS, len(body.JOINTS), 3))
    return np.asarray(directions / np.linalg.norm(directions, axis=0))


def _strokes_of_clip(random: np.random.Generator, times: Floats) -> list[tuple[Floats, Floats]]:
    """When and how the body moves: envelopes ``[T]`` and degrees ``[55, 3]``."""
    made, start = [], random.uniform(-0.5, 1.0)
    left, right = _sides()
    while start < times[-1]:
        stroke = _stroke_table()[random.integers(STROKES)] * random.uniform(0.6, 1.1)
        hands = (left, right, left | right)[random.integers(3)]
        trunk = stroke * ~(left | right)[:, None]
        rise, hold, fall = random.uniform((0.3, 0.0, 0.4), (0.6, 0.7, 0.9))
        envelope = _ease((times - start) / rise) - _ease((times - start - rise - hold) / fall)
        made.append((envelope, stroke * hands[:, None] + trunk))
        start += rise + hold + random.uniform(0.2, 1.5)
    return made


@cache
def _stroke_table() -> Floats:
    """The strokes, ``[STROKES, 55, 3]`` in degrees, of both sides."""
    random, made = np.random.default_rng(24), []
    for _ in range(STROKES):
        share = {kind: random.uniform(size=3) for kind in (*STROKE, *TRUNK)}  # fingers of a hand move together
        ranges = {
            kind: (np.array(low) + share[kind] * (np.array(high) - np.array(low)),)
            for kind, (low, high) in (STROKE | TRUNK).items()
        }
        made.append(_table(ranges, 0))
    return np.stack(made)


def _within_limits(degrees: Floats) -> Floats:
    low, high = joint_limits()
    centre, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-9)
    return np.asarray(centre + half * np.tanh((degrees - centre) / half))


def _table(kinds: Mapping[str, Sequence[Sequence[float] | Floats]], index: int) -> Floats:
    """Spread what is said of kinds of joints over all joints ``[55, 3]``; the right side is mirrored."""
    table = np.zeros((len(body.JOINTS), 3))
    for joint, name in enumerate(body.JOINTS):
        kind = _kind(name)
        if kind in kinds:
            table[joint] = np.array(kinds[kind][index]) * (MIRROR if name.startswith("right") else 1.0)
    return table


def _kind(name: str) -> str:
    """Tell what kind of joint a name is of; jaw and eyes are of none and stay at rest."""
    bare = name.removeprefix("left_").removeprefix("right_").rstrip("123")
    return bare if bare in LIMITS else "finger" if bare in body.FINGERS else ""


@cache
def _sides() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which joints belong to the left and to the right arm."""
    arm = np.array([_kind(name) in STROKE for name in body.JOINTS])
    is_left = np.array([name.startswith("left") for name in body.JOINTS])
    return arm & is_left, arm & ~is_left


def _ease(share: Floats) -> Floats:
    """Go from 0 to 1 with the least jerk."""
    s = np.clip(share, 0.0, 1.0)
    return np.asarray(s**3 * (10 - 15 * s + 6 * s**2))
