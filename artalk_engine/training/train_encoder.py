"""First training: the audio encoder learns what is being said, and how a neutral face would say it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from artalk_engine.audio.log_mel import LogMelConfig, LogMelEncoder
from bridge.motion import CHANNELS

from . import loop
from .augmentation import warp_log_mel
from .motion_loss import LipDirections, MotionLoss, MotionStatistics
from .phones import SYMBOLS
from .windows import Batch, WindowSource

_MOTION_WEIGHT = 0.4


@dataclass(frozen=True, slots=True)
class EncoderTraining:
    """Sizes and schedule."""

    encoder: LogMelConfig = field(default_factory=LogMelConfig)
    loop: loop.LoopConfig = field(default_factory=lambda: loop.LoopConfig(steps=2000, batch=20, rate=2e-3))


class TaughtEncoder(nn.Module):
    """The encoder with two readings on top, which only its training needs."""

    def __init__(self, config: LogMelConfig, statistics: MotionStatistics) -> None:
        super().__init__()
        self.encoder = LogMelEncoder(config)
        self.phone_head = nn.Linear(config.width, len(SYMBOLS))
        self.motion_head = nn.Linear(config.width, CHANNELS)
        self.register_buffer("mean", statistics.mean)
        self.register_buffer("std", statistics.std)

    def forward(self, bands: Tensor) -> tuple[Tensor, Tensor]:
        """Read a log-mel picture ``[B, N, 2 A]``: phone logits ``[B, A, P]`` and motion ``[B, A / 2, 106]``."""
        features = self.encoder.encode(bands)
        halved = F.avg_pool1d(features.transpose(1, 2), 2).transpose(1, 2)
        motion = self.motion_head(halved) * self.std + self.mean
        return self.phone_head(features), motion


def train(
    config: EncoderTraining, source: WindowSource, held_out: WindowSource, head: Path, state_path: Path
) -> LogMelEncoder:
    """Train the encoder, or carry on; returns it ready to be used.

    Args:
        config: sizes and schedule.
        source: windows to learn from.
        held_out: windows to report on.
        head: the built-in head, for the loss on the lips.
        state_path: where the state of the training is kept.
    """
    statistics = MotionStatistics.of(source.motion())
    torch.manual_seed(config.loop.seed)
    taught = TaughtEncoder(config.encoder, statistics)
    motion_loss = MotionLoss(head, statistics)
    directions = LipDirections.load(head)
    examined = held_out.draw(48, np.random.default_rng(0))

    def step(rng: np.random.Generator) -> loop.Losses:
        taught.train()
        return _losses(taught, source.draw(config.loop.batch, rng), motion_loss, rng)

    loop.run(taught, config.loop, step, state_path, lambda _: examine(taught, examined, directions))
    return taught.encoder.eval()


@torch.no_grad()
def examine(taught: TaughtEncoder, batch: Batch, directions: LipDirections) -> str:
    """Say how well held-out windows are heard."""
    taught.eval()
    logits, motion = taught(taught.encoder.log_mel(batch.waveform))
    right = (logits.argmax(-1) == batch.phones).float().mean()
    made, wanted = directions.aperture(motion), directions.aperture(batch.neutral)
    correlation = torch.corrcoef(torch.stack([made.flatten(), wanted.flatten()]))[0, 1]
    is_closed = wanted < _CLOSED_MM
    return (
        f"| held out: phones {right:.3f} opening {correlation:.3f} "
        f"closed found {(made[is_closed] < _NEARLY_CLOSED_MM).float().mean():.3f} "
        f"open found {(made[~is_closed] >= _NEARLY_CLOSED_MM).float().mean():.3f}"
    )


_CLOSED_MM, _NEARLY_CLOSED_MM = 0.5, 1.5


def _losses(taught: TaughtEncoder, batch: Batch, motion_loss: MotionLoss, rng: np.random.Generator) -> loop.Losses:
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    with torch.no_grad():
        bands = warp_log_mel(taught.encoder.log_mel(batch.waveform), generator)
    logits, motion = taught(bands)
    return {
        "phones": F.cross_entropy(logits.flatten(0, 1), batch.phones.flatten()),
        "motion": _MOTION_WEIGHT * motion_loss(motion, batch.neutral),
    }
