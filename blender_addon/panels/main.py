# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: N801, RUF012 - Blender's own conventions for tooltips, names and options
"""From choosing a head and a sound to a take."""

from __future__ import annotations

import bpy

from .. import jobs, notices, reasons
from ..engine_process import engine
from ..errors import AddonError
from ..preferences import engine_python, voice_folder
from .tab import BUTTON, Tab, draw_reason, draw_text


class ARTALK_PT_main(Tab, bpy.types.Panel):
    """From a sound to a take."""

    bl_label = "ARTalk"
    bl_idname = "ARTALK_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the settings, the button and what came of it."""
        layout = self.layout
        settings = context.scene.artalk
        _draw_head(layout, context)
        column = settings_column(layout)
        column.prop(settings, "sound")
        column.prop(settings, "style")
        if voice_folder(context) and engine.description is None:  # only the engine knows what styles are in there
            column.operator("artalk.check_engine", text="List Its Styles", icon="FILE_REFRESH")
        _draw_job(layout, context)
        _draw_notice(layout, context)


class ARTALK_PT_speech(Tab, bpy.types.Panel):
    """How to speak, beyond the style."""

    bl_label = "Speech"
    bl_parent_id = "ARTALK_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the settings of the next take."""
        column, settings = settings_column(self.layout), context.scene.artalk
        for name in ("style_strength", "temperature", "seed", "continuity", "fix_pose"):
            column.prop(settings, name)


class ARTALK_PT_time(Tab, bpy.types.Panel):
    """What of the sound to speak, and where on the timeline."""

    bl_label = "Sound and Time"
    bl_parent_id = "ARTALK_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the settings of the next take."""
        column, settings = settings_column(self.layout), context.scene.artalk
        column.prop(settings, "start_frame")
        clip = column.column(align=True)
        clip.prop(settings, "start_s")
        clip.prop(settings, "end_s")
        for name in ("channel", "on_whole_frames", "sync_playback", "pack_sound"):
            column.prop(settings, name)


def settings_column(layout: bpy.types.UILayout) -> bpy.types.UILayout:
    """Return a column for settings with their names beside them, and no buttons to animate them."""
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    return column


def _draw_head(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    settings = context.scene.artalk
    layout.prop(settings, "rig", text="", icon="OUTLINER_OB_ARMATURE")
    row = layout.row(align=True)
    row.operator("artalk.create_head", icon="ADD")
    row.operator("artalk.import_head", text="", icon="FILE_FOLDER")
    if settings.rig is None:
        draw_reason(layout, context, reasons.no_head(context))


def _draw_job(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    job = jobs.current()
    if job is None:
        row = layout.row()
        row.scale_y = 1.5
        row.operator("artalk.generate", icon="PLAY")
        draw_reason(layout, context, reasons.no_generating(context))
        try:
            engine_python(context)
        except AddonError:
            layout.operator("artalk.open_preferences", icon="PREFERENCES")
        return
    row = layout.row(align=True)
    row.scale_y = 1.5
    row.progress(factor=job.fraction, text=job.stage)
    row.operator("artalk.cancel", text="", icon="X")


def _draw_notice(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    notice = notices.shown()
    if notice is None:
        return
    box = layout.box()
    row = box.row()
    lines = row.column(align=True)
    lines.alert = notice.is_error
    draw_text(lines, context, notice.text, "ERROR" if notice.is_error else "CHECKMARK", BUTTON)
    if notice.remedy:
        draw_text(box.column(align=True), context, notice.remedy, "FORWARD")
    row.operator("artalk.dismiss", text="", icon="X", emboss=False)


SETTINGS = (ARTALK_PT_speech, ARTALK_PT_time)
