# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Create a head: the built-in one, or any in FLAME's format."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from .. import notices, reasons
from ..errors import AddonError
from ..paths import builtin_head_file
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

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the head."""
        return _create(self, context, builtin_head_file(), "Head")


class ARTALK_OT_import_head(Explained, bpy.types.Operator, ImportHelper):
    """Add a head with its rig from a file in FLAME's format"""

    bl_idname = "artalk.import_head"
    bl_label = "Import Head"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".npz"
    filter_glob: bpy.props.StringProperty(default="*.npz", options={"HIDDEN"})

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no head can be created."""
        return reasons.no_head(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the head."""
        path = Path(bpy.path.abspath(self.filepath))
        return _create(self, context, path, bpy.path.display_name(path.stem, has_ext=False))


def _create(operator: bpy.types.Operator, context: bpy.types.Context, path: Path, name: str) -> set[str]:
    try:
        rig = build_rig(context, load_head(path), name)
    except AddonError as exc:
        return report_error(operator, exc)
    context.scene.artalk.rig = rig
    notices.dismiss()
    return {"FINISHED"}
