"""Bodies for tests: armatures with SMPL-X's joints that others might have made, and a clip to move them."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np
from mathutils import Matrix

from blender_addon.body.skeleton import joint_places
from bridge.body import JOINTS, PARENTS
from bridge.clip import Clip

Y_UP = np.eye(3)
Z_UP = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])  # columns: left, up, front


def armature(
    name: str = "Other",
    rename: Callable[[str], str] = str,
    leave_out: tuple[str, ...] = (),
    axes: np.ndarray = Z_UP,
    size: float = 1.0,
    has_root: bool = True,
    seed: int | None = None,
) -> bpy.types.Object:
    """Build an armature with SMPL-X's joints; with a seed, every bone has a rest rotation of its own."""
    random = np.random.default_rng(seed)
    data = bpy.data.armatures.new(name)
    rig = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    if has_root:
        root = data.edit_bones.new("root")
        root.head, root.tail = (0, 0, 0), axes @ (0, 0.1, 0)
    made = {}
    for index, (joint, place) in enumerate(zip(JOINTS, joint_places(), strict=True)):
        if joint in leave_out:
            continue
        bone = data.edit_bones.new(rename(joint))
        direction = random.normal(size=3) if seed is not None else axes[:, 1]
        bone.head = axes @ place * size
        bone.tail = axes @ place * size + direction / np.linalg.norm(direction) * 0.05 * size
        bone.roll = float(random.uniform(-3, 3)) if seed is not None else 0.0
        above = PARENTS[index]
        while above >= 0 and above not in made:
            above = PARENTS[above]
        bone.parent = made[above] if above >= 0 else (root if has_root else None)
        made[index] = bone
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def expected_matrices(clip: Clip, frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Return by plain kinematics the rotations ``[55, 3, 3]`` and places ``[55, 3]`` of joints in the world, Y up."""
    turns, places = [], []
    rest = joint_places()
    for joint, parent in enumerate(PARENTS):
        x, y, z = clip.poses[frame, joint]
        angle = float(np.linalg.norm((x, y, z)))
        turn = np.array(Matrix.Rotation(angle, 3, (x, y, z))) if angle else np.eye(3)
        if parent < 0:
            turns.append(turn)
            places.append(rest[0] + clip.trans[frame])
        else:
            turns.append(turns[parent] @ turn)
            places.append(places[parent] + turns[parent] @ (rest[joint] - rest[parent]))
    return np.array(turns), np.array(places)


def give_expression_keys(rig: bpy.types.Object, count: int = 100) -> bpy.types.Key:
    """Hang a mesh with keys Exp000.. on an armature, as the common add-on does; return its shape keys."""
    mesh = bpy.data.meshes.new("SMPLX-mesh")
    mesh.from_pydata([(0, 0, 0), (0, 0, 1), (0, 1, 0)], [], [(0, 1, 2)])
    surface = bpy.data.objects.new("SMPLX-mesh", mesh)
    bpy.context.scene.collection.objects.link(surface)
    surface.parent = rig
    surface.shape_key_add(name="Basis")
    for number in range(count):
        surface.shape_key_add(name=f"Exp{number:03d}", from_mix=False).value = 0.0
    return mesh.shape_keys
