import pytest

from artalk_engine.training import festival
from artalk_engine.training.phones import BILABIALS, VOWELS


def test_printed_segments_become_phones():
    phones = festival.parse_segments("pau 0.2 0\nb 0.3 0\naa 0.5 1\nel 0.7 0\n", "English")
    assert [(p.symbol, p.stress) for p in phones] == [("pau", 0), ("b", 0), ("aa", 1), ("ax", 0), ("l", 0)]
    assert [p.end_s for p in phones] == pytest.approx([0.2, 0.3, 0.5, 0.6, 0.7])


def test_length_and_stress_in_a_name_are_read_apart():
    phones = festival.parse_segments("# 0.1 0\nm: 0.3 0\n7: 0.4 0\n", "Finnish")
    assert [p.symbol for p in phones] == ["pau", "m", "oe"]
    assert [p.symbol for p in festival.parse_segments("a1 0.2 1\ntS 0.3 0\n", "Italian")] == ["aa", "ch"]


def test_remarks_between_the_segments_are_passed_over():
    assert len(festival.parse_segments("UniSyn: using default diphone #-# for n-n\nm 0.1 0\n", "Italian")) == 1


@pytest.mark.parametrize(("printed", "message"), [("", "no segments"), ("qq 0.1 0", "no counterpart")])
def test_anything_else_is_an_error(printed, message):
    with pytest.raises(ValueError, match=message):
        festival.parse_segments(printed, "English")


@pytest.mark.parametrize("name", festival.installed_voices())
def test_a_voice_speaks_with_times_and_stress(name):
    text = 'मैं "मुंबई" में ज़मीन लूँ।' if "hindi" in name else 'Má "mamma" pompa.'
    speech = festival.speak(text, festival.FestivalVoice(name))
    assert speech.phones[-1].end_s == pytest.approx(speech.duration_s)
    assert sum(phone.symbol in BILABIALS for phone in speech.phones) >= 4
    is_stressed = any(phone.stress for phone in speech.phones if phone.symbol in VOWELS)
    assert is_stressed == (festival.VOICES[name][0] not in ("Finnish", "Czech", "Hindi"))


@pytest.mark.parametrize("name", festival.installed_voices())
def test_no_voice_rests_long_when_it_has_spoken(name):
    speech = festival.speak("मामा।" if "hindi" in name else "Mamma.", festival.FestivalVoice(name))
    assert speech.phones[-1].end_s - speech.phones[-1].start_s <= 0.3 + 1e-9


@pytest.mark.skipif("hindi_NSK_diphone" not in festival.installed_voices(), reason="Festival's Hindi is not installed")
def test_a_dotted_letter_does_not_silence_the_hindi_voice():
    speech = festival.speak("ज़मीन", festival.FestivalVoice("hindi_NSK_diphone"))
    assert [phone.symbol for phone in speech.phones] == ["pau", "jh", "ah", "m", "iy", "n", "ah", "pau"]


@pytest.mark.skipif("ked_diphone" not in festival.installed_voices(), reason="Festival's voice ked is not installed")
def test_a_stretched_voice_speaks_longer():
    short, long = (
        festival.speak("Bob is happy.", festival.FestivalVoice("ked_diphone", stretch)).duration_s
        for stretch in (0.8, 1.3)
    )
    assert long > 1.4 * short
