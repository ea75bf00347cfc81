"""Random windows of the corpus, as the trainings take them.

A training window is cut as the generator will meet it: 64,000 samples with the sound around them that the engine lets
it hear, zeros where the clip has not begun or is over; and the 100 frames of motion before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from artalk_engine.audio.continuity import CONTEXT_S
from bridge.motion import EXPRESSION, FPS

from . import rule
from .augmentation import coloured_noise
from .corpus import Clip
from .phones import PAUSE, SYMBOLS, Phone
from .speech import SAMPLE_RATE_HZ
from .styles import STYLES
from .units import sides

STYLE_NAMES = tuple(STYLES)
FRAMES = 100
SAMPLES_A_FRAME = 640
AROUND_FRAMES = round(CONTEXT_S * FPS)  # before a window and after it, heard as well
HEARD_FRAMES = AROUND_FRAMES + FRAMES + AROUND_FRAMES


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows side by side.

    Attributes:
        waveform: of the window and around it, ``[B, S]``, 640 samples for each of the ``HEARD_FRAMES`` frames ``H``.
        phones: symbol of each audio step heard ``[B, 2 H]``, an index into ``SYMBOLS``.
        neutral: the rule's motion for all that is heard, neutral, ``[B, H, 106]``.
        previous: styled motion of the window before, zeros before a clip's start, ``[B, 100, 106]``.
        styled: styled motion of the window, ``[B, 100, 106]``.
        style: index into ``STYLE_NAMES`` ``[B]``.
    """

    waveform: Tensor
    phones: Tensor
    neutral: Tensor
    previous: Tensor
    styled: Tensor
    style: Tensor


class WindowSource:
    """Clips in memory, from which windows are drawn."""

    def __init__(self, clips: Iterable[Clip]) -> None:
        self._clips = [_pack(clip) for clip in clips]
        lengths = np.array([len(packed.neutral) for packed in self._clips], np.float64)
        self._chances = lengths / lengths.sum()
        self._of_style = [[k for k, p in enumerate(self._clips) if p.style == s] for s in range(len(STYLE_NAMES))]

    def __len__(self) -> int:
        return len(self._clips)

    def draw(self, count: int, rng: np.random.Generator, clean_share: float = 0.35) -> Batch:
        """Draw windows at random places of random clips."""
        rows = [self._window(self._clips[k], rng, clean_share) for k in rng.choice(len(self), count, p=self._chances)]
        columns = [torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)]
        return Batch(*columns)

    def draw_motion(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Draw pairs of neighbouring windows of styled motion, each ``[B, 100, 106]``."""
        rows = []
        for k in rng.choice(len(self), count, p=self._chances):
            styled = self._clips[k].styled
            start = int(rng.integers(0, max(1, len(styled) - FRAMES // 2)))
            rows.append((_cut(styled, start - FRAMES, FRAMES), _cut(styled, start, FRAMES, styled[-1])))
        previous, current = zip(*rows, strict=True)
        return torch.from_numpy(np.stack(previous)), torch.from_numpy(np.stack(current))

    def style_clips(self, styles: Tensor, frames: int, rng: np.random.Generator) -> Tensor:
        """Draw a stretch of motion of each style ``[B]``: ``[B, frames, 106]``."""
        rows = []
        for style in styles.tolist():
            styled = self._clips[int(rng.choice(self._of_style[style]))].styled
            start = int(rng.integers(0, max(1, len(styled) - frames)))
            rows.append(_cut(styled, start, frames, styled[-1]))
        return torch.from_numpy(np.stack(rows))

    def clips_from_start(self, count: int, windows: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The first windows of the first clips that are long enough, as they were augmented.

        Args:
            count: clips at most.
            windows: of 100 frames each.

        Returns:
            waveforms ``[B, S]``, symbols ``[B, 2 T]``, styled motion ``[B, T, 106]`` and styles ``[B]``.
        """
        frames = windows * FRAMES
        samples = frames * SAMPLES_A_FRAME
        chosen = [packed for packed in self._clips if len(packed.augmented) >= samples][:count]
        waveforms = [packed.augmented[:samples] / np.float32(32767.0) for packed in chosen]
        symbols = [packed.steps[: 2 * frames].astype(np.int64) for packed in chosen]
        columns = (waveforms, symbols, [packed.styled[:frames] for packed in chosen])
        stacked = [torch.from_numpy(np.stack(column)) for column in columns]
        return stacked[0], stacked[1], stacked[2], torch.tensor([packed.style for packed in chosen])

    def motion(self) -> NDArray[np.float32]:
        """All styled motion, one clip after another, ``[T, 106]``."""
        return np.concatenate([packed.styled for packed in self._clips])

    def _window(self, packed: _Packed, rng: np.random.Generator, clean_share: float) -> tuple[NDArray[Any], ...]:
        frames = len(packed.neutral)
        start = _start(frames, rng)
        samples = packed.clean if rng.random() < clean_share else packed.augmented
        heard = start - AROUND_FRAMES
        return (
            _recorded(samples, heard * SAMPLES_A_FRAME, rng),
            _cut(packed.steps, 2 * heard, 2 * HEARD_FRAMES, _PAUSE, _PAUSE).astype(np.int64),
            _cut(packed.neutral, heard, HEARD_FRAMES, packed.neutral[-1], packed.neutral[0]),
            _cut(packed.styled, start - FRAMES, FRAMES),
            _cut(packed.styled, start, FRAMES, packed.styled[-1]),
            np.array(packed.style),
        )


def quiet_clips(count: int, rng: np.random.Generator) -> list[Clip]:
    """Clips in which nobody speaks: digital silence, or noise below -46 dB."""
    made = []
    for index in range(count):
        samples = int(rng.uniform(9.0, 16.0) * SAMPLE_RATE_HZ)
        noise = coloured_noise(samples, rng.uniform(-75.0, -46.0), rng)
        phones = (Phone(PAUSE, 0.0, samples / SAMPLE_RATE_HZ),)
        style = STYLE_NAMES[index % len(STYLE_NAMES)]
        silence = np.zeros(samples, np.float32)
        neutral = rule.make_motion(phones, silence, "neutral", index)
        made.append(Clip(silence, noise, phones, neutral, rule.make_motion(phones, silence, style, index), style, ""))
    return made


def without_blinks(motion: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same motion with the lids open, ``[T, 106]``.

    When a blink comes hangs on when the last one came, which a generator that writes four seconds at once learns badly:
    it would shut the eyes half. So the voice is taught no blinks, and the engine adds them (`motion.blinks`).
    """
    opened = motion.copy()
    opened[:, EXPRESSION][:, list(sides("blink"))] = 0.0
    return opened


def steps_of(phones: Sequence[Phone], steps: int, rate_hz: float = 50.0) -> NDArray[np.uint8]:
    """Symbol sounding in the middle of each step, as an index into ``SYMBOLS``, ``[steps]``."""
    ends = np.array([phone.end_s for phone in phones])
    places = np.searchsorted(ends, (np.arange(steps) + 0.5) / rate_hz, side="right").clip(max=len(phones) - 1)
    symbols = np.array([SYMBOLS.index(phone.symbol) for phone in phones], np.uint8)
    return np.asarray(symbols[places])


_PAUSE = SYMBOLS.index(PAUSE)
_START_SHARE, _END_SHARE = 0.15, 0.2
_FEWEST_FRAMES = 8  # of a clip in a window; the rest is filled up
_HISS_SHARE, _HISS_DB = 0.4, (-64.0, -46.0)  # white noise on top, its level below full scale


@dataclass(frozen=True, slots=True)
class _Packed:
    clean: NDArray[np.int16]
    augmented: NDArray[np.int16]
    steps: NDArray[np.uint8]
    neutral: NDArray[np.float32]
    styled: NDArray[np.float32]
    style: int


def _start(frames: int, rng: np.random.Generator) -> int:
    """First frame of a window: often a clip's beginning, often its end, else anywhere."""
    last = max(0, frames - _FEWEST_FRAMES)
    kind = rng.random()
    if kind < _START_SHARE:
        return 0
    if kind < _START_SHARE + _END_SHARE:
        return int(rng.integers(max(0, frames - FRAMES), last + 1))
    return int(rng.integers(0, last + 1))


def _recorded(samples: NDArray[np.int16], first: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Samples of all that is heard, from ``first`` on, at another gain and perhaps with hiss where the clip is."""
    length = HEARD_FRAMES * SAMPLES_A_FRAME
    waveform = _cut(samples, first, length).astype(np.float32) / np.float32(32767.0)
    waveform *= np.float32(10.0 ** (rng.uniform(-8.0, 6.0) / 20.0))
    if rng.random() < _HISS_SHARE:
        begins, ends = max(0, -first), min(length, len(samples) - first)
        hiss = np.float32(10.0 ** (rng.uniform(*_HISS_DB) / 20.0))
        waveform[begins:ends] += hiss * rng.standard_normal(ends - begins, dtype=np.float32)
    return waveform


def _pack(clip: Clip) -> _Packed:
    steps = steps_of(clip.phones, 2 * len(clip.neutral))
    clean, augmented = (np.round(w * 32767.0).astype(np.int16) for w in (clip.clean, clip.augmented))
    neutral, styled = without_blinks(clip.neutral), without_blinks(clip.styled)
    return _Packed(clean, augmented, steps, neutral, styled, STYLE_NAMES.index(clip.style))


def _cut(values: NDArray[Any], start: int, length: int, after: Any = 0, before: Any = 0) -> NDArray[Any]:
    """``length`` values from ``start`` on; ``before`` stands for those before the beginning, ``after`` for the rest."""
    cut = np.empty((length, *values.shape[1:]), values.dtype)
    first = min(max(0, -start), length)
    inside = values[max(0, start) : max(0, start + length)]
    cut[:first] = before
    cut[first : first + len(inside)] = inside
    cut[first + len(inside) :] = after
    return cut
