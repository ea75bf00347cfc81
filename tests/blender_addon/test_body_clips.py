from __future__ import annotations

import dataclasses

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from mathutils import Matrix

from blender_addon import actions
from blender_addon.body.bones import body_bones
from blender_addon.body.exporting import ExportRange, export_clip, whole_clip
from blender_addon.body.figure import FIGURE_HEAD
from blender_addon.body.importing import ImportOptions, bone_path, import_clip
from blender_addon.body.names import joints_of
from blender_addon.body.record import clip_details, current_clip, source_clip
from blender_addon.body.skeleton import build_skeleton, joint_places
from blender_addon.errors import BodyError
from blender_addon.takes import timeline
from bridge import rotations as rot
from bridge.body import JOINTS
from bridge.clip import upright
from bridge.clip_file import load_clip, save_clip
from tests.blender_addon.bodies import Y_UP, armature, expected_matrices, give_expression_keys
from tests.bridge.small_clip import small_clip

DEGREES, MILLIMETRES = 0.01, 0.01


@pytest.fixture
def body(scene):
    scene.render.fps = 30
    return build_skeleton(bpy.context)


def worst(first, second):
    """Largest rotation between two clips in degrees, largest distance in millimetres."""
    turn = rot.angle_between(rot.from_axis_angle(first.poses), rot.from_axis_angle(second.poses))
    return np.degrees(turn.max()), 1000 * np.abs(first.trans - second.trans).max()


def put(rig, clip, **options):
    return import_clip(bpy.context.scene, body_bones(rig), clip, "walk", ImportOptions(**options))


def joint_matrix(rig, name, frame):
    bpy.context.scene.frame_set(frame)
    return np.array(rig.matrix_world @ rig.pose.bones[name].matrix)


@pytest.mark.parametrize("has_face", [True, False])
def test_a_clip_comes_back_from_blender_as_it_went_in(scene, body, tmp_path, has_face):
    clip = small_clip(120, with_face=has_face)
    save_clip(tmp_path / "in.npz", clip)
    put(body, load_clip(tmp_path / "in.npz"))
    save_clip(tmp_path / "out.npz", export_clip(scene, body_bones(body), whole_clip(scene, body)))
    again = load_clip(tmp_path / "out.npz")
    degrees, millimetres = worst(again, clip)
    assert degrees <= DEGREES
    assert millimetres <= MILLIMETRES
    np.testing.assert_allclose(again.expressions, clip.expressions if has_face else 0.0)
    np.testing.assert_allclose(again.betas, clip.betas, atol=1e-6)
    assert (again.fps, again.gender) == (30.0, "female")


@pytest.mark.parametrize(
    "build",
    [
        pytest.param({}, id="the common add-on's, below a root bone"),
        pytest.param({"seed": 3}, id="bones with any rest rotation"),
        pytest.param({"axes": Y_UP, "seed": 4, "size": 100.0}, id="centimetres with Y up"),
        pytest.param({"leave_out": ("spine2", "left_collar", "jaw", "right_ring2"), "seed": 5}, id="joints missing"),
    ],
)
def test_every_joint_points_where_the_clip_has_it(scene, build):
    scene.render.fps = 30
    rig = armature(**build)
    if build.get("size"):
        rig.scale = (0.01,) * 3
        rig.rotation_euler.x = np.pi / 2
    bpy.context.view_layer.update()
    bones = body_bones(rig)
    clip = small_clip(12)
    put(rig, clip)
    rest = {name: np.array(rig.matrix_world @ rig.data.bones[name].matrix_local) for name in bones.names.values()}
    to_z_up = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
    for frame in (0, 7, 11):
        turns, places = expected_matrices(clip, frame)
        for joint, name in bones.names.items():
            matrix = joint_matrix(rig, name, frame + 1)
            turned = matrix[:3, :3] @ np.linalg.inv(rest[name][:3, :3])
            np.testing.assert_allclose(turned, to_z_up @ turns[joint] @ to_z_up.T, atol=3e-5)
            if len(bones.names) == len(JOINTS):
                np.testing.assert_allclose(matrix[:3, 3], to_z_up @ places[joint], atol=2e-5)


def test_a_clip_of_amass_stands_where_it_would_with_y_up(scene, body):
    clip = small_clip(10)
    turn = np.broadcast_to(rot.from_axis_angle(np.array([np.pi / 2, 0.0, 0.0])), (10, 4))
    pelvis = joint_places()[0]
    poses = clip.poses.copy()
    poses[:, 0] = rot.to_axis_angle(rot.multiply(turn, rot.from_axis_angle(poses[:, 0])))
    trans = rot.rotate(turn, clip.trans + pelvis) - pelvis
    amass = dataclasses.replace(clip, poses=poses, trans=trans, up_axis="Z")
    put(body, amass)
    _, places = expected_matrices(clip, 4)
    np.testing.assert_allclose(joint_matrix(body, "head", 5)[:3, 3], places[15][[0, 2, 1]] * (1, -1, 1), atol=1e-5)


@pytest.mark.parametrize(("fps", "base"), [(24, 1.0), (30, 1.001), (60, 1.0)])
def test_at_another_rate_keys_lie_on_whole_frames_and_the_body_keeps_its_pace(scene, body, fps, base):
    scene.render.fps, scene.render.fps_base = fps, base
    rate = timeline.rate_of(scene)
    clip = small_clip(91, fps=30.0)
    done = put(body, clip, start=11.0)
    owner = actions.curve_owner(done.action, body, "Body")
    frames = [point.co.x for point in owner.fcurves.find(bone_path("head", "rotation_quaternion")).keyframe_points]
    assert frames == [11.0 + index for index in range(len(frames))]
    assert 11.0 + 3.0 * rate <= done.last < 12.0 + 3.0 * rate
    again = export_clip(scene, body_bones(body), ExportRange(11.0, 91, 30.0))
    degrees, millimetres = worst(again, clip)
    assert degrees < 1.5
    assert millimetres < 1.0
    assert any("became the scene's" in note for note in done.notes)


def test_without_root_motion_the_body_moves_up_and_down_only(scene, body):
    clip = small_clip(30)
    clip = dataclasses.replace(clip, trans=clip.trans + np.linspace(0, 0.2, 30)[:, None])
    put(body, clip, has_root_motion=False)
    exported = export_clip(scene, body_bones(body), whole_clip(scene, body))
    np.testing.assert_allclose(exported.trans[:, [0, 2]], 0.0, atol=1e-6)
    np.testing.assert_allclose(exported.trans[:, 1], clip.trans[:, 1], atol=1e-6)


def test_quaternions_never_jump_and_are_linear_between_keys(body):
    clip = small_clip(60)
    poses = clip.poses.copy()
    poses[:, 0] = np.linspace(0, 12, 60)[:, None] * (0.0, 1.0, 0.0)
    done = put(body, dataclasses.replace(clip, poses=poses))
    owner = actions.curve_owner(done.action, body, "Body")
    values = np.empty((60, 4))
    for index in range(4):
        points = owner.fcurves.find(bone_path("pelvis", "rotation_quaternion"), index=index).keyframe_points
        values[:, index] = [point.co.y for point in points]
        assert {point.interpolation for point in points} == {"LINEAR"}
    assert (np.sum(values[1:] * values[:-1], axis=1) > 0.5).all()


def test_the_artists_animation_is_set_aside_and_an_earlier_clip_is_kept(scene, body):
    walk = bpy.data.actions.new("my walk")
    actions.assign(body, walk)
    actions.write_curve(actions.curve_owner(walk, body), "location", 0, np.array([1.0, 9.0]), np.array([0.0, 2.0]))
    first = put(body, small_clip(10))
    assert any("my walk" in note for note in first.notes)
    scene.frame_set(9)
    assert body.location.x == pytest.approx(2.0)
    second = put(body, small_clip(10, seed=1))
    assert current_clip(body) == second.action
    assert first.action.name in bpy.data.actions
    assert len(body.animation_data.nla_tracks) == 1


def test_constraints_and_changes_by_hand_are_exported(scene, body):
    clip = small_clip(10)
    put(body, clip)
    limit = body.pose.bones["left_elbow"].constraints.new("LIMIT_ROTATION")
    limit.owner_space = "LOCAL"
    limit.use_limit_x = limit.use_limit_y = limit.use_limit_z = True
    exported = export_clip(scene, body_bones(body), whole_clip(scene, body))
    np.testing.assert_allclose(exported.poses[:, JOINTS.index("left_elbow")], 0.0, atol=1e-6)
    other = [joint for joint in range(55) if JOINTS[joint] != "left_elbow"]
    np.testing.assert_allclose(exported.poses[:, other], clip.poses[:, other], atol=1e-5)


@pytest.mark.parametrize("count", [100, 10])
def test_expressions_play_on_the_bodys_own_mesh_and_come_back_as_changed(scene, count):
    scene.render.fps = 30
    rig = armature()
    keys = give_expression_keys(rig, count)
    clip = small_clip(12)
    clip = dataclasses.replace(clip, expressions=2 * clip.expressions)  # beyond a new key's own range
    put(rig, clip)
    scene.frame_set(6)
    shown = [keys.key_blocks[f"Exp{number:03d}"].value for number in range(count)]
    np.testing.assert_allclose(shown, clip.expressions[5, :count], atol=1e-6)
    for curve in list(actions.curve_owner(keys.animation_data.action, keys, "Face").fcurves):
        if curve.data_path == 'key_blocks["Exp002"].value':
            actions.write_curve(actions.curve_owner(keys.animation_data.action, keys, "Face"), curve.data_path, 0,
                                np.array([1.0, 12.0]), np.array([1.0, 1.0]))  # fmt: skip
    exported = export_clip(scene, body_bones(rig), whole_clip(scene, rig)).expressions
    np.testing.assert_allclose(exported[:, 2], 1.0)
    others = [number for number in range(100) if number != 2]
    np.testing.assert_allclose(exported[:, others], clip.expressions[:, others], atol=1e-6)


def test_a_clip_without_expressions_ends_those_of_the_clip_before_but_not_the_artists(scene):
    rig = armature()
    keys = give_expression_keys(rig)
    put(rig, small_clip(5))
    assert keys.animation_data.action is not None
    put(rig, small_clip(5, with_face=False))
    assert keys.animation_data.action is None
    smile = bpy.data.actions.new("my smile")
    actions.assign(keys, smile)
    actions.write_curve(actions.curve_owner(smile, keys), 'key_blocks["Exp001"].value', 0, np.array([1.0]), np.ones(1))
    put(rig, small_clip(5, with_face=False))
    assert keys.animation_data.action == smile
    done = put(rig, small_clip(5))
    assert any("my smile" in note for note in done.notes)
    assert len(keys.animation_data.nla_tracks) == 1


def test_a_body_without_a_clip_is_exported_over_the_scenes_range(scene, body):
    scene.frame_start, scene.frame_end = 1, 31
    body.pose.bones["neck"].rotation_quaternion = (0.8, 0.0, 0.6, 0.0)
    clip = export_clip(scene, body_bones(body), whole_clip(scene, body, 15.0))
    assert (len(clip.poses), clip.fps, clip.expressions) == (16, 15.0, None)
    np.testing.assert_allclose(clip.poses[:, JOINTS.index("neck"), 1], 2 * np.arccos(0.8), atol=1e-6)


def test_exporting_leaves_the_scene_on_its_frame_and_needs_two_frames(scene, body):
    put(body, small_clip(10))
    scene.frame_set(4, subframe=0.25)
    export_clip(scene, body_bones(body), whole_clip(scene, body))
    assert (scene.frame_current, scene.frame_subframe) == (4, 0.25)
    with pytest.raises(BodyError, match="less than two frames"):
        export_clip(scene, body_bones(body), ExportRange(1.0, 1, 30.0))


def test_a_body_that_shows_its_rest_position_is_not_exported_as_still(scene, body):
    put(body, small_clip(5))
    body.data.pose_position = "REST"
    with pytest.raises(BodyError, match="rest position"):
        export_clip(scene, body_bones(body), whole_clip(scene, body))


def test_a_library_override_of_a_body_can_be_animated(scene, body, tmp_path):
    collection = bpy.data.collections.new("character")
    for thing in (body, *body.children):
        collection.objects.link(thing)
    bpy.data.libraries.write(str(tmp_path / "library.blend"), {collection})
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = 30
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.collections = ["character"]
    override = wanted.collections[0].override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)
    rig, clip = override.objects["Body"], small_clip(10)
    put(rig, clip)
    degrees, millimetres = worst(export_clip(scene, body_bones(rig), whole_clip(scene, rig)), clip)
    assert degrees <= DEGREES
    assert millimetres <= MILLIMETRES


def test_what_is_kept_with_a_clip_survives_saving_and_loading(scene, body, tmp_path):
    clip = small_clip(20)
    action = put(body, clip, start=5.5).action
    kept = clip_details(action)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    action = current_clip(bpy.data.objects["Body"])
    assert clip_details(action) == kept
    assert kept.start == 5.5
    again = source_clip(action)
    assert worst(again, clip)[0] < 1e-4
    np.testing.assert_array_equal(again.expressions, clip.expressions)


NAMES = [
    ("left_hip", "left_hip"),
    ("L_Hip", "left_hip"),
    ("hip.L", "left_hip"),
    ("LeftHip", "left_hip"),
    ("lefthip", "left_hip"),
    ("m_avg_R_Wrist", "right_wrist"),
    ("SMPLX:Pelvis", "pelvis"),
    ("right_eye", "right_eye_smplhf"),
    ("Spine3", "spine3"),
    ("spine_1", "spine1"),
    ("LIndex2", "left_index2"),
    ("thumb3.R", "right_thumb3"),
    ("Jaw", "jaw"),
]


@pytest.mark.parametrize(("name", "joint"), NAMES)
def test_a_joint_is_known_by_any_of_its_spellings(name, joint):
    assert joints_of([name]) == {JOINTS.index(joint): name}


@pytest.mark.parametrize("name", ["root", "hip", "left", "tail", "left_heel", "spine", "index1", "Bone.001", ""])
def test_other_bones_are_no_joints(name):
    assert joints_of([name]) == {}


def test_of_two_bones_for_a_joint_the_plainer_one_is_taken():
    assert joints_of(["ctrl_head", "head", "mch_org_head"]) == {JOINTS.index("head"): "head"}


def test_missing_bones_are_said_with_what_was_found(scene):
    scene.render.fps = 30
    rig = armature(leave_out=("jaw", "spine2"))
    done = put(rig, small_clip(5))
    assert any("53 of 55 joints and lacks spine2, jaw" in note for note in done.notes)


def test_arms_that_rest_down_are_said(scene):
    rig = armature()
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    rig.data.edit_bones["left_elbow"].head.z -= 0.25
    bpy.ops.object.mode_set(mode="OBJECT")
    assert any("43 degrees from the T pose" in note for note in body_bones(rig).notes)


def test_armatures_that_are_no_bodies_say_what_they_lack(scene):
    with pytest.raises(BodyError, match="No body is chosen"):
        body_bones(None)
    with pytest.raises(BodyError, match="is not an armature"):
        body_bones(bpy.data.objects.new("Cube", None))
    with pytest.raises(BodyError, match=r"0 of its 56 bones .* lacks pelvis, left_hip"):
        body_bones(armature(rename=lambda joint: f"bone {JOINTS.index(joint)}"))


def test_a_body_in_edit_mode_or_linked_is_refused(scene, body, tmp_path):
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(BodyError, match="is being edited"):
        body_bones(body)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.data.libraries.write(str(tmp_path / "library.blend"), {body})
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.objects = ["Body"]
    with pytest.raises(BodyError, match="linked") as caught:
        body_bones(wanted.objects[0])
    assert "override" in caught.value.remedy


def test_the_plain_body_stands_on_the_floor_and_is_as_wide_as_tall(scene, body):
    bpy.context.view_layer.update()
    layer = bpy.context.evaluated_depsgraph_get()
    corners = []
    for child in body.children:
        evaluated = child.evaluated_get(layer)
        mesh = evaluated.to_mesh()
        corners += [evaluated.matrix_world @ vertex.co for vertex in mesh.vertices]
        evaluated.to_mesh_clear()
    places = np.array(corners)
    low, high = places.min(axis=0), places.max(axis=0)
    assert abs(low[2]) < 0.01
    assert 1.6 < high[2] < 1.8
    assert 0.9 < (high[0] - low[0]) / high[2] < 1.1
    np.testing.assert_allclose(places[:, 0].mean(), 0.0, atol=1e-4)
    assert sum(FIGURE_HEAD in child for child in body.children) == 1


def test_the_plain_bodys_bones_have_the_axes_of_smplx(body):
    bones = body_bones(body)
    assert not bones.notes
    for rest in bones.rest.values():
        np.testing.assert_allclose(np.abs(rest), (1.0, 0.0, 0.0, 0.0), atol=1e-6)
    matrix = Matrix(np.eye(4).tolist())
    assert body.matrix_world == matrix


def test_z_up_is_turned_about_the_bodys_own_pelvis(body):
    clip = dataclasses.replace(small_clip(5), up_axis="Z")
    pelvis = joint_places()[0]
    np.testing.assert_allclose(source_clip(put(body, clip).action).trans, upright(clip, tuple(pelvis)).trans, atol=1e-6)


def test_the_turn_of_a_joint_that_the_armature_lacks_is_exported_once(scene):
    scene.render.fps = 30
    rig, clip = armature(leave_out=("spine2", "left_elbow", "right_ring2")), small_clip(12)
    put(rig, clip)
    degrees, millimetres = worst(export_clip(scene, body_bones(rig), whole_clip(scene, rig)), clip)
    assert degrees <= DEGREES
    assert millimetres <= MILLIMETRES


def test_a_body_scaled_to_nothing_is_refused_and_a_mirrored_one_is_not_moved_backwards(scene, body):
    body.scale = (0.0, 0.0, 0.0)
    with pytest.raises(BodyError, match="scaled down to nothing"):
        body_bones(body)
    body.scale = (-2.0, 2.0, 2.0)
    assert body_bones(body).scale == pytest.approx(2.0)
