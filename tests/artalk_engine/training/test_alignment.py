from itertools import pairwise

import numpy as np
import pytest

from artalk_engine.training import alignment, espeak, festival, flite, languages
from artalk_engine.training.phones import BILABIALS, PAUSE, VOWELS

pytest.importorskip("espeakng_loader", reason="the speech synthesizer is an extra of the training")

TEXT = "Maybe Bob and Emma remember my number. My brother may bring a big blue umbrella home."
SCOTTISH = espeak.EspeakVoice("en-gb-scotland", "f4", rate=190, pitch=75)


def align(waveform, text=TEXT, accent="en-us"):
    words = espeak.transcribe_words(text, espeak.EspeakVoice(accent))
    return alignment.align(waveform, words, alignment.built_in_ear())


def errors_s(phones, truth):
    """Distance of each p, b and m from where it is; none where the speaker says others than the transcript."""
    found, wanted = ([p for p in some if p.symbol in BILABIALS] for some in (phones, truth))
    pairs = zip(found, wanted, strict=True) if len(found) == len(wanted) else ()
    return [abs(a.start_s + a.end_s - b.start_s - b.end_s) / 2 for a, b in pairs]


def test_a_voice_of_the_same_synthesizer_is_found_where_it_is():
    speech = espeak.speak(TEXT, SCOTTISH)
    errors = errors_s(align(speech.waveform)[0], speech.phones)
    assert len(errors) == 20
    assert np.median(errors) < 0.01
    assert np.max(errors) < 0.04


@pytest.mark.skipif(not flite.is_installed(), reason="flite is not installed")
@pytest.mark.parametrize(("name", "nearly_all_s"), [("slt", 0.04), ("rms", 0.06)])  # learned from, and never heard
def test_voices_of_people_are_found_within_a_hundredth_of_a_second(name, nearly_all_s):
    errors = []
    for text in languages.sentences("en"):
        speech = flite.speak(text, flite.FliteVoice(name))
        errors += errors_s(align(speech.waveform, text)[0], speech.phones)
    assert len(errors) > 80
    assert np.median(errors) < 0.012
    assert np.mean(np.array(errors) < nearly_all_s) > 0.95


@pytest.mark.skipif("czech_krb" not in festival.installed_voices(), reason="Festival's Czech voices are not installed")
def test_a_person_of_a_language_never_heard_is_found_nearly_as_well():
    errors = []
    for text in languages.sentences("cs"):
        speech = festival.speak(text, festival.FestivalVoice("czech_krb"))
        errors += errors_s(align(speech.waveform, text, "cs")[0], speech.phones)
    assert len(errors) > 20
    assert np.median(errors) < 0.02
    assert np.mean(np.array(errors) < 0.04) > 0.9


def test_phones_cover_the_recording_and_keep_their_stress():
    waveform = np.concatenate([np.zeros(8123, np.float32), espeak.speak("Bob.", SCOTTISH).waveform])
    phones, _ = align(waveform, "Bob.")
    assert phones[0].start_s == 0.0
    assert phones[-1].end_s == pytest.approx(len(waveform) / 16_000)
    assert all(a.end_s == b.start_s for a, b in pairwise(phones))
    assert [phone.stress for phone in phones if phone.symbol in VOWELS] == [1]


def test_sentences_fit_their_transcripts_from_end_to_end():
    fitting = 0
    for text in languages.sentences("en"):
        speech = espeak.speak(text, espeak.EspeakVoice("en-us"))
        phones, fit = align(speech.waveform, text)
        fitting += fit >= alignment.LEAST_FIT
        assert phones[-1].end_s == pytest.approx(speech.duration_s)
        assert any(phone.stress for phone in phones)
    assert fitting > 0.8 * len(languages.sentences("en"))


def test_a_pause_between_words_is_found():
    first, second = (espeak.speak(text, SCOTTISH).waveform for text in ("My mother", "bought a boat."))
    joined = np.concatenate([first, np.zeros(8000, np.float32), second])
    phones, _ = align(joined, "My mother bought a boat.")
    inside = [phone for phone in phones[1:-1] if phone.symbol == PAUSE]
    assert max(phone.duration_s for phone in inside) > 0.4


@pytest.mark.parametrize("seconds", [3.0, 0.05])
def test_noise_and_what_is_too_short_fit_no_transcript(seconds):
    noise = np.random.default_rng(0).standard_normal(round(seconds * 16_000)).astype(np.float32) * 0.1
    assert align(noise)[1] < alignment.LEAST_FIT
    assert align(espeak.speak(TEXT, SCOTTISH).waveform)[1] > alignment.LEAST_FIT


def test_another_text_does_not_fit():
    speech = espeak.speak("The children are playing in the garden, and nobody knows why it is raining.", SCOTTISH)
    assert align(speech.waveform)[1] < alignment.LEAST_FIT
