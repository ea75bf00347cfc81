import logging
import struct

import numpy as np
import pytest
import soundfile

from artalk_engine.audio.decoding import decode, describe_sound
from artalk_engine.audio.waveform import load_waveform, speech_length
from artalk_engine.errors import AudioEmptyError, AudioFormatError
from tests.artalk_engine.audio.sounds import syllables, write_film

RATE = 44_100
COMPRESSED = {"flac": {}, "ogg": {}, "mp3": {}, "opus": {"format": "OGG", "subtype": "OPUS"}}


def rate_of(kind):
    return 48_000 if kind == "opus" else RATE


def write(path, kind, seconds=5.0, channels=2):
    soundfile.write(path, syllables(seconds, rate_of(kind), channels), rate_of(kind), **COMPRESSED.get(kind, {}))
    return path


def decoded(path, start_s=0.0, end_s=None):
    return np.concatenate([block.samples for block in decode(path, start_s, end_s)], axis=1)


@pytest.mark.parametrize("kind", COMPRESSED)
def test_compressed_files_work(tmp_path, kind):
    path = write(tmp_path / f"a.{kind}", kind, 2.0)
    waveform = load_waveform(path)
    assert len(waveform) == speech_length(path) == 32_000
    assert np.corrcoef(waveform, syllables(2.0, 16_000)[:, 0])[0, 1] > 0.99


@pytest.mark.parametrize("kind", COMPRESSED)
def test_pieces_join_without_a_click(tmp_path, kind):
    path = write(tmp_path / f"a.{kind}", kind)
    assert len(list(decode(path))) > 3
    assert np.array_equal(decoded(path), soundfile.read(path, dtype="float32")[0].T)


@pytest.mark.parametrize("kind", ["wav", "aiff", *COMPRESSED])
@pytest.mark.parametrize("start", [0.0173, 2.0, 3.777])
def test_seeking_gives_the_very_samples_of_the_whole(tmp_path, kind, start):
    path = write(tmp_path / f"a.{kind}", kind)
    first = round(start * rate_of(kind))
    part = decoded(path, start, start + 0.5)
    assert np.array_equal(part, decoded(path)[:, first : first + part.shape[1]])


@pytest.mark.parametrize("subtype", ["MS_ADPCM", "IMA_ADPCM", "GSM610", "ALAW", "DOUBLE"])
def test_rare_kinds_of_wav_work_also_where_they_cannot_be_sought(tmp_path, subtype):
    soundfile.write(tmp_path / "a.wav", syllables(2.0, 8_000), 8_000, subtype=subtype)
    part = decoded(tmp_path / "a.wav", 1.5)
    assert np.array_equal(part, decoded(tmp_path / "a.wav")[:, 12_000:])


def with_data_length(content, length):
    return content[:40] + struct.pack("<I", length) + content[44:]


@pytest.mark.parametrize("length", [0, 0x7FFF_FFF0, 0xFFFF_FFFF])
def test_wav_with_a_wrong_length_is_read_to_its_end(tmp_path, length):
    path = write(tmp_path / "a.wav", "wav", 1.0)
    whole = decoded(path)
    path.write_bytes(with_data_length(path.read_bytes(), length))
    assert np.array_equal(decoded(path), whole)
    assert speech_length(path) == 16_000


@pytest.mark.parametrize("rate_hz", [1, 0x7000_0001])
def test_rates_that_no_sound_has_say_so(tmp_path, rate_hz):
    path = write(tmp_path / "a.wav", "wav", 1.0)
    content = path.read_bytes()
    path.write_bytes(content[:24] + struct.pack("<I", rate_hz) + content[28:])
    with pytest.raises(AudioFormatError, match="samples a second, which no sound has"):
        load_waveform(path)


def test_flac_that_does_not_know_its_length_is_read_to_its_end(tmp_path):
    path = write(tmp_path / "a.flac", "flac", 1.0)
    whole = decoded(path)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0  # the 36 bits of STREAMINFO that count samples
    content[22:26] = bytes(4)
    path.write_bytes(content)
    assert speech_length(path) is None
    assert np.array_equal(decoded(path), whole)
    assert np.array_equal(decoded(path, 0.7), whole[:, round(0.7 * RATE) :])


def test_cut_off_files_give_what_is_there_and_the_log_says_so(tmp_path, caplog):
    path = write(tmp_path / "a.mp3", "mp3")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with caplog.at_level(logging.WARNING):
        seconds = len(load_waveform(path)) / 16_000
    assert 1 < seconds < 4
    assert "a.mp3 is cut short: its header promises 5.0 s" in caplog.text


@pytest.mark.parametrize("kind", COMPRESSED)
def test_a_hole_in_the_middle_is_an_error_after_it_and_none_before(tmp_path, kind):
    path = write(tmp_path / f"a.{kind}", kind)
    before = load_waveform(path, 0, 0.5)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4_000] = np.random.default_rng(0).bytes(4_000)
    path.write_bytes(content)
    with pytest.raises(AudioFormatError, match=rf"a\.{kind} is damaged \d") as caught:
        load_waveform(path)
    assert "before the damage" in caught.value.remedy
    assert np.array_equal(load_waveform(path, 0, 0.5), before)


@pytest.mark.parametrize("kind", ["flac", "mp3"])
def test_tags_before_the_sound_do_not_matter(tmp_path, kind):
    path = write(tmp_path / f"a.{kind}", kind, 1.0)
    whole = decoded(path)
    path.write_bytes(b"ID3\x03\x00\x00\x00\x00\x0f\x76" + bytes(2_038) + path.read_bytes())
    assert np.array_equal(decoded(path), whole)


def test_mp3_inside_wav_works(tmp_path):
    path = write_film(tmp_path / "a.wav", syllables(2.0, RATE), RATE, "libmp3lame")
    assert abs(len(load_waveform(path)) / 16_000 - 2) < 0.1


def test_names_do_not_have_to_tell_the_format(tmp_path):
    path = write(tmp_path / "a.flac", "flac", 1.0).rename(tmp_path / "a.mp3")
    assert len(load_waveform(path)) == 16_000


def test_file_without_samples_says_so(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros((0, 1), np.float32), 16_000)
    with pytest.raises(AudioEmptyError, match="no sound"):
        load_waveform(tmp_path / "none.wav")


@pytest.mark.parametrize("content", [b"Dear diary, today I spoke.\n" * 20, b"RIFF\x00\x00", bytes(range(256)) * 40])
@pytest.mark.parametrize("name", ["speech.wav", "speech.mp3"])
def test_what_is_no_sound_says_so(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    for read in (load_waveform, describe_sound):
        with pytest.raises((AudioFormatError, AudioEmptyError), match=name):
            read(tmp_path / name)
