"""The interface in other languages: whatever can be shown has words in each of them."""

from __future__ import annotations

import re
from itertools import chain

import pytest

bpy = pytest.importorskip("bpy", reason="needs a Python with Blender")

from blender_addon.translations import LANGUAGES, translated
from blender_addon.translations.phrasebook import blanks
from bridge.errors import EngineDiedError, EngineTimeoutError, as_sentence
from tests.blender_addon.visible_text import ROOT, asset_texts, class_texts, source_texts, stage_texts, table_texts

KINDS = (bpy.types.Operator, bpy.types.Panel, bpy.types.PropertyGroup, bpy.types.UIList, bpy.types.AddonPreferences)
OWN_WORDS = re.compile(r"^(Shape|Coefficient) \d+|^[\W\d]*$")  # of sliders that share one phrase, and no words at all
FOR_PROGRAMS = re.compile(
    r"--|Gaussians|Give finite|samples? that (is|are)|has \{1\} at"
)  # no user of Blender meets them
LOCALES = sorted(LANGUAGES)


def registered_classes() -> tuple[type, ...]:
    def below(kind: type) -> list[type]:
        return [each for sub in kind.__subclasses__() for each in (sub, *below(sub))]

    found = chain.from_iterable(map(below, KINDS))
    return tuple(each for each in found if each.__module__.startswith("blender_addon") and each.is_registered)


@pytest.fixture(scope="module")
def shown() -> dict[str, str]:
    """Every phrase that the add-on can show, with where it is said."""
    addon = source_texts(ROOT / "blender_addon")
    return {**class_texts(registered_classes()), **asset_texts(), **table_texts(), **stage_texts(), **addon}


@pytest.fixture(scope="module")
def engine() -> dict[str, str]:
    """Every phrase of the engine and the bridge."""
    return {**source_texts(ROOT / "artalk_engine"), **source_texts(ROOT / "bridge")}


@pytest.mark.parametrize("locale", LOCALES)
def test_whatever_is_shown_has_words_in_each_language(locale, shown):
    texts = LANGUAGES[locale]
    missing = [f"{where}: {text}" for text, where in shown.items() if not OWN_WORDS.match(text) and text not in texts]
    assert missing == []


@pytest.mark.parametrize("locale", LOCALES)
def test_no_translation_is_of_something_that_nobody_says_any_more(locale, shown, engine):
    assert [text for text in LANGUAGES[locale] if text not in shown and text not in engine] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_keeps_names_and_numbers(locale):
    assert [text for text, said in LANGUAGES[locale].items() if blanks(text) != blanks(said)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_ends_as_its_sentence_does(locale):
    """Sentences are put side by side; labels end in no stop."""
    texts = LANGUAGES[locale]
    assert [text for text, said in texts.items() if text.endswith(".") != said.endswith((".", "。"))] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_remedy_of_the_engine_s_errors_is_translated(locale, engine):
    said = [text for text, where in engine.items() if where.startswith(("bridge/errors.py", "artalk_engine/errors.py"))]
    assert [text for text in said if text not in LANGUAGES[locale] and not FOR_PROGRAMS.search(text)] == []


@pytest.mark.parametrize(
    ("locale", "text", "said"),
    [
        ("de_DE", "Choose a sound file", "Eine Tondatei wählen"),
        ("de_DE", "Take 3: 4.2 s of motion.", "Take 3: 4.2 s Bewegung."),
        ("de_DE", "Joints are 2 degrees off on average.", "Gelenke weichen im Mittel um 2 Grad ab."),
        ("ja_JP", "Waiting: 2", "待機中：2"),
        ("zh_HANS", "Not answering for 7 s", "7 秒无响应"),
        ("de_DE", "The jaw jumps, 7 times the usual", "Ein Sprung (Kiefer), 7-mal das Übliche"),
        ("de_DE", "'head' is hidden.", "„head“ ist verborgen."),  # what the user calls it
    ],
)
def test_a_sentence_with_names_and_numbers_is_said_in_the_language(locale, text, said):
    assert translated(text, locale) == said


@pytest.mark.parametrize(("locale", "end"), [("de_DE", "."), ("ja_JP", "。"), ("zh_HANS", "。")])
def test_an_error_of_the_engine_is_said_as_a_sentence(locale, end):
    english = as_sentence("there is no sound file at /clips/a file.wav") + " Check the path of the sound file."
    said = translated(english, locale)
    assert "/clips/a file.wav" in said
    assert said.count(end) >= 2
    assert "sound" not in said


@pytest.mark.parametrize("locale", LOCALES)
def test_errors_of_the_bridge_are_said_with_their_remedies(locale, tmp_path):
    for error in (EngineDiedError("exit code 3", tmp_path / "engine.log", ""), EngineTimeoutError(9, tmp_path / "a b")):
        for text in (str(error), error.remedy):
            assert translated(text, locale) != text, text
