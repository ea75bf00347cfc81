"""Binary spherical quantization of a window of features, scale by scale.

A window ``[T, C]`` becomes bits at several temporal resolutions: each scale says
what the coarser ones left over. One code of ``C`` bits is a corner of the cube
that touches the unit sphere, so no codebook is stored.

References:
    Zhao, Xiong and Krähenbühl, Image and Video Tokenization with Binary
    Spherical Quantization, 2024; Tian et al., Visual Autoregressive Modeling, 2024.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

INVERSE_TEMPERATURE = 100.0
ENTROPY_WEIGHT, COMMITMENT_WEIGHT = 0.1, 0.2


class BSQ(nn.Module):
    """Quantizes vectors to signs on the unit sphere."""

    def __init__(self, codebook_dim: int = 32) -> None:
        super().__init__()
        self.codebook_dim = codebook_dim

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantize, with gradients passed straight through the signs.

        Args:
            features: ``[B, T, C]``, of any length.

        Returns:
            codes ``[B, T, C]``, bits ``[B, T, C]`` and the training loss (a scalar).
        """
        unit = F.normalize(features, dim=-1)
        bits = self.signs(unit)
        codes = self.bits_to_codes(bits).to(unit.dtype)
        return unit + (codes - unit).detach(), bits, self._loss(unit, codes)

    def signs(self, unit: Tensor) -> Tensor:
        """Turn vectors ``[..., C]`` into bits; zero counts as 0."""
        return (unit > 0).long()

    def bits_to_codes(self, bits: Tensor) -> Tensor:
        """Turn bits ``[..., C]`` into corners of unit length ``[..., C]``."""
        scale: float = self.codebook_dim**-0.5
        return (bits.float() * 2 - 1) * scale

    def _loss(self, unit: Tensor, codes: Tensor) -> Tensor:
        """Ask for decided bits, evenly used codes, and features near their codes."""
        zero = torch.sigmoid(-4 * unit * INVERSE_TEMPERATURE * self.codebook_dim**-0.5)  # [B, T, C]
        of_samples = _entropy(zero).sum(-1).mean()
        of_codebook = _entropy(zero.mean(dim=(0, 1))).sum()
        commitment = (codes - unit).square().sum(-1).mean()
        entropy = (of_samples - of_codebook) / INVERSE_TEMPERATURE
        return ENTROPY_WEIGHT * entropy + COMMITMENT_WEIGHT * commitment


class MultiScaleBSQ(nn.Module):
    """Quantizes a window at each scale in turn, coarse to fine."""

    def __init__(self, codebook_dim: int = 32, scale_schedule: Sequence[int] = (1, 5, 25, 50, 100)) -> None:
        super().__init__()
        self.codebook_dim = codebook_dim
        self.scales = tuple(scale_schedule)
        self.bsq = BSQ(codebook_dim)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantize a window.

        Args:
            features: ``[B, T, C]``, ``T`` being the finest scale.

        Returns:
            the quantized window ``[B, T, C]`` (gradients pass straight through), bits
            ``[B, L, C]`` of all scales one after another, and one loss a scale.
        """
        rest, total = features, torch.zeros_like(features)
        bits, losses = [], []
        for scale in self.scales:
            codes, scale_bits, loss = self.bsq(resize_down(rest, scale))
            step = resize_up(codes, self.scales[-1])
            # Quirk: the bits see the normalised rest, but the code is taken from the rest itself.
            rest = rest - step.detach()
            total = total + step
            bits.append(scale_bits)
            losses.append(loss)
        return total, torch.cat(bits, dim=1), torch.stack(losses)

    def features_to_bits(self, features: Tensor) -> Tensor:
        """Turn a window ``[B, T, C]`` into bits ``[B, L, C]``, as ``forward`` does, without what training needs."""
        rest, bits = features, []
        for scale in self.scales:
            bits.append(self.bsq.signs(F.normalize(resize_down(rest, scale), dim=-1)))
            if scale != self.scales[-1]:
                rest = rest - self.scale_window(bits[-1])
        return torch.cat(bits, dim=1)

    def bits_to_window(self, bits: Tensor) -> Tensor:
        """Add up all scales: bits ``[B, L, C]`` to a window ``[B, T, C]``."""
        return self.partial_windows(bits)[-1]

    def bits_to_inputs(self, bits: Tensor) -> Tensor:
        """Turn bits of the first scales into what the scales after each of them start from.

        Args:
            bits: ``[B, n, C]`` of one or more whole scales from the coarsest on. The
                finest has no successor, so its bits count for nothing here.

        Returns:
            ``[B, m, C]``: for each scale given, the sum so far at the resolution of the next.
        """
        windows = self.partial_windows(bits)
        return torch.cat([resize_down(w, n) for w, n in zip(windows, self.scales[1:], strict=False)], dim=1)

    def next_input(self, window: Tensor, scale_index: int) -> Tensor:
        """Bring the sum over finished scales ``[B, T, C]`` to the scale after ``scale_index``."""
        return resize_down(window, self.scales[scale_index + 1])

    def scale_window(self, bits: Tensor) -> Tensor:
        """Turn one scale's bits ``[B, n, C]`` into its share of the window ``[B, T, C]``."""
        return resize_up(self.bsq.bits_to_codes(bits), self.scales[-1])

    def partial_windows(self, bits: Tensor) -> list[Tensor]:
        """Sum the scales one by one: ``[B, T, C]`` after each whole scale in ``bits``."""
        windows: list[Tensor] = []
        start = 0
        for scale in self.scales:
            if start >= bits.shape[1]:
                break
            share = self.scale_window(bits[:, start : start + scale])
            windows.append(windows[-1] + share if windows else share)
            start += scale
        return windows


def resize_down(window: Tensor, length: int) -> Tensor:
    """Average ``[B, T, C]`` into ``length`` frames, whose spans may overlap."""
    if window.shape[1] == length:
        return window
    if window.device.type == "mps":  # which cannot do it where the spans differ in length
        return averages(window.shape[1], length, window.device) @ window
    return F.interpolate(window.transpose(1, 2), size=length, mode="area").transpose(1, 2)


def averages(frames: int, length: int, device: torch.device | str) -> Tensor:
    """Give the matrix ``[length, frames]`` that averages as ``resize_down`` does."""
    number, frame = torch.arange(length, device=device)[:, None], torch.arange(frames, device=device)
    first, end = number * frames // length, ((number + 1) * frames + length - 1) // length
    return ((frame >= first) & (frame < end)) / (end - first).float()


def resize_up(codes: Tensor, length: int) -> Tensor:
    """Interpolate ``[B, n, C]`` linearly to ``length`` frames."""
    if codes.shape[1] == length:
        return codes
    return F.interpolate(codes.transpose(1, 2), size=length, mode="linear", align_corners=False).transpose(1, 2)


def _entropy(probability: Tensor) -> Tensor:
    """Entropy of a coin, elementwise, in nats."""
    other = 1 - probability
    return -(probability * torch.log(probability + 1e-8) + other * torch.log(other + 1e-8))
