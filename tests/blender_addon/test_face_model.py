from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.blender_addon.faces import builtin_model, motion_for, seams, speech, tools
from tests.blender_addon.flame import flame_vertices
from tests.blender_addon.flame_addon_rig import Z_UP, flame_addon_rig
from tests.blender_addon.taking import add_take

bpy = pytest.importorskip("bpy")

from blender_addon.paths import builtin_head_file
from blender_addon.rig.fidelity import evaluated_vertices
from blender_addon.rig.parts import rig_parts
from blender_addon.takes.face_ruler import FLAME_LIPS, FaceRuler, flame_lips
from blender_addon.takes.rig_tools import edited, face_tools


def test_a_posed_head_is_flame_s(motion):
    expected = flame_vertices(builtin_head_file(), motion[:6])
    np.testing.assert_allclose(builtin_model().pose_motion(motion[:6]), expected, atol=2e-6)


def test_a_posed_rig_is_the_one_that_blender_shows_with_neck_and_eyes_turned(scene, head, motion):
    edits = {"neck_share": 0.5, "eye_darts_deg": 8.0, "jaw": {"gain": 1.2}}
    take, _ = add_take(head, motion, edits=edits)
    shown, turned = edited(head, edits, motion)
    posed = face_tools(head).model.pose_motion(shown, turned)
    assert take is not None
    for frame in (0, 7, 30):
        np.testing.assert_allclose(posed[frame], evaluated_vertices(head.rig, scene, frame + 1), atol=1e-5)


def test_a_part_of_a_head_moves_as_in_the_whole():
    chosen = np.array([5, 900, 4000])
    whole = builtin_model().pose_motion(speech()[:9])
    np.testing.assert_allclose(builtin_model().subset(chosen).pose_motion(speech()[:9]), whole[:, chosen], atol=1e-6)


def test_the_lips_of_speech_close_and_open():
    gap = tools("builtin").ruler.lip_gap(speech())
    assert gap.min() < 0.5
    assert gap.max() > 8.0


def test_a_turned_head_measures_the_same():
    turned = speech().copy()
    turned[:, 100:103] = (0.3, -0.5, 0.2)
    ruler = tools("builtin").ruler
    np.testing.assert_allclose(ruler.lip_gap(turned), ruler.lip_gap(speech()), atol=1e-3)
    np.testing.assert_allclose(ruler.lid_gaps(turned), ruler.lid_gaps(speech()), atol=1e-3)


def test_lids_that_no_file_names_are_found_around_the_eyes():
    found = FaceRuler.of(builtin_model(), *(seams()[0], None))
    named = tools("builtin").ruler.lid_gaps(speech())
    assert found.knows_lids
    assert np.abs(found.lid_gaps(speech()) - named).max() < 1.5


def test_vertices_that_are_no_lips_are_not_taken_for_them():
    assert flame_lips(builtin_model()).size == 0
    assert not FaceRuler.of(builtin_model()).knows_lips


def test_flame_s_lips_are_found_by_their_numbers():
    lips, _ = seams()
    chosen = np.linspace(2, lips.shape[1] - 3, 9).round().astype(int)
    order = np.arange(5023)
    for old, new in zip(lips[:, chosen].ravel(), np.array(FLAME_LIPS).ravel(), strict=True):
        at = int(np.flatnonzero(order == old)[0])
        order[[new, at]] = order[[at, new]]
    model = builtin_model().subset(order)
    ruler = FaceRuler.of(replace(model, kind="flame"))
    assert ruler.knows_lips
    named = tools("builtin").ruler.lip_gap(speech())
    assert np.abs(ruler.lip_gap(speech()) - named).max() < 1.0


@pytest.mark.parametrize("what", ["lips", "lids"])
def test_both_heads_speak_alike(what):
    one, other = (
        getattr(tools(kind).ruler, "lip_gap" if what == "lips" else "lid_gaps")(motion_for(kind, speech()))
        for kind in ("builtin", "flame")
    )
    assert np.abs(one - other).max() < (0.01 if what == "lips" else 1.5)


@pytest.mark.parametrize(
    ("axes", "tail", "roll"), [(Z_UP, (0.0, 0.0, 0.01), 0.0), (np.eye(3), (0.02, 0.01, 0.0), 40.0)]
)
def test_a_rig_made_by_others_is_read_in_flame_s_axes(scene, axes, tail, roll):
    with np.load(builtin_head_file()) as arrays:
        kept = {name: arrays[name] for name in ("v_template", "f", "shapedirs", "posedirs", "J_regressor", "weights")}
    rig = flame_addon_rig(kept, axes, tail, roll)
    rig.location, rig.rotation_euler = (1.0, 2.0, 3.0), (0.3, 0.2, 0.1)
    bpy.context.view_layer.update()
    model, expected = face_tools(rig_parts(rig)).model, builtin_model()
    assert model.kind == "flame"
    for name in ("rest", "directions", "correctives"):
        np.testing.assert_allclose(getattr(model, name), getattr(expected, name), atol=1e-6, err_msg=name)
    np.testing.assert_allclose(model.weights, expected.weights, atol=1e-5)
    np.testing.assert_allclose(model.joints[1:], expected.joints[1:], atol=1e-6)
    rig.children[0].data.shape_keys.key_blocks["Shape3"].value = 2.0
    changed = face_tools(rig_parts(rig)).model.rest
    np.testing.assert_allclose(changed, kept["v_template"] + 2.0 * kept["shapedirs"][..., 2], atol=1e-6)
