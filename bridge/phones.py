"""The sounds of a speech with their times, and whether a mouth closes on those that need it."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .motion import FPS

PAUSE = ""
BILABIALS = frozenset("pbmɓʙ")  # sounds that need closed lips, by their first letter
CLOSED_MM = 1.0  # lips nearer than this, everywhere along the mouth, are seen as closed
NEAR_S = 0.060  # a closure counts for a sound at most this far away


@dataclass(frozen=True, eq=False)
class Phones:
    """What is spoken when.

    Attributes:
        symbols: in the International Phonetic Alphabet, ``""`` for a pause.
        times: ``[P, 2]`` float32, where each begins and ends, in seconds from the first frame.
    """

    symbols: tuple[str, ...]
    times: NDArray[np.float32]

    @classmethod
    def of_table(cls, symbols: Sequence[str], rows: NDArray[np.float32]) -> Phones:
        """Read what :meth:`table` gives."""
        return cls(tuple(symbols[int(number)] for number in rows[:, 0]), np.ascontiguousarray(rows[:, 1:], np.float32))

    def table(self) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Return the different symbols, and ``[P, 3]``: for each phone its symbol's number, begin and end."""
        different = {symbol: number for number, symbol in enumerate(sorted(set(self.symbols)))}
        numbers = np.array([different[symbol] for symbol in self.symbols], np.float32).reshape(-1, 1)
        return tuple(different), np.concatenate([numbers, self.times], axis=1)

    def between(self, start_s: float, end_s: float | None) -> Phones:
        """Return what is spoken in a range of time, counted from its beginning."""
        last_s = np.inf if end_s is None else end_s
        chosen = np.flatnonzero((self.times[:, 1] > start_s) & (self.times[:, 0] < last_s))
        times = (self.times[chosen].clip(start_s, last_s) - start_s).astype(np.float32)
        return Phones(tuple(self.symbols[number] for number in chosen), times)

    def __post_init__(self) -> None:
        shape = (len(self.symbols), 2)
        if self.times.shape != shape or self.times.dtype != np.float32 or not np.isfinite(self.times).all():
            raise ValueError(f"the phones' times are {self.times.dtype}{list(self.times.shape)}, not {list(shape)}")
        if (self.times[:, 1] < self.times[:, 0]).any():
            raise ValueError("a phone ends before it begins")


@dataclass(frozen=True)
class Closures:
    """How many of the sounds that need closed lips get them."""

    reached: int
    total: int

    def __str__(self) -> str:
        return f"{self.reached} of {self.total} closures of p, b and m are reached"


def is_bilabial(symbol: str) -> bool:
    """Return whether a sound needs closed lips; marks before its letter, such as of stress, do not matter."""
    letters = (letter for letter in unicodedata.normalize("NFD", symbol) if unicodedata.category(letter) == "Ll")
    return next(letters, "") in BILABIALS


def check_closures(phones: Phones, lip_gap: NDArray[np.floating], closed_mm: float = CLOSED_MM) -> Closures:
    """Look whether the lips close on p, b and m.

    Args:
        phones: what is spoken.
        lip_gap: ``[T]`` mm, the largest gap anywhere along the lips, 25 frames a second.
        closed_mm: the largest gap of closed lips.
    """
    wanted = [times for symbol, times in zip(phones.symbols, phones.times, strict=True) if is_bilabial(symbol)]
    spans = [(max(0, math.ceil((start - NEAR_S) * FPS)), math.floor((end + NEAR_S) * FPS) + 1) for start, end in wanted]
    spans = [(first, last) for first, last in spans if first < len(lip_gap)]
    reached = sum(bool((lip_gap[first:last] <= closed_mm).any()) for first, last in spans)
    return Closures(reached, len(spans))
