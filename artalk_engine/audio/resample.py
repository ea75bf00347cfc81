"""Change of sample rate by windowed-sinc interpolation, block by block or at once.

The kernel is the common default: a sinc cut off at 0.99 of the lower rate's half,
under a squared cosine six zero crossings wide to either side.

References:
    Julius O. Smith, Digital Audio Resampling, CCRMA, 2002.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

ROLLOFF = 0.99
ZERO_CROSSINGS = 6
OUTPUTS_AT_A_TIME = 1 << 16  # bounds memory, whatever the length


def resample(waveform: Tensor, rate_hz: int, new_rate_hz: int) -> Tensor:
    """Resample the last axis.

    Args:
        waveform: ``[..., S]``.
        rate_hz: sample rate of ``waveform``.
        new_rate_hz: sample rate wanted.

    Returns:
        ``[..., ceil(S * new_rate_hz / rate_hz)]``; equal rates return the input.
    """
    if rate_hz == new_rate_hz:
        return waveform
    resampler = Resampler(rate_hz, new_rate_hz)
    return torch.cat([resampler.push(waveform), resampler.finish()], dim=-1)


class Resampler:
    """Resamples a signal that arrives in blocks; their sizes make no difference."""

    def __init__(self, rate_hz: int, new_rate_hz: int) -> None:
        common = math.gcd(rate_hz, new_rate_hz)
        self._rate, self._new_rate = rate_hz // common, new_rate_hz // common
        self._kernels, self._reach = _kernels(self._rate, self._new_rate)
        self._waiting: Tensor | None = None  # input that later output needs
        self._first = -self._reach  # index of its first sample
        self._seen = self._made = 0

    def push(self, block: Tensor) -> Tensor:
        """Take the next ``[..., S]`` and give what output is complete, ``[..., N]``."""
        before = block.new_zeros(*block.shape[:-1], self._reach) if self._waiting is None else self._waiting
        self._seen += block.shape[-1]
        known = (self._seen - self._reach - 1) * self._new_rate  # input that no kernel reaches beyond
        return self._make(torch.cat([before, block], dim=-1), max(self._made, math.ceil(known / self._rate)))

    def finish(self) -> Tensor:
        """Give the rest, as if silence followed."""
        if self._waiting is None:
            return torch.zeros(0)
        followed = torch.nn.functional.pad(self._waiting, (0, self._reach + 2))
        return self._make(followed, math.ceil(self._seen * self._new_rate / self._rate))

    def _make(self, waiting: Tensor, until: int) -> Tensor:
        """Make the output samples up to ``until`` and keep the input that later ones need."""
        made = [waiting[..., :0]]
        while self._made < until:
            index = torch.arange(self._made, min(until, self._made + OUTPUTS_AT_A_TIME))
            place = index * self._rate
            start = place // self._new_rate - self._reach - self._first
            taps = waiting.unfold(-1, self._kernels.shape[1], 1)[..., start.to(waiting.device), :]
            kernels = self._kernels[place % self._new_rate].to(waiting)
            made.append((taps * kernels).sum(dim=-1))
            self._made += len(index)
        first_needed = self._made * self._rate // self._new_rate - self._reach
        self._waiting = waiting[..., first_needed - self._first :].clone()
        self._first = first_needed
        return torch.cat(made, dim=-1)


def _kernels(rate: int, new_rate: int) -> tuple[Tensor, int]:
    """Make one kernel for each place between two samples, ``[new_rate, 2 * reach + 2]``, and its reach."""
    cutoff = ROLLOFF * min(rate, new_rate)
    reach = math.ceil(ZERO_CROSSINGS * rate / cutoff)
    taps = torch.arange(-reach, reach + 2, dtype=torch.float64, device="cpu")
    place = torch.arange(new_rate, dtype=torch.float64, device="cpu") / new_rate
    time = ((taps - place[:, None]) * (cutoff / rate)).clamp(-ZERO_CROSSINGS, ZERO_CROSSINGS)
    window = torch.cos(time * math.pi / ZERO_CROSSINGS / 2).square()
    return torch.sinc(time) * window * (cutoff / rate), reach
