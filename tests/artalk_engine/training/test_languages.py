import pytest

from artalk_engine.training import espeak, languages
from artalk_engine.training.phones import PAUSE

pytest.importorskip("espeakng_loader", reason="the speech synthesizer is an extra of the training")

ACCENTS = [
    accent for accents in (*languages.LEARNED.values(), *languages.HELD_OUT_FAMILIES.values()) for accent in accents
]


@pytest.mark.parametrize("accent", ["en-us", *ACCENTS])
def test_every_sound_of_every_sentence_is_known(accent):
    text = " ".join(languages.sentences(accent.partition("-")[0]))
    phones = espeak.speak(text, espeak.EspeakVoice(accent, rate=300)).phones  # an unknown sound raises
    assert sum(phone.symbol != PAUSE for phone in phones) > 0.4 * len(text.replace(" ", ""))


@pytest.mark.parametrize("language", ["en", *languages.LEARNED])
def test_there_are_sentences_and_words_enough(language):
    assert len(languages.sentences(language)) >= 40
    assert len(languages.words(language)) >= 60
    assert len(set(languages.sentences(language))) == len(languages.sentences(language))


@pytest.mark.parametrize(
    ("accent", "text", "symbol"),
    [
        ("de", "schöne Füße", "oe"),
        ("de", "ich", "cy"),
        ("fr", "la rue", "yy"),
        ("fr", "la rue", "rh"),
        ("es", "lobo", "bh"),
        ("it", "carro", "rr"),
        ("ja", "ふじ", "ph"),
        ("ja", "しろ", "sy"),
        ("cmn", "学", "yw"),
        ("ru", "мы", "ix"),
    ],
)
def test_sounds_that_english_lacks_are_spoken(accent, text, symbol):
    assert symbol in [phone.symbol for phone in espeak.speak(text, espeak.EspeakVoice(accent)).phones]
