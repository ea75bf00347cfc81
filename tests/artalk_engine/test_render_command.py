"""``render`` from the command line, and ``rendering`` from Python, with real sounds and a small model."""

from __future__ import annotations

import dataclasses
import json

import av
import numpy as np
import pytest

from artalk_engine import ARTAvatarInferEngine, cli
from artalk_engine.errors import AssetMissingError, OptionError, OutputError
from artalk_engine.render import film
from artalk_engine.render.film import FilmOptions
from bridge.motion_file import MotionFile, load_motion, save_motion
from tests.artalk_engine.small_voice import CONFIG, make_voice
from tests.golden import synthetic_flame

SMALL = ["--size", "64"]


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    return make_voice(tmp_path_factory.mktemp("voice") / "small voice")


@pytest.fixture(scope="module")
def flame_voice(tmp_path_factory):
    """The same model, speaking to a FLAME head that lies beside it."""
    folder = make_voice(tmp_path_factory.mktemp("voice") / "flame voice")
    (folder / "config.json").write_text(json.dumps({**CONFIG, "RIG": "flame"}))
    synthetic_flame.save_pt(folder / "FLAME_with_eye.pt", 0)
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def motion_file(tmp_path):
    def make(rig="builtin", frames=10, audio=""):
        motion = np.zeros((frames, 106), np.float32)
        motion[:, 103] = np.linspace(0, 0.3, frames)
        save_motion(tmp_path / "motion.npz", MotionFile(motion, rig, audio, "1"))
        return str(tmp_path / "motion.npz")

    return make


def streams_of(path):
    with av.open(str(path)) as opened:
        seconds = {stream.type: float(stream.duration * stream.time_base) for stream in opened.streams}
        return seconds, sum(1 for _ in opened.decode(video=0))


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_sound_becomes_a_film_with_that_sound(folder, voice, sound_file, capsys):
    command = ["render", str(sound_file(5.0)), "-o", "film.mp4", "--model", str(voice), "--style", "calm", "--json"]
    assert cli.main([*command, *SMALL, "--start", "1", "--fps", "30", "--camera", "three-quarter"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["output"], report["frames"], report["fps"], report["rig"]) == ("film.mp4", 120, 30.0, "builtin")
    seconds, pictures = streams_of("film.mp4")
    assert pictures == 120
    assert seconds["video"] == pytest.approx(4.0, abs=1e-3)
    assert seconds["audio"] == pytest.approx(4.0, abs=0.03)
    assert names_in(folder) == ["film.mp4"]


def test_the_film_shows_the_motion_that_generate_writes(folder, voice, sound_file):
    sound, model = str(sound_file(1.0)), ["--model", str(voice), "--style", "calm", "--seed", "3"]
    assert cli.main(["generate", sound, "-o", "m.npz", *model]) == 0
    assert cli.main(["render", sound, "-o", "spoken", *model, *SMALL]) == 0
    assert cli.main(["render", "m.npz", "-o", "given", *SMALL]) == 0
    assert len(names_in(folder / "spoken")) == len(load_motion(folder / "m.npz").motion)
    for picture in names_in(folder / "spoken"):
        assert (folder / "spoken" / picture).read_bytes() == (folder / "given" / picture).read_bytes()


def test_a_motion_file_finds_its_sound_beside_it(folder, motion_file, sound_file, capsys):
    sound_file(1.0)
    assert cli.main(["render", motion_file(audio="sound.wav"), *SMALL]) == 0
    seconds, _ = streams_of("motion.mp4")
    assert set(seconds) == {"video", "audio"}
    assert cli.main(["render", motion_file(), "-o", "silent.mp4", *SMALL]) == 0
    assert "silent" in capsys.readouterr().err
    assert set(streams_of("silent.mp4")[0]) == {"video"}


def test_a_name_in_a_motion_file_cannot_leave_its_folder(folder, motion_file, sound_file):
    sound_file(1.0)  # lies beside the motion file, above the working folder
    assert cli.main(["render", motion_file(audio="../sound.wav"), "-o", "film.mp4", *SMALL]) == 0
    assert cli.main(["render", motion_file(audio="/etc/passwd"), "-o", "other.mp4", *SMALL]) == 0
    assert set(streams_of("other.mp4")[0]) == {"video"}


def test_flames_motion_is_shown_on_flames_head(folder, flame_voice, motion_file, capsys):
    motion = motion_file("flame")
    assert cli.main(["render", motion, "-o", "a", "--model", str(flame_voice), *SMALL]) == 0
    assert cli.main(["render", motion, "-o", "b", "--head", str(flame_voice / "FLAME_with_eye.pt"), *SMALL]) == 0
    assert (folder / "a" / "frames_00003.png").read_bytes() == (folder / "b" / "frames_00003.png").read_bytes()
    assert cli.main(["render", motion, "-o", "c", *SMALL]) == 3
    assert "FLAME_with_eye.pt" in capsys.readouterr().err
    assert cli.main(["render", motion_file("builtin"), "-o", "c", "--model", str(flame_voice), *SMALL]) == 3
    assert "rig" in capsys.readouterr().err
    assert names_in(folder) == ["a", "b"]


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["no.wav", "-o", "film.mp4"], 2, "no sound file"),
        (["no.npz", "-o", "film.mp4"], 2, "no such file"),
        (["MOTION", "-o", "nowhere/film.mp4"], 2, "folder"),
        (["MOTION", "-o", "film.avi"], 2, ".mp4"),
        (["MOTION", "-o", "film.mp4", "--size", "63"], 2, "even"),
        (["MOTION", "-o", "film.mp4", "--antialias", "99"], 2, "Antialias"),
        (["MOTION", "-o", "film.mp4", "--fps", "5000"], 2, "frames a second"),
        (["MOTION", "-o", "film.mp4", "--sound", "no.wav"], 2, "no sound file"),
        (["MOTION", "-o", "there.mp4"], 2, "--force"),
    ],
)
def test_what_cannot_be_filmed_is_one_sentence_a_status_and_no_file(
    folder, motion_file, capsys, arguments, status, word
):
    (folder / "there.mp4").write_text("mine")
    given = [motion_file() if argument == "MOTION" else argument for argument in arguments]
    assert cli.main(["render", *given]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert word in err
    assert "Traceback" not in err
    assert names_in(folder) == ["there.mp4"]
    assert (folder / "there.mp4").read_text() == "mine"


@pytest.mark.parametrize("option", [["--size", "big"], ["--size", "1x2x3"], ["--fps", "1/0"], ["--camera", "above"]])
def test_wrong_usage_has_the_status_of_bad_input(option):
    with pytest.raises(SystemExit) as caught:
        cli.main(["render", "a.wav", *option])
    assert caught.value.code == 2


def test_an_interruption_leaves_no_file(folder, motion_file, monkeypatch):
    shown = []

    def interrupt(picture):
        shown.append(picture)
        if len(shown) == 5:
            raise KeyboardInterrupt
        return picture

    draw = film.RenderMesh.pictures
    monkeypatch.setattr(film.RenderMesh, "pictures", lambda *given: map(interrupt, draw(*given)))
    assert cli.main(["render", motion_file(), "-o", "film.mp4", *SMALL]) == 130
    assert names_in(folder) == []


def test_python_films_what_it_infers(tmp_path, voice):
    engine = ARTAvatarInferEngine(checkpoint=voice, device="cpu", threads=1)
    waveform = 0.1 * np.random.default_rng(0).normal(size=16_000).astype(np.float32)
    motion = engine.inference(waveform)
    small = FilmOptions(size=64)
    path = engine.rendering(waveform, motion, save_name=tmp_path / "film.mp4", options=small)
    assert path == tmp_path / "film.mp4"
    seconds, pictures = streams_of(path)
    assert pictures == len(motion)
    assert seconds["audio"] == pytest.approx(1.0, abs=0.03)
    engine.rendering(None, engine.stream(waveform), save_name=tmp_path / "plain", options=small)
    engine.rendering(None, motion, "mesh", 2 * np.ones(22), tmp_path / "other", small)
    first, other = (tmp_path / name / "frames_00000.png" for name in ("plain", "other"))
    assert first.read_bytes() != other.read_bytes()
    with pytest.raises(OutputError, match="exists"):
        engine.rendering(None, motion, save_name=path)
    with pytest.raises(OptionError, match="106"):
        engine.rendering(None, motion.T, save_name=path, options=dataclasses.replace(small, is_forced=True))


def test_python_says_when_flames_head_is_missing(tmp_path, voice):
    engine = ARTAvatarInferEngine(checkpoint=voice, config={**CONFIG, "RIG": "flame"}, device="cpu", threads=1)
    with pytest.raises(AssetMissingError, match=r"FLAME_with_eye\.pt"):
        engine.rendering(None, np.zeros((3, 106), np.float32), save_name=tmp_path / "film.mp4")
