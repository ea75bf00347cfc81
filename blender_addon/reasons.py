# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a button cannot be used right now; ``""`` means that it can.

Operators hand the reason to Blender for the button's tooltip, the panel writes it below the button.
"""

from __future__ import annotations

import bpy

from . import jobs
from .errors import AddonError
from .preferences import engine_python
from .rig.parts import rig_parts


def no_head(context: bpy.types.Context) -> str:
    """Return why no head can be created."""
    if context.mode != "OBJECT":
        return "Go back to Object Mode to create a head"
    return ""


def no_generating(context: bpy.types.Context) -> str:
    """Return why no take can be generated."""
    if jobs.current() is not None:
        return "A take is being generated"
    settings = context.scene.artalk
    try:
        rig_parts(settings.rig)
        if not settings.sound:
            return "Choose a sound file"
        engine_python(context)
    except AddonError as exc:
        return f"{str(exc).rstrip('.')}: {exc.remedy[:1].lower()}{exc.remedy[1:].rstrip('.')}"
    return ""


def no_cancelling(_: bpy.types.Context) -> str:
    """Return why nothing can be cancelled."""
    job = jobs.current()
    if job is None:
        return "Nothing is being generated"
    return "It is being cancelled" if job.is_cancelled else ""


def no_takes(context: bpy.types.Context) -> str:
    """Return why no other take can be shown."""
    try:
        rig_parts(context.scene.artalk.rig)
    except AddonError as exc:
        return str(exc)
    return ""


def no_studio(context: bpy.types.Context) -> str:
    """Return why no lights and camera can be set up."""
    try:
        rig_parts(context.scene.artalk.rig)
    except AddonError as exc:
        return str(exc)
    return no_head(context).replace("create a head", "set up a studio")
