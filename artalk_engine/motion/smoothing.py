"""Savitzky-Golay smoothing of generated motion, whole or as it arrives.

Each frame becomes the value there of a polynomial fitted to the frames around it;
near an end, of the polynomial fitted to the first or last full span. A frame's
value is the same sum in the same order however the motion is cut up, so streamed
and one-shot smoothing agree bit for bit.

References:
    Savitzky and Golay, Smoothing and Differentiation of Data, 1964.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from bridge.motion import GLOBAL_ORIENT

SPAN, ORDER = 5, 2
HEAD_SPAN, HEAD_ORDER = 9, 3  # the head turns more slowly

Motion = npt.NDArray[np.float32]


def smooth(motion: Motion) -> Motion:
    """Smooth a whole motion ``[T, M]``; shorter than a span, channels come back as they are."""
    smoother = StreamingSmoother()
    return np.concatenate([smoother.push(motion), smoother.finish()])


class StreamingSmoother:
    """Smooths motion that arrives in pieces; runs four frames behind."""

    def __init__(self) -> None:
        self._waiting: Motion | None = None  # raw frames that later frames need
        self._first = 0  # number of the first of them
        self._made = 0

    def push(self, piece: Motion) -> Motion:
        """Take the next raw frames ``[T, M]`` and give those whose value is settled."""
        raw = piece.copy() if self._waiting is None else np.concatenate([self._waiting, piece])
        seen = self._first + len(raw)
        return self._make(raw, seen - HEAD_SPAN // 2 if seen >= HEAD_SPAN else 0, length=None)

    def finish(self) -> Motion:
        """Give the frames that are left, the motion having ended."""
        if self._waiting is None:
            return np.zeros((0, 0), np.float32)
        length = self._first + len(self._waiting)
        return self._make(self._waiting, length, length)

    def _make(self, raw: Motion, until: int, length: int | None) -> Motion:
        """Smooth the frames up to ``until`` and keep the raw ones that later frames need."""
        numbers = range(self._made, until)
        made = _fit(raw, self._first, numbers, length, SPAN, ORDER)
        head = _fit(raw[:, GLOBAL_ORIENT], self._first, numbers, length, HEAD_SPAN, HEAD_ORDER)
        made[:, GLOBAL_ORIENT] = head
        self._made = max(until, self._made)
        first_needed = max(self._made - HEAD_SPAN, self._first)
        self._waiting = raw[first_needed - self._first :]
        self._first = first_needed
        return made


def savgol(motion: Motion, span: int, order: int) -> Motion:
    """Replace each frame by the centre of a polynomial fitted around it.

    Args:
        motion: ``[T, M]``.
        span: frames in each fit, odd and above ``order``.
        order: degree of the polynomial.

    Returns:
        ``[T, M]``; a clip shorter than ``span`` comes back as it is.

    Raises:
        ValueError: if ``span`` is even or not above ``order``.
    """
    if span % 2 == 0 or span <= order:
        raise ValueError(f"span must be odd and above the order {order}, not {span}")
    return _fit(motion, 0, range(len(motion)), len(motion), span, order)


def _fit(motion: Motion, first: int, numbers: range, length: int | None, span: int, order: int) -> Motion:
    """Smooth the frames ``numbers``, ``motion`` starting with frame ``first``; ``length`` if it is known."""
    if length is not None and length < span:
        return motion[numbers.start - first : numbers.stop - first].copy()
    half, rows = span // 2, fit_matrix(span, order)
    made = np.empty((len(numbers), motion.shape[1]), np.float32)
    ending = numbers.stop if length is None else length - half  # the first frame whose fit is the last span's
    begin, end = max(numbers.start, half), min(numbers.stop, ending)
    if begin < end:
        shifted = [motion[begin - first + k : end - first + k] for k in range(-half, half + 1)]
        made[begin - numbers.start : end - numbers.start] = _weigh(shifted, rows[half])
    for number in numbers:
        if half <= number < ending:
            continue
        start = 0 if number < half else ending + half - span
        taps = motion[start - first : start - first + span]
        made[number - numbers.start] = _weigh(list(taps), rows[number - start])
    return made


def _weigh(frames: list[Motion], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Add up frames in order, elementwise: the result does not depend on how many are done at once."""
    total = np.zeros(frames[0].shape)
    for frame, weight in zip(frames, weights, strict=True):
        total += frame * weight  # in float64
    return total


@cache
def fit_matrix(span: int, order: int) -> npt.NDArray[np.float64]:
    """Row ``i`` gives the fitted value at frame ``i`` of a span, ``[span, span]``."""
    powers = np.vander(np.arange(span) - span // 2, order + 1).astype(np.float64)
    return np.asarray(powers @ np.linalg.pinv(powers))
