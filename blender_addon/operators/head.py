# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Create a head: the built-in one, or any in FLAME's format."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from bridge.errors import BridgeError
from bridge.messages import LoadRig, RigReady

from .. import jobs, notices, reasons
from ..engine_process import engine
from ..errors import AddonError
from ..paths import builtin_head_file
from ..preferences import engine_python
from ..rig.build import build_rig
from ..rig.head_file import load_head
from .reporting import Explained, report_error


class ARTALK_OT_create_head(Explained, bpy.types.Operator):
    """Add the built-in head with its rig and materials"""

    bl_idname = "artalk.create_head"
    bl_label = "Create Head"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no head can be created."""
        return reasons.no_head(context)

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        """Add the head, and bring it before the user's eyes: in a new scene it would be a dot."""
        done = self.execute(context)
        if "FINISHED" in done:
            _look_at_selected(context)
        return done

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the head."""
        return _create(self, context, builtin_head_file(), "Head")


class ARTALK_OT_import_head(Explained, bpy.types.Operator, ImportHelper):
    """Add a head with its rig from a FLAME file: .npz, or with the engine's help .pkl, .pt or .safetensors"""

    bl_idname = "artalk.import_head"
    bl_label = "Import Head"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".npz"
    check_extension = None  # any ending is taken as it is
    filter_glob: bpy.props.StringProperty(default="*.npz;*.pkl;*.pt;*.pth;*.safetensors", options={"HIDDEN"})

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no head can be imported."""
        return "The engine is at work" if jobs.current() is not None else reasons.no_head(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the head."""
        path = Path(bpy.path.abspath(self.filepath)).absolute()
        try:
            arrays = plain_arrays(context, path)
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)
        return _create(self, context, arrays, path.stem)


def plain_arrays(context: bpy.types.Context, path: Path) -> Path:
    """Return a FLAME file as an ``.npz`` of plain arrays.

    The engine converts a file of another kind; nothing in it is executed.

    Raises:
        AddonError: if the engine cannot be started.
        BridgeError: if the file is no FLAME model.
    """
    if path.suffix.lower() == ".npz":
        return path
    engine.start(engine_python(context))
    reply = engine.ask(LoadRig(str(path)))
    assert isinstance(reply, RigReady)  # noqa: S101 - the protocol lets nothing else answer
    return Path(reply.path)


def _look_at_selected(context: bpy.types.Context) -> None:
    """Let the 3D view whose button was pressed show what is selected, with its children."""
    area = context.area
    if area is None or area.type != "VIEW_3D":
        return
    region = next(each for each in area.regions if each.type == "WINDOW")
    children = [each for thing in context.selected_objects for each in thing.children_recursive]
    for child in children:
        child.select_set(True)
    with context.temp_override(region=region):
        bpy.ops.view3d.view_selected()
    for child in children:
        child.select_set(False)


def _create(operator: bpy.types.Operator, context: bpy.types.Context, path: Path, name: str) -> set[str]:
    try:
        rig = build_rig(context, load_head(path), name)
    except AddonError as exc:
        return report_error(operator, exc)
    context.scene.artalk.rig = rig
    notices.settle()
    return {"FINISHED"}
