"""What is said in a clip: sentences, words alone, hesitation, and strings that hold every pair of sounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import languages
from .phones import BILABIALS, CONSONANTS, VOWELS
from .sentences import belongs_to_evaluation, make_sentence

_FREE_SHARE = 0.35  # of foreign texts: words in any order
_OWN_SHARE = 0.15  # of English texts: the sentences of the list instead of the grammar
_HESITATION_SHARE = 0.08
_HESITATIONS = {
    "en": ("um", "uh", "er", "hmm"),
    "de": ("äh", "ähm", "hm"),
    "fr": ("euh", "ben", "hm"),
    "es": ("eh", "em", "este"),
    "it": ("eh", "ehm", "allora"),
    "ja": ("えっと", "あの", "うん"),
    "cmn": ("嗯", "那个"),
}
_PAIRS_A_TEXT = 6
_CLOSURES_WEIGHT = 4  # of pairs with p, b or m, as lips that fail to close are seen first

# How American espeak-ng writes the phones of English.
_SPELLINGS = (
    "aa=A: ae=a ah=V ao=O: aw=aU ax=@ ay=aI eh=E er=3: ey=eI ih=I iy=i: ow=oU oy=OI uh=U uw=u: b=b ch=tS d=d dh=D"
    " f=f g=g hh=h jh=dZ k=k l=l m=m n=n ng=N p=p r=r s=s sh=S t=t th=T v=v w=w y=j z=z zh=Z"
)
_MNEMONICS = dict(entry.split("=") for entry in _SPELLINGS.split())
ENGLISH_SOUNDS = tuple(_MNEMONICS)


def sentence(language: str, rng: np.random.Generator, is_held_out: bool = False) -> str:
    """Write one sentence of a language.

    Args:
        language: ``en``, or another that has sentences in `languages`.
        rng: the source of all choices.
        is_held_out: whether it is for the evaluation; what training may say, the evaluation may not, and the reverse.
    """
    if language == languages.ENGLISH and rng.random() >= _OWN_SHARE:
        text = make_sentence(rng, is_held_out)
    elif language in languages.LEARNED and not is_held_out and rng.random() < _FREE_SHARE:
        chosen = rng.choice(languages.words(language), int(rng.integers(3, 8)))
        text = " ".join(map(str, chosen)) + "."
    else:
        text = _from_list(language, rng, is_held_out)
    return _hesitant(text, language, rng) if rng.random() < _HESITATION_SHARE else text


def word(language: str, rng: np.random.Generator) -> str:
    """One word alone."""
    return f"{rng.choice(languages.words(language))}."


def pair_strings(number: int) -> str:
    """Phoneme text for espeak-ng with pairs of English sounds, spoken as words of a made-up language.

    Args:
        number: texts with consecutive numbers hold all pairs between them, in a fixed random order, over and over;
            those with p, b or m more than once.

    Returns:
        ``[[…]]``.
    """
    rng = np.random.default_rng(number)
    order = np.random.default_rng(len(_PAIRS)).permutation(len(_PAIRS))
    places = np.arange(number * _PAIRS_A_TEXT, (number + 1) * _PAIRS_A_TEXT) % len(_PAIRS)
    return "[[" + " ".join(_spelled(_PAIRS[order[k]], rng) for k in places) + "]]"


def texts_for_all_pairs() -> int:
    """How many texts of `pair_strings` hold every pair at least once."""
    return -(-len(_PAIRS) // _PAIRS_A_TEXT)


def _from_list(language: str, rng: np.random.Generator, is_held_out: bool) -> str:
    choices = languages.sentences(language)
    if language == languages.ENGLISH or language in languages.LEARNED:
        choices = tuple(text for text in choices if belongs_to_evaluation(text) == is_held_out)
    return str(rng.choice(choices))


def _hesitant(text: str, language: str, rng: np.random.Generator) -> str:
    """Return the text with a filled pause inside."""
    parts = text.split(" ")
    sounds = _HESITATIONS.get(language)
    if sounds is None or len(parts) < 2:
        return text
    place = int(rng.integers(1, len(parts)))
    return " ".join([*parts[:place], f"{rng.choice(sounds)},", *parts[place:]])


def _spelled(pair: tuple[str, str], rng: np.random.Generator) -> str:
    """Return a word with the pair in its middle, and at the most three consonants in a row."""
    sounds: list[str] = list(pair)
    if pair[0] in VOWELS or rng.random() < 0.5:
        sounds.insert(0, _any(CONSONANTS if pair[0] in VOWELS else VOWELS, rng))
    if pair[1] in BILABIALS and rng.random() < 0.5:
        sounds.append(_any(CONSONANTS - BILABIALS, rng))
    if pair[1] in CONSONANTS or rng.random() < 0.5:
        sounds.append(_any(VOWELS if pair[1] in CONSONANTS else CONSONANTS, rng))
    stressed = next((k for k, sound in enumerate(sounds) if sound in VOWELS), 0)
    names = [("'" if k == stressed else "") + _MNEMONICS[sound] for k, sound in enumerate(sounds)]
    return "|".join(names)


def _any(kind: frozenset[str], rng: np.random.Generator) -> str:
    choices: Sequence[str] = [sound for sound in ENGLISH_SOUNDS if sound in kind]
    return str(rng.choice(choices))


_PAIRS = tuple(
    (a, b)
    for a in ENGLISH_SOUNDS
    for b in ENGLISH_SOUNDS
    if a != b
    for _ in range(_CLOSURES_WEIGHT if BILABIALS & {a, b} else 1)
)
