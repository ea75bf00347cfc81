import numpy as np
import pytest

from artalk_engine.training import casting, espeak, flite, languages, pico

pytest.importorskip("espeakng_loader", reason="the speech synthesizer is an extra of the training")


def parts(cast, count=400):
    return [cast(index, 2, np.random.default_rng(index)) for index in range(count)]


def test_voices_are_either_learned_from_or_judged_with():
    learned, judged = parts(casting.cast), parts(casting.cast_held_out)
    assert not {part.voice.variant for part in learned if isinstance(part.voice, espeak.EspeakVoice)} & set(
        casting.HELD_OUT_VARIANTS
    )
    assert not {part.voice.name for part in learned} & {part.voice.name for part in judged}
    spoken = {part.voice.language for part in learned if isinstance(part.voice, espeak.EspeakVoice)}
    assert spoken == {"en", *languages.LEARNED}


def test_about_half_of_the_clips_are_english_and_some_are_whispered_or_shouted():
    learned = parts(casting.cast)
    assert 0.45 < np.mean([part.group == "English" for part in learned]) < 0.7
    assert {part.manner for part in learned} == {"plain", "whispered", "shouted"}


def test_no_sentence_is_learned_from_and_judged_with():
    learned = {text for part in parts(casting.cast) for text in part.texts}
    judged = {text for part in parts(casting.cast_held_out) for text in part.texts}
    assert not learned & judged


def test_the_groups_of_the_evaluation_take_turns():
    groups = casting.groups()
    assert [part.group for part in parts(casting.cast_held_out, 2 * len(groups))] == [*groups, *groups]
    assert ("flite rms" in groups) == flite.is_installed()


def test_a_whispered_part_is_spoken_with_its_manner():
    voice = espeak.EspeakVoice("fr")
    plain, whispered = (casting.Part(voice, ("Bonjour.",), manner, 1.0, "French") for manner in ("plain", "whispered"))
    rng = np.random.default_rng(0)
    assert whispered.name == "espeak:fr whispered"
    said = [casting.perform(part, rng)[0] for part in (plain, whispered)]
    assert [p.symbol for p in said[0].phones] == [p.symbol for p in said[1].phones]
    assert not np.array_equal(said[0].waveform, said[1].waveform)


def test_pico_is_given_sentences_whose_sounds_are_found(monkeypatch):
    asked = []

    def is_found(text, voice):
        asked.append(text)
        return len(asked) % 3 == 0

    monkeypatch.setattr(pico, "is_found", is_found)
    part = casting._pico("fr-FR", 4, np.random.default_rng(0))
    assert part.group == "French"
    assert list(part.texts) == asked[2::3]
    assert len(part.texts) == 4
