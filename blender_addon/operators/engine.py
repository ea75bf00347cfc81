# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Start, end and set up the engine's process by hand."""

from __future__ import annotations

import bpy

from bridge.errors import BridgeError, EngineStoppedError
from bridge.messages import Describe, Description, Failed, Reply

from .. import jobs, notices
from ..engine_process import engine
from ..errors import AddonError, EngineJobError
from ..preferences import engine_device, engine_precision, engine_python, voice_folder
from ..translations import translated
from .reporting import Explained, report_error


class ARTALK_OT_check_engine(Explained, bpy.types.Operator):
    """Start the engine and ask it what it computes on"""

    bl_idname = "artalk.check_engine"
    bl_label = "Check Engine"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why the engine cannot be asked."""
        if jobs.current() is not None:
            return "The engine is at work"
        try:
            engine_python(context)
        except AddonError as exc:
            return str(exc)
        return ""

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Wait until the engine has answered."""
        try:
            engine.start(engine_python(context))
            voice = engine.ask(Describe(voice_folder(context), engine_device(context), engine_precision(context)))
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)
        assert isinstance(voice, Description)  # noqa: S101 - the protocol lets nothing else answer
        self.report({"INFO"}, translated(f"The engine {engine.version} works, on {voice.device}"))
        return {"FINISHED"}


class ARTALK_OT_stop_engine(Explained, bpy.types.Operator):
    """End the engine and free its memory; it starts again with the next take"""

    bl_idname = "artalk.stop_engine"
    bl_label = "Stop Engine"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, _: bpy.types.Context) -> str:
        """Return why the engine cannot be ended."""
        if jobs.current() is not None:
            return "The engine is at work"
        return "" if engine.is_running else "The engine is not running"

    def execute(self, _: bpy.types.Context) -> set[str]:
        """End the process."""
        engine.close()
        return {"FINISHED"}


class ARTALK_OT_restart_engine(Explained, bpy.types.Operator):
    """End the engine, whatever it is doing, and start it anew. Motion that has arrived is kept"""

    bl_idname = "artalk.restart_engine"
    bl_label = "Restart Engine"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why it cannot be started."""
        if bpy.app.is_job_running("RENDER"):
            return "Blender is rendering"
        try:
            engine_python(context)
        except AddonError as exc:
            return str(exc)
        return ""

    def execute(self, context: bpy.types.Context) -> set[str]:
        """End the job that runs, and have the voice loaded before it is needed."""
        engine.stop_for(EngineStoppedError())
        jobs.tick()
        try:
            engine.start(engine_python(context))
            voice = Describe(voice_folder(context), engine_device(context), engine_precision(context))
            engine.send(voice, _tell_failure)
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)
        return {"FINISHED"}


def _tell_failure(reply: Reply) -> None:
    if isinstance(reply, Failed):
        notices.show(notices.notice_of(EngineJobError(reply.code, reply.text, reply.remedy)))


class ARTALK_OT_open_preferences(bpy.types.Operator):
    """Choose the Python that runs the engine"""

    bl_idname = "artalk.open_preferences"
    bl_label = "Set Up Engine"
    bl_options = {"INTERNAL"}

    def execute(self, _: bpy.types.Context) -> set[str]:
        """Open the add-on's preferences."""
        package = __package__.rpartition(".")[0]
        bpy.ops.screen.userpref_show("INVOKE_DEFAULT")
        bpy.ops.preferences.addon_show(module=package)
        return {"FINISHED"}
