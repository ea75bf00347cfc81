import sys
from pathlib import Path

import numpy as np
import pytest

from artalk_engine import ARTAvatarInferEngine
from artalk_engine.checkpoints import load_style
from artalk_engine.errors import RigMismatchError, StyleError
from artalk_engine.model_folder import find_model
from artalk_engine.styles import add_style, list_styles, remove_style, user_styles_folder
from tests.artalk_engine.small_voice import make_voice


@pytest.fixture
def model(tmp_path):
    return find_model(make_voice(tmp_path / "voice"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "mine" / "builtin"


@pytest.fixture
def motion():
    return np.random.default_rng(0).normal(size=(130, 106)).astype(np.float32)


def test_fifty_frames_become_a_style_that_is_listed_and_loaded(model, folder, motion):
    assert list(list_styles(model, "builtin", folder)) == ["calm"]
    path = add_style("weary", motion, 3.2, "builtin", folder)
    styles = list_styles(model, "builtin", folder)
    assert list(styles) == ["calm", "weary"]
    assert styles["weary"] == path
    assert np.array_equal(load_style(path), motion[80:130])
    assert [file.name for file in folder.iterdir()] == ["weary.npy"]


def test_the_engine_speaks_in_an_added_style(model, folder, motion):
    engine = ARTAvatarInferEngine(checkpoint=model.weights.parent, device="cpu", threads=1)
    engine.set_style_motion(load_style(add_style("weary", motion, 0.0, "builtin", folder)))
    assert np.isfinite(engine.inference(np.zeros(16_000, np.float32))).all()


@pytest.mark.parametrize("at", [0.0, 0.6, 3.2, 3.21])
def test_any_place_within_the_motion_can_be_taken(folder, motion, at):
    first = min(round(at * 25), 80)
    assert np.array_equal(load_style(add_style("a", motion, at, "builtin", folder)), motion[first : first + 50])


@pytest.mark.parametrize("at", [-0.1, 3.3, 5.2, float("nan"), float("inf")])
def test_places_outside_the_motion_say_where_to_begin(folder, motion, at):
    with pytest.raises(StyleError, match=r"not within the motion, which lasts 5\.2 s") as caught:
        add_style("a", motion, at, "builtin", folder)
    assert caught.value.remedy == "Begin between 0 and 3.2 s."


def test_motion_that_is_too_short_or_none_says_so(folder, motion):
    with pytest.raises(StyleError, match=r"lasts 1\.96 s, and a style needs 2 s"):
        add_style("a", motion[:49], 0.0, "builtin", folder)
    with pytest.raises(StyleError, match=r"\[130, 100\]"):
        add_style("a", motion[:, :100], 0.0, "builtin", folder)
    with pytest.raises(StyleError, match="no numbers"):
        add_style("a", np.where(motion > 2, np.nan, motion), 0.0, "builtin", folder)
    assert not folder.exists()


@pytest.mark.parametrize(
    "name", ["", "../calm", "a/b", "a\\b", ".hidden", "-x", "a b", "é", "default", "NUL", "a" * 65]
)
def test_names_that_cannot_be_used_say_so(folder, motion, name):
    for call in (
        lambda: add_style(name, motion, 0.0, "builtin", folder),
        lambda: remove_style(name, "builtin", folder),
    ):
        with pytest.raises(StyleError, match="cannot be called") as caught:
            call()
        assert "letters, digits" in caught.value.remedy


def test_a_name_is_taken_until_replacing_is_asked_for(folder, motion):
    add_style("weary", motion, 0.0, "builtin", folder)
    for name in ("weary", "Weary"):
        with pytest.raises(StyleError, match="'weary' already"):
            add_style(name, motion, 1.0, "builtin", folder)
    path = add_style("Weary", motion, 1.0, "builtin", folder, replace=True)
    assert list(folder.iterdir()) == [path]
    assert np.array_equal(load_style(path), motion[25:75])


def test_a_style_of_the_users_goes_before_the_models(model, folder, motion):
    path = add_style("calm", motion, 0.0, "builtin", folder)
    assert list_styles(model, "builtin", folder) == {"calm": path}
    assert remove_style("calm", "builtin", folder) == path
    assert list_styles(model, "builtin", folder)["calm"].parent.name == "styles"


def test_only_the_users_styles_can_be_removed(model, folder):
    with pytest.raises(StyleError, match="you have no style 'calm'"):
        remove_style("calm", "builtin", folder)
    assert "calm" in list_styles(model, "builtin", folder)


def test_motion_for_another_head_is_refused(folder, motion):
    add_style("a", motion, 0.0, "builtin", folder, motion_rig="builtin")
    with pytest.raises(RigMismatchError, match="the motion speaks to the flame rig"):
        add_style("b", motion, 0.0, "builtin", folder, motion_rig="flame")


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_DATA_HOME", "artalk/styles/flame"),
        ("win32", "APPDATA", "artalk/styles/flame"),
        ("darwin", "HOME", "Library/Application Support/artalk/styles/flame"),
    ],
)
def test_the_users_folder_is_where_the_system_has_it(tmp_path, monkeypatch, platform, variable, expected):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert user_styles_folder("flame") == tmp_path / expected
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("APPDATA", raising=False)
    assert Path.home() in user_styles_folder("flame").parents
    with pytest.raises(StyleError, match="no rig"):
        user_styles_folder("../flame")


def test_styles_are_kept_apart_by_rig(model, motion, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    add_style("weary", motion, 0.0, "flame")
    assert list(list_styles(model, "flame")) == ["calm", "weary"]
    assert list(list_styles(model, "builtin")) == ["calm"]
    remove_style("weary", "flame")
    assert list(list_styles(model, "flame")) == ["calm"]


def test_a_folder_that_cannot_be_written_says_so(folder, motion):
    folder.parent.mkdir()
    folder.write_text("a file, and no folder")
    with pytest.raises(StyleError, match="cannot be changed"):
        add_style("a", motion, 0.0, "builtin", folder)


def test_files_of_the_systems_beside_styles_are_no_styles(model, folder, motion):
    add_style("weary", motion, 0, "builtin", folder)
    (folder / "._weary.npy").write_bytes(b"\0\5\x16\7")
    assert list(list_styles(model, "builtin", folder)) == ["calm", "weary"]


def test_endings_may_be_in_capitals(model, folder, motion):
    path = add_style("weary", motion, 0, "builtin", folder)
    path.rename(folder / "LOUD.NPY")
    assert load_style(list_styles(model, "builtin", folder)["LOUD"]).shape == (50, 106)
