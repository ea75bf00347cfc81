# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Clips of a body: import, export, and what the engine can do with them."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper

from bridge.clip_file import load_clip, save_clip
from bridge.errors import BridgeError

from .. import jobs
from ..body import reasons
from ..body.bones import body_bones
from ..body.exporting import export_clip, whole_clip
from ..body.face import expressions_note, face_at, playing_take, with_face
from ..body.importing import ImportOptions, import_clip
from ..body.recoding import ACTIONS, WITH_FILE, RecodeOrder
from ..body.settings import UP_AXES
from ..body.together import together_note
from ..errors import AddonError
from ..notices import Notice
from ..preferences import engine_device, engine_python
from ..reasons import no_recoding
from ..rig.parts import rig_parts
from ..takes import timeline
from .reporting import Explained, report, report_error

CLIP_FILTER = "*.npz"
LATEST_START = 500_000.0  # Blender knows a million frames, and tells sixteenths of those apart


class ARTALK_OT_import_clip(Explained, bpy.types.Operator, ImportHelper):
    """Let the body move as a clip of BEAT2, EMAGE or AMASS (.npz) does. Other animation is kept"""

    bl_idname = "artalk.import_clip"
    bl_label = "Import Clip"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".npz"
    check_extension = None  # any ending is taken as it is
    filter_glob: bpy.props.StringProperty(default=CLIP_FILTER, options={"HIDDEN"})
    start_frame: bpy.props.FloatProperty(
        name="Start Frame",
        description="Scene frame of the clip's first frame",
        min=-LATEST_START,
        max=LATEST_START,
        default=1.0,
        precision=2,
        step=100,
    )
    root_motion: bpy.props.BoolProperty(
        name="Root Motion", description="Let the body walk about, rather than move up and down in place", default=True
    )
    up_axis: bpy.props.EnumProperty(name="Up", description="Which axis of the clip points up", items=UP_AXES)
    fps: bpy.props.FloatProperty(
        name="Rate if Unknown",
        description="Frames a second of a file that does not say so; zero to refuse such a file",
        min=0.0,
        soft_max=120.0,
        precision=3,
    )

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no clip can be imported."""
        return reasons.no_body(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Import the clip."""
        scene = context.scene
        path = Path(bpy.path.abspath(self.filepath)).absolute()
        try:
            bones = body_bones(scene.artalk_body.rig)
            clip = load_clip(path, self.fps or None, None if self.up_axis == "AUTO" else self.up_axis)
            done = import_clip(scene, bones, clip, path.stem, ImportOptions(self.start_frame, self.root_motion))
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)
        said = f"{len(clip.poses)} frames of {path.name} on frames {self.start_frame:g} to {done.last:g}."
        return report(self, Notice(" ".join([said, *done.notes, *together_note(scene)])))


class ARTALK_OT_export_clip(Explained, bpy.types.Operator, ExportHelper):
    """Save the body's motion as a clip that programs of EMAGE's family read, as Blender shows it"""

    bl_idname = "artalk.export_clip"
    bl_label = "Export Clip"
    bl_options = {"REGISTER"}

    filename_ext = ".npz"
    filter_glob: bpy.props.StringProperty(default=CLIP_FILTER, options={"HIDDEN"})
    fps: bpy.props.FloatProperty(
        name="Rate", description="Frames a second; zero for the clip's own, or 30", min=0.0, soft_max=120.0, precision=3
    )
    has_face: bpy.props.BoolProperty(
        name="With the Take's Face",
        description="Replace the clip's jaw and expressions by those of the take that plays on the head",
    )

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why nothing can be exported."""
        return reasons.no_body(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Sample the motion and save it."""
        scene = context.scene
        path = Path(bpy.path.abspath(self.filepath)).absolute()
        notes = []
        try:
            bones = body_bones(scene.artalk_body.rig)
            wanted = whole_clip(scene, bones.rig, self.fps)
            clip = export_clip(scene, bones, wanted)
            if self.has_face:
                parts = rig_parts(scene.artalk.rig)
                face = face_at(parts, playing_take(parts), wanted.frames(timeline.rate_of(scene)))
                clip = with_face(clip, face, parts.kind)
                notes = [*together_note(scene), expressions_note(parts.kind)]
            save_clip(path, clip)
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)
        said = f"{len(clip.poses)} frames at {clip.fps:g} a second in {path.name}."
        return report(self, Notice(" ".join([said, *notes])))


class ARTALK_OT_recode_clip(Explained, bpy.types.Operator):
    """Let the engine work on the clip; the result is another clip on the same body"""

    bl_idname = "artalk.recode_clip"
    bl_label = "Change Clip"
    # The job adds its step to the undo history when it is over, long after a button's operator.
    bl_options = {"REGISTER"}

    action: bpy.props.EnumProperty(name="Action", items=ACTIONS)
    filepath: bpy.props.StringProperty(
        name="File", description="The clip that follows, or the file of tokens", subtype="FILE_PATH"
    )

    @classmethod
    def description(cls, _: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the tooltip of each action."""
        return next(text for name, _, text in ACTIONS if name == properties.action)

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why the engine cannot work on the clip."""
        return no_recoding(context)

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        """Ask for a file where one is needed; then begin, and let the user go on working."""
        self.is_beside = not bpy.app.background  # background Blender has no timers
        if self.action in WITH_FILE and not bpy.app.background:
            context.window_manager.fileselect_add(self)
            return {"RUNNING_MODAL"}
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin, and for scripts wait for the end."""
        try:
            order = recode_order(context, self.action, self.filepath)
            if getattr(self, "is_beside", False):
                jobs.start(order, engine_python(context))
                return {"FINISHED"}
            return report(self, jobs.run(order, engine_python(context)))
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)


def recode_order(context: bpy.types.Context, action: str, file: str) -> RecodeOrder:
    """Return what the panel's settings ask for."""
    settings = context.scene.artalk_body
    return RecodeOrder(
        body_uid=settings.rig.session_uid,
        scene_uid=context.scene.session_uid,
        action=action,
        file=Path(bpy.path.abspath(file)).absolute() if file else None,
        layers=settings.layers,
        smooth=settings.smooth,
        checkpoint=Path(bpy.path.abspath(settings.checkpoint)).absolute() if settings.checkpoint else None,
        device=engine_device(context),
    )


CLASSES = (ARTALK_OT_import_clip, ARTALK_OT_export_clip, ARTALK_OT_recode_clip)
