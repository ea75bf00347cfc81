import math

import numpy as np
import pytest
import soundfile

from artalk_engine.audio.waveform import load_waveform
from artalk_engine.errors import AudioEmptyError, AudioFormatError, AudioMissingError


def tone(seconds, rate_hz, channels=1):
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.repeat(0.5 * np.sin(2 * np.pi * 220 * time)[:, None], channels, axis=1).astype(np.float32)


def check_tone(waveform, seconds, tolerance=0.02):
    assert waveform.dtype == np.float32
    assert waveform.ndim == 1
    expected = tone(len(waveform) / 16_000, 16_000)[:, 0]
    assert abs(len(waveform) / 16_000 - seconds) <= 0.1
    middle = slice(2_000, min(len(waveform), len(expected)) - 4_000)
    assert abs(np.abs(waveform[middle]).max() - 0.5) < 0.05
    if tolerance is not None:
        np.testing.assert_allclose(waveform[middle], expected[middle], atol=tolerance)


@pytest.mark.parametrize(
    ("rate_hz", "channels", "subtype"),
    [(16_000, 1, "PCM_16"), (48_000, 2, "PCM_24"), (8_000, 1, "ULAW"), (96_000, 1, "FLOAT"), (22_050, 6, "PCM_16")],
)
def test_any_rate_and_channels_become_mono_16_khz(tmp_path, rate_hz, channels, subtype):
    soundfile.write(tmp_path / "tone.wav", tone(1.0, rate_hz, channels), rate_hz, subtype=subtype)
    waveform = load_waveform(tmp_path / "tone.wav")
    assert len(waveform) == 16_000
    check_tone(waveform, 1.0)


def test_samples_of_a_16_khz_file_are_kept_exactly(tmp_path):
    samples = np.array([0, 1, -32768, 32767], np.int16)
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    assert np.array_equal(load_waveform(tmp_path / "a.wav"), samples.astype(np.float32) / 32768)


@pytest.mark.parametrize("kind", ["flac", "ogg", "mp3"])
def test_compressed_files_work(tmp_path, kind):
    soundfile.write(tmp_path / f"tone.{kind}", tone(1.0, 44_100, 2), 44_100)
    check_tone(load_waveform(tmp_path / f"tone.{kind}"), 1.0, tolerance=0.05 if kind != "mp3" else None)


def test_sound_of_a_film_works(tmp_path):
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "film.m4a"), "w") as film:
        stream = film.add_stream("aac", rate=48_000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(tone(1.0, 48_000, 2).T), "fltp", "stereo")
        frame.sample_rate = 48_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            film.mux(packet)
    check_tone(load_waveform(tmp_path / "film.m4a"), 1.0, tolerance=None)


def test_twenty_milliseconds_are_enough(tmp_path):
    soundfile.write(tmp_path / "short.wav", tone(0.02, 48_000), 48_000)
    assert len(load_waveform(tmp_path / "short.wav")) == 320


def test_long_files_are_read_in_blocks(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "tone.wav", tone(1.0, 44_100, 2), 44_100)
    whole = load_waveform(tmp_path / "tone.wav")
    monkeypatch.setattr("artalk_engine.audio.waveform.BLOCK", 1_000)
    assert np.array_equal(load_waveform(tmp_path / "tone.wav"), whole)


@pytest.mark.parametrize(("start", "end"), [(0.25, 0.75), (0.5, None), (0.0, 0.1), (0.9, 5.0)])
def test_a_range_can_be_chosen(tmp_path, start, end):
    soundfile.write(tmp_path / "tone.wav", tone(1.0, 16_000), 16_000)
    whole = load_waveform(tmp_path / "tone.wav")
    stop = None if end is None else round(end * 16_000)
    assert np.array_equal(load_waveform(tmp_path / "tone.wav", start, end), whole[round(start * 16_000) : stop])


def test_range_without_sound_is_an_error(tmp_path):
    soundfile.write(tmp_path / "tone.wav", tone(1.0, 16_000), 16_000)
    with pytest.raises(AudioEmptyError, match="chosen range"):
        load_waveform(tmp_path / "tone.wav", 2.0, 3.0)


def test_what_is_no_number_becomes_silence(tmp_path):
    samples = np.full(1_600, 0.25, np.float32)
    samples[3], samples[5] = math.nan, math.inf
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    waveform = load_waveform(tmp_path / "a.wav")
    assert waveform[3] == 0
    assert np.isfinite(waveform).all()


def test_missing_file_says_so(tmp_path):
    with pytest.raises(AudioMissingError, match=r"nothing\.wav") as caught:
        load_waveform(tmp_path / "nothing.wav")
    assert caught.value.code == "audio_missing"
    assert caught.value.remedy


def test_empty_file_says_so(tmp_path):
    (tmp_path / "empty.wav").touch()
    with pytest.raises(AudioEmptyError, match="empty file"):
        load_waveform(tmp_path / "empty.wav")


def test_file_without_samples_says_so(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros((0, 1), np.float32), 16_000)
    with pytest.raises(AudioEmptyError, match="no sound"):
        load_waveform(tmp_path / "none.wav")


@pytest.mark.parametrize("content", [b"Dear diary, today I spoke.\n" * 20, b"RIFF\x00\x00", bytes(range(256)) * 40])
@pytest.mark.parametrize("name", ["speech.wav", "speech.mp3"])
def test_what_is_no_sound_says_so(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises((AudioFormatError, AudioEmptyError), match=name):
        load_waveform(tmp_path / name)


def test_folders_are_no_sound(tmp_path):
    with pytest.raises(AudioMissingError):
        load_waveform(tmp_path)
