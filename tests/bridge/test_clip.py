import dataclasses

import numpy as np
import pytest

from bridge import body
from bridge import rotations as rot
from bridge.clip import Clip, at_times, resampled, upright
from tests.bridge.small_clip import small_clip


def test_the_skeleton_is_the_one_of_smplx():
    assert len(body.JOINTS) == len(body.PARENTS) == 55
    assert all(parent < joint for joint, parent in enumerate(body.PARENTS))
    parent_of = {joint: body.JOINTS[parent] for joint, parent in zip(body.JOINTS, body.PARENTS, strict=True)}
    assert parent_of["left_collar"] == "spine3"
    assert parent_of["jaw"] == "head"
    assert parent_of["left_thumb1"] == "left_wrist"
    assert parent_of["right_pinky3"] == "right_pinky2"
    assert (body.JOINTS[22], body.JOINTS[25], body.JOINTS[40]) == ("jaw", "left_index1", "right_index1")
    assert [body.JOINTS[index] for index in body.SMPLH_JOINTS[21:23]] == ["right_wrist", "left_index1"]


def test_the_same_rate_gives_the_same_clip():
    clip = small_clip()
    assert resampled(clip, 30.0) is clip


@pytest.mark.parametrize("fps", [23.976, 24.0, 25.0, 59.94, 120.0])
def test_a_resampled_clip_follows_the_source_and_reaches_its_end(fps):
    clip = small_clip(frames=61)
    other = resampled(clip, fps)
    assert clip.seconds <= other.seconds < clip.seconds + 1 / fps
    np.testing.assert_allclose(other.poses[-1], clip.poses[-1], atol=1e-9)
    back = at_times(other, np.arange(61) / 30.0)
    error = rot.angle_between(rot.from_axis_angle(back.poses), rot.from_axis_angle(clip.poses))
    assert np.degrees(error.max()) < 1.5
    np.testing.assert_allclose(back.trans, clip.trans, atol=2e-3)


def test_a_half_way_frame_is_half_the_turn():
    poses = np.zeros((2, 55, 3))
    poses[1, 12] = (0.0, 2.0, 0.0)
    clip = Clip(poses, np.array([[0.0, 0, 0], [0, 0, 4.0]]), 10.0)
    middle = at_times(clip, np.array([0.05, 0.1]))
    np.testing.assert_allclose(middle.poses[0, 12], (0.0, 1.0, 0.0), atol=1e-12)
    np.testing.assert_allclose(middle.trans[0], (0.0, 0.0, 2.0))


def test_rotations_that_pass_half_a_turn_take_the_short_way():
    poses = np.zeros((2, 55, 3))
    poses[0, 0], poses[1, 0] = (0.0, 3.1, 0.0), (0.0, -3.1, 0.0)
    turned = at_times(Clip(poses, np.zeros((2, 3)), 30.0), np.array([1 / 60, 1 / 30])).poses[0, 0]
    np.testing.assert_allclose(np.abs(turned), (0.0, np.pi, 0.0), atol=1e-9)


def test_a_clip_with_z_up_stands_the_same_when_y_is_up():
    clip = small_clip()
    turn = rot.from_axis_angle(np.array([np.pi / 2, 0.0, 0.0]))  # Y up to Z up
    pelvis = np.array([0.01, -0.4, 0.02])
    poses = clip.poses.copy()
    turns = np.broadcast_to(turn, (len(poses), 4))
    poses[:, 0] = rot.to_axis_angle(rot.multiply(turns, rot.from_axis_angle(poses[:, 0])))
    trans = rot.rotate(turns, clip.trans + pelvis) - pelvis
    lying = dataclasses.replace(clip, poses=poses, trans=trans, up_axis="Z")
    again = upright(lying, tuple(pelvis))
    np.testing.assert_allclose(again.poses, clip.poses, atol=1e-9)
    np.testing.assert_allclose(again.trans, clip.trans, atol=1e-12)
    assert again.up_axis == "Y"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"poses": np.zeros((40, 54, 3))}, "poses is"),
        ({"trans": np.zeros((39, 3))}, "trans is"),
        ({"expressions": np.zeros((40, 50))}, "expressions is"),
        ({"poses": np.full((40, 55, 3), np.nan)}, "not numbers"),
        ({"fps": 0.0}, "rate is"),
        ({"betas": np.zeros((3, 3))}, "betas is"),
        ({"betas": np.full(300, np.nan)}, "betas is"),
        ({"fps": float("nan")}, "rate is"),
    ],
)
def test_what_is_no_clip_cannot_be_made(change, said):
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(small_clip(), **change)


def test_one_frame_is_no_clip():
    with pytest.raises(ValueError, match="1 frame"):
        Clip(np.zeros((1, 55, 3)), np.zeros((1, 3)), 30.0)
