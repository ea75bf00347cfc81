"""Rest for the built-in head: where nobody speaks for a while, its mouth is closed and still.

The built-in voice hears windows of four seconds alone, and at their edges it sometimes takes hiss for the beginning of
a word. How loud a pause is tells for certain that nobody speaks; there its mouth is led to rest, before smoothing,
while brows, lids, head and the style's own face go on.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from artalk_engine.config import SAMPLE_RATE_HZ
from bridge.motion import EXPRESSION, FPS, JAW_POSE

from .loudness import frame_levels_db

Floats = npt.NDArray[np.float64]
Motion = npt.NDArray[np.float32]

# Units of the built-in head that speech moves and no style holds: lip_close, the lips' opening and rounding, stretch,
# lips rolled in, tongue.
SPEECH_UNITS = (0, 2, 3, 4, 5, 6, 11, 12, 30, 31, 32)

SETTLING: Floats = np.array([0.8, 0.5, 0.2])  # share of the mouth's movement on the first frames of a pause
PREPARING: Floats = np.array([0.2, 0.5, 0.8])  # and on its last ones
SHORTEST = (
    len(SETTLING) + len(PREPARING) + 1
)  # frames of quiet that make a pause: longer than any closure inside a word
SILENT_DB, BELOW_SPEECH_DB = -46.0, -25.0  # both must hold: of full scale, and below the loudest speech so far
FAINTEST_SPEECH_DB = -60.0  # of full scale: in a recording as faint as this nothing is called silence


class Rest:
    """Leads the mouth to rest in windows of motion, in order.

    What one window hands to the next is the loudest level so far, for how long it has been quiet, and for how many
    frames the mouth has been led to rest.
    """

    def __init__(self) -> None:
        self._loudest_db = FAINTEST_SPEECH_DB
        self._quiet_before = self._rested_before = SHORTEST  # a clip begins at rest

    def settle(self, motion: Motion, waveform: npt.NDArray[np.float32], is_last: bool = False) -> Motion:
        """Still the mouth in the pauses of one window.

        Args:
            motion: raw, ``[T, M]``, in the built-in head's units.
            waveform: the window's sound and what is known to follow, ``[S]`` at 16 kHz. A pause that begins near the
                window's end is known by what follows, as is the end of one that lasts a little longer.
            is_last: whether the clip is over after this window, so that quiet at its end is a pause however short.

        Returns:
            ``[T, M]``, a changed copy.
        """
        share = self._share(self._is_quiet(waveform, len(motion)), len(motion), is_last)[:, None].astype(np.float32)
        settled = motion.copy()
        settled[:, EXPRESSION][:, list(SPEECH_UNITS)] *= share
        settled[:, JAW_POSE] *= share
        return settled

    def _share(self, is_quiet: npt.NDArray[np.bool_], frames: int, is_last: bool) -> Floats:
        """Say how much of the mouth's movement stays on each of the first frames, ``[T]``, of those looked at."""
        share, rests = np.ones(len(is_quiet)), np.zeros(len(is_quiet), np.bool_)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], is_quiet, [False]]).astype(np.int8)))
        for first, end in zip(edges[::2], edges[1::2], strict=True):
            before, rested = (self._quiet_before, self._rested_before) if first == 0 else (0, 0)
            goes_on = end == len(is_quiet)  # perhaps beyond what is known
            if before + end - first < SHORTEST and not (goes_on and is_last):
                continue
            share[first:end], rests[first:end] = 0.0, True
            settling = SETTLING[rested : rested + end - first]
            share[first : first + len(settling)] = settling
            if not goes_on:
                start = max(first, end - len(PREPARING))
                share[start:end] = np.maximum(share[start:end], PREPARING[start - end :])
        self._quiet_before = _lasting(is_quiet[:frames], self._quiet_before)
        self._rested_before = _lasting(rests[:frames], self._rested_before)
        return share[:frames]

    def _is_quiet(self, waveform: npt.NDArray[np.float32], frames: int) -> npt.NDArray[np.bool_]:
        """Tell on which frames nobody speaks: on at least ``T``, and on all that the waveform lasts."""
        if not frames:
            return np.zeros(0, np.bool_)
        levels_db = frame_levels_db(waveform, max(frames, len(waveform) * FPS // SAMPLE_RATE_HZ))
        self._loudest_db = max(self._loudest_db, float(np.percentile(levels_db[:frames], 90)))
        quiet: npt.NDArray[np.bool_] = levels_db < min(SILENT_DB, self._loudest_db + BELOW_SPEECH_DB)
        return quiet


def _lasting(flags: npt.NDArray[np.bool_], before: int) -> int:
    """For how many frames up to the last of ``[T]`` a flag has held, if it had for so many before the first."""
    return before + len(flags) if flags.all() else int(np.argmin(flags[::-1]))
