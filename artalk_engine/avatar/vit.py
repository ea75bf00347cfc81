"""The vision transformer that looks at the portrait: DINOv2's, with its parameters' names.

References:
    Oquab et al., DINOv2: Learning Robust Visual Features without Supervision, 2023.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .config import AvatarConfig

LAYERS = 4  # the last ones, whose tokens are used
EPS = 1e-6


class VisionTransformer(nn.Module):
    """A picture becomes tokens, one a patch."""

    def __init__(self, config: AvatarConfig) -> None:
        super().__init__()
        width = config.vit_width
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + config.grid**2, width))
        self.mask_token = nn.Parameter(torch.zeros(1, width))  # of training only
        self.patch_embed = PatchEmbed(config)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.vit_depth))
        self.norm = nn.LayerNorm(width, EPS)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Look at a picture.

        Args:
            image: ``[B, 3, H, W]``, normalised, of the size that the positions were learnt for.

        Returns:
            tokens ``[B, N, D]`` of the last four layers, each through the final norm.
        """
        tokens = self.patch_embed(image)
        tokens = torch.cat([self.cls_token.expand(len(tokens), -1, -1), tokens], dim=1) + self.pos_embed
        kept = []
        for number, block in enumerate(self.blocks, start=1):
            tokens = block(tokens)
            if number > len(self.blocks) - LAYERS:
                kept.append(self.norm(tokens)[:, 1:])
        return kept


class PatchEmbed(nn.Module):
    """Patches of pixels become tokens."""

    def __init__(self, config: AvatarConfig) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, config.vit_width, config.patch, config.patch)

    def forward(self, image: Tensor) -> Tensor:
        """``[B, 3, H, W]`` to ``[B, N, D]``, row by row."""
        tokens: Tensor = self.proj(image)
        return tokens.flatten(2).transpose(1, 2)


class Block(nn.Module):
    """Attention and MLP, each normed before and scaled after."""

    def __init__(self, config: AvatarConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.vit_width, EPS)
        self.attn = Attention(config)
        self.ls1 = LayerScale(config)
        self.norm2 = nn.LayerNorm(config.vit_width, EPS)
        self.mlp = Mlp(config)
        self.ls2 = LayerScale(config)

    def forward(self, tokens: Tensor) -> Tensor:
        """``[B, L, D]`` to the same shape."""
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens)))
        out: Tensor = tokens + self.ls2(self.mlp(self.norm2(tokens)))
        return out


class Attention(nn.Module):
    """Every token looks at all tokens."""

    def __init__(self, config: AvatarConfig) -> None:
        super().__init__()
        self.heads = config.vit_heads
        self.qkv = nn.Linear(config.vit_width, 3 * config.vit_width)
        self.proj = nn.Linear(config.vit_width, config.vit_width)

    def forward(self, tokens: Tensor) -> Tensor:
        """``[B, L, D]`` to the same shape."""
        B, L, D = tokens.shape  # noqa: N806
        query, key, value = self.qkv(tokens).view(B, L, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(B, L, D))
        return out


class Mlp(nn.Module):
    """Two layers with a GELU between."""

    def __init__(self, config: AvatarConfig) -> None:
        super().__init__()
        self.fc1 = nn.Linear(config.vit_width, config.vit_hidden)
        self.fc2 = nn.Linear(config.vit_hidden, config.vit_width)

    def forward(self, tokens: Tensor) -> Tensor:
        """``[..., D]`` to the same shape."""
        out: Tensor = self.fc2(F.gelu(self.fc1(tokens)))
        return out


class LayerScale(nn.Module):
    """A learnt factor for each channel."""

    def __init__(self, config: AvatarConfig) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(config.vit_width))

    def forward(self, tokens: Tensor) -> Tensor:
        """``[..., D]`` to the same shape."""
        return tokens * self.gamma
