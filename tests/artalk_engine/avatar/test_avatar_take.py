"""Takes of an avatar: pictures that depend on their frame alone."""

import numpy as np
import pytest
import torch

from artalk_engine.avatar.gagavatar import GAGAvatar
from artalk_engine.avatar.head import FOREHEAD, SCALE, PosedHead, calmed, turned_camera
from artalk_engine.avatar.look import AvatarLook
from artalk_engine.avatar.take import straight
from artalk_engine.avatar.turning import turned
from artalk_engine.errors import AvatarError, OptionError
from artalk_engine.face.flame import FLAMEModel
from tests.golden import gagavatar

DRAFT = AvatarLook("draft", 64)


@pytest.mark.parametrize(
    "look", [AvatarLook(), DRAFT, AvatarLook("draft", 64, "head"), AvatarLook(noise="fresh")], ids=str
)
def test_scrubbing_shows_what_playing_shows_bit_for_bit(avatar, flame, motion, look):
    playing = avatar.take(motion, flame, look).draw(range(4))
    for frame in (3, 0, 2):
        scrubbed = avatar.take(motion, flame, look).draw([frame])[0]
        assert np.array_equal(scrubbed, playing[frame])
    assert not np.array_equal(playing[0], playing[1])


def test_another_avatar_in_between_changes_nothing(avatar, flame, motion):
    take = avatar.take(motion, flame, DRAFT)
    before = take.draw([5])
    avatar.set_avatar_id("2.jpg")
    other = avatar.take(motion, flame, DRAFT).draw([5])
    assert np.array_equal(take.draw([5]), before)
    assert not np.array_equal(other, before)


def test_a_take_shows_what_the_running_avatar_draws(avatar, flame, motion):
    before = motion.copy()
    batches = [avatar.build_forward_batch(motion[frame : frame + 1], flame) for frame in range(3)]
    pictures = avatar.forward_expression(batches[2])
    assert pictures.shape == (1, 3, 512, 512)
    assert 0 <= pictures.min() <= pictures.max() <= 1
    drawn = avatar.take(motion, flame).draw([2])[0].astype(float)
    assert np.abs(drawn - 255 * pictures[0].permute(1, 2, 0).numpy()).max() < 1.01
    assert np.array_equal(motion, before)


def test_frames_built_together_are_those_built_one_after_the_other(avatar, flame, motion):
    together = avatar.build_forward_batch(motion[:3], flame)
    avatar.set_avatar_id("11.jpg")
    single = [avatar.build_forward_batch(motion[frame : frame + 1], flame)["t_points"] for frame in range(3)]
    torch.testing.assert_close(torch.cat(single), together["t_points"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("look", [AvatarLook(), DRAFT, AvatarLook("draft", 64, "head")], ids=str)
def test_pictures_drawn_together_are_those_drawn_one_by_one(avatar, flame, motion, look, monkeypatch):
    take, posed = avatar.take(motion, flame, look), avatar.build_forward_batch(motion[:5], flame)
    alone, running = take.draw([4, 0, 2, 7, 1]).astype(int), avatar.forward_expression(posed, look)
    monkeypatch.setattr(avatar._painter, "together", 3)  # so that the second group is not full
    together = take.draw([4, 0, 2, 7, 1]).astype(int)
    assert np.abs(together - alone).max() <= 1
    assert (together != alone).mean() < 0.01
    torch.testing.assert_close(avatar.forward_expression(posed, look), running, rtol=0, atol=1e-4)


def test_choosing_an_avatar_forgets_the_forehead_of_the_one_before(avatar, load, flame, motion):
    for frame in range(3):
        avatar.build_forward_batch(motion[frame : frame + 1], flame)
    avatar.set_avatar_id("2.jpg")
    found = avatar.build_forward_batch(motion[4:5], flame)["t_points"]
    fresh = load("2.jpg").build_forward_batch(motion[4:5], flame)["t_points"]
    assert torch.equal(found, fresh)


def test_the_scale_of_the_head_that_is_given_does_not_matter(avatar, model_folder, flame, motion):
    large = FLAMEModel(scale=5.0, model_path=model_folder / "FLAME_with_eye.pt")
    assert np.array_equal(avatar.take(motion, large, DRAFT).draw([1]), avatar.take(motion, flame, DRAFT).draw([1]))


def test_a_forehead_calms_down_in_the_same_time_at_any_rate():
    jump = torch.ones(51, 1, 3)
    jump[0] = 0
    at_25, at_50 = calmed(jump[:26], fps=25)[25], calmed(jump, fps=50)[50]
    torch.testing.assert_close(at_25, at_50, rtol=0, atol=1e-5)


def test_a_head_of_some_vertices_is_a_part_of_the_whole(flame, motion):
    betas, rows = torch.from_numpy(gagavatar.tracked()["shapecode"])[None], torch.from_numpy(motion)
    whole = PosedHead(flame, betas)(rows[:, :100], rows[:, 103:])
    part = PosedHead(flame, betas, FOREHEAD)(rows[:, :100], rows[:, 103:])
    torch.testing.assert_close(part, whole[:, FOREHEAD], rtol=0, atol=1e-6)
    pose = torch.cat([torch.zeros(len(rows), 3), rows[:, 103:]], dim=1)
    torch.testing.assert_close(whole, SCALE * flame(betas, rows[:, :100], pose), rtol=0, atol=1e-5)


def test_turning_the_head_moves_it_as_turning_the_camera_does_and_leaves_the_shoulders(load, flame):
    shown = load()._gaussians
    head = PosedHead(flame, torch.zeros(1, 300))
    joints, translation = SCALE * head.joints, torch.tensor([0.0, 0.0, 10.0])
    joints[:2] = torch.tensor([[0.0, 0, 0], [0, 0.1, 0]])  # so that both turn around the world's origin
    low, high = shown.plane_points[:, 1] < 0, shown.plane_points[:, 1] > 0.1
    assert low.any()
    assert high.any()
    orient = torch.tensor([[0.1, 0.3, -0.2]])
    vertices = head(torch.zeros(1, 100), torch.zeros(1, 3))
    around = straight(vertices, shown, turned_camera(orient, translation))
    itself = turned(vertices, joints, shown, orient, turned_camera(0 * orient, translation))
    seen = [pose.means[0] @ pose.cameras[0, :, :3] + pose.cameras[0, :, 3] for pose in (around, itself)]
    planes = slice(len(vertices[0]), None)
    torch.testing.assert_close(seen[1][planes][high], seen[0][planes][high], rtol=0, atol=1e-5)
    torch.testing.assert_close(itself.means[0, planes][low], shown.plane_points[low], rtol=0, atol=1e-6)
    still = turned(vertices, joints, shown, 0 * orient, around.cameras)
    torch.testing.assert_close(still.means, around.means, rtol=0, atol=1e-6)
    torch.testing.assert_close(still.rotations[0, planes], shown.gaussians.rotations[planes], rtol=0, atol=1e-6)


def test_pictures_have_the_size_and_the_mark_that_are_asked_for(avatar, flame, motion):
    take = avatar.take(motion, flame, AvatarLook(size=96, is_marked=True))
    plain = avatar.take(motion, flame, AvatarLook(size=96))
    assert take.size == (96, 96)
    marked, unmarked = take.draw([0])[0], plain.draw([0])[0]
    assert np.array_equal(marked[:48], unmarked[:48])
    assert not np.array_equal(marked[48:, 48:], unmarked[48:, 48:])
    assert take.draw([]).shape == (0, 96, 96, 3)


@pytest.mark.parametrize("wrong", [np.zeros((3, 105)), np.zeros((0, 106)), np.zeros(106), np.full((2, 106), "x")])
def test_a_motion_of_another_shape_is_refused(avatar, flame, wrong):
    with pytest.raises(OptionError, match=r"\[T, 106\]"):
        avatar.take(wrong, flame)


def test_a_motion_with_values_that_are_no_numbers_is_refused_by_its_frame(avatar, flame, motion):
    broken = motion.copy()
    broken[4, 101] = np.nan
    with pytest.raises(OptionError, match="no numbers, first in frame 4"):
        avatar.take(broken, flame)
    with pytest.raises(OptionError, match="no numbers"):
        avatar.build_forward_batch(broken, flame)


def test_a_frame_that_is_not_there_is_refused(avatar, flame, motion):
    with pytest.raises(OptionError, match="frames 0 to 11, not 12"):
        avatar.take(motion, flame).draw([0, 12])


def test_looks_that_nobody_has_are_refused():
    for wrong in ({"quality": "best"}, {"turn": "both"}, {"noise": "loud"}, {"size": -1}):
        with pytest.raises(OptionError):
            AvatarLook(**wrong)


def test_an_unknown_avatar_is_told_with_those_that_are_known(load):
    avatar = load("")
    assert avatar.avatar_ids() == ("2.jpg", "11.jpg")
    with pytest.raises(AvatarError, match=r"there is no avatar '12.jpg'; known are: 2.jpg, 11.jpg"):
        avatar.set_avatar_id("12.jpg")
    with pytest.raises(AvatarError, match="no avatar is chosen"):
        avatar.take(np.zeros((1, 106)), None)


def test_set_up_reports_progress_and_may_be_ended(load, model_folder):
    avatar, told = load(""), []
    avatar.set_avatar_id("2.jpg", lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, told[0][1] + 1))

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        avatar.set_avatar_id("11.jpg", stop)
    assert avatar.avatar_id == "2.jpg"


def test_public_name_is_the_class():
    import artalk_engine

    assert artalk_engine.GAGAvatar is GAGAvatar
