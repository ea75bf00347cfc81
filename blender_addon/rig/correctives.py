# SPDX-License-Identifier: GPL-3.0-or-later
"""Pose correctives: shape keys that follow the rotation of the bones.

FLAME adds 36 directions, weighted by the entries of ``R - I`` of each joint but the root. Drivers
compute them from the bones, so that a jaw posed by hand is corrected like one of a take. Their
formulas are of the kind that Blender evaluates by itself: they need no permission to run Python.
"""

from __future__ import annotations

import bpy

from . import naming
from .head_file import Head
from .shape_keys import add_shape_key

# The entries of R - I, row by row, for the quaternion (w, x, y, z).
_ENTRIES = (
    "-2*(y*y+z*z)",
    "2*(x*y-w*z)",
    "2*(x*z+w*y)",
    "2*(x*y+w*z)",
    "-2*(x*x+z*z)",
    "2*(y*z-w*x)",
    "2*(x*z-w*y)",
    "2*(y*z+w*x)",
    "-2*(x*x+y*y)",
)
_SQUARED_LENGTH = "(w*w+x*x+y*y+z*z)"


def add_correctives(surface: bpy.types.Object, rig: bpy.types.Object, head: Head) -> None:
    """Add FLAME's 36 pose correctives to a mesh and let the bones drive them.

    Args:
        surface: the mesh object, with its Basis.
        rig: the armature object.
        head: holds the directions.
    """
    for index, direction in enumerate(head.correctives):
        joint, entry = divmod(index, 9)
        key = add_shape_key(surface, naming.corrective_name(index), head.vertices + direction)
        _drive(key, rig, naming.JOINTS[joint + 1], f"{_ENTRIES[entry]}/{_SQUARED_LENGTH}")


def _drive(key: bpy.types.ShapeKey, rig: bpy.types.Object, bone: str, expression: str) -> None:
    """Let a key follow a bone's rotation, whatever rotation mode the artist gives the bone."""
    driver = key.driver_add("value").driver
    driver.type = "SCRIPTED"
    for axis in "wxyz":
        variable = driver.variables.new()
        variable.name = axis
        variable.type = "TRANSFORMS"
        target = variable.targets[0]
        target.id = rig
        target.bone_target = bone
        target.transform_space = "LOCAL_SPACE"
        target.transform_type = f"ROT_{axis.upper()}"
        target.rotation_mode = "QUATERNION"
    driver.expression = expression
