# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: N801, RUF012 - Blender's own conventions for tooltips, names and options
"""The body below the head."""

from __future__ import annotations

import bpy

from ..body import reasons
from ..body.attach import is_attached
from ..body.recoding import ACTIONS
from ..reasons import no_recoding
from .tab import Tab, draw_reason

ICONS = {
    "detail": "MOD_DECIM",
    "smooth": "MOD_SMOOTH",
    "join": "AUTOMERGE_ON",
    "compress": "FILE_ARCHIVE",
    "decompress": "PACKAGE",
}


class ARTALK_PT_body(Tab, bpy.types.Panel):
    """Clips for a body, and the head on its neck."""

    bl_label = "Body"
    bl_parent_id = "ARTALK_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the body, its clips, and what joins it to the head; what keeps several buttons grey is said once."""
        layout, settings = self.layout, context.scene.artalk_body
        layout.prop(settings, "rig", text="", icon="ARMATURE_DATA")
        layout.operator("artalk.add_body", icon="ADD")
        draw_reason(layout, context, reasons.no_new_body(context))
        row = layout.row(align=True)
        row.operator("artalk.import_clip", icon="IMPORT")
        row.operator("artalk.export_clip", icon="EXPORT")
        no_body = reasons.no_body(context)
        draw_reason(layout, context, no_body)
        no_face = self._draw_head(context)
        draw_reason(layout, context, no_face if no_face != no_body else "")

    def _draw_head(self, context: bpy.types.Context) -> str:
        """Draw what joins head and body; return why some of it is grey."""
        layout, settings = self.layout, context.scene.artalk_body
        is_on = is_attached(context.scene.artalk.rig)
        name, icon = ("detach_head", "UNLINKED") if is_on else ("attach_head", "LINKED")
        layout.operator(f"artalk.{name}", icon=icon)
        layout.operator("artalk.take_from_clip", icon="RECOVER_LAST")
        row = layout.row(align=True)
        row.enabled = not reasons.no_clip(context)
        row.use_property_split = True
        row.use_property_decorate = False
        row.prop(settings, "head_turn")
        row.operator("artalk.bake_head_turn", text="", icon="FILE_REFRESH")
        return reasons.no_attaching(context) or reasons.no_face_from_clip(context)


class ARTALK_PT_body_codec(Tab, bpy.types.Panel):
    """What the engine can do with a clip."""

    bl_label = "Codec"
    bl_parent_id = "ARTALK_PT_body"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the codec's settings and a button for each action."""
        layout, settings = self.layout, context.scene.artalk_body
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "checkpoint")
        column.prop(settings, "layers")
        column.prop(settings, "smooth")
        grid = layout.grid_flow(columns=2, align=True)
        for action, label, _ in ACTIONS:
            grid.operator("artalk.recode_clip", text=label, icon=ICONS[action]).action = action
        reason = no_recoding(context)
        draw_reason(layout, context, reason if reason != reasons.no_body(context) else "")


CLASSES = (ARTALK_PT_body, ARTALK_PT_body_codec)
