"""The pictures of a take on the head itself, which needs no weights; see `take_pictures`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from artalk_engine.errors import OptionError
from bridge.motion import CHANNELS

from .heads import Head
from .mesh import Bytes, Look, RenderMesh

Motion = npt.NDArray[np.float32]

TOGETHER = 16
SMOOTH_EDGES = 2  # samples a pixel in each direction


class MeshPainter:
    """Draws a head at one size; takes come and go.

    Args:
        head: whom to draw.
        betas: its identity, ``[1, 300]``.
        size: pixels of the square pictures.
        is_smooth: smooth the edges, which takes four times as long.
        threads: of the processor; one leaves the others to whoever makes motion meanwhile.
    """

    def __init__(
        self, head: Head, betas: torch.Tensor | None, size: int, is_smooth: bool = False, threads: int = 1
    ) -> None:
        self.head, self.betas, self.size = head, betas, (size, size)
        look = Look(antialias=SMOOTH_EDGES if is_smooth else 1)
        if head.colours is not None:
            look = dataclasses.replace(look, colours=head.colours)
        self._renderer = RenderMesh(size, head.flame.get_faces(), head.flame.scale, look, threads)

    def take(self, motion: Motion) -> MeshPictures:
        """Return the pictures of a motion ``[T, 106]``; nothing is drawn yet.

        Raises:
            OptionError: if it is no motion.
        """
        return MeshPictures(self, checked_motion(motion))

    def draw(self, motion: Motion) -> Bytes:
        """Draw every row of a motion, ``[N, H, W, 3]``."""
        return self._renderer.pictures(self.head.vertices(motion, self.betas))


@dataclasses.dataclass(frozen=True, eq=False)
class MeshPictures:
    """A take on the head itself."""

    painter: MeshPainter
    motion: Motion

    @property
    def frames(self) -> int:
        """How many pictures there are."""
        return len(self.motion)

    @property
    def size(self) -> tuple[int, int]:
        """Their height and width."""
        return self.painter.size

    @property
    def together(self) -> int:
        """How many are worth drawing in one call."""
        return TOGETHER

    @property
    def at_least(self) -> int:
        """How many take no longer than one."""
        return 1

    @property
    def notice(self) -> str:
        """There is nothing to know."""
        return ""

    def draw(self, frames: Sequence[int]) -> Bytes:
        """Draw some of them, ``[N, H, W, 3]``; each depends on its number alone."""
        return self.painter.draw(self.motion[list(frames)])


def checked_motion(motion: Motion) -> Motion:
    """Return a motion that can be drawn.

    Raises:
        OptionError: if it has another shape, or values that are no numbers.
    """
    if motion.ndim != 2 or motion.shape[1] != CHANNELS or motion.dtype.kind not in "fiu":
        raise OptionError(f"a motion has shape [T, {CHANNELS}], not {list(motion.shape)}", "Make the motion again.")
    if not np.isfinite(motion).all():
        raise OptionError("the motion holds values that are no numbers", "Mend the take's curves, or make it again.")
    return np.ascontiguousarray(motion, np.float32)
