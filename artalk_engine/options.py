"""What one take of a sound may differ in from another."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy.typing as npt
import torch

from .audio.continuity import Continuity
from .errors import OptionError
from .motion.generator import STYLE_GUIDANCE
from .motion.sampling import VALUES, Sampling

DEFAULT_STYLE = "default"  # no style at all
LONGEST_SEED = 2**63

Style = str | npt.NDArray[Any] | torch.Tensor | None


@dataclass(frozen=True, eq=False, slots=True)
class TakeOptions:
    """How to speak.

    Attributes:
        style: name of a style, a clip of motion ``[50, 106]``, or None for no style.
        style_strength: how much of the style to show; 1 is as much as the clip does, 1.1 is upstream's.
        seed: chooses among takes: when the built-in voice blinks, and above temperature 0 every bit.
        temperature: how far a take may stray from the model's best guess; 0 is that guess, as upstream's.
        top_k: of a bit's two values, how many may be drawn.
        top_p: draw only bits whose likelier value has a probability below this.
        continuity: what of the sound around a window counts for it; ``auto`` is what suits the model.
        fix_pose: keep the head from turning.
        clip_length: frames to make at most; None is all.
    """

    style: Style = None
    style_strength: float = STYLE_GUIDANCE
    seed: int = 0
    temperature: float = 0.0
    top_k: int = VALUES
    top_p: float = 1.0
    continuity: Continuity = "auto"
    fix_pose: bool = False
    clip_length: int | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.style_strength):
            raise OptionError(f"the strength of the style must be a number, not {self.style_strength}")
        if not hasattr(self.seed, "__index__"):
            raise OptionError(f"the seed must be a whole number, not {self.seed!r}")
        if not 0 <= self.seed < LONGEST_SEED:
            raise OptionError(f"the seed must be from 0 to {LONGEST_SEED - 1}, not {self.seed}")
        frames = self.clip_length
        if frames is not None and not (hasattr(frames, "__index__") and frames >= 0):
            raise OptionError(f"clip_length counts frames, so it cannot be {frames!r}", "Leave it out for all.")
        Sampling(self.temperature, self.top_k, self.top_p)

    @property
    def sampling(self) -> Sampling:
        """How bits are chosen."""
        return Sampling(self.temperature, self.top_k, self.top_p)

    def but(self, changes: TakeChanges) -> TakeOptions:
        """Change some of the options."""
        return dataclasses.replace(self, **changes)


class Manner(TypedDict, total=False):
    """Some of the fields of ``TakeOptions``, by name: those that say how to speak, not how long."""

    style: Style
    style_strength: float
    seed: int
    temperature: float
    top_k: int
    top_p: float
    continuity: Continuity
    fix_pose: bool


class TakeChanges(Manner, total=False):
    """Any of the fields of ``TakeOptions``, by name."""

    clip_length: int | None
