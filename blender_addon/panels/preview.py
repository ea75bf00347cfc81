# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: N801, RUF012 - Blender's own conventions for tooltips, names and options
"""The preview: whom it shows, how finely, and what is there of it."""

from __future__ import annotations

import bpy

from bridge.messages import MESH

from .. import preview_window, reasons
from ..engine_process import engine
from ..preferences import voice_folder
from ..preview.settings import portrait_of
from ..rig.parts import is_rig
from ..translations import translated
from .main import settings_column
from .tab import Tab, draw_reason, draw_text


class ARTALK_PT_preview(Tab, bpy.types.Panel):
    """Pictures of the take that plays."""

    bl_label = "Preview"
    bl_parent_id = "ARTALK_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Show the panel only where there is a head."""
        return is_rig(context.scene.artalk.rig)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the settings, the buttons and the progress."""
        layout, settings = self.layout, context.scene.artalk_preview
        column = settings_column(layout)
        column.prop(settings, "portrait")
        column.prop(settings, "quality")
        if portrait_of(settings) != MESH:
            column.prop(settings, "turn")
        if voice_folder(context) and engine.description is None:  # only the engine knows what avatars are in there
            column.operator("artalk.check_engine", text="List Its Avatars", icon="FILE_REFRESH")
        if preview_window.is_open():
            _draw_state(layout, context)
        else:
            layout.operator("artalk.open_preview", icon="WINDOW")
            draw_reason(layout, context, reasons.no_preview(context))
        layout.operator("artalk.preview_export", icon="RENDER_ANIMATION")
        draw_reason(layout, context, reasons.no_filming(context))


def _draw_state(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    state = preview_window.state()
    row = layout.row(align=True)
    row.progress(factor=state.factor, text=translated(state.text), translate=False)
    row.operator("artalk.close_preview", text="", icon="X")
    for text, icon in ((state.problem, "ERROR"), (state.remark, "INFO")):
        if text:
            draw_text(layout.column(align=True), context, text, icon)
    if state.problem or state.remark:
        layout.operator("artalk.retry_preview", icon="FILE_REFRESH")
