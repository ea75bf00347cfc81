from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blender_addon.takes.contact import blink_directions, lip_closer
from blender_addon.takes.face_ruler import FaceRuler
from blender_addon.takes.regions import FACE_REGIONS, by_vertices, masks, separation_of
from tests.blender_addon.faces import KINDS, builtin_model, in_units, mixed_model, motion_for, speech, tools


def test_every_unit_of_the_built_in_head_is_of_one_region():
    separation = separation_of(builtin_model())
    np.testing.assert_array_equal(sum(separation.shares.values()), np.eye(100))
    names = builtin_model().expression_names
    of = {name: next(r for r in FACE_REGIONS if separation.shares[r][k, k]) for k, name in enumerate(names)}
    assert (of["pucker"], of["blink_l"], of["brow_lower_r"], of["cheek_puff"]) == ("lips", "lids", "brows", "cheeks")
    assert (of["tongue_up"], of["chin_raise"], of["nose_wrinkle"]) == ("lips", "lips", "cheeks")


def test_a_vertex_belongs_to_regions_in_parts_of_one_at_most():
    total = sum(masks(builtin_model()).values())
    assert total.max() <= 1.0 + 1e-9
    assert total.min() >= 0.0


def test_mixed_expressions_come_apart_by_their_vertices():
    separation = by_vertices(mixed_model())
    assert not separation.reasons
    assert all(separation.captured[region] > 0.8 for region in FACE_REGIONS)


@pytest.mark.parametrize(
    ("unit", "region"),
    [("brow_inner_raise", "brows"), ("blink_r", "lids"), ("lower_lip_depress", "lips"), ("nostril_flare", "cheeks")],
)
def test_a_movement_of_one_region_is_found_there_although_every_expression_moves_all(unit, region):
    separation, model = by_vertices(mixed_model()), builtin_model()
    raw = np.zeros((1, 106), np.float32)
    raw[0, model.expression_names.index(unit)] = 1.0
    mixed = motion_for("flame", raw)[:, :100]
    movement = np.linalg.norm(model.directions[..., model.expression_names.index(unit)])
    found = {
        name: np.linalg.norm(mixed_model().directions @ (mixed @ separation.shares[name])[0]) / movement
        for name in FACE_REGIONS
    }
    assert max(found, key=found.get) == region
    assert found[region] > 0.75


def test_a_region_that_cannot_be_told_apart_says_so():
    model = mixed_model()
    stiff = np.zeros_like(model.directions)
    stiff[..., 0] = model.directions.sum(axis=2)  # one expression moves everything
    separation = separation_of(replace(model, directions=stiff))
    assert "brows" in separation.reasons
    assert "%" in separation.reasons["brows"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_shuts_the_eyes_and_the_lips_is_found(kind):
    found = tools(kind)
    assert not found.no_blinks()
    assert not found.no_closures()
    poses = np.zeros((4, 106), np.float32)
    poses[1], poses[2], poses[3] = found.blinks[0], found.blinks[1], found.closer
    lids, lips = found.ruler.lid_gaps(poses), found.ruler.lip_gaps(poses)
    assert np.abs(lids[1] - (0.0, lids[0, 1])).max() < 0.5
    assert np.abs(lids[2] - (lids[0, 0], 0.0)).max() < 0.5
    assert (lips[3] < lips[0] - 0.5).all()


def test_a_blink_that_is_found_is_the_head_s_own():
    units = in_units("flame", blink_directions(mixed_model(), FaceRuler.of(mixed_model())))
    names = builtin_model().expression_names
    assert int(np.argmax(units[0])) == names.index("blink_l")
    assert int(np.argmax(units[1])) == names.index("blink_r")


def test_a_head_that_cannot_shut_anything_says_so():
    model = replace(mixed_model(), directions=mixed_model().directions * 0.02)
    ruler = FaceRuler.of(model, np.stack([np.arange(0), np.arange(0)]))
    assert lip_closer(model, ruler) is None
    assert blink_directions(model, ruler) is None
    hidden = replace(mixed_model(), rest=mixed_model().rest * (1.0, 3.0, 1.0))
    assert not FaceRuler.of(hidden.subset(np.arange(5023))).knows_lips


def test_speech_is_left_whole_by_shares_and_remainder():
    separation = tools("flame").separation
    expression = motion_for("flame", speech())[:, :100].astype(np.float64)
    shares = sum(expression @ separation.shares[region] for region in FACE_REGIONS)
    movement = np.einsum("vce,te->tvc", mixed_model().directions, expression - shares)
    whole = np.einsum("vce,te->tvc", mixed_model().directions, expression)
    assert np.linalg.norm(movement) < 0.35 * np.linalg.norm(whole)
