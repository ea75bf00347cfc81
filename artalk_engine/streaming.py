"""Speech that is still being spoken: samples in, motion out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bridge.motion import CHANNELS

from .audio.waveform import as_array, check_waveform
from .errors import OptionError
from .motion.generator import BitwiseARModel
from .performance import Motion, Performance, advance


class ARTalkStreamer:
    """One live clip; the pieces that go in may be of any size, and make no difference to what comes out.

    A window of four seconds is made as soon as all of it has been heard, and the smoother holds back its last four
    frames until the next.
    """

    def __init__(self, model: BitwiseARModel, clip: Performance) -> None:
        self._model, self._clip, self._is_finished = model, clip, False

    def feed(self, samples: npt.NDArray[Any] | torch.Tensor) -> Motion:
        """Take the next samples ``[S]`` at 16 kHz and give the frames that are settled, ``[T, 106]``; often none.

        Raises:
            AudioError: if they are no samples.
            OptionError: if the clip is finished.
        """
        if self._is_finished:
            raise OptionError("this stream is finished", "Begin another one.")
        samples = as_array(samples)
        if samples.size:
            self._clip.hear(check_waveform(samples))
        return self._made()

    def finish(self) -> Motion:
        """Give the rest, ``[T, 106]``, the sound having ended.

        Raises:
            AudioEmptyError: if there was not a single sample.
            OptionError: if the clip is finished.
        """
        if self._is_finished:
            raise OptionError("this stream is finished", "Begin another one.")
        self._is_finished = True
        self._clip.end()
        made = self._made()
        return made if self._clip.is_over else np.concatenate([made, self._clip.settle()])

    def _made(self) -> Motion:
        pieces = [np.zeros((0, CHANNELS), np.float32)]
        while self._clip.is_ready:
            pieces += advance(self._model, [self._clip])
        return np.concatenate(pieces)
