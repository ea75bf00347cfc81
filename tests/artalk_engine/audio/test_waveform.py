import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from artalk_engine.audio import sndfile, sound
from artalk_engine.audio.waveform import check_channel, check_waveform, load_waveform, read_speech, speech_length
from artalk_engine.errors import (
    AudioChannelError,
    AudioEmptyError,
    AudioFormatError,
    AudioMissingError,
    AudioRangeError,
    AudioValueError,
)
from tests.artalk_engine.audio.sounds import syllables
from tests.golden.golden import Golden

ROOT = Path(__file__).resolve().parents[3]

READ_LONG_FILE = """
import resource, sys, torch
torch.set_num_threads(1)
from artalk_engine.audio.waveform import read_speech
def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
list(read_speech(sys.argv[1], 0, 20))
before = peak_mb()
print(sum(map(len, read_speech(sys.argv[1], channel=sys.argv[2]))), peak_mb() - before)
"""


@pytest.mark.parametrize(
    ("rate_hz", "channels", "subtype"),
    [
        (16_000, 1, "PCM_16"),
        (48_000, 2, "PCM_24"),
        (44_100, 2, "PCM_32"),
        (8_000, 1, "ULAW"),
        (11_025, 1, "PCM_U8"),
        (192_000, 1, "FLOAT"),
        (96_000, 8, "PCM_24"),
        (22_050, 6, "PCM_16"),
        (44_099, 1, "PCM_16"),
    ],
)
def test_any_rate_and_channels_become_mono_16_khz(tmp_path, rate_hz, channels, subtype):
    soundfile.write(tmp_path / "a.wav", syllables(1.0, rate_hz, channels), rate_hz, subtype=subtype)
    waveform = load_waveform(tmp_path / "a.wav")
    assert waveform.dtype == np.float32
    assert len(waveform) == speech_length(tmp_path / "a.wav") == 16_000
    expected = syllables(1.0, 16_000)[:, 0]
    np.testing.assert_allclose(waveform[100:-100], expected[100:-100], atol=0.02 if subtype != "ULAW" else 0.05)


def test_samples_of_a_16_khz_file_are_kept_exactly(tmp_path):
    samples = np.array([0, 1, -32768, 32767], np.int16)
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    assert np.array_equal(load_waveform(tmp_path / "a.wav"), samples.astype(np.float32) / 32768)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 24_000, 44_100, 48_000])
def test_stereo_is_mixed_and_resampled_as_the_reference_does(tmp_path, rate_hz):
    golden = Golden("resample").arrays
    soundfile.write(tmp_path / "a.wav", golden["in_stereo_int16"], rate_hz)
    np.testing.assert_allclose(load_waveform(tmp_path / "a.wav"), golden[f"out_{rate_hz}_to_16000"], rtol=0, atol=5e-6)


@pytest.mark.parametrize("samples", [1, 320, 960])
def test_twenty_milliseconds_are_enough(tmp_path, samples):
    soundfile.write(tmp_path / "short.wav", syllables(0.02, 48_000)[:samples], 48_000)
    assert len(load_waveform(tmp_path / "short.wav")) == -(-samples // 3)


def test_the_size_of_blocks_makes_no_difference(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.wav", syllables(1.0, 44_100, 2), 44_100)
    whole = load_waveform(tmp_path / "a.wav")
    monkeypatch.setattr(sndfile, "BLOCK", 1_000)
    assert np.array_equal(load_waveform(tmp_path / "a.wav"), whole)


@pytest.mark.parametrize("channel", ["mix", "loudest"])
def test_half_an_hour_needs_no_more_memory_than_seconds(tmp_path, channel):
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(tmp_path / "long.wav", "w", 44_100, 2, "PCM_16") as file:
        seconds = rng.integers(-3_000, 3_000, (44_100 * 10, 2), dtype=np.int16)
        for _ in range(180):
            file.write(seconds)
    command = [sys.executable, "-c", READ_LONG_FILE, tmp_path / "long.wav", channel]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600, cwd=ROOT).stdout.split()
    assert int(told[0]) == 1_800 * 16_000
    assert float(told[1]) < 8  # MB, where the samples alone are 115


@pytest.mark.parametrize(("start", "end"), [(0.25, 0.75), (0.5, None), (0.0, 0.1), (0.9, 5.0), (4.1, 7.9)])
def test_a_range_can_be_chosen(tmp_path, start, end):
    soundfile.write(tmp_path / "a.wav", syllables(9.0, 16_000), 16_000)
    whole = load_waveform(tmp_path / "a.wav")
    part = load_waveform(tmp_path / "a.wav", start, end)
    assert np.array_equal(part, whole[round(start * 16_000) : None if end is None else round(end * 16_000)])
    assert speech_length(tmp_path / "a.wav", start, end) == len(part)


@pytest.mark.parametrize(
    ("start", "end"), [(-1.0, None), (2.0, 2.0), (3.0, 1.0), (float("nan"), None), (0.0, -1.0), (0.0, float("inf"))]
)
def test_what_is_no_range_says_so(tmp_path, start, end):
    soundfile.write(tmp_path / "a.wav", syllables(1.0, 16_000), 16_000)
    for read in (read_speech, speech_length):
        with pytest.raises(AudioRangeError, match="no range from"):
            read(tmp_path / "a.wav", start, end)


def test_a_name_that_is_no_text_says_so():
    with pytest.raises(AudioFormatError, match=r"udcff.*not written in Unicode"):
        load_waveform(Path("/somewhere/\udcff.wav"))


def test_range_without_sound_is_an_error(tmp_path):
    soundfile.write(tmp_path / "a.wav", syllables(1.0, 16_000), 16_000)
    assert speech_length(tmp_path / "a.wav", 2.0, 3.0) == 0
    with pytest.raises(AudioEmptyError, match="chosen range"):
        load_waveform(tmp_path / "a.wav", 2.0, 3.0)


def test_one_channel_can_be_chosen(tmp_path):
    left, right = syllables(2.0, 16_000, seed=1)[:, 0], 0.5 * syllables(2.0, 16_000, seed=2)[:, 0]
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], 1), 16_000, subtype="FLOAT")
    heard = {name: load_waveform(tmp_path / "a.wav", channel=name) for name in ("mix", "left", "right", "loudest")}
    assert np.array_equal(heard["left"], left)
    assert np.array_equal(heard["right"], right)
    assert np.array_equal(heard["loudest"], left)
    np.testing.assert_allclose(heard["mix"], (left + right) / 2, atol=1e-7)


def test_the_loudest_channel_is_that_of_the_range_and_an_offset_does_not_count(tmp_path):
    one, other = syllables(2.0, 16_000, seed=1)[:, 0], syllables(2.0, 16_000, seed=2)[:, 0]
    one[16_000:] *= 0.1
    other[:16_000] *= 0.1
    offset = np.full_like(one, 0.9)
    soundfile.write(tmp_path / "a.wav", np.stack([offset, one, other], 1), 16_000, subtype="FLOAT")
    assert np.array_equal(load_waveform(tmp_path / "a.wav", 0, 1, "loudest"), one[:16_000])
    assert np.array_equal(load_waveform(tmp_path / "a.wav", 1, 2, "loudest"), other[16_000:])


@pytest.mark.parametrize("channel", ["mix", "left", "right", "loudest"])
def test_files_with_one_channel_accept_every_choice(tmp_path, channel):
    soundfile.write(tmp_path / "a.wav", syllables(0.5, 16_000), 16_000, subtype="FLOAT")
    assert np.array_equal(load_waveform(tmp_path / "a.wav", channel=channel), syllables(0.5, 16_000)[:, 0])


def test_unknown_channels_say_so(tmp_path):
    soundfile.write(tmp_path / "a.wav", syllables(0.5, 16_000), 16_000)
    assert check_channel("left") == "left"
    for call in (lambda: check_channel("centre"), lambda: read_speech(tmp_path / "a.wav", channel="centre")):
        with pytest.raises(AudioChannelError, match="'centre'"):
            call()


def test_what_is_no_number_is_counted_and_placed(tmp_path, monkeypatch):
    monkeypatch.setattr(sndfile, "BLOCK", 500)
    samples = syllables(0.5, 16_000, 2)
    samples[1_600, 1], samples[7_000], samples[7_500, 0] = np.nan, np.inf, -np.inf
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    with pytest.raises(AudioValueError, match=r"a\.wav has 4 samples .* the first at 0\.1000 s") as caught:
        load_waveform(tmp_path / "a.wav")
    assert (caught.value.code, caught.value.count, caught.value.first_s) == ("audio_values", 4, 0.1)
    assert "Export the sound again" in caught.value.remedy
    assert len(load_waveform(tmp_path / "a.wav", 0.1, 0.4, channel="left")) == 4_800
    with pytest.raises(AudioValueError, match=r"1 sample that is no number, at 0\.1000 s"):
        load_waveform(tmp_path / "a.wav", 0.1, 0.4, channel="loudest")


def test_blocks_before_a_bad_sample_are_given_and_none_after(tmp_path, monkeypatch):
    monkeypatch.setattr(sndfile, "BLOCK", 500)
    samples = syllables(0.5, 16_000)
    samples[1_600] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    given = []
    with pytest.raises(AudioValueError):
        given.extend(read_speech(tmp_path / "a.wav"))
    assert np.array_equal(np.concatenate(given), samples[:1_500, 0])


def test_missing_files_empty_files_and_folders_say_so(tmp_path):
    with pytest.raises(AudioMissingError, match=r"nothing\.wav") as caught:
        read_speech(tmp_path / "nothing.wav")
    assert caught.value.code == "audio_missing"
    assert caught.value.remedy
    with pytest.raises(AudioMissingError):
        read_speech(tmp_path)
    (tmp_path / "empty.wav").touch()
    with pytest.raises(AudioEmptyError, match="empty file"):
        read_speech(tmp_path / "empty.wav")


def test_files_that_may_not_be_read_say_so(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.wav", syllables(0.1, 16_000), 16_000)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AudioFormatError, match=r"a\.wav cannot be opened \(Permission denied\)") as caught:
        read_speech(tmp_path / "a.wav")
    assert "may read it" in caught.value.remedy


@pytest.mark.parametrize("kind", [torch.from_numpy, np.asarray, lambda samples: samples.astype(np.float64)])
def test_waveforms_are_taken_as_floats(kind):
    samples = syllables(0.1, 16_000)[:, 0]
    checked = check_waveform(kind(samples))
    assert checked.dtype == np.float32
    assert np.array_equal(checked, samples)


def test_short_floats_of_pytorch_are_taken():
    assert check_waveform(torch.full((3,), 0.5, dtype=torch.bfloat16)).tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("waveform", "error", "said", "remedy"),
    [
        (np.zeros(99, np.int16), AudioFormatError, "int16", "waveform / 32768"),
        (torch.zeros(99, dtype=torch.int32), AudioFormatError, "int32", "waveform / 2147483648"),
        ([1, 2, 3], AudioFormatError, "int64", "Convert it to float32, between -1 and 1"),
        (np.zeros(99, np.uint8), AudioFormatError, "uint8", "between -1 and 1"),
        (np.array(["a"]), AudioFormatError, "floats are expected", "float32"),
        (np.zeros((99, 2)), AudioFormatError, r"\[99, 2\]", "mean(axis=1)"),
        (np.zeros((2, 99)), AudioFormatError, r"\[2, 99\]", "mean(axis=0)"),
        (np.zeros((1, 1, 99)), AudioFormatError, r"\[1, 1, 99\]", "one channel"),
        (np.float32(1), AudioFormatError, r"shape \[\]", "one channel"),
        (np.zeros(0), AudioEmptyError, "no samples", "has sound in it"),
        (np.array([0, np.nan]), AudioValueError, "1 sample", "Export the sound again"),
        (np.array([1e300]), AudioValueError, "1 sample", "Export the sound again"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_waveforms_of_other_kinds_say_what_to_do(waveform, error, said, remedy):
    with pytest.raises(error, match=said) as caught:
        check_waveform(waveform)
    assert remedy in caught.value.remedy
    assert type(caught.value) is error


def test_blocks_know_their_place():
    block = sound.Block(np.arange(10, dtype=np.float32)[None], 16_000, 100)
    assert block.end == 110
    (part,) = block.within(104, 106)
    assert (part.start, part.samples.tolist()) == (104, [[4, 5]])
    assert not list(block.within(110, None))
    assert not list(block.within(0, 100))
