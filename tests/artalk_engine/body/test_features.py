"""Clips as channels, against golden arrays and both ways."""

import numpy as np
import pytest

from artalk_engine.body.features import (
    PARTS,
    Standard,
    axis_angle_to_rows,
    find_part,
    from_channels,
    rows_to_axis_angle,
    rows_to_matrices,
    steps_to_trans,
    to_channels,
    trans_to_steps,
)
from artalk_engine.errors import ConfigError
from bridge import rotations
from tests.bridge.small_clip import small_clip
from tests.golden.golden import Golden


@pytest.fixture
def golden():
    return Golden("rvq_motion_rep").arrays


def degrees_between(first, second):
    return np.degrees(rotations.angle_between(rotations.from_axis_angle(first), rotations.from_axis_angle(second)))


def test_rows_are_the_references_both_ways(golden):
    axis_angle = golden["axis_angle"].reshape(24, 55, 3).astype(float)
    rows = axis_angle_to_rows(axis_angle)
    np.testing.assert_allclose(rows.reshape(24, 330), golden["rot6d"], atol=1e-5)
    np.testing.assert_allclose(rows_to_matrices(rows), golden["matrix"], atol=1e-5)
    noisy = golden["rot6d_noisy"].reshape(24, 55, 6).astype(float)
    np.testing.assert_allclose(rows_to_matrices(noisy), golden["matrix_from_noisy"], atol=1e-5)
    expected = golden["axis_angle_from_noisy"].reshape(24, 55, 3).astype(float)
    assert degrees_between(rows_to_axis_angle(noisy), expected).max() < np.degrees(1e-3)


def test_translation_is_the_references_both_ways(golden):
    steps = trans_to_steps(golden["trans"])
    np.testing.assert_allclose(steps, golden["trans_v"], atol=1e-12)
    # The reference starts its sum one step late; ours comes back to where the clip was.
    np.testing.assert_allclose(steps_to_trans(steps, steps[0, [0, 2]]), golden["trans_from_v"], atol=1e-12)
    np.testing.assert_allclose(steps_to_trans(steps, golden["trans"][0, [0, 2]]), golden["trans"], atol=1e-12)


@pytest.mark.parametrize("name", ["upper", "hands", "lower", "lower_trans", "whole_trans", "face"])
def test_parts_have_the_references_channels(golden, name):
    assert PARTS[name].channels == golden[f"mask_{name}"].tolist()


def test_the_whole_body_has_312_channels_and_315_with_its_place():
    assert (PARTS["whole"].width, PARTS["whole_trans"].width) == (312, 315)


@pytest.mark.parametrize("name", list(PARTS))
def test_a_clip_comes_back_from_its_channels_and_the_rest_of_it_stays(name):
    part, clip, other = PARTS[name], small_clip(seed=1), small_clip(seed=2)
    made = from_channels(to_channels(clip, part), part, other)
    inside = np.isin(np.arange(55), part.joints)
    assert degrees_between(made.poses[:, inside], clip.poses[:, inside]).max(initial=0) < 1e-5
    np.testing.assert_array_equal(made.poses[:, ~inside], other.poses[:, ~inside])
    shift = other.trans[0] - clip.trans[0]
    shift[1] = 0.0
    np.testing.assert_allclose(made.trans, clip.trans + shift if part.has_trans else other.trans, atol=1e-9)
    np.testing.assert_array_equal(made.expressions, (clip if part.has_expressions else other).expressions)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-4, 1.0, np.pi - 1e-4, np.pi - 1e-9, np.pi, np.pi + 1e-4, 6.0])
def test_rotations_near_none_and_half_a_turn_survive(angle):
    axes = np.random.default_rng(0).normal(size=(50, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    back = rows_to_axis_angle(axis_angle_to_rows(axes * angle))
    assert degrees_between(back, axes * angle).max() < 1e-5
    assert np.linalg.norm(back, axis=1).max() <= np.pi + 1e-9


def test_rows_that_say_nothing_still_give_rotations():
    rows = np.zeros((3, 6))
    rows[1, :3] = rows[1, 3:] = [0.0, 2.0, 0.0]
    rows[2, 3:] = [5.0, 0.0, 0.0]
    matrices = rows_to_matrices(rows)
    np.testing.assert_allclose(matrices @ matrices.transpose(0, 2, 1), np.tile(np.eye(3), (3, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(matrices), 1.0)


def test_published_standardisation_files_are_cut_to_the_part(tmp_path):
    mean, std = np.arange(330.0), np.arange(1.0, 331.0)
    for name, values in {"m": mean, "s": std, "tm": np.full(3, 7.0), "ts": np.full(3, 9.0)}.items():
        np.save(tmp_path / f"{name}.npy", values.astype(np.float32))
    trans = (tmp_path / "tm.npy", tmp_path / "ts.npy")
    part = PARTS["lower_trans"]
    standard = Standard.from_files(tmp_path / "m.npy", tmp_path / "s.npy", part, trans)
    np.testing.assert_array_equal(standard.mean, [*mean[part.channels[:54]], 7.0, 7.0, 7.0])
    np.testing.assert_array_equal(standard.std, [*std[part.channels[:54]], 9.0, 9.0, 9.0])
    rows = np.random.default_rng(0).normal(size=(5, 57))
    np.testing.assert_allclose(standard.undo(standard.apply(rows)), rows)
    with pytest.raises(ConfigError, match="translation"):
        Standard.from_files(tmp_path / "m.npy", tmp_path / "s.npy", part)


def test_a_standard_that_cannot_be_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="above zero"):
        Standard(np.zeros(3), np.zeros(3))
    np.save(tmp_path / "five.npy", np.ones(5))
    with pytest.raises(ConfigError, match="330 or 78"):
        Standard.from_files(tmp_path / "five.npy", tmp_path / "five.npy", PARTS["upper"])
    with pytest.raises(ConfigError, match="cannot be read"):
        Standard.from_files(tmp_path / "none.npy", tmp_path / "none.npy", PARTS["upper"])
    with pytest.raises(ConfigError, match="no body part"):
        find_part("tail")
