"""A way of speaking, as one vector from fifty frames of somebody's motion."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bridge.motion import CHANNELS

LAYERS, HEADS, LONGEST_CLIP = 4, 4, 600


class StyleEncoder(nn.Module):
    """Encodes a clip of motion; the order of its frames does not matter."""

    motion_mean: Tensor
    motion_std: Tensor

    def __init__(self, motion_dim: int = CHANNELS, style_dim: int = 128) -> None:
        super().__init__()
        self.register_buffer("motion_mean", torch.zeros(motion_dim))
        self.register_buffer("motion_std", torch.ones(motion_dim))
        self.PE = _PositionalEncoding(style_dim)
        self.encoder = _ClipEncoder(motion_dim, style_dim)

    def forward(self, style_clip: Tensor) -> Tensor:
        """Encode style clips.

        Args:
            style_clip: ``[B, T, M]`` with ``T`` below 600; the released model uses 50.

        Returns:
            ``[B, D]``.
        """
        normalised = (style_clip - self.motion_mean) / self.motion_std
        encoded: Tensor = self.encoder(normalised, self.PE)
        return encoded


class _ClipEncoder(nn.Module):
    def __init__(self, motion_dim: int, style_dim: int) -> None:
        super().__init__()
        self.motion_proj = nn.Linear(motion_dim, style_dim)
        layer = nn.TransformerEncoderLayer(style_dim, HEADS, 4 * style_dim, activation="gelu", batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)

    def forward(self, clip: Tensor, position: nn.Module) -> Tensor:
        encoded: Tensor = self.transformer(position(self.motion_proj(clip)))
        return encoded.mean(dim=1)


class _PositionalEncoding(nn.Module):
    pe: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        rates = torch.exp(torch.arange(0, width, 2, dtype=torch.float64) * (-math.log(10_000.0) / width))
        angle = torch.arange(LONGEST_CLIP)[:, None] * rates
        table = torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).float()  # [T, D], sine, cosine in turn
        self.register_buffer("pe", table[None, :, :width].contiguous())

    def forward(self, tokens: Tensor) -> Tensor:
        # Quirk: every frame receives the encoding of frame T; the released weights expect it.
        return tokens + self.pe[:, tokens.shape[1]]
