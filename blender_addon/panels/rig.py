# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: N801, RUF012 - Blender's own conventions for tooltips, names and options
"""The head: what it is, its identity, whether its rig is right, and where it can go."""

from __future__ import annotations

import bpy

from .. import reasons
from ..errors import AddonError
from ..identity_sliders import slider_name
from ..rig.identity import betas_of, trait_names
from ..rig.parts import Rig, whole_rig
from .tab import HeadTab, Tab, draw_reason, draw_text

KINDS = {"builtin": "Built-in head", "flame": "FLAME head"}


class ARTALK_PT_head(HeadTab, bpy.types.Panel):
    """The chosen head."""

    bl_label = "Head"
    bl_parent_id = "ARTALK_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what the head is, its check, and its export."""
        layout = self.layout
        try:
            parts = whole_rig(context.scene.artalk.rig)
        except AddonError as exc:
            draw_text(layout.column(align=True), context, f"{exc} {exc.remedy}", "ERROR")
            return
        draw_text(layout.column(align=True), context, _described(parts), "OUTLINER_OB_ARMATURE")
        draw_reason(layout, context, parts.shortfall)
        _draw_check(layout, context, parts)
        layout.operator_menu_enum("artalk.export_head", "kind", icon="EXPORT")
        draw_reason(layout, context, reasons.no_export(context))


class ARTALK_PT_identity(Tab, bpy.types.Panel):
    """Who the head is."""

    bl_label = "Identity"
    bl_parent_id = "ARTALK_PT_head"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the sliders and what sets all of them."""
        layout, rig = self.layout, context.scene.artalk.rig
        reason = reasons.no_identity(context)
        draw_reason(layout, context, reason)
        row = layout.row(align=True)
        row.operator("artalk.reset_identity", icon="LOOP_BACK")
        row.operator("artalk.randomize_identity", icon="MOD_NOISE")
        row.operator("artalk.copy_identity", text="", icon="FILE_FOLDER")
        try:
            keys = whole_rig(rig).keys
        except AddonError:
            return
        count = min(rig.artalk_identity.shown, len(betas_of(keys)))
        names = trait_names(keys)
        column = layout.column(align=True)
        column.enabled = not reason
        for index in range(count):
            name = names[index].replace("_", " ").capitalize() if index < len(names) else f"Shape {index + 1}"
            column.prop(rig.artalk_identity, slider_name(index), text=name, slider=True)
        if count:
            layout.prop(rig.artalk_identity, "shown")


def _described(parts: Rig) -> str:
    kind = "FLAME rig of another add-on" if parts.is_foreign else KINDS.get(parts.kind, parts.kind)
    return f"{kind}, {len(parts.expression_keys)} expressions"


def _draw_check(layout: bpy.types.UILayout, context: bpy.types.Context, parts: Rig) -> None:
    reason = reasons.no_check(context)
    layout.operator("artalk.check_rig", icon="CHECKMARK")
    draw_reason(layout, context, reason)
    if (reason or parts.is_foreign) and not reasons.no_attaching(context):
        layout.operator("artalk.attach_flame", icon="FILE_FOLDER")
    if parts.is_foreign:
        layout.operator("artalk.add_correctives", icon="DRIVER")


CLASSES = (ARTALK_PT_head, ARTALK_PT_identity)
