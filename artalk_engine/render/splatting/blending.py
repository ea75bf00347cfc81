"""The pixels of a row of tiles: Gaussians laid over one another, the nearest first, until nothing shines through.

Each Gaussian is first weighed for a line of a tile's pixels at once, then its features are added, weighted, to each.
Weights are float32 and computed alike for all pixels, so that the loops become vector instructions.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from artalk_engine.render.compiled import compiled

from .projection import ACROSS, ALONG, HALF_HEIGHT, HALF_WIDTH, OPACITY, SHEAR, TILE, U, V

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int32]

ZERO, HALF, ONE = np.float32(0), np.float32(0.5), np.float32(1)
LEAST_ALPHA, MOST_ALPHA = np.float32(1 / 255), np.float32(0.99)
LEAST_LIGHT = np.float32(1e-4)  # a Gaussian that would leave less of what is behind it ends the pixel, undrawn
MARGIN = np.float32(1e-2)  # in pixels, around the ellipse that is looked at
CHECKED_EVERY = 8  # Gaussians, after which finished lines are found
PIXELS = np.arange(TILE, dtype=np.float32)

LOWEST = np.float32(-80)  # of an exponent; far below any alpha that is drawn
LOG2_E, LN2_HIGH, LN2_LOW = np.float32(1.44269504), np.float32(0.693359375), np.float32(-2.12194440e-4)
SHIFTER = np.float32(12582912.0)  # 1.5 * 2^23: adding it leaves an integer in the lowest bits
EXPONENT_BIAS, MANTISSA_BITS = np.int32(127), np.int32(23)
# The Taylor series of exp, ended where float32 ends
E2, E3, E4, E5, E6, E7 = (np.float32(1 / math.factorial(n)) for n in range(2, 8))


@compiled
def blend_row(
    row: int,
    share: Ints,
    tiles: Ints,
    fields: Doubles,
    features: Floats,
    background: Floats,
    picture: Floats,
) -> None:
    """Draw one row of tiles.

    Args:
        row: which, of tiles.
        share: the Gaussians that show in it, the nearest first.
        tiles: of ``Footprints``.
        fields: of ``Footprints``.
        features: ``[G, C]``.
        background: ``[C]``.
        picture: ``[C, H, W]``, of which the row is written.
    """
    channels, height, width = picture.shape
    columns = (width + TILE - 1) // TILE
    starts, members = _deal_to_columns(share, tiles, columns)
    light = np.empty((TILE, TILE), np.float32)
    sums = np.empty((TILE, TILE, channels), np.float32)
    weights = np.empty(TILE, np.float32)
    is_open = np.empty(TILE, np.bool_)
    top = row * TILE
    lines = min(TILE, height - top)
    for column in range(columns):
        left = column * TILE
        pixels = min(TILE, width - left)
        light[:] = ONE
        light[:, pixels:] = -ONE  # nothing to see
        sums[:] = ZERO
        is_open[:] = True
        unchecked = 0
        for m in range(starts[column], starts[column + 1]):
            _add(members[m], left, top, lines, fields, features, light, is_open, weights, sums)
            unchecked += 1
            if unchecked == CHECKED_EVERY:
                unchecked = 0
                if not _find_open(light, lines, is_open):
                    break
        for c in range(channels):
            for y in range(lines):
                for x in range(pixels):
                    picture[c, top + y, left + x] = sums[y, x, c] + abs(light[y, x]) * background[c]


@compiled
def _add(
    g: int,
    left: int,
    top: int,
    lines: int,
    fields: Doubles,
    features: Floats,
    light: Floats,
    is_open: NDArray[np.bool_],
    weights: Floats,
    sums: Floats,
) -> None:
    """Lay one Gaussian over a tile.

    ``light`` is what still shines through at each pixel; negative where the pixel is finished.
    """
    u, v = np.float32(fields[g, U] - left), np.float32(fields[g, V] - top)
    along, shear, across = np.float32(fields[g, ALONG]), np.float32(fields[g, SHEAR]), np.float32(fields[g, ACROSS])
    opacity = np.float32(fields[g, OPACITY])
    first_line, last_line = _within(v, np.float32(fields[g, HALF_HEIGHT]), lines)
    first, last = _within(u, np.float32(fields[g, HALF_WIDTH]), TILE)
    for y in range(first_line, last_line):
        if not is_open[y]:
            continue
        dy = v - np.float32(y)
        if _weigh(y, u + shear * dy, -HALF * along, -HALF * across * dy * dy, opacity, light, weights):
            for x in range(first, last):  # adding nothing, in the corners, is quicker than asking
                weight = weights[x]
                for c in range(features.shape[1]):
                    sums[y, x, c] += weight * features[g, c]


@compiled
def _within(middle: np.float32, half: np.float32, size: int) -> tuple[int, int]:
    """Return the range of pixels in a tile that are near enough to the middle of a Gaussian."""
    half += MARGIN
    most = np.float32(size)
    first, last = np.float32(math.ceil(max(middle - half, ZERO))), np.float32(math.floor(min(middle + half, most)) + 1)
    return int(first), int(min(last, most))


@compiled
def _weigh(
    y: int, middle: np.float32, along: np.float32, down: np.float32, opacity: np.float32, light: Floats, weights: Floats
) -> bool:
    """Find what a Gaussian adds to each pixel of a line of a tile, take it from their light, and say if it is any."""
    is_any = False
    for x in range(TILE):
        dx = middle - PIXELS[x]
        alpha = min(MOST_ALPHA, opacity * _exp(along * dx * dx + down))
        now = light[y, x]
        left = now * (ONE - alpha)
        is_seen = alpha >= LEAST_ALPHA and now > ZERO
        is_end = left < LEAST_LIGHT
        weight = alpha * now if is_seen and not is_end else ZERO
        weights[x] = weight
        light[y, x] = (-now if is_end else left) if is_seen else now
        is_any |= bool(weight > ZERO)
    return is_any


@compiled
def _exp(exponent: np.float32) -> np.float32:
    """Return e to the power of a number from about -80 to 0, to the last bit but one.

    The library's function would be called once a pixel; this one is computed for many at once.
    """
    exponent = max(exponent, LOWEST)
    shifted = exponent * LOG2_E + SHIFTER
    halvings = shifted - SHIFTER
    x = (exponent - halvings * LN2_HIGH) - halvings * LN2_LOW
    series = ONE + x * (ONE + x * (E2 + x * (E3 + x * (E4 + x * (E5 + x * (E6 + x * E7))))))
    # The shifter's own bits fall out at the top.
    power = np.int32((np.float32(shifted).view(np.int32) + EXPONENT_BIAS) << MANTISSA_BITS)
    return series * power.view(np.float32)


@compiled
def _find_open(light: Floats, lines: int, is_open: NDArray[np.bool_]) -> bool:
    """Find the lines of a tile with a pixel that is not finished, and say whether there are any."""
    is_any = False
    for y in range(lines):
        is_lit = False
        for x in range(TILE):
            is_lit |= bool(light[y, x] > ZERO)
        is_open[y] = is_lit
        is_any |= is_lit
    return is_any


@compiled
def _deal_to_columns(share: Ints, tiles: Ints, columns: int) -> tuple[NDArray[np.int64], Ints]:
    """Deal a row's Gaussians to its tiles, keeping their order; see ``ordering.deal_to_rows``."""
    starts = np.zeros(columns + 1, np.int64)
    for g in share:
        for column in range(tiles[g, 0], tiles[g, 2]):
            starts[column + 1] += 1
    for column in range(columns):
        starts[column + 1] += starts[column]
    members, places = np.empty(starts[columns], np.int32), starts[:-1].copy()
    for g in share:
        for column in range(tiles[g, 0], tiles[g, 2]):
            members[places[column]] = g
            places[column] += 1
    return starts, members
