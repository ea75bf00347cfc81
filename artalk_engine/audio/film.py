"""The sound of films and of formats that libsndfile does not know, through FFmpeg's libraries.

Sound is placed by its time stamps: where it begins after the picture, or pauses, there
is silence, so that it stays in step with what is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from artalk_engine.errors import AudioFormatError

from .sound import BLOCK, Block, Samples, SoundInfo, damaged, warn_if_short

GAP_S = 0.04  # time stamps off by less are only rounded
LONGEST_GAP_S = 3_600.0  # where a film does not tell its length, a stamp further off is wrong
PREROLL_S = 0.5  # decoded and dropped after seeking, since frames of sound build on those before
INDEXED = ("mov", "matroska")  # containers that seek to a time; others guess it from the bit rate
# What files may be. Play lists are not among them: they name other files, and FFmpeg waits for these for ever.
FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dts,eac3,flac,flv,g722,gxf,matroska,mov,mp3,mpeg,mpegts,mxf,nut,ogg,"
    "rm,tak,tta,w64,wav,webm,wv"
)


def describe(path: Path) -> SoundInfo:
    """Look at a film's header.

    Raises:
        AudioFormatError: if it cannot be read, or has no sound.
    """
    with _opened(path) as container:
        stream = _sound_of(path, container)
        seconds = _duration_s(container, stream)
        return SoundInfo(stream.rate, None if seconds is None else round(seconds * stream.rate))


def blocks(path: Path, first: int, last: int | None) -> Iterator[Block]:
    """Decode the samples from ``first`` to before ``last``.

    Raises:
        AudioFormatError: if the file is damaged there.
    """
    import av

    at, rate_hz = 0, 1
    with _opened(path) as container:
        stream = _sound_of(path, container)
        rate_hz = stream.rate
        try:
            for block in _joined(_placed(container, stream, first)):
                yield from block.within(first, last)
                at = block.end
                if last is not None and at >= last:
                    return
        except (av.FFmpegError, ValueError) as exc:
            raise damaged(path, at / rate_hz) from exc
        warn_if_short(path, _duration_s(container, stream) or 0.0, at / rate_hz)


def _opened(path: Path) -> Any:
    import av

    try:
        options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
        # An absolute path, as a part before a colon would be taken for a protocol.
        return av.open(str(path.absolute()), options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as exc:
        raise AudioFormatError(f"{path.name} cannot be read as sound; it is damaged or no sound file") from exc


def _sound_of(path: Path, container: Any) -> Any:
    if not container.streams.audio:
        raise AudioFormatError(f"{path.name} has no sound in it, or is not a sound file")
    stream = container.streams.audio[0]
    if stream.codec_context is None or not stream.rate:
        raise AudioFormatError(f"the sound in {path.name} is coded in a way that cannot be read here")
    return stream


def _duration_s(container: Any, stream: Any) -> float | None:
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / 1e6


def _placed(container: Any, stream: Any, first: int) -> Iterator[Block]:
    """Decode to blocks that follow each other without a gap, from ``first`` or before."""
    rate_hz: int = stream.rate
    begin_s = (container.start_time or 0) / 1e6  # where the earliest stream begins, picture or sound
    longest_s = LONGEST_GAP_S if container.duration is None else container.duration / 1e6
    has_sought = _seek(container, stream, begin_s + first / rate_hz - PREROLL_S)
    at = None if has_sought else 0
    for samples, time_s in _frames(container, stream):
        place = at or 0 if time_s is None else round((time_s - begin_s) * rate_hz)
        if at is None:
            at = min(place, first)
        if GAP_S * rate_hz < place - at <= longest_s * rate_hz:
            yield from _silence(len(samples), rate_hz, at, place)
            at = place
        yield Block(samples, rate_hz, at)
        at += samples.shape[1]


def _seek(container: Any, stream: Any, time_s: float) -> bool:
    """Go to a time or a little before it, if that is worth it and exact."""
    import av

    if time_s < 10 * PREROLL_S or not container.format.name.startswith(INDEXED):
        return False
    try:
        container.seek(int(time_s / stream.time_base), stream=stream)
    except av.FFmpegError:
        return False
    return True


def _frames(container: Any, stream: Any) -> Iterator[tuple[Samples, float | None]]:
    """Decode to ``[channels, S]`` and the time in seconds that is stamped on it, all at the stream's rate."""
    import av

    convert, source = None, None
    for frame in container.decode(stream):
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != source:  # broadcasts may change in the middle
            convert, source = av.AudioResampler("flt", stream.layout, stream.rate), kind
        time_s = None if frame.pts is None else float(frame.pts * frame.time_base)
        for part in convert.resample(frame) if convert else ():
            # Interleaved: PyAV reads beyond the last of eight separate channels, and brings the process down.
            samples: Samples = np.asarray(part.to_ndarray(), np.float32)
            yield samples.reshape(-1, stream.layout.nb_channels).T, time_s
            time_s = None


def _silence(channels: int, rate_hz: int, start: int, end: int) -> Iterator[Block]:
    for at in range(start, end, BLOCK):
        yield Block(np.zeros((channels, min(BLOCK, end - at)), np.float32), rate_hz, at)


def _joined(blocks: Iterator[Block]) -> Iterator[Block]:
    """Make large blocks of small ones, which are costly to resample."""
    waiting: list[Block] = []
    for block in blocks:
        waiting.append(block)
        if block.end - waiting[0].start >= BLOCK:
            yield _merged(waiting)
            waiting = []
    if waiting:
        yield _merged(waiting)


def _merged(blocks: list[Block]) -> Block:
    return Block(np.concatenate([block.samples for block in blocks], axis=1), blocks[0].rate_hz, blocks[0].start)
