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
OUTPUTS_IN_A_ROW = 64  # made by one row of the product below
OUTPUTS_AT_A_TIME = 1 << 13  # bounds memory, whatever the length
LARGEST_MATRIX = 1 << 20


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
    """Resamples a signal that arrives in blocks; their sizes make no difference to a single bit.

    After ``rate`` samples in and ``new_rate`` out (divided by what they have in common) the
    same kernels come round again. Output is made in steps of a fixed number of such periods.
    """

    def __init__(self, rate_hz: int, new_rate_hz: int) -> None:
        common = math.gcd(rate_hz, new_rate_hz)
        self._rate, self._new_rate = rate_hz // common, new_rate_hz // common
        self._kernels, self._reach = _kernels(self._rate, self._new_rate)
        self._row = max(1, OUTPUTS_IN_A_ROW // self._new_rate)  # periods
        self._rows = max(1, OUTPUTS_AT_A_TIME // (self._row * self._new_rate))
        self._matrix = self._make_matrix()
        self._waiting: Tensor | None = None  # input that later output needs
        self._seen = self._made = 0

    def push(self, block: Tensor) -> Tensor:
        """Take the next ``[..., S]`` and give what output is complete, ``[..., N]``."""
        if self._waiting is None:
            self._kernels = self._kernels.to(block)
            self._matrix = None if self._matrix is None else self._matrix.to(block)
            self._waiting = block.new_zeros(*block.shape[:-1], self._reach)
        self._seen += block.shape[-1]
        return self._make(torch.cat([self._waiting, block], dim=-1))

    def finish(self) -> Tensor:
        """Give the rest, as if silence followed."""
        if self._waiting is None:
            return torch.zeros(0)
        left = math.ceil(self._seen * self._new_rate / self._rate) - self._made
        followed = torch.nn.functional.pad(self._waiting, (0, self._step + self._kernels.shape[1]))
        return self._make(followed)[..., :left]

    @property
    def _step(self) -> int:
        """Samples of input that one step moves on by."""
        return self._rows * self._row * self._rate

    def _make(self, waiting: Tensor) -> Tensor:
        """Make output step by step as far as the input reaches, and keep the rest of the input."""
        made = [waiting[..., :0]]
        while waiting.shape[-1] >= self._step + self._kernels.shape[1]:
            made.append(self._make_step(waiting))
            waiting = waiting[..., self._step :]
            self._made += made[-1].shape[-1]
        self._waiting = waiting.clone()
        return torch.cat(made, dim=-1)

    def _make_step(self, waiting: Tensor) -> Tensor:
        if self._matrix is None:
            starts = torch.arange(self._new_rate, device=waiting.device) * self._rate // self._new_rate
            taps = waiting.unfold(-1, self._kernels.shape[1], 1)[..., starts, :]
            return (taps * self._kernels).sum(dim=-1)
        rows = waiting.unfold(-1, len(self._matrix), self._row * self._rate)[..., : self._rows, :]
        return (rows @ self._matrix).flatten(-2)

    def _make_matrix(self) -> Tensor | None:
        """Lay a row's kernels out as columns, each beginning at its own sample.

        Most of it is zero, but one product of matrices is far quicker than many short sums.
        Rates with little in common, such as 44,099 and 16,000, have too many kernels for it.
        """
        outputs, taps = self._row * self._new_rate, self._kernels.shape[1]
        shape = (self._row * self._rate + taps, outputs)
        if math.prod(shape) > LARGEST_MATRIX:
            return None
        starts = torch.arange(outputs, device="cpu") * self._rate // self._new_rate
        places = (starts[:, None] + torch.arange(taps, device="cpu")).T
        matrix = torch.zeros(shape, dtype=torch.float64, device="cpu")
        return matrix.scatter_(0, places, self._kernels.repeat(self._row, 1).T)


def _kernels(rate: int, new_rate: int) -> tuple[Tensor, int]:
    """Make one kernel for each place between two samples, ``[new_rate, 2 * reach + 2]``, and its reach."""
    cutoff = ROLLOFF * min(rate, new_rate)
    reach = math.ceil(ZERO_CROSSINGS * rate / cutoff)
    taps = torch.arange(-reach, reach + 2, dtype=torch.float64, device="cpu")
    output = torch.arange(new_rate, dtype=torch.int64, device="cpu")
    place = (output * rate % new_rate).double() / new_rate  # behind the last sample of input
    time = ((taps - place[:, None]) * (cutoff / rate)).clamp(-ZERO_CROSSINGS, ZERO_CROSSINGS)
    window = torch.cos(time * math.pi / ZERO_CROSSINGS / 2).square()
    return torch.sinc(time) * window * (cutoff / rate), reach
