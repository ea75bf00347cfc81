# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Blinks, keys, quality and motion files of the take that plays."""

from __future__ import annotations

import json
from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper

from bridge.errors import BridgeError

from .. import notices, reasons
from ..errors import AddonError, ExchangeError
from ..rig.parts import RigParts, rig_parts
from ..takes.editing import (
    change_edits,
    edits_of,
    reduce_take,
    refuse_if_changed,
    take_quality,
    with_blink,
    without_blink,
)
from ..takes.edits import Edits
from ..takes.motion_files import export_motion, import_motion
from ..takes.record import take_details
from ..takes.take import current_take, rebake
from .reporting import Explained, report, report_error
from .takes import TakeOperator, ask_before_loss

ENDINGS = (
    (".npz", "NumPy (.npz)", "Everything, small and exact"),
    (".json", "JSON (.json)", "Text for programs"),
    (".csv", "Table (.csv)", "Text for spreadsheets"),
    (".pt", "PyTorch (.pt)", "As ARTalk itself writes motion; for FLAME heads"),
)


class ARTALK_OT_add_blink(TakeOperator, bpy.types.Operator):
    """Shut the eyes for a blink on this frame"""

    bl_idname = "artalk.add_blink"
    bl_label = "Add Blink"

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no blink can be added."""
        return reasons.no_blinking(context)

    def change(self, scene: bpy.types.Scene, _: RigParts, action: bpy.types.Action) -> str:
        """Add it."""
        change_edits(action, with_blink(edits_of(action), second_of(scene, action)))
        return ""


class ARTALK_OT_remove_blink(TakeOperator, bpy.types.Operator):
    """Take away the blink on this frame"""

    bl_idname = "artalk.remove_blink"
    bl_label = "Remove Blink"

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no blink can be taken away."""
        return reasons.no_blinking(context)

    def change(self, scene: bpy.types.Scene, _: RigParts, action: bpy.types.Action) -> str:
        """Take it away."""
        change_edits(action, without_blink(action, second_of(scene, action)))
        return ""


class ARTALK_OT_reset_edits(TakeOperator, bpy.types.Operator):
    """Put all sliders back: the take shows its motion as the engine made it. Keys changed by hand are kept from it"""

    bl_idname = "artalk.reset_edits"
    bl_label = "Reset Edits"

    def change(self, _: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> str:
        """Bake the raw motion."""
        refuse_if_changed(parts, action)
        rebake(parts, action, Edits().mapping)
        return ""


class ARTALK_OT_reduce_keys(TakeOperator, bpy.types.Operator):
    """Leave out keys as long as the face stays where it is. Asks before changes by hand are lost"""

    bl_idname = "artalk.reduce_keys"
    bl_label = "Reduce Keys"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first where something would be lost."""
        return ask_before_loss(self, context, event)

    def change(self, _: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> str:
        """Reduce them."""
        from ..takes.reduction import Bound

        found = reduce_take(parts, action, Bound.of(action.artalk_editing.key_bound_mm))
        return f"{found.after} of {found.before} keys are left."


class ARTALK_OT_all_keys(TakeOperator, bpy.types.Operator):
    """Write every key of this take again. Asks before changes by hand are lost"""

    bl_idname = "artalk.all_keys"
    bl_label = "All Keys"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first where something would be lost."""
        return ask_before_loss(self, context, event)

    def change(self, _: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> str:
        """Bake the take anew."""
        rebake(parts, action)
        return ""


class ARTALK_OT_go_to_frame(bpy.types.Operator):
    """Go to the frame on which this can be seen"""

    bl_idname = "artalk.go_to_frame"
    bl_label = "Go to Frame"
    bl_options = {"INTERNAL"}

    frame: bpy.props.FloatProperty(name="Frame")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Go there."""
        context.scene.frame_set(round(self.frame))
        return {"FINISHED"}


class ARTALK_OT_export_quality(TakeOperator, bpy.types.Operator, ExportHelper):
    """Write what was found about this take's motion as JSON"""

    bl_idname = "artalk.export_quality"
    bl_label = "Export Report"
    bl_options = {"REGISTER"}

    filename_ext = ".json"
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why there is no report."""
        return reasons.no_take(context)

    def change(self, _: bpy.types.Scene, __: RigParts, action: bpy.types.Action) -> str:
        """Write it."""
        path = Path(bpy.path.abspath(self.filepath))
        text = json.dumps({"take": action.name, **take_quality(action).mapping()}, indent=2, ensure_ascii=False)
        try:
            path.write_text(text + "\n", encoding="utf-8")
        except OSError as exc:
            reason = exc.strerror or exc
            raise ExchangeError(
                f"{path} cannot be written ({reason}).", "Choose a folder that you may write to."
            ) from exc
        return f"The report is in {path.name}."


class ARTALK_OT_import_motion(Explained, bpy.types.Operator, ImportHelper):
    """Make a take of a motion file: .npz, .json, .csv, or PyTorch's .pt"""

    bl_idname = "artalk.import_motion"
    bl_label = "Import Motion"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".npz"
    check_extension = None  # any of the endings is taken as it is
    filter_glob: bpy.props.StringProperty(default="*.npz;*.json;*.csv;*.pt;*.pth", options={"HIDDEN"})

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no motion can be imported."""
        return reasons.no_importing(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the take."""
        scene, settings = context.scene, context.scene.artalk
        path = Path(bpy.path.abspath(self.filepath)).absolute()
        try:
            action = import_motion(scene, rig_parts(settings.rig), path, settings.start_frame)
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)
        return report(self, notices.Notice(f"{path.name} is now '{action.name}'."))


class ARTALK_OT_export_motion(Explained, bpy.types.Operator, ExportHelper):
    """Write this take's motion, edits included, as a file. Keys changed by hand are not in it"""

    bl_idname = "artalk.export_motion"
    bl_label = "Export Motion"
    bl_options = {"REGISTER"}

    ending: bpy.props.EnumProperty(name="Format", description="Kind of file", items=ENDINGS)
    filter_glob: bpy.props.StringProperty(default="*.npz;*.json;*.csv;*.pt", options={"HIDDEN"})

    @property
    def filename_ext(self) -> str:
        """The ending that the chosen format has; the file browser asks for it."""
        return str(self.ending)

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no motion can be exported."""
        return reasons.no_take(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        path = Path(bpy.path.abspath(self.filepath)).absolute()
        try:
            parts = rig_parts(context.scene.artalk.rig)
            count = export_motion(parts, current_take(parts.rig), path)
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)
        return report(self, notices.Notice(f"{count} frames of motion are in {path.name}."))


def second_of(scene: bpy.types.Scene, action: bpy.types.Action) -> float:
    """Return the second of a take's motion at the playhead."""
    details = take_details(action)
    return float((scene.frame_current_final - details.start) / details.rate_hz)


CLASSES = (
    ARTALK_OT_add_blink,
    ARTALK_OT_remove_blink,
    ARTALK_OT_reset_edits,
    ARTALK_OT_reduce_keys,
    ARTALK_OT_all_keys,
    ARTALK_OT_go_to_frame,
    ARTALK_OT_export_quality,
    ARTALK_OT_import_motion,
    ARTALK_OT_export_motion,
)
