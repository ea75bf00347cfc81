# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Generate a take, cancel it, and put the message in the panel away."""

from __future__ import annotations

from pathlib import Path

import bpy

from bridge.errors import BridgeError

from .. import jobs, notices, reasons
from ..errors import AddonError
from ..generating import Order
from ..preferences import engine_device, engine_python
from ..properties import style_name
from ..takes.record import Speech
from .reporting import Explained, report, report_error


class ARTALK_OT_generate(Explained, bpy.types.Operator):
    """Let the head speak the sound, as a new take. Earlier takes and other animation are kept"""

    bl_idname = "artalk.generate"
    bl_label = "Generate"
    # The job adds its step to the undo history when it is over, long after a button's operator.
    bl_options = {"REGISTER"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no take can be generated."""
        return reasons.no_generating(context)

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        """Begin, and let the user go on working."""
        if bpy.app.background:  # has no timers
            return self.execute(context)
        try:
            jobs.start(order_of(context), engine_python(context))
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)
        return {"FINISHED"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Generate and wait for the end."""
        try:
            outcome = jobs.run(order_of(context), engine_python(context))
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)
        return report(self, outcome)


class ARTALK_OT_cancel(Explained, bpy.types.Operator):
    """Stop generating; the motion that has arrived is kept"""

    bl_idname = "artalk.cancel"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why nothing can be cancelled."""
        return reasons.no_cancelling(context)

    def execute(self, _: bpy.types.Context) -> set[str]:
        """Ask the engine to stop."""
        jobs.cancel()
        return {"FINISHED"}


class ARTALK_OT_dismiss(bpy.types.Operator):
    """Put this message away"""

    bl_idname = "artalk.dismiss"
    bl_label = "Dismiss"
    bl_options = {"INTERNAL"}

    def execute(self, _: bpy.types.Context) -> set[str]:
        """Show no message."""
        notices.dismiss()
        return {"FINISHED"}


def order_of(context: bpy.types.Context) -> Order:
    """Return what the panel's settings ask for."""
    scene = context.scene
    settings = scene.artalk
    return Order(
        rig_uid=settings.rig.session_uid,
        scene_uid=scene.session_uid,
        speech=Speech(
            audio=str(Path(bpy.path.abspath(settings.sound)).absolute()),
            style=style_name(settings),
            seed=settings.seed,
            fix_pose=settings.fix_pose,
        ),
        start=settings.start_frame,
        device=engine_device(context),
    )
