"""A small mark in the corner of exported pictures, which says to everyone that nobody has spoken here.

Drawn here from strokes, so that no picture and no font has to come along: a speech bubble with three dots, and ``AI``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

HEIGHT = 0.055  # of the picture
MARGIN = 0.02
OPACITY = 0.8
SAMPLES = 4  # a pixel in each direction

Floats = NDArray[np.float32]
Segment = tuple[float, float, float, float]

# In units of the mark's height, from its upper left corner.
WIDTH, STROKE = 2.3, 0.055
BUBBLE = (0.62, 0.42, 0.56, 0.36)  # centre and radii
DOTS = ((0.4, 0.42), (0.62, 0.42), (0.84, 0.42))
STROKES: tuple[Segment, ...] = (
    (0.36, 0.72, 0.3, 0.98),  # the bubble's tail
    (0.3, 0.98, 0.62, 0.78),
    (1.4, 0.82, 1.66, 0.06),  # A
    (1.66, 0.06, 1.92, 0.82),
    (1.5, 0.56, 1.82, 0.56),
    (2.16, 0.06, 2.16, 0.82),  # I
)


def watermarked(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pictures ``[N, H, W, 3]`` with the mark in their lower right corners."""
    height, width = pictures.shape[1:3]
    white, shade = _mark(max(8, round(HEIGHT * min(height, width))))
    rows, columns = white.shape
    margin = round(MARGIN * min(height, width))
    if rows + margin > height or columns + margin > width:
        return pictures.copy()  # smaller than any film
    made = pictures.copy()
    corner = made[:, height - margin - rows : height - margin, width - margin - columns : width - margin]
    dark = corner * (1 - shade[..., None])  # so that it is seen before white, too
    corner[...] = np.rint(dark + (255 - dark) * white[..., None]).astype(np.uint8)
    return made


@cache
def _mark(rows: int) -> tuple[Floats, Floats]:
    """Draw the mark, and the shade around it: how much they cover of each pixel, ``[rows, columns]``."""
    columns = round(WIDTH * rows)
    steps = (np.arange(rows * SAMPLES) + 0.5) / (rows * SAMPLES)
    x, y = np.meshgrid((np.arange(columns * SAMPLES) + 0.5) / (rows * SAMPLES), steps)
    distance = _distance(x, y)
    white = (distance < STROKE).astype(np.float32)
    shade = np.clip(1 - (distance - STROKE) / (2 * STROKE), 0, 1)
    return OPACITY * _averaged(white), 0.5 * _averaged(shade.astype(np.float32))


def _distance(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far points are from the nearest line of the mark."""
    cx, cy, rx, ry = BUBBLE
    radius = np.hypot((x - cx) / rx, (y - cy) / ry)
    nearest = np.abs(radius - 1) * min(rx, ry)
    for dot_x, dot_y in DOTS:
        nearest = np.minimum(nearest, np.hypot(x - dot_x, y - dot_y))
    for x0, y0, x1, y1 in STROKES:
        along, down = x1 - x0, y1 - y0
        share = np.clip(((x - x0) * along + (y - y0) * down) / (along**2 + down**2), 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - x0 - share * along, y - y0 - share * down))
    return np.asarray(nearest)


def _averaged(samples: Floats) -> Floats:
    rows, columns = samples.shape
    blocks = samples.reshape(rows // SAMPLES, SAMPLES, columns // SAMPLES, SAMPLES)
    return np.asarray(blocks.mean(axis=(1, 3)))
