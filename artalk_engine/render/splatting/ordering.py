"""Who is drawn where, and before whom: Gaussians sorted by distance, and dealt to rows of tiles in that order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from artalk_engine.render.compiled import compiled

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

DIGIT_BITS = 11  # three passes sort 32 bits


@compiled
def nearest_first(depths: Floats, tiles: Ints) -> Ints:
    """Return the Gaussians that show anywhere, the nearest first; equally near ones stay in their order.

    Distances are compared as float32, as the reference does: as bits, which rise with positive numbers.

    Args:
        depths: of ``Footprints``.
        tiles: of ``Footprints``.
    """
    bits = depths.view(np.uint32)
    shown = np.empty(len(tiles), np.int32)
    keys = np.empty(len(tiles), np.uint32)
    count = 0
    for g in range(len(tiles)):
        if tiles[g, 0] < tiles[g, 2] and tiles[g, 1] < tiles[g, 3]:
            shown[count] = g
            keys[count] = bits[g]
            count += 1
    sorted_, sorted_keys = np.empty_like(shown), np.empty_like(keys)
    for shift in range(0, 32, DIGIT_BITS):
        places = np.zeros(2**DIGIT_BITS + 1, np.int64)
        for i in range(count):
            places[((keys[i] >> np.uint32(shift)) & np.uint32(2**DIGIT_BITS - 1)) + 1] += 1
        for digit in range(2**DIGIT_BITS):
            places[digit + 1] += places[digit]
        for i in range(count):
            digit = (keys[i] >> np.uint32(shift)) & np.uint32(2**DIGIT_BITS - 1)
            sorted_[places[digit]], sorted_keys[places[digit]] = shown[i], keys[i]
            places[digit] += 1
        shown, sorted_, keys, sorted_keys = sorted_, shown, sorted_keys, keys
    return shown[:count].copy()


@compiled
def deal_to_rows(order: Ints, tiles: Ints, rows: int) -> tuple[NDArray[np.int64], Ints]:
    """Deal Gaussians to the rows of tiles that they show in, keeping their order.

    Args:
        order: of ``nearest_first``.
        tiles: of ``Footprints``.
        rows: of tiles in the picture.

    Returns:
        where each row's share begins, ``[rows + 1]``, and all shares one after another.
    """
    starts = np.zeros(rows + 1, np.int64)
    for g in order:
        for row in range(tiles[g, 1], tiles[g, 3]):
            starts[row + 1] += 1
    for row in range(rows):
        starts[row + 1] += starts[row]
    shares, places = np.empty(starts[rows], np.int32), starts[:-1].copy()
    for g in order:
        for row in range(tiles[g, 1], tiles[g, 3]):
            shares[places[row]] = g
            places[row] += 1
    return starts, shares
