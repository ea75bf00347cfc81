"""A page that is served, and a browser that looks at it."""

from __future__ import annotations

import shutil
import threading
import time

import pytest

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


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    pytest.importorskip("gradio", reason="no gradio: the page is an extra")
    from artalk_engine.generation import Voice
    from artalk_engine.web.options import PageOptions
    from artalk_engine.web.server import opened

    options = PageOptions(port=0, size=96, max_upload_mb=5, max_minutes=0.5, folder=tmp_path_factory.mktemp("page"))
    with opened(Voice(), options) as page:
        serving = threading.Thread(target=page.serve)
        serving.start()
        deadline = time.monotonic() + 30
        while not page.is_ready:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield page
        page.stop()
        serving.join(20)
    assert not list(options.folder.iterdir())


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium: nothing drives a browser")
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("no browser: chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield browser
    browser.quit()


@pytest.fixture
def pictures(tmp_path_factory):
    """A folder for what the browser shows, kept with pytest's other folders."""
    return tmp_path_factory.getbasetemp()
