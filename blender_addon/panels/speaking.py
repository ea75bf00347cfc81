# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: N801, RUF012 - Blender's own conventions for tooltips, names and options
"""From a text to a take."""

from __future__ import annotations

import bpy

from .. import reasons, voices
from .main import settings_column
from .tab import HeadTab, draw_reason


class ARTALK_PT_text(HeadTab, bpy.types.Panel):
    """A text to speak, and who says it."""

    bl_label = "Text to Speak"
    bl_parent_id = "ARTALK_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the text, the voice, and the button."""
        layout, settings = self.layout, context.scene.artalk_text
        layout.row().prop(settings, "source", expand=True)
        if settings.source == "TEXT":
            layout.template_ID(settings, "text", new="text.new", open="text.open")
        else:
            layout.prop(settings, "line", text="", placeholder="What to say")
        column = settings_column(layout)
        column.prop(settings, "language", icon="WORLD")
        column.prop(settings, "voice", placeholder="The language's own")
        if voices.is_piper(settings.voice):
            column.prop(settings, "speaker", placeholder="The first")
        column.prop(settings, "rate", slider=True)
        if not voices.is_piper(settings.voice):
            column.prop(settings, "pitch", slider=True)
        if not voices.are_known():
            layout.operator("artalk.list_voices", icon="FILE_REFRESH")
        row = layout.row()
        row.scale_y = 1.3
        row.operator("artalk.speak", icon="SPEAKER")
        draw_reason(layout, context, reasons.no_speaking(context))
