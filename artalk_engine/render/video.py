"""Film pictures with the sound that they speak: H.264 and AAC in one MP4, in step to the sample.

pictures ─► Rec. 709 ─► H.264 ─┐
                               ├─► interleaved by time ─► .mp4
sound ─► soundtrack ─► AAC ────┘
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .outputs import MARK, written_whole
from .soundtrack import SAMPLE_RATE_HZ, Audio, SoundTrack

if TYPE_CHECKING:
    import av
    import av.container
    from av.video.stream import VideoStream

REC_709 = 1  # FFmpeg's number for its matrix, its primaries and its transfer curve
LIMITED_RANGE = 1  # FFmpeg's number for black at 16 and white at 235
QUALITY = {"crf": "18", "preset": "medium"}


def write_video(path: Path, pictures: Iterable[NDArray[np.uint8]], fps: int | Fraction, audio: Audio | None) -> int:
    """Write a film; ``path`` holds either all of it or what it held before.

    The sound begins with the first picture and lasts exactly as long as the pictures: what is
    longer is cut, what is shorter is filled with silence.

    Args:
        path: the ``.mp4`` to write.
        pictures: each ``[H, W, 3]`` sRGB, all of one size with even sides.
        fps: pictures a second.
        audio: a sound file of any kind, rate and number of channels, a range of one, a waveform ``[S]`` at 16 kHz,
            or None for a silent film.

    Returns:
        The number of pictures written.

    Raises:
        AudioFormatError: if the sound file cannot be decoded.
        OutputError: if the film cannot be written.
        ValueError: if there is no picture.
    """
    import av

    with (
        written_whole(Path(path)) as unfinished,
        av.open(str(unfinished), "w", format="mp4", options={"movflags": "+faststart"}) as film,
    ):
        film.metadata["comment"] = MARK
        return _write_streams(film, iter(pictures), Fraction(fps), audio)


def _write_streams(
    film: av.container.OutputContainer, pictures: Iterator[NDArray[np.uint8]], fps: Fraction, audio: Audio | None
) -> int:
    first = next(pictures, None)
    if first is None:
        raise ValueError("a film needs at least one picture")
    video = _video_stream(film, first, fps)
    sound = None if audio is None else SoundTrack(film, audio)
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
