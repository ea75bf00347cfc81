from itertools import pairwise

import numpy as np
import pytest

from artalk_engine.training import espeak, flite, languages, sound_models
from artalk_engine.training.phones import BILABIALS, PAUSE
from artalk_engine.training.sound_models import Transcribed

pytest.importorskip("espeakng_loader", reason="the speech synthesizer is an extra of the training")

ACCENT = espeak.EspeakVoice("en-us")
SENTENCES = languages.sentences("en")


def heard(speeches):
    words = [espeak.transcribe_words(text, ACCENT) for text in SENTENCES]
    return [Transcribed(speech.waveform, said) for speech, said in zip(speeches, words, strict=True)]


def errors_s(found, speeches):
    """Distance of the middle of each p, b and m from where it is."""
    errors = []
    for phones, speech in zip(found, speeches, strict=True):
        mine, true = ([p for p in some if p.symbol in BILABIALS] for some in (phones or (), speech.phones))
        if len(mine) == len(true):
            errors += [abs(a.start_s + a.end_s - b.start_s - b.end_s) / 2 for a, b in zip(mine, true, strict=True)]
    return np.array(errors)


@pytest.mark.skipif(not flite.is_installed(), reason="flite is not installed")
def test_two_minutes_of_a_voice_are_enough_to_find_its_sounds():
    speeches = [flite.speak(text, flite.FliteVoice("slt")) for text in SENTENCES]
    errors = errors_s(sound_models.align(heard(speeches)), speeches)
    assert len(errors) > 80
    assert np.median(errors) < 0.012
    assert np.mean(errors < 0.04) > 0.95


def test_phones_cover_each_recording_and_keep_their_stress():
    speeches = [espeak.speak(text, ACCENT) for text in SENTENCES]
    found = sound_models.align(heard(speeches))
    kept = [(phones, speech) for phones, speech in zip(found, speeches, strict=True) if phones]
    assert len(kept) > 0.8 * len(speeches)
    for phones, speech in kept:
        assert phones[0].start_s == 0.0
        assert phones[-1].end_s == pytest.approx(speech.duration_s)
        assert all(a.end_s == b.start_s for a, b in pairwise(phones))
        assert any(phone.stress for phone in phones)


def test_a_recording_of_something_else_is_given_up():
    speeches = [espeak.speak(text, ACCENT) for text in SENTENCES]
    said = heard(speeches)
    noise = np.random.default_rng(0).standard_normal(48000).astype(np.float32) * 0.1
    found = sound_models.align([*said, Transcribed(noise, said[0].words), Transcribed(noise[:800], said[0].words)])
    assert found[-2:] == [None, None]


def test_a_pause_between_words_is_found():
    speeches = [espeak.speak(text, ACCENT) for text in SENTENCES]
    first, second = (espeak.speak(text, ACCENT).waveform for text in ("My mother", "bought a boat."))
    joined = np.concatenate([first, np.zeros(8000, np.float32), second])
    words = espeak.transcribe_words("My mother bought a boat.", ACCENT)
    phones = sound_models.align([*heard(speeches), Transcribed(joined, words)])[-1]
    inside = [phone for phone in phones[1:-1] if phone.symbol == PAUSE]
    assert max(phone.duration_s for phone in inside) > 0.4
