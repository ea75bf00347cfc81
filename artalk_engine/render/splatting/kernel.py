"""The tiles of a picture, drawn on an NVIDIA GPU by a kernel of our own, in Triton, which comes with PyTorch there.

Each program draws one tile, all of its pixels at once, and looks at one Gaussian after the other, as ``blending`` does
for the processor. Channels beyond what its registers hold are another program's. Import it only where Triton is
installed.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from .blending import LEAST_LIGHT, MOST_ALPHA
from .projection import LEAST_ALPHA, TILE
from .scene import Scene, View
from .tensors import deal_to_tiles, project

CHECKED_EVERY = 16  # Gaussians, after which a tile through which nothing shines any more is left
WARPS = 8
CHANNELS_AT_ONCE = 32  # of all pixels of a tile, a register each in every thread


def draw(scene: Scene) -> Tensor:
    """Draw pictures ``[B, C, H, W]``; see ``rasterize.rasterize_gaussians``."""
    pictures = torch.empty(scene.shape, device=scene.device)
    for view, picture in zip(scene, pictures, strict=True):
        _draw_view(view, scene, picture)
    return pictures


def _draw_view(view: View, scene: Scene, picture: Tensor) -> None:
    rows, columns = -(-scene.height // TILE), -(-scene.width // TILE)
    ellipses = project(view, scene)
    starts, members = deal_to_tiles(ellipses, rows * columns, columns)
    wide = min(triton.next_power_of_2(scene.channels), CHANNELS_AT_ONCE)
    _blend_tile[rows * columns, triton.cdiv(scene.channels, wide)](
        starts,
        members,
        ellipses.places.contiguous(),
        ellipses.shapes.float().contiguous(),
        view.opacities.contiguous(),
        view.features.contiguous(),
        view.background.contiguous(),
        picture,
        scene.height,
        scene.width,
        columns,
        scene.channels,
        SIDE=TILE,
        WIDE=wide,
        EVERY=CHECKED_EVERY,
        LEAST=LEAST_ALPHA,
        MOST=float(MOST_ALPHA),
        DARK=float(LEAST_LIGHT),
        num_warps=WARPS,
    )


@triton.jit  # type: ignore[untyped-decorator]
def _blend_tile(  # type: ignore[no-untyped-def]
    starts,
    members,
    places,
    shapes,
    opacities,
    features,
    background,
    picture,
    height,
    width,
    columns,
    channels,
    SIDE: tl.constexpr,  # noqa: N803 - constants of the compiler's, by its users' custom in capitals
    WIDE: tl.constexpr,  # noqa: N803
    EVERY: tl.constexpr,  # noqa: N803
    LEAST: tl.constexpr,  # noqa: N803
    MOST: tl.constexpr,  # noqa: N803
    DARK: tl.constexpr,  # noqa: N803
):
    """Draw some channels of one tile; arrays are as in ``_draw_view``."""
    tile = tl.program_id(0)
    left, top = tile % columns * SIDE, tile // columns * SIDE
    pixel, channel = tl.arange(0, SIDE * SIDE), tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    x, y = pixel % SIDE, pixel // SIDE
    is_inside = (left + x < width) & (top + y < height)
    is_channel = channel < channels
    sums = tl.zeros((SIDE * SIDE, WIDE), tl.float32)
    light = tl.full((SIDE * SIDE,), 1.0, tl.float32)  # what still shines through
    is_open = is_inside
    at, end = tl.load(starts + tile), tl.load(starts + tile + 1)
    while at < end:
        stop = tl.minimum(at + EVERY, end)
        for place in range(at, stop):
            g = tl.load(members + place)
            # Places are float64 until they are a tile's, so that pixels far from the corner are as exact as the others.
            dx = (tl.load(places + 2 * g) - left).to(tl.float32) - x
            dy = (tl.load(places + 2 * g + 1) - top).to(tl.float32) - y
            slant = dx + tl.load(shapes + 3 * g + 1) * dy
            exponent = -0.5 * (tl.load(shapes + 3 * g) * slant * slant + tl.load(shapes + 3 * g + 2) * dy * dy)
            alpha = tl.minimum(tl.load(opacities + g) * tl.exp(exponent), MOST)
            after = light * (1 - alpha)
            is_seen = is_open & (alpha >= LEAST)
            is_drawn = is_seen & (after >= DARK)
            colours = tl.load(features + g * channels + channel, mask=is_channel, other=0.0)
            sums += tl.where(is_drawn, alpha * light, 0.0)[:, None] * colours[None, :]
            light = tl.where(is_drawn, after, light)
            is_open = is_open & (is_drawn | (alpha < LEAST))
        at = tl.where(tl.max(is_open.to(tl.int32), 0) > 0, stop, end)
    behind = tl.load(background + channel, mask=is_channel, other=0.0)
    sums += light[:, None] * behind[None, :]
    planes = channel.to(tl.int64) * height * width  # beyond 32 bits in the largest pictures
    spots = picture + planes[None, :] + ((top + y) * width + left + x)[:, None]
    tl.store(spots, sums, mask=is_inside[:, None] & is_channel[None, :])
