# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Bodies: add one, let it carry a talking head, and let head and body share face and turn."""

from __future__ import annotations

import bpy

from ..body import reasons
from ..body.attach import attach_head, detach_head
from ..body.bones import body_bones
from ..body.settings import bake_turn
from ..body.skeleton import build_skeleton
from ..body.together import face_take
from ..errors import AddonError
from ..notices import Notice
from ..rig.parts import rig_parts
from .reporting import Explained, report, report_error


class ARTALK_OT_add_body(Explained, bpy.types.Operator):
    """Add a plain body with SMPL-X's 55 joints, for clips to move"""

    bl_idname = "artalk.add_body"
    bl_label = "Add Body"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no body can be added."""
        return reasons.no_new_body(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the body."""
        context.scene.artalk_body.rig = build_skeleton(context)
        return {"FINISHED"}


class ARTALK_OT_attach_head(Explained, bpy.types.Operator):
    """Put the talking head on the body's neck, so that the body turns and carries it"""

    bl_idname = "artalk.attach_head"
    bl_label = "Attach Head"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why the head cannot be attached."""
        return reasons.no_attaching(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Attach the head."""
        try:
            attach_head(rig_parts(context.scene.artalk.rig), body_bones(context.scene.artalk_body.rig))
        except AddonError as exc:
            return report_error(self, exc)
        return {"FINISHED"}


class ARTALK_OT_detach_head(Explained, bpy.types.Operator):
    """Take the head off the body, to where it was before"""

    bl_idname = "artalk.detach_head"
    bl_label = "Detach Head"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why the head cannot be detached."""
        return reasons.no_detaching(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Detach the head."""
        try:
            detach_head(rig_parts(context.scene.artalk.rig))
        except AddonError as exc:
            return report_error(self, exc)
        return {"FINISHED"}


class ARTALK_OT_bake_head_turn(Explained, bpy.types.Operator):
    """Key neck and head of the body anew, as after another take was chosen"""

    bl_idname = "artalk.bake_head_turn"
    bl_label = "Bake Head Turn"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why the head's turn cannot be baked."""
        return reasons.no_clip(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Bake it."""
        settings = context.scene.artalk_body
        try:
            bake_turn(settings, settings.head_turn)
        except AddonError as exc:
            return report_error(self, exc)
        return {"FINISHED"}


class ARTALK_OT_take_from_clip(Explained, bpy.types.Operator):
    """Let the head show the clip's face, as a new take. Earlier takes are kept"""

    bl_idname = "artalk.take_from_clip"
    bl_label = "Face from Clip"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why the clip's face cannot be taken."""
        return reasons.no_face_from_clip(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the take."""
        try:
            return report(self, Notice(face_take(context.scene)))
        except AddonError as exc:
            return report_error(self, exc)


CLASSES = (
    ARTALK_OT_add_body,
    ARTALK_OT_attach_head,
    ARTALK_OT_detach_head,
    ARTALK_OT_bake_head_turn,
    ARTALK_OT_take_from_clip,
)
