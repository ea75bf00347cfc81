"""The languages of the corpus, and sentences of our own in each.

Six are learned beside English. Whole families are kept out of training, so that the figures say what happens to a
language that was never heard.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

ENGLISH = "en"
# Espeak-ng's accents of each language that is learned.
LEARNED: dict[str, tuple[str, ...]] = {
    "de": ("de",),
    "fr": ("fr", "fr-be", "fr-ch"),
    "es": ("es", "es-419"),
    "it": ("it",),
    "ja": ("ja",),
    "cmn": ("cmn",),
}
HELD_OUT_FAMILIES: dict[str, tuple[str, ...]] = {
    "Slavic": ("ru", "pl", "cs"),
    "Portuguese": ("pt", "pt-br"),
    "Turkish": ("tr",),
}
NAMES = {
    "ca": "Catalan",
    "el": "Greek",
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "ja": "Japanese",
    "cmn": "Mandarin",
    "hu": "Hungarian",
    "lt": "Lithuanian",
    "ml": "Malayalam",
    "nb": "Norwegian",
    "nl": "Dutch",
    "tn": "Tswana",
    "ro": "Romanian",
}


@cache
def sentences(language: str) -> tuple[str, ...]:
    """All sentences of a language, named as in `LEARNED`, or by the first part of an accent's name.

    Raises:
        FileNotFoundError: if there are none.
    """
    return tuple(_FOLDER.joinpath(f"{language}.txt").read_text(encoding="utf-8").splitlines())


@cache
def words(language: str) -> tuple[str, ...]:
    """All words of the sentences, for speech that no grammar expects."""
    text = " ".join(sentences(language))
    if language == "cmn":  # written without spaces: a word is a clause
        return tuple(dict.fromkeys(text.replace("，", " ").replace("。", " ").replace("？", " ").split()))
    return tuple(dict.fromkeys(word.strip(".,;:!?¿¡、。") for word in text.split() if word.strip(".,;:!?¿¡、。")))


_FOLDER = Path(__file__).parent / "texts"
