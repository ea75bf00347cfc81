"""Texts spoken for Blender, by the engine's process as Blender starts it."""

from __future__ import annotations

import sys
import wave
from pathlib import Path

import pytest

from bridge.client import EngineClient, engine_command
from bridge.fields import TEXT_LIMIT
from bridge.messages import Failed, ListVoices, Progress, Speak, Spoken, Voices
from bridge.phones import Phones, is_bilabial

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with EngineClient(engine_command(sys.executable, ROOT), tmp_path_factory.mktemp("log") / "engine.log") as client:
        yield client


def replies_of(client, request, timeout_s=120.0):
    return list(client.stream(client.send(request), timeout_s))


def test_a_text_becomes_a_file_with_the_time_of_every_sound(client, tmp_path):
    out = tmp_path / "my sound ü.wav"
    *_, spoken = replies_of(client, Speak("Mama mag Pilze.", str(out), language="de", rate=1.2))
    assert isinstance(spoken, Spoken), spoken
    assert (spoken.path, spoken.language, spoken.voice) == (str(out), "de", "espeak")
    with wave.open(str(out)) as sound:
        assert sound.getnframes() / sound.getframerate() == pytest.approx(spoken.duration_s)
    phones = Phones.of_table(spoken.symbols, spoken.phones)
    assert sum(map(is_bilabial, phones.symbols)) == 4
    assert phones.times[-1, 1] == pytest.approx(spoken.duration_s, abs=1e-3)


def test_a_text_that_no_message_can_hold_comes_from_a_file(client, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("Many people may map it. " * (TEXT_LIMIT // 20), encoding="utf-8")
    replies = replies_of(client, Speak("", str(tmp_path / "out.wav"), text_file=str(text)))
    assert isinstance(replies[-1], Spoken), replies[-1]
    assert replies[-1].duration_s > 400
    shares = [reply.done / reply.total for reply in replies if isinstance(reply, Progress) and reply.total]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_speaking_can_be_cancelled_and_leaves_no_file(client, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("Many people may map it. " * 100_000, encoding="utf-8")
    job = client.send(Speak("", str(tmp_path / "out.wav"), text_file=str(text)))
    replies = []
    for reply in client.stream(job, 120.0):
        replies.append(reply)
        if isinstance(reply, Progress) and reply.done:
            client.cancel(job)
    assert replies[-1] == Failed("cancelled", "The job was cancelled.", "")
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Speak("", "{folder}/a.wav", text_file="{folder}/nothing.txt"), "text"),
        (Speak("🙂", "{folder}/a.wav"), "text"),
        (Speak("Hi.", "{folder}/a.wav", language="xx"), "language"),
        (Speak("Hi.", "{folder}/a.wav", voice="nobody"), "voice"),
        (Speak("Hi.", "{folder}/a.wav", voice="gtts"), "voice"),
        (Speak("Hi.", "{folder}/a.wav", rate=99.0), "option"),
        (Speak("Hi.", "{folder}/taken.wav"), "output"),
        (Speak("Hi.", "a.wav"), "audio_missing"),
    ],
)
def test_what_cannot_be_spoken_is_one_sentence_with_a_remedy(client, tmp_path, request_, code):
    import dataclasses

    (tmp_path / "taken.wav").write_bytes(b"precious")
    fields = {name: getattr(request_, name).format(folder=tmp_path) for name in ("out", "text_file")}
    *_, failed = replies_of(client, dataclasses.replace(request_, **fields))
    assert isinstance(failed, Failed)
    assert failed.code == code
    assert failed.text
    assert failed.remedy
    assert (tmp_path / "taken.wav").read_bytes() == b"precious"


def test_languages_and_voices_are_listed(client):
    *_, listed = replies_of(client, ListVoices())
    assert isinstance(listed, Voices), listed
    named = dict(zip(listed.languages, listed.language_names, strict=True))
    assert named["de"] == "German"
    assert "f3" in listed.voices
