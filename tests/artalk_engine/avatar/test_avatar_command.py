"""Avatars from the command line and from Python, with small networks and real films."""

import json
import shutil

import av
import numpy as np
import pytest

from artalk_engine import ARTAvatarInferEngine, cli
from artalk_engine.errors import AssetMissingError, AvatarError, OptionError, RigMismatchError
from artalk_engine.render.film import FilmOptions
from bridge.motion_file import MotionFile, save_motion
from tests.artalk_engine.small_voice import CONFIG, make_voice
from tests.golden import gagavatar

DRAFT = ["--draft", "--size", "64"]


@pytest.fixture(scope="module")
def voice(tmp_path_factory, model_folder):
    """A small model that speaks to FLAME's head, with avatars beside it."""
    folder = make_voice(tmp_path_factory.mktemp("voice") / "flame voice")
    (folder / "config.json").write_text(json.dumps({**CONFIG, "RIG": "flame"}))
    shutil.copytree(model_folder, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def motion_file(tmp_path, motion):
    def make(rig="flame", frames=4):
        save_motion(tmp_path / "motion.npz", MotionFile(motion[:frames], rig, "", "1"))
        return str(tmp_path / "motion.npz")

    return make


def film_of(path):
    with av.open(str(path)) as film:
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        return pictures, film.metadata, {stream.type for stream in film.streams}


def fails(capsys, *command):
    status = cli.main([*command, "--json"])
    assert status in (2, 3)
    return json.loads(capsys.readouterr().out)["error"]


def test_a_sound_becomes_a_marked_film_of_an_avatar(folder, voice, sound_file, capsys):
    command = ["render", str(sound_file(0.2)), "--avatar", "11.jpg", "--model", str(voice), "-o", "film.mp4", "--json"]
    assert cli.main([*command, *DRAFT, "--fps", "30"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["frames"], report["fps"], report["rig"], report["avatar"]) == (6, 30.0, "flame", "11.jpg")
    pictures, metadata, streams = film_of("film.mp4")
    assert len(pictures) == 6
    assert metadata["comment"].startswith("Synthetic")
    assert streams == {"video", "audio"}


def test_an_avatar_among_the_fetched_models_needs_no_other_word(folder, voice, sound_file, motion_file, monkeypatch):
    monkeypatch.setenv("ARTALK_MODELS", str(voice))
    for given, out in ((sound_file(0.2), "sound.mp4"), (motion_file(frames=2), "motion.mp4")):
        assert cli.main(["render", str(given), "--avatar", "11.jpg", "-o", out, *DRAFT]) == 0
    assert cli.main(["speak", "Bob.", "--avatar", "11.jpg", "-o", "text.mp4", *DRAFT]) == 0
    assert sorted(path.name for path in folder.glob("*.mp4")) == ["motion.mp4", "sound.mp4", "text.mp4"]


def test_a_text_becomes_a_film_of_an_avatar(folder, voice, capsys):
    command = ["speak", "Bob.", "--avatar", "11.jpg", "--model", str(voice), "--json"]
    assert cli.main([*command, "-o", "film.mp4", *DRAFT]) == 0
    report = json.loads(capsys.readouterr().out)
    pictures, metadata, streams = film_of("film.mp4")
    assert len(pictures) == pytest.approx(25 * report["duration_s"], abs=1)
    assert (metadata["comment"].startswith("Synthetic"), streams) == (True, {"video", "audio"})
    assert "no mesh" in fails(capsys, *command[:-1], "-o", "head.glb")["text"]
    assert "built-in voice has no" in fails(capsys, *command[:4], "-o", "other.mp4")["text"]


def test_a_motion_file_becomes_a_film_without_a_voice(folder, model_folder, motion_file):
    head, files = ["--head", str(model_folder / "FLAME_with_eye.pt")], ["--avatar-model", str(model_folder)]
    command = ["render", motion_file(frames=2), "--avatar", "2.jpg", *head, *files]
    assert cli.main([*command, "-o", "full.mp4"]) == 0
    pictures, _, _ = film_of("full.mp4")
    assert pictures[0].shape == (512, 512, 3)
    assert cli.main([*command, "-o", "marked", *DRAFT]) == 0
    assert cli.main([*command, "-o", "plain", *DRAFT, "--no-mark", "--turn", "head"]) == 0
    assert len(list((folder / "plain").iterdir())) == 2


def test_what_an_avatar_cannot_show_is_refused_before_anything_is_loaded(folder, voice, motion_file, capsys):
    base = ["render", motion_file(), "--avatar", "11.jpg", "--model", str(voice)]
    assert "seen from the front" in fails(capsys, *base, "--camera", "three-quarter")["text"]
    assert "square" in fails(capsys, *base, "--size", "64x32")["text"]
    assert "no mesh" in fails(capsys, *base, "-o", "film.glb")["text"]
    unknown = fails(capsys, "render", motion_file(), "--avatar", "12.jpg", "--model", str(voice))
    assert unknown["code"] == "avatar"
    assert "known are: 2.jpg, 11.jpg" in unknown["text"]
    assert "built-in voice has no" in fails(capsys, "render", motion_file(), "--avatar", "11.jpg")["text"]
    files = ["--avatar", "11.jpg", "--avatar-model", str(voice)]
    assert fails(capsys, "render", motion_file("builtin"), *files)["code"] == "rig_mismatch"
    assert list(folder.iterdir()) == []


def test_avatars_are_listed_added_and_removed(folder, voice, tmp_path, capsys, monkeypatch):
    import torch

    torch.save(gagavatar.tracked(5), tmp_path / "me.pt")
    add = ["avatar", "add", str(tmp_path / "me.pt"), "--name", "myself"]
    refused = fails(capsys, *add)
    assert (refused["code"], "yours or that its owner agreed" in refused["remedy"]) == ("consent", True)
    assert cli.main([*add, "--i-have-the-right-to-use-this-face", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["added"] == ["myself"]
    assert cli.main(["avatars", "--model", str(voice)]) == 0
    assert capsys.readouterr().out.split() == ["myself", "2.jpg", "11.jpg"]
    assert cli.main(["describe", "--model", str(voice), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["avatars"] == ["myself", "2.jpg", "11.jpg"]
    assert cli.main(["avatar", "remove", "myself"]) == 0
    assert capsys.readouterr().out.startswith("removed  myself")
    assert fails(capsys, "avatar", "remove", "myself")["code"] == "avatar"


@pytest.mark.parametrize(("answer", "status"), [("yes\n", 0), ("no\n", 2), ("", 2)])
def test_whoever_sits_at_a_terminal_is_asked(folder, tmp_path, monkeypatch, capsys, answer, status):
    import io

    import torch

    torch.save(gagavatar.tracked(5), tmp_path / "me.pt")
    stdin = io.StringIO(answer)
    stdin.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", stdin)
    assert cli.main(["avatar", "add", str(tmp_path / "me.pt")]) == status
    assert "I have the right to use this person's face" in capsys.readouterr().err


def test_python_films_an_avatar(folder, voice, motion):
    engine = ARTAvatarInferEngine(checkpoint=voice, load_gaga=True)
    given = motion[:3].copy()
    path = engine.rendering(None, given, shape_id="11.jpg", save_name="a.mp4", options=FilmOptions(size=64))
    assert len(film_of(path)[0]) == 3
    assert np.array_equal(given, motion[:3])
    with pytest.raises(AvatarError, match=r"known are: 2.jpg, 11.jpg"):
        engine.rendering(None, given, shape_id="mush", save_name="b.mp4")
    given[1, 3] = np.nan
    with pytest.raises(OptionError, match="no numbers"):
        engine.rendering(None, given, shape_id="11.jpg", save_name="b.mp4")
    assert [path.name for path in folder.iterdir()] == ["a.mp4"]


def test_avatars_that_are_not_there_or_not_for_this_voice_are_told_when_asked_for(voice, tmp_path):
    with pytest.raises(RigMismatchError, match="builtin rig"):
        ARTAvatarInferEngine(checkpoint=make_voice(tmp_path / "builtin voice"), load_gaga=True)
    bare = make_voice(tmp_path / "bare")
    (bare / "config.json").write_text(json.dumps({**CONFIG, "RIG": "flame"}))
    with pytest.raises(AssetMissingError, match=r"no GAGAvatar.pt"):
        ARTAvatarInferEngine(checkpoint=bare, load_gaga=True)
