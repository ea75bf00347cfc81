"""The page in a real browser: what users do, and what they see."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
import soundfile

from artalk_engine.assets import assets_folder
from tests.artalk_engine.web.browsing import film, open_page, open_text, press, status, until, upload

pytestmark = pytest.mark.slow
By = pytest.importorskip("selenium.webdriver.common.by", reason="no selenium: nothing drives a browser").By


@pytest.fixture
def at(page, chromium):
    """The page freshly opened."""
    return open_page(chromium, page)


@pytest.fixture
def short_sound(tmp_path):
    samples, rate = soundfile.read(assets_folder() / "demo" / "speech.wav")
    soundfile.write(tmp_path / "short.wav", samples[:rate], rate)
    return tmp_path / "short.wav"


def inside(browser, frame, script):
    """Run a script in one of the page's frames."""
    browser.switch_to.frame(until(lambda: browser.find_elements(By.CSS_SELECTOR, f"#{frame} iframe"))[0])
    try:
        return browser.execute_script(script)
    finally:
        browser.switch_to.default_content()


def shown(browser, frame):
    return inside(browser, frame, "return (document.getElementById('canvas') || {dataset: {}}).dataset.shown")


def test_a_sound_becomes_a_film_that_plays_a_head_that_turns_and_files(at, short_sound, pictures):
    upload(at, short_sound)
    press(at, "generate")
    assert film(at) == pytest.approx(1.0, abs=0.05)
    assert "Done." in status(at)
    until(lambda: float(shown(at, "head") or -1) >= 0)
    at.save_screenshot(str(pictures / "page_film.png"))
    assert len(at.find_elements(By.CSS_SELECTOR, "#files button")) == 3
    pixels = inside(
        at,
        "head",
        "return new Promise(done => requestAnimationFrame(() => { const c = document."
        "getElementById('canvas'), g = c.getContext('webgl'); done(c.width > 0 && g.getError() === 0); }))",
    )
    assert pixels


def test_the_head_is_seen_before_its_film_is_done(at):
    upload(at, assets_folder() / "demo" / "speech.wav")
    press(at, "generate")
    until(lambda: at.find_elements(By.CSS_SELECTOR, "#live iframe"))
    assert until(lambda: shown(at, "live")) is not None
    assert not at.find_elements(By.CSS_SELECTOR, "#film video[src]")
    film(at)


def test_the_film_goes_on_where_its_live_pictures_are_and_begins_where_all_is_seen(at):
    at.execute_script(
        "Object.defineProperty(window, 'livePlace', { get: () => window.place, "
        "set: (place) => { window.place = place; if (place > 0) window.last = place; } });"
        "addEventListener('loadedmetadata', ({target}) => { if (target.closest('#film')) "
        "[window.begun, window.duration] = [target.currentTime, target.duration]; }, true)"
    )
    upload(at, assets_folder() / "demo" / "speech.wav")
    press(at, "generate")
    until(lambda: at.execute_script("return window.begun !== undefined"))
    last, begun, duration = at.execute_script("return [window.last, window.begun, window.duration]")
    assert last > 0
    is_all_seen = last > duration - 0.2  # as on a slow machine, where the sound has waited for the last picture
    assert begun == pytest.approx(0.0 if is_all_seen else last, abs=0.1)


def test_a_text_becomes_a_film(at):
    open_text(at).send_keys("Hello.")
    time.sleep(0.3)
    press(at, "generate")
    assert film(at) > 0.3


def test_nothing_at_all_is_told_in_a_sentence_with_a_remedy(at):
    press(at, "generate")
    until(lambda: at.find_elements(By.CSS_SELECTOR, "#status [role=alert]"))
    assert status(at) == "There is nothing to say yet. Choose or record a sound, or write a text."


def test_what_is_no_sound_is_told_in_a_sentence_and_the_page_goes_on(at, tmp_path, short_sound):
    wrong = tmp_path / "wrong.wav"
    wrong.write_bytes(b"this is no sound at all" * 100)
    upload(at, wrong)
    press(at, "generate")
    until(lambda: at.find_elements(By.CSS_SELECTOR, "#status [role=alert]"))
    assert "Traceback" not in at.page_source
    assert "wrong.wav" in status(at)
    at.refresh()
    until(lambda: at.find_elements(By.CSS_SELECTOR, "input[type=file]"))
    upload(at, short_sound)
    press(at, "generate")
    film(at)


def test_too_long_a_sound_is_refused(at, tmp_path):
    soundfile.write(tmp_path / "long.wav", np.zeros(16_000 * 40, np.float32), 16_000)
    upload(at, tmp_path / "long.wav")
    press(at, "generate")
    until(lambda: at.find_elements(By.CSS_SELECTOR, "#status [role=alert]"))
    assert "longer than 0.5 minutes" in status(at)


def test_cancel_ends_a_film_in_the_making(at, tmp_path):
    samples, rate = soundfile.read(assets_folder() / "demo" / "speech.wav")
    soundfile.write(tmp_path / "several.wav", np.tile(samples, 5), rate)
    upload(at, tmp_path / "several.wav")
    press(at, "generate")
    until(lambda: [button for button in at.find_elements(By.ID, "cancel") if button.is_displayed()])
    press(at, "cancel")
    until(lambda: "Cancelled." in status(at))
    assert not at.find_elements(By.CSS_SELECTOR, "#film video[src]")
    until(lambda: at.find_element(By.ID, "generate").is_enabled())


def test_it_is_dark_where_users_like_it_dark(at, pictures):
    at.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    at.refresh()
    until(lambda: at.find_elements(By.ID, "generate"))
    time.sleep(0.5)
    at.save_screenshot(str(pictures / "page_dark.png"))
    colour = at.execute_script("return getComputedStyle(document.body).backgroundColor")
    at.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert sum(int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]) < 150


def test_a_narrow_window_shows_everything_without_sideways_scrolling(at, pictures):
    at.set_window_size(500, 900)
    time.sleep(0.5)
    at.save_screenshot(str(pictures / "page_narrow.png"))
    assert at.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert at.find_element(By.ID, "generate").is_displayed()


def test_nothing_is_asked_of_any_other_machine(page, chromium):
    """Judged over all that the tests above did."""
    messages = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert any(url.startswith(page.address) for url in asked)
    assert not [url for url in asked if not url.startswith((page.address, "data:", "blob:", "chrome:"))]
