# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Lights, camera and render settings around the head."""

from __future__ import annotations

import bpy

from .. import reasons
from ..studio import set_up_studio
from .reporting import Explained


class ARTALK_OT_set_up_studio(Explained, bpy.types.Operator):
    """Add a camera and lights that suit the head, and set the scene up for a portrait in Cycles"""

    bl_idname = "artalk.set_up_studio"
    bl_label = "Set Up Studio"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no studio can be set up."""
        return reasons.no_studio(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the studio up."""
        set_up_studio(context.scene, context.scene.artalk.rig)
        return {"FINISHED"}
