"""Why buttons are grey: what is wrong, and what to do about it."""

from __future__ import annotations

import pytest

from tests.blender_addon.taking import add_take, fcurves_of

bpy = pytest.importorskip("bpy")

from blender_addon import notices, reasons

OF_A_HEAD = (
    reasons.no_changing_take,
    reasons.no_check,
    reasons.no_comparing,
    reasons.no_export,
    reasons.no_generating,
    reasons.no_identity,
    reasons.no_importing,
    reasons.no_own_take,
    reasons.no_packing,
    reasons.no_regenerating,
    reasons.no_retiming,
    reasons.no_studio,
)


@pytest.mark.parametrize("reason", OF_A_HEAD)
def test_a_head_that_lost_a_shape_key_says_so_and_what_to_do(scene, head, motion, reason):
    add_take(head, motion)
    name = head.expression_keys[3]
    head.keys.key_blocks[name].name = "mine"
    assert reason(bpy.context) == f"'Head' lacks '{name}': create a new head, or undo what removed it"
    head.keys.key_blocks["mine"].name = name
    assert "lacks" not in reason(bpy.context)


@pytest.mark.parametrize("reason", OF_A_HEAD)
def test_without_a_head_they_say_to_choose_or_create_one(scene, reason):
    assert reason(bpy.context) == "No head is chosen: choose a head, or create one"


def test_a_hidden_head_s_identity_says_to_show_it(scene, head):
    head.rig.hide_set(True)
    assert reasons.no_identity(bpy.context) == "'Head' is hidden: show it before you change its identity"


def test_a_slider_that_works_takes_the_last_complaint_away(scene, head, motion):
    take, _ = add_take(head, motion)
    points = next(iter(fcurves_of(head, take).values())).keyframe_points
    was = points[3].co.y
    points[3].co.y = was + 0.2
    take.artalk_editing.jaw.gain = 0.5
    assert "changed by hand" in notices.shown().text
    points[3].co.y = was
    take.artalk_editing.jaw.gain = 0.5
    assert notices.shown() is None
