# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognize English sentences with names and numbers in them, and say them in another language; needs no Blender.

A phrase is kept with ``{0}``, ``{1}`` where names and numbers stand: ``"Leave Edit Mode of '{0}' first"``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

_BLANK = re.compile(r"\{(\d+)\}")
_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?…])\s+")
_FILLING = r"(?:(?![.!?…]\s+[A-Z]).)*?"  # of a blank: no text in which another sentence begins
_NO_SPACE_AFTER = "。！？"
_IDEOGRAPH = re.compile(r"[\u3001-\u30ff\u3400-\u9fff]")
KNOWN = 2048  # texts that are remembered: the same ones are drawn again and again


class Phrasebook:
    """The phrases of one language."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Prepare.

        Args:
            texts: what to say for each English phrase.
        """
        self._exact = {english: text for english, text in texts.items() if not _BLANK.search(english)}
        with_blanks = [english for english in texts if _BLANK.search(english)]
        with_blanks.sort(key=_said_by_itself, reverse=True)  # the most particular one first
        self._patterns = [(_pattern(english, _FILLING), texts[english]) for english in with_blanks]
        self._loose = [(_pattern(english, ".*?"), texts[english]) for english in with_blanks]
        self.say = functools.lru_cache(KNOWN)(self._say)

    def _say(self, text: str) -> str:
        said = self._phrase(text)
        if said is None:
            said = self._sentences(text)
        if said == text:
            said = self._filled(text, self._loose) or text
        return said

    def _phrase(self, text: str) -> str | None:
        """Say a text that is one phrase, or an engine's error made a sentence; ``None`` if it is neither."""
        said = self._known(text)
        if said is None and text.endswith("."):
            said = self._known(text[:-1])
            said = self._known(text[:1].lower() + text[1:-1]) if said is None else said
            said = _as_sentence(said) if said is not None else None
        return said

    def _known(self, text: str) -> str | None:
        return self._exact[text] if text in self._exact else self._filled(text, self._patterns)

    def _filled(self, text: str, patterns: Sequence[tuple[re.Pattern[str], str]]) -> str | None:
        for pattern, said in patterns:
            found = pattern.fullmatch(text)
            if found is not None:
                fillings = [
                    self._filling(value, text[start - 1 : start] == "'")
                    for value, start in zip(found.groups(), map(found.start, range(1, pattern.groups + 1)), strict=True)
                ]
                return _BLANK.sub(lambda blank: fillings[int(blank[1])], said)  # noqa: B023 - used at once
        return None

    def _filling(self, value: str, is_name: bool) -> str:
        """Say what fills a blank: words are translated if they are a phrase themselves, a name in quotes never is."""
        if is_name or not (" " in value or value.islower()):
            return value
        return str(self.say(value))

    def _sentences(self, text: str) -> str:
        """Say a text sentence by sentence; what is no phrase stays as it is."""
        rest, said = _BETWEEN_SENTENCES.split(text), ""
        if len(rest) == 1:
            return text
        while rest:
            count, part = next(
                (count, part)
                for count in range(len(rest), -1, -1)
                if (part := self._phrase(" ".join(rest[:count])) if count else rest[0]) is not None
            )
            said = _joined(said, part)
            rest = rest[max(count, 1) :]
        return said


def blanks(text: str) -> list[str]:
    """Return the numbers of a phrase's blanks, ascending."""
    return sorted(_BLANK.findall(text))


def _pattern(english: str, filling: str) -> re.Pattern[str]:
    parts = re.split(r"\{\d+\}", english)
    return re.compile(f"({filling})".join(map(re.escape, parts)), re.DOTALL)


def _said_by_itself(english: str) -> int:
    """Return how many letters of a phrase are its own."""
    return len(_BLANK.sub("", english))


def _as_sentence(said: str) -> str:
    """Return an error as a panel shows it, as :func:`bridge.errors.as_sentence` does in English."""
    if said[-1:] in ".!?…。！？":
        return said
    return f"{said}。" if _IDEOGRAPH.search(said) else f"{said[:1].upper()}{said[1:]}."


def _joined(first: str, second: str) -> str:
    return f"{first}{'' if not first or first[-1] in _NO_SPACE_AFTER else ' '}{second}"
