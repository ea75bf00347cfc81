from __future__ import annotations

import numpy as np
import torch

from artalk_engine.assets import head_path
from artalk_engine.face.flame import FLAMEModel
from artalk_engine.training.head_ruler import HeadRuler
from artalk_engine.training.units import UNIT
from bridge.motion import CHANNELS, EXPRESSION, GLOBAL_ORIENT, JAW_POSE


def posed(**units):
    motion = np.zeros((1, CHANNELS), np.float32)
    for name, amount in units.items():
        motion[0, JAW_POSE.start if name == "jaw" else UNIT[name]] = amount
    return HeadRuler.load().measure(motion)


def test_it_measures_what_the_whole_head_shows():
    random = np.random.default_rng(0)
    motion = np.zeros((5, CHANNELS), np.float32)
    motion[:, :36] = random.uniform(0.0, 0.6, (5, 36))
    motion[:, JAW_POSE] = random.uniform(-0.05, 0.25, (5, 3))
    pose = torch.from_numpy(np.concatenate([np.zeros((5, 3), np.float32), motion[:, JAW_POSE]], axis=1))
    vertices = FLAMEModel()(None, torch.from_numpy(motion[:, EXPRESSION]), pose).numpy() * 1e3
    with np.load(head_path()) as head:
        lips, lids = head["lip_seam"], head["lid_seam"]
    face = HeadRuler.load().measure(motion)
    gaps = vertices[:, lips[0], 1] - vertices[:, lips[1], 1]
    np.testing.assert_allclose(face.lip_gap, gaps.max(axis=1), atol=2e-3)
    shut = np.stack([(vertices[:, upper, 1] - vertices[:, lower, 1]).max(axis=1) for upper, lower in lids], axis=1)
    np.testing.assert_allclose(face.lid_gaps, shut, atol=2e-3)


def test_the_turn_of_the_head_changes_nothing():
    motion = np.zeros((1, CHANNELS), np.float32)
    motion[0, JAW_POSE.start] = 0.2
    turned = motion.copy()
    turned[0, GLOBAL_ORIENT] = 0.3, -0.2, 0.1
    ruler = HeadRuler.load()
    np.testing.assert_array_equal(ruler.measure(motion).opening, ruler.measure(turned).opening)


def test_at_rest_lips_touch_and_eyes_are_open():
    face = posed()
    assert 0.0 < face.lip_gap[0] < 0.3
    assert face.protrusion[0] == 0.0
    assert (face.lid_gaps > 10.0).all()


def test_units_do_what_their_names_say():
    assert posed(jaw=0.2).opening[0] > 10.0
    assert posed(jaw=0.05, lip_close=0.05 / 0.06).lip_gap[0] < 0.5
    assert posed(pucker=1.0).width[0] < posed().width[0] - 15.0
    assert posed(pucker=1.0).protrusion[0] > 2.0
    assert posed(stretch=1.0).width[0] > posed().width[0] + 5.0
    left, right = posed(blink_l=1.0).lid_gaps[0]
    assert left < 0.5 < 10.0 < right
