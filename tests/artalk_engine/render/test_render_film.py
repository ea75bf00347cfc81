"""Films of motion: every picture in its place, whole or not at all, in little memory."""

from __future__ import annotations

import av
import numpy as np
import pytest
import torch

from artalk_engine.audio.recording import Recording
from artalk_engine.errors import AudioFormatError, AudioMissingError, OptionError, OutputError, RigMismatchError
from artalk_engine.render.camera import CAMERAS
from artalk_engine.render.film import TOGETHER, FilmOptions, make_film
from artalk_engine.render.heads import load_head
from artalk_engine.render.mesh import Look, RenderMesh
from bridge.motion_file import MotionFile

SMALL = FilmOptions(size=64)
MARK = b"Synthetic"


@pytest.fixture(scope="module")
def head():
    return load_head("builtin", None)


@pytest.fixture
def motion():
    """A second and a bit in which the jaw opens and the head turns."""
    motion = np.zeros((30, 106), np.float32)
    motion[:, 103] = np.linspace(0, 0.4, 30)
    motion[:, 101] = np.linspace(-0.3, 0.3, 30)
    return motion


def read_pictures(path):
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


def read_sound(path):
    with av.open(str(path)) as film:
        return np.concatenate([block.to_ndarray() for block in film.decode(audio=0)], axis=1)


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_pngs_hold_exactly_what_the_renderer_draws(tmp_path, head, motion):
    assert make_film(tmp_path / "film", motion, head, options=SMALL) == 30
    expected = RenderMesh(64, head.flame.get_faces(), look=Look(head.colours, antialias=2)).pictures(
        head.vertices(motion)
    )
    assert names_in(tmp_path / "film") == [f"frames_{number:05d}.png" for number in range(30)]
    for number in (0, 17, 29):
        path = tmp_path / "film" / f"frames_{number:05d}.png"
        assert np.array_equal(read_pictures(path)[0], expected[number])
        assert MARK in path.read_bytes()


def test_plain_colours_are_the_references_picture(tmp_path, head, motion):
    make_film(tmp_path / "film", motion[:1], head, options=FilmOptions(size=64, colours="plain", antialias=1))
    expected = RenderMesh(64, head.flame.get_faces()).pictures(head.vertices(motion[:1]))
    assert np.array_equal(read_pictures(tmp_path / "film" / "frames_00000.png")[0], expected[0])


@pytest.mark.parametrize("ending", ["mp4", "gif", "webp"])
def test_films_have_every_picture_in_its_place_and_say_that_they_are_synthetic(tmp_path, head, motion, ending):
    path = tmp_path / f"film.{ending}"
    assert make_film(path, motion, head, options=SMALL) == 30
    expected = RenderMesh(64, head.flame.get_faces(), look=Look(head.colours, antialias=2)).pictures(
        head.vertices(motion)
    )
    if ending != "webp":  # which this decoder does not read
        shown = np.stack(read_pictures(path)).astype(int)
        assert np.abs(shown - expected).mean() < 4
    assert MARK in path.read_bytes()
    assert names_in(tmp_path) == [path.name]


def test_webp_says_its_length_and_repeats(tmp_path, head, motion):
    make_film(tmp_path / "film.webp", motion, head, options=SMALL)
    content = (tmp_path / "film.webp").read_bytes()
    assert int.from_bytes(content[4:8], "little") == len(content) - 8
    assert content[20] & 0x04  # there is metadata
    assert content.count(b"ANMF") == 30
    repetitions = content[content.index(b"ANIM") + 12 :][:2]
    assert repetitions == b"\x00\x00"


@pytest.mark.parametrize(("fps", "pictures"), [(24, 29), (29.97, 36), (60, 72)])
def test_other_rates_keep_the_time(tmp_path, head, motion, fps, pictures):
    path = tmp_path / "film.mp4"
    assert make_film(path, motion, head, options=FilmOptions(size=64, fps=fps)) == pictures
    with av.open(str(path)) as film:
        assert float(film.streams.video[0].average_rate) == pytest.approx(fps, abs=1e-3)


def test_the_camera_goes_round(tmp_path, head, motion):
    make_film(tmp_path / "film", motion[:1], head, options=FilmOptions(size=64, camera="three-quarter"))
    look = Look(head.colours, camera=CAMERAS["three-quarter"], antialias=2)
    expected = RenderMesh(64, head.flame.get_faces(), look=look).pictures(head.vertices(motion[:1]))
    assert np.array_equal(read_pictures(tmp_path / "film" / "frames_00000.png")[0], expected[0])


def test_the_sound_is_the_files_or_the_range_of_it_or_a_waveform(tmp_path, head, motion, sound_file):
    path = sound_file(seconds=2.0, rate_hz=48_000)
    make_film(tmp_path / "whole.mp4", motion, head, path, SMALL)
    make_film(tmp_path / "part.mp4", motion[:20], head, Recording(path, start_s=0.4), SMALL)
    whole, part = read_sound(tmp_path / "whole.mp4")[0], read_sound(tmp_path / "part.mp4")[0]
    place = round(0.4 * 48_000)
    assert np.corrcoef(whole[place : place + 30_000], part[:30_000])[0, 1] > 0.99

    time = torch.arange(19_200) / 16_000
    waveform = 0.5 * torch.sin(2 * torch.pi * 300 * time * (time > 0.5))
    make_film(tmp_path / "wave.mp4", motion, head, waveform, SMALL)
    loud = np.abs(read_sound(tmp_path / "wave.mp4")[0]) > 0.05
    assert np.flatnonzero(loud)[0] / 48_000 == pytest.approx(0.5, abs=0.01)


def test_motion_is_taken_as_the_film_advances(tmp_path, head, motion):
    taken, lead = 0, []

    def pieces():
        nonlocal taken
        for start in range(0, 30, 3):
            taken += 3
            yield motion[start : start + 3]

    pictures = iter(range(30))
    make_film(
        tmp_path / "film.mp4", pieces(), head, options=SMALL, on_picture=lambda _: lead.append(taken - next(pictures))
    )
    assert len(lead) == 30
    assert max(lead) <= TOGETHER + 3


def test_the_same_film_comes_of_a_whole_motion_of_pieces_and_of_a_file(tmp_path, head, motion):
    contents = MotionFile(motion, "builtin", "speech.wav", "1")
    for name, given in (("a", motion), ("b", iter([motion[:7], motion[7:]])), ("c", contents)):
        make_film(tmp_path / name, given, head, options=FilmOptions(size=32, fps=30))
    films = [[path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in "abc"]
    assert films[0] == films[1] == films[2]


def test_the_motion_stays_as_it_was(tmp_path, head, motion):
    before = motion.copy()
    make_film(tmp_path / "film", motion, head, options=FilmOptions(size=16, fps=30))
    assert np.array_equal(motion, before)


def test_what_exists_is_replaced_only_when_asked(tmp_path, head, motion):
    for name in ("film.mp4", "film/frames_00031.png", "film/mine.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("older")
    for name in ("film.mp4", "film"):
        with pytest.raises(OutputError, match="exists already"):
            make_film(tmp_path / name, motion, head, options=SMALL)
    assert (tmp_path / "film.mp4").read_text() == "older"
    forced = FilmOptions(size=64, is_forced=True)
    for name in ("film.mp4", "film"):
        make_film(tmp_path / name, motion[:2], head, options=forced)
    assert names_in(tmp_path / "film") == ["frames_00000.png", "frames_00001.png", "mine.txt"]
    assert len(read_pictures(tmp_path / "film.mp4")) == 2


@pytest.mark.parametrize("name", ["film.mp4", "film.gif", "film.webp", "film"])
def test_an_interruption_leaves_nothing(tmp_path, head, motion, name):
    def interrupted():
        yield motion[:20]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_film(tmp_path / name, interrupted(), head, options=SMALL)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "given", "options", "error", "match"),
    [
        ("film.avi", None, {}, OutputError, "ends in"),
        ("nowhere/film.mp4", None, {}, OutputError, "folder"),
        ("film.mp4", None, {"size": 65}, OptionError, "even"),
        ("film.gif", None, {"fps": 60}, OptionError, "GIF"),
        ("film.mp4", np.zeros((3, 105)), {}, OptionError, "106"),
        ("film.mp4", np.zeros(106), {}, OptionError, "106"),
        ("film.mp4", np.zeros((0, 106)), {}, OptionError, "no frames"),
        ("film.mp4", np.full((3, 106), np.nan), {}, OptionError, "no numbers"),
        ("film.mp4", [np.zeros((3, 4))], {}, OptionError, "106"),
    ],
)
def test_what_cannot_be_filmed_is_one_sentence_and_no_file(tmp_path, head, motion, name, given, options, error, match):
    with pytest.raises(error, match=match) as caught:
        make_film(
            tmp_path / name, motion if given is None else given, head, options=FilmOptions(**{"size": 64, **options})
        )
    assert caught.value.remedy
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("wrong", [{"size": 0}, {"fps": 0}, {"camera": "above"}, {"colours": "pink"}, {"antialias": 0}])
def test_options_that_make_no_sense_are_said(wrong):
    with pytest.raises(OptionError):
        FilmOptions(**wrong)


def test_a_motion_for_another_head_is_refused(tmp_path, head, motion):
    with pytest.raises(RigMismatchError, match="flame"):
        make_film(tmp_path / "film.mp4", MotionFile(motion, "flame", "", "1"), head, options=SMALL)


def test_a_sound_that_cannot_be_used_is_said(tmp_path, head, motion):
    with pytest.raises(AudioMissingError):
        make_film(tmp_path / "film.mp4", motion, head, tmp_path / "no.wav", SMALL)
    (tmp_path / "text.wav").write_text("this is no sound")
    with pytest.raises(AudioFormatError):
        make_film(tmp_path / "film.mp4", motion, head, str(tmp_path / "text.wav"), SMALL)
    assert names_in(tmp_path) == ["text.wav"]
