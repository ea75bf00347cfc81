import numpy as np
import pytest

from bridge.errors import MessageError
from bridge.fields import from_plain, to_plain
from bridge.messages import (
    BY_NAME,
    REPLIES,
    REQUESTS,
    Cancel,
    Description,
    Done,
    Failed,
    Film,
    Frame,
    Generate,
    Hello,
    LoadRig,
    MotionWindow,
    Preview,
    Progress,
)
from bridge.protocol import ANSWERS, ENDINGS

SAMPLES = [
    Hello(),
    LoadRig("/models/Zoë.pkl"),
    Generate("/a.wav", "happy", 2**62, 1.5, 4.0, True, "/model", "cuda", 4),
    Generate("/a.wav"),
    Cancel(3),
    Description("cpu", ("built-in voice",), ("neutral", "happy"), "builtin"),
    Progress("motion", 1, 2),
    Done(0),
    Frame(12),
    Failed("audio", "It is empty.", "Record something."),
]


@pytest.mark.parametrize("message", SAMPLES, ids=lambda message: type(message).__name__)
def test_a_message_survives_being_plain(message):
    assert from_plain(BY_NAME, *to_plain(message)) == message


def test_motion_survives_being_plain():
    motion = np.random.default_rng(0).standard_normal((7, 106)).astype(np.float32)
    window = from_plain(BY_NAME, *to_plain(MotionWindow(100, motion)))
    assert window.first_frame == 100
    np.testing.assert_array_equal(window.motion, motion)


def test_wishes_for_pictures_survive_being_plain():
    numbers = np.array([5, 6, 2**40])
    wish = Preview(motion="/m.npy", rate_hz=24.0, pictures="/p", frames=numbers, slots=numbers, stamps=-numbers)
    again = from_plain(BY_NAME, *to_plain(wish))
    assert (again.motion, again.rate_hz, again.portrait, again.quality) == ("/m.npy", 24.0, "mesh", "full")
    np.testing.assert_array_equal(again.stamps, -numbers)


def test_wishes_that_do_not_fit_together_are_refused():
    numbers, one = np.arange(2), np.arange(1)
    with pytest.raises(MessageError, match="one slot"):
        Preview(motion="/m.npy", rate_hz=24.0, pictures="/p", frames=numbers, slots=one, stamps=numbers)
    with pytest.raises(MessageError, match="quality"):
        Film(motion="/m.npy", rate_hz=24.0, out="/f.mp4", quality="best")
    with pytest.raises(MessageError, match="rows"):
        Film(motion="/m.npy", rate_hz=0.0, out="/f.mp4")


def test_every_request_has_its_answers_and_every_reply_its_place():
    assert set(ANSWERS) == set(REQUESTS)
    assert {reply for answers in ANSWERS.values() for reply in answers} | set(ENDINGS) <= set(REPLIES)


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"message": "Exec"},
        {"message": ["Done"]},
        {"message": "Message"},
        {"message": "Done"},
        {"message": "Done", "frames": True},
        {"message": "Done", "frames": -1},
        {"message": "Done", "frames": 2**63},
        {"message": "Done", "frames": 1, "more": 2},
        {"message": "Generate"},
        {"message": "Generate", "audio": 5},
        {"message": "Generate", "audio": "a" * 9000},
        {"message": "Generate", "audio": "a", "end_s": "1"},
        {"message": "Generate", "audio": "a", "start_s": 10**400},
        {"message": "Description", "device": "cpu", "models": "x", "styles": [], "rig": ""},
        {"message": "Description", "device": "cpu", "models": [1], "styles": [], "rig": ""},
        {"message": "MotionWindow", "first_frame": 0},
        {"message": "MotionWindow", "first_frame": 0, "motion": [1.0]},
    ],
)
def test_a_message_that_is_not_one_is_refused(plain):
    with pytest.raises(MessageError):
        from_plain(BY_NAME, plain, {})


@pytest.mark.parametrize("motion", [np.zeros((2, 105), np.float32), np.zeros(106, np.float32), np.zeros((2, 106))])
def test_motion_of_another_layout_is_refused(motion):
    with pytest.raises(MessageError):
        MotionWindow(0, motion)


def test_the_sender_cannot_make_a_wrong_message_either():
    with pytest.raises(MessageError, match=r"Generate\.start_s"):
        Generate("/a.wav", start_s=float("nan"))
