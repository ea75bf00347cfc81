"""How much a motion jumps where one generated window ends and the next begins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bridge.motion import WINDOW

Motion = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


def seam_steps(motion: Motion, window: int = WINDOW) -> Floats:
    """Measure the step into each window but the first.

    A step is the length of the change of all channels from one frame to the next.

    Args:
        motion: ``[T, M]``.
        window: frames that are made together.

    Returns:
        for the frames ``window``, ``2 * window`` and so on, the step into each over the clip's median step; 1 where
        nothing moves at all.
    """
    steps = _steps(motion)
    median = float(np.median(steps)) if len(steps) else 0.0
    at_seams = steps[window - 1 :: window]
    return at_seams / median if median > 0.0 else np.ones_like(at_seams)


def seam_ratio(motions: Sequence[Motion], window: int = WINDOW) -> float:
    """Return the median step into a window over the median step anywhere, over clips ``[T, M]``; 1 without seams."""
    steps = [_steps(motion) for motion in motions]
    at_seams = np.concatenate([np.zeros(0), *(part[window - 1 :: window] for part in steps)])
    median = float(np.median(np.concatenate(steps))) if len(at_seams) else 0.0
    return float(np.median(at_seams)) / median if median > 0.0 else 1.0


def _steps(motion: Motion) -> Floats:
    """Length of the change from each frame to the next, ``[T - 1]``."""
    lengths: Floats = np.linalg.norm(np.diff(motion.astype(np.float64), axis=0), axis=1)
    return lengths
