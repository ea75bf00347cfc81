"""The sound of a film, written piece by piece as the pictures advance.

sound ─► 48 kHz, cut or filled ─► AAC
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from artalk_engine.audio.recording import Recording
from artalk_engine.config import SAMPLE_RATE_HZ as SPEECH_RATE_HZ
from artalk_engine.errors import AudioFormatError

if TYPE_CHECKING:
    import av
    import av.container

SAMPLE_RATE_HZ = 48_000
BLOCK = 65_536  # samples of a waveform that are resampled in one go

Floats = NDArray[np.float32]
Audio = Path | Recording | Floats  # a file, a range of one, or a waveform [S] at 16 kHz


class SoundTrack:
    """The sound of a film, from its first picture to its last.

    Args:
        film: the film to add it to.
        audio: a sound file of any kind, a range of one, or a mono waveform ``[S]`` at 16 kHz; more than two channels
            become two.

    Raises:
        AudioFormatError: if it cannot be decoded.
    """

    def __init__(self, film: av.container.OutputContainer, audio: Audio) -> None:
        self.film = film
        self.blocks = _blocks(audio)
        first = next(self.blocks, np.zeros((1, 0), np.float32))
        self.waiting = [first]
        self.channels = first.shape[0]
        self.written = 0  # samples
        self.stream = film.add_stream("aac", rate=SAMPLE_RATE_HZ, layout=_layout(self.channels))

    def write_until(self, sample: int) -> None:
        """Write what is heard before this sample, filled with silence where the sound has ended."""
        import av

        if sample <= self.written:
            return
        samples = np.ascontiguousarray(self._take(sample - self.written))
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=_layout(self.channels))
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE_HZ, self.written, Fraction(1, SAMPLE_RATE_HZ)
        self.film.mux(self.stream.encode(frame))
        self.written = sample

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self.film.mux(self.stream.encode(None))
        self.blocks.close()

    def _take(self, count: int) -> Floats:
        """Return the next samples ``[C, count]``."""
        have = sum(block.shape[1] for block in self.waiting)
        while have < count:
            block = next(self.blocks, None)
            if block is None:
                block = np.zeros((self.channels, count - have), np.float32)
            self.waiting.append(block)
            have += block.shape[1]
        joined = np.concatenate(self.waiting, axis=1)
        self.waiting = [joined[:, count:]]
        return joined[:, :count]


def _blocks(audio: Audio) -> Generator[Floats, None, None]:
    """Yield blocks ``[C, n]`` at `SAMPLE_RATE_HZ`."""
    if isinstance(audio, np.ndarray):
        return _resampled(_pieces(audio), 1)
    if isinstance(audio, Recording):
        return _without_first(_decoded(audio.path), round(audio.start_s * SAMPLE_RATE_HZ))
    return _decoded(audio)


def _decoded(path: Path) -> Generator[Floats, None, None]:
    import av

    try:
        with av.open(str(path)) as opened:
            source = opened.streams.audio[0]
            yield from _resampled(opened.decode(source), source.channels)
    except (av.FFmpegError, IndexError) as exc:
        raise AudioFormatError(f"{path.name} cannot be decoded: {exc}") from exc


def _pieces(waveform: Floats) -> Iterator[Any]:
    """Wrap a mono waveform at 16 kHz."""
    import av

    for start in range(0, len(waveform), BLOCK):
        piece = np.ascontiguousarray(waveform[None, start : start + BLOCK], np.float32)
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SPEECH_RATE_HZ, start, Fraction(1, SPEECH_RATE_HZ)
        yield frame


def _resampled(frames: Iterator[Any], channels: int) -> Generator[Floats, None, None]:
    import av

    resampler = av.AudioResampler("fltp", _layout(min(channels, 2)), SAMPLE_RATE_HZ)
    for frame in itertools.chain(frames, [None]):
        yield from (block.to_ndarray().astype(np.float32, copy=False) for block in resampler.resample(frame))


def _without_first(blocks: Generator[Floats, None, None], samples: int) -> Generator[Floats, None, None]:
    """Leave out the first samples; everything before the wanted range is decoded, which is exact in any format."""
    for block in blocks:
        if samples < block.shape[1]:
            yield block[:, samples:]
        samples = max(0, samples - block.shape[1])


def _layout(channels: int) -> str:
    return "mono" if channels == 1 else "stereo"
