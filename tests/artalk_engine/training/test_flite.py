import pytest

from artalk_engine.training import flite
from artalk_engine.training.phones import BILABIALS, VOWELS


def test_printed_times_become_phones():
    phones = flite.parse_times("pau:0.249 b:0.314 aa:0.486 b:0.591 \n")
    assert [phone.symbol for phone in phones] == ["pau", "b", "aa", "b"]
    assert (phones[1].start_s, phones[1].end_s) == (0.249, 0.314)


@pytest.mark.parametrize("printed", ["", "b", "b:x", "zz:0.1", "b:0.3 aa:0.2"])
def test_anything_else_is_an_error(printed):
    with pytest.raises(ValueError, match="flite printed"):
        flite.parse_times(printed)


@pytest.mark.skipif(not flite.is_installed(), reason="flite is not installed")
def test_flite_speaks_with_times_and_stress():
    speech = flite.speak("Bob is happy.", flite.FliteVoice("slt"))
    assert speech.phones[-1].end_s == pytest.approx(speech.duration_s)
    assert sum(phone.symbol in BILABIALS for phone in speech.phones) == 3
    assert any(phone.stress == 1 for phone in speech.phones if phone.symbol in VOWELS)


@pytest.mark.skipif(not flite.is_installed(), reason="flite is not installed")
def test_a_stretched_voice_speaks_longer():
    short, long = (flite.speak("Bob is happy.", flite.FliteVoice("slt", stretch)).duration_s for stretch in (0.8, 1.3))
    assert long > 1.4 * short
