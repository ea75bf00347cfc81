"""Sound files of every kind, made when a test needs them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def syllables(seconds: float, rate_hz: int, channels: int = 1, seed: int = 0) -> NDArray[np.float32]:
    """Noise below 3 kHz that swells and fades as speech does, ``[S, channels]``; any rate samples the same signal."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    tones = zip(rng.uniform(100, 3_000, 12), rng.uniform(0, 6, 12), strict=True)
    noise = sum(np.sin(2 * np.pi * frequency * time + phase) for frequency, phase in tones)
    return np.repeat((0.04 * noise * np.sin(9 * time) ** 2)[:, None], channels, axis=1).astype(np.float32)


def write_film(
    path: Path,
    samples: NDArray[np.float32],
    rate_hz: int,
    codec: str,
    late_s: float = 0.0,
    has_picture: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """Write sound ``[S, channels]`` with FFmpeg's libraries, perhaps beside a picture, perhaps beginning after it."""
    import av

    with av.open(str(path), "w", options=options) as film:
        picture = film.add_stream("mpeg4" if path.suffix != ".webm" else "libvpx", rate=25) if has_picture else None
        sound = film.add_stream(codec, rate=rate_hz, layout=LAYOUTS[samples.shape[1]])
        packets = _picture(picture, len(samples) / rate_hz + late_s) if picture else []
        packets += _sound(sound, samples, rate_hz, round(late_s * rate_hz))
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            film.mux(packet)
    return path


def _picture(stream, seconds):
    import av

    stream.width = stream.height = 64
    stream.pix_fmt = "yuv420p"
    packets = []
    for number in range(round(seconds * 25)):
        frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number % 256, np.uint8), "rgb24")
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _sound(stream, samples, rate_hz, start):
    import av

    codec = stream.codec_context
    to_codec, fifo, packets = av.AudioResampler(codec.format.name, stream.layout.name, rate_hz), av.AudioFifo(), []
    whole = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "flt", stream.layout.name)
    whole.sample_rate, whole.pts = rate_hz, 0
    for frame in to_codec.resample(whole):
        fifo.write(frame)
    while (frame := fifo.read(codec.frame_size or 1024, partial=True)) is not None:
        frame.pts, frame.time_base = start, Fraction(1, rate_hz)
        start += frame.samples
        packets += stream.encode(frame)
    return packets + stream.encode(None)
