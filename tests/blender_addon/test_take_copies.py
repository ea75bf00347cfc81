"""Heads that were duplicated or linked keep their own takes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.blender_addon.taking import add_take, curves_of

bpy = pytest.importorskip("bpy")

from blender_addon.errors import RigError
from blender_addon.rig.fidelity import evaluated_vertices
from blender_addon.rig.parts import rig_parts
from blender_addon.takes.copies import own_id
from blender_addon.takes.record import take_details, takes_of
from blender_addon.takes.take import current_take


def duplicate(head, **how: bool):
    """Duplicate a head as artists do."""
    bpy.ops.object.select_all(action="DESELECT")
    for thing in (head.rig, head.surface):
        thing.select_set(True)
    bpy.context.view_layer.objects.active = head.rig
    bpy.ops.object.duplicate(**how)
    return rig_parts(bpy.context.active_object)


def mouth_of(parts):
    return evaluated_vertices(parts.rig, bpy.context.scene, 30.0)


def test_sliders_of_a_duplicated_head_move_all_of_it_and_nothing_of_the_first(scene, head, motion):
    take, _ = add_take(head, motion)
    before, curves = mouth_of(head), curves_of(head, take)
    copy = duplicate(head)
    current_take(copy.rig).artalk_editing.lips.gain = 0.0
    first, second = mouth_of(head), mouth_of(copy)
    np.testing.assert_array_equal(first, before)
    assert np.abs(second - first).max() > 1e-3
    take.artalk_editing.lips.gain = 0.0
    np.testing.assert_allclose(mouth_of(head), second, atol=1e-7)
    assert curves_of(head, take).keys() == curves.keys()


def test_a_duplicated_head_takes_its_take_along_and_the_first_keeps_its_own(scene, head, motion):
    take, _ = add_take(head, motion)
    copy = duplicate(head)
    scene.artalk.rig = copy.rig
    assert bpy.ops.artalk.all_keys() == {"FINISHED"}
    assert takes_of(head.rig_id) == [take]
    (own,) = takes_of(copy.rig_id)
    assert own == current_take(copy.rig)
    assert (own.name, take_details(own).number, own.use_fake_user) == (f"{copy.rig.name} · take 1", 1, True)
    assert curves_of(copy, own).keys() == curves_of(head, take).keys()


def test_a_head_that_shares_the_take_gets_a_copy_of_it(scene, head, motion):
    take, _ = add_take(head, motion)
    copy = duplicate(head, linked=True)
    copy.surface.data = copy.surface.data.copy()
    copy = rig_parts(copy.rig)
    own_id(copy)
    (own,) = takes_of(copy.rig_id)
    assert current_take(head.rig) == take != own == current_take(copy.rig)
    own.artalk_editing.lips.gain = 0.0
    assert np.abs(mouth_of(copy) - mouth_of(head)).max() > 1e-3


def test_a_head_that_shares_its_face_says_so_and_changes_nothing(scene, head, motion):
    take, _ = add_take(head, motion)
    copy = duplicate(head, linked=True)
    with pytest.raises(RigError, match="shares its face with 'Head'"):
        own_id(copy)
    assert copy.rig_id == head.rig_id
    assert takes_of(head.rig_id) == [take]


def test_takes_of_a_library_override_are_still_its_takes_when_the_file_is_opened_again(
    head, motion, override_of, tmp_path
):
    rig = override_of(head)
    own_id(rig_parts(rig))
    take, _ = add_take(rig_parts(rig), motion)
    name, path = rig.name, str(tmp_path / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    (rig,) = (thing for thing in bpy.data.objects if thing.name == name and thing.library is None)
    parts = rig_parts(rig)
    (take,) = takes_of(parts.rig_id)
    assert current_take(rig) == take
    take.artalk_editing.jaw.gain = 0.5
    assert take_details(take).edits == {"jaw": {"gain": 0.5}}


def test_two_overrides_of_one_head_keep_their_own_takes(head, motion, override_of, tmp_path):
    first = rig_parts(override_of(head))
    collection = next(found for found in bpy.data.collections if found.library is not None)
    context = bpy.context
    made = collection.override_hierarchy_create(context.scene, context.view_layer, do_fully_editable=True)
    second = rig_parts(next(thing for thing in made.objects if thing.type == "ARMATURE"))
    takes = [add_take(parts, motion)[0].name for parts in (first, second) if own_id(parts)]
    names, path = (first.rig.name, second.rig.name), str(tmp_path / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    rigs = [next(thing for thing in bpy.data.objects if (thing.name, thing.library) == (name, None)) for name in names]
    assert [[take.name for take in takes_of(rig_parts(rig).rig_id)] for rig in rigs] == [[name] for name in takes]
