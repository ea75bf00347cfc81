"""Speech from any sound file: one channel of float32 at 16 kHz.

A file is decoded and resampled block by block, so that an hour needs no more
memory than its result. WAV, FLAC, Ogg and MP3 go through libsndfile, everything
else (M4A, films) through FFmpeg's libraries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from artalk_engine.config import SAMPLE_RATE_HZ
from artalk_engine.errors import AudioEmptyError, AudioFormatError, AudioMissingError

from .resample import Resampler

BLOCK = 1 << 18  # samples decoded at a time

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Block:
    samples: Samples  # [channels, S]
    rate_hz: int


def load_waveform(path: Path | str, start_s: float = 0.0, end_s: float | None = None) -> Samples:
    """Read speech from a file.

    Args:
        path: a sound file, or a film with sound.
        start_s: where to begin, in seconds.
        end_s: where to end; None is the end of the file.

    Returns:
        ``[S]`` at 16 kHz, its channels averaged, between -1 and 1.

    Raises:
        AudioMissingError: if there is no such file.
        AudioEmptyError: if there is no sound in it, or none in the range.
        AudioFormatError: if it is not sound, or damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise AudioMissingError(f"there is no sound file at {path}")
    if path.stat().st_size == 0:
        raise AudioEmptyError(f"{path.name} is an empty file")
    try:
        waveform = _to_speech(_cut(_soundfile_blocks(path), start_s, end_s))
    except _UndecodableError:
        waveform = _to_speech(_cut(_av_blocks(path), start_s, end_s))
    if not len(waveform):
        where = "" if start_s == 0 and end_s is None else " in the chosen range"
        raise AudioEmptyError(f"{path.name} has no sound{where}")
    return waveform


class _UndecodableError(Exception):
    """libsndfile does not know the format."""


def _soundfile_blocks(path: Path) -> Iterator[_Block]:
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            for samples in file.blocks(BLOCK, dtype="float32", always_2d=True):
                yield _Block(samples.T, file.samplerate)
    except soundfile.LibsndfileError as exc:
        raise _UndecodableError(str(exc)) from exc


def _av_blocks(path: Path) -> Iterator[_Block]:
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise AudioFormatError(f"{path.name} has no sound in it, or is not a sound file")
            to_floats = av.AudioResampler(format="fltp")
            for frame in container.decode(container.streams.audio[0]):
                for part in to_floats.resample(frame):
                    yield _Block(part.to_ndarray().astype(np.float32, copy=False), part.sample_rate)
    except (av.FFmpegError, ValueError) as exc:
        raise AudioFormatError(f"{path.name} cannot be read as sound; it is damaged or no sound file") from exc


def _cut(blocks: Iterator[_Block], start_s: float, end_s: float | None) -> Iterator[_Block]:
    """Keep a range of time."""
    position = 0
    for block in blocks:
        first = round(start_s * block.rate_hz) - position
        last = block.samples.shape[1] if end_s is None else round(end_s * block.rate_hz) - position
        if last <= 0:
            return
        position += block.samples.shape[1]
        yield _Block(block.samples[:, max(first, 0) : last], block.rate_hz)


def _to_speech(blocks: Iterator[_Block]) -> Samples:
    """Resample each channel, average them, and join the blocks."""
    made: list[Samples] = []
    resampler: Resampler | None = None
    rate_hz = 0
    for block in blocks:
        # Float files may carry what is no number; one such sample would spoil a whole window.
        samples = np.nan_to_num(block.samples, nan=0.0, posinf=1.0, neginf=-1.0)
        if block.rate_hz == SAMPLE_RATE_HZ:
            made.append(samples.mean(axis=0))
            continue
        if resampler is None or block.rate_hz != rate_hz:
            resampler, rate_hz = Resampler(block.rate_hz, SAMPLE_RATE_HZ), block.rate_hz
        made.append(resampler.push(torch.from_numpy(samples)).mean(dim=0).numpy())
    if resampler is not None:
        made.append(resampler.finish().mean(dim=0).numpy())
    return np.concatenate([np.zeros(0, np.float32), *made])
