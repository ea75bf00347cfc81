from __future__ import annotations

import numpy as np
import pytest

from tests.blender_addon.flame import flame_vertices
from tests.blender_addon.test_rig import WORST_MM, speak

bpy = pytest.importorskip("bpy")

from mathutils import Quaternion

from blender_addon import notices
from blender_addon.errors import IdentityError
from blender_addon.paths import builtin_head_file
from blender_addon.rig import reference
from blender_addon.rig.build import build_rig
from blender_addon.rig.fidelity import check_frames, check_random_poses, evaluated_vertices, worst_vertex_error_mm
from blender_addon.rig.head_file import load_head
from blender_addon.rig.identity import set_betas
from blender_addon.rig.parts import rig_parts

TURNED = {1: np.array([0.2, -0.4, 0.1]), 3: np.array([0.1, 0.3, 0.0]), 4: np.array([-0.1, 0.25, 0.05])}  # by hand


def identities(count):
    return np.random.default_rng(11).normal(0.0, 1.0, (count, 300))


@pytest.fixture
def long_motion():
    random = np.random.default_rng(8)
    values = random.normal(0.0, 0.8, (200, 106)).astype(np.float32)
    values[:, 103:] *= 0.3
    return values


def test_two_hundred_frames_of_five_identities_equal_flame(scene, head, long_motion):
    frames = speak(head, long_motion)
    for start, betas in enumerate(identities(5)):
        set_betas(bpy.context, head.rig, betas)
        chosen = slice(start, None, 5)
        expected = flame_vertices(builtin_head_file(), long_motion[chosen], betas)
        assert worst_vertex_error_mm(head.rig, scene, frames[chosen], expected) <= WORST_MM


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "AXIS_ANGLE"])
def test_neck_and_eyes_posed_by_hand_over_a_take_equal_flame_though_joints_move(scene, flame_file, motion, mode):
    parts = rig_parts(build_rig(bpy.context, load_head(flame_file, identities(1)[0]), "Imported"))
    assert parts.pivots == ("root", "neck", "jaw", "eye_l", "eye_r")
    frames = speak(parts, motion)[::9]
    for joint, axis_angle in TURNED.items():
        bone = parts.rig.pose.bones[parts.bones[joint]]
        bone.rotation_mode = mode
        angle = np.linalg.norm(axis_angle)
        turn = Quaternion(axis_angle / angle, angle)
        bone.rotation_quaternion = turn
        bone.rotation_axis_angle = (angle, *(axis_angle / angle))
        bone.rotation_euler = turn.to_euler("XYZ")
    expected = flame_vertices(flame_file, motion[::9], identities(1)[0], TURNED)
    assert worst_vertex_error_mm(parts.rig, scene, frames, expected) <= WORST_MM


def test_between_keys_an_imported_head_stays_with_flame_though_its_joints_move(scene, flame_file):
    parts = rig_parts(build_rig(bpy.context, load_head(flame_file), "Imported"))
    random = np.random.default_rng(2)
    motion = np.zeros((20, 106), np.float32)
    motion[:, :100] = random.normal(0.0, 0.8, (20, 100))
    motion[:, 101], motion[:, 103] = np.linspace(-1.5, 1.5, 20), random.uniform(0.0, 0.4, 20)
    frames = speak(parts, motion)
    middles = (frames[1:] + frames[:-1]) / 2
    expected = flame_vertices(flame_file, (motion[1:] + motion[:-1]) / 2)  # each joint turns about one axis
    assert worst_vertex_error_mm(parts.rig, scene, middles, expected) <= WORST_MM


def test_the_reference_in_the_add_on_equals_flame_written_apart(flame_file, motion):
    head = load_head(flame_file, identities(1)[0])
    expected = flame_vertices(flame_file, motion[:3], identities(1)[0], TURNED)
    for frame, vertices in zip(motion, expected, strict=False):
        turns = np.stack([np.eye(3)] * 5)
        for joint, axis_angle in (TURNED | {0: frame[100:103], 2: frame[103:106]}).items():
            angle = float(np.linalg.norm(axis_angle))
            turns[joint] = np.array(Quaternion(axis_angle, angle).to_matrix())
        np.testing.assert_allclose(reference.flame_vertices(head, frame[:100], turns), vertices, atol=1e-7)


def test_a_check_finds_a_right_rig_right_and_leaves_it_as_it_was(scene, flame_file, motion):
    parts = rig_parts(build_rig(bpy.context, load_head(flame_file), "Imported"))
    speak(parts, motion)
    scene.frame_set(7)
    before = evaluated_vertices(parts.rig, scene, 7.0)
    for check in (check_frames(parts, scene, [1.0, 7.5, 30.0]), check_random_poses(parts, scene, 3)):
        assert 0 < check.worst_mm <= WORST_MM
        assert check.count == 3
    assert scene.frame_current == 7
    assert len(bpy.data.scenes) == 1
    np.testing.assert_array_equal(evaluated_vertices(parts.rig, scene, 7.0), before)


def test_a_check_names_the_vertex_and_the_frame_that_are_wrong(scene, head, motion):
    speak(head, motion)
    head.keys.key_blocks["lip_close"].data[1234].co.z += 0.01
    check = check_frames(head, scene, np.arange(1, 51))
    weights = np.abs(motion[:, 0])
    assert check.vertex == 1234
    assert check.frame == 1 + weights.argmax()
    assert check.worst_mm == pytest.approx(10 * weights.max(), rel=1e-3)


def test_the_button_says_what_it_found(scene, head, motion):
    assert bpy.ops.artalk.check_rig(count=2) == {"FINISHED"}
    assert "over 2 poses" in notices.shown().text
    speak(head, motion)
    assert bpy.ops.artalk.check_rig(count=3) == {"FINISHED"}
    assert "over 3 frames" in notices.shown().text
    head.surface.modifiers["Armature"].use_deform_preserve_volume = True
    with pytest.raises(RuntimeError, match="vertex"):
        bpy.ops.artalk.check_rig(count=3)


def test_what_the_artist_added_to_the_mesh_does_not_keep_it_from_being_checked(scene, head, motion):
    speak(head, motion)
    head.surface.modifiers.new("Subdivision", "SUBSURF")
    head.surface.modifiers.new("Decimate", "DECIMATE").ratio = 0.5
    head.surface.modifiers.move(2, 0)
    assert check_frames(head, scene, [2.0, 30.0]).worst_mm <= WORST_MM
    assert check_random_poses(head, scene, 2).worst_mm <= WORST_MM
    assert all(modifier.show_viewport for modifier in head.surface.modifiers)


def test_a_rig_whose_file_is_unknown_cannot_be_checked_and_says_so(scene, head):
    del head.keys["artalk_head_file"]
    check_random_poses(head, scene, 1)  # the built-in head needs no telling
    head.rig["artalk_rig"] = "flame"
    with pytest.raises(IdentityError, match="does not know"):
        check_random_poses(head, scene, 1)
    assert len(bpy.data.scenes) == 1
