# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene remembers about texts to speak."""

from __future__ import annotations

import bpy

from . import voices
from .translations import OWN

SOURCES = (
    ("TYPED", "Line", "A line typed here"),
    ("TEXT", "Text", "A text of Blender's text editor, of any length"),
)


def _languages(_: bpy.types.PropertyGroup, __: bpy.types.Context, ___: str) -> list[str]:
    return voices.languages()


def _voices(_: bpy.types.PropertyGroup, __: bpy.types.Context, ___: str) -> list[tuple[str, str]]:
    return voices.voices()


class ArtalkText(bpy.types.PropertyGroup):
    """What to say, and who says it."""

    source: bpy.props.EnumProperty(
        name="Source", description="Where the text is", items=SOURCES, translation_context=OWN
    )
    line: bpy.props.StringProperty(name="Line", description="What to say")
    text: bpy.props.PointerProperty(name="Text", description="What to say", type=bpy.types.Text)
    language: bpy.props.StringProperty(
        name="Language",
        description="The language to speak: choose one, or write its code or its English name",
        default=voices.DEFAULT_LANGUAGE,
        search=_languages,
    )
    voice: bpy.props.StringProperty(
        name="Voice",
        description="Who speaks: empty is the language's own voice; a variant of it, the name of a Piper voice, "
        "or gtts for Google's service",
        search=_voices,
    )
    speaker: bpy.props.StringProperty(name="Speaker", description="Of a Piper voice that has several: name or number")
    rate: bpy.props.FloatProperty(
        name="Rate",
        description="How fast to speak",
        default=1.0,
        min=0.5,
        max=2.5,
        step=5,
        precision=2,
        translation_context=OWN,
    )
    pitch: bpy.props.FloatProperty(
        name="Pitch",
        description="How much higher to speak, in semitones; a Piper voice cannot change its own",
        min=-6.0,
        max=6.0,
        step=50,
        precision=1,
        translation_context=OWN,
    )


def words_of(settings: ArtalkText) -> str:
    """Return what is to be said."""
    if settings.source == "TEXT":
        return str(settings.text.as_string()) if settings.text is not None else ""
    return str(settings.line)
