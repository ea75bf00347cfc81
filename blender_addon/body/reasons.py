# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a button of the body's panel cannot be used right now; ``""`` means that it can."""

from __future__ import annotations

import bpy

from ..errors import AddonError
from ..rig.parts import whole_rig
from .attach import is_attached
from .bones import check_body
from .together import playing_clip


def no_new_body(context: bpy.types.Context) -> str:
    """Return why no body can be added."""
    return "" if context.mode == "OBJECT" else "Go back to Object Mode to add a body"


def no_body(context: bpy.types.Context) -> str:
    """Return why no clip can be put on the body or read from it."""
    try:
        check_body(context.scene.artalk_body.rig)
    except AddonError as exc:
        return f"{exc} {exc.remedy}"
    return ""


def no_attaching(context: bpy.types.Context) -> str:
    """Return why the head cannot be put on the body."""
    return _no_head(context) or no_body(context)


def no_detaching(context: bpy.types.Context) -> str:
    """Return why the head cannot be taken off."""
    if not is_attached(context.scene.artalk.rig):
        return "The head is on no body"
    return _no_head(context)


def no_clip(context: bpy.types.Context) -> str:
    """Return why there is no clip to work on."""
    try:
        playing_clip(context.scene.artalk_body.rig)
    except AddonError as exc:
        return no_body(context) or f"{exc} {exc.remedy}"
    return no_body(context)


def no_face_from_clip(context: bpy.types.Context) -> str:
    """Return why the head cannot show the clip's face."""
    return _no_head(context) or no_clip(context)


def _no_head(context: bpy.types.Context) -> str:
    try:
        whole_rig(context.scene.artalk.rig)
    except AddonError as exc:
        return f"{exc} {exc.remedy}"
    return ""
