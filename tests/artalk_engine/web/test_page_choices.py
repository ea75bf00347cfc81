"""The page where there is more to choose from: avatars beside the model, Piper voices in a folder, a microphone."""

from __future__ import annotations

import json
import shutil
import time

import av
import numpy as np
import pytest
import soundfile

from artalk_engine.assets import assets_folder
from artalk_engine.web.options import PageOptions
from bridge.motion_file import load_motion
from tests.artalk_engine.small_voice import CONFIG, make_voice
from tests.artalk_engine.speech.small_piper import make_piper_voice
from tests.artalk_engine.web.browsing import (
    PROBLEM,
    SOURCE,
    choose,
    click,
    film,
    found,
    open_page,
    open_text,
    press,
    seen,
    serving,
    started_chromium,
    status,
    until,
    upload,
)
from tests.golden import gagavatar, synthetic_flame

pytest.importorskip("gradio", reason="no gradio: the page is an extra")
pytestmark = pytest.mark.slow
SPEECH = assets_folder() / "demo" / "speech.wav"
MICROPHONE = [
    "--use-fake-ui-for-media-stream",  # which says yes when asked
    "--use-fake-device-for-media-stream",
    f"--use-file-for-fake-audio-capture={SPEECH}",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small model that speaks to FLAME's head, with two avatars beside it."""
    import torch

    folder = make_voice(tmp_path_factory.mktemp("voice") / "flame voice")
    (folder / "config.json").write_text(json.dumps({**CONFIG, "RIG": "flame"}))
    (folder / "GAGAvatar").mkdir()
    torch.save({"model": gagavatar.small_state(), "meta_cfg": {}}, folder / "GAGAvatar" / "GAGAvatar.pt")
    tracked = {"2.jpg": gagavatar.tracked(2), "11.jpg": gagavatar.tracked(11)}
    torch.save(tracked, folder / "GAGAvatar" / "tracked.pt")
    synthetic_flame.save_pt(folder / "FLAME_with_eye.pt", 0)
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The folder of the page's files."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def page(model, files, tmp_path_factory):
    """A page of that model, with a Piper voice."""
    from artalk_engine.generation import Voice

    folder = tmp_path_factory.mktemp("page")
    make_piper_voice(folder / "voices", "amy", language="de_DE")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "APPDATA", "LOCALAPPDATA"):
            patch.setenv(name, str(folder / "own"))
        with serving(Voice(str(model)), PageOptions(port=0, size=64, folder=files, voices=folder / "voices")) as page:
            yield page


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with started_chromium(tmp_path_factory.mktemp("browser"), *MICROPHONE) as browser:
        yield browser


@pytest.fixture
def at(page, browser):
    """The page freshly opened."""
    return open_page(browser, page)


@pytest.fixture
def short_sound(tmp_path):
    samples, rate = soundfile.read(SPEECH)
    soundfile.write(tmp_path / "short.wav", samples[: rate // 5], rate)
    return tmp_path / "short.wav"


def newest(files, ending):
    """The newest of the page's files with an ending."""
    return max(files.rglob(f"*{ending}"), key=lambda path: path.stat().st_mtime)


def pictures_of(path):
    with av.open(str(path)) as opened:
        assert opened.metadata["comment"].startswith("Synthetic")
        return np.stack([frame.to_ndarray(format="rgb24") for frame in opened.decode(video=0)])


def test_an_avatar_is_filmed_whole_or_as_a_draft(at, page, short_sound, files, pictures):
    def filmed():
        upload(at, short_sound)
        choose(at, "Appearance", "Avatar 11.jpg")
        press(at, "generate")
        assert film(at) == pytest.approx(0.2, abs=0.02)
        return pictures_of(newest(files, "short_artalk.mp4"))

    whole = filmed()
    at.save_screenshot(str(pictures / "page_avatar.png"))
    open_page(at, page)
    click(at, "button.label-wrap", "More")
    click(at, "label", "Draft of an avatar")
    draft = filmed()
    assert whole.shape == draft.shape == (5, 64, 64, 3)
    assert np.abs(whole.astype(int) - draft).mean() > 1


def test_a_piper_voice_speaks_its_own_language(at, files, pictures):
    open_text(at).send_keys("Hello you.")
    choose(at, "Voice", "amy (de-de)")
    at.save_screenshot(str(pictures / "page_voice.png"))
    press(at, "generate")
    film(at)
    spoken = load_motion(newest(files, ".npz"))
    assert {"h", "l"} <= set("".join(spoken.phones.symbols))
    samples, _ = soundfile.read(newest(files, "speech.wav"))
    assert np.abs(samples).max() > 0.5  # its tone


def test_what_the_microphone_hears_is_said(at, files):
    click(at, f"{SOURCE} button[aria-label='Record audio']")
    click(at, f"{SOURCE} button.record-button")
    time.sleep(2)
    click(at, f"{SOURCE} button.stop-button")
    seen(at, f"{SOURCE} button[aria-label='Play']")
    press(at, "generate")
    seconds = film(at)
    assert 1 < seconds < 8
    recorded = next(path for path in newest(files, "_artalk.mp4").parent.iterdir() if path.suffix == ".wav")
    samples, rate = soundfile.read(recorded)
    assert len(samples) / rate == pytest.approx(seconds, abs=0.1)
    assert np.sqrt(np.mean(samples**2)) > 0.01


def test_an_avatar_whose_file_is_gone_meanwhile_is_told_in_a_sentence(at, model, short_sound):
    upload(at, short_sound)
    choose(at, "Appearance", "Avatar 2.jpg")
    shutil.move(model / "GAGAvatar" / "tracked.pt", model / "tracked.pt")
    try:
        press(at, "generate")
        until(lambda: found(at, PROBLEM))
    finally:
        shutil.move(model / "tracked.pt", model / "GAGAvatar" / "tracked.pt")
    assert status(at) == "There is nobody called 'Avatar 2.jpg'. Choose Mesh, front or Mesh, three-quarter."
