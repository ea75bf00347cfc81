# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds, motion frames and scene frames; pure arithmetic.

A motion has 25 frames a second. A scene has ``fps / fps_base`` of them, such as 24 or
60 / 1.001. Motion frame ``k`` lies at ``start + k * rate / 25`` on the scene's timeline:
keys may lie between scene frames, and no motion frame is dropped or moved.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bridge.motion import FPS


def scene_rate(fps: int, fps_base: float) -> float:
    """Return scene frames a second.

    Args:
        fps: the scene's nominal rate, ``scene.render.fps``.
        fps_base: its divisor, ``scene.render.fps_base``; 1.001 for the rates of NTSC.

    Raises:
        ValueError: if either is not positive.
    """
    if fps <= 0 or fps_base <= 0:
        raise ValueError(f"a scene's rate is positive, this one is {fps} / {fps_base}")
    return fps / fps_base


def key_frames(count: int, rate_hz: float, start: float) -> NDArray[np.float64]:
    """Return the scene frame of every motion frame.

    Args:
        count: motion frames.
        rate_hz: scene frames a second.
        start: scene frame of the first motion frame; may lie between frames.

    Returns:
        ``[count]`` scene frames, ascending.
    """
    return start + np.arange(count, dtype=np.float64) * (rate_hz / FPS)


def scene_frame(seconds: float, rate_hz: float, start: float) -> float:
    """Return the scene frame that is ``seconds`` after the frame ``start``."""
    return start + seconds * rate_hz


def last_scene_frame(count: int, rate_hz: float, start: float) -> int:
    """Return the last whole scene frame on which a take of ``count`` motion frames is heard.

    A motion frame stands for 1/25 second, so the take ends ``count / 25`` seconds after its
    start; the scene frame that begins exactly there no longer belongs to it.
    """
    end = scene_frame(count / FPS, rate_hz, start)
    nearest = round(end)
    whole = nearest if math.isclose(end, nearest, abs_tol=1e-6) else math.ceil(end)
    return max(whole - 1, math.floor(start))


def split_frame(frame: float) -> tuple[int, float]:
    """Split a scene frame into what ``scene.frame_set`` takes: the whole frame and the rest in 0..1."""
    whole = math.floor(frame)
    return whole, frame - whole
