from __future__ import annotations

import numpy as np
import pytest
from mathutils import Euler, Matrix, Vector

from tests.blender_addon.pictures import places, rendered

bpy = pytest.importorskip("bpy")

from blender_addon.studio import preview_settings, set_up_studio, still_settings


def everything():
    return sorted(thing.name for thing in (*bpy.data.objects, *bpy.data.cameras, *bpy.data.lights, *bpy.data.worlds))


def all_places(scene, head):
    bpy.context.view_layer.update()
    return places(scene, head.surface, np.arange(0, len(head.surface.data.vertices), 7))


def test_setting_up_twice_makes_nothing_twice(scene, head):
    set_up_studio(scene, head.rig)
    before = everything()
    set_up_studio(scene, head.rig, for_preview=True)
    assert everything() == before


def test_what_the_user_had_stays_as_it_was(scene, head):
    camera = bpy.data.objects.new("mine", bpy.data.cameras.new("mine"))
    camera.location = (1.0, 2.0, 3.0)
    scene.collection.objects.link(camera)
    scene.camera, scene.world = camera, bpy.data.worlds.new("my sky")
    set_up_studio(scene, head.rig)
    assert camera.location == Vector((1.0, 2.0, 3.0))
    assert scene.camera != camera
    assert bpy.data.worlds["my sky"].use_fake_user


def test_the_face_fills_the_picture_and_the_necks_rim_is_outside(scene, head):
    set_up_studio(scene, head.rig)
    seen = all_places(scene, head)
    assert 0.02 < seen[:, 1].min() < 0.15
    assert seen[:, 1].max() > 1.0
    assert 0.15 < seen[:, 0].min() < seen[:, 0].max() < 0.85
    np.testing.assert_allclose(seen[:, 0].min() + seen[:, 0].max(), 1.0, atol=0.02)


def test_a_head_that_was_moved_turned_and_scaled_is_framed_the_same(scene, head):
    set_up_studio(scene, head.rig)
    before = all_places(scene, head)
    change = Matrix.LocRotScale(Vector((3.0, -2.0, 1.0)), Euler((0.3, -0.4, 2.0)), Vector((4.0, 4.0, 4.0)))
    head.rig.matrix_world = change @ head.rig.matrix_world
    set_up_studio(scene, head.rig)
    np.testing.assert_allclose(all_places(scene, head), before, atol=1e-3)


def test_a_moved_and_scaled_head_is_lit_the_same(scene, head, tmp_path):
    set_up_studio(scene, head.rig)
    before = rendered(scene, tmp_path / "before.png")
    head.rig.matrix_world = (
        Matrix.LocRotScale(Vector((0.5, 0.0, 0.2)), None, Vector((3.0,) * 3)) @ head.rig.matrix_world
    )
    set_up_studio(scene, head.rig)
    after = rendered(scene, tmp_path / "after.png")
    assert np.abs(after.mean(axis=(0, 1)) - before.mean(axis=(0, 1))).max() < 0.04


def test_the_picture_shows_a_well_lit_head_before_a_darker_backdrop(scene, head, tmp_path):
    set_up_studio(scene, head.rig, for_preview=True)
    picture = rendered(scene, tmp_path / "picture.png").mean(axis=2)
    face, corners = picture[48:72, 40:56], picture[:8, [*range(8), *range(88, 96)]]
    assert 0.4 < face.mean() < 0.9
    assert corners.mean() < 0.6 * face.mean()
    assert (picture > 0.98).mean() < 0.01


def test_a_preview_takes_fewer_samples_and_pixels_than_a_still(scene):
    still_settings(scene)
    still = scene.cycles.samples * scene.render.resolution_x**2
    preview_settings(scene)
    assert scene.cycles.samples * scene.render.resolution_x**2 < still / 10
    assert scene.render.engine == "CYCLES"
