# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: N801, RUF012 - Blender's own conventions for tooltips, names and options
"""From choosing a head and a sound to a take: what is to be done next is the largest button."""

from __future__ import annotations

import bpy

from .. import reasons
from ..engine_process import engine
from ..errors import AddonError
from ..preferences import engine_python, voice_folder
from ..rig.parts import is_rig
from .progress import draw_jobs, draw_notices
from .tab import HeadTab, Tab, draw_reason, draw_text

STEP_HEIGHT = 1.6


class ARTALK_PT_main(Tab, bpy.types.Panel):
    """From a sound to a take."""

    bl_label = "ARTalk"
    bl_idname = "ARTALK_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the head, the sound, the style, the next step and what came of the last one."""
        layout, settings = self.layout, context.scene.artalk
        if not is_rig(settings.rig):
            _draw_first_step(layout, context)
        else:
            _draw_settings(layout, context)
            _draw_next_step(layout, context)
        draw_jobs(layout, context)
        draw_notices(layout, context)


class ARTALK_PT_speech(HeadTab, bpy.types.Panel):
    """How to speak, beyond the style."""

    bl_label = "Style Settings"
    bl_parent_id = "ARTALK_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the settings of the next take."""
        column, settings = settings_column(self.layout), context.scene.artalk
        for name in ("style_strength", "temperature", "seed", "continuity", "fix_pose"):
            column.prop(settings, name)


class ARTALK_PT_time(HeadTab, bpy.types.Panel):
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


def _draw_first_step(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw what makes a head, and the heads that there are."""
    row = layout.row(align=True)
    row.scale_y = STEP_HEIGHT
    row.operator("artalk.create_head", icon="ADD")
    row.operator("artalk.import_head", text="", icon="FILE_FOLDER")
    draw_reason(layout, context, reasons.no_head(context))
    if any(is_rig(thing) for thing in context.scene.objects if thing.type == "ARMATURE"):
        layout.prop(context.scene.artalk, "rig", text="", icon="OUTLINER_OB_ARMATURE")


def _draw_settings(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    settings = context.scene.artalk
    row = layout.row(align=True)
    row.prop(settings, "rig", text="", icon="OUTLINER_OB_ARMATURE")
    row.operator("artalk.create_head", text="", icon="ADD")
    row.operator("artalk.import_head", text="", icon="FILE_FOLDER")
    if settings.sound:
        row = layout.row(align=True)
        row.prop(settings, "sound", text="", icon="SOUND")
        row.operator_menu_enum("artalk.use_strip", "strip", text="", icon="SEQUENCE")
    column = settings_column(layout)
    column.prop(settings, "style")
    if voice_folder(context) and engine.description is None:  # only the engine knows what styles are in there
        column.operator("artalk.check_engine", text="List Its Styles", icon="FILE_REFRESH")


def _draw_next_step(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the button that leads on: to a sound, to an engine, to a take."""
    row = layout.row(align=True)
    row.scale_y = STEP_HEIGHT
    if not context.scene.artalk.sound:
        row.operator("artalk.choose_sound", icon="SOUND")
        row.operator_menu_enum("artalk.use_strip", "strip", text="", icon="SEQUENCE")
        return
    try:
        engine_python(context)
    except AddonError as exc:
        row.operator("artalk.open_preferences", icon="PREFERENCES")
        draw_text(layout.column(align=True), context, f"{exc} {exc.remedy}", "INFO")
        return
    row.operator("artalk.generate", icon="PLAY")
    draw_reason(layout, context, reasons.no_generating(context))


SETTINGS = (ARTALK_PT_speech, ARTALK_PT_time)
