"""Threads that share one pile of work and the processor's cores.

Two that compute with one core each get more done than one with two: neither waits for the other within a product, and
what one computes fills the time that the other spends fetching.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

import torch

T = TypeVar("T")
Work = Callable[[Callable[[], bool]], Iterable[T]]  # what to do until it is asked to stop, and what comes of it


class Pile(Generic[T]):
    """Things that several threads take from, each thing once."""

    def __init__(self, things: Iterable[T]) -> None:
        self._things, self._lock = iter(things), Lock()

    def take(self, count: int) -> list[T]:
        """Take up to so many."""
        with self._lock:
            return [thing for _, thing in zip(range(count), self._things, strict=False)]


def side_by_side(work: Work[T], workers: int) -> Iterator[T]:
    """Do the same work in several threads, and give what comes of it as soon as it does.

    Args:
        work: called once in each thread.
        workers: number of threads, among which those that torch may use are divided.

    Raises:
        Exception: the first that a worker ends with; the others then stop.
    """
    if workers == 1:
        yield from work(lambda: False)
        return
    made: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()
    with _threads(work, workers, made):
        while workers:
            item = made.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                workers -= 1
            else:
                yield item[0]


@contextmanager
def _threads(work: Work[T], workers: int, made: SimpleQueue[tuple[T] | BaseException | None]) -> Iterator[None]:
    """Run threads that report to ``made``, None last; stop them if the caller has enough."""
    cores, stopping = torch.get_num_threads(), Event()

    def run() -> None:
        torch.set_num_threads(max(1, cores // workers))
        try:
            for item in work(stopping.is_set):
                made.put((item,))
            made.put(None)
        except BaseException as exc:
            made.put(exc)

    threads = [Thread(target=run, daemon=True) for _ in range(workers)]
    try:
        for thread in threads:
            thread.start()
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
        torch.set_num_threads(cores)  # some of its libraries have one number for all threads
