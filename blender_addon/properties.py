# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene remembers about talking heads."""

from __future__ import annotations

import zlib

import bpy

from . import notices
from .engine_process import engine
from .errors import AddonError
from .paths import builtin_styles
from .rig.parts import is_rig, rig_parts
from .takes.showing import play_take
from .takes.take import current_take, plays_whole
from .translations import OWN

NO_STYLE = "NONE"
DEFAULT_STYLE = "neutral"
# From 4.5 on, a path may begin with "//", the file's own folder, only if it says so.
PATH_OPTIONS = {"ANIMATABLE"} | ({"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set())


def style_number(name: str) -> int:
    """Return the number under which a file keeps a style: the same whatever other styles there are."""
    return zlib.crc32(name.encode()) & 0x7FFFFFFF


def _style_items(_: bpy.types.PropertyGroup, context: bpy.types.Context | None) -> list[tuple[str, str, str, int]]:
    """Return the styles to choose from; they are kept, because Blender does not keep their texts."""
    global _items
    names = _voice_styles(context)
    _items = [
        (NO_STYLE, "None", "No example of how to speak", style_number(NO_STYLE)),
        *((name, name.replace("_", " ").title(), f"Speak in the style '{name}'", style_number(name)) for name in names),
    ]
    return _items


def _voice_styles(context: bpy.types.Context | None) -> tuple[str, ...]:
    """Return the styles of the voice in use: what the engine said, or else what comes with the built-in one."""
    if engine.description is not None:
        return engine.description.styles
    addon = context.preferences.addons.get(__package__) if context is not None else None
    has_own_voice = addon is not None and bool(addon.preferences.voice_folder)
    return () if has_own_voice else builtin_styles()


_items: list[tuple[str, str, str, int]] = []
_DEFAULT = style_number(DEFAULT_STYLE if DEFAULT_STYLE in builtin_styles() else NO_STYLE)
PACKING = (
    ("SMALL", "If Small", "Store files of up to 20 MB"),
    ("ALWAYS", "Always", "Store files of any size"),
    ("NEVER", "Never", "Keep the path alone"),
)
CHANNELS = (
    ("mix", "Mix", "The mean of all channels"),
    ("left", "Left", "The first channel alone"),
    ("right", "Right", "The second channel alone"),
    ("loudest", "Loudest", "The channel with the most sound"),
)
CONTINUITY = (
    ("auto", "Automatic", "What suits the voice"),
    ("none", "None", "Each four seconds are heard alone"),
    ("context", "Context", "What sounds just before and after each four seconds is heard too"),
    ("loudness", "Loudness", "Each four seconds are as loud as they are within the whole; for released voices"),
    ("both", "Both", "Context and loudness; for released voices"),
)


def _is_rig(_: bpy.types.PropertyGroup, thing: bpy.types.Object) -> bool:
    return is_rig(thing)


def _playing_index(settings: ArtalkSettings) -> int:
    """Return which of all Actions is the take that plays, for the list of takes; -1 if none does."""
    take = current_take(settings.rig) if settings.rig is not None else None
    return bpy.data.actions.find(take.name) if take is not None else -1


def _play_index(settings: ArtalkSettings, index: int) -> None:
    """Let the take play that was clicked in the list."""
    if not 0 <= index < len(bpy.data.actions):
        return
    action = bpy.data.actions[index]
    try:
        if plays_whole(rig_parts(settings.rig), action):
            return
        problem = play_take(settings.id_data, action)
    except AddonError as exc:
        notices.complain(exc)
    else:
        notices.settle()
        if problem:
            notices.show(notices.Notice(problem))


class ArtalkSettings(bpy.types.PropertyGroup):
    """The panel's settings."""

    rig: bpy.props.PointerProperty(name="Head", description="The head that speaks", type=bpy.types.Object, poll=_is_rig)
    sound: bpy.props.StringProperty(
        name="Sound", description="The speech: a WAV, FLAC, MP3 or OGG file", subtype="FILE_PATH", options=PATH_OPTIONS
    )
    start_s: bpy.props.FloatProperty(
        name="From",
        description="Where in the sound to begin, in seconds",
        min=0.0,
        precision=2,
        unit="TIME_ABSOLUTE",
        translation_context=OWN,
    )
    end_s: bpy.props.FloatProperty(
        name="To",
        description="Where in the sound to end, in seconds; zero means its end",
        min=0.0,
        precision=2,
        unit="TIME_ABSOLUTE",
        translation_context=OWN,
    )
    channel: bpy.props.EnumProperty(name="Channel", description="What of the sound to hear", items=CHANNELS)
    style: bpy.props.EnumProperty(name="Style", description="How to speak", items=_style_items, default=_DEFAULT)
    style_strength: bpy.props.FloatProperty(
        name="Strength",
        description="How much of the style to show; 1.1 is what the voice was made for",
        default=1.1,
        min=0.0,
        soft_max=3.0,
        max=10.0,
    )
    temperature: bpy.props.FloatProperty(
        name="Variation",
        description="How far a take may stray from the voice's best guess; another seed then gives another take",
        default=0.0,
        min=0.0,
        soft_max=1.0,
        max=10.0,
    )
    continuity: bpy.props.EnumProperty(
        name="Continuity", description="How motion goes on from four seconds to the next", items=CONTINUITY
    )
    on_whole_frames: bpy.props.BoolProperty(
        name="Whole Frames",
        description="Place keys on whole frames, where lips that close and eyes that blink still do; "
        "otherwise they lie exactly where the motion has them, between frames too",
    )
    sync_playback: bpy.props.BoolProperty(
        name="Sync Playback", description="Let playback drop frames rather than leave the sound", default=True
    )
    pack_sound: bpy.props.EnumProperty(
        name="Pack Sound",
        description="Whether the sound's file is stored inside the .blend, so that takes are whole on other machines",
        items=PACKING,
    )
    start_frame: bpy.props.FloatProperty(
        name="Start Frame", description="Scene frame on which the sound begins", default=1.0, precision=2, step=100
    )
    fix_pose: bpy.props.BoolProperty(name="Still Head", description="Move the face only", default=False)
    seed: bpy.props.IntProperty(
        name="Seed", description="Chooses among equally good takes, where the voice has any", min=0
    )
    take_index: bpy.props.IntProperty(name="Take", get=_playing_index, set=_play_index, options={"SKIP_SAVE"})


def style_name(settings: ArtalkSettings) -> str:
    """Return the style to ask the engine for, ``""`` for none."""
    return "" if settings.style in ("", NO_STYLE) else str(settings.style)
