import argparse
import json

import numpy as np
import pytest

from artalk_engine.training import drawing, evaluate, measures, recordings
from artalk_engine.training.evaluate import Utterance, rule_maker
from artalk_engine.training.head_ruler import HeadRuler
from artalk_engine.training.phones import PAUSE
from tests.artalk_engine.training.invented_speech import invent


@pytest.fixture(scope="module")
def performance():
    """Invented speech and the rule's motion for it, as if nobody knew the phones."""
    phones, waveform = invent(3, seconds=9.0)
    motion = rule_maker("neutral")(Utterance(waveform, phones, "nobody"))
    return phones, waveform, motion, HeadRuler.load().measure(motion)


def test_a_mouth_that_is_late_is_found_late(performance):
    _, waveform, motion, face = performance
    in_time = recordings.judge(waveform, motion, face)
    late = np.roll(motion, 3, axis=0)
    assert recordings.judge(waveform, late, HeadRuler.load().measure(late)).lag_frames == in_time.lag_frames + 3


def test_a_mouth_that_moves_in_silence_does_not_rest(performance):
    _, waveform, motion, face = performance
    assert recordings.judge(waveform, motion, face).silences.is_kept
    backwards = motion[::-1].copy()
    assert not recordings.judge(waveform, backwards, HeadRuler.load().measure(backwards)).silences.is_kept


def test_quiet_stretches_are_found_also_over_a_hiss(performance):
    phones, waveform, motion, _ = performance
    hiss = waveform + 1e-4 * np.random.default_rng(0).standard_normal(len(waveform)).astype(np.float32)
    wanted = sum(p.duration_s for p in phones if p.symbol == PAUSE and p.duration_s >= 0.3)
    for heard in (waveform, hiss):
        found = recordings.quiet_stretches(heard, len(motion))
        assert found[-1].end_s == pytest.approx(len(waveform) / 16_000)
        assert sum(p.duration_s for p in found if p.symbol == PAUSE) == pytest.approx(wanted, rel=0.25)


def test_a_breath_does_not_end_a_pause_and_a_soft_consonant_is_none():
    loud, floor, soft = 0.2, 1e-3, 0.016  # -14, -60 and -36 dB
    levels = [loud] * 25 + [floor] * 8 + [soft] * 4 + [floor] * 8 + [loud] * 25 + [soft] * 9 + [loud] * 25
    noise = np.random.default_rng(0).standard_normal(len(levels) * 640).astype(np.float32)
    found = recordings.quiet_stretches(noise * np.repeat(levels, 640).astype(np.float32), len(levels))
    pauses = [(p.start_s, p.end_s) for p in found if p.symbol == PAUSE and p.duration_s >= 0.3]
    assert pauses == [(pytest.approx(1.0), pytest.approx(1.8))]


def test_silence_alone_is_one_pause():
    assert [p.symbol for p in recordings.quiet_stretches(np.zeros(32_000, np.float32), 50)] == [PAUSE]


def test_frames_are_shown_where_the_lips_close(performance):
    phones, _, _, face = performance
    shown = drawing.frames_at_closures(face, phones, len(face.lip_gap))
    assert 1 <= len(shown) <= drawing.HEADS
    assert all(face.lip_gap[frame] <= measures.CLOSED_MM for frame in shown)


def test_the_voice_is_judged_on_a_real_recording(recordings_folder, tmp_path):
    pytest.importorskip("matplotlib")
    parser = argparse.ArgumentParser()
    evaluate.add_arguments(parser)
    options = ["--audio", str(recordings_folder / "eng1_16k.wav"), "--json", str(tmp_path / "found.json")]
    evaluate.run(parser.parse_args([*options, "--picture", str(tmp_path / "found.png")]))
    found = json.loads((tmp_path / "found.json").read_text())
    assert abs(found["lag_frames"]) <= 1
    assert found["correlation"] >= 0.5
    assert 2 <= found["silences"]["silences"] == found["silences"]["closed"]
    assert (tmp_path / "found.png").stat().st_size > 100_000


@pytest.fixture
def recordings_folder(request):
    return request.getfixturevalue("recordings")
