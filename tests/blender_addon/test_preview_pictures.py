"""The preview's way from curves to pictures, and to a film; its window is tested where there are windows."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.blender_addon.taking import add_take, fcurves_of

bpy = pytest.importorskip("bpy")

from blender_addon import preview_window
from blender_addon.engine_process import engine
from blender_addon.errors import AddonError
from blender_addon.preferences import engine_python as find_python
from blender_addon.preview.sampling import TakeSampler
from blender_addon.preview.session import PreviewSession
from blender_addon.preview.settings import portrait_of
from blender_addon.preview.wishes import Slots, by_urgency, stamps_of
from bridge.messages import MESH, Description

FOREVER = float("inf")


@pytest.fixture
def take(scene, head, motion):
    """A take whose keys lie on whole frames 1 to 50."""
    scene.render.fps, scene.render.fps_base = 25, 1.0
    return add_take(head, motion * np.float32(0.3))[0]


@pytest.fixture
def rows(motion):
    return motion * np.float32(0.3)


def sampled(sampler, head, take):
    assert sampler.refresh(head, take, FOREVER)
    return sampler.rows.copy()


def test_curves_give_back_the_motion_that_was_written(head, take, rows):
    sampler = TakeSampler()
    np.testing.assert_allclose(sampled(sampler, head, take), rows, atol=2e-5)
    assert (sampler.first, sampler.version) == (1, 1)


def test_nothing_changes_while_nobody_edits(head, take):
    sampler = TakeSampler()
    sampled(sampler, head, take)
    sampled(sampler, head, take)
    assert sampler.version == 1


def test_a_pass_in_pieces_reads_the_same(head, take, rows):
    sampler, calls = TakeSampler(), 1
    while not sampler.refresh(head, take, 0.0):
        calls += 1
    assert calls > 100
    np.testing.assert_allclose(sampler.rows, rows, atol=2e-5)


def edit(head, take, frame, value):
    name = f'key_blocks["{head.expression_keys[4]}"].value'
    curve = fcurves_of(head, take)[name, 0]
    curve.keyframe_points[frame].co.y = value
    curve.update()


def test_an_edit_by_hand_touches_its_frames_and_no_others(head, take):
    sampler = TakeSampler()
    before = stamps_of(sampled(sampler, head, take), 7)
    edit(head, take, 20, 2.5)
    after = stamps_of(sampled(sampler, head, take), 7)
    np.testing.assert_array_equal(np.flatnonzero(before != after), [20])
    assert sampler.rows[20, 4] == pytest.approx(2.5)


def test_bezier_keys_and_modifiers_are_seen_as_blender_evaluates_them(head, take):
    name = f'key_blocks["{head.expression_keys[4]}"].value'
    curve = fcurves_of(head, take)[name, 0]
    for point in curve.keyframe_points:
        point.interpolation = "BEZIER"
    curve.modifiers.new("NOISE").strength = 0.5
    curve.update()
    expected = [curve.evaluate(frame) for frame in range(1, 51)]
    np.testing.assert_allclose(sampled(TakeSampler(), head, take)[:, 4], expected, atol=1e-6)


def test_what_is_not_keyed_shows_its_own_value(head, take):
    name = f'key_blocks["{head.expression_keys[4]}"].value'
    fcurves_of(head, take)[name, 0].mute = True
    head.keys.key_blocks[head.expression_keys[4]].value = 1.25
    np.testing.assert_array_equal(sampled(TakeSampler(), head, take)[:, 4], 1.25)


def test_the_neck_turns_the_head_too(head):
    bone = head.rig.pose.bones[head.bone("neck")]
    bone.rotation_mode = "XYZ"
    bone.rotation_euler = 0.0, 0.2, 0.0
    still = np.zeros((50, 106), np.float32)
    take, _ = add_take(head, still)
    turned = sampled(TakeSampler(), head, take)[:, 100:103]
    np.testing.assert_allclose(turned, np.tile([0.0, 0.2, 0.0], (50, 1)), atol=1e-5)


def test_an_edit_shows_for_as_long_as_pictures_remember():
    rows = np.random.default_rng(0).normal(size=(40, 106)).astype(np.float32)
    other = rows.copy()
    other[10, 3] += 1.0
    changed = np.flatnonzero(stamps_of(rows, 1, memory=5) != stamps_of(other, 1, memory=5))
    np.testing.assert_array_equal(changed, np.arange(10, 16))
    assert not (stamps_of(rows, 1) == stamps_of(rows, 2)).any()


def test_the_playhead_comes_first_and_what_lies_ahead_before_what_lies_behind():
    assert by_urgency(10, 4, is_playing=False)[:6].tolist() == [4, 5, 6, 3, 7, 8]
    assert by_urgency(10, 7, is_playing=True).tolist() == [7, 8, 9, 0, 1, 2, 3, 4, 5, 6]


def test_pictures_that_are_wanted_least_make_room():
    stamps, slots = np.arange(1, 11), Slots(4)
    first = slots.wishes(stamps, by_urgency(10, 0, is_playing=True))
    assert first.frames.tolist() == [0, 1, 2, 3]
    for stamp in first.stamps.tolist():
        slots.arrived(stamp)
    later = slots.wishes(stamps, by_urgency(10, 2, is_playing=True))
    assert later.frames.tolist() == [4, 5]
    assert sorted(later.slots.tolist()) == sorted(first.slots[:2].tolist())
    assert not slots.has(1)
    assert slots.has(3)


def test_pictures_that_made_room_are_counted_no_more():
    stamps, slots = np.arange(1, 11), Slots(4)
    slots.follow(stamps)
    for playhead in (0, 2, 7, 0):
        for stamp in slots.wishes(stamps, by_urgency(10, playhead, is_playing=True)).stamps.tolist():
            slots.arrived(stamp)
        assert slots.done == 4 == sum(map(slots.has, stamps.tolist()))


def test_frames_that_look_alike_share_a_picture():
    slots = Slots(8)
    wishes = slots.wishes(np.array([5, 5, 6, 5]), np.arange(4))
    assert wishes.stamps.tolist() == [5, 6]
    slots.follow(np.array([5, 5, 6, 5]))
    for _ in range(2):
        slots.arrived(5)
        assert slots.done == 3
    slots.follow(np.array([5, 7]))
    assert slots.done == 1


@pytest.fixture
def session(engine_python):
    engine.start(find_python(bpy.context))
    made = PreviewSession(engine, 64 << 20)
    yield made
    made.close()


def fill(session, frame=1, quality="draft", portrait="mesh", until=None, seconds=300.0):
    """Do what the window's timer does until all is drawn."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        session.update(bpy.context, portrait, quality, FOREVER)
        session.ask(frame)
        done, total = session.counts
        if session.problem or (until() if until else total and done == total):
            return
        time.sleep(0.005)
    raise AssertionError(f"only {session.counts} drawn")


def test_every_frame_gets_its_picture_and_an_edit_redraws_one(head, take, session):
    fill(session)
    assert session.counts == (50, 50)
    before = [session.picture(frame).copy() for frame in (20, 21, 22)]
    assert before[0].shape == (256, 256, 3)
    assert (before[0] != before[1]).any()
    edit(head, take, 20, 2.5)
    session.update(bpy.context, "mesh", "draft", FOREVER)
    assert session.counts == (49, 50)
    assert session.picture(21) is None  # rather than the old one
    fill(session)
    np.testing.assert_array_equal(session.picture(20), before[0])
    assert (session.picture(21) != before[1]).any()


def test_an_undone_edit_has_its_picture_still(head, take, session):
    fill(session)
    edit(head, take, 20, 2.5)
    fill(session)
    edit(head, take, 20, 0.0)
    fill(session)
    edit(head, take, 20, 2.5)
    session.update(bpy.context, "mesh", "draft", FOREVER)
    assert session.counts == (50, 50)


def test_the_ends_of_the_take_go_on_beyond_it(head, take, session):
    fill(session)
    np.testing.assert_array_equal(session.picture(-10), session.picture(1))
    np.testing.assert_array_equal(session.picture(500), session.picture(50))


def test_the_other_quality_has_other_pictures_and_leaves_no_file(head, take, session, tmp_path):
    fill(session)
    path = session._map.path
    fill(session, quality="full", until=lambda: session.picture(1) is not None)
    assert session.picture(1).shape == (512, 512, 3)
    assert not path.exists()
    left = session._map.path, session._file
    session.close()
    assert not any(file.exists() for file in left)


def test_the_playhead_overtakes_what_is_being_drawn(head, take, session):
    fill(session, quality="full", until=lambda: session.picture(1) is not None)
    fill(session, frame=40, quality="full", until=lambda: session.picture(40) is not None)
    assert session.counts[0] < 45


def test_an_engine_that_dies_while_drawing_is_asked_anew(head, take, session):
    fill(session, until=lambda: session.counts[0] > 0)
    engine._client._connection.process.kill()
    engine._client._connection.process.wait()
    session.ask(1)
    assert not session.problem
    engine.start(find_python(bpy.context))
    fill(session)
    assert session.counts == (50, 50)


def test_an_avatar_that_cannot_be_drawn_gives_way_to_the_mesh(head, take, session):
    fill(session, portrait="nobody.jpg", until=lambda: session.counts[0] == 50)
    assert session.remark.startswith("The mesh is shown instead:")
    assert not session.problem


def test_an_avatar_stays_chosen_whatever_becomes_of_the_engine(scene, monkeypatch):
    settings = scene.artalk_preview
    assert (settings.portrait, portrait_of(settings)) == (MESH, MESH)
    named = Description("cpu", ("voice",), (), "flame", ("2.jpg", "11.jpg"))
    monkeypatch.setattr(engine, "description", named)
    settings.portrait = "11.jpg"
    monkeypatch.setattr(engine, "description", None)  # as after it was stopped, or when a file is opened
    assert (settings.portrait, portrait_of(settings)) == ("11.jpg", "11.jpg")
    with pytest.raises(TypeError, match=r"2\.jpg"):
        settings.portrait = "2.jpg"
    settings.avatar = "2.jpg"  # as scripts choose one without an engine
    assert (settings.portrait, portrait_of(settings)) == ("2.jpg", "2.jpg")
    settings.portrait = MESH
    assert portrait_of(settings) == MESH


def test_nothing_plays_so_nothing_is_drawn(head, session):
    with pytest.raises(AddonError, match="No take plays"):
        session.update(bpy.context, "mesh", "draft")


def test_a_script_exports_a_film_of_the_curves(scene, head, take, engine_python, tmp_path):
    out = tmp_path / "take one.mp4"
    assert bpy.ops.artalk.preview_export(filepath=str(out)) == {"FINISHED"}
    assert out.stat().st_size > 5000
    with pytest.raises(RuntimeError, match="exists already"):
        bpy.ops.artalk.preview_export(filepath=str(out), overwrite=False)
    with pytest.raises(RuntimeError, match="folder"):
        bpy.ops.artalk.preview_export(filepath=str(tmp_path / "no" / "film.mp4"))


def test_blender_without_windows_says_so_and_leaves_nothing_open(scene, head, take):
    assert not bpy.ops.artalk.open_preview.poll()
    assert preview_window.tick() is None
    assert not preview_window.is_open()


def test_pixels_are_upside_down_as_images_want_them():
    picture = np.zeros((2, 3, 3), np.uint8)
    picture[0, 0] = 255, 0, 51
    pixels = preview_window.as_pixels(picture).reshape(2, 3, 4)
    np.testing.assert_allclose(pixels[1, 0], [1.0, 0.0, 0.2, 1.0])
    np.testing.assert_allclose(pixels[0, 0], [0.0, 0.0, 0.0, 1.0])
