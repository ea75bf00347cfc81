# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: N801, RUF012 - Blender's own conventions for tooltips, names and options
"""The sidebar: one tab, from choosing a head to the list of takes."""

from __future__ import annotations

import blf  # type: ignore[import-not-found]  # only inside Blender
import bpy

from . import jobs, notices, reasons
from .errors import AddonError
from .preferences import engine_python
from .rig.naming import RIG_ID
from .rig.parts import is_rig
from .takes.record import take_details, takes_of
from .takes.take import current_take

FONT, FONT_SIZE = 0, 11.0  # Blender's own, and its size in points at a scale of one
MARGINS, BUTTON = 100.0, 24.0  # pixels at a scale of one: around a text with its icon; of a small button


class _Tab:
    """What all panels of the tab share."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "ARTalk"


class ARTALK_PT_main(_Tab, bpy.types.Panel):
    """From a sound to a take."""

    bl_label = "ARTalk"
    bl_idname = "ARTALK_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the settings, the button and what came of it."""
        layout = self.layout
        settings = context.scene.artalk
        _draw_head(layout, context)
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "sound")
        column.prop(settings, "style")
        column.prop(settings, "start_frame")
        column.prop(settings, "fix_pose")
        _draw_job(layout, context)
        _draw_notice(layout, context)


class ARTALK_PT_takes(_Tab, bpy.types.Panel):
    """The takes of the chosen head."""

    bl_label = "Takes"
    bl_parent_id = "ARTALK_PT_main"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Show the list only where there is a head."""
        return is_rig(context.scene.artalk.rig)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw a button for each take; the one that plays is pressed."""
        rig = context.scene.artalk.rig
        playing = current_take(rig)
        takes = takes_of(rig[RIG_ID])
        column = self.layout.column(align=True)
        if not takes:
            column.active = False
            column.label(text="None yet")
        for take in takes:
            details = take_details(take)
            job = jobs.current()
            state = "" if details.is_complete else " · incomplete"
            if job is not None and job.is_making(details):
                state = " …"
            icon = "RADIOBUT_ON" if take == playing else "RADIOBUT_OFF"
            style = f" · {details.style}" if details.style else ""
            sound = bpy.path.basename(details.audio)
            text = f"{details.number}: {sound}{style}{state}"
            column.operator("artalk.show_take", text=text, icon=icon, depress=take == playing).take = take.name


class ARTALK_PT_scene(_Tab, bpy.types.Panel):
    """What surrounds the head."""

    bl_label = "Scene"
    bl_parent_id = "ARTALK_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the studio's button."""
        self.layout.operator("artalk.set_up_studio", icon="OUTLINER_OB_CAMERA")
        _draw_reason(self.layout, context, reasons.no_studio(context))


CLASSES = (ARTALK_PT_main, ARTALK_PT_takes, ARTALK_PT_scene)


def _draw_head(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    settings = context.scene.artalk
    layout.prop(settings, "rig", text="", icon="OUTLINER_OB_ARMATURE")
    row = layout.row(align=True)
    row.operator("artalk.create_head", icon="ADD")
    row.operator("artalk.import_head", text="", icon="FILE_FOLDER")
    if settings.rig is None:
        _draw_reason(layout, context, reasons.no_head(context))


def _draw_job(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    job = jobs.current()
    if job is None:
        row = layout.row()
        row.scale_y = 1.5
        row.operator("artalk.generate", icon="PLAY")
        _draw_reason(layout, context, reasons.no_generating(context))
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
    _draw_text(lines, context, notice.text, "ERROR" if notice.is_error else "CHECKMARK", BUTTON)
    if notice.remedy:
        _draw_text(box.column(align=True), context, notice.remedy, "FORWARD")
    row.operator("artalk.dismiss", text="", icon="X", emboss=False)


def _draw_reason(layout: bpy.types.UILayout, context: bpy.types.Context, reason: str) -> None:
    """Write below a greyed button why it is grey."""
    if reason:
        column = layout.column(align=True)
        column.active = False
        _draw_text(column, context, reason, "INFO")


def _draw_text(
    layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str, spare: float = 0.0
) -> None:
    """Write a text over as many lines as the sidebar's width makes of it.

    Args:
        layout: where to write.
        context: of the sidebar.
        text: what to write.
        icon: name of the icon before the first line.
        spare: width to leave for a button beside the text, in pixels at a scale of one.
    """
    scale = context.preferences.system.ui_scale
    blf.size(FONT, FONT_SIZE * scale)
    width = context.region.width - (MARGINS + spare) * scale
    for number, line in enumerate(_lines(text, width)):
        layout.label(text=line, icon="BLANK1" if number else icon)


def _lines(text: str, width: float) -> list[str]:
    """Break a text between words into lines of at most ``width`` pixels; a longer word has a line of its own."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and blf.dimensions(FONT, longer)[0] <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
