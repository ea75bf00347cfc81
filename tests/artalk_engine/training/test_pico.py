import sys
from types import SimpleNamespace

import numpy as np
import pytest

from artalk_engine.training import espeak, pico
from artalk_engine.training.phones import BILABIALS

pytest.importorskip("espeakng_loader", reason="the speech synthesizer is an extra of the training")

TEXT = "My brother bought a map and a piano."


@pytest.fixture
def package(monkeypatch):
    """The package as it is called, spoken by espeak-ng."""

    class Engine:
        def __init__(self, language):
            self.language, self.rate, self.pitch = language, 100, 100

        def speak(self, text):
            voice = espeak.EspeakVoice("en-us", rate=160 * self.rate // 100, pitch=self.pitch // 2)
            return np.int16(32767.0 * espeak.speak(text, voice).waveform).tobytes()

    pico._spoken.cache_clear()
    monkeypatch.setattr(pico, "is_installed", lambda: True)
    monkeypatch.setitem(sys.modules, "ttspico", SimpleNamespace(TtsEngine=Engine))
    yield Engine
    pico._spoken.cache_clear()


@pytest.mark.usefixtures("package")
def test_sounds_are_found_in_what_the_package_says():
    speech, slow = (pico.speak(TEXT, pico.PicoVoice("en-US", rate)) for rate in (100, 80))
    true = espeak.speak(TEXT, espeak.EspeakVoice())
    assert speech.duration_s == pytest.approx(true.duration_s, abs=0.01)
    assert slow.duration_s > 1.1 * speech.duration_s
    found, closed = ([p for p in some.phones if p.symbol in BILABIALS] for some in (speech, true))
    assert [p.symbol for p in found] == [p.symbol for p in closed]
    assert np.median([abs(a.end_s - b.end_s) for a, b in zip(found, closed, strict=True)]) < 0.03


def test_a_text_that_is_not_what_is_said_is_not_found(package, monkeypatch):
    noise = np.int16(3000.0 * np.random.default_rng(0).standard_normal(32000))
    monkeypatch.setattr(package, "speak", lambda self, text: noise.tobytes())
    assert not pico.is_found(TEXT, pico.PicoVoice("en-US"))
    with pytest.raises(ValueError, match="not found"):
        pico.speak(TEXT, pico.PicoVoice("en-US"))


def test_what_is_missing_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(pico, "is_installed", lambda: False)
    with pytest.raises(ValueError, match="pip install ttspico"):
        pico.speak("Not said before.", pico.PicoVoice("en-US"))


@pytest.mark.skipif(not pico.is_installed(), reason="SVOX Pico is not installed")
@pytest.mark.parametrize("name", pico.VOICES)
def test_every_voice_speaks(name):
    speech = pico.speak("Mama mia, papa, banana.", pico.PicoVoice(name))
    assert 1.0 < speech.duration_s < 5.0
    assert {"m", "p", "b", "n"} <= {p.symbol for p in speech.phones}
