"""Piper's own code and the ONNX runtime, with a voice that is made here."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pytest.importorskip("piper", reason="piper-tts is an extra")

from artalk_engine.errors import LanguageError, OptionError, TextError, VoiceError
from artalk_engine.speech import SpeakOptions, speak, voices
from bridge.phones import is_bilabial
from tests.artalk_engine.speech.small_piper import RATE_HZ, SAMPLES, make_piper_voice


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ARTALK_VOICES", str(tmp_path / "my voices ü"))
    return tmp_path / "my voices ü"


def test_a_voice_is_found_by_name_path_and_folder_and_tells_its_times(folder):
    path = make_piper_voice(folder)
    spoken = [speak("Pam may map.", SpeakOptions(voice=str(name))) for name in ("tone", path, folder)]
    assert {part.voice for part in spoken} == {"tone"}
    assert {part.language for part in spoken} == {"en-us"}
    phones = spoken[0].phones
    assert [phone.symbol for phone in phones if is_bilabial(phone.symbol)] == ["p", "m", "m", "m", "p"]
    assert all(first.end_s == pytest.approx(second.start_s) for first, second in itertools.pairwise(phones))
    assert phones[-1].end_s == pytest.approx(spoken[0].duration_s)
    assert any(phone.symbol.startswith("ˈ") for phone in phones)
    assert spoken[0].duration_s * RATE_HZ % SAMPLES == 0


def test_a_voice_without_times_speaks_all_the_same(folder):
    spoken = speak("Pam.", SpeakOptions(voice=str(make_piper_voice(folder, has_times=False))))
    assert spoken.phones == ()
    assert np.abs(spoken.waveform).max() > 0.1


def test_the_rate_reaches_the_voice(folder):
    make_piper_voice(folder)
    turns = {}
    for rate in (1.0, 2.0):
        waveform = speak("Pam.", SpeakOptions(voice="tone", rate=rate)).waveform
        turns[rate] = np.count_nonzero(np.diff(np.sign(waveform)))
    assert turns[1.0] / turns[2.0] == pytest.approx(2.0, rel=0.05)


def test_sentences_follow_each_other_with_a_pause(folder):
    make_piper_voice(folder)
    one, two = (speak(text, SpeakOptions(voice="tone")).duration_s for text in ("Pam.", "Pam. Pam."))
    assert two == pytest.approx(2 * one + 0.3, abs=0.01)


def test_a_speaker_is_chosen_by_name_or_number(folder):
    path = make_piper_voice(folder, speakers=2)
    voice = next(voice for voice in voices() if voice.path == path)
    assert voice.speakers == ("person 0", "person 1")
    with pytest.raises(VoiceError, match="no speaker 'nobody'") as caught:
        speak("Pam.", SpeakOptions(voice="tone", speaker="nobody"))
    assert "person 1" in caught.value.remedy


@pytest.mark.parametrize("language", ["en", "en-gb", "English (America)", ""])
def test_a_voice_speaks_its_language_whatever_its_country(folder, language):
    make_piper_voice(folder)
    assert speak("Pam.", SpeakOptions(language=language, voice="tone")).language == "en-us"


def test_what_a_voice_cannot_do_is_one_sentence(folder, tmp_path):
    path = make_piper_voice(folder)
    with pytest.raises(LanguageError, match="speaks en-us, not de"):
        speak("Hallo.", SpeakOptions(language="de", voice="tone"))
    with pytest.raises(OptionError, match="pitch of tone"):
        speak("Pam.", SpeakOptions(voice="tone", pitch=2.0))
    with pytest.raises(TextError):
        speak("🙂", SpeakOptions(voice="tone"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(VoiceError, match="no Piper voice in") as caught:
        speak("Pam.", SpeakOptions(voice=str(tmp_path / "empty")))
    assert "amy.onnx.json" in caught.value.remedy
    make_piper_voice(folder, "other")
    with pytest.raises(VoiceError, match="several Piper voices"):
        speak("Pam.", SpeakOptions(voice=str(folder)))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(VoiceError, match="cannot be loaded"):
        speak("Pam.", SpeakOptions(voice=str(path)))
    path.with_name("tone.onnx.json").unlink()
    with pytest.raises(VoiceError, match=r"no tone\.onnx\.json"):
        speak("Pam.", SpeakOptions(voice=str(path)))
    path.with_name("tone.onnx.json").write_text("{}")
    with pytest.raises(VoiceError, match="does not describe"):
        speak("Pam.", SpeakOptions(voice=str(path)))
