"""Gaussians drawn on the processor, by all of its cores.

    project ─► sort, nearest first ─► deal to rows of tiles ─► blend each row

A row of tiles needs nothing of the others: who draws it, and when, cannot change it. While one picture's rows are
drawn, the next one's Gaussians are projected and sorted.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import blending, ordering, projection
from .projection import TILE, Footprints
from .scene import Scene, View


@dataclass(frozen=True, eq=False)
class Projecting:
    """Gaussians of a picture that threads are about to project."""

    footprints: Footprints
    parts: list[Future[None]]

    def result(self) -> Footprints:
        """Wait for all parts."""
        for part in self.parts:
            part.result()
        return self.footprints


def draw(scene: Scene, threads: int) -> Tensor:
    """Draw pictures ``[B, C, H, W]``; see ``rasterize.rasterize_gaussians``."""
    pictures = np.empty(scene.shape, np.float32)
    views, drawn = list(scene), []
    with ThreadPoolExecutor(threads) as pool:
        coming = _project(views[0], scene, pool, threads)
        for n, view in enumerate(views):
            footprints = coming.result()
            order = ordering.nearest_first(footprints.depths, footprints.tiles)
            if n + 1 < len(views):
                coming = _project(views[n + 1], scene, pool, threads)
            drawn += _blend(view, order, footprints, pictures[n], pool)
    for row in drawn:
        row.result()
    return torch.from_numpy(pictures).to(scene.device)


def _project(view: View, scene: Scene, pool: ThreadPoolExecutor, threads: int) -> Projecting:
    """Begin to project a picture's Gaussians, a part of them in each thread."""
    count = len(view.means)
    footprints = Footprints.empty(count)
    means, quaternions, scales = _array(view.means), _array(view.quaternions), _array(view.scales)
    opacities, camera = _array(view.opacities[:, 0]), _array(view.camera).astype(np.float64)

    def project(part: int) -> None:
        projection.project(
            count * part // threads,
            count * (part + 1) // threads,
            means,
            quaternions,
            scales,
            opacities,
            camera,
            scene.focal,
            scene.height,
            scene.width,
            footprints.fields,
            footprints.depths,
            footprints.radii,
            footprints.tiles,
        )

    return Projecting(footprints, [pool.submit(project, part) for part in range(threads)])


def _blend(
    view: View, order: NDArray[np.int32], footprints: Footprints, picture: NDArray[np.float32], pool: ThreadPoolExecutor
) -> list[Future[None]]:
    """Begin to draw the rows of a picture's tiles."""
    rows = -(-picture.shape[1] // TILE)
    starts, shares = ordering.deal_to_rows(order, footprints.tiles, rows)
    features, background = _array(view.features), _array(view.background)

    def blend(row: int) -> None:
        share = shares[starts[row] : starts[row + 1]]
        blending.blend_row(row, share, footprints.tiles, footprints.fields, features, background, picture)

    return [pool.submit(blend, row) for row in range(rows)]


def _array(tensor: Tensor) -> NDArray[Any]:
    return np.ascontiguousarray(tensor.cpu().numpy())
