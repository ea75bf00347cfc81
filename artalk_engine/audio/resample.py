"""Change of sample rate by windowed-sinc interpolation.

The filter is the common default: a sinc cut off at 0.99 of the lower rate's half,
under a squared cosine six zero crossings wide to either side.

References:
    Julius O. Smith, Digital Audio Resampling, CCRMA, 2002.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

ROLLOFF = 0.99
ZERO_CROSSINGS = 6


def resample(waveform: npt.NDArray[np.float32], rate_hz: int, new_rate_hz: int) -> npt.NDArray[np.float32]:
    """Resample ``[S]`` or ``[channels, S]``; equal rates return the input."""
    return np.asarray(resample_tensor(torch.from_numpy(waveform), rate_hz, new_rate_hz).numpy())


def resample_tensor(waveform: Tensor, rate_hz: int, new_rate_hz: int) -> Tensor:
    """Resample the last axis.

    Args:
        waveform: ``[..., S]``.
        rate_hz: sample rate of ``waveform``.
        new_rate_hz: sample rate wanted.

    Returns:
        ``[..., ceil(S * new_rate_hz / rate_hz)]``.
    """
    if rate_hz == new_rate_hz:
        return waveform
    common = math.gcd(rate_hz, new_rate_hz)
    rate, new_rate = rate_hz // common, new_rate_hz // common
    filters, reach = _filters(rate, new_rate)
    *batch, samples = waveform.shape
    padded = F.pad(waveform.reshape(-1, 1, samples), (reach, reach + rate))
    phases = F.conv1d(padded, filters.to(waveform), stride=rate)  # [N, new_rate, steps]
    length = math.ceil(samples * new_rate / rate)
    return phases.transpose(1, 2).flatten(1)[:, :length].reshape(*batch, length)


def _filters(rate: int, new_rate: int) -> tuple[Tensor, int]:
    """Make one filter an output phase, ``[new_rate, 1, 2 * reach + rate]``, and its reach in samples."""
    cutoff = ROLLOFF * min(rate, new_rate)
    reach = math.ceil(ZERO_CROSSINGS * rate / cutoff)
    taps = torch.arange(-reach, reach + rate, dtype=torch.float64, device="cpu") / rate
    phase = torch.arange(new_rate, dtype=torch.float64, device="cpu") / new_rate
    time = ((taps[None, :] - phase[:, None]) * cutoff).clamp(-ZERO_CROSSINGS, ZERO_CROSSINGS)
    window = torch.cos(time * math.pi / ZERO_CROSSINGS / 2).square()
    filters = torch.sinc(time) * window * (cutoff / rate)
    return filters[:, None], reach
