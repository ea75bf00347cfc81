"""The engine's own glTF in Blender: the same vertices, and keys at the motion's own times."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from mathutils.kdtree import KDTree

from blender_addon import actions

pytestmark = pytest.mark.blender

FRAMES = 13
WRITE = """
import sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from artalk_engine.render.gltf import write_gltf
from artalk_engine.render.heads import load_head
folder, random = Path(sys.argv[1]), np.random.default_rng(5)
motion = np.zeros((13, 106), np.float32)
motion[:, :36] = random.uniform(0, 0.6, (13, 36))
motion[:, 100:103] = random.normal(0, 0.3, (13, 3))
motion[:, 103] = random.uniform(0, 0.3, 13)
head = load_head("builtin", None)
write_gltf(folder / "head.glb", [motion], Fraction(25), head)
np.save(folder / "vertices.npy", head.vertices(motion).numpy())
"""


@pytest.fixture
def imported(scene, engine_python, tmp_path):
    """The scene with the head imported at 25 frames a second, and the vertices that it should have."""
    subprocess.run([engine_python, "-c", WRITE, str(tmp_path)], check=True, timeout=300)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 25
    assert bpy.ops.import_scene.gltf(filepath=str(tmp_path / "head.glb")) == {"FINISHED"}
    y_up = np.load(tmp_path / "vertices.npy")
    return bpy.context.scene, np.stack([y_up[..., 0], -y_up[..., 2], y_up[..., 1]], axis=-1)


def surface_of(scene):
    return max((thing for thing in scene.objects if thing.type == "MESH"), key=lambda t: len(t.data.vertices))


def test_every_vertex_of_every_frame_is_where_flame_puts_it(imported):
    scene, expected = imported
    surface = surface_of(scene)
    for (
        key
    ) in surface.data.shape_keys.key_blocks:  # the values are whole; Blender's importer leaves ranges that cut them
        key.slider_min, key.slider_max = -10, 10
    found = np.stack([vertices_at(scene, surface, frame) for frame in range(FRAMES)])
    tree = KDTree(len(expected[0]))
    for number, place in enumerate(expected[0]):
        tree.insert(place, number)
    tree.balance()
    nearest = [tree.find(place)[1] for place in found[0]]
    assert set(nearest) == set(range(len(expected[0])))
    assert np.linalg.norm(found - expected[:, nearest], axis=2).max() * 1000 < 0.01


def vertices_at(scene, surface, frame):
    scene.frame_set(frame)
    evaluated = surface.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = evaluated.to_mesh()
    local = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", local)
    matrix = np.array(evaluated.matrix_world, np.float64)
    evaluated.to_mesh_clear()
    return local.reshape(-1, 3).astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]


def test_keys_lie_at_the_motions_times_within_a_millisecond(imported):
    scene, _ = imported
    keys = surface_of(scene).data.shape_keys
    curves = actions.curve_owner(keys.animation_data.action, keys).fcurves
    frames = np.array([point.co.x for point in curves[0].keyframe_points])
    np.testing.assert_allclose(frames / 25, np.arange(FRAMES) / 25, atol=0.001)


def test_sliders_and_bones_have_the_names_of_the_add_ons_rig(imported):
    scene, _ = imported
    names = [block.name for block in surface_of(scene).data.shape_keys.key_blocks]
    assert {"corrective_jaw_12", "corrective_jaw_21"} <= set(names)
    assert len(names) == 1 + 36 + 2
    rig = next(thing for thing in scene.objects if thing.type == "ARMATURE")
    assert {bone.name for bone in rig.data.bones} == {"root", "neck", "jaw", "eye_l", "eye_r"}


def test_normals_are_smooth_and_point_outwards(imported):
    scene, _ = imported
    mesh = surface_of(scene).data
    normals = np.empty(3 * len(mesh.loops), np.float32)
    mesh.corner_normals.foreach_get("vector", normals)
    faces = np.repeat([np.array(polygon.normal) for polygon in mesh.polygons], 3, axis=0)
    assert np.percentile((normals.reshape(-1, 3) * faces).sum(axis=1), 5) > 0.5
