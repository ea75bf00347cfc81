import time

from bridge.awake_clock import STEP_S, AwakeClock


def test_it_goes_as_long_as_somebody_looks():
    times = iter([100.0, 100.5, 101.0, 102.5])
    clock = AwakeClock(lambda: next(times))
    assert [clock.now(), clock.now(), clock.now()] == [0.5, 1.0, 2.5]


def test_a_minute_in_which_nobody_looked_hardly_counts():
    times = iter([0.0, 1.0, 61.0, 62.0])
    clock = AwakeClock(lambda: next(times))
    assert [clock.now(), clock.now(), clock.now()] == [1.0, 1.0 + STEP_S, 2.0 + STEP_S]


def test_a_clock_that_goes_back_does_not_take_time_away():
    times = iter([5.0, 4.0, 4.5])
    clock = AwakeClock(lambda: next(times))
    assert [clock.now(), clock.now()] == [0.0, 0.5]


def test_it_follows_the_real_time():
    clock = AwakeClock()
    time.sleep(0.02)
    assert clock.now() >= 0.02
