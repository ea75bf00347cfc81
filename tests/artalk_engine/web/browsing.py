"""Serving a page, starting a browser, and what users do in it."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import contextmanager

import pytest

pytest.importorskip("selenium", reason="no selenium: nothing drives a browser")
from selenium import webdriver
from selenium.common.exceptions import WebDriverException

SWITCHES = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
    "--window-size=1280,1000",
]
SOURCE, FILE, FILM = "#source", "input[type=file]", "#film video[src]"
PROBLEM = "#status [role=alert]"
PATIENCE_S = 150  # with a machine on which much else runs; where nothing else does, no wait takes long


@contextmanager
def serving(voice, options):
    """Serve a page while the block lasts; nothing of it may stay."""
    from artalk_engine.web.server import opened

    with opened(voice, options) as page:
        thread = threading.Thread(target=page.serve)
        thread.start()
        try:
            until(lambda: page.is_ready)
            yield page
        finally:
            page.stop()
            thread.join(PATIENCE_S)
    assert not list(options.folder.iterdir())


@contextmanager
def started_chromium(profile, *switches):
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("no browser: chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for switch in (*SWITCHES, f"--user-data-dir={profile}", *switches):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        yield browser
    finally:
        browser.quit()


def until(condition, seconds=PATIENCE_S):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
    return found


def found(browser, selector):
    """Everything that a CSS selector finds now."""
    return browser.find_elements("css selector", selector)


def seen(browser, selector, text=""):
    """The first thing that a CSS selector finds and the user sees, waited for."""
    say = "return [...document.querySelectorAll(arguments[0])].find(e => e.checkVisibility() && e.innerText.trim()"
    return until(lambda: browser.execute_script(f"{say}.startsWith(arguments[1]))", selector, text))


def click(browser, selector, text=""):
    """Click what the user sees, once it stays where it is."""

    def is_clicked():
        try:
            seen(browser, selector, text).click()
        except WebDriverException:  # drawn anew in between
            return False
        return True

    until(is_clicked)


def open_page(browser, page):
    browser.set_window_size(1280, 1000)
    browser.get(page.address)
    until(lambda: browser.find_elements("id", "generate") and found(browser, FILE))
    return browser


def upload(browser, path):
    found(browser, FILE)[0].send_keys(str(path))
    until(lambda: found(browser, f"{SOURCE} button[aria-label*='lear'], {SOURCE} .waveform-container"))
    time.sleep(0.5)


def open_text(browser):
    """Open the text's tab; returns its box."""
    click(browser, f"{SOURCE} button[role=tab]", "Text")
    return seen(browser, f"{SOURCE} textarea")


def choose(browser, label, name):
    """Choose something in a list."""
    click(browser, f"input[aria-label='{label}']")
    click(browser, "[role=option]", name)
    time.sleep(0.3)


def press(browser, name):
    browser.find_element("id", name).click()


def status(browser):
    return browser.find_element("id", "status").text


def film(browser, seconds=PATIENCE_S):
    """The film's length, once it can be played."""
    until(lambda: found(browser, f"{FILM}, {PROBLEM}"), seconds)
    assert not found(browser, PROBLEM), status(browser)
    video = found(browser, FILM)[0]
    until(lambda: browser.execute_script("return arguments[0].readyState", video) >= 2)
    return browser.execute_script("return arguments[0].duration", video)
