"""What becomes of drawn pixels: fewer, or bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

Floats = NDArray[np.float32]

BLACK, WHITE = np.float32(0), np.float32(255)


@compiled
def averaged(picture: Floats, samples: int) -> Floats:
    """Join squares of ``samples * samples`` pixels of ``[R, W, C]`` into one each."""
    made = np.zeros((picture.shape[0] // samples, picture.shape[1] // samples, picture.shape[2]), np.float32)
    share = np.float32(1.0 / (samples * samples))
    rows, columns, channels = made.shape
    for row in range(rows * samples):
        for column in range(columns * samples):
            for c in range(channels):
                made[row // samples, column // samples, c] += share * picture[row, column, c]
    return made


@compiled
def as_bytes(picture: Floats) -> NDArray[np.uint8]:
    """Return a picture ``[R, W, 3]`` as bytes, fractions cut off as in the reference's films."""
    rows, columns, channels = picture.shape
    made = np.empty((rows, columns, channels), np.uint8)
    for row in range(rows):
        for column in range(columns):
            for c in range(channels):
                made[row, column, c] = np.uint8(min(max(picture[row, column, c] * WHITE, BLACK), WHITE))
    return made
