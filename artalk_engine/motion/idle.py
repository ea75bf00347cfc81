"""Idle for the built-in head: a living face is never quite still, nor quite even.

Between words a head drifts by fractions of a degree, lids and brows are never frozen, breath lifts the chin. None of it
follows from what is said, so no voice can learn it from speech: it is added to the built-in voice's raw motion, after
rest and before blinks. Nothing here moves the mouth.

Each curve is a sum of a few slow waves whose frequencies share no common period and whose size falls with frequency, so
that it is smooth, never repeats, and is known on every frame without those before it: windows join without a seam,
and a live stream moves as the finished file does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bridge.motion import EXPRESSION, FPS, GLOBAL_ORIENT

Floats = npt.NDArray[np.float64]
Motion = npt.NDArray[np.float32]

HEAD_DEGREES = (0.22, 0.32, 0.20)  # standard deviation of nod, turn and tilt
# Units of the built-in head that hover, by places among the expression coefficients, and their standard deviation.
HOVERING: dict[tuple[int, ...], float] = {
    (24,): 0.025,  # brow_inner_raise
    (25,): 0.020,  # brow_outer_raise_l
    (26,): 0.020,  # brow_outer_raise_r
    (20, 21): 0.020,  # squint, both eyes
    (22, 23): 0.030,  # wide, both eyes
}
SLOWEST_HZ, FASTEST_HZ, WAVES = 0.06, 0.9, 9
BREATH_HZ, BREATH_DEGREES = 0.24, 0.10  # breaths a second, and how far one lifts the chin
PAIRS = ((7, 8), (9, 10), (20, 21), (22, 23), (25, 26), (27, 28))  # smile, frown, squint, wide, outer brows, low brows
UNEVEN = 0.08  # at most so much stronger is one side


class Idle:
    """Keeps the face alive in windows of motion, in order.

    What one window hands to the next is the number of its frames.
    """

    def __init__(self, seed: int = 0) -> None:
        random = np.random.default_rng((seed, _STREAM))
        self._frame = 0
        self._head = [_Waves(degrees, random) for degrees in HEAD_DEGREES]
        self._units = {units: _Waves(amount, random) for units, amount in HOVERING.items()}
        self._breath = random.uniform(0.0, 2.0 * np.pi)
        self._uneven = random.uniform(-UNEVEN, UNEVEN, len(PAIRS))

    def add(self, motion: Motion) -> Motion:
        """Enliven one window.

        Args:
            motion: raw, ``[T, M]``, in the built-in head's units.

        Returns:
            ``[T, M]``, a changed copy.
        """
        times = (self._frame + np.arange(len(motion))) / FPS
        self._frame += len(motion)
        alive = motion.copy()
        expression = alive[:, EXPRESSION]
        for (left, right), uneven in zip(PAIRS, self._uneven, strict=True):
            expression[:, left] *= 1.0 + uneven
            expression[:, right] *= 1.0 - uneven
        for units, waves in self._units.items():
            expression[:, list(units)] += waves.at(times)[:, None]
        alive[:, GLOBAL_ORIENT] += np.radians(self._head_degrees(times)).astype(np.float32)
        return alive

    def _head_degrees(self, times: Floats) -> Floats:
        """Return nod, turn and tilt ``[T, 3]`` in degrees."""
        degrees = np.stack([waves.at(times) for waves in self._head], axis=1)
        degrees[:, 0] -= BREATH_DEGREES * np.sin(2.0 * np.pi * BREATH_HZ * times + self._breath)
        return degrees


class _Waves:
    """A smooth curve that never repeats, of a given standard deviation."""

    def __init__(self, deviation: float, random: np.random.Generator) -> None:
        spacing = (FASTEST_HZ / SLOWEST_HZ) ** (1.0 / WAVES)
        self._hz = SLOWEST_HZ * spacing ** (np.arange(WAVES) + random.random(WAVES))  # one in each part of an octave
        size = 1.0 / self._hz
        self._size = deviation * size * np.sqrt(2.0 / np.square(size).sum())
        self._phase = random.uniform(0.0, 2.0 * np.pi, WAVES)

    def at(self, times: Floats) -> Floats:
        """Return the curve at times ``[T]`` in seconds."""
        return np.asarray(np.sin(2.0 * np.pi * times[:, None] * self._hz + self._phase) @ self._size)


_STREAM = 0x1D1E  # keeps these draws apart from the blinks' of the same seed
