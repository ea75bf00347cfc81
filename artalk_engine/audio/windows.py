"""Sound as it arrives, cut into the windows that the generator works on.

waveform ─► [context | window | context] ─► audio encoder
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artalk_engine.config import SAMPLE_RATE_HZ, CodecConfig

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class SoundWindow:
    """One window of sound.

    Attributes:
        heard: what the audio encoder hears, ``[C + S + C]``: the window between what sounds before and after it.
        context: ``C``.
        frames: how many frames of motion go with it; fewer than a whole window only at the end of a clip.
    """

    heard: Samples
    context: int
    frames: int

    @property
    def samples(self) -> Samples:
        """The window alone, ``[S]``; what lies beyond the clip's end is zero."""
        return self.heard[self.context : len(self.heard) - self.context]

    @property
    def onwards(self) -> Samples:
        """The window and what sounds after it, ``[S + C]``; what lies beyond the clip's end is zero."""
        return self.heard[self.context :]


class WindowCutter:
    """Cuts sound into windows; it may arrive in pieces of any size."""

    def __init__(self, codec: CodecConfig, context: int = 0) -> None:
        """Begin a clip.

        Args:
            codec: says how long a window is.
            context: samples to hear before and after each window, at most as many as it has itself; beyond the
                clip's ends there is silence.
        """
        self._frames, self._samples, self._context = codec.window, codec.window_samples, context
        self._buffer = np.zeros(2 * context + self._samples, np.float32)
        self._filled = context
        self._seen = self._made = 0

    def push(self, samples: Samples) -> list[SoundWindow]:
        """Take the next samples ``[S]`` and give the windows that are complete."""
        windows: list[SoundWindow] = []
        self._seen += len(samples)
        while len(samples):
            room = len(self._buffer) - self._filled
            taken, samples = samples[:room], samples[room:]
            self._buffer[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            if self._filled == len(self._buffer):
                windows.append(self._cut(self._frames))
        return windows

    def finish(self) -> list[SoundWindow]:
        """Give the windows that are left, the clip having ended."""
        frames, windows = frame_count(self._seen), []
        while self._made * self._frames < frames:
            self._buffer[self._filled :] = 0
            windows.append(self._cut(min(self._frames, frames - self._made * self._frames)))
        return windows

    def _cut(self, frames: int) -> SoundWindow:
        window = SoundWindow(self._buffer.copy(), self._context, frames)
        kept = self._buffer[self._samples :].copy()  # [2 C]: what the next window begins with
        self._buffer[: len(kept)] = kept
        self._filled = max(self._filled - self._samples, 0)
        self._made += 1
        return window


def frame_count(samples: int) -> int:
    """Say how many frames of motion go with a number of samples."""
    # Quirk: floating point, so that 142 lengths below two million give one frame more than exact division.
    return math.ceil(samples / SAMPLE_RATE_HZ * 25.0)


def window_count(samples: int, window: int) -> int:
    """Say how many windows of so many frames a number of samples takes."""
    return math.ceil(frame_count(samples) / window)
