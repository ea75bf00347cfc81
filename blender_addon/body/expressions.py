# SPDX-License-Identifier: GPL-3.0-or-later
"""The expression keys of a SMPL-X mesh that hangs on a body: a clip's expressions are keyed there too.

Where Actions have slots, the clip's own Action holds these curves as well. Before, a second Action holds
them, and the first one knows it.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import actions
from ..rig.foreign import EXPRESSION, numbered_keys
from .record import is_clip

Floats = NDArray[np.float64]

FACE_SLOT = "Face"
FACE_ACTION = "artalk_clip_face"  # on the Action, before slots: the one of the expression keys
RANGE = 10.0  # of a key's slider; Blender allows no more


@dataclass(frozen=True, eq=False)
class BodyFace:
    """The expression keys of a body's mesh.

    Attributes:
        keys: the mesh's shape keys.
        names: ``[E]`` of the expression keys, in SMPL-X's order; older models have ten.
    """

    keys: bpy.types.Key
    names: tuple[str, ...]


def body_face(rig: bpy.types.Object) -> BodyFace | None:
    """Return the expression keys of a body's mesh, ``None`` where it has none that can be animated."""
    for child in rig.children:
        keys = child.data.shape_keys if child.type == "MESH" else None
        if keys is not None and keys.library is None:
            names = numbered_keys(keys, EXPRESSION)
            if names:
                return BodyFace(keys, names)
    return None


def write_expressions(action: bpy.types.Action, face: BodyFace, frames: Floats, expressions: Floats) -> None:
    """Key expressions.

    Args:
        action: the clip's.
        face: of the body's mesh.
        frames: ``[T]`` scene frames.
        expressions: ``[T, 100]``; those without a key are left out.
    """
    own = action
    if not actions.HAS_SLOTS:
        own = action[FACE_ACTION] = bpy.data.actions.new(f"{action.name} · face")
        own.use_fake_user = True
    owner = actions.curve_owner(own, face.keys, FACE_SLOT)
    for name, values in zip(face.names, expressions.T, strict=False):
        block = face.keys.key_blocks[name]
        block.slider_min, block.slider_max = -RANGE, RANGE
        path = f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'
        actions.write_curve(owner, path, 0, frames, values)
    face.keys.update_tag()


def play_expressions(action: bpy.types.Action, face: BodyFace, frames: tuple[float, float]) -> str:
    """Let a clip's expressions play.

    Args:
        action: the clip's.
        face: of the body's mesh.
        frames: the scene's first and last frame.

    Returns:
        The name of the artist's Action that had to move to an NLA track, or ``""``.
    """
    moved = "" if stop_expressions(face) else actions.push_down(face.keys, frames)
    actions.assign(face.keys, action.get(FACE_ACTION) or action, FACE_SLOT)
    return moved


def stop_expressions(face: BodyFace) -> bool:
    """Let no clip's expressions play; return ``False`` and do nothing where the artist's own Action does."""
    data = face.keys.animation_data
    playing = data.action if data is not None else None
    is_ours = playing is None or is_clip(playing) or any(it.get(FACE_ACTION) == playing for it in bpy.data.actions)
    if is_ours:
        actions.release(face.keys)
    return is_ours


def read_expressions(face: BodyFace, depsgraph: bpy.types.Depsgraph) -> Floats:
    """Return the values ``[E]`` of the expression keys on the current frame."""
    blocks = face.keys.evaluated_get(depsgraph).key_blocks
    return np.array([blocks[name].value for name in face.names])
