"""Make the picture of the page: `python docs/web_pictures.py`, in the engine's environment, with chromium at hand."""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from artalk_engine.assets import assets_folder  # noqa: E402
from artalk_engine.generation import Voice  # noqa: E402
from artalk_engine.web.options import PageOptions  # noqa: E402
from artalk_engine.web.server import opened  # noqa: E402

PICTURE = ROOT / "docs" / "pictures" / "web_page.png"


def main() -> None:
    """Let the page make a film of the shipped sentence, and take its picture."""
    with opened(Voice(), PageOptions(port=0)) as page, tempfile.TemporaryDirectory() as profile:
        serving = threading.Thread(target=page.serve)
        serving.start()
        browser = _browser(profile)
        try:
            _film(browser, page.address)
            browser.save_screenshot(str(PICTURE))
        finally:
            browser.quit()
            page.stop()
            serving.join()


def _browser(profile: str) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    switches = ("headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking")
    for switch in (*switches, "enable-unsafe-swiftshader", f"user-data-dir={profile}", "window-size=1280,1500"):
        options.add_argument(f"--{switch}")
    return webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))


def _film(browser: webdriver.Chrome, address: str) -> None:
    wait = WebDriverWait(browser, 600)
    browser.get(address)
    wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "input[type=file]") and b.find_elements(By.ID, "generate"))
    speech = assets_folder() / "demo" / "speech.wav"
    browser.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(speech))
    time.sleep(2)
    browser.find_element(By.ID, "generate").click()
    wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "#film video[src]"))
    browser.switch_to.frame(wait.until(lambda b: b.find_element(By.CSS_SELECTOR, "#head iframe")))
    wait.until(lambda b: b.execute_script("return document.getElementById('canvas').dataset.shown"))
    browser.switch_to.default_content()
    time.sleep(3)  # for the film to play


if __name__ == "__main__":
    main()
