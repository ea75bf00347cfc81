"""Where the head is seen from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
CameraName = Literal["front", "three-quarter"]

THREE_QUARTER_DEGREES = 35.0


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that looks at the head's origin.

    In the camera's own axes +x points left, +y up and +z away from it; a point lands at ``focal * x / z``, where 1 is
    the left edge of a square picture, and of other pictures half the shorter side.

    Attributes:
        turn_degrees: how far it has gone around the head, towards the head's left side.
        distance: from the origin, for a head of scale 1.
        focal: 12 is a lens that sees 9.5 degrees.
    """

    turn_degrees: float = 0.0
    distance: float = 2.0
    focal: float = 12.0

    def transform(self, scale: float) -> Floats:
        """Return ``[3, 4]``: a rotation for points as rows, and a translation in the last column."""
        turn = math.radians(self.turn_degrees)
        cosine, sine = math.cos(turn), math.sin(turn)
        rotation = [[-cosine, 0.0, -sine], [0.0, 1.0, 0.0], [sine, 0.0, -cosine]]
        offset = [[0.0], [0.0], [self.distance * scale]]
        return np.concatenate([rotation, offset], axis=1).astype(np.float32)


CAMERAS: dict[CameraName, Camera] = {"front": Camera(), "three-quarter": Camera(THREE_QUARTER_DEGREES)}


def eye_of(transform: Floats) -> Floats:
    """Return where in the world the camera of a transform ``[3, 4]`` stands, ``[3]``."""
    return np.ascontiguousarray(-transform[:, :3] @ transform[:, 3])
