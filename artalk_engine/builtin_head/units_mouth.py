"""Fields that move the lips and the tongue."""

from __future__ import annotations

import numpy as np

from .corrective import JAW_CORRECTIVE
from .design import JAW, JAW_WIDE_OPEN, JOINTS_MM, MOUTH_COLUMNS, MOUTH_Y, Floats
from .fields import Canvas, Field
from .mouth import (
    BORDER_RING,
    INNER_RING,
    LIP_GAP,
    LIP_RINGS,
    LOWER_LIP_HEIGHT,
    SEAM_RING,
    UPPER_LIP_HEIGHT,
    front_of_mouth,
    mouth_middle,
    seam_height,
)
from .rings import angles
from .surface import smoothstep
from .teeth_tongue import TONGUE_COLUMNS, TONGUE_RINGS

CLOSE_ANGLE = 0.06  # radians of jaw that one unit of lip_close makes up for
CLOSE_UPPER_SHARE = 0.3  # the upper lip's part of that way
PRESS_SHARE, PRESS_DEPTH = 0.36, 1.2  # share of the lips' height, and millimetres, that pressing takes away
ROLL_TUCK = 0.35  # share of a lip's height that disappears for each radian it rolls in


def around_mouth(canvas: Canvas) -> Floats:
    """Return 1 on the lips, falling to 0 over the skin around them, ``[V]``."""
    x, y = canvas.vertices[:, 0] / 27.0, (canvas.vertices[:, 1] - MOUTH_Y) / 15.0
    ahead = smoothstep((canvas.vertices[:, 2] - 30.0) / 30.0)
    return canvas.soft * ahead * (1.0 - smoothstep((np.hypot(x, y) - 0.65) / 1.1))


def round_lips(inner: float, outer: float, forward: float) -> Field:
    """Return a field that purses the lips into a ring of even thickness, still closed while the jaw is.

    Args:
        inner: half width of the line between the lips, in millimetres.
        outer: half width of the lips' border.
        forward: how far the lips push out.
    """

    def field(canvas: Canvas) -> Floats:
        phi, total = angles(MOUTH_COLUMNS), np.zeros_like(canvas.vertices)
        sides = np.sign(np.round(np.sin(phi), 9)) * np.abs(np.sin(phi)) ** 0.75
        height = np.where(sides > 0.0, UPPER_LIP_HEIGHT, LOWER_LIP_HEIGHT)
        for ring, (_, share, depth, _) in enumerate(LIP_RINGS, start=BORDER_RING):
            index = canvas.layout.mouth[ring]
            x = (inner + (outer - inner) * share) * np.cos(phi)
            y = seam_height(0.4 * np.cos(phi)) + height * share * sides + 0.5 * LIP_GAP * np.sign(sides)
            z = front_of_mouth() + forward + depth - 0.018 * x**2
            total[index] = np.stack([x, y, z], axis=-1) - canvas.vertices[index]
        spread_from_lips(canvas, total)
        return total

    return field


AROUND_LIPS = (0.10, 0.38, 0.75)  # share of the border's motion taken by each ring of skin, outside to inside
BEHIND_LIPS = (0.95, 0.6, 0.2, 0.0, 0.0)  # share of the last touching ring's motion taken by the cavity's rings


def spread_from_lips(canvas: Canvas, total: Floats) -> None:
    """Let the skin around the lips and the cavity behind them follow ``total`` ``[V, 3]``, in place."""
    mouth = canvas.layout.mouth
    for ring, share in enumerate(AROUND_LIPS):
        total[mouth[ring]] = share * total[mouth[BORDER_RING]]
    for ring, share in enumerate(BEHIND_LIPS, start=INNER_RING):
        total[mouth[ring]] = share * total[mouth[INNER_RING - 1]]


def press_lips(canvas: Canvas) -> Floats:
    """Flatten both lips against each other without moving the line between them."""
    x, y, _ = canvas.vertices.T
    rise = y - seam_height(np.clip(x / 24.0, -1.0, 1.0))
    weight = around_mouth(canvas) * np.exp(-((x / 26.0) ** 4))
    weight[canvas.layout.mouth[INNER_RING + 1 :]] = 0.0
    squeeze = -PRESS_SHARE * np.clip(rise, -10.0, 10.0)
    return np.stack([0.0 * x, weight * squeeze, -PRESS_DEPTH * weight], axis=-1)


def roll_lip(is_upper: bool, degrees: float) -> Field:
    """Return a field that turns one lip about its border, inwards for positive ``degrees``, and tucks it in."""

    def field(canvas: Canvas) -> Floats:
        phi = angles(MOUTH_COLUMNS)
        chosen = np.sin(phi) > 0.0 if is_upper else np.sin(phi) < 0.0
        turn = np.radians(degrees if is_upper else -degrees) * np.where(chosen, mouth_middle(phi), 0.0)
        total = np.zeros_like(canvas.vertices)
        pivot = canvas.vertices[canvas.layout.mouth[BORDER_RING]]
        for ring in range(BORDER_RING + 1, INNER_RING + 2):
            share = 0.5 if ring > INNER_RING else 1.0
            arm = canvas.vertices[canvas.layout.mouth[ring]] - pivot
            tucked = arm * (1.0 - ROLL_TUCK * share * np.abs(turn))[:, None]
            total[canvas.layout.mouth[ring]] = turned_about_x(tucked, turn * share) - arm
        return total

    return field


def turned_about_x(arms: Floats, angle: Floats | float) -> Floats:
    """Return ``[..., 3]`` vectors turned about +X by ``angle`` radians, which takes +Z towards -Y."""
    x, y, z = np.moveaxis(arms, -1, 0)
    return np.stack([x, y * np.cos(angle) - z * np.sin(angle), y * np.sin(angle) + z * np.cos(angle)], axis=-1)


def close_lips(canvas: Canvas) -> Floats:
    """Bring the lips together again after the jaw has opened by `CLOSE_ANGLE`."""
    mouth = canvas.layout.mouth
    arm = canvas.vertices - JOINTS_MM[JAW]
    corrective = JAW_CORRECTIVE(canvas) * np.sin(CLOSE_ANGLE) / np.sin(JAW_WIDE_OPEN)
    drop = canvas.lower[:, None] * (turned_about_x(arm, CLOSE_ANGLE) - arm) + corrective
    opposite = -np.arange(MOUTH_COLUMNS) % MOUTH_COLUMNS
    seam = mouth[SEAM_RING]
    gap = drop[seam[opposite]] - drop[seam]
    is_upper = np.sin(angles(MOUTH_COLUMNS)) > 0.0
    pull = np.where(is_upper, CLOSE_UPPER_SHARE, 1.0 - CLOSE_UPPER_SHARE)[:, None] * gap
    share = np.array([0.1, 0.35, 0.65, 0.85, 0.9, 0.95, 1.0, 1.0, 1.0, 1.0, 1.0, 0.7, 0.25, 0.0, 0.0])
    total = np.zeros_like(canvas.vertices)
    total[mouth] = share[:, None, None] * pull
    return total


def move_tongue(lift: float, forward: float, sharpness: float, middle: float = 1.0, flattening: float = 0.0) -> Field:
    """Return a field that moves the tongue.

    Args:
        lift: millimetres upwards.
        forward: millimetres out of the mouth.
        sharpness: how narrowly the motion gathers around ``middle``, as a share of the tongue's length.
        middle: where it is strongest, from 0 at the root to 1 at the tip.
        flattening: share of the thickness that is lost.
    """

    def field(canvas: Canvas) -> Floats:
        total = np.zeros_like(canvas.vertices)
        along = np.append(np.repeat(np.linspace(0.0, 1.0, TONGUE_RINGS), TONGUE_COLUMNS), [0.0, 1.0])
        weight = np.exp(-(((along - middle) / sharpness) ** 2)) * smoothstep(along / 0.3)
        height = canvas.vertices[canvas.layout.tongue, 1]
        spine = height[:-2].reshape(TONGUE_RINGS, TONGUE_COLUMNS).mean(axis=1)
        above = height - np.append(np.repeat(spine, TONGUE_COLUMNS), height[-2:])
        push = np.stack([0.0 * above, lift - flattening * above, forward + 0.0 * above], axis=-1)
        total[canvas.layout.tongue] = weight[:, None] * push
        return total

    return field
