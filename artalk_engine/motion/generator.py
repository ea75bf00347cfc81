"""The generator: audio, a style and the window before become the bits of the next window.

A window's bits are made scale by scale, all of one scale at once. Everything that
one window hands to the next is a ``WindowState``, so a whole file and a stream
run the same ``step``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, overload

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from artalk_engine.audio.encoders import build_audio_encoder
from artalk_engine.config import SAMPLE_RATE_HZ, GeneratorConfig
from artalk_engine.errors import AudioEmptyError

from .quantizer import resize_down
from .style import StyleEncoder
from .transformer import AdaLNBeforeHead, AdaLNSelfAttn
from .vae import BitwiseVAE

STYLE_GUIDANCE = 1.1
DROP_PATH_AT_24_BLOCKS = 0.1


@dataclass(frozen=True)
class WindowState:
    """What the next window needs to know of those before it.

    Attributes:
        style: style token, ``[B, 1, D]``.
        motion: the window before, as generated, ``[B, T, M]``; zeros at the start.
        context: tokens of the windows before that one, ``[B, P, D]``, oldest first;
            None at the start.
    """

    style: Tensor
    motion: Tensor
    context: Tensor | None = None


@dataclass(frozen=True)
class Window:
    """One generated window.

    Attributes:
        motion: ``[B, T, M]``, raw.
        bits: of this window, ``[B, L, C]``.
        context_bits: of the window before, encoded again, ``[B, L, C]``.
        state: for the window after.
    """

    motion: Tensor
    bits: Tensor
    context_bits: Tensor
    state: WindowState


class BitwiseARModel(nn.Module):
    """ARTalk: audio encoder, style encoder, motion codec and the generator over their tokens."""

    lvl_idx: Tensor
    attn_bias_for_masking: Tensor

    def __init__(self, model_cfg: Mapping[str, Any] | GeneratorConfig) -> None:
        super().__init__()
        config = model_cfg if isinstance(model_cfg, GeneratorConfig) else GeneratorConfig.from_mapping(model_cfg)
        self.config = config
        codec, width = config.codec, config.width
        self.null_style_cond = nn.Parameter(torch.randn(1, 1, width) * 0.5)
        self.pos_embed = nn.Parameter(_embedding(1, codec.tokens, width))
        self.prev_pos_embed = nn.Parameter(_embedding(1, codec.tokens * config.context_windows, width))
        levels = _levels(codec.scales)
        self.register_buffer("attn_bias_for_masking", _scale_mask(levels, config.context_windows))
        self.register_buffer("lvl_idx", levels[None])
        self.basic_vae = BitwiseVAE(codec)
        self.vqfeat_embed = nn.Linear(codec.code_bits, width)
        self.style_encoder = StyleEncoder(codec.motion_channels, config.style_width)
        self.style_cond_embed = nn.Linear(config.style_width, width)
        self.audio_encoder = build_audio_encoder(config.audio_encoder, config.audio)
        features = self.audio_encoder.feature_dim
        drop = torch.linspace(0, DROP_PATH_AT_24_BLOCKS * config.depth / 24, config.depth, device="cpu").tolist()
        self.attn_blocks = nn.ModuleList(AdaLNSelfAttn(width, features, config.heads, rate) for rate in drop)
        self.cond_logits_head = AdaLNBeforeHead(width, features)
        self.logits_head = nn.Linear(width, 2 * codec.code_bits)
        self.lvl_embed = nn.Embedding(len(codec.scales), width)
        nn.init.trunc_normal_(self.lvl_embed.weight, std=(3 * width) ** -0.5)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.null_style_cond.device

    @overload
    def inference(self, batch: Mapping[str, Any], with_gtmotion: Literal[False] = False) -> Tensor: ...

    @overload
    def inference(
        self, batch: Mapping[str, Any], with_gtmotion: Literal[True]
    ) -> tuple[Tensor, Tensor, Tensor | None]: ...

    @torch.no_grad()
    def inference(
        self, batch: Mapping[str, Any], with_gtmotion: bool = False
    ) -> Tensor | tuple[Tensor, Tensor, Tensor | None]:
        """Generate motion for whole waveforms.

        Args:
            batch: ``"audio"`` ``[B, S]`` at 16 kHz, and ``"style_motion"``
                ``[B, 50, M]`` or None.
            with_gtmotion: also give the recorded motion next to the generated one,
                for comparison; the batch then has ``"motion"`` ``[B, T, M]`` and
                perhaps ``"shape"`` ``[B, 1, S]``.

        Returns:
            motion ``[B, T, M]``, raw; with ``with_gtmotion`` generated motion, recorded
            motion and shape, all of the shorter length.

        Raises:
            AudioEmptyError: if there is not a single sample.
        """
        audio: Tensor = batch["audio"]
        if not audio.shape[1]:
            raise AudioEmptyError("the waveform has no samples")
        windows = self.windows(audio, batch.get("style_motion"))
        motion = torch.cat([window.motion for window in windows], dim=1)[:, : frame_count(audio.shape[1])]
        if not with_gtmotion:
            return motion
        recorded, shape = batch["motion"], batch.get("shape")
        frames = min(motion.shape[1], recorded.shape[1])
        return motion[:, :frames], recorded[:, :frames], None if shape is None else shape.expand(-1, frames, -1)

    def windows(self, audio: Tensor, style_clip: Tensor | None) -> Iterator[Window]:
        """Generate window after window for ``audio`` ``[B, S]``; the last one is padded with silence."""
        state = self.start(style_clip, audio.shape[0])
        for piece in self.split(audio):
            window = self.step(state, piece)
            state = window.state
            yield window

    def split(self, audio: Tensor) -> Iterator[Tensor]:
        """Cut ``audio`` ``[B, S]`` into windows, the last padded with zeros."""
        samples = self.config.codec.window_samples
        for number in range(self.window_count(audio.shape[1])):
            piece = audio[:, number * samples : (number + 1) * samples]
            yield F.pad(piece, (0, samples - piece.shape[1]))

    def window_count(self, samples: int) -> int:
        """Say how many windows a number of samples takes."""
        return math.ceil(frame_count(samples) / self.config.codec.window)

    @torch.no_grad()
    def start(self, style_clip: Tensor | None, batch: int) -> WindowState:
        """Make the state before the first window: a style, and a motion of zeros."""
        codec = self.config.codec
        motion = self.null_style_cond.new_zeros(batch, codec.window, codec.motion_channels)
        return WindowState(self.style_token(style_clip, batch), motion)

    @torch.no_grad()
    def step(self, state: WindowState, audio: Tensor) -> Window:
        """Generate one window.

        Args:
            state: from ``start`` or from the window before.
            audio: the samples of this window, ``[B, S]``.
        """
        context_bits, _ = self.basic_vae.quant_to_vqidx(state.motion)
        context = self._shift_context(state, context_bits)
        audio_features = self.audio_encoder(audio.to(self.device))
        bits = self._generate_bits(self.audio_tokens(audio_features), state.style, context)
        _, motion = self.basic_vae.vqidx_to_motion(context_bits, bits)
        return Window(motion, bits, context_bits, WindowState(state.style, motion, context))

    def style_token(self, style_clip: Tensor | None, batch: int = 1) -> Tensor:
        """Make the style token ``[B, 1, D]`` that generation uses, a little beyond the style given.

        One clip ``[1, 50, M]`` serves a whole batch.
        """
        if style_clip is None:
            return self.null_style_cond.expand(batch, -1, -1)
        token = self.embed_style(style_clip.to(self.device)).expand(max(batch, len(style_clip)), -1, -1)
        return token * STYLE_GUIDANCE - self.null_style_cond * (STYLE_GUIDANCE - 1)

    def embed_style(self, style_clip: Tensor) -> Tensor:
        """Make the style token ``[B, 1, D]`` of clips ``[B, 50, M]``, without guidance, as training needs it."""
        embedded: Tensor = self.style_cond_embed(self.style_encoder(style_clip))
        return embedded[:, None]

    def audio_tokens(self, audio_features: Tensor) -> Tensor:
        """Average audio features ``[B, A, F]`` to every scale, one after another: ``[B, L, F]``."""
        return torch.cat([resize_down(audio_features, scale) for scale in self.config.codec.scales], dim=1)

    def teacher_forced_logits(
        self, audio_features: Tensor, style_token: Tensor, previous_bits: Tensor, this_bits: Tensor
    ) -> Tensor:
        """Compute the logits of all scales in one pass, given the right bits of the coarser ones.

        Args:
            audio_features: ``[B, A, F]``, from the audio encoder.
            style_token: ``[B, 1, D]``, from ``embed_style`` or ``null_style_cond``.
            previous_bits: of the windows before, oldest first, ``[B, R * L, C]``.
            this_bits: ``[B, L, C]``; those of the finest scale are not looked at.

        Returns:
            ``[B, L, C, 2]``: for each bit the logits of 0 and of 1.
        """
        style_token = style_token.expand(this_bits.shape[0], -1, -1)
        audio = self.audio_tokens(audio_features)
        windows = torch.tensor_split(previous_bits, self.config.context_windows, dim=1)
        context = torch.cat([self._embed(style_token, self.basic_vae.quantize.bits_to_inputs(w)) for w in windows], 1)
        tokens = self._embed(style_token, self.basic_vae.quantize.bits_to_inputs(this_bits)) + self._positions()
        context = context + self._context_positions()
        for block in self.attn_blocks:
            tokens = block(tokens, context, audio, self.attn_bias_for_masking)
        return self._logits(tokens, audio)

    def _generate_bits(self, audio: Tensor, style: Tensor, context: Tensor) -> Tensor:
        """Make a window's bits ``[B, L, C]`` scale by scale, each token once."""
        scales, quantizer = self.config.codec.scales, self.basic_vae.quantize
        context = context + self._context_positions()
        positions = self._positions()
        blocks = [block for block in self.attn_blocks if isinstance(block, AdaLNSelfAttn)]
        modulations = [block.modulation(audio) for block in blocks]
        visible = [block.context(context) for block in blocks]
        tokens, window, start, made = style, torch.zeros((), device=audio.device), 0, []
        for index, scale in enumerate(scales):
            now = slice(start, start + scale)
            tokens = tokens + positions[:, now]
            for number, block in enumerate(blocks):
                # No mask: what is visible so far are the context, coarser scales and this one.
                tokens, visible[number] = block.step(tokens, modulations[number].tokens(now), visible[number])
            bits = self._logits(tokens, audio[:, now]).argmax(dim=-1)
            made.append(bits)
            start += scale
            if index + 1 < len(scales):
                window = window + quantizer.scale_window(bits)
                tokens = self.vqfeat_embed(quantizer.next_input(window, index))
        return torch.cat(made, dim=1)

    def _shift_context(self, state: WindowState, context_bits: Tensor) -> Tensor:
        """Drop the oldest window's tokens and append those of the last: ``[B, R * L, D]``."""
        newest = self._embed(state.style, self.basic_vae.vqidx_to_ms_vqfeat(context_bits))
        if state.context is None:
            return newest.repeat(1, self.config.context_windows, 1)
        return torch.cat([state.context[:, newest.shape[1] :], newest], dim=1)

    def _embed(self, style: Tensor, features: Tensor) -> Tensor:
        return torch.cat([style, self.vqfeat_embed(features)], dim=1)

    def _logits(self, tokens: Tensor, audio: Tensor) -> Tensor:
        logits: Tensor = self.logits_head(self.cond_logits_head(tokens, audio))
        return logits.view(*logits.shape[:2], -1, 2)

    def _positions(self) -> Tensor:
        levels: Tensor = self.lvl_embed(self.lvl_idx)
        return levels + self.pos_embed

    def _context_positions(self) -> Tensor:
        levels: Tensor = self.lvl_embed(self.lvl_idx)
        return levels.repeat(1, self.config.context_windows, 1) + self.prev_pos_embed


def frame_count(samples: int) -> int:
    """Say how many frames of motion go with a number of samples."""
    # Quirk: floating point, so that 142 lengths below two million give one frame more than exact division.
    return math.ceil(samples / SAMPLE_RATE_HZ * 25.0)


def _embedding(*shape: int) -> Tensor:
    return nn.init.trunc_normal_(torch.empty(*shape), std=(shape[-1] * 3) ** -0.5)


def _levels(scales: tuple[int, ...]) -> Tensor:
    """Scale of each token, ``[L]``."""
    return torch.repeat_interleave(torch.arange(len(scales)), torch.tensor(scales), output_size=sum(scales))


def _scale_mask(levels: Tensor, context_windows: int) -> Tensor:
    """``[1, 1, L, (R + 1) * L]``: 0 where a token may look, minus infinity at finer scales than its own."""
    finer = levels[:, None] < levels[None, :]
    own = torch.zeros(finer.shape).masked_fill(finer, -torch.inf)
    return torch.cat([torch.zeros(len(levels), len(levels) * context_windows), own], dim=1)[None, None]
