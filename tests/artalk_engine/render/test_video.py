"""Films are exact: each picture in its place, the sound in step with it."""

from __future__ import annotations

import wave
from fractions import Fraction

import av
import numpy as np
import pytest

from artalk_engine.errors import AudioFormatError
from artalk_engine.render.video import write_video


def pictures(count: int, size: int = 64) -> list[np.ndarray]:
    """Grey pictures, each brighter than the one before."""
    return [np.full((size, size, 3), 20 + 4 * number, np.uint8) for number in range(count)]


@pytest.fixture
def click(tmp_path):
    """A silent file with a click at a time."""

    def make(at_s: float, seconds: float, rate_hz: int = 44_100, channels: int = 2):
        samples = np.zeros((round(seconds * rate_hz), channels), "<i2")
        samples[round(at_s * rate_hz) : round(at_s * rate_hz) + rate_hz // 500] = 20_000
        with wave.open(str(tmp_path / "click.wav"), "wb") as target:
            target.setnchannels(channels)
            target.setsampwidth(2)
            target.setframerate(rate_hz)
            target.writeframes(samples.tobytes())
        return tmp_path / "click.wav"

    return make


def read(path):
    """Return the pictures' mean brightness and times, and the sound ``[C, n]`` with its rate."""
    with av.open(str(path)) as film:
        frames = list(film.decode(video=0))
        levels = [frame.to_ndarray(format="rgb24").mean() for frame in frames]
        times = [frame.time for frame in frames]
    with av.open(str(path)) as film:
        if not film.streams.audio:
            return levels, times, None, 0
        blocks = list(film.decode(audio=0))
    return levels, times, np.concatenate([block.to_ndarray() for block in blocks], axis=1), blocks[0].sample_rate


@pytest.mark.parametrize("fps", [25, Fraction(30_000, 1001)])
def test_every_picture_lies_in_its_place_with_its_colour(tmp_path, fps):
    assert write_video(tmp_path / "film.mp4", pictures(50), fps, None) == 50
    levels, times, sound, _ = read(tmp_path / "film.mp4")
    assert sound is None
    np.testing.assert_allclose(times, [float(number / Fraction(fps)) for number in range(50)], atol=1e-4)
    np.testing.assert_allclose(levels, [picture.mean() for picture in pictures(50)], atol=2.5)


@pytest.mark.parametrize(("rate_hz", "channels"), [(8_000, 1), (16_000, 1), (44_100, 2), (48_000, 6)])
def test_a_click_is_heard_when_it_happened(tmp_path, click, rate_hz, channels):
    write_video(tmp_path / "film.mp4", pictures(50), 25, click(1.2, 2.0, rate_hz, channels))
    _, _, sound, rate = read(tmp_path / "film.mp4")
    loud = np.abs(sound).max(axis=0) > 0.1
    assert abs(np.flatnonzero(loud)[0] / rate - 1.2) < 0.004


@pytest.mark.parametrize("seconds", [0.02, 0.5, 1.99, 3.0])
def test_sound_and_pictures_end_together(tmp_path, click, seconds):
    write_video(tmp_path / "film.mp4", pictures(50), 25, click(0.0, seconds))
    with av.open(str(tmp_path / "film.mp4")) as film:
        video, sound = film.streams.video[0], film.streams.audio[0]
        assert float(video.duration * video.time_base) == pytest.approx(2.0, abs=1e-3)
        assert float(sound.duration * sound.time_base) == pytest.approx(2.0, abs=0.04)
        assert "ynthetic" in film.metadata["comment"]


def test_a_failure_leaves_the_folder_as_it_was(tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"an older film")
    (tmp_path / "text.wav").write_text("this is no sound")
    with pytest.raises(AudioFormatError, match=r"text\.wav"):
        write_video(tmp_path / "film.mp4", pictures(5), 25, tmp_path / "text.wav")
    with pytest.raises(ValueError, match="at least one picture"):
        write_video(tmp_path / "film.mp4", [], 25, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "text.wav"]
    assert (tmp_path / "film.mp4").read_bytes() == b"an older film"
