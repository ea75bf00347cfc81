import numpy as np
import pytest

from artalk_engine.training import espeak
from artalk_engine.training.phones import PAUSE, VOWELS
from artalk_engine.training.speech import SAMPLE_RATE_HZ

pytest.importorskip("espeakng_loader", reason="the speech synthesizer is an extra of the training")

TEXT = "Maybe Bob picked up a purple pumpkin. Then Kate took it back."


@pytest.fixture(scope="module", params=["en-us+f2", "en-gb-x-rp+m3"])
def speech(request):
    accent, _, variant = request.param.partition("+")
    return espeak.speak(TEXT, espeak.EspeakVoice(accent, variant))


def level_db(speech, start_s, end_s):
    part = speech.waveform[int(start_s * SAMPLE_RATE_HZ) : int(end_s * SAMPLE_RATE_HZ)]
    return 10 * np.log10(np.mean(part.astype(np.float64) ** 2) + 1e-10)


def test_phones_follow_each_other_without_gaps_over_the_whole_waveform(speech):
    starts = [phone.start_s for phone in speech.phones]
    ends = [phone.end_s for phone in speech.phones]
    assert starts[0] == 0.0
    assert ends[:-1] == starts[1:]
    assert ends[-1] == pytest.approx(speech.duration_s)


def test_vowels_are_loud_and_pauses_are_silent(speech):
    vowels = [level_db(speech, p.start_s, p.end_s) for p in speech.phones if p.symbol in VOWELS]
    pauses = [level_db(speech, p.start_s, p.end_s) for p in speech.phones if p.symbol == PAUSE and p.duration_s > 0.15]
    assert pauses
    assert min(vowels) > max(pauses) + 10


def test_voiceless_stops_between_vowels_begin_with_their_closure(speech):
    stops = [
        (before, stop)
        for before, stop in zip(speech.phones, speech.phones[1:], strict=False)
        if stop.symbol in ("p", "t", "k") and before.symbol in VOWELS
    ]
    assert stops
    closures = [level_db(speech, stop.start_s, stop.start_s + 0.02) for _, stop in stops]
    vowels = [level_db(speech, before.start_s, before.end_s) for before, _ in stops]
    assert np.median(np.subtract(vowels, closures)) > 12


def test_stressed_vowels_are_marked():
    speech = espeak.speak("banana", espeak.EspeakVoice())
    assert [p.stress for p in speech.phones if p.symbol in VOWELS] == [0, 1, 0]


def test_faster_speech_is_shorter():
    slow, fast = (espeak.speak(TEXT, espeak.EspeakVoice(rate=rate)).duration_s for rate in (130, 210))
    assert fast < 0.75 * slow


def test_a_voice_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="no voice"):
        espeak.speak("hello", espeak.EspeakVoice("en-atlantis"))


def test_speech_keeps_its_first_sounds_after_many_transcriptions():
    voice = espeak.EspeakVoice("fr")
    expected = [phone.symbol for phone in espeak.speak("Bonjour.", voice).phones]
    for number in range(390):
        espeak.transcribe(f"Vous entrez dans la conférence numéro {number}, composez votre numéro de canal.", voice)
    assert [phone.symbol for phone in espeak.speak("Bonjour.", voice).phones] == expected
