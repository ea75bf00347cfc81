import itertools

import numpy as np
import pytest

from artalk_engine.training import espeak, scripts
from artalk_engine.training.sentences import belongs_to_evaluation

pytest.importorskip("espeakng_loader", reason="the speech synthesizer is an extra of the training")


def test_strings_of_pairs_hold_almost_every_pair_of_english_sounds():
    spoken = set()
    for number in range(scripts.texts_for_all_pairs()):
        phones = espeak.speak(scripts.pair_strings(number), espeak.EspeakVoice(rate=250)).phones
        symbols = [phone.symbol for phone in phones]
        spoken |= set(itertools.pairwise(symbols))
    sounds = scripts.ENGLISH_SOUNDS
    pairs = {(a, b) for a in sounds for b in sounds if a != b}
    # What is left, English cannot say apart: "er" before a vowel grows an r.
    assert len(spoken & pairs) > 0.98 * len(pairs)


def test_a_listed_sentence_is_on_one_side():
    rng = np.random.default_rng(0)
    for is_held_out in (False, True):
        said = {scripts._from_list("en", rng, is_held_out) for _ in range(100)}
        assert all(belongs_to_evaluation(text) == is_held_out for text in said)


def test_some_sentences_hesitate():
    rng = np.random.default_rng(0)
    said = [scripts.sentence("fr", rng) for _ in range(100)]
    assert 2 <= sum("euh," in text or "ben," in text or "hm," in text for text in said) <= 20
