# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's words in other languages.

Blender looks up what it draws itself: names, labels, tooltips. Sentences that are put together while the add-on runs,
such as errors and reasons, are written in English wherever they arise, in the engine too, and are translated where they
are shown, by :func:`translated`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from . import de, ja, zh_hans

if TYPE_CHECKING:
    from .phrasebook import Phrasebook

LANGUAGES = {"de_DE": de.TEXTS, "ja_JP": ja.TEXTS, "zh_HANS": zh_hans.TEXTS}  # by Blender's names of them
OWN = "ARTalk"  # for names that mean something else in Blender, which would use its own words for them
CONTEXTS = ("*", "Operator", OWN)  # of labels and names; of buttons

_books: dict[str, Phrasebook] = {}


def register() -> None:
    """Give Blender the words."""
    tables = {
        locale: {(context, english): text for english, text in texts.items() for context in CONTEXTS}
        for locale, texts in LANGUAGES.items()
    }
    bpy.app.translations.register(__package__, tables)


def unregister() -> None:
    """Take the words back."""
    bpy.app.translations.unregister(__package__)


def translated(text: str, locale: str | None = None) -> str:
    """Return a text in the interface's language, as it is where that has no words for it.

    Args:
        text: in English: one or several sentences, with names and numbers in them.
        locale: the language, ``None`` for the interface's.
    """
    locale = interface_locale() if locale is None else locale
    if locale not in LANGUAGES or not text:
        return text
    if locale not in _books:
        from .phrasebook import Phrasebook

        _books[locale] = Phrasebook(LANGUAGES[locale])
    return _books[locale].say(text)


def interface_locale() -> str:
    """Return the language of the interface, ``""`` where it is English."""
    is_on = bpy.context.preferences.view.use_translate_interface
    return str(bpy.app.translations.locale) if is_on else ""
