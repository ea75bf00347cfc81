# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine does, what waits for it, and what came of what it did."""

from __future__ import annotations

import bpy

from .. import jobs, notices
from ..engine_job import EngineJob
from ..translations import translated
from .tab import BUTTON, draw_text

BAR_HEIGHT = 1.3


def draw_jobs(layout: bpy.types.UILayout, _: bpy.types.Context) -> None:
    """Draw how far the job is, with a button that ends it, and the jobs that wait for it."""
    job = jobs.current()
    if job is None:
        return
    column = layout.column(align=True)
    row = column.row(align=True)
    row.scale_y = BAR_HEIGHT
    row.progress(factor=job.fraction, text=_progress(job), translate=False)
    row.operator("artalk.cancel", text="", icon="X")
    waiting = jobs.waiting()
    if waiting:
        box = column.box().column(align=True)
        box.label(text=translated(f"Waiting: {len(waiting)}"), icon="TIME", translate=False)
    for each in waiting:
        row = box.row(align=True)
        row.label(text=each.job.label, icon="BLANK1", translate=False)
        row.operator("artalk.remove_job", text="", icon="X", emboss=False).number = each.number


def draw_notices(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the messages, each with a button that puts it away, and errors with one that copies all about them."""
    for index, notice in enumerate(notices.standing()):
        box = layout.box()
        row = box.row()
        lines = row.column(align=True)
        lines.alert = notice.is_error
        draw_text(lines, context, notice.text, "ERROR" if notice.is_error else "CHECKMARK", BUTTON)
        row.operator("artalk.dismiss", text="", icon="X", emboss=False).index = index
        if notice.remedy:
            draw_text(box.column(align=True), context, notice.remedy, "FORWARD")
        if notice.details:
            box.operator("artalk.copy_details", icon="COPYDOWN").index = index


def _progress(job: EngineJob) -> str:
    """Return the words on the bar: what is done, how much of it, and how long the rest takes."""
    parts = [translated(job.stage)]
    if job.fraction:
        parts.append(f"{job.fraction:.0%}")
    left = job.seconds_left
    if left is not None and left >= 1.0:
        parts.append(translated(f"{int(left) // 60}:{int(left) % 60:02d} left"))
    return " · ".join(parts)
