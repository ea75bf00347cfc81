from __future__ import annotations

import numpy as np
import pytest

from tests.blender_addon.flame import flame_vertices

bpy = pytest.importorskip("bpy")

from blender_addon.errors import HeadFileError, RigError
from blender_addon.paths import builtin_head_file
from blender_addon.rig.build import build_rig
from blender_addon.rig.fidelity import evaluated_vertices, worst_vertex_error_mm
from blender_addon.rig.head_file import load_head
from blender_addon.rig.parts import is_rig, rig_parts
from blender_addon.takes.record import TakeDetails
from blender_addon.takes.take import fill_take, new_take
from blender_addon.timing import key_frames

WORST_MM = 0.01


def speak(parts, motion, rate=25.0, start=1.0):
    """Put a take on a rig and return the scene frames of its keys."""
    take, _ = new_take(parts, 1, (1, 250))
    fill_take(parts, take, TakeDetails(parts.rig_id, parts.kind, 1, start=start, rate_hz=rate), motion)
    return key_frames(len(motion), rate, start)


def test_the_evaluated_head_equals_flame(scene, head, motion):
    frames = speak(head, motion)
    error = worst_vertex_error_mm(head.rig, scene, frames, flame_vertices(builtin_head_file(), motion))
    assert error <= WORST_MM


def test_any_head_in_flames_format_equals_flame_with_an_identity_and_moving_joints(scene, flame_file, motion):
    betas = np.random.default_rng(5).normal(0, 1.5, 300)
    parts = rig_parts(build_rig(bpy.context, load_head(flame_file, betas), "Foreign"))
    assert parts.kind == "flame"
    assert np.abs(parts.joint_offsets).max() > 1e-4
    frames = speak(parts, motion)
    error = worst_vertex_error_mm(parts.rig, scene, frames, flame_vertices(flame_file, motion, betas))
    assert error <= WORST_MM


def test_between_keys_the_head_stays_with_flame_turned_the_short_way(scene, head, motion):
    turning = np.zeros((40, 106), np.float32)
    turning[:, 101] = np.linspace(-3.0, 3.0, 40)  # past the angle where axis-angle vectors jump
    turning[:, 103] = np.linspace(0.0, 0.3, 40)
    frames = speak(head, turning)
    halves = (turning[1:] + turning[:-1]) / 2  # one axis each, so the middle rotation is the mean
    middles = (frames[1:] + frames[:-1]) / 2
    error = worst_vertex_error_mm(head.rig, scene, middles, flame_vertices(builtin_head_file(), halves))
    assert error <= WORST_MM


def test_a_jaw_posed_by_hand_is_corrected_in_any_rotation_mode(scene, head):
    motion = np.zeros((1, 106), np.float32)
    motion[0, 103] = 0.3
    jaw = head.rig.pose.bones["jaw"]
    jaw.rotation_mode = "XYZ"
    jaw.rotation_euler.x = 0.3
    error = worst_vertex_error_mm(head.rig, scene, [1.0], flame_vertices(builtin_head_file(), motion))
    assert error <= WORST_MM


def test_keys_are_called_as_the_heads_file_calls_them(head):
    assert head.expression_keys[:2] == ("lip_close", "lip_press")
    assert head.expression_keys[36:] == tuple(f"expression_{index:03d}" for index in range(36, 100))
    assert len(head.keys.key_blocks) == 1 + 100 + 36
    assert all(key.slider_min == -10 and key.slider_max == 10 and key.value == 0 for key in head.keys.key_blocks[1:])


def test_correctives_need_no_permission_to_run_python(head):
    drivers = head.keys.animation_data.drivers
    assert len(drivers) == 36
    assert all(driver.driver.is_simple_expression for driver in drivers)


def test_bones_rest_unrotated_under_one_turned_object(head):
    assert [bone.name for bone in head.rig.data.bones] == ["root", "neck", "jaw", "eye_l", "eye_r"]
    for bone in head.rig.data.bones:
        np.testing.assert_array_equal(np.array(bone.matrix_local.to_3x3()), np.eye(3))
    assert tuple(head.rig.rotation_euler) == pytest.approx((np.pi / 2, 0, 0))
    assert head.surface.parent == head.rig


def test_regions_are_vertex_groups_that_do_not_deform(head):
    groups = {group.name for group in head.surface.vertex_groups}
    assert {"region_lips", "region_teeth", "region_eye_l", "jaw", "eye_l"} <= groups
    assert "lips" not in groups


def test_two_heads_live_side_by_side(scene, head, motion):
    bpy.ops.artalk.create_head()
    second = rig_parts(scene.artalk.rig)
    assert second.rig != head.rig
    assert second.rig_id != head.rig_id
    speak(second, motion)
    still = evaluated_vertices(head.rig, scene, 10.0)
    np.testing.assert_allclose(still, load_head(builtin_head_file()).vertices, atol=1e-6)


def test_a_head_survives_renaming_and_keys_of_the_artists_own(scene, head, motion):
    head.rig.name, head.surface.name = "Anna", "Anna's face"
    head.surface.shape_key_add(name="freckles", from_mix=False)
    frames = speak(rig_parts(head.rig), motion)
    error = worst_vertex_error_mm(head.rig, scene, frames[:5], flame_vertices(builtin_head_file(), motion[:5]))
    assert error <= WORST_MM


def test_a_head_without_a_mesh_or_a_key_says_so(head):
    key = head.keys.key_blocks["blink_l"]
    head.surface.shape_key_remove(key)
    with pytest.raises(RigError, match="lacks 'blink_l'"):
        rig_parts(head.rig)
    bpy.data.objects.remove(head.surface)
    with pytest.raises(RigError, match="lost its mesh"):
        rig_parts(head.rig)


def test_nothing_and_a_foreign_armature_are_no_heads(scene):
    other = bpy.data.objects.new("other", bpy.data.armatures.new("other"))
    assert not is_rig(None)
    assert not is_rig(other)
    for thing in (None, other):
        with pytest.raises(RigError):
            rig_parts(thing)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 broken"])
def test_a_damaged_file_is_refused_with_one_sentence(tmp_path, content):
    path = tmp_path / "head.npz"
    path.write_bytes(content)
    with pytest.raises(HeadFileError) as caught:
        load_head(path)
    assert str(path) in str(caught.value)
    assert caught.value.remedy


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(HeadFileError, match="no such file"):
        load_head(tmp_path / "nowhere.npz")


@pytest.mark.parametrize("broken", ["v_template", "shapedirs", "weights", "f"])
def test_an_archive_that_is_no_head_is_refused(tmp_path, broken):
    with np.load(builtin_head_file()) as archive:
        arrays = {name: archive[name] for name in archive.files if name != broken}
    np.savez(tmp_path / "head.npz", **arrays)
    with pytest.raises(HeadFileError, match=f"lacks {broken}"):
        load_head(tmp_path / "head.npz")
    np.savez(tmp_path / "head.npz", **arrays, **{broken: np.zeros((2, 2))})
    with pytest.raises(HeadFileError, match=f"{broken} is"):
        load_head(tmp_path / "head.npz")


def test_an_archive_with_pickled_objects_is_refused(tmp_path):
    np.savez(tmp_path / "head.npz", v_template=np.array([object()], dtype=object))
    with pytest.raises(HeadFileError):
        load_head(tmp_path / "head.npz")


def test_creating_a_head_needs_object_mode_and_says_so(scene, head):
    bpy.ops.object.mode_set(mode="POSE")
    with pytest.raises(RuntimeError, match="Object Mode"):
        bpy.ops.artalk.create_head()


def test_a_head_is_created_where_the_active_collection_is_hidden(scene):
    hidden = bpy.data.collections.new("hidden")
    scene.collection.children.link(hidden)
    layer = bpy.context.view_layer.layer_collection.children["hidden"]
    bpy.context.view_layer.active_layer_collection = layer
    layer.exclude = True
    bpy.ops.artalk.create_head()
    assert rig_parts(scene.artalk.rig).rig.visible_get()
