"""Disturbs log-mel pictures so that an encoder learns sounds rather than speakers, microphones and rooms.

References:
    Jaitly and Hinton, Vocal Tract Length Perturbation, 2013; Park et al., SpecAugment, 2019.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from .phones import SYMBOLS

_BENDS, _LARGEST_BEND = 5, 2.5  # knots of a bend of the frequency axis, and its deviation in bands
_NASALS = torch.tensor([SYMBOLS.index(symbol) for symbol in ("m", "n", "ng")])
_COLOURS, _LARGEST_COLOUR = 8, 1.4  # knots of a murmur's colour, and its deviation at most, in units of log-mel
_MURMUR_EDGE = 5  # frames over which it comes and goes
_EQUALISATIONS, _LARGEST_EQUALISATION = 6, 0.7  # knots of an equalisation, and its deviation in units of log-mel
_BLOTS, _WIDEST_BLOT = 2, 10  # how many, and bands of one
_GAPS_A_SECOND, _LONGEST_GAP = 1.0, 10  # how many, and frames of one
_FRAMES_A_SECOND = 100


def disturb(bands: Tensor, phones: Tensor, rng: np.random.Generator) -> Tensor:
    """Colour, bend, warp, blot and interrupt pictures; the sounds keep their places in time.

    Args:
        bands: ``[B, N, 2 A]`` at 100 Hz.
        phones: what sounds, ``[B, A]`` at 50 Hz, indices into `SYMBOLS`.
        rng: the source of all choices.
    """
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    coloured = colour_nasals(bands, phones, generator)
    return interrupt(blot(warp(bend(coloured, generator), generator), generator), generator)


def colour_nasals(bands: Tensor, phones: Tensor, generator: torch.Generator) -> Tensor:
    """Give the murmur of the nasals in each picture a colour of its own.

    Noses differ more than mouths: one speaker's n murmurs as another's m does. So where the lips are must be heard from
    how the sounds around a murmur bend.
    """
    batch, count, _ = bands.shape
    strength = torch.rand(batch, 1, 1, generator=generator) * _LARGEST_COLOUR
    colour = _smooth_curves(batch, count, _COLOURS, generator)[..., None] * strength
    is_nasal = torch.isin(phones, _NASALS).to(bands.dtype).repeat_interleave(2, dim=1)[:, None]
    return bands + colour * F.avg_pool1d(is_nasal, _MURMUR_EDGE, stride=1, padding=_MURMUR_EDGE // 2)


def bend(bands: Tensor, generator: torch.Generator) -> Tensor:
    """Move each formant by another amount: frequency shifted by a smooth random curve of a few bands.

    A vocal tract is no scaled copy of another: throat and mouth differ in their shares.
    """
    batch, count, _ = bands.shape
    shift = _smooth_curves(batch, count, _BENDS, generator) * _LARGEST_BEND
    return _read_at(bands, torch.arange(count) + shift)


def warp(bands: Tensor, generator: torch.Generator) -> Tensor:
    """Change vocal tracts, microphones and dynamics.

    Frequency is warped by 0.85 to 1.18; the picture is tilted, and smoothly equalised at random.
    """
    batch, count, _ = bands.shape
    factor = 0.85 * (1.18 / 0.85) ** torch.rand(batch, 1, generator=generator)
    warped = _read_at(bands, torch.arange(count) * factor)
    curve = _smooth_curves(batch, count, _EQUALISATIONS, generator) * _LARGEST_EQUALISATION
    tilt = torch.randn(batch, 1, generator=generator) * torch.linspace(-1.0, 1.0, count)
    return warped + (curve + tilt)[..., None]


def blot(bands: Tensor, generator: torch.Generator) -> Tensor:
    """Put the mean of all bands over a few neighbouring ones, as if they had not been heard."""
    batch, count, _ = bands.shape
    is_blotted = _stretches(batch, count, _BLOTS, _WIDEST_BLOT, generator)[:, :, None]
    return torch.where(is_blotted, bands.mean(dim=1, keepdim=True), bands)


def interrupt(bands: Tensor, generator: torch.Generator) -> Tensor:
    """Put the mean of all frames over a few short stretches, so that what is said there must follow from the rest.

    Some voices tell an n from an m by little more than the words around it.
    """
    batch, _, count = bands.shape
    gaps = round(_GAPS_A_SECOND * count / _FRAMES_A_SECOND)
    is_hidden = _stretches(batch, count, gaps, _LONGEST_GAP, generator)[:, None]
    return torch.where(is_hidden, bands.mean(dim=2, keepdim=True), bands)


def _smooth_curves(batch: int, count: int, knots: int, generator: torch.Generator) -> Tensor:
    """Draw curves over ``count`` places through so many normal random numbers, ``[B, count]``."""
    heights = torch.randn(batch, 1, knots, generator=generator)
    return F.interpolate(heights, size=count, mode="linear", align_corners=True)[:, 0]


def _read_at(bands: Tensor, places: Tensor) -> Tensor:
    """Read pictures ``[B, N, A]`` at places ``[B, N]`` between their bands."""
    places = places.clamp(0, bands.shape[1] - 1.001)
    low = places.floor().long()
    weight = (places - low)[..., None]
    index = low[..., None].expand_as(bands)
    return bands.gather(1, index) * (1 - weight) + bands.gather(1, index + 1) * weight


def _stretches(batch: int, count: int, stretches: int, longest: int, generator: torch.Generator) -> Tensor:
    """Mark so many random stretches of ``count`` places, ``[B, count]``."""
    is_marked = torch.zeros(batch, count, dtype=torch.bool)
    places = torch.arange(count)
    for _ in range(stretches):
        first = torch.rand(batch, 1, generator=generator) * count
        length = torch.rand(batch, 1, generator=generator) * longest
        is_marked |= (places >= first) & (places < first + length)
    return is_marked
