# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that editing needs to know of a head, worked out once; needs no Blender."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .contact import blink_directions, lip_closer
from .face_model import FaceModel
from .face_ruler import FaceRuler, Indices
from .regions import Separation, separation_of


@dataclass(frozen=True, eq=False)
class FaceTools:
    """What a head can be edited with.

    Attributes:
        model: the whole head.
        ruler: measures lips and lids.
        separation: tells the regions apart.
        blinks: ``[2, 106]`` what shuts the left and the right eye, ``None`` if nothing does.
        closer: ``[106]`` what moves the lips nearer to each other, ``None`` if nothing does.
    """

    model: FaceModel
    ruler: FaceRuler
    separation: Separation
    blinks: NDArray[np.float32] | None
    closer: NDArray[np.float32] | None

    @classmethod
    def of(cls, model: FaceModel, lips: Indices | None = None, lids: Indices | None = None) -> FaceTools:
        """Work out the tools of a head.

        Args:
            model: the whole head.
            lips: ``[2, N]`` opposite vertices of the lips, where the head's file names them.
            lids: ``[2, 2, N]`` of the lids, likewise.
        """
        ruler = FaceRuler.of(model, lips, lids)
        return cls(model, ruler, separation_of(model), blink_directions(model, ruler), lip_closer(model, ruler))

    def no_region(self, region: str) -> str:
        """Return why a region cannot be edited, ``""`` if it can."""
        return self.separation.reasons.get(region, "")

    def no_blinks(self) -> str:
        """Return why blinks cannot be edited."""
        if not self.ruler.knows_lids:
            return "The lids of this head were not found"
        return "" if self.blinks is not None else "This head's expressions do not shut its eyes"

    def no_closures(self) -> str:
        """Return why lips cannot be closed."""
        if not self.ruler.knows_lips:
            return "The lips of this head were not found"
        return "" if self.closer is not None else "This head's expressions do not close its lips evenly"
