"""How an avatar is to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from artalk_engine.errors import OptionError

Quality = Literal["full", "draft"]
Turn = Literal["camera", "head"]
Noise = Literal["fixed", "fresh"]

SIDES: dict[Quality, int] = {"full": 512, "draft": 256}
MOST_PIXELS = 4096


@dataclass(frozen=True, slots=True)
class AvatarLook:
    """How an avatar is to be drawn.

    Attributes:
        quality: ``"full"`` is the photograph, ``"draft"`` the splatted colours without the networks behind them.
        size: pixels in each direction; 0 is what the quality is made for.
        turn: ``"camera"`` goes around the whole portrait, as the avatar was trained; ``"head"`` leaves the camera and
            the shoulders where they are.
        noise: ``"fixed"`` is the learnt network's own; ``"fresh"`` differs from frame to frame, as upstream's flicker.
        is_marked: put a mark into the corner that says that the picture is synthetic.
    """

    quality: Quality = "full"
    size: int = 0
    turn: Turn = "camera"
    noise: Noise = "fixed"
    is_marked: bool = False

    def __post_init__(self) -> None:
        _check("quality", self.quality, Quality)
        _check("turn", self.turn, Turn)
        _check("noise", self.noise, Noise)
        if not 0 <= self.size <= MOST_PIXELS:
            raise OptionError(f"an avatar's picture has up to {MOST_PIXELS} pixels a side, not {self.size}")

    @property
    def side(self) -> int:
        """Pixels in each direction."""
        return self.size or SIDES[self.quality]


def _check(name: str, value: str, choices: Any) -> None:
    if value not in get_args(choices):
        raise OptionError(f"{name} must be {' or '.join(get_args(choices))}, not {value!r}")
