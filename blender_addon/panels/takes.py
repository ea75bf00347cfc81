# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: N801, RUF012 - Blender's own conventions for tooltips, names and options
"""The list of takes, and what can be done with the one that plays."""

from __future__ import annotations

import bpy

from .. import jobs, reasons
from ..errors import TakeError
from ..rig.naming import RIG_ID
from ..rig.parts import id_of
from ..takes.placing import is_at_scene_rate
from ..takes.record import TakeDetails, is_take, take_details, takes_of
from ..takes.strips import strip_shift
from ..takes.take import current_take
from ..translations import translated
from .tab import HeadTab, Tab, draw_reason, draw_text

ROWS = 4
NAME_SHARE = 0.6  # of a row's width


class ARTALK_UL_takes(bpy.types.UIList):
    """The takes of the chosen head among all Actions; a click on a row lets its take play."""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: bpy.types.BlendData,
        action: bpy.types.Action,
        _icon: int,
        _active_data: bpy.types.ID,
        _active_property: str,
    ) -> None:
        """Draw a take: its name, which a double click changes, and what it is made of."""
        details = take_details(action)
        row = layout.split(factor=NAME_SHARE)
        is_playing = action == current_take(bpy.context.scene.artalk.rig)
        row.prop(action, "name", text="", emboss=False, icon="PLAY" if is_playing else "ACTION")
        label = row.row()
        label.alignment = "RIGHT"
        label.active = False
        label.label(translate=False, text=_summary(details), icon="LINKED" if action.library is not None else "NONE")

    def filter_items(
        self, context: bpy.types.Context, data: bpy.types.BlendData, name: str
    ) -> tuple[list[int], list[int]]:
        """Show the takes of the chosen head, by number."""
        everything = list(getattr(data, name))
        rig = context.scene.artalk.rig
        own = takes_of(rig.get(RIG_ID, "")) if rig is not None else []  # a head that lost a part keeps its takes
        own = [take for take in own if self.filter_name.lower() in take.name.lower()]
        flags = [self.bitflag_filter_item if action in own else 0 for action in everything]
        order = [own.index(action) if action in own else len(own) for action in everything]
        return flags, bpy.types.UI_UL_list.sort_items_helper(list(enumerate(order)), key=lambda item: item[1])


class ARTALK_PT_takes(HeadTab, bpy.types.Panel):
    """The takes of the chosen head."""

    bl_label = "Takes"
    bl_parent_id = "ARTALK_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the list, and beside it what is done most often."""
        layout, settings = self.layout, context.scene.artalk
        row = layout.row()
        row.template_list("ARTALK_UL_takes", "", bpy.data, "actions", settings, "take_index", rows=ROWS, sort_lock=True)
        buttons = row.column(align=True)
        buttons.operator("artalk.duplicate_take", text="", icon="DUPLICATE")
        buttons.operator("artalk.delete_take", text="", icon="TRASH")
        buttons.separator()
        buttons.operator("artalk.compare_takes", text="", icon="ARROW_LEFTRIGHT")
        draw_reason(layout, context, reasons.no_own_take(context))
        _draw_state(layout, context)


class ARTALK_PT_take_tools(Tab, bpy.types.Panel):
    """What can be done with the take that plays."""

    bl_label = "This Take"
    bl_parent_id = "ARTALK_PT_takes"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the buttons, and why they are grey."""
        column = self.layout.column(align=True)
        column.operator("artalk.regenerate_take", icon="FILE_REFRESH")
        again = column.operator("artalk.regenerate_take", text="Another Take", icon="DECORATE_KEYFRAME")
        again.has_other_seed = True
        column.operator("artalk.reuse_settings", icon="COPYDOWN")
        draw_reason(column, context, reasons.no_regenerating(context))
        column = self.layout.column(align=True)
        column.operator("artalk.punch_in", icon="IPO_EASE_IN_OUT")
        column.operator("artalk.push_take", icon="NLA_PUSHDOWN")
        take = current_take(context.scene.artalk.rig)
        is_whole = _has_whole_frames(take)
        column.operator(
            "artalk.whole_frames",
            text="Keys Between Frames" if is_whole else "Keys on Whole Frames",
            icon="SNAP_INCREMENT",
        ).on_whole_frames = not is_whole
        column.operator("artalk.pack_sound", icon="PACKAGE")
        column.operator("artalk.restore_take", icon="LOOP_BACK")
        draw_reason(column, context, reasons.no_packing(context))  # whatever keeps from changing, keeps from packing


def _summary(details: TakeDetails) -> str:
    """Return what a take is made of, in a few words."""
    state = "" if details.is_complete else translated("incomplete")
    if jobs.is_making(details):
        state = "…"
    sound = bpy.path.display_name_from_filepath(details.speech.audio)
    return " · ".join(part for part in (sound, details.speech.style, state) if part)


def _draw_state(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Say where the playing take or its sound is out of step, beside the button that mends it."""
    scene = context.scene
    if not reasons.no_retiming(context):
        takes = map(take_details, takes_of(id_of(scene.artalk.rig)))
        rates = sorted({f"{take.rate_hz:.5g}" for take in takes if not is_at_scene_rate(scene, take)})
        draw_text(layout.column(align=True), context, f"There are takes made for {', '.join(rates)} fps.", "ERROR")
        layout.operator("artalk.retime_takes", icon="TIME")
    if not reasons.no_following(context):
        shift = strip_shift(scene, current_take(scene.artalk.rig))
        draw_text(layout.column(align=True), context, f"The sound strip was moved by {shift:+.1f} frames.", "ERROR")
        layout.operator("artalk.follow_strip", icon="TRACKING_FORWARDS_SINGLE")


def _has_whole_frames(take: bpy.types.Action | None) -> bool:
    try:
        return is_take(take) and take_details(take).on_whole_frames
    except TakeError:
        return False


CLASSES = (ARTALK_UL_takes, ARTALK_PT_takes, ARTALK_PT_take_tools)
