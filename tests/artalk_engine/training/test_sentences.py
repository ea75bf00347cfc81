import numpy as np

from artalk_engine.training.sentences import belongs_to_evaluation, make_sentence


def test_sentences_of_either_side_are_told_apart_by_their_text():
    rng = np.random.default_rng(0)
    for is_held_out in (False, True):
        for _ in range(50):
            assert belongs_to_evaluation(make_sentence(rng, is_held_out)) == is_held_out


def test_lips_close_often():
    rng = np.random.default_rng(1)
    text = " ".join(make_sentence(rng) for _ in range(200)).lower()
    assert sum(text.count(letter) for letter in "pbm") > 0.07 * len(text)


def test_no_placeholder_is_left():
    rng = np.random.default_rng(2)
    for _ in range(300):
        assert not any(word.isupper() and len(word) > 1 for word in make_sentence(rng).split())
