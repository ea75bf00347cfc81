# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell a rig which FLAME file it is of: one made by others, or one whose file has moved."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from . import naming
from .foreign import SHAPE, numbered_keys
from .head_file import Head
from .parts import RigParts

SAME_M = 1e-4  # metres: a rig and its file differ by rounding alone


def attach_flame(parts: RigParts, head: Head) -> None:
    """Keep a FLAME file with the shape keys of a rig; nothing that can be seen changes.

    A rig made by others learns how expressions move FLAME's joints; without that, a take turns its
    bones about their heads.

    Args:
        parts: the rig.
        head: its FLAME file, with the identity that is baked into the rig.

    Raises:
        RigError: if the rig is not of that file.
    """
    _check(parts, head)
    if parts.is_foreign:
        _keep_joints(parts, head)
    parts.keys[naming.HEAD_FILE] = str(head.path)


def _keep_joints(parts: RigParts, head: Head) -> None:
    shapes, expressions = len(numbered_keys(parts.keys, SHAPE)), len(parts.expression_keys)
    if head.identities.shape[2] < shapes or len(head.expressions) < expressions:
        raise RigError(f"{head.path.name} has fewer directions than '{parts.rig.name}'.", "Choose the rig's own file.")
    moves = np.einsum("jv,vcs->jcs", head.regressor, head.identities[..., :shapes])
    arrays = {
        naming.JOINT_OFFSETS: head.joint_offsets[..., :expressions],
        naming.JOINTS_AT_REST: head.joints,
        naming.SHAPE_JOINT_OFFSETS: moves,
    }
    for name, array in arrays.items():
        parts.keys.pop(name, None)  # bytes that replace bytes would end at their first zero
        parts.keys[name] = np.ascontiguousarray(array, "<f4").tobytes()


def _check(parts: RigParts, head: Head) -> None:
    name, file_name = parts.rig.name, head.path.name
    if parts.kind == naming.BUILTIN:
        raise RigError(f"'{name}' is the built-in head and needs no file.", "Nothing has to be done.")
    if len(head.vertices) != len(parts.surface.data.vertices):
        text = f"'{name}' has {len(parts.surface.data.vertices)} vertices and {file_name} {len(head.vertices)}."
        raise RigError(text, "Choose the FLAME file that the rig is of.")
    first = parts.keys.key_blocks[parts.expression_keys[0]]
    basis = _places(first.relative_key)
    differs = np.abs(basis @ parts.axes - head.vertices).max() > SAME_M
    differs |= np.abs((_places(first) - basis) @ parts.axes - head.expressions[0]).max() > SAME_M
    if differs:
        text = f"'{name}' is not of {file_name}: its vertices or its first expression differ."
        raise RigError(text, "Choose the FLAME file that the rig is of.")


def _places(key: bpy.types.ShapeKey) -> NDArray[np.float64]:
    places = np.empty(3 * len(key.data), np.float32)
    key.points.foreach_get("co", places)
    return places.reshape(-1, 3).astype(np.float64)
