# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: N801, RUF012 - Blender's own conventions for tooltips, names and options
"""The take that plays: what it shows of its motion, how many keys it has, what to look at, and files of motion."""

from __future__ import annotations

import bpy

from .. import looks, reasons
from ..errors import AddonError
from ..rig.parts import whole_rig
from ..takes.curves import count_keys
from ..takes.editing import reduced
from ..takes.face_tools import FaceTools
from ..takes.quality import Finding, Quality
from ..takes.record import take_details
from ..takes.take import current_take
from ..timing import key_frames
from ..translations import translated
from .tab import Tab, draw_reason, draw_text

REGIONS = (
    ("lips", "Lips"),
    ("jaw", "Jaw"),
    ("brows", "Brows"),
    ("lids", "Lids"),
    ("cheeks", "Cheeks"),
    ("head", "Head"),
)
HEADINGS = (("", "", "Amount", "Offset", "Smooth"),)
SHOWN_FINDINGS = 12
LOOKING = "Looking at the take…"
ICONS = {
    "seam": "MOD_EDGESPLIT",
    "jitter": "FORCE_TURBULENCE",
    "closure": "MESH_TORUS",
    "blink": "HIDE_OFF",
    "stare": "TIME",
    "head": "ORIENTATION_GIMBAL",
    "range": "ERROR",
}


class TakePanel(Tab):
    """What the panels about the playing take share."""

    bl_parent_id = "ARTALK_PT_takes"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Show the panel only where a take plays."""
        rig = context.scene.artalk.rig
        return rig is not None and current_take(rig) is not None


class ARTALK_PT_edit(TakePanel, bpy.types.Panel):
    """What a take shows of its motion."""

    bl_label = "Edit"
    bl_order = 10

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the sliders, and why they are grey."""
        action = playing(context)
        reason = reasons.no_changing_take(context)
        if reason:
            draw_reason(self.layout, context, reason)
            return
        try:
            tools, is_changed = looks.head_tools(context.scene.artalk.rig), looks.is_changed_by_hand(action)
        except AddonError as exc:
            draw_reason(self.layout, context, reasons.explained(exc))
            return
        if tools is None:
            draw_reason(self.layout, context, LOOKING)
            return
        if is_changed:
            draw_text(self.layout.column(align=True), context, "Keys were changed by hand.", "ERROR")
            draw_reason(self.layout, context, "Restore the take, which loses them, or duplicate it first")
            row = self.layout.row(align=True)
            row.operator("artalk.restore_take", text="Restore", icon="LOOP_BACK").keep_edits = True
            row.operator("artalk.duplicate_take", text="Duplicate", icon="DUPLICATE")
        column = self.layout.column()
        column.enabled = not is_changed
        _draw_regions(column, context, action, tools)
        _draw_limits(column, context, action, tools)
        _draw_blinks(column, context, action, tools)
        _draw_gaze(column, action)
        column.operator("artalk.reset_edits", icon="LOOP_BACK")


class ARTALK_PT_keys(TakePanel, bpy.types.Panel):
    """How many keys a take has."""

    bl_label = "Keys"
    bl_order = 11

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the bound, the button, and what came of it."""
        layout = self.layout
        reason = reasons.no_changing_take(context)
        if reason:
            draw_reason(layout, context, reason)
            return
        action = playing(context)
        layout.prop(action.artalk_editing, "key_bound_mm")
        row = layout.row(align=True)
        row.operator("artalk.reduce_keys", icon="MOD_DECIM")
        row.operator("artalk.all_keys", icon="KEYFRAME_HLT")
        found = reduced(action)
        if found is None:
            _say(layout, f"{count_keys(whole_rig(context.scene.artalk.rig), action)} keys", icon="KEYFRAME")
            return
        column = layout.column(align=True)
        share = 100.0 * found.after / max(found.before, 1)
        column.label(
            translate=False, text=translated(f"{found.after} of {found.before} keys ({share:.0f} %)"), icon="KEYFRAME"
        )
        column.label(
            translate=False,
            text=translated(f"95 of 100 vertices: {found.p95_mm:.2f} mm, lips {found.lips_p95_mm:.2f}"),
            icon="BLANK1",
        )
        column.label(translate=False, text=translated(f"Worst vertex: {found.worst_mm:.2f} mm"), icon="BLANK1")


class ARTALK_PT_quality(TakePanel, bpy.types.Panel):
    """What a viewer might complain about."""

    bl_label = "Quality"
    bl_order = 12

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the measures, and buttons that go to what was found."""
        layout = self.layout
        action = playing(context)
        try:
            quality = looks.quality(action)
        except AddonError as exc:
            draw_reason(layout, context, reasons.explained(exc))
            return
        if quality is None:
            draw_reason(layout, context, LOOKING)
            return
        _draw_measures(layout.column(align=True), quality)
        _draw_findings(layout, action, quality.findings)
        layout.operator("artalk.export_quality", icon="EXPORT")


class ARTALK_PT_motion_files(Tab, bpy.types.Panel):
    """Motion from files, and to files."""

    bl_label = "Motion Files"
    bl_parent_id = "ARTALK_PT_takes"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 13

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the buttons, and why they are grey."""
        row = self.layout.row(align=True)
        row.operator("artalk.import_motion", icon="IMPORT")
        row.operator("artalk.export_motion", icon="EXPORT")
        draw_reason(self.layout, context, reasons.no_importing(context) or reasons.no_take(context))


def playing(context: bpy.types.Context) -> bpy.types.Action:
    """Return the take that plays; the panels are drawn only where one does."""
    return current_take(context.scene.artalk.rig)


def _draw_regions(
    layout: bpy.types.UILayout, context: bpy.types.Context, action: bpy.types.Action, tools: FaceTools
) -> None:
    """Draw a table with a row for each region, and below it why rows are grey."""
    editing = action.artalk_editing
    table = layout.column(align=True)
    for name, label, *fields in HEADINGS + REGIONS:
        row = table.row(align=True)
        split = row.split(factor=0.25, align=True)
        split.label(text=label)
        cells = split.row(align=True)
        for heading in fields:
            cells.label(text=heading)
        if not fields:
            cells.enabled = not tools.no_region(name)
            for field in ("gain", "offset_ms", "smoothing_ms"):
                cells.prop(getattr(editing, name), field, text="")
    for reason in sorted({tools.no_region(name) for name, _ in REGIONS} - {""}):
        draw_reason(layout, context, reason)


def _draw_limits(
    layout: bpy.types.UILayout, context: bpy.types.Context, action: bpy.types.Action, tools: FaceTools
) -> None:
    editing = action.artalk_editing
    column = layout.column(align=True)
    snap = column.column(align=True)
    snap.enabled = not tools.no_closures()
    snap.prop(editing, "snap_lips_mm", slider=True)
    column.prop(editing, "jaw_limit_deg", slider=True)
    column.prop(editing, "neck_share")
    draw_reason(layout, context, tools.no_closures())


def _draw_blinks(
    layout: bpy.types.UILayout, context: bpy.types.Context, action: bpy.types.Action, tools: FaceTools
) -> None:
    box = layout.column(align=True)
    box.prop(action.artalk_editing, "blink_strength", slider=True)
    row = box.row(align=True)
    row.operator("artalk.add_blink", icon="ADD")
    row.operator("artalk.remove_blink", icon="REMOVE")
    draw_reason(box, context, tools.no_blinks())  # nothing else keeps from it where the sliders are drawn


def _draw_gaze(layout: bpy.types.UILayout, action: bpy.types.Action) -> None:
    box = layout.column(align=True)
    box.prop(action.artalk_editing, "eye_darts_deg", slider=True)
    seed = box.column(align=True)
    seed.active = action.artalk_editing.eye_darts_deg > 0.0
    seed.prop(action.artalk_editing, "eye_seed")


def _say(layout: bpy.types.UILayout, text: str, icon: str = "NONE") -> None:
    """Write a line that is put together here, in the user's language."""
    layout.label(text=translated(text), translate=False, icon=icon)


def _draw_measures(column: bpy.types.UILayout, quality: Quality) -> None:
    _say(column, f"Seams: {quality.seam_ratio:.1f} times the usual step")
    if quality.closures is not None:
        column.label(
            translate=False, text=translated(f"Closures: {quality.closures}, {quality.open_closures} stay open")
        )
    if quality.spoken is not None:
        column.label(
            translate=False,
            text=translated(f"p, b and m: {quality.spoken.reached} of {quality.spoken.total} find closed lips"),
        )
    if quality.jitter is not None:
        _say(column, f"Jitter of the lips: {quality.jitter / 1000.0:.1f} m/s³")
    if quality.blinks is not None:
        full = f"{quality.full_blinks} of {quality.blinks} full"
        _say(column, f"Blinks: {quality.blinks_per_minute:.0f} a minute, {full}")
    for axis, (least, most) in quality.head_deg.items():
        _say(column, f"Head {axis}: {round(least)}° to {round(most)}°")
    if quality.out_of_range:
        column.label(
            translate=False, text=translated(f"{quality.out_of_range} values beyond a slider's range"), icon="ERROR"
        )


def _draw_findings(layout: bpy.types.UILayout, action: bpy.types.Action, findings: tuple[Finding, ...]) -> None:
    if not findings:
        layout.label(text="Nothing to look at", icon="CHECKMARK")
        return
    details = take_details(action)
    column = layout.column(align=True)
    for finding in findings[:SHOWN_FINDINGS]:
        frame = float(key_frames(finding.first + 1, details.rate_hz, details.start)[-1])
        said = f"{round(frame)}: {translated(finding.text)}"
        button = column.operator("artalk.go_to_frame", text=said, translate=False, icon=ICONS[finding.kind])
        button.frame = frame
    if len(findings) > SHOWN_FINDINGS:
        _say(column, f"… and {len(findings) - SHOWN_FINDINGS} more in the report")


CLASSES = (ARTALK_PT_edit, ARTALK_PT_keys, ARTALK_PT_quality, ARTALK_PT_motion_files)
