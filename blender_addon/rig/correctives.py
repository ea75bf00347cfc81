# SPDX-License-Identifier: GPL-3.0-or-later
"""Pose correctives: shape keys that follow the rotation of the bones.

FLAME adds 36 directions, weighted by the entries of ``R - I`` of each joint but the root. Drivers
compute them from the bones, so that a jaw posed by hand is corrected like one of a take. Their
formulas are of the kind that Blender evaluates by itself: they need no permission to run Python.
"""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Quaternion
from numpy.typing import NDArray

from ..errors import RigError
from . import naming
from .foreign import CORRECTIVE, numbered_keys
from .head_file import Head
from .parts import RigParts
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
ASKEW = 1e-3  # of a direction's cosine: bones of others rest along FLAME's axes up to rounding
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


def drive_correctives(parts: RigParts) -> int:
    """Let the bones of a rig made by others drive its correctives ``Pose1`` to ``Pose36``.

    Args:
        parts: the rig.

    Returns:
        The number of shape keys that are driven now.

    Raises:
        RigError: if it has no such keys, has them animated already, or its bones rest askew.
    """
    names = numbered_keys(parts.keys, CORRECTIVE)[: 9 * (len(naming.JOINTS) - 1)]
    if not names:
        raise RigError(f"'{parts.rig.name}' has no shape keys 'Pose1' to 'Pose36'.", "It needs no correctives.")
    data = parts.keys.animation_data
    paths = {f'key_blocks["{bpy.utils.escape_identifier(name)}"].value' for name in names}
    if data is not None and any(curve.data_path in paths for curve in data.drivers):
        raise RigError(f"The correctives of '{parts.rig.name}' have drivers already.", "Remove them first.")
    formulas = [_formula(index, parts.rests[index // 9 + 1]) for index in range(len(names))]
    for index, name in enumerate(names):
        _drive(parts.keys.key_blocks[name], parts.rig, parts.bones[index // 9 + 1], *formulas[index])
    return len(names)


def _formula(index: int, rest: NDArray[np.float64]) -> tuple[str, str]:
    """Return a corrective's formula and which of the bone's own axes are FLAME's x, y and z."""
    turn = np.array(Quaternion(rest).to_matrix())
    if np.abs(np.abs(turn).max(axis=1) - 1.0).max() > ASKEW:
        raise RigError("The rig's bones rest askew to FLAME's axes.", "Import the head from its FLAME file instead.")
    axes = np.abs(turn).argmax(axis=1)
    formula = f"{_ENTRIES[index % 9]}/{_SQUARED_LENGTH}"
    for name, axis, row in zip("xyz", axes, turn, strict=True):
        if row[axis] < 0:
            formula = formula.replace(name, f"(-{name})")
    return formula, "W" + "".join("XYZ"[axis] for axis in axes)


def _drive(
    key: bpy.types.ShapeKey, rig: bpy.types.Object, bone: str, expression: str, components: str = "WXYZ"
) -> None:
    """Let a key follow a bone's rotation, whatever rotation mode the artist gives the bone."""
    driver = key.driver_add("value").driver
    driver.type = "SCRIPTED"
    for name, component in zip("wxyz", components, strict=True):
        variable = driver.variables.new()
        variable.name = name
        variable.type = "TRANSFORMS"
        target = variable.targets[0]
        target.id = rig
        target.bone_target = bone
        target.transform_space = "LOCAL_SPACE"
        target.transform_type = f"ROT_{component}"
        target.rotation_mode = "QUATERNION"
    driver.expression = expression
