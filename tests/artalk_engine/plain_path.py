"""The generator computed as the published code computes it: nothing kept, nothing left out.

One window at a time; every scale computes all tokens so far, their modulation, keys, values and logits again; both
windows of a pair are decoded; and every window is encoded again, the last one too. It reads the weights of a loaded
``BitwiseARModel`` and shares none of its arithmetic but the audio and style encoders, so that what the engine saves
can be checked and measured against it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from artalk_engine.motion.generator import BitwiseARModel
from artalk_engine.motion.transformer import AdaLNSelfAttn
from artalk_engine.motion.vae import BitwiseVAE


@dataclass(frozen=True)
class PlainWindow:
    """One window: ``bits`` and ``context_bits`` ``[B, L, C]``, ``logits`` ``[B, L, C, 2]``, ``motion`` ``[B, T, M]``.

    The bits are those of this window, and of the one before it, encoded again.
    """

    bits: Tensor
    context_bits: Tensor
    logits: Tensor
    motion: Tensor


def plain_windows(
    model: BitwiseARModel, audio: Tensor, style_clip: Tensor | None, hear: Callable[[Tensor], Tensor] | None = None
) -> Iterator[PlainWindow]:
    """Generate window after window for ``audio`` ``[B, S]``; ``hear`` stands in for the audio encoder."""
    codec, scales = model.basic_vae, model.config.codec.scales
    style = model.style_token(style_clip, len(audio))
    silence = torch.zeros(len(audio), codec.config.window, codec.config.motion_channels)
    context_bits = plain_encode(codec, silence)
    context = [_tokens(model, style, context_bits)] * model.config.context_windows
    for piece in model.split(audio):
        heard = (hear or model.audio_encoder)(piece).transpose(1, 2)
        audio_tokens = torch.cat([F.adaptive_avg_pool1d(heard, scale) for scale in scales], dim=2).transpose(1, 2)
        bits, logits = plain_bits(model, audio_tokens, style, torch.cat(context, dim=1))
        motion = plain_decode(codec, context_bits, bits)[:, codec.config.window :]
        yield PlainWindow(bits, context_bits, logits, motion)
        context_bits = plain_encode(codec, motion)
        context = [*context[1:], _tokens(model, style, context_bits)]


def plain_bits(model: BitwiseARModel, audio: Tensor, style: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
    """Make a window's bits ``[B, L, C]``, and the logits ``[B, L, C, 2]`` that the last scale's pass finds.

    Args:
        model: whose weights are used.
        audio: one feature a token, ``[B, L, F]``.
        style: ``[B, 1, D]``.
        context: tokens of the windows before, ``[B, P, D]``, without their positions.
    """
    scales = model.config.codec.scales
    levels = model.lvl_embed(model.lvl_idx)
    context = context + levels.repeat(1, model.config.context_windows, 1) + model.prev_pos_embed
    bits, logits = torch.zeros(len(audio), 0, model.config.codec.code_bits), torch.zeros(0)
    for index in range(len(scales)):
        count = sum(scales[: index + 1])
        tokens = _tokens(model, style, bits)[:, :count] + (levels + model.pos_embed)[:, :count]
        mask = model.attn_bias_for_masking[:, :, :count, : context.shape[1] + count]
        for block in model.attn_blocks:
            assert isinstance(block, AdaLNSelfAttn)
            tokens = _block(block, tokens, context, audio[:, :count], mask)
        logits = _logits(model, tokens, audio[:, :count])
        bits = logits.argmax(dim=-1)
    return bits, logits


def plain_encode(codec: BitwiseVAE, motion: Tensor) -> Tensor:
    """Encode one window ``[B, T, M]`` into bits ``[B, L, C]``."""
    frames, bits = motion.shape[1], []
    tokens = (motion - codec.motion_mean) / codec.motion_std + codec.enc_pos_embed[:, :frames]
    mask = codec.attn_mask[:, :, :frames, :frames]
    encoder = codec.encoder
    rest = encoder.code_mapping(_codec_layers(encoder.encoder_transformer, encoder.inp_mapping(tokens), mask))
    for scale in codec.config.scales:
        pooled = F.adaptive_avg_pool1d(rest.transpose(1, 2), scale).transpose(1, 2)
        bits.append((F.normalize(pooled, dim=-1) > 0).long())
        rest = rest - _stretch(_corners(bits[-1]), frames)
    return torch.cat(bits, dim=1)


def plain_decode(codec: BitwiseVAE, previous: Tensor, this: Tensor) -> Tensor:
    """Decode the bits ``[B, L, C]`` of two neighbours into the motion of both, ``[B, 2 T, M]``."""
    codes = torch.cat([_sums(codec, previous)[-1], _sums(codec, this)[-1]], dim=1) + codec.dec_pos_embed
    decoder = codec.decoder
    decoded = _codec_layers(decoder.decoder_transformer, decoder.inp_mapping(codes), codec.attn_mask)
    return decoder.out_mapping(decoded) * codec.motion_std + codec.motion_mean


def _tokens(model: BitwiseARModel, style: Tensor, bits: Tensor) -> Tensor:
    """Embed the style, and for each whole scale in ``bits`` ``[B, n, C]`` what the next one starts from."""
    codec = model.basic_vae
    sums = zip(_sums(codec, bits), codec.config.scales[1:], strict=False)
    pooled = [F.adaptive_avg_pool1d(total.transpose(1, 2), scale).transpose(1, 2) for total, scale in sums]
    return torch.cat([style, *(model.vqfeat_embed(features) for features in pooled)], dim=1)


def _sums(codec: BitwiseVAE, bits: Tensor) -> list[Tensor]:
    """Add up the codes of ``bits`` ``[B, n, C]``: a window ``[B, T, C]`` after each whole scale."""
    totals, total, start = [], torch.zeros(()), 0
    for scale in codec.config.scales:
        if start == bits.shape[1]:
            break
        total = total + _stretch(_corners(bits[:, start : start + scale]), codec.config.window)
        totals.append(total)
        start += scale
    return totals


def _corners(bits: Tensor) -> Tensor:
    return (bits * 2.0 - 1.0) / math.sqrt(bits.shape[-1])


def _stretch(codes: Tensor, frames: int) -> Tensor:
    if codes.shape[1] == frames:
        return codes
    return F.interpolate(codes.transpose(1, 2), size=frames, mode="linear").transpose(1, 2)


def _block(block: AdaLNSelfAttn, tokens: Tensor, context: Tensor, audio: Tensor, mask: Tensor) -> Tensor:
    gate_1, gate_2, scale_1, scale_2, shift_1, shift_2 = block.ada_lin(audio).chunk(6, dim=-1)
    width = tokens.shape[-1:]
    normed = F.layer_norm(tokens, width, eps=1e-6) * (1 + scale_1) + shift_1
    attention, everything = block.attn, torch.cat([context, normed], dim=1)
    query, key, value = (
        projected.unflatten(-1, (attention.heads, -1)).transpose(1, 2)
        for projected in (attention.query(normed), attention.key(everything), attention.value(everything))
    )
    sharpness = attention.scale_mul_1H11.clamp(max=math.log(100.0)).exp()
    query, key = F.normalize(query, dim=-1) * sharpness, F.normalize(key, dim=-1)
    mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=1.0)
    tokens = tokens + gate_1 * attention.proj(mixed.transpose(1, 2).flatten(2))
    normed = F.layer_norm(tokens, width, eps=1e-6) * (1 + scale_2) + shift_2
    return tokens + gate_2 * block.ffn(normed)


def _logits(model: BitwiseARModel, tokens: Tensor, audio: Tensor) -> Tensor:
    scale, shift = model.cond_logits_head.ada_lin(audio).chunk(2, dim=-1)
    normed = F.layer_norm(tokens, tokens.shape[-1:], eps=1e-6) * (1 + scale) + shift
    return model.logits_head(normed).unflatten(-1, (-1, 2))


def _codec_layers(layers: nn.ModuleList, tokens: Tensor, mask: Tensor) -> Tensor:
    for attention, mlp in zip(layers[::2], layers[1::2], strict=True):
        parts = attention.to_qkv(attention.norm(tokens)).unflatten(-1, (3, attention.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=tokens.shape[-1] ** -0.5)
        tokens = tokens + attention.to_out(mixed.transpose(1, 2).flatten(2))
        tokens = tokens + mlp(tokens)
    return tokens
