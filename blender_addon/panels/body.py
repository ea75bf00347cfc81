# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: N801, RUF012 - Blender's own conventions for tooltips, names and options
"""The body below the head."""

from __future__ import annotations

import bpy

from ..body import reasons
from ..body.attach import attached_body
from .tab import Tab, draw_reason


class ARTALK_PT_body(Tab, bpy.types.Panel):
    """Clips for a body, and the head on its neck."""

    bl_label = "Body"
    bl_parent_id = "ARTALK_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the body, its clips, and what joins it to the head."""
        layout, settings = self.layout, context.scene.artalk_body
        layout.prop(settings, "rig", text="", icon="ARMATURE_DATA")
        layout.operator("artalk.add_body", icon="ADD")
        draw_reason(layout, context, reasons.no_new_body(context))
        row = layout.row(align=True)
        row.operator("artalk.import_clip", icon="IMPORT")
        row.operator("artalk.export_clip", icon="EXPORT")
        draw_reason(layout, context, reasons.no_body(context))
        self._draw_head(context)

    def _draw_head(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, context.scene.artalk_body
        if attached_body(context.scene.artalk.rig) is None:
            layout.operator("artalk.attach_head", icon="LINKED")
            draw_reason(layout, context, reasons.no_attaching(context))
        else:
            layout.operator("artalk.detach_head", icon="UNLINKED")
        layout.operator("artalk.take_from_clip", icon="RECOVER_LAST")
        column = layout.column()
        column.enabled = not reasons.no_clip(context)
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "head_turn")
        draw_reason(layout, context, reasons.no_face_from_clip(context))
