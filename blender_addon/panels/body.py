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

CODED = (("detail", "MOD_DECIM"), ("smooth", "MOD_SMOOTH"), ("join", "AUTOMERGE_ON"), ("compress", "FILE_ARCHIVE"),
         ("decompress", "PACKAGE"))  # fmt: skip


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
        if not is_attached(context.scene.artalk.rig):
            layout.operator("artalk.attach_head", icon="LINKED")
            draw_reason(layout, context, reasons.no_attaching(context))
        else:
            layout.operator("artalk.detach_head", icon="UNLINKED")
        layout.operator("artalk.take_from_clip", icon="RECOVER_LAST")
        column = layout.column()
        column.enabled = not reasons.no_clip(context)
        column.use_property_split = True
        column.use_property_decorate = False
        row = column.row(align=True)
        row.prop(settings, "head_turn")
        row.operator("artalk.bake_head_turn", text="", icon="FILE_REFRESH")
        draw_reason(layout, context, reasons.no_face_from_clip(context))


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
        for action, icon in CODED:
            label = next(label for name, label, _ in ACTIONS if name == action)
            grid.operator("artalk.recode_clip", text=label, icon=icon).action = action
        draw_reason(layout, context, no_recoding(context))


CLASSES = (ARTALK_PT_body, ARTALK_PT_body_codec)
