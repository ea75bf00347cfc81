"""Second training: the bitwise codec learns to write the rule's motion in bits and to read it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from artalk_engine.motion.vae import BitwiseVAE
from bridge.motion import CHANNELS

from . import loop
from .motion_loss import ClosureLoss, LipDirections, MotionLoss, MotionStatistics
from .windows import WindowSource

_CLOSED_MM, _NEARLY_CLOSED_MM = 0.5, 1.0
_CLOSURE_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class CodecTraining:
    """Sizes and schedule."""

    code_bits: int = 32
    width: int = 128
    depth: int = 2
    heads: int = 4
    scales: tuple[int, ...] = (1, 5, 25, 50, 100)
    loop: loop.LoopConfig = field(default_factory=lambda: loop.LoopConfig(steps=900, batch=32, weight_decay=1e-4))

    @property
    def mapping(self) -> Mapping[str, Any]:
        """``VAE_CONFIG`` of the checkpoint."""
        return {
            "MOTION_DIM": CHANNELS,
            "V_CODE_DIM": self.code_bits,
            "T_DEPTH": self.depth,
            "T_NUM_HEADS": self.heads,
            "T_HIDDEN_DIM": self.width,
            "V_PATCH_NUMS": list(self.scales),
        }


def train(
    config: CodecTraining,
    source: WindowSource,
    held_out: WindowSource,
    head: Path,
    state_path: Path,
    earlier: BitwiseVAE | None = None,
) -> BitwiseVAE:
    """Train the codec, or carry on; returns it ready to be used.

    Args:
        config: sizes and schedule.
        source: windows to learn from; the sound is not looked at.
        held_out: windows to report on.
        head: the built-in head, for the loss on the lips.
        state_path: where the state of the training is kept.
        earlier: a codec of the same sizes to begin with; None is nothing.
    """
    statistics = MotionStatistics.of(source.motion())
    torch.manual_seed(config.loop.seed)
    codec = BitwiseVAE(config.mapping)
    if earlier is not None:
        codec.load_state_dict(earlier.state_dict())
    codec.motion_mean.copy_(statistics.mean)
    codec.motion_std.copy_(statistics.std)
    _silence_still_channels(codec, statistics)
    motion_loss, closure_loss = MotionLoss(head, statistics), ClosureLoss(head)
    directions = LipDirections.load(head)
    examined = held_out.draw_motion(64, np.random.default_rng(0))

    def step(rng: np.random.Generator) -> loop.Losses:
        codec.train()
        previous, styled = source.draw_motion(config.loop.batch, rng)
        output = codec(previous, styled)
        made, wanted = torch.cat([output.previous, output.this], dim=1), torch.cat([previous, styled], dim=1)
        return {
            "motion": motion_loss(made, wanted),
            "closures": _CLOSURE_WEIGHT * closure_loss(made, wanted),
            "bits": output.losses.mean(),
        }

    loop.run(codec, config.loop, step, state_path, lambda averaged: examine(averaged, *examined, directions))
    return codec.eval()


@torch.no_grad()
def _silence_still_channels(codec: BitwiseVAE, statistics: MotionStatistics) -> None:
    """Let channels that never move come out as their mean: the loss does not look at them, so nothing else would."""
    is_still = ~statistics.is_moving
    codec.decoder.out_mapping.weight[is_still] = 0.0
    codec.decoder.out_mapping.bias[is_still] = 0.0


@torch.no_grad()
def examine(codec: nn.Module, previous: Tensor, styled: Tensor, directions: LipDirections) -> str:
    """Say what survives the codec: the lips' opening, closures."""
    codec.eval()
    made = codec(previous, styled).this
    opening, wanted = directions.aperture(made), directions.aperture(styled)
    is_closed = wanted < _CLOSED_MM
    correlation = torch.corrcoef(torch.stack([opening.flatten(), wanted.flatten()]))[0, 1]
    return (
        f"| held out: opening {correlation:.4f}, error {(opening - wanted).square().mean().sqrt():.2f} mm, "
        f"closed kept {(opening[is_closed] < _NEARLY_CLOSED_MM).float().mean():.3f}"
    )
