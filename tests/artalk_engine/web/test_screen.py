"""A head that is watched while its motion is made: what the small server answers, and what `generate --watch` shows."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from artalk_engine import cli
from artalk_engine.assets import assets_folder
from artalk_engine.audio.recording import Recording
from artalk_engine.commands import watching
from artalk_engine.render.heads import load_head
from artalk_engine.web import screen as screens
from artalk_engine.web.screen import opened_screen
from bridge.motion_file import load_motion
from tests.artalk_engine.small_voice import make_voice

ROOT = Path(__file__).parents[3]
SPEECH = assets_folder() / "demo" / "speech.wav"


@pytest.fixture(scope="module")
def head():
    return load_head("builtin", None)


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    return str(make_voice(tmp_path_factory.mktemp("voice") / "small voice"))


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setattr(screens, "LONGEST_SIDE", 32)
    with opened_screen(Recording(SPEECH, 1.0, 2.5)) as screen:
        yield screen


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ask(screen, name, method="GET", **headers):
    parts = urlsplit(screen.address)
    link = http.client.HTTPConnection(parts.netloc, timeout=60)
    link.request(method, parts.path + name, headers=headers)
    return link.getresponse()


def numbers(content):
    """Read the numbers of the pictures in what the server sent, each of them a JPEG."""
    found, at = [], 0
    while at < len(content):
        number, size = np.frombuffer(content, "<u4", 2, at)
        if number == 0xFFFFFFFF:
            return found
        assert content[at + 8 : at + 10] == b"\xff\xd8"
        found.append(int(number))
        at += 8 + int(size)
    raise AssertionError("the end is missing")


def onlooker(screen):
    """Look on from another thread, and return what will have come."""
    came = []
    thread = threading.Thread(target=lambda: came.append(ask(screen, "pictures").read()), daemon=True)
    thread.start()
    assert screen.wait_for_onlooker(10)
    return thread, came


def test_every_picture_is_sent_while_the_motion_passes_unchanged(screen, head):
    pieces = [0.1 * np.ones((frames, 106), np.float32) for frames in (20, 3)]
    thread, came = onlooker(screen)
    passed = list(screen.shown(iter(pieces), head))
    thread.join(10)
    assert all(np.array_equal(*pair) for pair in zip(passed, pieces, strict=True))
    assert numbers(came[0]) == list(range(23))


def test_nothing_is_drawn_while_nobody_looks_and_latecomers_learn_where_it_is(screen, head, monkeypatch):
    motion = np.zeros((20, 106), np.float32)
    shown = screen.shown(iter([motion, motion]), head)
    with monkeypatch.context() as patch:
        patch.setattr(screens.MeshPainter, "draw", lambda *_: pytest.fail("drawn"))
        next(shown)
    thread, came = onlooker(screen)
    assert len(list(shown)) == 1
    thread.join(10)
    assert numbers(came[0]) == list(range(20, 40))


def test_what_the_model_hears_is_what_sounds_whole_or_in_parts(screen):
    whole = ask(screen, "sound")
    content = whole.read()
    assert (whole.status, whole.headers["accept-ranges"]) == (200, "bytes")
    with wave.open(str(next(Path(screen._server.sound).parent.iterdir()))) as sound:
        assert (sound.getframerate(), sound.getnframes()) == (16_000, 24_000)
    part = ask(screen, "sound", range="bytes=100-199")
    assert (part.status, part.headers["content-range"]) == (206, f"bytes 100-199/{len(content)}")
    assert part.read() == content[100:200]
    assert ask(screen, "sound", range="bytes=47900-").read() == content[47900:]
    assert ask(screen, "sound", range="bytes=99999-").status == 416
    assert ask(screen, "sound", range="lines=1-2").status == 200


def test_who_does_not_know_the_secret_or_comes_by_a_foreign_name_sees_nothing(screen):
    link = http.client.HTTPConnection(urlsplit(screen.address).netloc, timeout=60)
    for path in ("/", "/sound", "/guess/", "/guess/pictures", "/../../etc/passwd"):
        link.request("GET", path)
        answer = link.getresponse()
        answer.read()
        assert answer.status == 404
    assert ask(screen, "", host="evil.example").status == 404
    assert ask(screen, "seen", "POST", host="evil.example").status == 404
    assert screen.address.startswith("http://127.0.0.1:")


def test_the_player_loads_nothing_from_elsewhere(screen):
    answer = ask(screen, "")
    assert answer.status == 200
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert b"http" not in answer.read().lower()


def test_it_ends_when_all_is_seen_and_does_not_wait_for_nobody(screen, head, monkeypatch):
    list(screen.shown(iter([np.zeros((2, 106), np.float32)]), head))
    assert not screen.play_out()
    ask(screen, "pictures").read()
    threading.Timer(0.3, lambda: ask(screen, "seen", "POST")).start()
    monkeypatch.setattr(screens, "FAREWELL_S", 120.0)
    began = time.monotonic()
    assert screen.play_out()
    assert time.monotonic() - began < 30  # a third of a second, where nobody else computes
    ask(screen, "").read()  # opened once more
    monkeypatch.setattr(screens, "FAREWELL_S", -1.4)
    assert not screen.play_out()


def test_the_address_is_gone_at_the_end():
    with opened_screen(Recording(SPEECH)) as screen:
        pass
    with pytest.raises(ConnectionRefusedError):
        ask(screen, "")
    assert not screen._server.sound.exists()


def test_watching_changes_nothing_of_the_motion_and_its_report(folder, voice, monkeypatch, capsys):
    monkeypatch.setattr(watching, "PATIENCE_S", 0.1)
    opened = []
    monkeypatch.setattr(watching.webbrowser, "open", opened.append)
    watched = ["generate", str(SPEECH), "-o", "watched.npz", "--watch", "--model", voice, "--json"]
    assert cli.main(watched) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["frames"] == 142
    assert f"The head is to be seen at {opened[0]}" in err
    assert "Nobody looks" in err
    assert cli.main(["generate", str(SPEECH), "-o", "plain.npz", "--model", voice]) == 0
    assert np.array_equal(*(load_motion(folder / name).motion for name in ("watched.npz", "plain.npz")))


def test_two_sounds_cannot_be_watched_at_once(folder, voice, capsys):
    (folder / "other.wav").write_bytes(SPEECH.read_bytes())
    assert cli.main(["generate", str(SPEECH), "other.wav", "-o", ".", "--watch", "--model", voice]) == 2
    assert "error: One sound can be watched at a time. Name one, or leave out --watch." in capsys.readouterr().err


@pytest.mark.slow
def test_a_browser_shows_the_head_while_it_is_made_and_then_the_command_ends(folder, chromium, pictures):
    command = [sys.executable, "-m", "artalk_engine", "generate", str(SPEECH), "-o", str(folder / "m.npz")]
    options = ["--end", "3", "--watch", "--no-browser", "--json"]
    with subprocess.Popen([*command, *options], cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        said = map(bytes.decode, process.stderr)
        address = next(found[0] for line in said if (found := re.search(r"http://\S+", line)))
        chromium.get(address)
        chromium.execute_script(
            "const canvas = document.getElementById('canvas'); window.seen = new Set();"
            "new MutationObserver(() => seen.add(canvas.dataset.shown)).observe(canvas, { attributes: true })"
        )
        has_picture = False
        while process.poll() is None:
            if not has_picture and chromium.execute_script("return seen.size > 20"):
                has_picture = chromium.save_screenshot(str(pictures / "watched.png"))
            time.sleep(0.05)
        assert process.wait(60) == 0
        assert json.loads(process.stdout.read())["frames"] == 75
    seen = chromium.execute_script("return [...window.seen]")
    assert "74" in seen
    assert len(seen) > 10
    assert chromium.find_element("id", "note").text == "That was all. You can close this page."
    assert chromium.execute_script("return document.getElementById('canvas').width") == 512
