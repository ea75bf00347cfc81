"""Blinks for the built-in head: timed by the pauses of speech, irregular, the same for the same seed.

People blink when they stop to breathe, and else every few seconds. A generator that writes four seconds at once cannot
know when the last blink was, and where it is unsure it shuts the eyes half; so the built-in voice is taught to keep the
lids open, and blinks are added to its raw motion, window by window, before smoothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bridge.motion import EXPRESSION, FPS

from .loudness import frame_levels_db

Floats = npt.NDArray[np.float64]
Motion = npt.NDArray[np.float32]

# Units of the built-in head, as expression coefficients.
BLINK_UNITS = (18, 19)
LID_UNITS = (20, 21, 22, 23, 34)  # squint, wide, cheek raise: they give way while the eye is shut

# A blink on successive frames; smoothed by parabolas over five frames it still holds three frames fully closed.
BLINK: Floats = np.array([0.2, 0.8, 1.0, 1.0, 1.0, 0.8, 0.4, 0.1])
SHORTEST_S, AFTER_PAUSE_S, LONGEST_S = 1.2, 1.6, 5.0
PATIENCE_S, PATIENCE_SPREAD_S = 3.3, 0.8  # time between blinks where nobody pauses
PAUSE_S = 0.2
QUIET_DB, FAINTEST_SPEECH_DB = -24.0, -42.0  # below the speech; below full scale
_BLINKS_IN_PAUSES = 0.8  # share of pauses that are taken


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
        lids = self._lids(self._is_quiet(waveform, len(motion)))
        changed = motion.copy()
        expression = changed[:, EXPRESSION]
        expression[:, list(BLINK_UNITS)] = lids[:, None]
        expression[:, list(LID_UNITS)] *= (1.0 - lids)[:, None]
        return changed

    def _lids(self, is_quiet: npt.NDArray[np.bool_]) -> Floats:
        lids = np.zeros(len(is_quiet))
        for frame, quiet in enumerate(is_quiet):
            self._since_s += 1.0 / FPS
            was_quiet_s = self._quiet_s
            self._quiet_s = was_quiet_s + 1.0 / FPS if quiet else 0.0
            pause_begins = was_quiet_s < PAUSE_S <= self._quiet_s
            if frame + len(BLINK) < len(lids) and self._is_time(pause_begins):
                lids[frame : frame + len(BLINK)] = BLINK
                self._since_s, self._patience_s = 0.0, self._draw_patience()
        return lids

    def _is_time(self, pause_begins: bool) -> bool:
        if pause_begins and self._since_s >= AFTER_PAUSE_S:
            return bool(self._random.random() < _BLINKS_IN_PAUSES)
        return self._since_s >= self._patience_s

    def _draw_patience(self) -> float:
        return float(np.clip(self._random.normal(PATIENCE_S, PATIENCE_SPREAD_S), SHORTEST_S, LONGEST_S))

    def _is_quiet(self, waveform: npt.NDArray[np.float32], frames: int) -> npt.NDArray[np.bool_]:
        """Whether nobody speaks on each frame, ``[T]``."""
        if not frames:
            return np.zeros(0, np.bool_)
        levels_db = frame_levels_db(waveform, frames)
        self._loudest_db = max(self._loudest_db, float(np.percentile(levels_db, 90)))
        quiet: npt.NDArray[np.bool_] = levels_db < self._loudest_db + QUIET_DB
        return quiet
