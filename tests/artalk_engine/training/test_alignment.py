import numpy as np
import pytest

from artalk_engine.training import alignment, espeak, flite

pytest.importorskip("espeakng_loader", reason="the speech synthesizer is an extra of the training")

TEXT = "Maybe Bob and Emma remember my number. My brother may bring a big blue umbrella home."


def errors_s(phones, truth):
    """Distance of each p, b and m from where it is, for two lists of the same ones."""
    found, wanted = ([p for p in some if p.symbol in ("p", "b", "m")] for some in (phones, truth))
    assert len(found) == len(wanted)
    return np.abs([a.start_s + a.end_s - b.start_s - b.end_s for a, b in zip(found, wanted, strict=True)]) / 2


def test_the_same_voice_is_found_where_it_is():
    speech = espeak.speak(TEXT, espeak.EspeakVoice("en-us", rate=150))
    assert errors_s(alignment.align(speech.waveform, TEXT), speech.phones).max() < 0.015


def test_another_voice_at_another_rate_is_found_nearly():
    speech = espeak.speak(TEXT, espeak.EspeakVoice("en-us", "f2", rate=190, pitch=75))
    assert np.median(errors_s(alignment.align(speech.waveform, TEXT), speech.phones)) < 0.025


@pytest.mark.skipif(not flite.is_installed(), reason="flite is not installed")
def test_another_synthesizer_is_found_within_a_frame_or_two():
    speech = flite.speak(TEXT, flite.FliteVoice("rms"))
    found = errors_s(alignment.align(speech.waveform, TEXT), speech.phones)
    assert np.median(found) < 0.04
    assert np.mean(found < 0.08) > 0.8


def test_phones_cover_the_recording():
    waveform = np.concatenate([np.zeros(8000, np.float32), espeak.speak("Bob.", espeak.EspeakVoice()).waveform])
    phones = alignment.align(waveform, "Bob.")
    assert phones[0].start_s == 0.0
    assert phones[-1].end_s == pytest.approx(len(waveform) / 16_000)
