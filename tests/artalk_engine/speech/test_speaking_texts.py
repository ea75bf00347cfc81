"""espeak-ng itself: texts of any language and length, their sound and when each sound is spoken."""

from __future__ import annotations

import itertools
import sys
import types
import wave

import numpy as np
import pytest

from artalk_engine.errors import LanguageError, OptionError, OutputError, TextError, VoiceError
from artalk_engine.speech import SpeakOptions, languages, speak, speak_to_file, stream_speech, voices
from artalk_engine.speech.espeak_library import Manner, espeak_library
from artalk_engine.speech.text import LONGEST, pieces
from bridge.phones import is_bilabial

NUMBERLESS = {"chr-us-qaaa-x-west": "ᎣᏏᏲ", "cv": "салам тантӑшсем", "sjn": "mae govannen"}


def pitch_of(waveform):
    """The fundamental frequency of the loudest quarter of a second, in Hz."""
    loudest = int(np.argmax(np.convolve(waveform**2, np.ones(4000), "valid")))
    part = waveform[loudest : loudest + 4000]
    curve = np.correlate(part, part, "full")[len(part) :]
    return 16_000 / (40 + int(np.argmax(curve[40:320])) + 1)


def test_a_sentence_becomes_sound_and_sounds_with_their_times():
    spoken = speak("Bob may map people.")
    assert spoken.waveform.dtype == np.float32
    assert 1.0 < spoken.duration_s < 2.5
    assert 0.1 < np.abs(spoken.waveform).max() <= 1.0
    assert "".join(phone.symbol for phone in spoken.phones).replace("ˈ", "") == "bɑːbmeɪmæppiːpəl"
    assert spoken.phones[0].start_s == 0.0
    assert spoken.phones[-1].end_s == pytest.approx(spoken.duration_s, abs=1e-3)
    assert all(first.end_s == second.start_s for first, second in itertools.pairwise(spoken.phones))
    assert (spoken.language, spoken.voice) == ("en-us", "espeak")


def test_lips_are_given_the_silence_before_a_p():
    spoken = speak("Stop a papa.")
    stops = [phone for phone in spoken.phones if phone.symbol == "p"]
    assert stops
    for stop in stops:
        quiet, loud = (spoken.waveform[round(at * 16_000) :][:160] for at in (stop.start_s + 0.01, stop.end_s + 0.03))
        assert np.abs(quiet).max() < 0.2 * max(np.abs(loud).max(), 0.1)


@pytest.mark.parametrize("language", [language.code for language in languages()])
def test_every_language_speaks_with_times(language):
    spoken = speak(NUMBERLESS.get(language, "1 2 3"), SpeakOptions(language=language))
    assert spoken.duration_s > 0.3
    assert sum(bool(phone.symbol) for phone in spoken.phones) >= 3


@pytest.mark.parametrize(
    ("language", "text", "bilabials"),
    [
        ("de", "Meine Mutter bäckt Pflaumen.", 4),
        ("fr", "Maman pense au bébé.", 5),
        ("es", "Mi mamá me mima.", 5),
        ("it", "Il bambino parla.", 3),
        ("ja", "ままはパンをたべました。", 4),
        ("zh", "妈妈买苹果。", 4),
        ("ru", "Мама мыла раму.", 4),
        ("ko", "엄마 밥 먹어요.", 4),
        ("hi", "मेरी माँ", 2),
        ("ar", "بابا", 2),
    ],
)
def test_lips_that_close_are_known_in_languages_and_scripts(language, text, bilabials):
    spoken = speak(text, SpeakOptions(language=language))
    assert sum(is_bilabial(phone.symbol) for phone in spoken.phones) >= bilabials


def test_numbers_and_abbreviations_are_read_as_espeak_does():
    assert speak("3.5").duration_s == pytest.approx(speak("three point five").duration_s, rel=0.15)
    assert speak("Dr. Smith.").duration_s == pytest.approx(speak("Doctor Smith.").duration_s, rel=0.15)


def test_markup_is_not_obeyed():
    assert speak('Say <break time="10s"/> this.').duration_s < 8.0


def test_rate_and_pitch_do_what_they_say():
    text = "Mama may map all of it."
    usual, fast = (speak(text, SpeakOptions(rate=rate)).duration_s for rate in (1.0, 2.0))
    assert usual / fast == pytest.approx(2.0, rel=0.2)
    middle = pitch_of(speak("Mama may.").waveform)
    for pitch in (-6.0, -3.0, 3.0, 6.0):
        found = pitch_of(speak("Mama may.", SpeakOptions(pitch=pitch)).waveform)
        assert 12 * np.log2(found / middle) == pytest.approx(pitch, abs=1.0)


def test_variants_sound_different():
    assert not np.array_equal(
        speak("Hello.").waveform[:9000], speak("Hello.", SpeakOptions(voice="f3")).waveform[:9000]
    )
    assert {"f3", "m1", "whisper"} <= {voice.name for voice in voices() if voice.kind == "espeak"}


def test_a_manner_does_not_outlast_its_sentence():
    first = speak("Hello.").duration_s
    speak("Hello.", SpeakOptions(pitch=5.0, rate=2.0, language="de"))
    assert speak("Hello.").duration_s == pytest.approx(first, rel=0.01)  # espeak-ng's own jitter is a few samples


def test_training_and_texts_share_one_library():
    library, manner = espeak_library(), Manner("en-us", rate=160)
    names = [name for _, name in library.run("Hi.", manner)[1]]
    speak("Hi.")
    assert [name for _, name in library.run("Hi.", manner)[1]] == names
    assert "aI" in "".join(names)
    assert "aI" in library.transcribe("Hi.", manner)


def test_a_long_text_is_spoken_a_few_sentences_at_a_time():
    text = "This is one of very many sentences. " * 200 + "\n\nAnd this is the last."
    parts = [len(piece.text) for piece in pieces(text)]
    assert max(parts) <= LONGEST
    spoken = list(stream_speech(text))
    assert len(spoken) == len(parts)
    assert max(part.duration_s for part in spoken) < 60.0


def test_cutting_neither_loses_nor_repeats_a_letter():
    for text in ("word " * 500, "x" * 2000, "Ende. " * 300, "これは文です。" * 200):
        joined = "".join(piece.text for piece in pieces(text))
        assert joined.replace(" ", "") == text.replace(" ", "")


def test_memory_does_not_grow_with_the_length(tmp_path):
    import tracemalloc

    peaks = []
    for times in (60, 600):
        tracemalloc.start()
        speak_to_file("Many people may map the map. " * times, tmp_path / f"{times}.wav")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (
        peaks[1] < peaks[0] + 6_000_000
    )  # the samples alone of 14 more minutes would be 27 MB, and 54 as they are made


def test_the_file_holds_what_was_spoken(tmp_path):
    spoken = speak_to_file("Hello, you.\n\nGood bye.", tmp_path / "a b ü.wav")
    with wave.open(str(spoken.path)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32767.0
    whole = speak("Hello, you.\n\nGood bye.")
    assert len(samples) == pytest.approx(len(whole.waveform), rel=0.01)  # espeak-ng's own jitter
    assert samples.std() == pytest.approx(whole.waveform.std(), rel=0.1)
    assert spoken.phones.symbols == tuple(phone.symbol for phone in whole.phones)
    np.testing.assert_allclose(spoken.phones.times[-1, 1], spoken.duration_s, atol=1e-3)


def test_a_file_that_exists_is_kept_and_a_cancelled_one_leaves_nothing(tmp_path):
    path = tmp_path / "speech.wav"
    path.write_bytes(b"precious")
    with pytest.raises(OutputError, match="exists already"):
        speak_to_file("Hello.", path)
    assert path.read_bytes() == b"precious"

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        speak_to_file("Hello. " * 300, path, is_forced=True, tell=interrupt)
    assert path.read_bytes() == b"precious"
    assert [each.name for each in tmp_path.iterdir()] == ["speech.wav"]
    with pytest.raises(OutputError, match="does not exist"):
        speak_to_file("Hello.", tmp_path / "nowhere" / "speech.wav")


@pytest.mark.parametrize("text", ["", "  \n\t ", "🙂🙂", "…!?", "\0"])
def test_a_text_without_words_is_refused(text):
    with pytest.raises(TextError):
        speak(text)


@pytest.mark.parametrize(
    ("language", "near"), [("germann", "de: German"), ("klingonn", "Klingon"), ("en-xx", ""), ("xx", "--list")]
)
def test_a_language_without_a_voice_names_near_ones(language, near):
    if not near:
        assert speak("Hi.", SpeakOptions(language=language)).language == "en-us"  # of a country that it does not know
        return
    with pytest.raises(LanguageError) as caught:
        speak("Hi.", SpeakOptions(language=language))
    assert near in caught.value.remedy


def test_letters_that_a_voice_would_spell_out_are_refused():
    with pytest.raises(TextError, match="cannot read '日' in Japanese") as caught:
        speak("日本", SpeakOptions(language="ja"))
    assert "kana" in caught.value.remedy


def test_a_voice_that_is_not_there_names_near_ones():
    with pytest.raises(VoiceError) as caught:
        speak("Hi.", SpeakOptions(voice="wisper"))
    assert "whisper" in caught.value.remedy


@pytest.mark.parametrize("more", [{"rate": 0.1}, {"rate": float("nan")}, {"pitch": 30.0}])
def test_a_rate_or_pitch_that_nobody_speaks_with_is_refused(more):
    with pytest.raises(OptionError):
        SpeakOptions(**more)


class TestOnline:
    """gTTS is not installed beside the engine: a stand-in has its interface, and writes real MP3."""

    @pytest.fixture
    def asked(self, monkeypatch):
        import soundfile

        asked = []

        class Voice:
            def __init__(self, text, lang, slow, timeout):
                asked.append((text, lang, slow))

            def save(self, path):
                soundfile.write(path, np.sin(np.arange(24_000) * 0.1).astype(np.float32) * 0.5, 24_000)

        module = types.ModuleType("gtts")
        module.gTTS = Voice
        module.lang = types.ModuleType("gtts.lang")
        module.lang.tts_langs = lambda: {"en": "English", "zh-CN": "Chinese", "de": "German"}
        monkeypatch.setitem(sys.modules, "gtts", module)
        monkeypatch.setitem(sys.modules, "gtts.lang", module.lang)
        return asked

    def test_it_is_asked_only_when_going_online_is_allowed(self, asked):
        with pytest.raises(VoiceError, match="sends your text"):
            speak("Hi.", SpeakOptions(voice="gtts"))
        assert not asked
        spoken = speak("你好", SpeakOptions("zh", "gtts", rate=0.7, allow_online=True))
        assert asked == [("你好", "zh-CN", True)]
        assert spoken.duration_s == pytest.approx(1.0, abs=0.15)
        assert (spoken.phones, spoken.voice) == ((), "gtts")

    def test_what_it_cannot_do_is_refused(self, asked):
        with pytest.raises(OptionError, match="slowly"):
            speak("Hi.", SpeakOptions(voice="gtts", rate=1.5, allow_online=True))
        with pytest.raises(LanguageError, match="gTTS has no voice for Klingon"):
            speak("Hi.", SpeakOptions("piqd", "gtts", allow_online=True))

    def test_without_it_one_sentence_says_how_to_get_it(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "gtts", None)
        with pytest.raises(VoiceError, match="not installed") as caught:
            speak("Hi.", SpeakOptions(voice="gtts", allow_online=True))
        assert "pip install gTTS" in caught.value.remedy
