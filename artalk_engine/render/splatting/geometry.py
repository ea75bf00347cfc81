"""Cameras and covariances as tensors, in the conventions that rasterizers share."""

from __future__ import annotations

import torch
from torch import Tensor


def axes_of(camera: Tensor) -> tuple[Tensor, Tensor]:
    """Turn a camera that looks left and up into one that looks right and down.

    Args:
        camera: ``[3, 4]``; see ``rasterize.rasterize_gaussians``.

    Returns:
        ``[3, 3]`` and ``[3]``: ``point @ rotation + translation`` is right, down and away.
    """
    signs = camera.new_tensor([-1.0, -1.0, 1.0])
    return camera[:, :3] * signs, camera[:, 3] * signs


def covariances(quaternions: Tensor, scales: Tensor) -> Tensor:
    """Return the covariances of Gaussians in the world, ``[G, 3, 3]``.

    Args:
        quaternions: ``[G, 4]``, the real part first, used as long as they are.
        scales: ``[G, 3]``.
    """
    w, x, y, z = quaternions.unbind(-1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    axes = torch.stack([torch.stack(row, -1) for row in rows], -2) * scales[:, None]
    return axes @ axes.mT
