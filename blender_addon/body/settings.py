# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene remembers about bodies."""

from __future__ import annotations

import bpy

from .. import notices
from ..errors import AddonError
from ..rig.parts import rig_parts
from .bones import body_bones
from .record import clip_details, current_clip
from .together import playing_clip
from .turning import TURNS, bake_head_turn

UP_AXES = (
    ("AUTO", "Automatic", "Told by the kind of file and by how the body stands"),
    ("Y", "Y Up", "As in BEAT2 and EMAGE"),
    ("Z", "Z Up", "As in AMASS"),
)


# From 4.5 on, a path may begin with "//", the file's own folder, only if it says so.
PATH_OPTIONS = {"ANIMATABLE"} | ({"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set())


def _is_armature(_: bpy.types.PropertyGroup, thing: bpy.types.Object) -> bool:
    return thing.type == "ARMATURE"


def _turn_number(settings: ArtalkBodySettings) -> int:
    """Return whose head turn the clip that plays shows, as a number of ``TURNS``."""
    action = current_clip(settings.rig) if settings.rig is not None else None
    try:
        turn = clip_details(action).head_turn if action is not None else TURNS[0][0]
    except AddonError:
        turn = TURNS[0][0]
    return [name for name, *_ in TURNS].index(turn)


def _choose_turn(settings: ArtalkBodySettings, number: int) -> None:
    try:
        bake_turn(settings, TURNS[number][0])
    except AddonError as exc:
        notices.complain(exc)
    else:
        notices.settle()


def bake_turn(settings: ArtalkBodySettings, turn: str) -> None:
    """Let the clip that plays show one of the head turns.

    Raises:
        AddonError: if there is no clip, or no take where one is needed.
    """
    action = playing_clip(settings.rig)
    parts = None if turn == "BODY" else rig_parts(settings.id_data.artalk.rig)
    bake_head_turn(body_bones(settings.rig), action, turn, parts)


class ArtalkBodySettings(bpy.types.PropertyGroup):
    """The settings of the body's panel."""

    rig: bpy.props.PointerProperty(
        name="Body", description="The armature that clips move", type=bpy.types.Object, poll=_is_armature
    )
    layers: bpy.props.IntProperty(
        name="Layers",
        description="How many of the codec's layers to listen to, coarse to fine; zero for all",
        min=0,
        soft_max=6,
        default=0,
    )
    smooth: bpy.props.BoolProperty(
        name="Smooth Result", description="Take the codec's own jitter out of its result", default=True
    )
    checkpoint: bpy.props.StringProperty(
        name="Codec",
        description="Weights of a body codec (.pth). Without any, the add-on's demonstration is used: "
        "it knows made-up gestures of the upper body only",
        subtype="FILE_PATH",
        options=PATH_OPTIONS,
    )
    head_turn: bpy.props.EnumProperty(
        name="Head Turn",
        description="Whose head turn the body shows; neck and head are keyed anew",
        items=TURNS,
        get=_turn_number,
        set=_choose_turn,
        options={"SKIP_SAVE"},
    )
