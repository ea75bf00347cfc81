# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a rig's mesh, shape keys and bones once, and keep what editing works out from them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import bpy
import numpy as np
from mathutils import Quaternion
from numpy.typing import NDArray

from ..paths import builtin_head_file
from ..rig import naming
from ..rig.foreign import CORRECTIVE, SHAPE, numbered_keys
from ..rig.head_file import CORRECTIVES
from ..rig.parts import RigParts
from ..steps import Steps, finish
from .edits import Edits, edited_motion, turned_bones
from .face_model import FaceModel
from .face_ruler import Indices
from .face_tools import FaceTools

Floats = NDArray[np.float32]

_FEW_VERTICES = 250  # whose weights are read in a millisecond
_known: dict[int, tuple[int, FaceTools]] = {}  # by the shape keys' session identifier: fingerprint and tools


def face_tools(parts: RigParts) -> FaceTools:
    """Return the tools to edit a rig's takes with; worked out again only when its identity changes."""
    return finish(face_tools_in_steps(parts))


def face_tools_in_steps(parts: RigParts) -> Steps[FaceTools]:
    """Work out :func:`face_tools` a few milliseconds at a time."""
    rest = _rest(parts)
    shown = zlib.crc32(rest.tobytes(), zlib.crc32("|".join(parts.expression_keys).encode()))
    uid = parts.keys.session_uid
    if uid not in _known or _known[uid][0] != shown:
        tools = yield from _tools(parts, rest)
        if uid not in _known or _known[uid][0] != shown:  # somebody else may have been faster
            _known[uid] = shown, tools
    return _known[uid][1]


def edited(
    parts: RigParts, edits: Mapping[str, object], raw: NDArray[np.float32]
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float64]]]:
    """Return a take's motion as it is shown, and the rotations of further joints that its edits turn.

    Args:
        parts: the rig.
        edits: as the take keeps them; ``{}`` gives the raw motion.
        raw: ``[T, 106]`` at 25 frames a second, as the engine made it.

    Raises:
        TakeError: if the edits cannot be read.
    """
    wanted = Edits.of(edits)
    if wanted == Edits():
        return raw, {}
    tools = face_tools(parts)
    return edited_motion(raw, wanted, tools), turned_bones(raw, wanted, tools)


def _tools(parts: RigParts, rest: Floats) -> Steps[FaceTools]:
    count = len(rest)
    directions = yield from _directions(parts, parts.expression_keys)
    correctives = yield from _directions(parts, _corrective_keys(parts))
    weights = yield from _weights(parts, count)
    bones = [parts.rig.data.bones[bone] for bone in parts.bones]
    model = FaceModel(
        kind=parts.kind,
        rest=_turned(rest, parts),
        directions=directions,
        correctives=correctives,
        weights=weights,
        joints=np.array([bone.head_local for bone in bones], np.float32) @ _to_flame(parts).T,
        joint_offsets=parts.joint_offsets.astype(np.float32),
        expression_names=parts.expression_keys,
    )
    return FaceTools.of(model, *_named_pairs(parts, count))


def _rest(parts: RigParts) -> Floats:
    """Return the vertices of the rig's identity ``[V, 3]`` in the mesh's own axes."""
    basis = _coordinates(parts.keys.reference_key)
    for name in numbered_keys(parts.keys, SHAPE) if parts.is_foreign else ():
        key = parts.keys.key_blocks[name]
        if key.value and not key.mute:
            basis = basis + np.float32(key.value) * (_coordinates(key) - _coordinates(key.relative_key))
    return basis


def _directions(parts: RigParts, names: tuple[str, ...]) -> Steps[Floats]:
    """Return what one unit of each key moves, ``[V, 3, N]`` metres in FLAME's axes."""
    directions = np.empty((len(parts.surface.data.vertices), 3, len(names)), np.float32)
    for index, name in enumerate(names):
        key = parts.keys.key_blocks[name]
        moved = _coordinates(key) - _coordinates(key.relative_key)
        directions[..., index] = _turned(moved, parts, is_place=False)
        yield
    return directions


def _corrective_keys(parts: RigParts) -> tuple[str, ...]:
    if not parts.is_foreign:
        return tuple(naming.corrective_name(index) for index in range(CORRECTIVES))
    return numbered_keys(parts.keys, CORRECTIVE)


def _coordinates(key: bpy.types.ShapeKey) -> Floats:
    places = np.empty(3 * len(key.data), np.float32)
    key.points.foreach_get("co", places)
    return places.reshape(-1, 3)


def _to_flame(parts: RigParts) -> Floats:
    """Return the rotation ``[3, 3]`` from the armature's axes to FLAME's."""
    bone = parts.rig.data.bones[parts.bones[0]].matrix_local.to_quaternion()
    return np.array((Quaternion(parts.rests[0]) @ bone.inverted()).to_matrix(), np.float32)


def _turned(places: Floats, parts: RigParts, is_place: bool = True) -> Floats:
    """Turn ``[V, 3]`` places, or directions, of the mesh into FLAME's axes."""
    to_rig = np.array(parts.rig.matrix_world.inverted() @ parts.surface.matrix_world, np.float32)
    moved = places @ to_rig[:3, :3].T + (to_rig[:3, 3] if is_place else np.float32(0.0))
    return np.asarray(moved @ _to_flame(parts).T, np.float32)


def _weights(parts: RigParts, count: int) -> Steps[Floats]:
    """Return how far each vertex follows each joint, ``[V, J]``, rows summing to one."""
    columns = {
        parts.surface.vertex_groups[bone].index: joint
        for joint, bone in enumerate(parts.bones)
        if bone in parts.surface.vertex_groups
    }
    weights = np.zeros((count, len(parts.bones)), np.float32)
    for first in range(0, count, _FEW_VERTICES):
        for vertex in parts.surface.data.vertices[first : first + _FEW_VERTICES]:
            for group in vertex.groups:
                if group.group in columns:
                    weights[vertex.index, columns[group.group]] = group.weight
        yield
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-6))


def _named_pairs(parts: RigParts, count: int) -> tuple[Indices | None, Indices | None]:
    """Return the opposite vertices of lips and lids that the head's file names; ``None`` where it names none."""
    source = parts.keys.get(naming.HEAD_FILE, naming.BUILTIN if parts.kind == naming.BUILTIN else "")
    path = builtin_head_file() if source == naming.BUILTIN else Path(str(source))
    try:
        with np.load(path, allow_pickle=False) as arrays:
            pairs = [np.asarray(arrays[name], np.int64) for name in ("lip_seam", "lid_seam")]
    except (OSError, ValueError, KeyError):
        return None, None
    return (pairs[0], pairs[1]) if max(pair.max() for pair in pairs) < count else (None, None)
