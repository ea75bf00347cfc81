"""How far the lips of a head are apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from bridge.motion import EXPRESSION, JAW_POSE

from .flame import FLAMEModel
from .lips import find_lips

_TOGETHER = 64  # frames posed at a time
_TO_MM = 1000.0


class LipGauge:
    """Measures the mouth of a head."""

    def __init__(self, path: Path) -> None:
        """Load the head.

        Raises:
            FlameFileError: if it cannot be read, or has no lips.
        """
        self._lips, self._flame = find_lips(path), FLAMEModel(model_path=path)

    def measure(self, motion: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return the largest height of the gap anywhere along the lips, ``[T]`` mm, of a motion ``[T, 106]``."""
        parts = [self._gaps(motion[first : first + _TOGETHER]) for first in range(0, len(motion), _TOGETHER)]
        return np.concatenate([np.zeros(0), *parts])

    def _gaps(self, motion: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        rows = torch.from_numpy(np.ascontiguousarray(motion))
        with torch.inference_mode():
            heights = self._flame(None, rows[:, EXPRESSION], rows[:, JAW_POSE])[..., 1].numpy() * _TO_MM
        return np.asarray((heights[:, self._lips.upper] - heights[:, self._lips.lower]).max(axis=1), np.float64)
