# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene remembers about talking heads."""

from __future__ import annotations

import zlib

import bpy

from .paths import builtin_styles
from .rig.parts import is_rig

NO_STYLE = "NONE"
DEFAULT_STYLE = "neutral"
# From 4.5 on, a path may begin with "//", the file's own folder, only if it says so.
PATH_OPTIONS = {"ANIMATABLE"} | ({"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set())


def style_number(name: str) -> int:
    """Return the number under which a file keeps a style: the same whatever other styles there are."""
    return zlib.crc32(name.encode()) & 0x7FFFFFFF


_style_items = [
    (NO_STYLE, "None", "No example of how to speak", style_number(NO_STYLE)),
    *(
        (name, name.replace("_", " ").title(), f"Speak in the style '{name}'", style_number(name))
        for name in builtin_styles()
    ),
]
_DEFAULT = DEFAULT_STYLE if DEFAULT_STYLE in builtin_styles() else NO_STYLE


def _is_rig(_: bpy.types.PropertyGroup, thing: bpy.types.Object) -> bool:
    return is_rig(thing)


class ArtalkSettings(bpy.types.PropertyGroup):
    """The panel's settings."""

    rig: bpy.props.PointerProperty(name="Head", description="The head that speaks", type=bpy.types.Object, poll=_is_rig)
    sound: bpy.props.StringProperty(
        name="Sound", description="The speech: a WAV, FLAC, MP3 or OGG file", subtype="FILE_PATH", options=PATH_OPTIONS
    )
    style: bpy.props.EnumProperty(name="Style", description="How to speak", items=_style_items, default=_DEFAULT)
    start_frame: bpy.props.FloatProperty(
        name="Start Frame", description="Scene frame on which the sound begins", default=1.0, precision=2, step=100
    )
    fix_pose: bpy.props.BoolProperty(name="Still Head", description="Move the face only", default=False)
    seed: bpy.props.IntProperty(
        name="Seed", description="Chooses among equally good takes, where the voice has any", min=0
    )


def style_name(settings: ArtalkSettings) -> str:
    """Return the style to ask the engine for, ``""`` for none."""
    return "" if settings.style in ("", NO_STYLE) else str(settings.style)
