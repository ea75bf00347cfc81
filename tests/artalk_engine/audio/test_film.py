import logging

import numpy as np
import pytest

from artalk_engine.audio.waveform import load_waveform, speech_length
from artalk_engine.errors import AudioFormatError
from tests.artalk_engine.audio.sounds import syllables, write_film

RATE = 48_000


@pytest.mark.parametrize(
    ("name", "codec", "rate_hz", "channels", "has_picture"),
    [
        ("a.m4a", "aac", 44_100, 2, False),
        ("a.m4a", "alac", 48_000, 1, False),
        ("a.mp4", "aac", 48_000, 8, True),
        ("a.mov", "pcm_s16le", 48_000, 6, True),
        ("a.mkv", "flac", 96_000, 2, True),
        ("a.webm", "libopus", 48_000, 2, True),
    ],
)
def test_the_sound_of_films_works(tmp_path, name, codec, rate_hz, channels, has_picture):
    path = write_film(tmp_path / name, syllables(3.0, rate_hz, channels), rate_hz, codec, has_picture=has_picture)
    waveform = load_waveform(path)
    assert abs(len(waveform) - 48_000) < 500
    assert abs(speech_length(path) - len(waveform)) < 500
    # Codecs pad the end to whole frames.
    np.testing.assert_allclose(waveform[200:47_000], syllables(3.0, 16_000)[200:47_000, 0], atol=0.05)


def test_sound_that_begins_after_the_picture_stays_in_step(tmp_path):
    path = write_film(tmp_path / "a.mkv", syllables(2.0, RATE), RATE, "aac", late_s=0.5, has_picture=True)
    waveform = load_waveform(path)
    assert not waveform[:7_900].any()
    np.testing.assert_allclose(waveform[8_200:39_000], syllables(2.0, 16_000)[200:31_000, 0], atol=0.05)
    np.testing.assert_array_equal(load_waveform(path, 0.4, 0.49), 0)


@pytest.mark.parametrize("name", ["a.m4a", "a.mov"])
@pytest.mark.parametrize("start", [1.0, 7.25, 11.9])
def test_seeking_gives_the_sound_of_the_whole(tmp_path, name, start):
    path = write_film(tmp_path / name, syllables(12.0, 16_000, 2), 16_000, "aac" if name == "a.m4a" else "pcm_s16le")
    whole = load_waveform(path)
    first = round(start * 16_000)
    part = load_waveform(path, start, start + 0.5)
    np.testing.assert_allclose(part, whole[first : first + len(part)], rtol=0, atol=1e-4)


def test_seeking_where_time_stamps_are_rounded_is_right_to_a_millisecond(tmp_path):
    path = write_film(tmp_path / "a.webm", syllables(12.0, RATE), RATE, "libopus")
    whole = load_waveform(path)
    part = load_waveform(path, 9.0, 10.0)
    errors = [np.abs(part - whole[first : first + 16_000]).mean() for first in range(144_000 - 16, 144_000 + 17)]
    assert min(errors) < 1e-3


def test_recordings_that_tell_no_length_are_read_and_sought(tmp_path):
    sound, live = syllables(9.0, RATE), {"live": "1"}  # as browsers record
    path = write_film(tmp_path / "a.webm", sound, RATE, "libopus", late_s=0.5, has_picture=True, options=live)
    assert speech_length(path) is None
    whole = load_waveform(path)
    assert abs(len(whole) / 16_000 - 9.5) < 0.1
    part = load_waveform(path, 7.0, 8.0)
    errors = [np.abs(part - whole[first : first + 16_000]).mean() for first in range(112_000 - 16, 112_000 + 17)]
    assert min(errors) < 1e-3


def test_cut_off_films_give_what_is_there_and_the_log_says_so(tmp_path, caplog):
    path = write_film(tmp_path / "a.mkv", syllables(5.0, RATE), RATE, "flac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with caplog.at_level(logging.WARNING):
        assert 1 < len(load_waveform(path)) / 16_000 < 4
    assert "a.mkv is cut short: its header promises 5.0 s" in caplog.text


def test_damage_inside_is_an_error_and_says_where(tmp_path):
    path = write_film(tmp_path / "a.m4a", syllables(5.0, RATE), RATE, "aac")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2_000] = b"\xff" * 2_000
    path.write_bytes(content)
    with pytest.raises(AudioFormatError, match=r"a\.m4a is damaged [1-3]\.\d s"):
        load_waveform(path)


def test_names_with_colons_are_no_addresses(tmp_path, monkeypatch):
    write_film(tmp_path / "a.m4a", syllables(1.0, RATE), RATE, "aac").rename(tmp_path / "http:a.m4a")
    monkeypatch.chdir(tmp_path)
    assert len(load_waveform("http:a.m4a"))


def test_films_without_sound_say_so(tmp_path):
    import av

    with av.open(str(tmp_path / "silent.mp4"), "w") as film:
        stream = film.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            film.mux(packet)
    with pytest.raises(AudioFormatError, match="no sound in it"):
        load_waveform(tmp_path / "silent.mp4")


def test_sound_that_nobody_can_decode_says_so(tmp_path):
    path = write_film(tmp_path / "a.mkv", syllables(1.0, RATE), RATE, "flac")
    path.write_bytes(path.read_bytes().replace(b"A_FLAC", b"A_FLUX"))
    with pytest.raises(AudioFormatError, match=r"a\.mkv is coded in a way that cannot be read"):
        load_waveform(path)


@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\na.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile a.ts\n",
    ],
)
def test_play_lists_are_no_sound_and_nothing_that_they_name_is_read(tmp_path, content):
    write_film(tmp_path / "a.ts", syllables(1.0, RATE), RATE, "aac")
    assert len(load_waveform(tmp_path / "a.ts"))
    (tmp_path / "list.m3u8").write_text(content)
    with pytest.raises(AudioFormatError, match="no sound file"):
        load_waveform(tmp_path / "list.m3u8")
