from __future__ import annotations

import numpy as np
import pytest

from artalk_engine.training import measures
from artalk_engine.training.phones import Phone
from tests.artalk_engine.training.invented_speech import spoken

SPEECH = spoken(("pau", 0.4), ("aa", 0.4), ("b", 0.08), ("aa", 0.72), ("m", 0.08), ("aa", 0.32), ("pau", 0.4))


def lips(closed_at, phones=SPEECH):
    """A gap of 5 mm in speech and 0.2 mm in pauses and on some frames."""
    times = np.arange(round(phones[-1].end_s * 25)) / 25
    gap = np.full(len(times), 5.0)
    for phone in phones:
        if phone.symbol == "pau":
            gap[(times >= phone.start_s) & (times <= phone.end_s)] = 0.2
    gap[list(closed_at)] = 0.2
    return gap


def test_closures_are_counted_where_they_belong_and_elsewhere():
    found = measures.closures(lips([20, 21, 30, 31, 41]), SPEECH)
    assert found == measures.Closures(sounds=2, reached=2, events=3, elsewhere=1)
    assert found.recall == 1.0
    assert found.share_elsewhere == pytest.approx(1 / 3)


def test_a_closure_counts_up_to_60_ms_beside_its_sound():
    assert measures.closures(lips([19]), SPEECH).reached == 1
    assert measures.closures(lips([18]), SPEECH) == measures.Closures(sounds=2, reached=0, events=1, elsewhere=1)


def test_coming_to_rest_is_no_closure():
    assert measures.closures(lips([11, 49]), SPEECH).events == 0


def test_closures_add_up():
    one = measures.Closures(3, 2, 4, 1)
    assert one + one == measures.Closures(6, 4, 8, 2)
    assert measures.Closures(0, 0, 0, 0).recall == 1.0


def test_the_lag_of_a_late_curve_is_positive():
    curve = np.random.default_rng(0).standard_normal(200)
    late = np.concatenate([np.zeros(2), curve[:-2]])
    found = measures.lagged_correlations(late, curve)
    assert int(found.argmax()) - 5 == 2
    assert found.max() == pytest.approx(1.0)


def test_a_curve_that_does_not_move_correlates_with_nothing():
    assert not measures.lagged_correlations(np.zeros(50), np.random.default_rng(0).standard_normal(50)).any()


def test_silences_leave_out_what_lips_need_to_come_to_rest():
    phones = spoken(("pau", 0.4), ("aa", 0.4), ("pau", 0.2), ("aa", 0.2), ("pau", 0.6), ("aa", 0.2), ("pau", 0.4))
    found = measures.silences(phones, 60)
    assert found == [slice(0, 8), slice(34, 43), slice(54, 60)]


def test_half_a_blink_is_not_full():
    lids = np.full((100, 2), 18.0)
    lids[20:24] = 0.1
    lids[60:64, 0], lids[60:64, 1] = 0.1, 5.0
    assert measures.blinks(lids) == [(20, True), (60, False)]
    assert measures.blinks(lids[:0]) == []


def test_jitter_is_zero_for_a_parabola():
    assert measures.jitter(np.arange(20.0) ** 2) == pytest.approx(0.0)
    assert measures.jitter(np.array([0.0, 1.0] * 10)) > 1.0


def test_runs_are_found_at_both_ends():
    assert measures.runs(np.array([True, False, True, True])) == [(0, 0), (2, 3)]


def test_lips_that_touch_on_a_w_are_excused_where_the_rule_nearly_closes_them_too():
    phones = (Phone("aa", 0.0, 0.8), Phone("w", 0.8, 0.9), Phone("aa", 0.9, 2.0))
    gap = np.full(50, 8.0)
    gap[21] = 0.8  # on the w
    gap[40] = 0.8  # on the vowel
    narrow, wide = np.full(50, 8.0), np.full(50, 8.0)
    narrow[[21, 40]] = 1.5
    assert measures.closures(gap, phones).elsewhere == 2
    assert measures.closures(gap, phones, rule_gap=wide).elsewhere == 2
    assert measures.closures(gap, phones, rule_gap=narrow).elsewhere == 1
