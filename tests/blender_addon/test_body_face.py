from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.blender_addon.flame import flame_vertices, rotation_matrix

bpy = pytest.importorskip("bpy")

from blender_addon import notices
from blender_addon.body.attach import attach_head, attached_body, detach_head
from blender_addon.body.bones import body_bones
from blender_addon.body.exporting import export_clip, whole_clip
from blender_addon.body.face import face_at, motion_of, with_face
from blender_addon.body.figure import FIGURE_HEAD
from blender_addon.body.importing import ImportOptions, import_clip
from blender_addon.body.record import clip_details, current_clip
from blender_addon.body.skeleton import build_skeleton
from blender_addon.errors import BodyError
from blender_addon.paths import builtin_head_file
from blender_addon.rig.fidelity import evaluated_vertices
from blender_addon.rig.parts import rig_parts
from blender_addon.takes.record import TakeDetails, take_motion
from blender_addon.takes.take import current_take, fill_take, new_take
from bridge import rotations as rot
from bridge.body import HEAD, JAW, NECK
from bridge.clip_file import load_clip, save_clip
from bridge.motion import EXPRESSION, GLOBAL_ORIENT, JAW_POSE
from tests.blender_addon.bodies import Z_UP as ADD_ON_AXES
from tests.blender_addon.bodies import armature
from tests.blender_addon.conftest import wait_for
from tests.blender_addon.flame_addon_rig import Z_UP, flame_addon_rig
from tests.bridge.small_clip import small_clip


@pytest.fixture
def body(scene):
    scene.render.fps = 30
    rig = build_skeleton(bpy.context)
    scene.artalk_body.rig = rig
    return rig


@pytest.fixture
def clip(body):
    clip = small_clip(60)
    import_clip(bpy.context.scene, body_bones(body), clip, "walk", ImportOptions(start=1.0))
    return clip


@pytest.fixture
def speech(motion):
    """Two seconds of speech, gentle enough for a head to turn. ``[50, 106]``"""
    random = np.random.default_rng(2)
    seconds = np.arange(50)[:, None] / 25
    values = motion.copy()
    values[:, GLOBAL_ORIENT] = 0.2 * np.sin(2 * np.pi * seconds * random.uniform(0.3, 0.9, 3))
    values[:, JAW_POSE] = np.maximum(0.0, 0.2 * np.sin(2 * np.pi * 2 * seconds)) * (1.0, 0.0, 0.0)
    return values.astype(np.float32)


def speak(parts, motion, start=1.0, rate_hz=30.0):
    take, _ = new_take(parts, 1, (1, 250))
    fill_take(parts, take, TakeDetails(parts.rig_id, parts.kind, 1, start=start, rate_hz=rate_hz), motion)
    return take


def world(rig, bone):
    return np.array(rig.matrix_world @ rig.pose.bones[bone].matrix)


def turn_since_rest(rig, bone, frame):
    """The rotation of a bone in the world since its rest."""
    bpy.context.scene.frame_set(frame)
    bpy.context.view_layer.update()
    posed = world(rig.evaluated_get(bpy.context.evaluated_depsgraph_get()), bone)[:3, :3]
    return posed @ np.linalg.inv(np.array(rig.data.bones[bone].matrix_local)[:3, :3])


@pytest.mark.parametrize("build", [{}, {"seed": 8}, {"seed": 9, "axes": np.eye(3), "size": 100.0}])
def test_an_attached_head_is_where_the_bodys_head_is_and_turns_with_it(scene, head, build):
    scene.render.fps = 30
    rig = armature(**build)
    rig.location, rig.rotation_euler = (0.3, -0.2, 0.1), (0.1, -0.2, 1.0)
    if build.get("size"):
        rig.scale = (0.01,) * 3
    import_clip(scene, body_bones(rig), small_clip(12), "walk")
    bones = body_bones(rig)
    attach_head(head, bones)
    assert attached_body(head.rig) == rig
    axes = np.array(rig.matrix_world.to_3x3().normalized()) @ bones.axes
    for frame in (1, 6, 12):
        scene.frame_set(frame)
        bpy.context.view_layer.update()
        neck = world(head.rig, "neck")
        np.testing.assert_allclose(neck[:3, 3], world(rig, bones.names[HEAD])[:3, 3], atol=2e-5)
        clip_turn = np.eye(3)
        for joint in (0, 3, 6, 9, NECK, HEAD):
            clip_turn = clip_turn @ rotation_matrix(small_clip(12).poses[frame - 1, joint])
        np.testing.assert_allclose(neck[:3, :3] / np.linalg.norm(neck[:3, 0]), axes @ clip_turn, atol=1e-4)
    np.testing.assert_allclose(head.rig.matrix_world.to_scale(), 1.0, atol=1e-4)


@pytest.mark.parametrize(
    ("axes", "tail", "roll"), [(Z_UP, (0.0, 0.0, 0.01), 0.0), (np.eye(3), (0.01, 0.005, 0.02), 70.0)]
)
def test_a_head_of_another_add_on_is_carried_too(scene, body, clip, axes, tail, roll):
    rig = flame_addon_rig(dict(np.load(builtin_head_file())), axes, tail, roll)
    parts = rig_parts(rig)
    rest = np.array(rig.data.bones["neck"].matrix_local)[:3, :3]
    attach_head(parts, body_bones(body))
    scene.frame_set(24)
    bpy.context.view_layer.update()
    neck = world(rig, "neck")
    np.testing.assert_allclose(neck[:3, 3], world(body, "head")[:3, 3], atol=2e-5)
    turn = np.eye(3)
    for joint in (0, 3, 6, 9, NECK, HEAD):
        turn = turn @ rotation_matrix(clip.poses[23, joint])
    np.testing.assert_allclose(neck[:3, :3] @ rest.T @ axes, ADD_ON_AXES @ turn, atol=1e-4)


def test_a_carried_head_is_exactly_flame_with_the_bodys_head_as_its_neck(scene, body, motion, flame_file):
    """Also while strong expressions move the joints, of which the root's own turn is held back."""
    scene.render.fps = 25
    clip = small_clip(50, fps=25.0)
    import_clip(scene, body_bones(body), clip, "walk")
    bpy.ops.artalk.import_head(filepath=str(flame_file))
    head = rig_parts(scene.artalk.rig)
    speak(head, motion, rate_hz=25.0)
    attach_head(head, body_bones(body))
    still = motion.copy()
    still[:, GLOBAL_ORIENT] = 0.0
    for frame in (3, 17, 41):
        expected = flame_vertices(flame_file, still[frame : frame + 1], turned={1: clip.poses[frame, HEAD]})[0]
        found = evaluated_vertices(head.rig, scene, frame + 1.0)
        assert 1000 * np.linalg.norm(found - expected, axis=1).max() <= 0.01


def test_the_takes_own_head_turn_is_held_while_the_body_carries_the_head(scene, head, body, clip, speech):
    speak(head, speech)
    before = turn_since_rest(head.rig, "root", 20)
    attach_head(head, body_bones(body))
    scene.frame_set(20)
    root = np.array(head.rig.pose.bones["root"].matrix)[:3, :3]
    np.testing.assert_allclose(root, np.eye(3), atol=1e-6)
    assert detach_head(head)
    np.testing.assert_allclose(turn_since_rest(head.rig, "root", 20), before, atol=1e-6)


def test_detaching_leaves_everything_as_it_was(scene, head, body, clip):
    head.rig.location = (1.0, 2.0, 3.0)
    head.rig.pose.bones["neck"].rotation_quaternion = (0.8, 0.0, 0.6, 0.0)
    bpy.context.view_layer.update()
    before = np.array(head.rig.matrix_world)
    figure_head = next(child for child in body.children if FIGURE_HEAD in child)
    attach_head(head, body_bones(body))
    assert figure_head.hide_render
    attach_head(head, body_bones(body))  # twice is once
    assert len(head.rig.constraints) == 1
    assert detach_head(head)
    np.testing.assert_allclose(np.array(head.rig.matrix_world), before, atol=1e-6)
    assert not figure_head.hide_render
    np.testing.assert_allclose(head.rig.pose.bones["neck"].rotation_quaternion, (0.8, 0.0, 0.6, 0.0))
    assert len(head.rig.constraints) == len(head.rig.pose.bones["root"].constraints) == 0
    assert not [curve for curve in head.rig.animation_data.drivers if "neck" in curve.data_path]
    assert not detach_head(head)


def test_a_neck_that_somebody_else_drives_is_left_alone(head, body):
    driver = head.rig.pose.bones["neck"].driver_add("rotation_quaternion", 1).driver
    driver.expression = "frame"
    with pytest.raises(BodyError, match="has drivers already"):
        attach_head(head, body_bones(body))
    assert driver.expression == "frame"
    assert not head.rig.constraints


def test_a_head_whose_body_was_deleted_can_be_detached(scene, head, body):
    scene.artalk.rig = head.rig
    attach_head(head, body_bones(body))
    bpy.data.objects.remove(body)
    bpy.ops.artalk.detach_head()
    assert len(head.rig.constraints) == len(head.rig.pose.bones["root"].constraints) == 0


def test_drivers_of_the_neck_need_no_permission_to_run_python(head, body):
    attach_head(head, body_bones(body))
    drivers = [curve.driver for curve in head.rig.animation_data.drivers if "neck" in curve.data_path]
    assert len(drivers) == 4
    assert all(driver.is_simple_expression and driver.is_valid for driver in drivers)


def test_a_body_without_a_neck_carries_no_head(head, scene):
    with pytest.raises(BodyError, match="no 'neck'"):
        attach_head(head, body_bones(armature(leave_out=("neck",))))
    assert attached_body(head.rig) is None


@pytest.mark.parametrize("turn", ["SPEECH", "BOTH"])
def test_the_head_turns_with_body_speech_or_both(scene, head, body, clip, speech, turn):
    speak(head, speech)
    settings = scene.artalk_body
    assert settings.head_turn == "BODY"
    before = export_clip(scene, body_bones(body), whole_clip(scene, body))
    settings.head_turn = turn
    assert settings.head_turn == clip_details(current_clip(body)).head_turn == turn
    shown = export_clip(scene, body_bones(body), whole_clip(scene, body))
    frame = 24  # 0.8 s: motion frame 20
    said = rotation_matrix(speech[20, GLOBAL_ORIENT].astype(float))
    own = [rotation_matrix(clip.poses[frame, joint]) for joint in (NECK, HEAD)]
    neck, chosen = (np.eye(3), said) if turn == "SPEECH" else (own[0], own[1] @ said)
    np.testing.assert_allclose(rotation_matrix(shown.poses[frame, NECK]), neck, atol=1e-5)
    np.testing.assert_allclose(rotation_matrix(shown.poses[frame, HEAD]), chosen, atol=1e-5)
    others = [joint for joint in range(55) if joint not in (NECK, HEAD)]
    np.testing.assert_allclose(shown.poses[:, others], before.poses[:, others], atol=1e-6)
    settings.head_turn = "BODY"
    again = export_clip(scene, body_bones(body), whole_clip(scene, body))
    np.testing.assert_allclose(again.poses, before.poses, atol=1e-6)


def test_another_take_is_baked_into_the_head_on_request(scene, head, body, clip, speech):
    speak(head, speech)
    scene.artalk_body.head_turn = "SPEECH"
    speak(head, speech[::-1])
    bpy.ops.artalk.bake_head_turn()
    shown = export_clip(scene, body_bones(body), whole_clip(scene, body))
    np.testing.assert_allclose(shown.poses[24, HEAD], speech[49 - 20, GLOBAL_ORIENT], atol=1e-5)


def test_a_head_turn_of_speech_needs_a_take_and_says_so(scene, body, clip, head):
    before = export_clip(scene, body_bones(body), whole_clip(scene, body))
    scene.artalk_body.head_turn = "SPEECH"
    assert "No take plays" in notices.shown().text
    assert scene.artalk_body.head_turn == "BODY"
    after = export_clip(scene, body_bones(body), whole_clip(scene, body))
    np.testing.assert_array_equal(after.poses, before.poses)


@pytest.mark.parametrize("kind", ["flame", "builtin"])
def test_a_takes_face_replaces_that_of_a_clip_where_it_is_heard(scene, head, body, clip, speech, kind):
    take = speak(head, speech, start=13.0)  # 0.4 s later than the clip, and longer
    frames = 1.0 + np.arange(60.0)
    face = face_at(head, take, frames)
    merged = with_face(clip, face, kind)
    heard = slice(12, 60)
    assert face.is_heard.tolist() == [False] * 12 + [True] * 48
    np.testing.assert_array_equal(merged.poses[:12], clip.poses[:12])
    for frame in (12, 18, 24, 54):  # whole motion frames: five scene frames are 25/6 of them
        number, share = divmod((frame - 12) * 25, 30)
        if share == 0:
            np.testing.assert_allclose(merged.poses[frame, JAW], speech[number, JAW_POSE], atol=1e-6)
    if kind == "flame":
        np.testing.assert_allclose(merged.expressions[24], speech[10, EXPRESSION], atol=1e-6)
        middle = (speech[2, EXPRESSION].astype(float) + speech[3, EXPRESSION]) / 2
        np.testing.assert_allclose(merged.expressions[15], middle, atol=1e-6)
    else:
        np.testing.assert_array_equal(merged.expressions, clip.expressions)
    others = [joint for joint in range(55) if joint != JAW]
    np.testing.assert_array_equal(merged.poses[heard][:, others], clip.poses[heard][:, others])


def test_the_jaw_turns_evenly_between_motion_frames(head):
    motion = np.zeros((2, 106), np.float32)
    motion[1, JAW_POSE] = (0.3, 0.0, 0.0)
    face = face_at(head, speak(head, motion, rate_hz=100.0), np.array([1.0, 2.0, 5.0, 9.0]))
    np.testing.assert_allclose(rot.to_axis_angle(face.jaw)[:, 0], [0.0, 0.075, 0.3, 0.3], atol=1e-7)
    assert face.is_heard.tolist() == [True, True, True, False]


def test_face_and_body_are_saved_as_one_clip_and_it_is_said_what_travels(scene, head, body, clip, speech, tmp_path):
    speak(head, speech)
    bpy.ops.artalk.export_clip(filepath=str(tmp_path / "both.npz"), has_face=True)
    both = load_clip(tmp_path / "both.npz")
    np.testing.assert_allclose(both.poses[6, JAW], speech[5, JAW_POSE], atol=1e-6)
    np.testing.assert_allclose(both.expressions, clip.expressions, atol=1e-9)
    said = notices.shown().text
    assert "only jaw and head travel" in said
    assert "take plays on frames 1 to 60" in said
    assert "clip on 1 to 60" in said


def test_a_take_at_another_rate_than_the_scenes_is_said_to_be_stretched(scene, head, body, clip, speech, tmp_path):
    speak(head, speech, rate_hz=24.0)
    bpy.ops.artalk.export_clip(filepath=str(tmp_path / "both.npz"), has_face=True)
    assert "the take plays 1.25 times as fast" in notices.shown().text
    assert "the clip plays" not in notices.shown().text
    scene.render.fps = 60
    bpy.ops.artalk.export_clip(filepath=str(tmp_path / "both.npz"), has_face=True)
    assert "the clip plays 2.00 times as fast" in notices.shown().text


@pytest.mark.parametrize("is_attached", [False, True])
def test_a_clips_face_becomes_a_take(scene, head, body, clip, is_attached):
    if is_attached:
        attach_head(head, body_bones(body))
    bpy.ops.artalk.take_from_clip()
    motion = take_motion(current_take(head.rig))
    assert len(motion) == 50  # 59 / 30 s at 25 a second
    np.testing.assert_allclose(motion[10, JAW_POSE], clip.poses[12, JAW], atol=1e-6)
    np.testing.assert_array_equal(motion[:, EXPRESSION], 0.0)  # the built-in head has units of its own
    both = rotation_matrix(clip.poses[12, NECK]) @ rotation_matrix(clip.poses[12, HEAD])
    turned = rotation_matrix(motion[10, GLOBAL_ORIENT].astype(float))
    np.testing.assert_allclose(turned, np.eye(3) if is_attached else both, atol=1e-6)
    assert "only jaw and head travel" in notices.shown().text


def test_a_flame_head_gets_the_clips_expressions_too(clip):
    motion = motion_of(clip, "flame", has_turn=False)
    np.testing.assert_allclose(motion[5, EXPRESSION], clip.expressions[6], atol=1e-6)
    silent = motion_of(dataclasses.replace(clip, expressions=None), "flame", has_turn=False)
    np.testing.assert_array_equal(silent[:, EXPRESSION], 0.0)


class TestOperators:
    def test_a_clip_is_imported_in_one_step_that_undo_takes_back(self, scene, body, tmp_path):
        save_clip(tmp_path / "walk.npz", small_clip(20))
        bpy.ops.ed.undo_push(message="before")
        before = len(bpy.data.actions)
        bpy.ops.artalk.import_clip(filepath=str(tmp_path / "walk.npz"), start_frame=5.0)
        bpy.ops.ed.undo_push(message="Import Clip")  # what the interface does after an operator
        assert current_clip(bpy.context.scene.artalk_body.rig)
        assert "20 frames of walk.npz on frames 5 to 24" in notices.shown().text
        assert "Y points up" in notices.shown().text
        bpy.ops.ed.undo()
        assert len(bpy.data.actions) == before

    def test_a_body_is_added_and_chosen(self, scene):
        bpy.ops.artalk.add_body()
        assert scene.artalk_body.rig.name == "Body"

    @pytest.mark.parametrize("damage", ["missing", "text", "no rate"])
    def test_a_bad_file_changes_nothing_and_says_one_sentence(self, scene, body, tmp_path, damage):
        path: Path = tmp_path / "clip.npz"
        if damage == "text":
            path.write_text("hello")
        elif damage == "no rate":
            np.savez(path, poses=np.zeros((5, 165)), trans=np.zeros((5, 3)))
        pose = np.array(body.pose.bones["head"].matrix)
        with pytest.raises(RuntimeError, match=r"clip\.npz"):
            bpy.ops.artalk.import_clip(filepath=str(path))
        assert notices.shown().is_error
        assert notices.shown().remedy
        assert not bpy.data.actions
        assert body.animation_data is None
        np.testing.assert_array_equal(np.array(body.pose.bones["head"].matrix), pose)

    def test_a_rate_may_be_given_for_a_file_without_one(self, scene, body, tmp_path):
        np.savez(tmp_path / "clip.npz", poses=np.zeros((5, 165)), trans=np.zeros((5, 3)))
        bpy.ops.artalk.import_clip(filepath=str(tmp_path / "clip.npz"), fps=30.0)
        assert "30 frames a second were assumed" in notices.shown().text

    def test_a_folder_that_is_not_there_is_an_error(self, scene, body, clip, tmp_path):
        with pytest.raises(RuntimeError, match="cannot be written"):
            bpy.ops.artalk.export_clip(filepath=str(tmp_path / "nowhere" / "clip.npz"))

    @pytest.mark.parametrize("name", ["import_clip", "export_clip", "attach_head", "detach_head", "take_from_clip"])
    def test_without_a_body_no_button_can_be_used(self, scene, name):
        assert not getattr(bpy.ops.artalk, name).poll()

    def test_an_edited_body_can_be_moved_by_nothing(self, scene, head, body):
        bpy.context.view_layer.objects.active = body
        bpy.ops.object.mode_set(mode="EDIT")
        for name in ("add_body", "import_clip", "export_clip", "attach_head"):
            assert not getattr(bpy.ops.artalk, name).poll(), name


def test_the_parts_of_a_head_are_found_while_a_body_carries_it(head, body):
    attach_head(head, body_bones(body))
    assert rig_parts(head.rig).rig == head.rig


class TestEngine:
    """Through a real engine process."""

    @pytest.fixture(autouse=True)
    def _engine(self, engine_python):
        pass

    def test_a_smoothed_clip_becomes_another_clip_of_the_body(self, scene, body, clip):
        first = current_clip(body)
        bpy.ops.artalk.recode_clip(action="smooth")
        second = current_clip(body)
        assert second != first
        assert first.name in bpy.data.actions
        assert clip_details(second).source == "walk · smooth"
        said = notices.shown().text
        assert "degrees off on average" in said
        shown = export_clip(scene, body_bones(body), whole_clip(scene, body))
        error = np.degrees(rot.angle_between(rot.from_axis_angle(shown.poses), rot.from_axis_angle(clip.poses)))
        assert 0.0 < error.mean() < 2.0

    def test_a_clip_is_compressed_and_comes_back(self, scene, body, clip, tmp_path):
        tokens = tmp_path / "walk.tokens.npz"
        bpy.ops.artalk.recode_clip(action="compress", filepath=str(tokens))
        assert "in place of the clip's" in notices.shown().text
        assert 0 < tokens.stat().st_size < 20_000
        assert [entry.name for entry in tmp_path.iterdir()] == [tokens.name]
        bpy.ops.artalk.recode_clip(action="decompress", filepath=str(tokens))
        assert clip_details(current_clip(body)).source == "walk · decompress"

    def test_what_the_engine_refuses_changes_nothing(self, scene, body, clip):
        before = current_clip(body)
        scene.artalk_body.layers = 99
        with pytest.raises(RuntimeError, match="99"):
            bpy.ops.artalk.recode_clip(action="detail")
        with pytest.raises(RuntimeError, match="No file is chosen"):
            bpy.ops.artalk.recode_clip(action="join")
        assert current_clip(body) == before

    def test_a_clip_follows_another_without_a_jump(self, scene, body, clip, tmp_path):
        save_clip(tmp_path / "next.npz", small_clip(60, seed=5))
        bpy.ops.artalk.recode_clip(action="join", filepath=str(tmp_path / "next.npz"))
        joined = export_clip(scene, body_bones(body), whole_clip(scene, body))
        assert len(joined.poses) == 120

    def test_the_interface_goes_on_while_the_engine_works(self, scene, body, clip):
        from blender_addon import jobs
        from blender_addon.operators.clips import recode_order
        from blender_addon.preferences import engine_python

        jobs.start(recode_order(bpy.context, "smooth", ""), engine_python(bpy.context))
        assert jobs.current() is not None
        assert bpy.ops.artalk.recode_clip.poll()  # another one would wait for its turn
        wait_for(lambda: jobs.current() is None)
        assert clip_details(current_clip(body)).source == "walk · smooth"
