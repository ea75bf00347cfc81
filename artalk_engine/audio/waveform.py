"""Speech from any sound: one channel of float32 at 16 kHz.

file -> blocks of all channels -> one channel -> 16 kHz

Each step takes and gives blocks, so that an hour needs no more memory than a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
import numpy.typing as npt
import torch

from artalk_engine.config import SAMPLE_RATE_HZ
from artalk_engine.errors import (
    AudioChannelError,
    AudioEmptyError,
    AudioFormatError,
    AudioMissingError,
    AudioRangeError,
    AudioValueError,
)

from .decoding import decode, describe_sound
from .resample import Resampler
from .sound import Block, Samples

Channel = Literal["mix", "left", "right", "loudest"]


def load_waveform(
    path: Path | str, start_s: float = 0.0, end_s: float | None = None, channel: Channel = "mix"
) -> Samples:
    """Read speech from a file, all at once; see :func:`read_speech`.

    Returns:
        ``[S]`` at 16 kHz.
    """
    return np.concatenate(list(read_speech(path, start_s, end_s, channel)))


def read_speech(
    path: Path | str, start_s: float = 0.0, end_s: float | None = None, channel: Channel = "mix"
) -> Iterator[Samples]:
    """Read speech from a file, block by block.

    Args:
        path: a sound file, or a film with sound.
        start_s: where to begin, in seconds.
        end_s: where to end; None is the end of the file.
        channel: ``mix`` averages all channels, ``loudest`` is the one with most energy in the range.
            A file with one channel accepts each.

    Yields:
        ``[S]`` at 16 kHz, full scale being 1, at least one sample in all.

    Raises:
        AudioMissingError: if there is no such file.
        AudioEmptyError: if there is no sound in it, or none in the range.
        AudioFormatError: if it is not sound, or damaged.
        AudioValueError: if samples are no numbers.
        AudioRangeError: if the range is none.
        AudioChannelError: if there is no such channel.
    """
    path = _checked(path, start_s, end_s)
    chosen = _loudest(path, start_s, end_s) if check_channel(channel) == "loudest" else channel
    blocks = (_choose(block, chosen) for block in decode(path, start_s, end_s))
    return _to_speech(_refuse_no_numbers(path.name, _refuse_nothing(path.name, blocks, start_s, end_s)))


def speech_length(path: Path | str, start_s: float = 0.0, end_s: float | None = None) -> int | None:
    """Say how many samples :func:`read_speech` will give, from the file's header alone.

    Returns:
        the number at 16 kHz, which compressed formats tell only roughly; None if the header does not say.

    Raises:
        AudioError: as ``read_speech`` does.
    """
    info = describe_sound(_checked(path, start_s, end_s))
    if info.samples is None:
        return None
    last = info.samples if end_s is None else min(info.samples, round(end_s * info.rate_hz))
    return math.ceil(max(0, last - round(start_s * info.rate_hz)) * SAMPLE_RATE_HZ / info.rate_hz)


def check_channel(name: str) -> Channel:
    """Make sure that a word from outside names a channel.

    Raises:
        AudioChannelError: if it does not.
    """
    if name not in get_args(Channel):
        raise AudioChannelError(f"there is no channel {name!r}")
    return cast("Channel", name)


def check_waveform(waveform: npt.NDArray[Any] | torch.Tensor) -> Samples:
    """Make sure that an array is speech as the engine takes it.

    Args:
        waveform: ``[S]``, floats at 16 kHz, full scale being 1.

    Returns:
        the same in float32, without a copy where it was already.

    Raises:
        AudioFormatError: if it has several channels, or no floats.
        AudioEmptyError: if it has no samples.
        AudioValueError: if some are no numbers.
    """
    samples = as_array(waveform)
    _check_kind(samples)
    _check_shape(samples)
    samples = np.ascontiguousarray(samples, dtype=np.float32)
    for _ in _refuse_no_numbers("the waveform", [Block(samples[None], SAMPLE_RATE_HZ, 0)]):
        pass
    return samples


def as_array(values: npt.NDArray[Any] | torch.Tensor) -> npt.NDArray[Any]:
    """Make an array of whatever holds numbers."""
    if not isinstance(values, torch.Tensor):
        return np.asarray(values)
    # numpy knows no bfloat16
    return (values.float() if values.dtype == torch.bfloat16 else values).detach().cpu().numpy()


def _check_kind(samples: npt.NDArray[Any]) -> None:
    if np.issubdtype(samples.dtype, np.signedinteger) and samples.itemsize < 8:  # no sound has 64 bits
        remedy = f"Convert it to floats between -1 and 1: waveform / {np.iinfo(samples.dtype).max + 1}."
        raise AudioFormatError(f"the waveform holds whole numbers ({samples.dtype}), floats are expected", remedy)
    if not np.issubdtype(samples.dtype, np.floating):
        remedy = "Convert it to float32, between -1 and 1."
        raise AudioFormatError(f"the waveform holds {samples.dtype}, floats are expected", remedy)


def _check_shape(samples: npt.NDArray[Any]) -> None:
    shape = list(samples.shape)
    if not samples.size:
        raise AudioEmptyError("the waveform has no samples")
    if samples.ndim == 2:
        axis = int(shape[1] <= shape[0])  # nobody has more channels than samples
        remedy = f"Give one channel, or the average of all: waveform.mean(axis={axis})."
        raise AudioFormatError(f"the waveform has two axes, {shape}, and one channel [S] is expected", remedy)
    if samples.ndim != 1:
        raise AudioFormatError(f"the waveform has shape {shape}, and one channel [S] is expected", "Give one channel.")


def _checked(path: Path | str, start_s: float, end_s: float | None) -> Path:
    """Make sure that there is a file, and that the range is one."""
    path = Path(path)
    try:
        str(path).encode()
    except UnicodeEncodeError as exc:  # file systems allow any bytes, which no decoder takes
        raise AudioFormatError(f"the name {str(path)!a} is not written in Unicode", "Rename it.") from exc
    if not 0 <= start_s < math.inf or (end_s is not None and not start_s < end_s < math.inf):
        end = "the end" if end_s is None else f"{end_s:g} s"
        raise AudioRangeError(f"there is no range from {start_s:g} s to {end}")
    if not path.is_file():
        raise AudioMissingError(f"there is no sound file at {path}")
    try:
        with path.open("rb") as file:
            is_empty = not file.read(1)
    except OSError as exc:
        remedy = "Check that your user may read it, and that no other program keeps it to itself."
        raise AudioFormatError(f"{path.name} cannot be opened ({exc.strerror or exc})", remedy) from exc
    if is_empty:
        raise AudioEmptyError(f"{path.name} is an empty file")
    return path


def _loudest(path: Path, start_s: float, end_s: float | None) -> int:
    """Find the channel that varies most, so that a constant offset does not count."""
    count, total, squares = 0, np.zeros(1), np.zeros(1)
    for block in _refuse_no_numbers(path.name, decode(path, start_s, end_s)):
        count += block.samples.shape[1]
        total = total + block.samples.sum(axis=1, dtype=np.float64)
        squares = squares + np.einsum("cs,cs->c", block.samples, block.samples, dtype=np.float64)
    return int(np.argmax(squares - total**2 / max(count, 1)))


def _choose(block: Block, channel: Channel | int) -> Block:
    """Keep one channel, or all of them to be averaged."""
    if channel == "mix":
        return block
    wanted = channel if isinstance(channel, int) else ("left", "right").index(channel)
    number = min(wanted, len(block.samples) - 1)
    return Block(block.samples[number : number + 1], block.rate_hz, block.start)


def _refuse_nothing(name: str, blocks: Iterable[Block], start_s: float, end_s: float | None) -> Iterator[Block]:
    is_empty = True
    for block in blocks:
        is_empty = False
        yield block
    if is_empty and start_s == 0 and end_s is None:
        raise AudioEmptyError(f"{name} has no sound in it")
    if is_empty:
        raise AudioEmptyError(f"{name} has no sound in the chosen range", "Choose a range that lies within the sound.")


def _refuse_no_numbers(name: str, blocks: Iterable[Block]) -> Iterator[Block]:
    """Pass blocks on until one has samples that are no numbers; then count them in all of the rest."""
    count, first_s = 0, 0.0
    for block in blocks:
        is_bad = ~np.isfinite(block.samples)
        if is_bad.any():
            first_s = first_s if count else (block.start + int(is_bad.any(axis=0).argmax())) / block.rate_hz
            count += int(is_bad.sum())
        elif not count:
            yield block
    if count:
        raise AudioValueError(name, count, first_s)


def _to_speech(blocks: Iterable[Block]) -> Iterator[Samples]:
    """Average channels and resample."""
    resampler = None
    for block in blocks:
        # The reference resamples each channel and then averages: the same, as both are linear, but slower.
        channels = len(block.samples)
        samples = np.full(channels, 1 / channels, np.float32) @ block.samples
        if block.rate_hz != SAMPLE_RATE_HZ:
            resampler = resampler or Resampler(block.rate_hz, SAMPLE_RATE_HZ)
            samples = resampler.push(torch.from_numpy(samples)).numpy()
        if len(samples):
            yield samples
    if resampler is not None:
        yield resampler.finish().numpy()
