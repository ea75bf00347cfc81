"""All of the avatar's networks under the names of the released checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .config import AvatarConfig
from .features import ImageFeatures, resize
from .gaussians import Gaussians, PixelGaussians, VertexGaussians, direction_code, plane_points, sight
from .style_unet import StyleUNet


@dataclass(frozen=True, eq=False)
class AvatarGaussians:
    """All that one portrait has become, whatever its frame.

    Attributes:
        gaussians: of the head's vertices, then of the plane before and the plane behind.
        plane_points: places of the two planes' Gaussians, ``[P, 3]``; the first ones' are the vertices'.
    """

    gaussians: Gaussians
    plane_points: Tensor

    @property
    def device(self) -> torch.device:
        """Where they are."""
        return self.plane_points.device

    def to(self, device: torch.device) -> AvatarGaussians:
        """Return them on a device."""
        return AvatarGaussians(self.gaussians.to(device), self.plane_points.to(device))


class AvatarNetwork(nn.Module):
    """A portrait becomes Gaussians, and their splatted picture a photograph."""

    def __init__(self, config: AvatarConfig) -> None:
        super().__init__()
        self.config = config
        self.head_base = nn.Parameter(torch.zeros(config.vertices, config.head_width))
        self.base_model = ImageFeatures(config)
        self.gs_generator_g = VertexGaussians(config)
        self.gs_generator_l0 = PixelGaussians(config)
        self.gs_generator_l1 = PixelGaussians(config)
        self.upsampler = StyleUNet(config)

    def gaussians(self, image: Tensor, transform: Tensor) -> AvatarGaussians:
        """Make an avatar's Gaussians.

        Args:
            image: the portrait, ``[3, 512, 512]``, from 0 to 1 before black.
            transform: its camera, ``[3, 4]``: a rotation for points as rows, and a translation.
        """
        features, whole = self.base_model(resize(image[None], self.config.portrait))
        direction = direction_code(sight(transform))
        vertices = torch.cat([self.head_base, whole.expand(len(self.head_base), -1)], dim=1)
        head = self.gs_generator_g(vertices, direction)
        near, near_distance = self.gs_generator_l0(features, direction)
        far, far_distance = self.gs_generator_l1(features, direction)
        points = plane_points(transform, features.shape[-1])
        places = [points + near_distance * sight(transform), points - far_distance * sight(transform)]
        return AvatarGaussians(_joined(head, near, far), torch.cat(places))

    def photograph(self, splatted: Tensor, noises: list[Tensor] | None = None) -> Tensor:
        """Turn splatted pictures ``[B, 32, H, W]`` into colours ``[B, 3, H, W]`` from 0 to 1."""
        quick = splatted.to(self.upsampler.conv_body_first.weight.dtype, memory_format=torch.channels_last)
        return self.upsampler(quick, noises).float().sigmoid_()  # type: ignore[no-any-return]


def _joined(*parts: Gaussians) -> Gaussians:
    return Gaussians(
        torch.cat([part.colours for part in parts]),
        torch.cat([part.opacities for part in parts]),
        torch.cat([part.scales for part in parts]),
        torch.cat([part.rotations for part in parts]),
    )
