"""First training: the audio encoder learns what is being said, and how a neutral face would say it.

References:
    Wortsman et al., Robust fine-tuning of zero-shot models, 2022: why the weights from before have a share.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from artalk_engine.audio.log_mel import LogMelConfig, LogMelEncoder
from bridge.motion import CHANNELS

from . import loop
from .motion_loss import ClosureLoss, LipDirections, MotionLoss, MotionStatistics
from .phones import SYMBOLS
from .pictures import disturb
from .windows import Batch, WindowSource

log = logging.getLogger(__name__)

_MOTION_WEIGHT, _CLOSURE_WEIGHT = 0.4, 0.6
_EARLIER_SHARE = 0.4  # of the weights gone on from, in those that come out: unheard voices are heard best so
_SMOOTHING = 0.05  # share of certainty about a phone that is not asked for, since its borders are not sharp


@dataclass(frozen=True, slots=True)
class EncoderTraining:
    """Sizes and schedule."""

    encoder: LogMelConfig = field(default_factory=lambda: LogMelConfig(width=192, groups=12, shifts=(-2, 0, 2)))
    loop: loop.LoopConfig = field(default_factory=lambda: loop.LoopConfig(steps=6000, batch=20, rate=2e-3))


class TaughtEncoder(nn.Module):
    """The encoder with two readings on top, which only its training needs, and their losses."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: LogMelConfig, head: Path, statistics: MotionStatistics) -> None:
        super().__init__()
        self.encoder = LogMelEncoder(config)
        self.phone_head = nn.Linear(config.width, len(SYMBOLS))
        self.motion_head = nn.Linear(config.width, CHANNELS)
        self.motion_loss, self.closure_loss = MotionLoss(head, statistics), ClosureLoss(head)
        self.register_buffer("mean", statistics.mean)
        self.register_buffer("std", statistics.std)

    def forward(self, bands: Tensor) -> tuple[Tensor, Tensor]:
        """Read a log-mel picture ``[B, N, 2 A]``: phone logits ``[B, A, P]`` and motion ``[B, A / 2, 106]``."""
        return self.readings(self.encoder.encode(bands))

    def readings(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Read features ``[B, A, F]``: phone logits ``[B, A, P]`` and motion ``[B, A / 2, 106]``."""
        halved = F.avg_pool1d(features.transpose(1, 2), 2).transpose(1, 2)
        return self.phone_head(features), self.motion_head(halved) * self.std + self.mean

    def losses(self, features: Tensor, batch: Batch) -> loop.Losses:
        """Losses of what features ``[B, 2 H, F]`` say, against a batch; all that is heard counts."""
        logits, motion = self.readings(features)
        return {
            "phones": F.cross_entropy(logits.flatten(0, 1), batch.phones.flatten(), label_smoothing=_SMOOTHING),
            "motion": _MOTION_WEIGHT * self.motion_loss(motion, batch.neutral),
            "closures": _CLOSURE_WEIGHT * self.closure_loss(motion, batch.neutral),
        }


def train(
    config: EncoderTraining,
    source: WindowSource,
    held_out: WindowSource,
    head: Path,
    state_path: Path,
    earlier: LogMelEncoder | None = None,
) -> TaughtEncoder:
    """Train the encoder, or carry on; returns it with the readings on top, ready to be used.

    Args:
        config: sizes and schedule.
        source: windows to learn from.
        held_out: windows to report on.
        head: the built-in head, for the loss on the lips.
        state_path: where the state of the training is kept.
        earlier: an encoder of the same sizes to begin with, and to average with at the end; None is nothing.
    """
    torch.manual_seed(config.loop.seed)
    taught = TaughtEncoder(config.encoder, head, MotionStatistics.of(source.motion()))
    if earlier is not None:
        taught.encoder.load_state_dict(earlier.state_dict())
    directions = LipDirections.load(head)
    examined = held_out.draw(48, np.random.default_rng(0))

    def step(rng: np.random.Generator) -> loop.Losses:
        taught.train()
        batch = source.draw(config.loop.batch, rng)
        with torch.no_grad():
            bands = disturb(taught.encoder.log_mel(batch.waveform), batch.phones, rng)
        with loop.half_precision():
            features = taught.encoder.encode(bands)
        return taught.losses(features.float(), batch)

    loop.run(taught, config.loop, step, state_path, lambda averaged: examine(averaged, examined, directions))
    if earlier is not None:
        loop.draw_towards(taught.encoder.state_dict().values(), earlier.state_dict().values(), _EARLIER_SHARE)
        log.info("averaged with the earlier encoder %s", examine(taught, examined, directions))
    return taught.eval()


@torch.no_grad()
def examine(taught: nn.Module, batch: Batch, directions: LipDirections) -> str:
    """Say how well held-out windows are heard."""
    taught.eval()
    if not isinstance(taught, TaughtEncoder):
        raise TypeError(f"{type(taught).__name__} reads no phones")
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
