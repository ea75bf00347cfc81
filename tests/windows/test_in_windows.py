"""The add-on in a Blender with windows, used by mouse and keys, and looked at.

Each scenario runs once, in a Blender of its own; the tests look at what it noted and at its pictures, which are kept in
``dist/windows/``.
"""

from __future__ import annotations

import functools
import os
import shutil
import sys
import sysconfig
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import build_addon
from tests.set_up.small_wheels import write_wheel
from tests.windows.blender_window import BlenderWindow, NoBlenderError, ScenarioError, Session, find_blender
from tests.windows.pictures import drawn_share, read_png

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "dist" / "windows"
LIMIT_S = float(os.environ.get("ARTALK_WINDOWS_LIMIT_S", "600"))
LONG_S = 600.0
SIDEBAR = (slice(80, 760), slice(870, 1120))  # of the screen: rows and columns of the add-on's tab
LANGUAGES = {"de_DE": "Kopf erstellen", "ja_JP": "頭部を作成", "zh_HANS": "创建头部"}
PITCHES = {"de_DE": "Tonhöhe", "ja_JP": "高さ", "zh_HANS": "音高"}

pytestmark = pytest.mark.windows


@dataclass(frozen=True)
class Played:
    """What came of a scenario.

    Attributes:
        notes: what it noted.
        folder: where its pictures are.
    """

    notes: dict[str, Any]
    folder: Path

    def picture(self, name: str) -> np.ndarray:
        """Return a picture, ``[H, W, 3]`` of bytes."""
        return read_png(self.folder / f"{name}.png")


@pytest.fixture(scope="session")
def blender() -> BlenderWindow:
    try:
        return find_blender()
    except NoBlenderError as exc:
        pytest.skip(f"no Blender with windows: {exc}")


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What a user has on disk: the add-on, sounds, and programs that are called python."""
    folder = tmp_path_factory.mktemp("files")
    archive, sound, long_sound = folder / "artalk.zip", folder / "speech.wav", folder / "long.wav"
    build_addon.write_zip(archive)
    shutil.copy(ROOT / "assets/demo/speech.wav", sound)
    with wave.open(str(sound)) as source, wave.open(str(long_sound), "wb") as target:
        target.setparams(source.getparams())
        contents = source.readframes(source.getnframes())
        target.writeframes(contents * round(LONG_S * source.getframerate() / source.getnframes()))
    old = folder / "old" / "python3"
    old.parent.mkdir()
    old.write_text('#!/bin/sh\necho "It is no Python"\n', "utf-8")
    old.chmod(0o755)
    base = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
    pythons = {"OLD_PYTHON": old, "OWN_PYTHON": Path(sys.executable), "BASE_PYTHON": base}
    wheels = write_engine_wheels(folder / "wheels")
    return {"ZIP": archive, "SOUND": sound, "LONG_SOUND": long_sound, "WHEELS": wheels, **pythons}


def write_engine_wheels(folder: Path) -> Path:
    """Write a wheel for each of the engine's packages that leads to the one that is installed here."""
    for pin in build_addon.ENGINE:
        name, version = pin.split("==")
        files = {"here.pth": f"{sysconfig.get_path('purelib')}\n"} if name == "torch" else {}
        write_wheel(folder, name.replace("-", "_"), version, files)
    return folder


@pytest.fixture(scope="session")
def play(blender: BlenderWindow, files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Let a scenario run, once a session; its pictures are kept, whatever becomes of it."""

    @functools.cache
    def once(name: str) -> Played | ScenarioError:
        out = tmp_path_factory.mktemp(name)
        variables = tuple((f"ARTALK_{key}", str(path)) for key, path in files.items())
        scenario = Path(__file__).parent / "inside" / f"{name}.py"
        shown = tuple(sorted({path.parent for path in files.values()}))
        try:
            return Played(blender.play(scenario, out, Session(limit_s=LIMIT_S, variables=variables, shown=shown)), out)
        except ScenarioError as exc:
            return exc
        finally:
            _keep(out, name)

    def played(name: str) -> Played:
        found = once(name)
        if isinstance(found, ScenarioError):
            raise found
        return found

    return played


def _keep(out: Path, name: str) -> None:
    folder = KEPT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in [*out.glob("*.png"), *out.glob("*.log"), *out.glob("notes.json")]:
        shutil.copy(path, folder)


# A newcomer


@pytest.fixture
def newcomer(play) -> Played:
    return play("newcomer")


def test_three_clicks_lead_from_an_empty_scene_to_a_talking_head(newcomer):
    assert newcomer.notes["sound"].endswith("speech.wav")
    assert newcomer.notes["keys"] > 30
    assert abs(newcomer.notes["frame"] - 60) <= 1  # where the mouse pressed
    assert np.ptp(newcomer.notes["jaw_deg"]) > 1.0


def test_keys_arrive_while_the_rest_is_being_made_and_blender_stays_free(newcomer):
    assert newcomer.notes["is_free_at_once"]
    assert newcomer.notes["is_early"]


def test_a_new_head_can_be_seen_at_once(newcomer):
    """It is drawn over a good part of the view, not as a dot."""
    view = newcomer.picture("ready")[150:900, 100:800].astype(int)
    is_skin = (view[..., 0] > view[..., 2] + 8) & (view.sum(-1) > 150)
    is_grey = np.ptp(view, axis=-1) < 12
    assert is_skin.mean() + (is_grey & (view.mean(-1) > 100)).mean() > 0.03


def test_the_panel_is_drawn_at_every_step(newcomer):
    for name in ("enabled", "ready", "working", "generated"):
        assert drawn_share(newcomer.picture(name)[SIDEBAR]) > 0.002, name


# Work that shows itself


@pytest.fixture
def at_work(play) -> Played:
    return play("at_work")


def test_a_button_that_cannot_be_pressed_says_why(at_work):
    assert at_work.notes["reason"] == "Go back to Object Mode to create a head"


def test_jobs_wait_for_each_other_and_can_be_taken_out(at_work):
    assert at_work.notes["waiting"] == 2
    assert at_work.notes["waiting_after_one_was_removed"] == 1


def test_a_job_survives_saving_and_undo(at_work):
    assert at_work.notes["works_after_saving"]
    assert at_work.notes["place_after_undo"] == 0.0
    assert at_work.notes["works_after_undo"]


def test_a_cancelled_job_makes_room_and_keeps_what_had_arrived(at_work):
    assert at_work.notes["has_made_room"]
    assert at_work.notes["keys_after_cancel"] > 0


def test_an_error_stands_with_its_remedy_until_it_is_put_away(at_work):
    text, remedy = at_work.notes["error"]
    assert "gone.wav" in text
    assert remedy
    assert at_work.notes["errors_after_success"] == 1
    assert at_work.notes["standing_after_dismiss"] == 0


def test_details_can_be_copied_for_a_report(at_work):
    assert "gone.wav" in at_work.notes["details"]
    assert "Blender 5" in at_work.notes["details"]


# A text, the preview, another file


@pytest.fixture
def spoken(play) -> Played:
    return play("text_and_preview")


def test_a_text_becomes_a_take_in_one_press(spoken):
    assert spoken.notes["keys"] > 30


def test_the_preview_s_window_follows_the_playhead(spoken):
    assert spoken.notes["windows"] == 2
    assert spoken.notes["pictures_differ"]
    assert min(spoken.notes["picture_size"]) >= 64
    assert spoken.notes["preview"][0] == ""
    assert spoken.notes["windows_after_closing"] == 1


def test_another_file_ends_the_job_and_says_so(spoken):
    assert not spoken.notes["works_in_other_file"]
    assert any("Another file was opened" in text for text in spoken.notes["said_in_other_file"])


# The engine's installation


@pytest.fixture
def installation(play) -> Played:
    return play("installation")


def test_the_engine_is_installed_by_a_button_whose_bar_never_goes_back(installation):
    fractions = [fraction for _, fraction in installation.notes["bars"]]
    assert len(fractions) > 3
    assert fractions == sorted(fractions)
    is_error, text, _ = installation.notes["outcome"]
    assert not is_error, text
    assert text.startswith("The engine is installed")
    assert "Successfully installed" in installation.notes["log"]


def test_what_was_installed_generates_at_once(installation):
    assert "my data – ä 日本 🙂" in installation.notes["used"]
    assert installation.notes["notices"] == [[False, "Take 1: 5.7 s of motion."]]
    assert installation.notes["keys"] > 30


# Preferences and languages


@pytest.fixture
def settings(play) -> Played:
    return play("settings")


def test_the_installation_says_what_it_lacks(settings):
    assert settings.notes["offline_reason"].startswith("Allow online access")


def test_an_existing_python_can_be_used_and_is_checked(settings):
    is_error, text = settings.notes["own_python"]
    assert not is_error
    assert "has all that the engine needs" in text


def test_a_program_that_is_no_python_is_told_in_a_sentence_with_a_remedy(settings):
    text, remedy = settings.notes["no_python"]
    assert "python3" in text
    assert remedy


def test_the_system_check_reports_what_helpers_ask(settings):
    report = "\n".join(settings.notes["report"])
    for word in ("Blender", "Python", "torch", "Memory", "Disk", "ARTalk"):
        assert word in report, word


def test_released_models_are_listed_with_size_licence_and_state(settings):
    models = settings.notes["models"]
    assert len(models) > 5
    for name, size, licence, state in models:
        assert size > 0, name
        assert licence, name
        assert state in {"missing", "manual", "partial", "unverified", "verified", "imported", "corrupt"}
    for terms, text in settings.notes["terms"]:
        assert terms in {"Authors' terms", "FLAME's licence"}
        assert len(text) > 80


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_interface_is_drawn_in_other_languages(settings, locale):
    label, sentence, known = settings.notes["said"][locale]
    assert known == locale
    assert label == LANGUAGES[locale]
    assert sentence != "Choose a sound file."
    assert settings.notes["pitch"][locale] == PITCHES[locale]
    assert settings.notes["clipped"][locale] == []
    for page in ("panel", "preferences"):
        ours, english = settings.picture(f"{page}_{locale}"), settings.picture(f"{page}_en_US")
        area = SIDEBAR if page == "panel" else (slice(80, 900), slice(0, 1120))
        assert drawn_share(ours[area]) > 0.5 * drawn_share(english[area])
        assert (ours[area] != english[area]).any(-1).mean() > 0.01


@pytest.fixture(autouse=True, scope="session")
def _say_where_pictures_are(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if KEPT.exists():
        request.config.get_terminal_writer().line(f"\nPictures of the windows are in {KEPT}")
