"""The ways of speaking: how each style changes size, timing and the face at rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Style:
    """A way of speaking.

    Attributes:
        jaw: factor on the jaw's opening.
        lips: factor on what the lips do.
        sharpness: factor on the speed of the articulators; above one is crisper.
        brows: factor on brow movement.
        head: factor on head movement.
        head_speed: factor on the speed of head movement.
        blink_interval: factor on the time between blinks.
        bow: head pitch while the style lasts, radians, positive looks down.
        offset: units of the face at rest, present all the time; two-sided names mean both sides.
    """

    jaw: float = 1.0
    lips: float = 1.0
    sharpness: float = 1.0
    brows: float = 1.0
    head: float = 1.0
    head_speed: float = 1.0
    blink_interval: float = 1.0
    bow: float = 0.0
    offset: Mapping[str, float] = field(default_factory=dict)


STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "neutral": Style(),
        "happy": Style(
            jaw=1.05,
            lips=1.05,
            brows=1.3,
            head=1.25,
            blink_interval=0.95,
            bow=-0.015,
            offset={"smile": 0.45, "cheek_raise": 0.45, "brow_outer_raise": 0.35, "brow_inner_raise": 0.25},
        ),
        "angry": Style(
            jaw=1.2,
            lips=1.15,
            sharpness=1.25,
            brows=0.4,
            head=1.5,
            head_speed=1.25,
            blink_interval=1.1,
            bow=0.035,
            offset={"brow_lower": 1.0, "squint": 0.45, "lip_press": 0.25, "frown": 0.25, "nostril_flare": 0.6},
        ),
        "sad": Style(
            jaw=0.75,
            lips=0.85,
            sharpness=0.8,
            brows=0.6,
            head=0.6,
            head_speed=0.75,
            blink_interval=0.95,
            bow=0.06,
            offset={"brow_inner_raise": 0.9, "brow_outer_raise": -0.3, "frown": 0.55, "squint": 0.15},
        ),
    }
)


def style_named(name: str) -> Style:
    """The style of that name.

    Raises:
        ValueError: if there is none.
    """
    if name not in STYLES:
        raise ValueError(f"there is no style {name!r}; choose from {', '.join(STYLES)}")
    return STYLES[name]
