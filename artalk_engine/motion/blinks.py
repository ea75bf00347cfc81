"""Blinks for the built-in head: timed by the pauses of speech, irregular, the same for the same seed.

People blink when they stop to breathe, when they turn the head, and else every few seconds: mostly soon, at times after
long. A generator that writes four seconds at once cannot know when the last blink was, and where it is unsure it shuts
the eyes half; so the built-in voice is taught to keep the lids open, and blinks are added to its raw motion, window by
window, before smoothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bridge.motion import EXPRESSION, FPS, GLOBAL_ORIENT

from .loudness import frame_levels_db

Floats = npt.NDArray[np.float64]
Motion = npt.NDArray[np.float32]

# Units of the built-in head, as expression coefficients.
BLINK_UNITS = (18, 19)
LID_UNITS = (20, 21, 22, 23, 34)  # squint, wide, cheek raise: they give way while the eye is shut

# A blink on successive frames; smoothed by parabolas over five frames it still holds three frames fully closed.
BLINK: Floats = np.array([0.25, 0.85, 1.0, 1.0, 1.0, 0.8, 0.5, 0.25, 0.08])  # lids fall fast and rise slowly
SHORTEST_S, AFTER_PAUSE_S, LONGEST_S = 1.2, 2.4, 8.0
PATIENCE_S, PATIENCE_SPREAD = 3.5, 0.42  # time between blinks else: its middle, and the deviation of its logarithm
TURN_DEGREES_S = 12.0  # a head that begins to turn as fast as this takes the eyes along, and they blink
PAUSE_S = 0.2
QUIET_DB, FAINTEST_SPEECH_DB = -24.0, -42.0  # below the speech; below full scale
_TAKEN = 0.6  # share of pauses and turns that bring a blink


class Blinker:
    """Adds blinks to windows of motion, in order.

    A blink ends in the window in which it begins, since no other may follow. What one window hands to the next is the
    time since the last blink and the level of the speech so far.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._since_s = self._random.uniform(0.5, 2.0)
        self._patience_s = self._draw_patience()
        self._quiet_s = 1.0  # long enough to be no fresh pause
        self._loudest_db = FAINTEST_SPEECH_DB

    def add(self, motion: Motion, waveform: npt.NDArray[np.float32]) -> Motion:
        """Blink in one window.

        Args:
            motion: raw, ``[T, M]``, in the built-in head's units.
            waveform: the window's sound, ``[S]`` at 16 kHz; what goes beyond the motion is not looked at.

        Returns:
            ``[T, M]``, a changed copy.
        """
        lids = self._lids(self._is_quiet(waveform, len(motion)), _turns(motion[:, GLOBAL_ORIENT]))
        changed = motion.copy()
        expression = changed[:, EXPRESSION]
        expression[:, list(BLINK_UNITS)] = lids[:, None]
        expression[:, list(LID_UNITS)] *= (1.0 - lids)[:, None]
        return changed

    def _lids(self, is_quiet: npt.NDArray[np.bool_], turns: npt.NDArray[np.bool_]) -> Floats:
        lids = np.zeros(len(is_quiet))
        for frame, quiet in enumerate(is_quiet):
            self._since_s += 1.0 / FPS
            was_quiet_s = self._quiet_s
            self._quiet_s = was_quiet_s + 1.0 / FPS if quiet else 0.0
            pause_begins = was_quiet_s < PAUSE_S <= self._quiet_s
            if frame + len(BLINK) < len(lids) and self._is_time(pause_begins or bool(turns[frame])):
                lids[frame : frame + len(BLINK)] = BLINK
                self._since_s, self._patience_s = 0.0, self._draw_patience()
        return lids

    def _is_time(self, is_occasion: bool) -> bool:
        if is_occasion and self._since_s >= AFTER_PAUSE_S:
            return bool(self._random.random() < _TAKEN)
        return self._since_s >= self._patience_s

    def _draw_patience(self) -> float:
        patience_s = PATIENCE_S * np.exp(PATIENCE_SPREAD * self._random.standard_normal())
        return float(np.clip(patience_s, SHORTEST_S, LONGEST_S))

    def _is_quiet(self, waveform: npt.NDArray[np.float32], frames: int) -> npt.NDArray[np.bool_]:
        """Whether nobody speaks on each frame, ``[T]``."""
        if not frames:
            return np.zeros(0, np.bool_)
        levels_db = frame_levels_db(waveform, frames)
        self._loudest_db = max(self._loudest_db, float(np.percentile(levels_db, 90)))
        quiet: npt.NDArray[np.bool_] = levels_db < self._loudest_db + QUIET_DB
        return quiet


def _turns(global_orient: Motion) -> npt.NDArray[np.bool_]:
    """Tell on which frames ``[T]`` the head begins to turn fast, rotations being ``[T, 3]`` in radians."""
    step = np.diff(global_orient, axis=0, prepend=global_orient[:1])
    is_fast = np.degrees(np.linalg.norm(step, axis=1)) * FPS > TURN_DEGREES_S
    return np.asarray(is_fast & ~np.concatenate([[False], is_fast[:-1]]))
