"""The built-in voice's audio encoder: a log-mel picture read by a small dilated convolution net.

    waveform ─► log-mel, 100 Hz ─► two views ─► residual blocks ─► halved to 50 Hz ─► residual blocks ─► features

Of the two views one is relative to the level of the window's speech, which itself is never taken to be lower than
``QUIETEST_SPEECH``, so that silence and its noise stay small; the other has the mean spectrum of the speech removed,
and so is blind to microphone and speaker.

A picture may be heard more than once, moved up and down by a few bands as if a smaller and a larger person had said it;
what is heard is the mean. Where the sizes disagree, an n for one and an m for another, the mean is less sure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from artalk_engine.config import SAMPLE_RATE_HZ
from artalk_engine.errors import ConfigError

HOP, SPAN, FFT = 160, 400, 512  # samples
HANN_ENERGY = 0.375 * SPAN  # sum of the squares of its window
LOWEST_HZ, HIGHEST_HZ = 50.0, 7600.0
FLOOR = 1e-9  # power below which nothing is heard, full scale being 1
QUIETEST_SPEECH = 1e-4  # -40 dB below full scale
LOUD_QUANTILE = 0.95
NEPERS_A_UNIT = 4.6  # 20 dB
SILENCE = 9.2  # 40 dB: so far below the speech everything is silent


@dataclass(frozen=True, slots=True)
class LogMelConfig:
    """Sizes of the encoder (``AUDIO_CONFIG``)."""

    bands: int = 80
    width: int = 160
    groups: int = 10
    kernel: int = 5
    fine_dilations: tuple[int, ...] = (1, 2)  # at 100 Hz
    coarse_dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2, 4, 8)  # at 50 Hz
    dropout: float = 0.1
    shifts: tuple[int, ...] = (0,)  # bands by which the picture is moved up, a hearing each

    def __post_init__(self) -> None:
        if self.width % self.groups:
            raise ConfigError(f"width {self.width} does not divide into {self.groups} groups")
        if self.kernel % 2 == 0:
            raise ConfigError(f"kernel must be odd, not {self.kernel}")
        if not self.shifts or max(map(abs, self.shifts)) >= self.bands:
            raise ConfigError(f"shifts must name a hearing, and each be less than the {self.bands} bands")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> LogMelConfig:
        """Read ``AUDIO_CONFIG``; lists become tuples, what is missing keeps its default.

        Raises:
            ConfigError: naming a field that does not exist.
        """
        known = {field.name for field in fields(cls)}
        for name in values:
            if name not in known:
                raise ConfigError(f"AUDIO_CONFIG of a log_mel encoder has no field {name}")
        given: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in values.items()}
        return cls(**given)


class LogMelEncoder(nn.Module):
    """Speech at 16 kHz to features at 50 Hz, a few milliseconds of work for a window."""

    hop = 2 * HOP
    spectral_window: Tensor
    filters: Tensor

    def __init__(self, audio_cfg: Mapping[str, Any] | LogMelConfig) -> None:
        super().__init__()
        config = audio_cfg if isinstance(audio_cfg, LogMelConfig) else LogMelConfig.from_mapping(audio_cfg)
        self.config = config
        self.feature_dim = config.width
        self.register_buffer("spectral_window", torch.hann_window(SPAN, device="cpu"), persistent=False)
        self.register_buffer("filters", mel_filters(config.bands), persistent=False)
        self.stem = nn.Conv1d(2 * config.bands, config.width, config.kernel, padding=config.kernel // 2)
        self.fine = nn.Sequential(*[_Block(config, dilation) for dilation in config.fine_dilations])
        self.halve = nn.Conv1d(config.width, config.width, 4, stride=2, padding=1)
        self.coarse = nn.Sequential(*[_Block(config, dilation) for dilation in config.coarse_dilations])
        self.last = nn.LayerNorm(config.width)

    def steps(self, samples: int) -> int:
        """Say how many steps ``A`` a number of samples gives."""
        return samples // self.hop

    def forward(self, windows: Tensor) -> Tensor:
        """Encode ``[B, S]`` at 16 kHz into ``[B, A, F]``; 64,000 samples give 200 steps."""
        bands = self.log_mel(windows)
        return torch.stack([self.encode(moved(bands, shift)) for shift in self.config.shifts]).mean(dim=0)

    def log_mel(self, windows: Tensor) -> Tensor:
        """Natural logarithm of the power in each band, ``[B, N, S // 160]``; a full-scale square wave has power 1."""
        margin = (FFT - HOP) // 2
        padded = F.pad(windows, (margin, margin))
        spectrum = torch.stft(padded, FFT, HOP, SPAN, self.spectral_window, center=False, return_complex=True)
        power = spectrum.real.square() + spectrum.imag.square()
        power = power * (2.0 / (FFT * HANN_ENERGY))
        return torch.log(self.filters @ power + FLOOR)

    def encode(self, bands: Tensor) -> Tensor:
        """Read a log-mel picture ``[B, N, 2 A]`` into features ``[B, A, F]``."""
        fine = self.fine(self.stem(two_views(bands)))
        features: Tensor = self.last(self.coarse(self.halve(fine)).transpose(1, 2))
        return features


def moved(bands: Tensor, shift: int) -> Tensor:
    """Move a picture ``[B, N, A]`` up by so many bands, or down; the outermost band fills what falls free."""
    places = torch.arange(bands.shape[1], device=bands.device) - shift
    return bands[:, places.clamp(0, bands.shape[1] - 1)] if shift else bands


def two_views(bands: Tensor) -> Tensor:
    """Put a picture relative to its speech level on top of one relative to its mean spectrum.

    Args:
        bands: natural log power ``[B, N, A]``.

    Returns:
        ``[B, 2 N, A]``, in units of 20 dB above silence, so that the zeros which convolutions see beyond the ends of a
        window are silence too.
    """
    level = bands.logsumexp(dim=1, keepdim=True)  # [B, 1, A]
    loud = level.quantile(LOUD_QUANTILE, dim=2, keepdim=True)
    reference = loud.clamp_min(math.log(QUIETEST_SPEECH))
    is_speech = torch.sigmoid(level - reference + NEPERS_A_UNIT)  # half at 20 dB below the speech
    mean = (bands * is_speech).sum(dim=2, keepdim=True) / (is_speech.sum(dim=2, keepdim=True) + 1.0)
    relative = torch.cat([bands - reference, (bands - mean).clamp(-SILENCE, SILENCE)], dim=1)
    return (relative + SILENCE) / NEPERS_A_UNIT


def mel_filters(bands: int) -> Tensor:
    """Triangles of equal height and equal width on the mel scale, ``[N, FFT / 2 + 1]``."""
    limits = 2595.0 * torch.log10(1.0 + torch.tensor([LOWEST_HZ, HIGHEST_HZ], device="cpu") / 700.0)
    mels = torch.linspace(float(limits[0]), float(limits[1]), bands + 2, device="cpu")
    corners_hz = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    bins_hz = torch.linspace(0.0, SAMPLE_RATE_HZ / 2, FFT // 2 + 1, device="cpu")
    low, centre, high = corners_hz[:-2, None], corners_hz[1:-1, None], corners_hz[2:, None]
    # A triangle narrower than a bin would miss every bin; it is widened to one.
    bin_hz = SAMPLE_RATE_HZ / FFT
    rising = (bins_hz - low) / (centre - low).clamp_min(bin_hz)
    falling = (high - bins_hz) / (high - centre).clamp_min(bin_hz)
    return torch.minimum(rising, falling).clamp(0.0, 1.0)


class _Block(nn.Module):
    """A dilated grouped convolution and a mix of channels, added to what came in."""

    def __init__(self, config: LogMelConfig, dilation: int) -> None:
        super().__init__()
        width, padding = config.width, dilation * (config.kernel // 2)
        self.layers = nn.Sequential(
            nn.BatchNorm1d(width),
            nn.Conv1d(width, width, config.kernel, padding=padding, dilation=dilation, groups=config.groups),
            nn.GELU(),
            nn.Conv1d(width, 2 * width, 1),
            nn.GELU(),
            nn.Dropout1d(config.dropout),  # whole channels: a draw for each step takes longer than a convolution
            nn.Conv1d(2 * width, width, 1),
        )

    def forward(self, channels: Tensor) -> Tensor:
        """``[B, F, A]`` to ``[B, F, A]``."""
        added: Tensor = self.layers(channels)
        return channels + added
