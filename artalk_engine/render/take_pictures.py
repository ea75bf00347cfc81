"""Pictures of a take, frame by frame, in any order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class TakePictures(Protocol):
    """One take as pictures, each of which depends on its frame alone: scrubbing shows what playing shows."""

    @property
    def frames(self) -> int:
        """How many there are."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""

    @property
    def together(self) -> int:
        """How many are worth drawing in one call; more come no sooner."""

    @property
    def at_least(self) -> int:
        """How many take no longer than one."""

    @property
    def notice(self) -> str:
        """What whoever looks at them has to know, ``""`` for nothing; it may change with every picture."""

    def draw(self, frames: Sequence[int]) -> NDArray[np.uint8]:
        """Draw frames, counted from 0, as ``[N, H, W, 3]`` sRGB."""
