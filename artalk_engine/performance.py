"""Clips in the making: sound goes in as it arrives, motion comes out as soon as it is settled.

    samples ─► windows of sound ─► features ─► windows of raw motion ─► rest, idle, blinks ─► smoothing ─► motion

A whole file, a live stream and a batch of clips all run :func:`advance`, one window of each clip at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bridge.motion import CHANNELS, GLOBAL_ORIENT, JAW_YAW_ROLL

from .audio.continuity import Level
from .audio.windows import SoundWindow, WindowCutter
from .config import BUILTIN_RIG
from .errors import AudioEmptyError
from .motion.blinks import Blinker
from .motion.generator import BitwiseARModel, WindowState
from .motion.idle import Idle
from .motion.rest import Rest
from .motion.smoothing import StreamingSmoother
from .options import TakeOptions

Motion = npt.NDArray[np.float32]
Samples = npt.NDArray[np.float32]

ENCODED_TOGETHER = 8  # windows, on a GPU: always so many, so that a window's features do not depend on its company


class Performance:
    """One clip in the making.

    Attributes:
        options: how to speak.
        level: loudness of the whole clip, if that is to count; None levels each window.
        state: what the model needs for the next window.
        is_over: whether nothing more will come.
    """

    def __init__(
        self, model: BitwiseARModel, state: WindowState, options: TakeOptions, context: int, level: Level | None
    ) -> None:
        """Begin a clip.

        Args:
            model: that will speak.
            state: from the model's ``start``.
            options: how to speak.
            context: samples around a window that the model hears as well.
            level: loudness of the whole clip, if that is to count.
        """
        self.options, self.level, self.state, self.is_over = options, level, state, options.clip_length == 0
        self._cutter = WindowCutter(model.config.codec, context)
        self._smoother = StreamingSmoother()
        # What the built-in voice is not taught; other models rest, sway and blink by themselves.
        self._habits = (Rest(), Idle(options.seed), Blinker(options.seed)) if model.config.rig == BUILTIN_RIG else None
        self._windows: deque[SoundWindow] = deque()
        self._features: deque[Tensor] = deque()  # [A, F], of the first of those windows
        self._has_heard = self._has_ended = False
        self._wanted = options.clip_length

    def hear(self, samples: Samples) -> None:
        """Take the next samples ``[S]``."""
        self._has_heard |= len(samples) > 0
        if not self.is_over:  # a live stream may go on after its last frame
            self._windows += self._cutter.push(samples)

    def end(self) -> None:
        """Take note that the sound is over.

        Raises:
            AudioEmptyError: if there was not a single sample.
        """
        if not self._has_heard:
            raise AudioEmptyError("the waveform has no samples")
        self._windows += self._cutter.finish()
        self._has_ended = True

    @property
    def is_ready(self) -> bool:
        """Whether there is a window to make."""
        return bool(self._windows) and not self.is_over

    @property
    def knows_what_follows(self) -> bool:
        """Whether it is certain that the next window is, or is not, the last."""
        return len(self._windows) > 1 or self._has_ended or self.is_over

    @property
    def unheard(self) -> list[SoundWindow]:
        """Windows without features."""
        return list(self._windows)[len(self._features) :]

    def understand(self, features: Tensor) -> None:
        """Take the features ``[A, F]`` of the first window without."""
        self._features.append(features)

    @property
    def features(self) -> Tensor | None:
        """Features ``[1, A, F]`` of the next window to make, if the encoder has heard it."""
        return self._features[0][None] if self._features else None

    def receive(self, motion: Tensor, state: WindowState) -> Motion:
        """Take the model's raw motion ``[T, M]`` of the next window and give the frames that are settled.

        Returns:
            ``[T, 106]``; the smoother holds back four frames of a window until the next.
        """
        window = self._windows.popleft()
        self._features.popleft()
        self.state = state
        is_last = self._has_ended and not self._windows
        raw = motion[: window.frames].cpu().numpy()
        if self._habits:
            rest, idle, blinker = self._habits
            raw = blinker.add(idle.add(rest.settle(raw, window.onwards, is_last)), window.samples)
        settled = self._finished(self._smoother.push(raw))
        return np.concatenate([settled, self.settle()]) if is_last else settled

    def settle(self) -> Motion:
        """Give the frames that the smoother held back, once the last window is made."""
        if self.is_over:
            return np.zeros((0, CHANNELS), np.float32)
        rest = self._finished(self._smoother.finish())
        self.is_over = True
        return rest

    def _finished(self, motion: Motion) -> Motion:
        """Still what is not to move, and cut what is not wanted."""
        finished = motion[: self._wanted].copy()
        if self.options.fix_pose:
            finished[:, GLOBAL_ORIENT] = 0
        finished[:, JAW_YAW_ROLL] = 0
        if self._wanted is not None:
            self._wanted -= len(finished)
            self.is_over = self._wanted == 0
        return finished


def advance(model: BitwiseARModel, clips: Sequence[Performance]) -> list[Motion]:
    """Make the next window of clips that each have one and the same way of choosing bits.

    Returns:
        for each clip the frames that are settled now, ``[T, 106]``.
    """
    _encode(model, clips)
    features = torch.cat([clip.features for clip in clips if clip.features is not None])
    made = model.step(WindowState.join([clip.state for clip in clips]), features, clips[0].options.sampling)
    return [clip.receive(*own) for clip, *own in zip(clips, made.motion, made.state.split(), strict=True)]


def listen(clip: Performance, blocks: Iterator[Samples]) -> bool:
    """Let a clip hear blocks of sound until it knows what its next window is; say whether there is one."""
    while not clip.knows_what_follows:
        block = next(blocks, None)
        if block is None:
            clip.end()
        else:
            clip.hear(block)
    return clip.is_ready


def _encode(model: BitwiseARModel, clips: Sequence[Performance]) -> None:
    """Let the audio encoder hear windows until each clip has features for its next."""
    together = 1 if model.device.type == "cpu" else ENCODED_TOGETHER
    while any(clip.features is None for clip in clips):
        waiting = [(clip, window) for clip in clips for window in clip.unheard]
        waiting.sort(key=lambda pair: pair[0].features is not None)  # clips that have to wait come first
        chosen = waiting[:together]
        sound = np.zeros((together, len(chosen[0][1].heard)), np.float32)
        level = np.ones((together, 2), np.float32)
        for row, (clip, window) in enumerate(chosen):
            sound[row] = window.heard
            if clip.level is not None:
                level[row] = clip.level.mean, clip.level.deviation
        is_levelled = chosen[0][0].level is not None
        features = model.hear(
            torch.from_numpy(sound), chosen[0][1].context, torch.from_numpy(level) if is_levelled else None
        )
        for (clip, _), own in zip(chosen, features, strict=False):
            clip.understand(own)
