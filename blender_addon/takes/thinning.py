# SPDX-License-Identifier: GPL-3.0-or-later
"""Leave out keys of many curves at once, so that straight lines between the kept ones stay near; needs no Blender.

From each kept key a cone holds all lines that pass every later value within its tolerance. The line to the farthest
value inside the cone becomes the next piece: one pass over time that never looks back, for all curves side by side.

References:
    Reumann and Witkam, Optimizing Curve Segmentation in Computer Graphics, 1974; Williams, An Efficient Algorithm for
    the Piecewise Linear Approximation of Planar Curves, 1978.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def kept_keys(places: Floats, values: Floats, tolerance: Floats, starts: NDArray[np.int64]) -> Flags:
    """Return which keys to keep, ``[T, G]``; the first and the last are always among them.

    Args:
        places: ``[T]`` where the keys lie, ascending.
        values: ``[T, C]`` keys of ``C`` curves.
        tolerance: ``[T, C]`` how far the lines may lie from each value.
        starts: ``[G]`` first curve of each group; the curves of a group keep the same keys.
    """
    count = len(places)
    kept = np.zeros((count, len(starts)), bool)
    kept[[0, -1]] = True
    group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, values.shape[1])))  # [C]
    columns = np.arange(values.shape[1])
    anchor, here, farthest = (np.zeros(len(starts), np.int64) for _ in range(3))  # [G] keys
    lowest, highest = np.full(len(group), -np.inf), np.full(len(group), np.inf)  # [C] slopes of the cones
    while (alive := anchor < count - 1).any():
        here = np.minimum(here + alive, count - 1)
        key, start = here[group], anchor[group]
        run = np.where(key > start, places[key] - places[start], 1.0)
        rise, slack = values[key, columns] - values[start, columns], tolerance[key, columns]
        is_inside = (rise >= lowest * run) & (rise <= highest * run)
        farthest = np.where(np.logical_and.reduceat(is_inside, starts), here, farthest)
        lowest, highest = np.maximum(lowest, (rise - slack) / run), np.minimum(highest, (rise + slack) / run)
        ends = alive & (np.logical_or.reduceat(lowest > highest, starts) | (here == count - 1))
        kept[farthest[ends], np.flatnonzero(ends)] = True
        anchor, here = np.where(ends, farthest, anchor), np.where(ends, farthest, here)
        lowest[ends[group]], highest[ends[group]] = -np.inf, np.inf
    return kept


def between_keys(places: Floats, values: Floats, kept: Flags, starts: NDArray[np.int64]) -> Floats:
    """Return the values ``[T, C]`` that lines between the kept keys have."""
    result = values.copy()
    for number, group in enumerate(np.split(np.arange(values.shape[1]), starts[1:])):
        keys = np.flatnonzero(kept[:, number])
        if len(keys) < len(places):
            for column in group:
                result[:, column] = np.interp(places, places[keys], values[keys, column])
    return result
