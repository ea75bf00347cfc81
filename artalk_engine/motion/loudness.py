"""How loud the sound of each motion frame is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from artalk_engine.config import SAMPLE_RATE_HZ
from bridge.motion import FPS


def frame_levels_db(waveform: npt.NDArray[np.float32], frames: int) -> npt.NDArray[np.float64]:
    """Measure the level of each frame.

    Args:
        waveform: ``[S]`` at 16 kHz; what is missing counts as silence, what is more is not looked at.
        frames: how many, T.

    Returns:
        ``[T]`` decibels of full scale, at least -120.
    """
    size = SAMPLE_RATE_HZ // FPS
    heard = np.zeros(frames * size)
    heard[: len(waveform)] = waveform[: frames * size]
    levels_db: npt.NDArray[np.float64] = 10.0 * np.log10((heard.reshape(frames, size) ** 2).mean(axis=1) + 1e-12)
    return levels_db
