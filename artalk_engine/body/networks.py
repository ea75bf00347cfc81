"""Encoder and decoder of the body codec: convolutions over time, at rates that halve and double.

References:
    Guo et al., MoMask: Generative Masked Modeling of 3D Human Motions, 2024;
    Liu et al., GestureLSM: Latent Shortcut based Co-Speech Gesture Generation, 2025.
"""

from __future__ import annotations

from torch import Tensor, nn

from .config import STRIDE, BodyCodecConfig

DROPOUT = 0.2


class Encoder(nn.Module):
    """Motion ``[B, M, T]`` to features ``[B, C, N]``."""

    def __init__(self, config: BodyCodecConfig) -> None:
        super().__init__()
        width = config.width
        # No activation follows a step down or ends the network: the weights expect it so.
        steps = [nn.Sequential(nn.Conv1d(width, width, 4, STRIDE, 1), ResNet1D(config)) for _ in range(config.down_t)]
        self.model = nn.Sequential(
            nn.Conv1d(config.input_width, width, 3, padding=1),
            nn.ReLU(),
            *steps,
            nn.Conv1d(width, config.code_dim, 3, padding=1),
        )

    def forward(self, motion: Tensor) -> Tensor:
        """Encode ``[B, M, T]`` into ``[B, C, T // 4]`` (with two steps down)."""
        features: Tensor = self.model(motion)
        return features


class Decoder(nn.Module):
    """Quantized features ``[B, C, N]`` to motion ``[B, M, T]``."""

    def __init__(self, config: BodyCodecConfig) -> None:
        super().__init__()
        width = config.width
        steps = [
            nn.Sequential(ResNet1D(config), nn.Upsample(scale_factor=STRIDE), nn.Conv1d(width, width, 3, padding=1))
            for _ in range(config.down_t)
        ]
        self.model = nn.Sequential(
            nn.Conv1d(config.code_dim, width, 3, padding=1),
            nn.ReLU(),
            *steps,
            nn.Conv1d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(width, config.input_width, 3, padding=1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Decode ``[B, C, N]`` into ``[B, M, 4 * N]`` (with two steps up)."""
        motion: Tensor = self.model(features)
        return motion


class ResNet1D(nn.Module):
    """Residual blocks whose reach shrinks from block to block."""

    def __init__(self, config: BodyCodecConfig) -> None:
        super().__init__()
        self.model = nn.Sequential(*(ResidualBlock(config, dilation) for dilation in config.dilations))

    def forward(self, features: Tensor) -> Tensor:
        """Refine ``[B, W, T]``."""
        refined: Tensor = self.model(features)
        return refined


class ResidualBlock(nn.Module):
    """Norm, activation and convolution, twice, added to the input."""

    def __init__(self, config: BodyCodecConfig, dilation: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = _norm(config), _norm(config)
        self.activation = {"relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU}[config.activation]()
        self.conv1 = nn.Conv1d(config.width, config.width, 3, padding=dilation, dilation=dilation)
        self.conv2 = nn.Conv1d(config.width, config.width, 1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, features: Tensor) -> Tensor:
        """Refine ``[B, W, T]``."""
        inner = self.conv1(self.activation(self.norm1(features)))
        inner = self.conv2(self.activation(self.norm2(inner)))
        refined: Tensor = features + self.dropout(inner)
        return refined


class _ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of ``[B, W, T]``."""

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features.transpose(1, 2)).transpose(1, 2)


def _norm(config: BodyCodecConfig) -> nn.Module:
    match config.norm:
        case "LN":
            return _ChannelNorm(config.width)
        case "GN":
            return nn.GroupNorm(32, config.width, eps=1e-6)
        case "BN":
            return nn.BatchNorm1d(config.width, eps=1e-6)
    return nn.Identity()
