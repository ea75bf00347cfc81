# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: N801, RUF012 - Blender's own conventions for tooltips, names and options
"""What surrounds the head."""

from __future__ import annotations

import bpy

from .. import reasons
from .tab import HeadTab, draw_reason


class ARTALK_PT_scene(HeadTab, bpy.types.Panel):
    """What surrounds the head."""

    bl_label = "Scene"
    bl_parent_id = "ARTALK_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the studio's button."""
        self.layout.operator("artalk.set_up_studio", icon="OUTLINER_OB_CAMERA")
        draw_reason(self.layout, context, reasons.no_studio(context))
