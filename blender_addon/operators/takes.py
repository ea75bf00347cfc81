# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Choose which take plays."""

from __future__ import annotations

import bpy

from .. import reasons
from ..errors import AddonError, SoundError
from ..rig.parts import rig_parts
from ..takes import timeline
from ..takes.record import take_details
from ..takes.take import show_take
from .reporting import Explained, report_error


class ARTALK_OT_show_take(Explained, bpy.types.Operator):
    """Let this take play, with its sound"""

    bl_idname = "artalk.show_take"
    bl_label = "Show Take"
    bl_options = {"REGISTER", "UNDO"}

    take: bpy.props.StringProperty(name="Take", description="Name of the take's Action")

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no other take can be shown."""
        return reasons.no_takes(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Assign the take's Action and unmute its sound."""
        scene = context.scene
        action = bpy.data.actions.get(self.take)
        if action is None:
            self.report({"ERROR"}, f"There is no take '{self.take}'")
            return {"CANCELLED"}
        try:
            details = take_details(action)
            show_take(rig_parts(scene.artalk.rig), action, timeline.frame_range(scene))
        except AddonError as exc:
            return report_error(self, exc)
        try:
            timeline.place_sound(scene, details)
        except SoundError as exc:
            self.report({"WARNING"}, str(exc))
        return {"FINISHED"}
