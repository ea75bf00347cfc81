"""What the codec learns from: clips of a folder, or made-up gestures, cut into short windows."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bridge.clip import Clip, resampled, upright
from bridge.clip_file import load_clip
from bridge.errors import ClipFileError

from . import procedural
from .config import BodyConfigError
from .features import BodyPart, Standard, to_channels

log = logging.getLogger(__name__)

WINDOW, STRIDE = 64, 20  # frames
HELD_OUT = 20  # of so many clips one is kept for judging


@dataclass(frozen=True, eq=False)
class Windows:
    """Standardised motion of many clips end to end, and where windows may begin.

    Attributes:
        motion: ``[F, M]`` of all clips.
        starts: ``[W]`` first frames of windows that lie within one clip.
        frames: length of a window.
    """

    motion: Tensor
    starts: Tensor
    frames: int

    def to(self, device: torch.device) -> Windows:
        """The same on another device."""
        return Windows(self.motion.to(device), self.starts.to(device), self.frames)

    def draw(self, batch: int) -> Tensor:
        """Choose windows at random, ``[batch, T, M]``."""
        starts = self.starts[torch.randint(len(self.starts), (batch,)).to(self.starts.device)]
        return self.motion[starts[:, None] + torch.arange(self.frames, device=self.starts.device)]


def load_folder(folder: Path, pattern: str, fps: float) -> list[Clip]:
    """Read all clips of a folder, at one rate and with Y up; damaged ones are named in the log and left out.

    Raises:
        BodyConfigError: if none can be read.
    """
    clips = []
    for path in sorted(folder.rglob(pattern)):
        try:
            clips.append(resampled(upright(load_clip(path)), fps))
        except ClipFileError as exc:
            log.warning("left out: %s", exc)
    if not clips:
        raise BodyConfigError(f"no clip can be read in {folder}", f"Name a folder with BEAT2 clips ({pattern}).")
    log.info("%d clips in %s", len(clips), folder)
    return clips


def make_procedural(count: int, fps: float) -> list[Clip]:
    """Make clips of ten seconds up."""
    return [procedural.make_clip(seed, fps=fps) for seed in range(count)]


def split(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Part clips into those to learn from and those to judge by, at least one each.

    Raises:
        BodyConfigError: if there is only one.
    """
    if len(clips) < 2:
        raise BodyConfigError("training needs at least two clips: one to learn from and one to judge by")
    held_out = list(clips[::HELD_OUT])
    return [clip for index, clip in enumerate(clips) if index % HELD_OUT], held_out


def measure(clips: Sequence[Clip], part: BodyPart) -> Standard:
    """Measure mean and deviation of a part's channels."""
    return Standard.measure([to_channels(clip, part) for clip in clips])


def cut(clips: Sequence[Clip], part: BodyPart, standard: Standard, frames: int = WINDOW) -> Windows:
    """Cut clips into windows.

    Raises:
        BodyConfigError: if no clip is as long as a window.
    """
    pieces, starts, first = [], [], 0
    for clip in clips:
        pieces.append(standard.apply(to_channels(clip, part)).astype(np.float32))
        starts.append(np.arange(first, first + len(clip.poses) - frames + 1, STRIDE))
        first += len(clip.poses)
    windows = Windows(torch.from_numpy(np.concatenate(pieces)), torch.from_numpy(np.concatenate(starts)), frames)
    if not len(windows.starts):
        raise BodyConfigError(f"no clip is as long as a window of {frames} frames")
    return windows
