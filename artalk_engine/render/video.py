"""Film pictures with the sound that they speak: H.264 and AAC in one MP4, in step to the sample.

pictures ─► Rec. 709 ─► H.264 ─┐
                               ├─► interleaved by time ─► .mp4
sound ─► 48 kHz, cut or filled ─► AAC ─┘
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from artalk_engine.errors import AudioFormatError

if TYPE_CHECKING:
    import av
    import av.container
    from av.video.stream import VideoStream

SAMPLE_RATE_HZ = 48_000
REC_709 = 1  # FFmpeg's number for its matrix, its primaries and its transfer curve
LIMITED_RANGE = 1  # FFmpeg's number for black at 16 and white at 235
QUALITY = {"crf": "18", "preset": "medium"}
MARK = "Synthetic: the face was animated by ARTalk from speech."


def write_video(path: Path, pictures: Iterable[NDArray[np.uint8]], fps: int | Fraction, audio: Path | None) -> int:
    """Write a film; ``path`` holds either all of it or what it held before.

    The sound begins with the first picture and lasts exactly as long as the pictures: what is
    longer is cut, what is shorter is filled with silence.

    Args:
        path: the ``.mp4`` to write.
        pictures: each ``[H, W, 3]`` sRGB, all of one size with even sides.
        fps: pictures a second.
        audio: a sound file of any kind, rate and number of channels, or None for a silent film.

    Returns:
        The number of pictures written.

    Raises:
        AudioFormatError: if the sound file cannot be decoded.
        ValueError: if there is no picture.
    """
    import av

    path = Path(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with av.open(str(unfinished), "w", format="mp4", options={"movflags": "+faststart"}) as film:
            film.metadata["comment"] = MARK
            count = _write_streams(film, iter(pictures), Fraction(fps), audio)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _write_streams(
    film: av.container.OutputContainer, pictures: Iterator[NDArray[np.uint8]], fps: Fraction, audio: Path | None
) -> int:
    first = next(pictures, None)
    if first is None:
        raise ValueError("a film needs at least one picture")
    video = _video_stream(film, first, fps)
    sound = SoundTrack(film, audio) if audio else None
    count = 0
    for picture in itertools.chain([first], pictures):
        _write_picture(film, video, picture, count)
        count += 1
        if sound:
            sound.write_until(round(count * SAMPLE_RATE_HZ / fps))
    film.mux(video.encode(None))
    if sound:
        sound.finish()
    return count


def _video_stream(film: av.container.OutputContainer, picture: NDArray[np.uint8], fps: Fraction) -> VideoStream:
    stream = film.add_stream("libx264", rate=fps, options=QUALITY)
    stream.height, stream.width = picture.shape[:2]
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.colorspace = context.color_primaries = context.color_trc = REC_709
    context.color_range = LIMITED_RANGE
    return stream


def _write_picture(
    film: av.container.OutputContainer, video: VideoStream, picture: NDArray[np.uint8], number: int
) -> None:
    import av

    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    frame = frame.reformat(format="yuv420p", dst_colorspace=REC_709, dst_color_range=LIMITED_RANGE)
    frame.pts, frame.time_base = number, 1 / Fraction(video.codec_context.framerate)
    film.mux(video.encode(frame))


class SoundTrack:
    """The sound of a film, written piece by piece as the pictures advance.

    Args:
        film: the film to add it to.
        audio: the sound file; more than two channels become two.

    Raises:
        AudioFormatError: if it cannot be decoded.
    """

    def __init__(self, film: av.container.OutputContainer, audio: Path) -> None:
        self.film = film
        self.audio = audio
        self.blocks = self._decode()
        first = next(self.blocks, np.zeros((1, 0), np.float32))
        self.waiting = [first]
        self.channels = first.shape[0]
        self.written = 0  # samples
        self.stream = film.add_stream("aac", rate=SAMPLE_RATE_HZ, layout=_layout(self.channels))

    def write_until(self, sample: int) -> None:
        """Write what is heard before this sample, filled with silence where the file has ended."""
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

    def _take(self, count: int) -> NDArray[np.float32]:
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

    def _decode(self) -> Generator[NDArray[np.float32], None, None]:
        """Yield blocks ``[C, n]`` at `SAMPLE_RATE_HZ`."""
        import av

        try:
            with av.open(str(self.audio)) as opened:
                source = opened.streams.audio[0]
                resampler = av.AudioResampler("fltp", _layout(min(source.channels, 2)), SAMPLE_RATE_HZ)
                for frame in itertools.chain(opened.decode(source), [None]):
                    yield from (
                        block.to_ndarray().astype(np.float32, copy=False) for block in resampler.resample(frame)
                    )
        except (av.FFmpegError, IndexError) as exc:
            raise AudioFormatError(f"{self.audio.name} cannot be decoded: {exc}") from exc


def _layout(channels: int) -> str:
    return "mono" if channels == 1 else "stereo"
