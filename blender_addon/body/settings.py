# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene remembers about bodies."""

from __future__ import annotations

import bpy

from .. import notices
from ..errors import AddonError
from ..rig.parts import rig_parts
from .bones import body_bones
from .record import clip_details, current_clip
from .turning import TURNS, bake_head_turn

UP_AXES = (
    ("AUTO", "Automatic", "Told by the kind of file and by how the body stands"),
    ("Y", "Y Up", "As in BEAT2 and EMAGE"),
    ("Z", "Z Up", "As in AMASS"),
)


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


def _bake_turn(settings: ArtalkBodySettings, number: int) -> None:
    turn = TURNS[number][0]
    action = current_clip(settings.rig) if settings.rig is not None else None
    if action is None:
        return
    try:
        parts = None if turn == "BODY" else rig_parts(settings.id_data.artalk.rig)
        bake_head_turn(body_bones(settings.rig), action, turn, parts)
    except AddonError as exc:
        notices.show(notices.notice_of(exc))
    else:
        notices.dismiss()


class ArtalkBodySettings(bpy.types.PropertyGroup):
    """The settings of the body's panel."""

    rig: bpy.props.PointerProperty(
        name="Body", description="The armature that clips move", type=bpy.types.Object, poll=_is_armature
    )
    head_turn: bpy.props.EnumProperty(
        name="Head Turn",
        description="Whose head turn the body shows; neck and head are keyed anew",
        items=TURNS,
        get=_turn_number,
        set=_bake_turn,
        options={"SKIP_SAVE"},
    )
