"""Gaussians drawn by tensor operations alone, on whatever device PyTorch has: slower than loops, but everywhere.

All tiles advance together, a block of each one's Gaussians at a time, and leave when nothing shines through any more:

    project ─► pairs of tile and Gaussian, nearest first ─► weights [tile, Gaussian, pixel] ─► times features
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .blending import LEAST_LIGHT, MOST_ALPHA
from .geometry import axes_of, covariances
from .projection import BLUR, LARGEST, LEAST_ALPHA, LEAST_SPREAD, NEAR, TILE, TINY, WIDEST
from .scene import Scene, View

BLOCK = 32  # Gaussians of a tile that are weighed at once
TILES_AT_ONCE = 1024  # which bounds the memory that weights take


class Ellipses(NamedTuple):
    """Gaussians on the screen."""

    places: Tensor  # [G, 2]: right and down, in pixels
    shapes: Tensor  # [G, 3] along, shear, across: exponent = -(along * (dx + shear * dy)^2 + across * dy^2) / 2
    depths: Tensor  # [G], float32
    tiles: Tensor  # [G, 4]: left, top, right, bottom, the last two not included; none for those out of sight


def draw(scene: Scene) -> Tensor:
    """Draw pictures ``[B, C, H, W]``; see ``rasterize.rasterize_gaussians``."""
    return torch.stack([_draw_view(view, scene) for view in scene])


def _draw_view(view: View, scene: Scene) -> Tensor:
    rows, columns = -(-scene.height // TILE), -(-scene.width // TILE)
    ellipses = project(view, scene)
    starts, members = deal_to_tiles(ellipses, rows * columns, columns)
    groups = torch.split(torch.arange(rows * columns, device=scene.device), TILES_AT_ONCE)
    sums = torch.cat([_blend(tiles, starts, members, ellipses, columns, view) for tiles in groups])
    picture = sums.reshape(rows, columns, TILE, TILE, -1).permute(4, 0, 2, 1, 3)
    return picture.reshape(-1, rows * TILE, columns * TILE)[:, : scene.height, : scene.width]


def project(view: View, scene: Scene) -> Ellipses:
    """Find where Gaussians are seen; see ``projection.project``, which says what the steps are for."""
    exact = torch.float32 if scene.device.type == "mps" else torch.float64
    rotation, translation = axes_of(view.camera.to(exact))
    x, y, z = (view.means.to(exact) @ rotation + translation).unbind(-1)
    is_ahead = z > NEAR
    z = torch.where(is_ahead, z, 1.0)
    sides = torch.tensor([scene.width, scene.height], dtype=exact, device=scene.device)
    places = ((scene.focal * torch.stack([x, y], -1) / (z + TINY)[:, None] + 1) * sides - 1) / 2
    limit = WIDEST / scene.focal
    x, y = (x / z).clamp(-limit, limit), (y / z).clamp(-limit, limit)
    zeros = torch.zeros_like(z)
    slopes = torch.stack([torch.stack([1 / z, zeros, -x / z], -1), torch.stack([zeros, 1 / z, -y / z], -1)], -2)
    slopes = (slopes * (sides * scene.focal / 2)[:, None]) @ rotation.mT  # [G, 2, 3]
    spread = slopes @ covariances(view.quaternions.to(exact), view.scales.to(exact)) @ slopes.mT
    a, b, c = spread[:, 0, 0] + BLUR, spread[:, 0, 1], spread[:, 1, 1] + BLUR
    det, middle = a * c - b * b, (a + c) / 2
    radii = (3 * (middle + (middle * middle - det).clamp(min=LEAST_SPREAD).sqrt()).sqrt()).ceil()[:, None]
    is_drawn = is_ahead & (det > 0) & (radii[:, 0] < LARGEST) & (view.opacities[:, 0] > 0)
    most = torch.tensor([-(-scene.width // TILE), -(-scene.height // TILE)], device=scene.device).to(exact)
    tiles = torch.cat([places - radii, places + radii + (TILE - 1)], -1) / TILE
    tiles = torch.minimum(tiles.clamp(min=0), most.repeat(2)) * is_drawn[:, None]
    shapes = torch.stack([c / det, -b / c, 1 / c], -1)
    return Ellipses(places, shapes, z.float(), tiles.nan_to_num().long())


def deal_to_tiles(ellipses: Ellipses, count: int, columns: int) -> tuple[Tensor, Tensor]:
    """Return where each tile's Gaussians begin, ``[tiles + 1]``, and all of them, the nearest of a tile first."""
    order = ellipses.depths.argsort(stable=True)
    left, top, right, bottom = ellipses.tiles[order].unbind(-1)
    wide = (right - left).clamp(min=0)
    pairs = wide * (bottom - top).clamp(min=0)
    owners = torch.arange(len(order), device=order.device).repeat_interleave(pairs)
    place = torch.arange(len(owners), device=order.device) - (pairs.cumsum(0) - pairs)[owners]
    tile = (top[owners] + place // wide[owners]) * columns + left[owners] + place % wide[owners]
    tile, by_tile = tile.sort(stable=True)
    starts = torch.searchsorted(tile, torch.arange(count + 1, device=order.device))
    return starts, order[owners[by_tile]]


def _blend(tiles: Tensor, starts: Tensor, members: Tensor, ellipses: Ellipses, columns: int, view: View) -> Tensor:
    """Return the pixels of some tiles, ``[tiles, 256, C]``."""
    sums = view.features.new_zeros(len(tiles), TILE * TILE, view.features.shape[1])
    light = view.features.new_ones(len(tiles), TILE * TILE)  # what still shines through
    is_open = torch.ones_like(light, dtype=torch.bool)
    first, end = starts[tiles], starts[tiles + 1]
    corners = torch.stack([tiles % columns, tiles // columns], -1) * TILE
    going = (first < end).nonzero()[:, 0]
    block = torch.arange(BLOCK, device=tiles.device)
    while len(going):
        places = first[going, None] + block
        g = members[places.clamp(max=len(members) - 1)]  # [tiles, BLOCK]
        alpha = _alphas(g, corners[going], ellipses, view) * (places < end[going, None])[..., None]
        before = torch.cat([torch.ones_like(alpha[:, :1]), (1 - alpha).cumprod(1)], 1) * light[going, None]
        is_added = (before[:, 1:] >= float(LEAST_LIGHT)) & is_open[going, None]
        weights = torch.where(is_added, alpha * before[:, :-1], 0.0)
        sums[going] += weights.mT @ view.features[g]
        light[going] = torch.where(is_added, before[:, 1:], torch.inf).amin(1).minimum(light[going])
        is_open[going] = is_added[:, -1]
        first = first + BLOCK
        going = going[(first[going] < end[going]) & is_open[going].any(1)]
    return sums + light[..., None] * view.background


def _alphas(g: Tensor, corners: Tensor, ellipses: Ellipses, view: View) -> Tensor:
    """Return how much of each pixel Gaussians cover, ``[tiles, BLOCK, 256]``.

    Args:
        g: the Gaussians, ``[tiles, BLOCK]``.
        corners: the tiles' first pixels, ``[tiles, 2]``.
        ellipses: of all Gaussians.
        view: likewise.
    """
    u, v = (ellipses.places[g] - corners[:, None]).float()[..., None].unbind(-2)
    along, shear, across = ellipses.shapes[g].float()[..., None, None].unbind(-3)
    pixels = torch.arange(TILE, device=g.device, dtype=torch.float32)
    dx, dy = (u - pixels)[..., None, :], (v - pixels)[..., None]
    exponents = -0.5 * (along * (dx + shear * dy).square() + across * dy.square())
    alphas = (view.opacities[g][..., None] * exponents.exp()).clamp(max=float(MOST_ALPHA)).flatten(-2)
    return alphas * (alphas >= LEAST_ALPHA)
