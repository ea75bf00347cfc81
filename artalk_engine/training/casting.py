"""Who speaks in a clip, what, and how.

Voices are either learned from or judged with, never both. Kept out of training are one voice of flite, the Czech ones
of Festival, three people, an accent and several variants of espeak-ng, and whole families of languages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np

from . import delivery, espeak, festival, flite, languages, people, pico, scripts
from .speech import Speech

Manner = Literal["plain", "whispered", "shouted"]

HELD_OUT_FLITE = ("rms",)
HELD_OUT_FESTIVAL = ("czech_dita", "czech_machac", "czech_krb")
HELD_OUT_PEOPLE = ("asterisk-ru_RU_f_IvrvoiceRU", "tuxpaint-es", "tuxpaint-ru")
HELD_OUT_ACCENTS = ("en-gb-scotland",)
HELD_OUT_VARIANTS = ("f4", "m7", "Annie", "Mario", "steph", "zac")
_LEARNED_VARIANTS = (  # without rob, as espeak-ng 1.52 crashes on some Mandarin in his low voice
    "f1 f2 f3 f5 m1 m2 m3 m4 m5 m6 m8 Alex Alicia Andrea Andy Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco"
    " Michael Mike Nguyen Reed RicishayMax Storm adam anika announcer antonio aunty belinda benjamin boris caleb david"
    " ed edward grandma grandpa gustave ian iven iven2 iven3 john kaukovalta klatt klatt2 klatt4 linda marcelo max"
    " michel miguel norbert pablo paul pedro quincy robert sandro shelby travis victor"
)
VARIANTS = tuple(_LEARNED_VARIANTS.split())
# Groups of voices kept out: those of espeak-ng that speak a language that is learned, those of Festival, and people.
UNHEARD, CUT, PEOPLE = "English, other voices", "Czech, cut from recordings", "people"

_WORDS_SHARE, _WHISPERED_SHARE, _SHOUTED_SHARE = 0.06, 0.06, 0.06
_PAIRS_EVERY = 9  # clips, of which one speaks strings of all pairs
# Of the others; what is not installed leaves its share to what is.
_SHARES = {"person": 0.36, "festival": 0.14, "flite": 0.16, "pico": 0.16, "foreign": 0.22, "English": 0.22}
_RESIZED_SHARE = {"person": 0.6, "festival": 0.6, "flite": 0.6, "pico": 0.6, "espeak": 0.2}
_RECORDINGS_A_SENTENCE = {"asterisk": 2, "tuxpaint": 4, "klettres": 4, "fillets": 1}  # most are short


Voice = espeak.EspeakVoice | festival.FestivalVoice | flite.FliteVoice | people.PersonVoice | pico.PicoVoice
# What each kind is called, and how it speaks.
_KINDS: dict[type[Voice], tuple[str, Callable[[str, Any], Speech]]] = {
    espeak.EspeakVoice: ("espeak", espeak.speak),
    festival.FestivalVoice: ("festival", festival.speak),
    flite.FliteVoice: ("flite", flite.speak),
    people.PersonVoice: ("person", people.speak),
    pico.PicoVoice: ("pico", pico.speak),
}


@dataclass(frozen=True, slots=True)
class Part:
    """What one clip asks of its speaker.

    Attributes:
        voice: who speaks.
        texts: what, one after another.
        manner: how.
        size: see `delivery.resize`.
        group: the language, or what is kept out of training about the voice.
    """

    voice: Voice
    texts: tuple[str, ...]
    manner: Manner
    size: float
    group: str

    @property
    def name(self) -> str:
        """Who speaks, for people: ``flite:slt`` or ``espeak:de+f2``, with the manner if it is not plain."""
        kind, _ = _KINDS[type(self.voice)]
        return f"{kind}:{self.voice.name}" + ("" if self.manner == "plain" else f" {self.manner}")


def cast(index: int, count: int, rng: np.random.Generator) -> Part:
    """Choose for a clip of the training.

    Args:
        index: which clip.
        count: of texts.
        rng: the source of all choices.
    """
    if index % _PAIRS_EVERY == _PAIRS_EVERY - 1:
        texts = tuple(scripts.pair_strings(2 * (index // _PAIRS_EVERY) + k) for k in range(2))
        return Part(_espeak("en-us", VARIANTS, rng), texts, _manner(rng), _size("espeak", rng), "English")
    persons = _people(is_held_out=False)
    recorded = [name for name in festival.installed_voices() if name not in HELD_OUT_FESTIVAL]
    heard = [name for name in flite.installed_voices() if name not in HELD_OUT_FLITE]
    shares = _SHARES | {
        "person": _SHARES["person"] * len(persons) / (len(people.VOICES) - len(HELD_OUT_PEOPLE)),
        "festival": _SHARES["festival"] * len(recorded) / (len(festival.VOICES) - len(HELD_OUT_FESTIVAL)),
        "flite": _SHARES["flite"] * bool(heard),
        "pico": _SHARES["pico"] * pico.is_installed(),
    }
    kind = str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
    if kind == "person":
        return _person(_any_of(persons, rng), count, rng)
    if kind == "festival":
        return _festival(str(rng.choice(recorded)), count, rng)
    if kind == "pico":
        return _pico(str(rng.choice(list(pico.VOICES))), count, rng)
    if kind == "foreign":
        language = str(rng.choice(list(languages.LEARNED)))
        voice = _espeak(str(rng.choice(languages.LEARNED[language])), VARIANTS, rng)
        return Part(voice, _texts(language, count, rng), _manner(rng), _size("espeak", rng), languages.NAMES[language])
    texts, manner = _texts(languages.ENGLISH, count, rng), _manner(rng)
    if kind == "flite":
        return Part(_flite(str(rng.choice(heard)), rng), texts, manner, _size("flite", rng), "English")
    accents = [accent for accent in espeak.ACCENTS if accent not in HELD_OUT_ACCENTS]
    return Part(_espeak(str(rng.choice(accents)), VARIANTS, rng), texts, manner, _size("espeak", rng), "English")


def cast_held_out(index: int, count: int, rng: np.random.Generator) -> Part:
    """Choose for a clip of the evaluation: the groups of `groups` take turns."""
    turn = groups()[index % len(groups())]
    if turn.startswith("flite"):
        texts = _held_out_texts(languages.ENGLISH, count, rng)
        return Part(_flite(turn.removeprefix("flite "), rng), texts, "plain", 1.0, turn)
    if turn == CUT:
        voice = festival.FestivalVoice(str(rng.choice(HELD_OUT_FESTIVAL)), float(rng.uniform(0.85, 1.3)))
        return Part(voice, _held_out_texts("cs", count, rng), "plain", 1.0, turn)
    if turn == PEOPLE:
        person = _any_of(_people(is_held_out=True), rng)
        learned = {text for other in _people(is_held_out=False) for text in people.texts(other)}
        own = [text for text in people.texts(person) if text not in learned]
        return Part(person, _recordings(own, person, count, rng), "plain", 1.0, turn)
    if turn == UNHEARD:
        accent = str(rng.choice([*HELD_OUT_ACCENTS, "en-us", "en"]))
        texts = _held_out_texts(languages.ENGLISH, count, rng)
        return Part(_espeak(accent, HELD_OUT_VARIANTS, rng), texts, "plain", 1.0, turn)
    accent = str(rng.choice(languages.HELD_OUT_FAMILIES[turn]))
    texts = _held_out_texts(accent.partition("-")[0], count, rng)
    return Part(_espeak(accent, HELD_OUT_VARIANTS, rng), texts, "plain", 1.0, turn)


def groups() -> tuple[str, ...]:
    """What the evaluation tells apart, as far as it is installed."""
    recorded = [f"flite {name}" for name in flite.installed_voices(HELD_OUT_FLITE)]
    if set(HELD_OUT_FESTIVAL) <= set(festival.installed_voices()):
        recorded.append(CUT)
    if len(_people(is_held_out=True)) == len(HELD_OUT_PEOPLE):
        recorded.append(PEOPLE)
    return (*recorded, UNHEARD, *languages.HELD_OUT_FAMILIES)


def perform(part: Part, rng: np.random.Generator) -> list[Speech]:
    """Speak the texts."""
    _, speak = _KINDS[type(part.voice)]
    spoken = []
    for text in part.texts:
        speech = speak(text, part.voice)
        if part.size != 1.0:
            speech = delivery.resize(speech, part.size)
        if part.manner == "whispered":
            speech = delivery.whisper(speech, rng)
        if part.manner == "shouted":
            speech = delivery.shout(speech, rng)
        spoken.append(speech)
    return spoken


def _people(is_held_out: bool) -> list[people.PersonVoice]:
    """Those installed who are judged with, or those who are learned from."""
    return [voice for voice in people.installed_voices() if (voice.name in HELD_OUT_PEOPLE) == is_held_out]


def _any_of(persons: Sequence[people.PersonVoice], rng: np.random.Generator) -> people.PersonVoice:
    return persons[int(rng.integers(len(persons)))]


def _texts(language: str, count: int, rng: np.random.Generator) -> tuple[str, ...]:
    if rng.random() < _WORDS_SHARE:
        return tuple(scripts.word(language, rng) for _ in range(2 * count))
    return tuple(scripts.sentence(language, rng) for _ in range(count))


def _held_out_texts(language: str, count: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Return sentences, no two alike."""
    texts: dict[str, None] = {}
    while len(texts) < count:
        texts[scripts.sentence(language, rng, is_held_out=True)] = None
    return tuple(texts)


def _manner(rng: np.random.Generator) -> Manner:
    chance = rng.random()
    if chance < _WHISPERED_SHARE:
        return "whispered"
    return "shouted" if chance < _WHISPERED_SHARE + _SHOUTED_SHARE else "plain"


def _size(kind: str, rng: np.random.Generator) -> float:
    return float(np.round(rng.uniform(0.86, 1.2), 2)) if rng.random() < _RESIZED_SHARE[kind] else 1.0


def _espeak(accent: str, variants: tuple[str, ...], rng: np.random.Generator) -> espeak.EspeakVoice:
    rate, pitch, pitch_range = int(rng.integers(110, 215)), int(rng.integers(10, 95)), int(rng.integers(15, 95))
    return espeak.EspeakVoice(accent, str(rng.choice(variants)), rate, pitch, pitch_range)


def _festival(name: str, count: int, rng: np.random.Generator) -> Part:
    group, read = festival.VOICES[name]
    voice = festival.FestivalVoice(name, float(rng.uniform(0.85, 1.3)))
    texts = _texts(str(rng.choice(read)), count, rng)
    return Part(voice, texts, _manner(rng), _size("festival", rng), group)


def _person(voice: people.PersonVoice, count: int, rng: np.random.Generator) -> Part:
    name = languages.NAMES[voice.language.partition("_")[0]]
    texts = _recordings(people.texts(voice), voice, count, rng)
    return Part(voice, texts, _manner(rng), _size("person", rng), name)


def _recordings(
    texts: Sequence[str], voice: people.PersonVoice, count: int, rng: np.random.Generator
) -> tuple[str, ...]:
    """Choose as many recordings as make the length of so many sentences."""
    found = (text for text in map(str, rng.permutation(texts)) if people.is_found(text, voice))
    return tuple(islice(found, _RECORDINGS_A_SENTENCE[voice.source] * count))


def _pico(name: str, count: int, rng: np.random.Generator) -> Part:
    """Choose sentences whose sounds are found."""
    language, _ = pico.VOICES[name]
    voice = pico.PicoVoice(name, int(rng.integers(80, 141)), int(rng.integers(75, 136)))
    texts: list[str] = []
    while len(texts) < count:
        texts += [text for text in _texts(language, count - len(texts), rng) if pico.is_found(text, voice)]
    return Part(voice, tuple(texts), _manner(rng), _size("pico", rng), languages.NAMES[language])


def _flite(name: str, rng: np.random.Generator) -> flite.FliteVoice:
    return flite.FliteVoice(name, float(rng.uniform(0.8, 1.3)), float(rng.uniform(0.7, 1.4)))
