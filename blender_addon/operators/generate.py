# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Generate a take, cancel it, and put the message in the panel away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bpy

from bridge.errors import BridgeError

from .. import jobs, notices, reasons
from ..errors import AddonError
from ..generating import Order
from ..preferences import engine_device, engine_precision, engine_python, voice_folder
from ..properties import NO_STYLE, style_name
from ..speaking import SpeakOrder
from ..takes.record import Speech, take_details
from ..takes.sound import sound_file
from ..takes.take import current_take
from ..translations import translated
from .reporting import Explained, report, report_error


class Generating(Explained):
    """What operators that generate share: a button returns at once, a script waits for the end."""

    # The job adds its step to the undo history when it is over, long after a button's operator.
    bl_options = {"REGISTER"}

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        """Begin, and let the user go on working."""
        if bpy.app.background:  # has no timers
            return self.execute(context)
        try:
            jobs.start(self.order(context), engine_python(context))
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)
        return {"FINISHED"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Generate and wait for the end."""
        try:
            outcome = jobs.run(self.order(context), engine_python(context))
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)
        return report(self, outcome)

    def order(self, context: bpy.types.Context) -> Order | SpeakOrder:
        """Return what to generate.

        Raises:
            AddonError: if that cannot be known.
        """
        raise NotImplementedError


class ARTALK_OT_generate(Generating, bpy.types.Operator):
    """Let the head speak the sound, as a new take. Earlier takes and other animation are kept"""

    bl_idname = "artalk.generate"
    bl_label = "Generate"

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no take can be generated."""
        return reasons.no_generating(context)

    def order(self, context: bpy.types.Context) -> Order:
        """Return what the panel asks for."""
        return order_of(context)


class ARTALK_OT_regenerate_take(Generating, bpy.types.Operator):
    """Let the engine make this take once more, as a new take with the same settings"""

    bl_idname = "artalk.regenerate_take"
    bl_label = "Generate Again"

    has_other_seed: bpy.props.BoolProperty(
        name="Other Seed", description="Take the next seed, for a motion that differs", default=False
    )

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why it cannot be made again."""
        return reasons.no_regenerating(context)

    def order(self, context: bpy.types.Context) -> Order:
        """Return what the playing take was made with."""
        take = current_take(context.scene.artalk.rig)
        details = take_details(take)
        speech = replace(details.speech, audio=str(sound_file(take)), seed=details.speech.seed + self.has_other_seed)
        return replace(order_of(context), speech=speech, start=details.start, on_whole_frames=details.on_whole_frames)


class ARTALK_OT_reuse_settings(Explained, bpy.types.Operator):
    """Put the settings that this take was made with into the panel, to change them and generate again"""

    bl_idname = "artalk.reuse_settings"
    bl_label = "Use Its Settings"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why there are no settings."""
        return reasons.no_take(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Copy them; a style that the voice in use does not have is left as it was."""
        settings = context.scene.artalk
        details = take_details(current_take(settings.rig))
        speech = details.speech
        for name in ("seed", "fix_pose", "start_s", "channel", "style_strength", "temperature", "continuity"):
            setattr(settings, name, getattr(speech, name))
        settings.sound, settings.end_s = speech.audio, speech.end_s or 0.0
        settings.start_frame, settings.on_whole_frames = details.start, details.on_whole_frames
        try:
            settings.style = speech.style or NO_STYLE
        except TypeError:
            self.report({"WARNING"}, translated(f"The voice has no style '{speech.style}'."))
        return {"FINISHED"}


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


class ARTALK_OT_remove_job(bpy.types.Operator):
    """Take this job out of those that wait; the one that runs goes on"""

    bl_idname = "artalk.remove_job"
    bl_label = "Remove"
    bl_options = {"INTERNAL"}

    number: bpy.props.IntProperty(options={"HIDDEN"})

    def execute(self, _: bpy.types.Context) -> set[str]:
        """Remove it."""
        jobs.remove(self.number)
        return {"FINISHED"}


class ARTALK_OT_dismiss(bpy.types.Operator):
    """Put this message away"""

    bl_idname = "artalk.dismiss"
    bl_label = "Dismiss"
    bl_options = {"INTERNAL"}

    index: bpy.props.IntProperty(default=-1, options={"HIDDEN"})

    def execute(self, _: bpy.types.Context) -> set[str]:
        """Show it no more; without an index, show none."""
        notices.dismiss(self.index if self.index >= 0 else None)
        return {"FINISHED"}


class ARTALK_OT_copy_details(bpy.types.Operator):
    """Copy versions, what was asked, the errors and the end of the engine's log, for a report"""

    bl_idname = "artalk.copy_details"
    bl_label = "Copy Details"
    bl_options = {"INTERNAL"}

    index: bpy.props.IntProperty(options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put them on the clipboard."""
        standing = notices.standing()
        if not 0 <= self.index < len(standing):
            return {"CANCELLED"}
        context.window_manager.clipboard = standing[self.index].details
        self.report({"INFO"}, translated("The details are on the clipboard"))
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
            start_s=settings.start_s,
            end_s=settings.end_s or None,
            fix_pose=settings.fix_pose,
            model=voice_folder(context),
            temperature=settings.temperature,
            style_strength=settings.style_strength,
            channel=settings.channel,
            precision=engine_precision(context),
            continuity=settings.continuity,
        ),
        start=settings.start_frame,
        on_whole_frames=settings.on_whole_frames,
        should_pack={"SMALL": None, "ALWAYS": True, "NEVER": False}[settings.pack_sound],
        should_sync=settings.sync_playback,
        device=engine_device(context),
    )


CLASSES = (
    ARTALK_OT_generate,
    ARTALK_OT_regenerate_take,
    ARTALK_OT_reuse_settings,
    ARTALK_OT_cancel,
    ARTALK_OT_remove_job,
    ARTALK_OT_dismiss,
    ARTALK_OT_copy_details,
)
