"""How far ``fast`` is from ``exact``, where it can be seen: in bits, and in millimetres at the lips.

The measure is of the model as it is loaded. With invented weights it says nothing of what people would see.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bridge.motion import EXPRESSION, JAW_POSE, JAW_YAW_ROLL

from .audio.windows import frame_count
from .errors import AudioEmptyError
from .face.flame import FLAMEModel
from .face.lips import Lips, find_lips
from .motion.generator import BitwiseARModel
from .motion.smoothing import smooth
from .precision import Precision, use_precision

Floats = npt.NDArray[np.float64]
Motion = npt.NDArray[np.float32]

_TO_MM = 1000.0
_FRAMES_TOGETHER = 250  # posed at once: a whole head each


@dataclass(frozen=True, slots=True)
class Deviation:
    """What computing fast changes on one sound.

    Attributes:
        type: what ``fast`` multiplies in; ``float32`` where it is the same as ``exact``.
        frames: of motion compared.
        bits: share of bits that differ, window by window. A window continues the one before it, so a bit that differs
            makes others differ after it.
        lips_median_mm: distance between the same lip vertices, over all vertices and frames.
        lips_95th_mm: what 95 of 100 of these distances stay below.
        lips_worst_mm: the largest of them.
        lve_mm: lip vertex error: root of the mean over frames of the largest squared distance on each.
        opening_mean_mm: difference in how far the mouth is open, on average without its sign.
        opening_worst_mm: the largest difference.
        exact_s: time that the exact model took, loading left out.
        fast_s: time that the fast model took.
    """

    type: str
    frames: int
    bits: tuple[float, ...]
    lips_median_mm: float
    lips_95th_mm: float
    lips_worst_mm: float
    lve_mm: float
    opening_mean_mm: float
    opening_worst_mm: float
    exact_s: float
    fast_s: float


def measure_deviation(
    load: Callable[[], BitwiseARModel],
    waveform: npt.NDArray[np.float32],
    head: Path,
    style_clip: Tensor | None = None,
) -> Deviation:
    """Let a model speak exactly and fast, and compare.

    Args:
        load: gives the model anew, on the device to measure; called twice, so that one at a time takes up memory.
        waveform: ``[S]`` at 16 kHz.
        head: file of the head that the model speaks to.
        style_clip: ``[1, 50, M]``, or None for no style.

    Raises:
        AudioEmptyError: if there is not a single sample.
        FlameFileError: if the head cannot be read, or has no lips.
    """
    if not len(waveform):
        raise AudioEmptyError("the waveform has no samples")
    lips, flame = find_lips(head), FLAMEModel(model_path=head)
    exact_bits, exact, exact_s, _ = _speak(load(), "exact", waveform, style_clip)
    fast_bits, fast, fast_s, dtype = _speak(load(), "fast", waveform, style_clip)
    differ = (exact_bits != fast_bits).float().mean(dim=(1, 2))
    away_mm, opening_mm = compare_lips(flame, lips, exact, fast)
    return Deviation(
        type=str(dtype).removeprefix("torch."),
        frames=len(exact),
        bits=tuple(differ.tolist()),
        lips_median_mm=float(np.median(away_mm)),
        lips_95th_mm=float(np.quantile(away_mm, 0.95)),
        lips_worst_mm=float(away_mm.max()),
        lve_mm=float(np.sqrt(np.mean(away_mm.max(axis=1) ** 2))),
        opening_mean_mm=float(np.abs(opening_mm).mean()),
        opening_worst_mm=float(np.abs(opening_mm).max()),
        exact_s=exact_s,
        fast_s=fast_s,
    )


def compare_lips(head: FLAMEModel, lips: Lips, first: Motion, second: Motion) -> tuple[Floats, Floats]:
    """Compare two motions ``[T, 106]`` at the lips, the head held still.

    Returns:
        in millimetres how far each lip vertex is apart, ``[T, N]``, and how much wider the mouth is open in the
        second, ``[T]``.
    """
    away, wider = [], []
    for start in range(0, len(first), _FRAMES_TOGETHER):
        poses = [_pose(head, motion[start : start + _FRAMES_TOGETHER]) for motion in (first, second)]
        away.append(np.linalg.norm(poses[1][:, lips.vertices] - poses[0][:, lips.vertices], axis=-1))
        openings = [(pose[:, lips.upper, 1] - pose[:, lips.lower, 1]).mean(axis=1) for pose in poses]
        wider.append(openings[1] - openings[0])
    return np.concatenate(away), np.concatenate(wider)


def _speak(
    model: BitwiseARModel, precision: Precision, waveform: npt.NDArray[np.float32], style_clip: Tensor | None
) -> tuple[Tensor, Motion, float, torch.dtype]:
    """Return bits ``[W, L, C]``, smoothed motion ``[T, 106]``, seconds taken, and the type computed in."""
    dtype = use_precision(model, precision, model.device)
    sound = torch.from_numpy(waveform)[None]
    start = time.perf_counter()
    windows = [(window.bits.cpu(), window.motion.cpu()) for window in model.windows(sound, style_clip)]
    taken = time.perf_counter() - start
    raw = torch.cat([motion for _, motion in windows], dim=1)[0, : frame_count(len(waveform))]
    motion = smooth(raw.numpy())
    motion[:, JAW_YAW_ROLL] = 0
    return torch.cat([bits for bits, _ in windows]), motion, taken, dtype


def _pose(head: FLAMEModel, motion: Motion) -> Floats:
    """Return all vertices ``[T, V, 3]`` in millimetres."""
    expression, jaw = torch.from_numpy(motion[:, EXPRESSION]), torch.from_numpy(motion[:, JAW_POSE])
    return np.asarray(head(None, expression, jaw).numpy() * _TO_MM, np.float64)
