"""Text made ready to be spoken: checked, and cut where a speaker would pause anyway."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from artalk_engine.errors import TextError

LONGEST = 600  # letters of a piece: half a minute, in which a synthesizer's memory stays small
PARAGRAPH_PAUSE_S, SENTENCE_PAUSE_S, BREATH_PAUSE_S = 0.7, 0.3, 0.15

_PARAGRAPHS = re.compile(r"\n\s*\n")
# An end of a sentence, and then a space where the script has spaces; "Dr. Smith" within a short text stays whole.
_SENTENCE_END = re.compile(r"""[.!?…]["'”’»)\]]*\s+|[。！？｡॥।።۔؟]["'”’»」』）]*\s*""")
_BREATH = re.compile(r"[,;:–—]\s+|[，、；：]")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some sentences.

    Attributes:
        text: on one line.
        pause_s: how long to be silent after it.
    """

    text: str
    pause_s: float = 0.0


def pieces(text: str) -> Iterator[Piece]:
    """Cut a text of any length into pieces that can be spoken one by one.

    Raises:
        TextError: if there is nothing in it that can be spoken.
    """
    check_text(text)
    paragraphs = [" ".join(part.split()) for part in _PARAGRAPHS.split(text)]
    cut = [list(filter(_has_words, _cut(part))) for part in paragraphs if is_speakable(part)]
    for number, parts in enumerate(cut, start=1):
        yield from parts[:-1]
        yield replace(parts[-1], pause_s=PARAGRAPH_PAUSE_S if number < len(cut) else 0.0)


def check_text(text: str) -> None:
    """Make sure that there is something to say.

    Raises:
        TextError: if not.
    """
    if not text.strip():
        raise TextError("There is no text to speak.", "Write what is to be said.")
    if not is_speakable(text):
        raise TextError("There are no words in this text, only signs.", "Write what is to be said in letters.")


def is_speakable(text: str) -> bool:
    """Return whether there is a letter or a digit in a text; emoji and punctuation are not read out."""
    return any(unicodedata.category(sign)[0] in "LN" for sign in text)


def _has_words(piece: Piece) -> bool:
    return is_speakable(piece.text)


def _cut(text: str) -> Iterator[Piece]:
    """Cut a paragraph at the last end of a sentence, or else breath or space, before it gets too long."""
    while len(text) > LONGEST:
        end, pause_s = _place_to_cut(text[:LONGEST])
        yield Piece(text[:end].strip(), pause_s)
        text = text[end:]
    if text.strip():
        yield Piece(text.strip())


def _place_to_cut(text: str) -> tuple[int, float]:
    for pattern, pause_s in ((_SENTENCE_END, SENTENCE_PAUSE_S), (_BREATH, BREATH_PAUSE_S)):
        ends = [match.end() for match in pattern.finditer(text)]
        if ends:
            return ends[-1], pause_s
    return text.rfind(" ") + 1 or len(text), 0.0
