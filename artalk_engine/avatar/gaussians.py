"""From features to Gaussians: one for each vertex of the head, and two planes of them for what the head lacks.

The planes stand before and behind the head's middle, across the portrait's line of sight; each of their Gaussians
lies somewhere between its plane and one unit away from it.

References:
    Chu and Harada, Generalizable and Animatable Gaussian Head Avatar, 2024.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .config import FOCAL, AvatarConfig

OCTAVES = (1.0, 2.0, 4.0, 8.0)
DIRECTION_WIDTH = 3 * (2 * len(OCTAVES) + 1)
LARGEST = 0.05  # standard deviation of a Gaussian
CODED = 3  # columns, or channels, whose colours run from 0 to 1


@dataclass(frozen=True, eq=False)
class Gaussians:
    """What is known of Gaussians besides their places.

    Attributes:
        colours: ``[G, C]``; the first three are red, green and blue.
        opacities: ``[G, 1]``.
        scales: standard deviation along each axis, ``[G, 3]``.
        rotations: quaternions w, x, y, z, ``[G, 4]``; not all have unit length.
    """

    colours: Tensor
    opacities: Tensor
    scales: Tensor
    rotations: Tensor

    def __len__(self) -> int:
        return len(self.colours)

    def to(self, device: torch.device) -> Gaussians:
        """Return them on a device."""
        parts = (self.colours, self.opacities, self.scales, self.rotations)
        return Gaussians(*(part.to(device) for part in parts))


class VertexGaussians(nn.Module):
    """Gaussians of the head's vertices."""

    def __init__(self, config: AvatarConfig) -> None:
        super().__init__()
        hidden = config.vertex_hidden
        self.feature_layers = nn.Sequential(
            nn.Linear(config.head_width + config.vit_width, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
        )
        self.color_layers = _branch(config, config.colours)
        self.opacity_layers = _branch(config, 1)
        self.scale_layers = _branch(config, 3)
        self.rotation_layers = _branch(config, 4)

    def forward(self, features: Tensor, direction: Tensor) -> Gaussians:
        """Make Gaussians.

        Args:
            features: of each vertex, ``[V, D]``.
            direction: the code of the portrait's line of sight, ``[27]``.
        """
        inner = torch.cat([self.feature_layers(features), direction.expand(len(features), -1)], dim=1)
        colours = self.color_layers(inner)
        return Gaussians(
            torch.cat([colours[:, :CODED].sigmoid(), colours[:, CODED:]], dim=1),
            self.opacity_layers(inner).sigmoid(),
            LARGEST * self.scale_layers(inner).sigmoid(),
            # Quirk: normed over all vertices, number by number, so that these quaternions are far from unit length.
            F.normalize(self.rotation_layers(inner), dim=0),
        )


class PixelGaussians(nn.Module):
    """Gaussians of one plane, one for each point of the map of features."""

    def __init__(self, config: AvatarConfig) -> None:
        super().__init__()
        hidden = config.pixel_hidden
        self.split = (config.colours, 1, 3, 4, 1)
        self.gaussian_conv = nn.Sequential(
            nn.Conv2d(config.fused + DIRECTION_WIDTH, hidden, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden, hidden, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden, hidden, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden, sum(self.split), 1),
        )

    def forward(self, features: Tensor, direction: Tensor) -> tuple[Gaussians, Tensor]:
        """Make Gaussians.

        Args:
            features: ``[1, C, H, W]``.
            direction: the code of the portrait's line of sight, ``[27]``.

        Returns:
            ``H * W`` Gaussians, row by row, and how far each stands away from its plane, ``[H * W, 1]``.
        """
        code = direction[None, :, None, None].expand(-1, -1, *features.shape[2:])
        made = self.gaussian_conv(torch.cat([features, code], dim=1))
        colours, opacities, scales, rotations, distances = made.split(self.split, dim=1)
        # Quirk: meant for red, green and blue, this meets the three leftmost columns, in all channels.
        colours = torch.cat([colours[..., :CODED].sigmoid(), colours[..., CODED:]], dim=3)
        gaussians = Gaussians(
            _rows(colours),
            _rows(opacities.sigmoid()),
            _rows(LARGEST * scales.sigmoid()),
            _rows(F.normalize(rotations, dim=1)),
        )
        return gaussians, _rows(distances.sigmoid())


def direction_code(direction: Tensor) -> Tensor:
    """Write a direction ``[3]`` as sines and cosines of its multiples, and itself, ``[27]``."""
    angles = (direction[:, None] * direction.new_tensor(OCTAVES)).flatten()
    return torch.cat([angles.sin(), (angles + math.pi / 2).sin(), direction])


def sight(transform: Tensor) -> Tensor:
    """Return the line of sight ``[3]`` of a camera ``[3, 4]``: a rotation for points as rows, and a translation."""
    return transform[:, 2]


def plane_points(transform: Tensor, size: int) -> Tensor:
    """Lay a grid of points over what a camera sees, at the distance of the world's origin.

    Args:
        transform: of the camera, ``[3, 4]``.
        size: points in each direction.

    Returns:
        ``[size * size, 3]``, row by row.
    """
    rotation, translation = transform[:, :3], transform[:, 3]
    steps = torch.linspace(1, -1, size, dtype=transform.dtype, device=transform.device)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    rays = torch.stack([x / FOCAL, y / FOCAL, torch.ones_like(x)], dim=-1).view(-1, 3) @ rotation.T
    origin = -rotation @ translation
    distance = (origin * sight(transform)).sum().abs()
    return origin + distance * rays


def _branch(config: AvatarConfig, outputs: int) -> nn.Sequential:
    inner = config.vertex_hidden + DIRECTION_WIDTH
    return nn.Sequential(nn.Linear(inner, config.branch_hidden), nn.ReLU(), nn.Linear(config.branch_hidden, outputs))


def _rows(image: Tensor) -> Tensor:
    """``[1, C, H, W]`` to ``[H * W, C]``."""
    return image[0].flatten(1).T.contiguous()
