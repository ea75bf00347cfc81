# SPDX-License-Identifier: GPL-3.0-or-later
"""Close lips that all but close, as they must on p, b and m; needs no Blender.

Where the raw motion's lips come nearer than a threshold, a closure is meant. There the edited motion, whatever gain,
smoothing or jaw has done to it, gets as much of the head's lip closing as its gap needs; beside it the closing fades.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .blinks import runs
from .face_ruler import FaceRuler

Floats = NDArray[np.float64]
Motion = NDArray[np.float32]

CLOSED_MM = 1.0  # lips nearer than this, everywhere along the mouth, are seen as closed
SHUT_MM = 0.4  # what a closed gap is brought to: it cannot be told from rest

_CORE_MM = 0.3  # frames with a gap this little above a closure's smallest belong to it
_FADE = (0.75, 0.25)  # share of the closing on the frames beside a closure
_ROUNDS = 3  # of going as far as is still missing: posed skin is not quite linear
_MOST = 3.0  # of the closing channels, so that a wide open mouth is not torn shut
_LEAST_RATE_MM = 0.05  # by which a unit of the closing channels counts as closing a gap


def find_closures(lip_gap: Floats, threshold_mm: float) -> list[tuple[int, int]]:
    """Return the first and last frame of each closure: of lips nearer than a threshold, the frames at their nearest.

    Args:
        lip_gap: ``[T]`` mm.
        threshold_mm: the largest gap that is meant to be closed.
    """
    found = []
    for first, last in runs(lip_gap <= threshold_mm):
        gaps = lip_gap[first : last + 1]
        nearest = gaps <= max(gaps.min() + _CORE_MM, SHUT_MM)
        found += [(first + start, first + end) for start, end in runs(nearest)]
    return found


def closed_lips(motion: Motion, closures: list[tuple[int, int]], ruler: FaceRuler, closer: Motion) -> Motion:
    """Return a motion whose lips are shut on closures.

    Args:
        motion: ``[T, 106]``.
        closures: first and last frame of each.
        ruler: of the head.
        closer: ``[106]`` what moves the lips nearer to each other.
    """
    shares = closing_shares(closures, len(motion))
    frames = np.flatnonzero(shares)
    if not len(frames):
        return motion.copy()
    part = motion[frames]
    amount, gaps = np.zeros(len(frames)), ruler.lip_gaps(part)
    rates = np.maximum((gaps - ruler.lip_gaps(part + closer)), _LEAST_RATE_MM)
    for _ in range(_ROUNDS):
        steps = ((gaps - SHUT_MM) / rates).max(axis=1)
        amount = np.clip(amount + steps, 0.0, _MOST)
        gaps = ruler.lip_gaps(part + (amount[:, None] * closer).astype(np.float32))
    closed = motion.copy()
    closed[frames] += ((shares[frames] * amount)[:, None] * closer).astype(np.float32)
    return closed


def closing_shares(closures: list[tuple[int, int]], frames: int) -> Floats:
    """Return how much of the closing each frame gets, ``[T]``: all on closures, less on the frames beside them."""
    shares = np.zeros(frames)
    for first, last in closures:
        shares[max(first, 0) : last + 1] = 1.0
        for step, share in enumerate(_FADE, start=1):
            for frame in (first - step, last + step):
                if 0 <= frame < frames:
                    shares[frame] = max(shares[frame], share)
    return shares
