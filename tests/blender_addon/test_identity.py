from __future__ import annotations

import numpy as np
import pytest

from tests.blender_addon.flame import flame_vertices
from tests.blender_addon.test_rig import WORST_MM, speak

bpy = pytest.importorskip("bpy")

from blender_addon import notices
from blender_addon.errors import IdentityError
from blender_addon.paths import builtin_head_file
from blender_addon.rig.build import build_rig
from blender_addon.rig.fidelity import worst_vertex_error_mm
from blender_addon.rig.head_file import load_head
from blender_addon.rig.identity import GRID, betas_of, set_betas
from blender_addon.rig.identity_file import load_betas
from blender_addon.rig.parts import rig_parts

BETAS = np.random.default_rng(5).normal(0.0, 1.0, 300)


def error_mm(parts, motion, betas, frames=(1.0,), path=None):
    expected = flame_vertices(path or builtin_head_file(), motion, betas)
    return worst_vertex_error_mm(parts.rig, bpy.context.scene, frames, expected)


def offsets(parts):
    """What each key adds to the Basis, in float32 as Blender holds it."""
    places = np.empty((len(parts.keys.key_blocks), 3 * 5023), np.float32)
    for key, row in zip(parts.keys.key_blocks, places, strict=True):
        key.points.foreach_get("co", row)
    return places - places[0]


def test_a_new_identity_equals_flames_and_leaves_every_keyframe_valid(head, motion):
    frames = speak(head, motion)[::7]
    for betas in (BETAS, -BETAS[:10]):
        set_betas(bpy.context, head.rig, betas)
        assert error_mm(head, motion[::7], betas, frames) <= WORST_MM


def test_how_expressions_move_joints_is_the_same_for_every_identity():
    first, second = load_head(builtin_head_file()), load_head(builtin_head_file(), BETAS)
    assert np.abs(first.joints - second.joints).max() > 1e-3
    np.testing.assert_array_equal(first.joint_offsets, second.joint_offsets)


def test_an_imported_flame_head_takes_other_identities_too(scene, flame_file, motion):
    parts = rig_parts(build_rig(bpy.context, load_head(flame_file, BETAS[:50]), "Imported"))
    np.testing.assert_allclose(betas_of(parts.keys)[:50], BETAS[:50])
    frames = speak(parts, motion[:5])
    set_betas(bpy.context, parts.rig, BETAS[::-1])
    assert error_mm(parts, motion[:5], BETAS[::-1], frames, flame_file) <= WORST_MM


def test_moving_sliders_again_and_again_adds_up_to_nothing(head):
    set_betas(bpy.context, head.rig, BETAS)
    set_betas(bpy.context, head.rig, np.zeros(0))
    before = offsets(head)
    random = np.random.default_rng(0)
    for _ in range(60):
        set_betas(bpy.context, head.rig, random.normal(0.0, 1.5, 300))
    set_betas(bpy.context, head.rig, np.zeros(0))
    assert np.abs(offsets(head) - before).max() <= GRID
    assert error_mm(head, np.zeros((1, 106), np.float32), np.zeros(0)) < 1e-4


def test_keys_of_the_artists_own_and_moved_bones_follow(head):
    freckles = head.surface.shape_key_add(name="freckles", from_mix=False)
    freckles.data[7].co.x += 0.01
    tail = head.rig.data.bones["jaw"].tail_local - head.rig.data.bones["jaw"].head_local
    set_betas(bpy.context, head.rig, BETAS)
    assert freckles.data[7].co.x - head.keys.key_blocks["Basis"].data[7].co.x == pytest.approx(0.01, abs=1e-7)
    jaw = head.rig.data.bones["jaw"]
    np.testing.assert_allclose(jaw.head_local, load_head(builtin_head_file(), BETAS).joints[2], atol=1e-6)
    np.testing.assert_allclose(jaw.tail_local - jaw.head_local, tail, atol=1e-6)


def test_sliders_show_and_set_what_is_baked(head):
    sliders = head.rig.artalk_identity
    sliders.beta_003 = 1.25
    assert betas_of(head.keys)[3] == pytest.approx(1.25)
    set_betas(bpy.context, head.rig, BETAS)
    assert sliders.beta_299 == pytest.approx(BETAS[299], abs=1e-6)
    assert error_mm(head, np.zeros((1, 106), np.float32), BETAS) <= WORST_MM


def test_buttons_reset_and_randomize_and_the_same_seed_gives_the_same_head(head):
    bpy.ops.artalk.randomize_identity(seed=3)
    first = betas_of(head.keys)
    assert np.abs(first).max() <= 3.0
    bpy.ops.artalk.randomize_identity(seed=4)
    assert not np.array_equal(betas_of(head.keys), first)
    bpy.ops.artalk.randomize_identity(seed=3)
    np.testing.assert_array_equal(betas_of(head.keys), first)
    bpy.ops.artalk.reset_identity()
    assert not betas_of(head.keys).any()


def test_an_identity_is_saved_with_the_file(head, tmp_path):
    bpy.ops.artalk.randomize_identity(seed=1)
    betas = betas_of(head.keys)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "head.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "head.blend"))
    parts = rig_parts(bpy.context.scene.artalk.rig)
    np.testing.assert_array_equal(betas_of(parts.keys), betas)
    assert error_mm(parts, np.zeros((1, 106), np.float32), betas) <= WORST_MM


def test_posing_and_selection_go_on_as_they_were(scene, head):
    other = bpy.data.objects.new("other", None)
    scene.collection.objects.link(other)
    bpy.context.view_layer.objects.active = other
    bpy.ops.artalk.randomize_identity(seed=1)
    assert bpy.context.view_layer.objects.active == other
    bpy.context.view_layer.objects.active = head.rig
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.artalk.randomize_identity(seed=2)
    assert bpy.context.mode == "POSE"


def test_an_identity_is_copied_from_a_motion_file(head, tmp_path):
    np.savez(tmp_path / "motion.npz", betas=np.stack([BETAS[:100], BETAS[:100]]), expression=np.zeros((2, 100)))
    bpy.ops.artalk.copy_identity(filepath=str(tmp_path / "motion.npz"))
    np.testing.assert_allclose(betas_of(head.keys)[:100], BETAS[:100])
    np.save(tmp_path / "betas.npy", BETAS[:10])
    np.testing.assert_array_equal(load_betas(tmp_path / "betas.npy"), BETAS[:10])


@pytest.mark.parametrize(
    "content", [{"expression": np.zeros(3)}, {"betas": np.array(["a"])}, {"betas": np.array([np.nan])}, None, b"text"]
)
def test_a_file_without_an_identity_says_so_and_changes_nothing(head, tmp_path, content):
    path = tmp_path / "motion.npz"
    if isinstance(content, dict):
        np.savez(path, **content)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(RuntimeError, match=r"motion\.npz"):
        bpy.ops.artalk.copy_identity(filepath=str(path))
    assert not betas_of(head.keys).any()


def refuse(rig, match):
    before = betas_of(rig_parts(rig).keys)
    with pytest.raises(IdentityError, match=match) as caught:
        set_betas(bpy.context, rig, BETAS)
    assert caught.value.remedy
    np.testing.assert_array_equal(betas_of(rig_parts(rig).keys), before)


def test_a_head_that_cannot_change_says_why_and_its_slider_does_too(scene, head, tmp_path):
    head.rig.hide_set(True)
    refuse(head.rig, "hidden")
    head.rig.artalk_identity.beta_000 = 1.0
    assert "hidden" in notices.shown().text
    head.rig.hide_set(False)
    bpy.context.view_layer.objects.active = head.surface
    bpy.ops.object.mode_set(mode="SCULPT")
    refuse(head.rig, "mode")
    bpy.ops.object.mode_set(mode="OBJECT")
    head.keys["artalk_head_file"] = str(tmp_path / "gone.npz")
    refuse(head.rig, "is gone")
    with pytest.raises(RuntimeError, match="gone"):
        bpy.ops.artalk.check_rig()


def test_a_mesh_with_other_vertices_is_left_alone(head):
    mesh = head.surface.data
    bpy.context.view_layer.objects.active = head.surface
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.subdivide()
    bpy.ops.object.mode_set(mode="OBJECT")
    assert len(mesh.vertices) > 5023
    refuse(head.rig, "vertices")


def test_a_linked_head_keeps_its_identity_and_says_where_to_change_it(scene, head, override_of):
    rig = override_of(head)
    refuse(rig, "linked from another file")


def test_one_undo_takes_a_new_identity_back(head):
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.artalk.randomize_identity("EXEC_DEFAULT", True, seed=1)
    bpy.ops.ed.undo()
    parts = rig_parts(bpy.context.scene.artalk.rig)
    assert not betas_of(parts.keys).any()
    assert error_mm(parts, np.zeros((1, 106), np.float32), np.zeros(0)) <= WORST_MM


def test_a_head_of_an_earlier_version_speaks_and_takes_another_identity(head, motion):
    for name in ("artalk_betas", "artalk_head_file", "artalk_traits"):
        del head.keys[name]
    jaw = head.rig.pose.bones["jaw"]
    jaw.constraints.remove(jaw.constraints[0])
    parts = rig_parts(head.rig)
    assert parts.pivots == ()
    frames = speak(parts, motion[:9])
    bpy.ops.artalk.randomize_identity(seed=1)
    betas = betas_of(head.keys)
    assert betas.any()
    assert error_mm(parts, motion[:9], betas, frames) <= WORST_MM


def test_a_head_whose_file_has_moved_is_given_it_again(scene, flame_file, motion, tmp_path):
    scene.artalk.rig = build_rig(bpy.context, load_head(flame_file, BETAS), "Imported")
    moved = flame_file.rename(tmp_path / "moved.npz")
    refuse(scene.artalk.rig, "is gone")
    assert bpy.ops.artalk.attach_flame(filepath=str(moved)) == {"FINISHED"}
    set_betas(bpy.context, scene.artalk.rig, -BETAS)
    parts = rig_parts(scene.artalk.rig)
    assert error_mm(parts, motion[:1] * 0, -BETAS, path=moved) <= WORST_MM
    with pytest.raises(RuntimeError, match="is not of head"):
        bpy.ops.artalk.attach_flame(filepath=str(builtin_head_file()))
    bpy.ops.artalk.create_head()
    with pytest.raises(RuntimeError, match="needs no file"):
        bpy.ops.artalk.attach_flame(filepath=str(moved))
