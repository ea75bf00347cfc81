"""The generator: audio, a style and the window before become the bits of the next window.

A window's bits are made scale by scale, all of one scale at once. Everything that
one window hands to the next is a ``WindowState``, so a whole file and a stream
run the same ``step``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from artalk_engine.audio.encoders import build_audio_encoder
from artalk_engine.audio.windows import frame_count, window_count
from artalk_engine.config import GeneratorConfig
from artalk_engine.errors import AudioEmptyError

from .quantizer import resize_down
from .sampling import LIKELIEST, Sampling
from .style import StyleEncoder
from .transformer import AdaLNBeforeHead, AdaLNSelfAttn
from .vae import BitwiseVAE

STYLE_GUIDANCE = 1.1
DROP_PATH_AT_24_BLOCKS = 0.1


@dataclass(frozen=True)
class WindowState:
    """What the next window of each clip needs to know of those before it.

    Attributes:
        style: style tokens, ``[B, 1, D]``.
        motion: the windows before, as generated, ``[B, T, M]``; zeros at the start.
        context: tokens of the windows before those, oldest first, ``[B, (R - 1) * L, D]``.
        seeds: of each clip, for drawn bits.
        numbers: of each clip's next window, from 0.
    """

    style: Tensor
    motion: Tensor
    context: Tensor
    seeds: tuple[int, ...]
    numbers: tuple[int, ...]

    @staticmethod
    def join(states: Sequence[WindowState]) -> WindowState:
        """Put clips side by side, whatever their windows' numbers."""
        return WindowState(
            style=torch.cat([state.style for state in states]),
            motion=torch.cat([state.motion for state in states]),
            context=torch.cat([state.context for state in states]),
            seeds=tuple(seed for state in states for seed in state.seeds),
            numbers=tuple(number for state in states for number in state.numbers),
        )

    def split(self) -> list[WindowState]:
        """Take the clips apart again."""
        return [
            WindowState(self.style[clip], self.motion[clip], self.context[clip], self.seeds[clip], self.numbers[clip])
            for clip in (slice(row, row + 1) for row in range(len(self.seeds)))
        ]


@dataclass(frozen=True)
class Window:
    """One generated window of each clip.

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
            window = self.step(state, self.hear(piece))
            state = window.state
            yield window

    def split(self, audio: Tensor) -> Iterator[Tensor]:
        """Cut ``audio`` ``[B, S]`` into windows, the last padded with zeros."""
        samples = self.config.codec.window_samples
        for number in range(window_count(audio.shape[1], self.config.codec.window)):
            piece = audio[:, number * samples : (number + 1) * samples]
            yield F.pad(piece, (0, samples - piece.shape[1]))

    @torch.no_grad()
    def start(
        self,
        style_clip: Tensor | None,
        batch: int,
        strength: float = STYLE_GUIDANCE,
        seeds: Sequence[int] | None = None,
    ) -> WindowState:
        """Make the state before the first window: a style, and motion that has not moved yet.

        Args:
            style_clip: ``[B, 50, M]``, or ``[1, 50, M]`` for all clips, or None for no style.
            batch: number of clips.
            strength: how much of the style to show; 1 is as much as the clip does.
            seeds: one a clip, for drawn bits.
        """
        codec, style = self.config.codec, self.style_token(style_clip, batch, strength)
        motion = style.new_zeros(batch, codec.window, codec.motion_channels)
        context = style.new_zeros(batch, 0, style.shape[-1])
        if self.config.context_windows > 1:
            _, tokens = self._encode_context(style, motion)
            context = tokens.repeat(1, self.config.context_windows - 1, 1)
        return WindowState(style, motion, context, tuple(seeds or (0,) * batch), (0,) * batch)

    @torch.no_grad()
    def hear(self, sound: Tensor, context: int = 0, level: Tensor | None = None) -> Tensor:
        """Encode a window of sound of each clip.

        Args:
            sound: ``[B, C + S + C]``: the window's samples, and before and after them ``C`` samples of what sounds
                around it.
            context: ``C``, a multiple of what one step of the encoder covers.
            level: mean and deviation ``[B, 2]`` to bring the sound to 0 and 1 by; None takes the window's own.

        Returns:
            features of the window alone, ``[B, A, F]``.
        """
        encoder = self.audio_encoder
        heard = sound.to(self.device)
        features: Tensor = encoder(heard) if level is None else encoder(heard, level.to(self.device))
        first = context // encoder.hop
        return features[:, first : first + encoder.steps(sound.shape[1] - 2 * context)]

    @torch.no_grad()
    def step(self, state: WindowState, audio_features: Tensor, sampling: Sampling = LIKELIEST) -> Window:
        """Generate one window of each clip.

        Args:
            state: from ``start`` or from the window before.
            audio_features: of this window, ``[B, A, F]``, from ``hear``.
            sampling: how bits are chosen.
        """
        codec = self.config.codec
        context_bits, newest = self._encode_context(state.style, state.motion)
        context = torch.cat([state.context, newest], dim=1)
        drawn = sampling.draw(state.seeds, state.numbers, codec.tokens, codec.code_bits)
        audio = self.audio_tokens(audio_features)
        bits = self._generate_bits(audio, state.style, context, sampling, drawn)
        motion = self.basic_vae.decode_this(context_bits, bits)
        numbers = tuple(number + 1 for number in state.numbers)
        after = WindowState(state.style, motion, context[:, codec.tokens :], state.seeds, numbers)
        return Window(motion, bits, context_bits, after)

    def style_token(self, style_clip: Tensor | None, batch: int = 1, strength: float = STYLE_GUIDANCE) -> Tensor:
        """Make the style token ``[B, 1, D]`` that generation uses, by default a little beyond the style given.

        One clip ``[1, 50, M]`` serves a whole batch.
        """
        if style_clip is None:
            return self.null_style_cond.expand(batch, -1, -1)
        token = self.embed_style(style_clip.to(self.device)).expand(max(batch, len(style_clip)), -1, -1)
        return token * strength - self.null_style_cond * (strength - 1)

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

    def _generate_bits(
        self, audio: Tensor, style: Tensor, context: Tensor, sampling: Sampling, drawn: Tensor | None
    ) -> Tensor:
        """Make a window's bits ``[B, L, C]`` scale by scale, each token once."""
        drawn = None if drawn is None else drawn.to(audio.device)
        scales, quantizer = self.config.codec.scales, self.basic_vae.quantize
        context = context + self._context_positions()
        positions = self._positions()
        blocks = [block for block in self.attn_blocks if isinstance(block, AdaLNSelfAttn)]
        modulations = [block.modulation(audio) for block in blocks]
        visible = [block.context(context).with_room(audio.shape[1]) for block in blocks]
        tokens, window, start, made = style, torch.zeros((), device=audio.device), 0, []
        for index, scale in enumerate(scales):
            now = slice(start, start + scale)
            tokens = tokens + positions[:, now]
            for number, block in enumerate(blocks):
                # No mask: what is visible so far are the context, coarser scales and this one.
                tokens, visible[number] = block.step(tokens, modulations[number].tokens(now), visible[number])
            bits = sampling.choose(self._logits(tokens, audio[:, now]), None if drawn is None else drawn[:, now])
            made.append(bits)
            start += scale
            if index + 1 < len(scales):
                window = window + quantizer.scale_window(bits)
                tokens = self.vqfeat_embed(quantizer.next_input(window, index))
        return torch.cat(made, dim=1)

    def _encode_context(self, style: Tensor, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Encode a finished window ``[B, T, M]``: its bits ``[B, L, C]`` and its tokens ``[B, L, D]``."""
        bits, _ = self.basic_vae.quant_to_vqidx(motion)
        return bits, self._embed(style, self.basic_vae.vqidx_to_ms_vqfeat(bits))

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
