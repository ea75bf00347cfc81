"""The identity traits, in the order of their coefficients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .design import EYE_CENTRE, MIRROR_X, MOUTH_Y, Floats, Triple
from .eyes import ORBIT_RINGS
from .fields import Canvas
from .surface import smoothstep


@dataclass(frozen=True, slots=True)
class Trait:
    """A named difference between heads; ``push`` maps ``[V, 3]`` millimetres to displacements for one unit."""

    name: str
    push: Callable[[Floats], Floats]


def bump(points: Floats, centre: Triple, reach: Triple) -> Floats:
    """Return a Gaussian of ``[V, 3]`` points around ``centre`` and its mirror image, ``[V]``."""
    offset = (np.abs(points) * [1.0, 0.0, 0.0] + points * [0.0, 1.0, 1.0] - centre) / reach
    return np.asarray(np.exp(-0.5 * np.sum(offset**2, axis=-1)))


def local_push(centre: Triple, reach: Triple, move: Triple) -> Callable[[Floats], Floats]:
    """Return a soft push on both sides; its x component points outwards."""

    def push(points: Floats) -> Floats:
        outwards = np.clip(points[:, :1] / 8.0, -1.0, 1.0) * [1.0, 0.0, 0.0] + [0.0, 1.0, 1.0]
        return bump(points, centre, reach)[:, None] * outwards * move

    return push


def local_scale(centre: Triple, reach: Triple, amount: Triple) -> Callable[[Floats], Floats]:
    """Return a soft scaling about ``centre`` (its x is taken as zero), ``amount`` being the share gained by axis."""

    def push(points: Floats) -> Floats:
        return bump(points, centre, reach)[:, None] * (points - centre * np.array([0.0, 1.0, 1.0])) * amount

    return push


def whole_scale(amount: Triple) -> Callable[[Floats], Floats]:
    """Return a scaling of everything about the origin."""
    return lambda points: points * amount


def lower_face(points: Floats) -> Floats:
    """Return 0 above the nose, 1 below the mouth, 0 again down the neck, ``[V]``."""
    return smoothstep((-5.0 - points[:, 1]) / 45.0) * smoothstep((points[:, 1] + 125.0) / 40.0)


def upper_head(points: Floats) -> Floats:
    """Return 0 below the eyes, 1 on the crown, ``[V]``."""
    return smoothstep((points[:, 1] - 20.0) / 75.0)


def neck_part(points: Floats) -> Floats:
    """Return 0 above the chin, 1 on the neck, ``[V]``."""
    return smoothstep((-62.0 - points[:, 1]) / 40.0) * smoothstep((45.0 - points[:, 2]) / 30.0)


def along(weight: Callable[[Floats], Floats], move: Triple) -> Callable[[Floats], Floats]:
    """Return a push of all points by a weight times a vector."""
    return lambda points: weight(points)[:, None] * np.array(move)


def widened(weight: Callable[[Floats], Floats], amount: Triple) -> Callable[[Floats], Floats]:
    """Return a scaling about the origin by a weight times a share for each axis."""
    return lambda points: weight(points)[:, None] * points * np.array(amount)


EYE_SIZE_TRAIT = "eye_size"
EYE_SIZE_GAIN = 0.05  # share of the eyeball's radius for one unit

TRAITS = (
    Trait("head_width", whole_scale((0.035, 0.0, 0.0))),
    Trait("head_height", widened(upper_head, (0.0, 0.05, 0.0))),
    Trait("head_depth", whole_scale((0.0, 0.0, 0.03))),
    Trait("face_length", along(lower_face, (0.0, -3.5, 0.0))),
    Trait("jaw_width", widened(lower_face, (0.075, 0.0, 0.0))),
    Trait("chin_length", local_push((0.0, -74.0, 64.0), (24.0, 13.0, 26.0), (0.0, -4.0, 0.0))),
    Trait("chin_forward", local_push((0.0, -70.0, 70.0), (22.0, 13.0, 24.0), (0.0, 0.0, 3.5))),
    Trait("cheek_fullness", local_push((40.0, -28.0, 50.0), (18.0, 17.0, 24.0), (3.5, 0.0, 2.5))),
    Trait("cheekbones", local_push((46.0, -6.0, 46.0), (14.0, 10.0, 20.0), (2.5, 1.5, 1.5))),
    Trait("nose_length", local_push((0.0, -14.0, 96.0), (12.0, 13.0, 18.0), (0.0, 0.0, 4.0))),
    Trait("nose_width", local_push((9.0, -15.0, 86.0), (9.0, 10.0, 14.0), (2.2, 0.0, 0.0))),
    Trait("nose_lift", local_push((0.0, -15.0, 94.0), (12.0, 11.0, 16.0), (0.0, 2.5, 0.5))),
    Trait("brow_ridge", local_push((24.0, 42.0, 64.0), (20.0, 9.0, 16.0), (0.0, 0.0, 2.5))),
    Trait("brow_height", local_push((28.0, 46.0, 58.0), (22.0, 9.0, 22.0), (0.0, 2.5, 0.0))),
    Trait(EYE_SIZE_TRAIT, whole_scale((0.0, 0.0, 0.0))),
    Trait("eye_spacing", local_push((33.0, 15.0, 56.0), (20.0, 24.0, 34.0), (2.0, 0.0, 0.0))),
    Trait("lip_thickness", local_scale((0.0, MOUTH_Y, 88.0), (20.0, 8.0, 12.0), (0.0, 0.16, 0.0))),
    Trait("mouth_width", local_scale((0.0, MOUTH_Y, 80.0), (22.0, 13.0, 18.0), (0.11, 0.0, 0.0))),
    Trait("neck_width", widened(neck_part, (0.08, 0.0, 0.05))),
    Trait("neck_length", along(neck_part, (0.0, -5.0, 0.0))),
    Trait("ear_size", local_push((84.0, -6.0, -22.0), (9.0, 22.0, 18.0), (3.5, 0.5, -2.0))),
    Trait("forehead_slope", local_push((0.0, 72.0, 58.0), (45.0, 26.0, 34.0), (0.0, 0.0, 4.0))),
)


def identity_field(canvas: Canvas, trait: Trait) -> Floats:
    """Return a trait's displacement, ``[V, 3]``: eyeballs and lids move together and keep their shape."""
    field = trait.push(canvas.vertices)
    gain = EYE_SIZE_GAIN if trait.name == EYE_SIZE_TRAIT else 0.0
    for rings, ball, side in zip(canvas.layout.eyelids, canvas.layout.eyeballs, (1.0, MIRROR_X), strict=True):
        centre = EYE_CENTRE * side
        shift = trait.push(centre[None])[0]
        stiff = np.ones(rings.shape)
        stiff[: len(ORBIT_RINGS)] = np.array([0.2, 0.5, 0.85])[:, None]
        rigid = shift + gain * (canvas.vertices - centre)
        field[rings] += stiff[..., None] * (rigid[rings] - field[rings])
        field[ball] = rigid[ball]
    for cap, rings in zip(canvas.layout.socket_caps, canvas.layout.eyelids, strict=True):
        field[cap] = field[rings[-1]].mean(axis=0)
    return field
