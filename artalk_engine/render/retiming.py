"""Motion at other rates than its own: rotations turn evenly between frames, expressions change evenly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from artalk_engine.errors import OptionError
from bridge.motion import CHANNELS, EXPRESSION, FPS, GLOBAL_ORIENT, JAW_POSE
from bridge.rotations import from_axis_angle, slerp, to_axis_angle

Motion = npt.NDArray[np.float32]
FASTEST = 1000


class Retimer:
    """Takes motion at 25 frames a second, piece by piece, and gives it at another rate.

    Frame ``k`` shows the moment ``k / fps``. A moment behind the last frame shows that frame. Frames that lie on
    frames of the motion are those, bit for bit, and it does not matter how the motion is cut into pieces.

    Args:
        fps: wanted frames a second.

    Raises:
        OptionError: if that is no rate.
    """

    def __init__(self, fps: Fraction | float) -> None:
        self.fps = check_fps(fps)
        self._held = np.zeros((0, CHANNELS), np.float32)  # the last frame taken
        self._taken = self.given = 0

    def push(self, motion: Motion) -> Motion:
        """Take the next frames ``[T, 106]`` and give those that they settle."""
        if not len(motion):
            return motion
        rows = np.concatenate([self._held, motion])
        self._taken += len(motion)
        settled = _floor((self._taken - 1) * self.fps / FPS) + 1
        made = self._between(rows, settled)
        self._held = rows[-1:]
        return made

    def finish(self) -> Motion:
        """Give the frames behind the last one taken, until its time is over."""
        if not self._taken:
            return self._held
        return self._between(self._held, frames_at(self._taken, self.fps))

    def _between(self, rows: Motion, end: int) -> Motion:
        """Give the frames up to ``end``, which lie in or behind the rows last taken."""
        numbers = np.arange(self.given, end, dtype=np.int64)
        self.given = end
        moments = numbers * (FPS * self.fps.denominator)
        share = (moments % self.fps.numerator) / self.fps.numerator
        before = np.minimum(moments // self.fps.numerator - (self._taken - len(rows)), len(rows) - 1)
        after = np.minimum(before + 1, len(rows) - 1)
        return _mixed(rows[before], rows[after], share)


def frames_at(frames: int, fps: Fraction) -> int:
    """Return how many frames at another rate show motion of so many frames, its last one to the end."""
    return -_floor(-frames * fps / FPS)


def check_fps(fps: Fraction | float) -> Fraction:
    """Return a rate as a fraction; 29.97 and its like become the exact rate of films.

    Raises:
        OptionError: if it is no rate.
    """
    if not 1 <= fps <= FASTEST:
        raise OptionError(f"a film has from 1 to {FASTEST} frames a second, not {fps}", "Choose a rate such as 30.")
    exact = Fraction(fps)
    if exact.denominator == 1:
        return exact
    film = Fraction(round(exact * Fraction(1001, 1000)) * 1000, 1001)
    return film if abs(film - exact) < Fraction(1, 200) else exact.limit_denominator(1001)


def _mixed(first: Motion, second: Motion, share: npt.NDArray[np.float64]) -> Motion:
    made = first.copy()
    is_between = (share > 0) & (first != second).any(axis=1)
    one, two, part = first[is_between].astype(np.float64), second[is_between].astype(np.float64), share[is_between]
    mixed = np.empty_like(one)
    mixed[:, EXPRESSION] = one[:, EXPRESSION] + part[:, None] * (two[:, EXPRESSION] - one[:, EXPRESSION])
    for rotation in (GLOBAL_ORIENT, JAW_POSE):
        ends = from_axis_angle(one[:, rotation]), from_axis_angle(two[:, rotation])
        mixed[:, rotation] = to_axis_angle(slerp(*ends, part))
    made[is_between] = mixed
    return made


def _floor(value: Fraction) -> int:
    return value.numerator // value.denominator
