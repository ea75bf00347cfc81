"""Joining clips: no step at the seam, nothing lost, and nothing changed further away."""

import dataclasses

import numpy as np
import pytest

from artalk_engine.body.checkpoint import demonstration_path, load_codec
from artalk_engine.body.joining import follow_on, join
from artalk_engine.body.procedural import make_clip
from bridge import rotations
from bridge.clip import Clip
from tests.artalk_engine.body.small_codec import small_codec


def cropped(seed, start, end):
    clip = make_clip(seed, seconds=6.0)
    return dataclasses.replace(clip, poses=clip.poses[start:end], trans=clip.trans[start:end])


def test_tokens_lead_over_a_seam_more_gently_than_a_cut_or_a_cross_fade():
    codec = load_codec(demonstration_path())
    seams = [join(cropped(1000 + k, 0, 150 + k), cropped(2000 + k, 30 + k, 180), codec)[1] for k in range(8)]
    cut, faded, made, usual = (
        np.mean([getattr(seam, name) for seam in seams]) for name in ("cut_deg", "fade_deg", "step_deg", "usual_deg")
    )
    assert made < 0.5 * cut
    assert made < faded
    assert made < usual  # no more than the clips themselves move


@pytest.mark.parametrize("codec", [None, small_codec(), small_codec("face"), small_codec("lower_trans")])
@pytest.mark.parametrize("frames", [90, 91, 92, 93])
def test_every_frame_is_kept_and_those_away_from_the_seam_are_as_they_were(codec, frames):
    first, second = cropped(1, 0, frames), cropped(2, 20, 120)
    first = dataclasses.replace(first, expressions=np.random.default_rng(0).normal(size=(frames, 100)))
    made, seam = join(first, second, codec, fade_s=0.2)
    placed = follow_on(first, second)
    assert seam.frame == frames
    assert len(made.poses) == frames + 100
    np.testing.assert_allclose(made.poses[: frames - 12], first.poses[: frames - 12], atol=1e-12)
    np.testing.assert_allclose(made.poses[frames + 12 :], placed.poses[12:], atol=1e-9)
    np.testing.assert_allclose(made.trans[frames + 12 :], placed.trans[12:], atol=1e-12)
    np.testing.assert_allclose(made.expressions[: frames - 12], first.expressions[: frames - 12], atol=1e-12)
    assert not made.expressions[frames + 12 :].any()


@pytest.mark.parametrize("frames", [2, 3, 4, 9])
def test_clips_of_a_few_frames_can_be_joined(frames):
    made, _ = join(cropped(1, 0, frames), cropped(2, 0, frames), small_codec())
    assert np.isfinite(made.poses).all()
    assert len(made.poses) == 2 * frames


def test_the_second_clip_goes_on_where_the_first_ends_and_faces_the_same_way():
    seconds = np.arange(30)[:, None] / 30
    poses = np.zeros((30, 55, 3))
    poses[:, 0, 1] = 0.5  # walks towards where it faces
    walk = Clip(poses, seconds * np.array([np.sin(0.5), 0.0, np.cos(0.5)]) + np.array([1.0, 1.29, 2.0]), 30.0)
    turn = np.array([0.0, 2.0, 0.0])
    moved = rotations.rotate(np.broadcast_to(rotations.from_axis_angle(turn), (30, 4)), walk.trans)
    turned = dataclasses.replace(walk, poses=poses + np.eye(55)[0][None, :, None] * turn, trans=moved + 3.0 - 3.0)
    placed = follow_on(walk, turned)
    np.testing.assert_allclose(placed.poses[:, 0], poses[:, 0], atol=1e-9)
    np.testing.assert_allclose(placed.trans, walk.trans + walk.trans[-1] * [1, 0, 1] - walk.trans[0] * [1, 0, 1])


def test_equal_poses_meet_without_any_step():
    still = dataclasses.replace(cropped(1, 0, 60), poses=np.repeat(cropped(1, 0, 2).poses[:1], 60, axis=0))
    _, seam = join(still, still)
    assert seam.step_deg == pytest.approx(0.0, abs=1e-5)
