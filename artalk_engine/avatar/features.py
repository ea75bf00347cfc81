"""From the portrait to features: a transformer's tokens as a pyramid, fused from coarse to fine.

References:
    Ranftl, Bochkovskiy and Koltun, Vision Transformers for Dense Prediction, 2021.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .config import AvatarConfig
from .vit import VisionTransformer

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pictures


class ImageFeatures(nn.Module):
    """A portrait becomes a map of features, and one vector."""

    def __init__(self, config: AvatarConfig) -> None:
        super().__init__()
        self.grid, levels = config.grid, config.pyramid
        self.dino_model = VisionTransformer(config)
        self.projects = nn.ModuleList(nn.Conv2d(config.vit_width, channels, 1) for channels in levels)
        self.resize_layers = nn.ModuleList(
            [
                nn.ConvTranspose2d(levels[0], levels[0], 4, 4),
                nn.ConvTranspose2d(levels[1], levels[1], 2, 2),
                nn.Identity(),
                nn.Conv2d(levels[3], levels[3], 3, 2, 1),
            ]
        )
        self.layer_rn = nn.ModuleList(
            nn.Conv2d(3 + channels, config.fused, 3, padding=1, bias=False) for channels in levels
        )
        self.refinenet = nn.ModuleList(Fusion(config.fused) for _ in levels)
        self.output_conv = nn.Conv2d(config.fused, config.fused, 3, padding=1)

    def forward(self, portrait: Tensor) -> tuple[Tensor, Tensor]:
        """Look at a portrait.

        Args:
            portrait: ``[B, 3, H, W]``, from 0 to 1, as large as the transformer wants it.

        Returns:
            the map ``[B, C, 8 * grid, 8 * grid]`` and the vector ``[B, D]``.
        """
        image = _normalised(portrait)
        tokens = self.dino_model(image)
        levels = [layer(self._level(number, tokens[number], image)) for number, layer in enumerate(self.layer_rn)]
        fused = self.refinenet[0](levels[3], None, levels[2].shape[-1])
        fused = self.refinenet[1](fused, levels[2], levels[1].shape[-1])
        fused = self.refinenet[2](fused, levels[1], levels[0].shape[-1])
        fused = self.refinenet[3](fused, levels[0], 2 * levels[0].shape[-1])
        # Quirk: the vector is that of the picture's first patch, not the class token, which was cut away before.
        return self.output_conv(fused), tokens[-1][:, 0]

    def _level(self, number: int, tokens: Tensor, image: Tensor) -> Tensor:
        """Lay tokens ``[B, N, D]`` out as a map of their level's size, with the picture's own colours before them."""
        flat = tokens.transpose(1, 2).unflatten(2, (self.grid, self.grid))  # type: ignore[no-untyped-call]
        level = self.resize_layers[number](self.projects[number](flat))
        return torch.cat([resize(image, level.shape[-1]), level], dim=1)


class Fusion(nn.Module):
    """Joins a map with that of the next finer level, and enlarges it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out_conv = nn.Conv2d(channels, channels, 1)
        self.resConfUnit1 = ResidualUnit(channels)  # of the finer level; the coarsest has none, yet holds it
        self.resConfUnit2 = ResidualUnit(channels)

    def forward(self, fused: Tensor, finer: Tensor | None, size: int) -> Tensor:
        """``[B, C, H, W]`` and, if there is a finer level, its map of the same shape, to ``[B, C, size, size]``."""
        if finer is not None:
            fused = fused + self.resConfUnit1(finer)
        fused = self.resConfUnit2(fused)
        fused = F.interpolate(fused, (size, size), mode="bilinear", align_corners=True)
        out: Tensor = self.out_conv(fused)
        return out


class ResidualUnit(nn.Module):
    """Two convolutions beside the direct way."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """``[B, C, H, W]`` to the same shape."""
        out: Tensor = image + self.conv2(F.relu(self.conv1(F.relu(image))))
        return out


def resize(image: Tensor, size: int | tuple[int, int]) -> Tensor:
    """Change the size of pictures ``[B, C, H, W]``, averaging what becomes smaller."""
    sides = size if isinstance(size, tuple) else (size, size)
    return F.interpolate(image, sides, mode="bilinear", align_corners=False, antialias=True)


def _normalised(image: Tensor) -> Tensor:
    mean, deviation = (image.new_tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    return (image - mean) / deviation
