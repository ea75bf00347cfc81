"""Panels show what was found lately, and never for long what is true no more."""

from __future__ import annotations

import time

import pytest

from tests.blender_addon.faces import speech
from tests.blender_addon.taking import add_take, fcurves_of

bpy = pytest.importorskip("bpy")

from blender_addon import looks, preferences, reasons
from blender_addon.errors import EngineMissingError, RigError, TakeError
from blender_addon.rig import parts as rigs
from blender_addon.rig.parts import rig_parts, whole_rig
from blender_addon.setup import places
from blender_addon.setup.places import Record, environment_python, environments_folder, next_folder, write_record
from blender_addon.steps import Work, begin_era, finish
from blender_addon.takes.curves import changed_by_hand
from blender_addon.takes.editing import take_quality
from blender_addon.takes.rig_tools import face_tools


@pytest.fixture(autouse=True)
def nothing_known():
    looks.stop_all()
    yield
    looks.stop_all()


@pytest.fixture
def take(head):
    return add_take(head, speech())[0]


def look() -> int:
    """Let the timer go on until nothing is looked for; return how often it had to come."""
    ticks = 1
    while looks.tick() is not None:
        ticks += 1
    return ticks


def test_a_rig_is_looked_at_once_in_a_while(head, monkeypatch):
    assert whole_rig(head.rig) is whole_rig(head.rig)
    monkeypatch.setattr(rigs, "_LOOK_S", -1.0)
    assert whole_rig(head.rig) is not whole_rig(head.rig)


def test_a_renamed_key_is_missed_at_the_next_look(head, monkeypatch):
    whole_rig(head.rig)
    head.keys.key_blocks[head.expression_keys[3]].name = "mine"
    with pytest.raises(RigError, match="lacks"):
        rig_parts(head.rig)  # nothing is written by what was true a moment ago
    time.sleep(rigs._LOOK_S)
    with pytest.raises(RigError, match="lacks"):
        whole_rig(head.rig)


@pytest.mark.parametrize("loss", ["key", "mesh", "parent", "keys"])
def test_a_part_that_goes_is_missed_at_once(head, loss):
    whole_rig(head.rig)
    if loss == "key":
        head.surface.shape_key_remove(head.keys.key_blocks[head.expression_keys[3]])
    elif loss == "mesh":
        bpy.data.objects.remove(head.surface)
    elif loss == "parent":
        head.surface.parent = None
    else:
        head.surface.shape_key_clear()
    with pytest.raises(RigError, match="Head"):
        whole_rig(head.rig)


def test_no_rig_is_kept_over_an_undo(scene):
    bpy.ops.ed.undo_push(message="nothing")
    bpy.ops.artalk.create_head()
    bpy.ops.ed.undo_push(message="a head")
    before = whole_rig(bpy.context.scene.artalk.rig)
    bpy.ops.ed.undo_push(message="once more")
    bpy.ops.ed.undo()
    after = whole_rig(bpy.context.scene.artalk.rig)
    assert after is not before
    assert after.rig == bpy.context.scene.artalk.rig


def test_a_newer_environment_is_found_and_one_that_goes_is_missed(scene, tmp_path, monkeypatch):
    monkeypatch.delenv(preferences.PYTHON_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(EngineMissingError):
        preferences.engine_python(bpy.context)
    first = make_environment()
    assert preferences.engine_python(bpy.context) == first
    second = make_environment()
    monkeypatch.setattr(preferences, "_LOOK_S", -1.0)
    assert preferences.engine_python(bpy.context) == second
    monkeypatch.setattr(preferences, "_LOOK_S", 60.0)
    second.unlink()
    (second.parent.parent / places.RECORD).unlink()
    assert preferences.engine_python(bpy.context) == first


def make_environment():
    folder = next_folder(environments_folder())
    python = environment_python(folder)
    python.parent.mkdir(parents=True)
    python.touch()
    write_record(folder, Record("1.0", "3.11.7", "2.13.0", "cpu", ("numpy==2.4.6",), 1))
    return python


def test_a_look_finds_what_there_is(head, take):
    assert looks.quality(take) is None
    assert looks.head_tools(head.rig) is None
    assert not looks.is_changed_by_hand(take)
    look()
    assert looks.quality(take) == take_quality(take)
    assert looks.head_tools(head.rig) is face_tools(head)


def test_a_look_that_has_no_time_goes_on_at_the_next_tick(head, take, monkeypatch):
    monkeypatch.setattr(looks, "BUDGET_S", 0.0)
    looks.head_tools(head.rig)
    assert look() > len(head.expression_keys)  # each of which is read in a step of its own
    assert looks.head_tools(head.rig) is face_tools(head)


def test_quality_is_looked_over_again_when_the_take_is_edited(take, monkeypatch):
    looks.quality(take)
    look()
    assert looks.quality(take).blinks == 1
    take.artalk_editing.blink_strength = 0.0
    monkeypatch.setattr(looks, "LOOK_S", -1.0)
    looks.quality(take)
    look()
    assert looks.quality(take).blinks == 0


def test_keys_that_are_changed_by_hand_are_seen_without_looking_all_the_time(head, take, monkeypatch):
    monkeypatch.setattr(looks, "LOOK_S", -1.0)
    bpy.context.view_layer.update()
    looks.is_changed_by_hand(take)
    look()
    assert looks.tick() is None
    looks.is_changed_by_hand(take)
    assert look() == 1  # nothing was changed: there is nothing to look for
    points = next(iter(fcurves_of(head, take).values())).keyframe_points
    points[3].co.y += 0.2
    bpy.context.view_layer.update()
    looks.is_changed_by_hand(take)
    look()
    assert looks.is_changed_by_hand(take)
    assert changed_by_hand(head, take)
    points[3].co.y -= 0.2
    bpy.context.view_layer.update()
    looks.is_changed_by_hand(take)
    look()
    assert bool(changed_by_hand(head, take)) == looks.is_changed_by_hand(take)


def test_what_keeps_from_looking_is_said_until_it_is_mended(head, take, monkeypatch):
    monkeypatch.setattr(looks, "LOOK_S", -1.0)
    kept = take["artalk_take"]
    take["artalk_take"] = "nonsense"
    looks.quality(take)
    look()
    with pytest.raises(TakeError, match="cannot be read"):
        looks.quality(take)  # which also begins the next look
    take["artalk_take"] = kept
    look()
    assert looks.quality(take) == take_quality(take)


def test_a_button_says_what_keeps_from_looking(head, take, monkeypatch):
    def ask(_):
        raise RigError("The head is broken.", "Mend it.")

    assert reasons.no_blinking(bpy.context) == ""
    monkeypatch.setattr(looks, "head_tools", ask)
    assert reasons.no_blinking(bpy.context) == "The head is broken: mend it"


def test_a_look_is_given_up_when_its_take_is_deleted(head, take):
    looks.quality(take)
    looks.is_changed_by_hand(take)
    bpy.data.actions.remove(take)
    look()
    assert looks.tick() is None


def test_a_look_begins_anew_after_an_undo(head, take):
    looks.quality(take)
    looks.tick()
    begin_era()
    look()
    looks.quality(take)
    look()
    assert looks.quality(take) == take_quality(take)


def test_a_work_is_outdated_when_datablocks_were_replaced():
    work = Work(iter_of_two())
    assert not work.go_on(0.0)
    assert not work.is_outdated
    begin_era()
    assert work.is_outdated
    assert finish(iter_of_two()) == 2


def iter_of_two():
    yield
    yield
    return 2
