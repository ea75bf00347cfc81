"""The ways of speaking: how each style changes size, timing, gestures and the face at rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Units = Mapping[str, float]  # two-sided names mean both sides


@dataclass(frozen=True, slots=True)
class Style:
    """A way of speaking.

    Attributes:
        jaw: factor on the jaw's opening.
        lips: factor on what the lips do.
        sharpness: factor on the speed of the articulators; above one is crisper.
        press: factor on how hard the lips press in closures.
        accent: what the face does on a syllable that stands out.
        start: what the face does when a phrase begins.
        head: factor on head movement.
        head_speed: factor on the speed of head movement.
        blink_interval: factor on the time between blinks.
        bow: head pitch while the style lasts, radians, positive looks down.
        lean: head tilt while the style lasts, radians, positive to the character's left shoulder.
        offset: units of the face at rest, present all the time.
    """

    jaw: float = 1.0
    lips: float = 1.0
    sharpness: float = 1.0
    press: float = 1.0
    accent: Units = field(default_factory=lambda: {"brow_inner_raise": 0.45, "brow_outer_raise": 0.4})
    start: Units = field(default_factory=lambda: {"brow_inner_raise": 0.2, "brow_outer_raise": 0.18})
    head: float = 1.0
    head_speed: float = 1.0
    blink_interval: float = 1.0
    bow: float = 0.0
    lean: float = 0.0
    offset: Units = field(default_factory=dict)


STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "neutral": Style(),
        "happy": Style(
            jaw=1.05,
            lips=1.05,
            accent={"brow_inner_raise": 0.45, "brow_outer_raise": 0.6, "smile": 0.22, "cheek_raise": 0.2},
            start={"brow_inner_raise": 0.25, "brow_outer_raise": 0.35, "smile": 0.15},
            head=1.25,
            head_speed=1.1,
            blink_interval=0.95,
            bow=-0.02,
            lean=0.02,
            offset={"smile": 0.45, "cheek_raise": 0.45, "brow_outer_raise": 0.30, "brow_inner_raise": 0.20},
        ),
        "angry": Style(
            jaw=1.2,
            lips=1.15,
            sharpness=1.25,
            press=1.6,
            accent={"brow_lower": 0.45, "squint": 0.25, "nostril_flare": 0.5},
            start={"brow_lower": 0.2, "nostril_flare": 0.4},
            head=1.4,
            head_speed=1.3,
            blink_interval=1.1,
            bow=0.045,
            offset={
                "brow_lower": 0.95,
                "squint": 0.40,
                "lip_press": 0.25,
                "frown": 0.25,
                "nostril_flare": 0.5,
                "chin_raise": 0.2,
            },
        ),
        "sad": Style(
            jaw=0.72,
            lips=0.85,
            sharpness=0.78,
            press=0.7,
            accent={"brow_inner_raise": 0.45, "brow_outer_raise": 0.05, "chin_raise": 0.15},
            start={"brow_inner_raise": 0.2},
            head=0.6,
            head_speed=0.65,
            blink_interval=0.95,
            bow=0.075,
            lean=-0.02,
            offset={
                "brow_inner_raise": 0.95,
                "brow_outer_raise": -0.3,
                "frown": 0.55,
                "wide": -0.6,
                "chin_raise": 0.15,
            },
        ),
        "surprised": Style(
            jaw=1.3,
            lips=1.05,
            sharpness=1.1,
            accent={"brow_inner_raise": 0.5, "brow_outer_raise": 0.6, "wide": 0.25},
            start={"brow_inner_raise": 0.7, "brow_outer_raise": 0.8, "wide": 0.4},
            head=1.15,
            head_speed=1.2,
            blink_interval=1.1,
            bow=-0.045,
            offset={"brow_inner_raise": 0.8, "brow_outer_raise": 0.9, "wide": 0.65},
        ),
        "whisper": Style(
            jaw=0.6,
            lips=0.95,
            sharpness=0.9,
            press=0.8,
            accent={"brow_inner_raise": 0.3, "brow_outer_raise": 0.15, "squint": 0.1},
            start={"brow_inner_raise": 0.15},
            head=0.6,
            head_speed=0.7,
            blink_interval=1.05,
            bow=0.035,
            lean=0.06,
            offset={"wide": -0.9, "squint": 0.25, "brow_inner_raise": 0.25, "smile": 0.1},
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
