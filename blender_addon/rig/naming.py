# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in the rig that the take's curves, the drivers and the artist rely on.

An expression key is called what the head's file calls its direction, such as ``lip_close``;
a direction without a name is ``expression_036``, by its index in FLAME. A rig keeps the list of
these names in their order with its shape keys, so that a key of the artist's own between them
does no harm. Bones have FLAME's joint names; groups of faces and vertices that name a region
begin with ``region_``, because a vertex group named like a bone would deform with it.
"""

from __future__ import annotations

from collections.abc import Sequence

JOINTS = ("root", "neck", "jaw", "eye_l", "eye_r")  # FLAME's joints, in its order
PARENTS = (-1, 0, 1, 1, 1)  # of each joint, its parent's index

RIG_KIND = "artalk_rig"  # on the armature object: "builtin" or "flame"
RIG_ID = "artalk_id"  # on the armature object: by this the rig's takes know it, whatever its name
EXPRESSION_KEYS = "artalk_expression_keys"  # on the shape keys: JSON list of names
JOINT_OFFSETS = "artalk_joint_offsets"  # on the shape keys: [J, 3, E] float32, bytes
JOINTS_AT_REST = "artalk_joints"  # on the shape keys of a rig made by others: [J, 3] float32, bytes
SHAPE_JOINT_OFFSETS = "artalk_shape_joint_offsets"  # likewise: [J, 3, S] float32, bytes
HEAD_FILE = "artalk_head_file"  # on the shape keys: path of the head's .npz; BUILTIN for the one shipped
BUILTIN = "builtin"
BETAS = "artalk_betas"  # on the shape keys: list of the identity's coefficients
TRAITS = "artalk_traits"  # on the shape keys: JSON list of the first coefficients' names
PIVOT = "Joint drift"  # constraint of a bone: turns it about where the expression has moved its joint


def expression_names(count: int, units: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of ``count`` expression keys; the first ones are ``units``."""
    return (*units[:count], *(f"expression_{index:03d}" for index in range(len(units), count)))


def corrective_name(index: int) -> str:
    """Return the name of a pose corrective: its joint and the entry of the joint's matrix.

    Correctives are numbered as in FLAME: nine a joint from the neck on, the rotation matrix
    row by row.
    """
    joint, entry = divmod(index, 9)
    return f"corrective_{JOINTS[joint + 1]}_{entry // 3}{entry % 3}"


def region_group(region: str) -> str:
    """Return the name of a region's vertex group."""
    return f"region_{region}"
