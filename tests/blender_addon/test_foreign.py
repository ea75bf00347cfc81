from __future__ import annotations

import numpy as np
import pytest

from tests.blender_addon.flame import PARENTS, rotation_matrix
from tests.blender_addon.flame_addon_rig import Z_UP, flame_addon_rig
from tests.blender_addon.test_rig import WORST_MM

bpy = pytest.importorskip("bpy")

from blender_addon.errors import RigError
from blender_addon.exchange import ExportOptions, export_head
from blender_addon.rig.attach import attach_flame
from blender_addon.rig.correctives import drive_correctives
from blender_addon.rig.fidelity import check_frames, evaluated_vertices
from blender_addon.rig.head_file import load_head
from blender_addon.rig.parts import ensure_own_id, is_rig, rig_parts
from blender_addon.takes.record import Speech, TakeDetails
from blender_addon.takes.take import fill_take, new_take
from tests.golden import synthetic_flame

Y_UP = np.eye(3)
# How the rig stands: axes of mesh and armature, tail and roll of its bones.
AS_THE_ADD_ON = (Z_UP, (0.0, 0.0, 0.01), 0.0)
STANDS = [
    AS_THE_ADD_ON,
    (Y_UP, (0.0, 0.03, 0.0), 0.0),
    (Y_UP, (0.02, 0.01, 0.0), 40.0),
    (Z_UP, (0.0, -0.05, 0.0), 90.0),
]


@pytest.fixture(scope="module")
def arrays():
    model = synthetic_flame.make_flame(0)["flame_model"]
    return {name: np.asarray(model[name], np.int64 if name == "f" else np.float64) for name in model}


@pytest.fixture
def file(arrays, tmp_path):
    path = tmp_path / "flame2020.npz"
    np.savez(path, **arrays)
    return path


def speak(rig, motion):
    ensure_own_id(rig)
    parts = rig_parts(rig)
    take, _ = new_take(parts, 1, (1, 250))
    fill_take(parts, take, TakeDetails(parts.rig_id, parts.kind, 1, Speech(""), rate_hz=25.0), motion)
    return take


def flame(arrays, frame, betas=None, *, moves_joints=True, has_correctives=True, pivot=None):
    """FLAME's vertices of one motion frame; on request as far as a rig without a FLAME file can know them."""
    template = arrays["v_template"] + arrays["shapedirs"][..., :300] @ (np.zeros(300) if betas is None else betas)
    shaped = template + arrays["shapedirs"][..., 300:] @ frame[:100].astype(np.float64)
    joints = arrays["J_regressor"] @ (shaped if moves_joints else arrays["v_template"])
    if pivot is not None:
        joints[0] = pivot
    turns = [np.eye(3)] * 5
    turns[0], turns[2] = rotation_matrix(frame[100:103]), rotation_matrix(frame[103:106])
    features = np.concatenate([(turn - np.eye(3)).ravel() for turn in turns[1:]])
    posed = shaped + arrays["posedirs"] @ features * has_correctives
    globals_, places = [turns[0]], [joints[0]]
    for joint in range(1, 5):
        parent = PARENTS[joint]
        globals_.append(globals_[parent] @ turns[joint])
        places.append(places[parent] + globals_[parent] @ (joints[joint] - joints[parent]))
    moved = [(posed - joints[j]) @ globals_[j].T + places[j] for j in range(5)]
    return np.einsum("vj,jvc->vc", arrays["weights"], np.stack(moved))


def worst_mm(rig, axes, frame, expected):
    found = evaluated_vertices(rig, bpy.context.scene, frame) @ axes
    return np.linalg.norm(found - expected, axis=1).max() * 1000


@pytest.mark.parametrize(("axes", "tail", "roll"), STANDS)
@pytest.mark.parametrize("is_turned", [False, True])
def test_a_rig_of_another_add_on_moves_as_flame_however_it_stands(scene, arrays, motion, axes, tail, roll, is_turned):
    rig = flame_addon_rig(arrays, axes, tail, roll)
    if is_turned:
        rig.rotation_euler, rig.location = (0.4, 0.2, -1.1), (1.0, 2.0, 3.0)
    assert is_rig(rig)
    parts = rig_parts(rig)
    assert parts.kind == "flame"
    assert parts.bones == ("root", "neck", "jaw", "left_eye", "right_eye")
    np.testing.assert_allclose(parts.axes, axes, atol=1e-6)
    speak(rig, motion[:8])
    for index in (2, 5):
        # Exact but for what such a rig does not have: correctives, and joints that follow the expression.
        known = {"moves_joints": False, "has_correctives": False, "pivot": np.zeros(3)}
        assert worst_mm(rig, axes, index + 1, flame(arrays, motion[index], **known)) <= WORST_MM


@pytest.mark.parametrize(("axes", "tail", "roll"), [STANDS[0], STANDS[3]])
def test_with_its_file_and_correctives_it_equals_flame_whatever_its_own_identity(
    scene, arrays, file, motion, axes, tail, roll
):
    rig = flame_addon_rig(arrays, axes, tail, roll)
    betas = np.random.default_rng(1).normal(0.0, 1.0, 300)
    for number, value in enumerate(betas, start=1):
        rig.children[0].data.shape_keys.key_blocks[f"Shape{number}"].value = value
    attach_flame(rig_parts(rig), load_head(file))
    assert drive_correctives(rig_parts(rig)) == 36
    assert all(curve.driver.is_simple_expression for curve in rig_parts(rig).keys.animation_data.drivers)
    speak(rig, motion[:8])
    for index in (2, 5):
        assert worst_mm(rig, axes, index + 1, flame(arrays, motion[index], betas)) <= WORST_MM
    check = check_frames(rig_parts(rig), scene, [3.0, 6.0])
    assert check.worst_mm <= WORST_MM


def test_what_a_rig_without_its_file_lacks_is_bounded(scene, arrays, motion):
    """Joints that stay put move a vertex by no more than |I - R| times how far they would have moved."""
    rig = flame_addon_rig(arrays)
    drive_correctives(rig_parts(rig))
    speak(rig, motion[:8])
    exact = flame(arrays, motion[5])
    apart = worst_mm(rig, Z_UP, 6, exact)
    joints = arrays["J_regressor"] @ (arrays["shapedirs"][..., 300:] @ motion[5, :100].astype(np.float64))
    turns = [
        np.linalg.norm(np.eye(3) - rotation_matrix(motion[5, part]), 2) for part in (slice(100, 103), slice(103, 106))
    ]
    root = np.linalg.norm(joints[0] + arrays["J_regressor"][0] @ arrays["v_template"])
    bound = 1000 * (turns[0] * root + turns[1] * np.linalg.norm(joints[2]))
    assert WORST_MM < apart <= bound


def snapshot(rig):
    keys = rig.children[0].data.shape_keys
    return {
        "bones": [(bone.name, tuple(map(tuple, bone.matrix_local))) for bone in rig.data.bones],
        "constraints": [len(bone.constraints) for bone in rig.pose.bones],
        "keys": [
            (key.name, key.slider_min, key.slider_max, key.data[17].co.copy().freeze()) for key in keys.key_blocks
        ],
        "modifiers": [modifier.type for modifier in rig.children[0].modifiers],
        "properties": {*keys.keys(), *rig.children[0].keys()},
        "drivers": keys.animation_data.drivers.values() if keys.animation_data else [],
    }


def test_a_take_changes_nothing_of_the_rig_but_its_animation(arrays, motion):
    rig = flame_addon_rig(arrays)
    before = snapshot(rig)
    speak(rig, motion[:3])
    assert snapshot(rig) == before


def test_other_ways_to_number_keys_are_understood(arrays):
    rig = flame_addon_rig(arrays, names="{stem}{number:03d}", first=0)
    parts = rig_parts(rig)
    assert parts.expression_keys[0] == "Exp000"
    assert parts.expression_keys[99] == "Exp099"


def test_a_rig_with_fifty_expressions_plays_these(arrays, motion):
    short = arrays | {"shapedirs": arrays["shapedirs"][..., :350]}
    rig = flame_addon_rig(short)
    assert len(rig_parts(rig).expression_keys) == 50
    speak(rig, motion[:3])
    cut = motion[1].copy()
    cut[50:100] = 0
    known = {"moves_joints": False, "has_correctives": False, "pivot": np.zeros(3)}
    assert worst_mm(rig, Z_UP, 2, flame(arrays, cut, **known)) <= WORST_MM


def test_a_damaged_rig_names_what_it_lacks(arrays, file):
    rig = flame_addon_rig(arrays)
    keys = rig.children[0].data.shape_keys
    keys.key_blocks["Exp37"].name = "smile"
    with pytest.raises(RigError, match="lacks the shape key 'Exp37'"):
        rig_parts(rig)
    keys.key_blocks["smile"].name = "Exp37"
    attach_flame(rig_parts(rig), load_head(file))
    rig.children[0].shape_key_remove(keys.key_blocks["Shape7"])
    with pytest.raises(RigError, match="lacks shape keys that it had"):
        rig_parts(rig)
    rig.data.bones["left_eye"].name = "monocle"
    with pytest.raises(RigError, match="no bone 'left_eye'"):
        rig_parts(rig)


def test_what_only_looks_like_flame_is_no_rig(scene, arrays):
    rig = flame_addon_rig(arrays)
    rig.children[0].shape_key_clear()
    assert not is_rig(rig)
    with pytest.raises(RigError, match="neither a head made by ARTalk nor a FLAME rig"):
        rig_parts(rig)


def test_the_wrong_file_is_refused_and_nothing_is_kept(arrays, tmp_path):
    rig = flame_addon_rig(arrays)
    other = arrays | {"v_template": arrays["v_template"] * 1.01}
    np.savez(tmp_path / "female.npz", **other)
    before = snapshot(rig)
    with pytest.raises(RigError, match=r"is not of female\.npz"):
        attach_flame(rig_parts(rig), load_head(tmp_path / "female.npz"))
    assert snapshot(rig) == before


def test_buttons_complete_a_rig_once(scene, arrays, file):
    rig = scene.artalk.rig = flame_addon_rig(arrays)
    with pytest.raises(RuntimeError, match="attach its FLAME file"):
        bpy.ops.artalk.check_rig()
    assert bpy.ops.artalk.attach_flame(filepath=str(file)) == {"FINISHED"}
    assert bpy.ops.artalk.add_correctives() == {"FINISHED"}
    with pytest.raises(RuntimeError, match="have drivers already"):
        bpy.ops.artalk.add_correctives()
    assert bpy.ops.artalk.check_rig(count=3) == {"FINISHED"}
    with pytest.raises(RuntimeError, match="shape keys of its own"):
        bpy.ops.artalk.reset_identity()
    assert rig_parts(rig).is_foreign


def test_a_rig_of_another_add_on_is_written_for_other_programs_too(scene, arrays, motion, tmp_path):
    rig = flame_addon_rig(arrays)
    speak(rig, motion[:3])
    before = evaluated_vertices(rig, scene, 2.0)
    path = export_head(bpy.context, rig, ExportOptions("alembic", tmp_path / "head", first=1, last=3))
    scene.frame_set(1)
    bpy.ops.wm.alembic_import(filepath=str(path), as_background_job=False)
    read = next(thing for thing in scene.objects if thing.type == "MESH" and thing.parent != rig)
    scene.frame_set(2)
    mesh = read.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    places = np.array([vertex.co for vertex in mesh.vertices])
    np.testing.assert_allclose(places, before, atol=1e-6)


def test_a_whole_body_with_flames_bones_and_keys_is_no_head(arrays):
    """A take would turn its root."""
    rig = flame_addon_rig(arrays)
    assert is_rig(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    rig.data.edit_bones.new("pelvis").tail = (0.0, 0.0, 0.1)
    bpy.ops.object.mode_set(mode="OBJECT")
    assert not is_rig(rig)
