"""Training: it learns, carries on where it stopped, keeps the schedule, and its made-up gestures are bodies."""

import dataclasses
import json
import signal

import numpy as np
import pytest
import torch

from artalk_engine.body import dataset, train, training
from artalk_engine.body.checkpoint import load_codec
from artalk_engine.body.codec import encode_clip
from artalk_engine.body.features import PARTS
from artalk_engine.body.metrics import codebook_use, joint_error
from artalk_engine.body.procedural import MIRROR, joint_limits, make_clip
from artalk_engine.body.training import TrainingOptions, learning_rate, training_losses
from artalk_engine.errors import ConfigError
from bridge import body
from bridge.clip_file import save_clip
from tests.bridge.small_clip import small_clip

TINY = [
    *("--procedural", "24", "--width", "32", "--code-dim", "16", "--nb-code", "32", "--num-quantizers", "2"),
    *("--batch-size", "8", "--lr", "2e-3", "--warm-up", "10", "--threads", "1", "--json"),
]


def run(out, *options, status=0):
    assert train.main([*TINY, "--out", str(out), *options]) == status


def told(capsys):
    return json.loads(capsys.readouterr().out)


def test_it_learns_and_uses_its_codes(tmp_path, capsys):
    run(tmp_path / "short", "--total-iter", "1")
    before = told(capsys)
    run(tmp_path / "long", "--total-iter", "120", "--lr-scheduler", "120")
    after = told(capsys)
    assert after["degrees_2_layers"] < before["degrees_2_layers"] - 0.3
    assert min(after["codes_used"]) >= 8
    assert after["jerk_ratio"] > 0
    codec = load_codec(tmp_path / "long" / "codec.pth")
    assert "made-up" in codec.note
    assert codec.part.name == "upper"


def test_an_interrupted_training_ends_like_one_in_a_piece(tmp_path, monkeypatch, capsys):
    run(tmp_path / "whole", "--total-iter", "20", "--report-every", "10")

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(train, "judge", interrupt)
        run(tmp_path / "broken", "--total-iter", "20", "--report-every", "10", status=130)
    run(tmp_path / "broken", "--total-iter", "20", "--report-every", "10")
    whole, broken = (load_codec(tmp_path / name / "codec.pth") for name in ("whole", "broken"))
    assert whole.fingerprint == broken.fingerprint


def test_an_interrupt_ends_after_a_whole_step_and_loses_nothing(tmp_path, monkeypatch, capsys):
    run(tmp_path / "whole", "--total-iter", "20")
    losses, steps = training.training_losses, []

    def interrupted_once(*arguments):
        steps.append(len(steps))
        if len(steps) == 7:
            signal.raise_signal(signal.SIGINT)
        return losses(*arguments)

    monkeypatch.setattr(training, "training_losses", interrupted_once)
    capsys.readouterr()
    run(tmp_path / "broken", "--total-iter", "20", status=130)
    assert "Interrupted after step 7; the same command carries on" in capsys.readouterr().err
    run(tmp_path / "broken", "--total-iter", "20")
    assert len(steps) == told(capsys)["steps"]
    whole, broken = (load_codec(tmp_path / name / "codec.pth") for name in ("whole", "broken"))
    assert whole.fingerprint == broken.fingerprint


def test_another_codec_can_be_trained_on(tmp_path, capsys):
    run(tmp_path / "first", "--total-iter", "30")
    first = told(capsys)
    run(tmp_path / "second", "--total-iter", "1", "--lr", "1e-6", "--resume-pth", str(tmp_path / "first" / "codec.pth"))
    assert told(capsys)["degrees_2_layers"] == pytest.approx(first["degrees_2_layers"], abs=0.5)


def test_a_codec_of_another_part_is_not_trained_on(tmp_path, capsys):
    run(tmp_path / "first", "--total-iter", "1")
    start = ["--resume-pth", str(tmp_path / "first" / "codec.pth")]
    run(tmp_path / "second", "--total-iter", "1", "--body-part", "hands", *start, status=3)
    assert "for upper, not for hands" in capsys.readouterr().err


def test_a_folder_of_clips_is_learned_from_and_damaged_ones_are_left_out(tmp_path, capsys, caplog):
    folder = tmp_path / "clips"
    folder.mkdir()
    for index in range(3):
        save_clip(folder / f"2_{index}.npz", small_clip(100, seed=index))
    (folder / "2_broken.npz").write_bytes(b"no clip")
    for part in ("lower_trans", "face"):
        run(tmp_path / part, "--total-iter", "2", "--data", str(folder), "--pattern", "2_*.npz", "--body-part", part)
        assert load_codec(tmp_path / part / "codec.pth").part.name == part
        told(capsys)
    assert "2_broken.npz" in caplog.text


@pytest.mark.parametrize(
    ("options", "status", "word"),
    [
        (["--body-part", "face"], 2, "no face"),
        (["--data", "/no/such/folder"], 2, "no clip can be read"),
        (["--procedural", "1"], 2, "two clips"),
        (["--window-size", "400"], 2, "as long as a window"),
        (["--resume-pth", "/no/such/codec.pth"], 3, "no checkpoint"),
        (["--lr", "0"], 2, "above zero"),
        (["--mean", "mean.npy"], 2, "needs its std"),
        (["--width", "0"], 2, "width"),
        (["--device", "abacus"], 3, "abacus"),
        (["--lr", "1e30", "--total-iter", "20"], 2, "no number"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence(tmp_path, capsys, options, status, word):
    run(tmp_path / "out", "--total-iter", "1", *options, status=status)
    out, err = capsys.readouterr()
    assert word in json.loads(out)["error"]["text"].lower()
    assert "Traceback" not in err


def test_a_training_of_other_sizes_is_not_carried_on(tmp_path, capsys):
    run(tmp_path, "--total-iter", "1")
    run(tmp_path, "--total-iter", "1", "--width", "64", status=3)
    assert "another --out" in capsys.readouterr().err


def test_the_rate_rises_falls_and_is_the_published_one():
    options = TrainingOptions()
    assert learning_rate(0, options) == pytest.approx(2e-4 * 2 / 401)
    assert learning_rate(398, options) == pytest.approx(2e-4 * 400 / 401)
    assert learning_rate(399, options) == 2e-4
    assert learning_rate(399 + 199_999, options) == 2e-4
    assert learning_rate(399 + 200_000, options) == pytest.approx(2e-4 * 0.05)
    several = dataclasses.replace(options, lr_scheduler=(10, 20), gamma=0.5)
    assert [learning_rate(399 + step, several) for step in (9, 10, 20)] == [2e-4, 1e-4, 5e-5]
    assert options.steps == 300_399


@pytest.mark.parametrize("recons_loss", ["l1", "l2", "l1_smooth"])
def test_the_velocity_loss_is_one_of_velocities(recons_loss):
    options = TrainingOptions(recons_loss=recons_loss, loss_vel=2.0, commit=3.0)
    motion = torch.randn(2, 16, 4, generator=torch.Generator().manual_seed(0))

    def losses(made):
        return training_losses(lambda _: (made, torch.tensor(0.5), torch.tensor(7.0)), motion, options)

    shifted, shaken = losses(motion + 1.0), losses(motion + torch.tensor([1.0, -1.0]).repeat(8)[:, None])
    assert float(shifted.velocity) == pytest.approx(0.0, abs=1e-6)
    assert float(shaken.velocity) > float(shaken.reconstruction) == pytest.approx(float(shifted.reconstruction))
    for each in (shifted, shaken):
        assert float(each.total) == pytest.approx(float(each.reconstruction + 2.0 * each.velocity + 3.0 * 0.5))


def test_windows_lie_within_one_clip():
    clips = [make_clip(seed, seconds=3.0) for seed in range(3)]
    part = PARTS["upper"]
    windows = dataset.cut(clips, part, dataset.measure(clips, part))
    assert windows.starts.tolist() == [start + first for first in (0, 90, 180) for start in (0, 20)]
    assert windows.draw(5).shape == (5, 64, 78)
    assert float(windows.motion.mean().abs()) < 1e-4
    with pytest.raises(ConfigError):
        dataset.cut(clips[:1], part, dataset.measure(clips, part), frames=91)


def test_made_up_gestures_stay_within_the_limits_of_joints_and_move_smoothly():
    low, high = joint_limits()
    clips = [make_clip(seed) for seed in range(12)]
    degrees = np.degrees(np.stack([clip.poses for clip in clips]))
    assert (degrees >= low - 1e-9).all()
    assert (degrees <= high + 1e-9).all()
    assert np.abs(np.diff(degrees, axis=1)).max() < 20.0  # a frame
    assert np.abs(np.diff(degrees, 2, axis=1)).max() < 5.0
    assert degrees[:, :, 16].std() > 5.0  # shoulders move
    assert not degrees[:, :, 22:25].any()  # jaw and eyes do not


def test_the_same_seed_makes_the_same_gestures_and_another_makes_others():
    np.testing.assert_array_equal(make_clip(5).poses, make_clip(5).poses)
    assert np.abs(make_clip(5).poses - make_clip(6).poses).max() > 0.1


def test_limits_of_the_right_are_the_mirror_image_of_the_left():
    low, high = joint_limits()
    for joint, name in enumerate(body.JOINTS):
        if name.startswith("left"):
            other = body.JOINTS.index(name.replace("left", "right"))
            ends = np.stack([low[joint] * MIRROR, high[joint] * MIRROR])
            np.testing.assert_array_equal([ends.min(axis=0), ends.max(axis=0)], [low[other], high[other]])


def test_errors_are_measured_in_degrees():
    clip = make_clip(1, seconds=2.0)
    poses = np.zeros_like(clip.poses)
    still, bent = (
        dataclasses.replace(clip, poses=poses + np.radians(angle) * np.eye(55)[3][:, None] * [1, 0, 0])
        for angle in (0.0, 6.0)
    )
    error = joint_error(bent, still, [3, 6])
    assert (error.mean, error.worst) == (pytest.approx(3.0), pytest.approx(6.0))
    np.testing.assert_allclose(error.joints, [6.0, 0.0], atol=1e-9)
    assert error.velocity == pytest.approx(0.0, abs=1e-9)


def test_use_of_codes_is_counted_by_layer():
    use = codebook_use(np.array([[0, 1], [0, 2], [0, 3], [0, 4]]), 8)
    assert [layer["used"] for layer in use] == [1, 4]
    assert [layer["perplexity"] for layer in use] == [pytest.approx(1, abs=1e-3), pytest.approx(4, abs=1e-3)]


def test_tokens_of_a_clip_are_those_of_its_channels(tmp_path, capsys):
    run(tmp_path, "--total-iter", "1")
    codec, clip = load_codec(tmp_path / "codec.pth"), make_clip(9, seconds=2.1)
    assert encode_clip(clip, codec).shape == (16, 2)
