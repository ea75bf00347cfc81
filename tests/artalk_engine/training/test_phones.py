import pytest

from artalk_engine.training.phones import SYMBOLS, VOWELS, Phone, with_stress


def test_each_phone_is_named_once():
    assert len(SYMBOLS) == len(set(SYMBOLS))


def test_a_phone_cannot_run_backwards_or_be_unknown():
    with pytest.raises(ValueError, match="backwards"):
        Phone("p", 0.2, 0.1)
    with pytest.raises(ValueError, match="not one of"):
        Phone("pf", 0.0, 0.1)


def test_stress_goes_to_the_vowels_in_order():
    phones = [Phone("b", 0.0, 0.1), Phone("iy", 0.1, 0.2), Phone("t", 0.2, 0.3), Phone("ax", 0.3, 0.4)]
    assert [phone.stress for phone in with_stress(phones, [1, 2])] == [0, 1, 0, 2]
    with pytest.raises(ValueError, match="fewer"):
        with_stress(phones, [1])
    with pytest.raises(ValueError, match="more"):
        with_stress(phones, [1, 0, 0])


def test_vowels_are_phones():
    assert set(SYMBOLS) > VOWELS
