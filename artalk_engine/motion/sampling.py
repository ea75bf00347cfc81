"""How a bit is chosen from its two logits: the likelier value, or a draw, so that one speech gives different takes.

The numbers drawn depend on a clip's seed and on the window's number alone. So the same seed gives the same take on any
device, whole or streamed, alone or among other clips.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from artalk_engine.errors import OptionError

VALUES = 2  # that a bit can have


@dataclass(frozen=True, slots=True)
class Sampling:
    """How bits are chosen.

    Attributes:
        temperature: 0 takes the likelier value, as upstream does; 1 draws as the model believes; above, more freely.
        top_k: of a bit's two values, how many may be drawn; 1 is the likelier only.
        top_p: the less likely value may be drawn only where the likelier one has a probability below this.
    """

    temperature: float = 0.0
    top_k: int = VALUES
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise OptionError(f"the temperature must be a number from 0 upwards, not {self.temperature}")
        if self.top_k not in (1, VALUES):
            raise OptionError(f"top_k must be 1 or 2, for a bit has two values, not {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise OptionError(f"top_p must be above 0 and at most 1, not {self.top_p}")

    @property
    def is_random(self) -> bool:
        """Whether anything is drawn at all."""
        return self.temperature > 0 and self.top_k > 1

    def draw(self, seeds: Sequence[int], windows: Sequence[int], tokens: int, bits: int) -> Tensor | None:
        """Draw the numbers that decide on the bits of one window of each clip.

        Args:
            seeds: one a clip, from 0 upwards.
            windows: number of each clip's window.
            tokens: of a window.
            bits: of a token.

        Returns:
            ``[B, L, C]`` evenly spread from 0 to 1; None if nothing is drawn.
        """
        if not self.is_random:
            return None
        rows = [
            np.random.default_rng((seed, window)).random((tokens, bits), np.float32)
            for seed, window in zip(seeds, windows, strict=True)
        ]
        return torch.from_numpy(np.stack(rows))

    def choose(self, logits: Tensor, drawn: Tensor | None) -> Tensor:
        """Choose bits.

        Args:
            logits: of 0 and of 1, ``[B, L, C, 2]``.
            drawn: from ``draw``, the same tokens, ``[B, L, C]``.

        Returns:
            ``[B, L, C]``, 0 or 1.
        """
        likelier = logits.argmax(dim=-1)
        if drawn is None:
            return likelier
        one = torch.sigmoid((logits[..., 1] - logits[..., 0]).float() / self.temperature)
        is_open = torch.maximum(one, 1 - one) < self.top_p if self.top_p < 1 else torch.ones_like(likelier).bool()
        return torch.where(is_open, (drawn < one).long(), likelier)


LIKELIEST = Sampling()
