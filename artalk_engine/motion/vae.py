"""The bitwise motion codec: a window of motion to bits at several scales, and back.

It always works on a pair of neighbouring windows; the earlier one cannot see the
later, so it can also be encoded alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from artalk_engine.config import CodecConfig
from bridge.motion import EXPRESSION, GLOBAL_ORIENT

from .quantizer import MultiScaleBSQ

if TYPE_CHECKING:
    from artalk_engine.face.flame import FLAMEModel

MLP_RATIO = 1.5


@dataclass(frozen=True)
class CodecOutput:
    """What one training pass of the codec gives.

    Attributes:
        previous: reconstruction of the earlier window, ``[B, T, M]``.
        this: reconstruction of the later window, ``[B, T, M]``.
        bits: of both windows, ``[B, 2, L, C]``.
        losses: entropy and commitment, one a scale, averaged over the two windows.
    """

    previous: Tensor
    this: Tensor
    bits: Tensor
    losses: Tensor


class BitwiseVAE(nn.Module):
    """Encoder, multi-scale binary quantizer and decoder."""

    attn_mask: Tensor
    motion_mean: Tensor
    motion_std: Tensor

    def __init__(self, vae_cfg: Mapping[str, Any] | CodecConfig) -> None:
        super().__init__()
        config = vae_cfg if isinstance(vae_cfg, CodecConfig) else CodecConfig.from_mapping(vae_cfg)
        self.config = config
        pair, motion, code = 2 * config.window, config.motion_channels, config.code_bits
        self.enc_pos_embed = nn.Parameter(_embedding(1, pair, motion))
        self.dec_pos_embed = nn.Parameter(_embedding(1, pair, code))
        self.register_buffer("attn_mask", _pair_mask(config.window))
        self.register_buffer("motion_mean", torch.zeros(motion))
        self.register_buffer("motion_std", torch.ones(motion))
        self.encoder = _Encoder(motion, code, config)
        self.decoder = _Decoder(code, motion, config)
        self.quantize = MultiScaleBSQ(code, config.scales)

    # The names below are ARTalk's own.

    @torch.no_grad()
    def quant_to_vqidx(self, prev: Tensor, this: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Encode one window, or two neighbours together.

        Args:
            prev: motion ``[B, T, M]``.
            this: motion of the window after it, ``[B, T, M]``.

        Returns:
            bits of ``prev`` and of ``this``, each ``[B, L, C]``.
        """
        prev_features, this_features = self.encode(prev, this)
        this_bits = None if this_features is None else self.quantize.features_to_bits(this_features)
        return self.quantize.features_to_bits(prev_features), this_bits

    @torch.no_grad()
    def vqidx_to_motion(self, prev_idx: Tensor, this_idx: Tensor) -> tuple[Tensor, Tensor]:
        """Decode the bits ``[B, L, C]`` of two neighbours into their motion, each ``[B, T, M]``."""
        return self.decode(self.quantize.bits_to_window(prev_idx), self.quantize.bits_to_window(this_idx))

    @torch.no_grad()
    def decode_this(self, prev_bits: Tensor, this_bits: Tensor) -> Tensor:
        """Decode the bits ``[B, L, C]`` of two neighbours into the motion ``[B, T, M]`` of the later one alone."""
        codes = [self.quantize.bits_to_window(bits) for bits in (prev_bits, this_bits)]
        return self._decode(torch.cat(codes, dim=1), self.config.window)

    @torch.no_grad()
    def vqidx_to_ms_vqfeat(self, idx: Tensor) -> Tensor:
        """Turn a window's bits ``[B, L, C]`` into the inputs of all scales but the first, ``[B, L - 1, C]``."""
        return self.quantize.bits_to_inputs(idx)

    @torch.no_grad()
    def vqidx_to_ar_vqfeat(self, pidx: int, idx: Tensor) -> Tensor:
        """Turn bits of the scales ``0 .. pidx`` into the inputs of the scales ``1 .. pidx + 1``.

        Args:
            pidx: index of the last finished scale.
            idx: bits ``[B, n, C]`` of the scales so far, one after another.

        Returns:
            ``[B, m, C]``.
        """
        return self.quantize.bits_to_inputs(idx[:, : sum(self.config.scales[: pidx + 1])])

    def get_flame_verts(
        self, flame_model: FLAMEModel, shape_params: Tensor, motion_params: Tensor, with_global: bool = False
    ) -> Tensor:
        """Pose a head by motion.

        Args:
            flame_model: the head.
            shape_params: ``[T, S]`` or ``[B, T, S]``; one row serves all frames.
            motion_params: ``[T, M]`` or ``[B, T, M]``.
            with_global: turn the head as well, rather than only speak.

        Returns:
            vertices ``[T, V, 3]`` or ``[B, T, V, 3]``.
        """
        *batch, channels = motion_params.shape
        motion = motion_params.reshape(-1, channels)
        shape = shape_params.expand(*batch, shape_params.shape[-1]).reshape(motion.shape[0], -1)
        pose = motion[:, GLOBAL_ORIENT.start :].clone()
        if not with_global:
            pose[:, :3] = 0
        vertices: Tensor = flame_model(shape, motion[:, EXPRESSION], pose)
        return vertices.reshape(*batch, *vertices.shape[-2:])

    # Differentiable, for training.

    def forward(self, prev: Tensor, this: Tensor) -> CodecOutput:
        """Encode, quantize and decode two neighbours ``[B, T, M]`` with gradients."""
        prev_features, this_features = self._encode_pair(prev, this)
        prev_codes, prev_bits, prev_losses = self.quantize(prev_features)
        this_codes, this_bits, this_losses = self.quantize(this_features)
        previous, current = self.decode(prev_codes, this_codes)
        return CodecOutput(previous, current, torch.stack([prev_bits, this_bits], 1), (prev_losses + this_losses) / 2)

    def encode(self, prev: Tensor, this: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Encode one or two windows ``[B, T, M]`` into features ``[B, T, C]`` each."""
        return (self._encode(prev), None) if this is None else self._encode_pair(prev, this)

    def decode(self, prev_codes: Tensor, this_codes: Tensor) -> tuple[Tensor, Tensor]:
        """Decode two quantized windows ``[B, T, C]`` into motion ``[B, T, M]`` each."""
        motion = self._decode(torch.cat([prev_codes, this_codes], dim=1))
        return motion[:, : self.config.window], motion[:, self.config.window :]

    def _decode(self, codes: Tensor, first: int = 0) -> Tensor:
        """Decode a pair of windows ``[B, 2 T, C]`` into motion from the frame ``first`` on."""
        normalised: Tensor = self.decoder(codes + self.dec_pos_embed, self.attn_mask, first)
        return normalised * self.motion_std + self.motion_mean

    def _encode_pair(self, prev: Tensor, this: Tensor) -> tuple[Tensor, Tensor]:
        features = self._encode(torch.cat([prev, this], dim=1))
        return features[:, : self.config.window], features[:, self.config.window :]

    def _encode(self, motion: Tensor) -> Tensor:
        length = motion.shape[1]
        normalised = (motion - self.motion_mean) / self.motion_std
        mask = None if length <= self.config.window else self.attn_mask  # a window alone sees all of itself
        features: Tensor = self.encoder(normalised + self.enc_pos_embed[:, :length], mask)
        return features


class _Encoder(nn.Module):
    def __init__(self, inputs: int, outputs: int, config: CodecConfig) -> None:
        super().__init__()
        self.inp_mapping = _input_mapping(inputs, config.width)
        self.code_mapping = nn.Linear(config.width, outputs)
        self.encoder_transformer = _transformer(config)

    def forward(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        mapped: Tensor = self.code_mapping(_run(self.encoder_transformer, self.inp_mapping(tokens), mask))
        return mapped


class _Decoder(nn.Module):
    def __init__(self, inputs: int, outputs: int, config: CodecConfig) -> None:
        super().__init__()
        self.inp_mapping = _input_mapping(inputs, config.width)
        self.out_mapping = nn.Linear(config.width, outputs)
        self.decoder_transformer = _transformer(config)

    def forward(self, tokens: Tensor, mask: Tensor, first: int) -> Tensor:
        mapped: Tensor = self.out_mapping(_run(self.decoder_transformer, self.inp_mapping(tokens), mask, first))
        return mapped


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = width**-0.5  # Quirk: of the whole width, not of one head.
        self.norm = nn.LayerNorm(width)
        self.to_qkv = nn.Linear(width, 3 * width, bias=False)
        self.to_out = nn.Linear(width, width)

    def forward(self, tokens: Tensor, mask: Tensor | None, first: int = 0) -> Tensor:
        """Let tokens ``[B, T, D]``, from ``first`` on, look at all that the mask leaves them."""
        batch, length, width = tokens.shape
        qkv = self.to_qkv(self.norm(tokens)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # [B, heads, T, D / heads] each
        seen = None if mask is None else mask[:, :, first:]
        mixed = F.scaled_dot_product_attention(query[:, :, first:], key, value, attn_mask=seen, scale=self.scale)
        out: Tensor = self.to_out(mixed.transpose(1, 2).flatten(2))
        return out


def _transformer(config: CodecConfig) -> nn.ModuleList:
    """Attention and MLP in turn, one flat list as in the checkpoint."""
    layers: list[nn.Module] = []
    hidden = int(config.width * MLP_RATIO)
    for _ in range(config.depth):
        layers.append(_Attention(config.width, config.heads))
        # Quirk: no norm stands before the MLP.
        layers.append(
            nn.Sequential(nn.Linear(config.width, hidden), nn.GELU(approximate="tanh"), nn.Linear(hidden, config.width))
        )
    return nn.ModuleList(layers)


def _run(layers: nn.ModuleList, tokens: Tensor, mask: Tensor | None, first: int = 0) -> Tensor:
    """Run all layers; of the last, only the tokens from ``first`` on, which nobody needs to look at any more."""
    for number, layer in enumerate(layers):
        if isinstance(layer, _Attention):
            skipped = first if number == len(layers) - 2 else 0
            tokens = tokens[:, skipped:] + layer(tokens, mask, skipped)
        else:
            tokens = tokens + layer(tokens)
    return tokens


def _input_mapping(inputs: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, width), nn.LeakyReLU(0.2))


def _embedding(*shape: int) -> Tensor:
    return nn.init.trunc_normal_(torch.empty(*shape), std=(shape[-1] * 3) ** -0.5)


def _pair_mask(window: int) -> Tensor:
    """``[1, 1, 2T, 2T]``: 0 where a frame may look, minus infinity from the earlier window into the later."""
    mask = torch.zeros(2 * window, 2 * window)
    mask[:window, window:] = -torch.inf
    return mask[None, None]
