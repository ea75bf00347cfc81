from __future__ import annotations

import argparse
import json
from dataclasses import replace

import numpy as np
import pytest

from artalk_engine.training import drawing, evaluate, report
from artalk_engine.training.evaluate import Utterance
from artalk_engine.training.head_ruler import HeadRuler
from tests.artalk_engine.training.invented_speech import invent


@pytest.fixture(scope="module")
def utterances():
    made = [invent(seed, seconds=9.0) for seed in range(3)]
    return [Utterance(waveform, phones, f"nobody {k}") for k, (phones, waveform) in enumerate(made)]


@pytest.fixture(scope="module")
def of_the_rule(utterances):
    return evaluate.evaluate(evaluate.rule_maker("neutral"), utterances)


def test_the_rule_reaches_everything_that_is_promised(of_the_rule):
    assert of_the_rule.opening_correlation == pytest.approx(1.0)
    assert of_the_rule.lag_frames == 0
    for row in report.ROWS:
        assert row.goal(row.value(of_the_rule)), row.name


def test_a_face_that_never_moves_fails(utterances):
    def frozen(utterance):
        return np.zeros((-(-len(utterance.waveform) // 640), 106), np.float32)

    found = evaluate.evaluate(frozen, utterances)
    assert found.opening_correlation == 0.0
    assert found.blinks_per_minute == 0.0
    assert not found.passes_first_version
    assert "NO" in found.table()


def test_a_late_voice_is_found_late(utterances):
    def late(utterance):
        return np.roll(evaluate.rule_maker("neutral")(utterance), 3, axis=0)

    assert evaluate.evaluate(late, utterances).lag_frames == 3


def test_the_table_has_a_line_for_each_figure(of_the_rule):
    table = of_the_rule.table()
    assert all(row.name in table for row in report.ROWS)
    assert "NO" not in table


def test_the_rules_own_figures_stand_beside_as_the_ceiling(of_the_rule):
    row = of_the_rule.table(of_the_rule).splitlines()[2]
    assert row.count("1.000") == 2


def test_each_group_of_voices_has_a_line(utterances):
    named = [replace(utterance, group=f"group {k % 2}") for k, utterance in enumerate(utterances)]
    groups = evaluate.by_group(evaluate.judge(evaluate.rule_maker("neutral"), named, HeadRuler.load()))
    assert list(groups) == ["group 0", "group 1"]
    assert sum(found.closures.sounds for found in groups.values()) > 0
    lines = report.table_of_groups(groups).splitlines()
    assert [line[:7] for line in lines[2:]] == ["group 0", "group 1"]
    assert all(line.endswith("yes") for line in lines[2:])


def test_the_figures_are_written_as_json(of_the_rule, tmp_path):
    report.write_json(tmp_path / "figures.json", of_the_rule, of_the_rule, {"nobody": of_the_rule})
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["closure_recall"] == figures["of_the_rule"]["closure_recall"] == 1.0
    assert figures["groups"]["nobody"]["passes_goal"] is True


def test_the_picture_is_drawn(utterances, tmp_path):
    pytest.importorskip("matplotlib")
    judged = evaluate.judge(evaluate.rule_maker("neutral"), utterances[:1], HeadRuler.load())[0]
    speech = judged.utterance
    drawing.draw(tmp_path / "p.png", speech.waveform, speech.phones, judged.face, judged.rule_face, speech.voice)
    assert (tmp_path / "p.png").stat().st_size > 20_000


def test_options_have_defaults():
    parser = argparse.ArgumentParser()
    evaluate.add_arguments(parser)
    options = parser.parse_args([])
    assert (options.style, options.checkpoint, options.rule) == ("neutral", None, False)
