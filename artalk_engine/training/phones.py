"""The speech sounds that the training side knows.

The set is flite's (ARPAbet in lower case, with ``ax`` for schwa and ``pau`` for silence), and the sounds of other
languages for which lips or tongue do something else than for any English sound. Every synthesizer is brought to it, so
that the motion rule, the audio encoder and the measures speak of the same sounds.

| symbol | sound | as in |
|---|---|---|
| ``ee`` ``oo`` | e, o without a glide | French été, Spanish solo |
| ``oe`` ``yy`` | front rounded: ø œ, y | German schön, French lune |
| ``ix`` | high, lips not rounded: ɨ ɯ | Japanese u, Polish y, Mandarin si |
| ``bh`` ``ph`` | lips come near without touching: β ɸ | Spanish lobo, Japanese Fuji |
| ``cy`` ``x`` | ç, x or χ | German ich, ach |
| ``rr`` ``rh`` | r of the tip of the tongue, tapped or rolled; r of the throat | Spanish perro, French rue |
| ``sy`` | ɕ ʑ, spread where English sh is rounded | Mandarin xi, Japanese shi |
| ``yw`` | ɥ, a rounded y | French nuit |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PAUSE = "pau"

_VOWELS = "aa ae ah ao aw ax ay ee eh er ey ih ix iy oe oo ow oy uh uw yy"
_CONSONANTS = "b bh ch cy d dh f g hh jh k l m n ng p ph r rh rr s sh sy t th v w x y yw z zh"

VOWELS = frozenset(_VOWELS.split())
CONSONANTS = frozenset(_CONSONANTS.split())
SYMBOLS: tuple[str, ...] = (PAUSE, *sorted(VOWELS | CONSONANTS))
BILABIALS = frozenset(("p", "b", "m"))


@dataclass(frozen=True, slots=True)
class Phone:
    """One speech sound and its place in the waveform.

    Attributes:
        symbol: one of ``SYMBOLS``.
        start_s: where it begins, in seconds.
        end_s: where it ends, in seconds.
        stress: 0 none, 1 primary, 2 secondary; always 0 for consonants and pauses.
    """

    symbol: str
    start_s: float
    end_s: float
    stress: int = 0

    def __post_init__(self) -> None:
        if self.symbol not in _SYMBOL_SET:
            raise ValueError(f"{self.symbol!r} is not one of the {len(SYMBOLS)} phones")
        if not 0.0 <= self.start_s <= self.end_s:
            raise ValueError(f"phone {self.symbol} runs backwards: {self.start_s} to {self.end_s} s")
        if self.stress not in (0, 1, 2):
            raise ValueError(f"stress must be 0, 1 or 2, not {self.stress}")

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


def with_stress(phones: Sequence[Phone], stresses: Iterable[int]) -> tuple[Phone, ...]:
    """The same phones with the stress of each vowel replaced.

    Args:
        phones: in order of time.
        stresses: one value for each vowel among them.

    Raises:
        ValueError: if the number of values differs from the number of vowels.
    """
    values = iter(stresses)
    marked = []
    try:
        for phone in phones:
            stress = next(values) if phone.symbol in VOWELS else 0
            marked.append(Phone(phone.symbol, phone.start_s, phone.end_s, stress))
    except StopIteration:
        raise ValueError("fewer stresses than vowels") from None
    if next(values, None) is not None:
        raise ValueError("more stresses than vowels")
    return tuple(marked)


def read_table(text: str) -> dict[str, tuple[str, ...]]:
    """Read what a synthesizer's names of sounds mean: lines of ``symbol [symbol] = name name …``.

    Returns:
        the symbols of each name.
    """
    table: dict[str, tuple[str, ...]] = {}
    for line in text.strip().splitlines():
        symbols, _, names = line.partition("= ")
        table.update({name: tuple(symbols.split()) for name in names.split()})
    return table


_SYMBOL_SET = frozenset(SYMBOLS)
