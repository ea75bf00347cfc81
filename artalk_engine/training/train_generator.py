"""Third training: the generator learns to write a window's bits from sound, style and the window before.

Generation is free-running: every mistake is fed back. Half of each batch therefore gets the coarser bits that the
generator itself would make, and is taught the finer bits that make the best of them; the window before ends in a
slightly wrong face, and is taught to be carried on from without a jump. Beside the bits, the motion counts: where the
coarser bits are right, all are replaced by their expectation and decoded through the frozen codec; where they are the
generator's own, the very bits are decoded that would come out, and gradients pass through their expectation. The
encoder goes on learning, slowly, and keeps its own losses, so that it does not forget sounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from artalk_engine.audio.log_mel import LogMelEncoder
from artalk_engine.config import BUILTIN_RIG, STYLE_FRAMES
from artalk_engine.motion.generator import BitwiseARModel, WindowState
from artalk_engine.motion.quantizer import MultiScaleBSQ, resize_down, resize_up
from artalk_engine.motion.vae import BitwiseVAE

from . import loop
from .free_running import examine
from .motion_loss import LipDirections, MotionStatistics, spread_loss
from .pictures import disturb
from .train_codec import CodecTraining
from .train_encoder import TaughtEncoder
from .windows import AROUND_FRAMES, FRAMES, STYLE_NAMES, Batch, WindowSource

_NEUTRAL = STYLE_NAMES.index("neutral")
_DRIFT_FRAMES = 3.0
_WINDOW_STEPS = slice(2 * AROUND_FRAMES, 2 * (AROUND_FRAMES + FRAMES))  # of the features of all that is heard
_SEAM_FRAMES = 4


@dataclass(frozen=True, slots=True)
class GeneratorTraining:
    """Sizes and schedule."""

    codec: CodecTraining = field(default_factory=CodecTraining)
    width: int = 192
    depth: int = 3
    heads: int = 4
    style_width: int = 64
    most_flips_coarser: float = 0.1  # share of wrong bits added to the generator's own, at most
    most_flips_before: float = 0.05  # and in the window before
    most_drift: float = 0.4  # of the way to another face, in the window before
    null_share_neutral: float = 0.5  # neutral clips, and others, that are shown without their style
    null_share: float = 0.03
    motion_weight: float = 0.5
    closure_weight: float = 0.5
    seam_weight: float = 0.1
    spread_weight: float = 0.3
    hearing_weight: float = 0.15  # of the encoder's own losses
    hearing_rate: float = 0.15  # share of the rate at which the encoder goes on learning
    loop: loop.LoopConfig = field(
        default_factory=lambda: loop.LoopConfig(steps=2400, batch=24, rate=1.5e-3, weight_decay=0.02)
    )

    def mapping(self, audio: Mapping[str, Any]) -> Mapping[str, Any]:
        """``config.json`` of the checkpoint."""
        return {
            "AR_CONFIG": {
                "T_DEPTH": self.depth,
                "T_NUM_HEADS": self.heads,
                "T_HIDDEN_DIM": self.width,
                "STYLE_DIM": self.style_width,
                "PREV_RATIO": 1,
                "AUDIO_ENCODER": "log_mel",
            },
            "VAE_CONFIG": dict(self.codec.mapping),
            "AUDIO_CONFIG": dict(audio),
            "RIG": BUILTIN_RIG,
        }


class GeneratorTrainer(nn.Module):
    """The generator with its losses; the codec is frozen inside, the encoder is the one that was taught."""

    def __init__(self, config: GeneratorTraining, model: BitwiseARModel, taught: TaughtEncoder) -> None:
        super().__init__()
        encoder = model.audio_encoder
        if not isinstance(encoder, LogMelEncoder):
            raise TypeError(f"{type(encoder).__name__} is not the encoder that was taught")
        encoder.load_state_dict(taught.encoder.state_dict())
        taught.encoder = encoder  # one and the same from here on
        self.config, self.model, self.taught = config, model, taught
        model.basic_vae.requires_grad_(False)

    def train(self, mode: bool = True) -> GeneratorTrainer:
        """Train or not; codec and encoder always run as in use."""
        super().train(mode)
        self.taught.eval()
        self.model.basic_vae.eval()
        return self

    def losses(self, batch: Batch, style_clips: Tensor, rng: np.random.Generator) -> loop.Losses:
        """Losses of one batch ``[B, …]``; the first half is given right bits, the second the generator's own."""
        codec, half = self.model.basic_vae, len(batch.style) // 2
        previous, this = drift(batch.previous, batch.styled, self.config.most_drift)
        with torch.no_grad():
            bands = disturb(self.taught.encoder.log_mel(batch.waveform), batch.phones, rng)
            before, _ = codec.quant_to_vqidx(previous)
            window = codec.encode(previous, this)[1]
            if window is None:
                raise AssertionError("two windows were encoded, one came back")
            right = codec.quantize(window[:half])[1]
        with loop.half_precision():
            style = self._style(batch.style, style_clips)
            heard = self.taught.encoder.encode(bands)
            features = heard[:, _WINDOW_STEPS]
            own = self._own_bits(style[half:], previous[half:], features[half:].detach())
            fed = torch.cat([right, flip(own, self.config.most_flips_coarser)])
            flipped = flip(before, self.config.most_flips_before)
            logits = self.model.teacher_forced_logits(features, style, flipped, fed).float()
        wanted = corrections(codec.quantize, window, fed)
        last = previous[:, -1:]
        made = torch.cat([last, self._decode(before, logits, fed, half)], dim=1)
        hearing = sum(self.taught.losses(heard.float(), batch).values(), torch.zeros(()))
        return {
            "bits": F.cross_entropy(logits.flatten(0, 2), wanted.flatten()),
            **self._motion_losses(made, torch.cat([last, this], dim=1)),
            "hearing": self.config.hearing_weight * hearing,
        }

    def _motion_losses(self, made: Tensor, wanted: Tensor) -> loop.Losses:
        """Losses of motion ``[B, 1 + T, M]`` that begins with the last frame of the window before."""
        config, taught = self.config, self.taught
        first = slice(0, 1 + _SEAM_FRAMES)
        steps = (made[:, first] - wanted[:, first]).diff(dim=1) / taught.std
        return {
            "motion": config.motion_weight * taught.motion_loss(made, wanted),
            "closures": config.closure_weight * taught.closure_loss(made, wanted),
            "seam": config.seam_weight * steps[..., taught.motion_loss.is_moving].square().mean(),
            "spread": config.spread_weight * spread_loss(made[:, 1:], wanted[:, 1:], taught.std),
        }

    @torch.no_grad()
    def _own_bits(self, style: Tensor, previous: Tensor, features: Tensor) -> Tensor:
        """Bits that the generator makes by itself, ``[B, L, C]``."""
        clips = len(style)
        state = WindowState(
            style.detach(), previous, style.new_zeros(clips, 0, style.shape[-1]), (0,) * clips, (0,) * clips
        )
        return self.model.step(state, features).bits

    def _style(self, style: Tensor, clips: Tensor) -> Tensor:
        share = torch.where(style == _NEUTRAL, self.config.null_share_neutral, self.config.null_share)
        is_null = torch.rand(len(style)) < share
        return torch.where(is_null[:, None, None], self.model.null_style_cond, self.model.embed_style(clips))

    def _decode(self, before: Tensor, logits: Tensor, fed: Tensor, half: int) -> Tensor:
        """Motion ``[B, T, M]`` of expected bits; in the second half of those that were fed, and of the likeliest."""
        codec = self.model.basic_vae
        expected = torch.tanh((logits[..., 1] - logits[..., 0]) / 2) * codec.quantize.codebook_dim**-0.5
        likeliest = codec.quantize.bsq.bits_to_codes((expected[half:] > 0).long())
        expected = torch.cat([expected[:half], expected[half:] + (likeliest - expected[half:]).detach()])
        scales = list(codec.quantize.scales)
        window = torch.zeros(())
        for part, bits in zip(torch.split(expected, scales, 1)[:-1], torch.split(fed, scales, 1)[:-1], strict=True):
            codes = torch.cat([part[:half], codec.quantize.bsq.bits_to_codes(bits[half:])])
            window = window + resize_up(codes, codec.config.window)
        motion: Tensor = codec.decode(codec.quantize.bits_to_window(before), window + expected[:, -scales[-1] :])[1]
        return motion


def drift(previous: Tensor, this: Tensor, most: float) -> tuple[Tensor, Tensor]:
    """Let the window before end in a slightly wrong face, and the window find its way back from there.

    So the generator learns to carry on from its own mistakes without a jump. Before a clip's first window there is
    nothing, which stays as it is.

    Args:
        previous: motion of the window before, ``[B, T, M]``.
        this: motion of the window, ``[B, T, M]``.
        most: share of the way to another clip's face, at most.

    Returns:
        both windows, changed; the last dozen frames of the first, and about a dozen of the second.
    """
    last = previous[:, -1:]
    has_before = (previous != 0).flatten(1).any(dim=1)[:, None, None]
    offset = (last.roll(1, dims=0) - last) * (torch.rand(len(last), 1, 1) * most) * has_before
    frames = torch.arange(previous.shape[1], dtype=previous.dtype)[None, :, None]
    grown = torch.exp((frames - frames[:, -1:]) / _DRIFT_FRAMES)
    return previous + offset * grown, this + offset * torch.exp(-(frames + 1.0) / _DRIFT_FRAMES)


def flip(bits: Tensor, most: float) -> Tensor:
    """Turn over up to a share of the bits ``[B, L, C]`` of each window."""
    rates = torch.rand(len(bits), 1, 1) * most
    return torch.where(torch.rand(bits.shape) < rates, 1 - bits, bits)


def corrections(quantizer: MultiScaleBSQ, features: Tensor, fed: Tensor) -> Tensor:
    """Bits that each scale should have, given those that the scales before it have, right or wrong.

    Args:
        quantizer: the codec's.
        features: of a window, ``[B, T, C]``.
        fed: bits ``[B, L, C]``.

    Returns:
        ``[B, L, C]``; equal to ``fed`` where that is what the quantizer makes.
    """
    rest, wanted = features, []
    for bits in torch.split(fed, list(quantizer.scales), dim=1):
        wanted.append((resize_down(rest, bits.shape[1]) > 0).long())
        rest = rest - quantizer.scale_window(bits)
    return torch.cat(wanted, dim=1)


def train(
    config: GeneratorTraining,
    taught: TaughtEncoder,
    audio: Mapping[str, Any],
    codec: BitwiseVAE,
    source: WindowSource,
    held_out: WindowSource,
    head: Path,
    state_path: Path,
    earlier: BitwiseARModel | None = None,
) -> BitwiseARModel:
    """Train the generator, or carry on; returns the whole model.

    Args:
        config: sizes and schedule.
        taught: the audio encoder, trained, with its readings.
        audio: its ``AUDIO_CONFIG``.
        codec: the codec, trained.
        source: windows to learn from.
        held_out: clips to run freely on and report.
        head: the built-in head, for the loss on the lips.
        state_path: where the state of the training is kept.
        earlier: a model of the same sizes to begin with, whose encoder and codec are not looked at; None is nothing.
    """
    statistics = MotionStatistics.of(source.motion())
    torch.manual_seed(config.loop.seed)
    model = BitwiseARModel(config.mapping(audio))
    if earlier is not None:
        model.load_state_dict(earlier.state_dict())
    model.basic_vae.load_state_dict(codec.state_dict())
    model.style_encoder.motion_mean.copy_(statistics.mean)
    model.style_encoder.motion_std.copy_(statistics.std)
    trainer = GeneratorTrainer(config, model, taught)
    directions = LipDirections.load(head)

    def step(rng: np.random.Generator) -> loop.Losses:
        trainer.train()
        batch = source.draw(config.loop.batch, rng)
        return trainer.losses(batch, source.style_clips(batch.style, STYLE_FRAMES, rng), rng)

    def report(averaged: nn.Module) -> str:
        return examine(averaged.model, held_out, directions) if isinstance(averaged, GeneratorTrainer) else ""

    gently = loop.Gently(taught, config.hearing_rate)
    loop.run(trainer, config.loop, step, state_path, report, gently)
    return model.eval()
