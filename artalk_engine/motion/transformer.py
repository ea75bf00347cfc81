"""Transformer blocks whose every token is modulated by the audio that it will sound with.

Tokens of a finished scale never change (no token sees a finer scale), so a block
keeps their keys and values and computes each scale's new tokens only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

LARGEST_SCALE = math.log(100.0)
FFN_RATIO = 4


@dataclass(frozen=True)
class KeyValues:
    """What later tokens may attend to, ``[B, heads, L, D / heads]`` each; keys are of unit length.

    Attributes:
        keys: of the tokens so far.
        values: of the tokens so far.
        room: keys and values with space for tokens to come, whose beginnings are the two above; None where gradients
            are wanted, which writing into a tensor would spoil.
    """

    keys: Tensor
    values: Tensor
    room: tuple[Tensor, Tensor] | None = None

    def with_room(self, tokens: int) -> KeyValues:
        """Copy to where so many tokens can be appended without copying again."""
        batch, heads, length, width = self.keys.shape
        keys, values = self.keys.new_empty(2, batch, heads, length + tokens, width)
        keys[:, :, :length], values[:, :, :length] = self.keys, self.values
        return KeyValues(keys[:, :, :length], values[:, :, :length], (keys, values))

    def then(self, other: KeyValues) -> KeyValues:
        """Append the tokens of ``other``."""
        if self.room is None:
            return KeyValues(torch.cat([self.keys, other.keys], dim=2), torch.cat([self.values, other.values], dim=2))
        start, end = self.keys.shape[2], self.keys.shape[2] + other.keys.shape[2]
        keys, values = self.room
        keys[:, :, start:end], values[:, :, start:end] = other.keys, other.values
        return KeyValues(keys[:, :, :end], values[:, :, :end], self.room)


@dataclass(frozen=True)
class Modulation:
    """Gate, scale (1 changes nothing) and shift for the attention and the MLP of one block, ``[B, L, D]`` each."""

    attention_gate: Tensor
    mlp_gate: Tensor
    attention_scale: Tensor
    mlp_scale: Tensor
    attention_shift: Tensor
    mlp_shift: Tensor

    def tokens(self, part: slice) -> Modulation:
        """Keep a range of tokens."""
        return Modulation(*(getattr(self, name)[:, part] for name in self.__dataclass_fields__))


class AdaLNSelfAttn(nn.Module):
    """One block: joint attention to context and window, then an MLP, both modulated by audio."""

    def __init__(self, embed_dim: int, cond_dim: int, num_heads: int, drop_path: float = 0.0) -> None:
        super().__init__()
        self.drop_path = drop_path
        self.attn = _CosineAttention(embed_dim, num_heads)
        self.ffn = nn.Sequential(
            nn.Linear(embed_dim, FFN_RATIO * embed_dim),
            nn.GELU(approximate="tanh"),
            nn.Linear(FFN_RATIO * embed_dim, embed_dim),
        )
        self.ln_wo_grad = nn.LayerNorm(embed_dim, eps=1e-6, elementwise_affine=False)
        self.ada_lin = nn.Sequential(nn.SiLU(), nn.Linear(cond_dim, 6 * embed_dim))

    def forward(self, feat: Tensor, prev_feat: Tensor, cond: Tensor, attn_bias: Tensor | None = None) -> Tensor:
        """Compute all tokens of a window at once.

        Args:
            feat: tokens ``[B, L, D]``.
            prev_feat: context tokens ``[B, P, D]``, the same for every block.
            cond: audio features, one a token, ``[B, L, F]``.
            attn_bias: ``[1, 1, L, P + L]``, minus infinity where a token must not look.

        Returns:
            ``[B, L, D]``.
        """
        return self.step(feat, self.modulation(cond), self.context(prev_feat), attn_bias)[0]

    def modulation(self, cond: Tensor) -> Modulation:
        """Compute what audio features ``[B, L, F]`` do to each token."""
        gates, scales, shifts = self.ada_lin(cond).chunk(3, dim=-1)
        return Modulation(*gates.chunk(2, dim=-1), *(scales + 1).chunk(2, dim=-1), *shifts.chunk(2, dim=-1))

    def context(self, prev_feat: Tensor) -> KeyValues:
        """Compute keys and values of context tokens ``[B, P, D]``."""
        # Quirk: the context is neither normed nor modulated, and is not updated from block to block.
        return self.attn.keys_values(prev_feat)

    def step(
        self, tokens: Tensor, modulation: Modulation, past: KeyValues, attn_bias: Tensor | None = None
    ) -> tuple[Tensor, KeyValues]:
        """Compute new tokens ``[B, N, D]``, which see ``past`` and each other.

        Returns:
            the tokens ``[B, N, D]``, and ``past`` with them added.
        """
        m = modulation
        normed = torch.addcmul(m.attention_shift, self.ln_wo_grad(tokens), m.attention_scale)
        visible = past.then(self.attn.keys_values(normed))
        tokens = self._add(tokens, m.attention_gate, self.attn(normed, visible, attn_bias))
        normed = torch.addcmul(m.mlp_shift, self.ln_wo_grad(tokens), m.mlp_scale)
        return self._add(tokens, m.mlp_gate, self.ffn(normed)), visible

    def _add(self, tokens: Tensor, gate: Tensor, branch: Tensor) -> Tensor:
        """Add a gated branch, in training leaving it out for some samples of the batch."""
        if self.training and self.drop_path > 0:
            kept = torch.rand(len(branch), 1, 1, device=branch.device) >= self.drop_path
            branch = branch * kept / (1 - self.drop_path)
        return torch.addcmul(tokens, gate, branch)


class AdaLNBeforeHead(nn.Module):
    """The last norm before the logits, modulated by audio."""

    def __init__(self, embed_dim: int, cond_dim: int) -> None:
        super().__init__()
        self.ln_wo_grad = nn.LayerNorm(embed_dim, eps=1e-6, elementwise_affine=False)
        self.ada_lin = nn.Sequential(nn.SiLU(), nn.Linear(cond_dim, 2 * embed_dim))

    def forward(self, feat: Tensor, cond: Tensor) -> Tensor:
        """Norm and modulate tokens ``[B, L, D]`` by audio features ``[B, L, F]``."""
        scale, shift = self.ada_lin(cond).chunk(2, dim=-1)
        normed: Tensor = self.ln_wo_grad(feat) * (1 + scale) + shift
        return normed


class _CosineAttention(nn.Module):
    """Attention by the angle between query and key, with a learned sharpness a head."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale_mul_1H11 = nn.Parameter(torch.full((1, heads, 1, 1), math.log(4.0)))
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor, visible: KeyValues, bias: Tensor | None) -> Tensor:
        sharpness = self.scale_mul_1H11.clamp(max=LARGEST_SCALE).exp()
        query = F.normalize(self._split(self.query(tokens)), dim=-1) * sharpness
        mixed = F.scaled_dot_product_attention(query, visible.keys, visible.values, attn_mask=bias, scale=1.0)
        out: Tensor = self.proj(mixed.transpose(1, 2).flatten(2))
        return out

    def keys_values(self, tokens: Tensor) -> KeyValues:
        return KeyValues(F.normalize(self._split(self.key(tokens)), dim=-1), self._split(self.value(tokens)))

    def _split(self, tokens: Tensor) -> Tensor:
        batch, length, _ = tokens.shape
        return tokens.view(batch, length, self.heads, -1).transpose(1, 2)  # [B, heads, L, D / heads]
