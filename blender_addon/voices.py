# SPDX-License-Identifier: GPL-3.0-or-later
"""The languages and voices that can speak texts: what the engine said last, or else those that most people look for."""

from __future__ import annotations

import re

from bridge.messages import Voices

COMMON = {
    "ar": "Arabic",
    "cmn": "Chinese (Mandarin)",
    "de": "German",
    "en-gb": "English (Great Britain)",
    "en-us": "English (America)",
    "es": "Spanish (Spain)",
    "es-419": "Spanish (Latin America)",
    "fr-fr": "French (France)",
    "hi": "Hindi",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt-br": "Portuguese (Brazil)",
    "ru": "Russian",
    "tr": "Turkish",
}
DEFAULT_LANGUAGE = "English (America) [en-us]"
_CODE = re.compile(r"\[([\w-]+)\]\s*$")

_known: Voices | None = None


def remember(voices: Voices) -> None:
    """Keep what the engine says until Blender ends."""
    global _known
    _known = voices


def forget() -> None:
    """Ask again next time, as when the folder of voices is another."""
    global _known
    _known = None


def are_known() -> bool:
    """Return whether the engine has said which there are."""
    return _known is not None


def languages() -> list[str]:
    """Return the languages to choose from, by name, each with its code."""
    named = COMMON if _known is None else dict(zip(_known.languages, _known.language_names, strict=True))
    return sorted(f"{name} [{code}]" for code, name in named.items())


def language_code(text: str) -> str:
    """Return what to ask the engine for: the code of a language that was chosen, or what was written instead."""
    found = _CODE.search(text)
    return found[1] if found else text.strip()


def voices() -> list[tuple[str, str]]:
    """Return the voices to choose from, each with what is known of it."""
    if _known is None:
        return []
    return [
        (name, f"Speaks {language}" if language else "Speaks every language")
        for name, language in zip(_known.voices, _known.voice_languages, strict=True)
    ]


def is_piper(name: str) -> bool:
    """Return whether a voice is one of the user's own, as far as that is known."""
    return name.lower().endswith(".onnx") or any(voice == name and "every" not in about for voice, about in voices())
