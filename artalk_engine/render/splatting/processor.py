"""Gaussians drawn on the processor, by all of its cores.

    project ─► sort, nearest first ─► deal to rows of tiles ─► blend each row

A row of tiles needs nothing of the others: who draws it, and when, cannot change it. While one picture's rows are
drawn, the next one's Gaussians are projected and sorted.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from . import blending, ordering, projection
from .projection import TILE, Footprints
from .scene import Scene, View


def draw(scene: Scene, threads: int) -> Tensor:
    """Draw pictures ``[B, C, H, W]``; see ``rasterize.rasterize_gaussians``."""
    pictures = np.empty(scene.shape, np.float32)
    views = list(scene)
    drawn: list[Future[None]] = []
    with ThreadPoolExecutor(threads) as pool:
        coming = _project(views[0], scene, pool, threads)
        for n, view in enumerate(views):
            footprints = _wait(*coming)
            order = ordering.nearest_first(footprints.fields, footprints.tiles)
            rows = -(-scene.height // TILE)
            starts, shares = ordering.deal_to_rows(order, footprints.tiles, rows)
            if n + 1 < len(views):
                coming = _project(views[n + 1], scene, pool, threads)
            features, background = _array(view.features), _array(view.background)
            drawn += [
                pool.submit(
                    blending.blend_row,
                    row,
                    shares[starts[row] : starts[row + 1]],
                    footprints.tiles,
                    footprints.fields,
                    features,
                    background,
                    pictures[n],
                )
                for row in range(rows)
            ]
    for row_drawn in drawn:
        row_drawn.result()
    return torch.from_numpy(pictures).to(scene.device)


def _project(view: View, scene: Scene, pool: ThreadPoolExecutor, threads: int) -> tuple[Footprints, list[Future[None]]]:
    """Begin to project a picture's Gaussians, a part of them in each thread."""
    count = len(view.means)
    footprints = Footprints.empty(count)
    arrays = [_array(tensor) for tensor in (view.means, view.quaternions, view.scales, view.opacities[:, 0])]
    camera = _array(view.camera).astype(np.float64)
    borders = [count * part // threads for part in range(threads + 1)]
    return footprints, [
        pool.submit(
            projection.project,
            start,
            end,
            *arrays,
            camera,
            scene.focal,
            scene.height,
            scene.width,
            footprints.fields,
            footprints.radii,
            footprints.tiles,
        )
        for start, end in zip(borders, borders[1:], strict=False)
    ]


def _wait(footprints: Footprints, parts: list[Future[None]]) -> Footprints:
    for part in parts:
        part.result()
    return footprints


def _array(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.cpu().numpy())
