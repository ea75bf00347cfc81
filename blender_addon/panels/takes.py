# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: N801 - Blender's own conventions for tooltips, names and options
"""The list of takes."""

from __future__ import annotations

import bpy

from .. import jobs
from ..rig.naming import RIG_ID
from ..rig.parts import is_rig
from ..takes.record import take_details, takes_of
from ..takes.take import current_take
from .tab import Tab


class ARTALK_PT_takes(Tab, bpy.types.Panel):
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
            style = f" · {details.speech.style}" if details.speech.style else ""
            sound = bpy.path.basename(details.speech.audio)
            text = f"{details.number}: {sound}{style}{state}"
            column.operator("artalk.show_take", text=text, icon=icon, depress=take == playing).take = take.name
