"""Threads that share one pile of work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import torch

from artalk_engine.side_by_side import Pile, side_by_side

Stop = Callable[[], bool]


def test_each_thing_of_a_pile_is_taken_once_by_whoever_asks() -> None:
    pile = Pile(range(2_000))
    taken = list(side_by_side(lambda _: iter(lambda: pile.take(3), []), 2))
    assert sorted(number for some in taken for number in some) == list(range(2_000))


def test_work_goes_on_in_as_many_threads_as_asked_for() -> None:
    meeting = threading.Barrier(2, timeout=60)  # which one thread alone would not get past

    def work(_is_enough: Stop) -> Iterator[int]:
        meeting.wait()
        yield threading.get_ident()

    assert len(set(side_by_side(work, 2))) == 2


def test_an_error_of_one_thread_reaches_the_caller_and_stops_the_other() -> None:
    ended = threading.Event()
    first = iter([True])

    def work(is_enough: Stop) -> Iterator[int]:
        if next(first, False):
            raise ValueError("a sound that cannot be read")
        while not is_enough():
            yield 0
        ended.set()

    with pytest.raises(ValueError, match="cannot be read"):
        list(side_by_side(work, 2))
    assert ended.is_set()


def test_a_caller_that_has_enough_stops_the_threads() -> None:
    before = threading.active_count()

    def work(is_enough: Stop) -> Iterator[int]:
        while not is_enough():
            yield 0

    made = side_by_side(work, 2)
    assert next(made) == 0
    made.close()
    assert threading.active_count() == before


def test_torch_has_its_threads_back_afterwards() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert list(side_by_side(lambda _: [torch.get_num_threads()], 2)) == [1, 1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
