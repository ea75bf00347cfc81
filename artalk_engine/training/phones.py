"""The speech sounds that the training side knows, and how espeak-ng's names map onto them.

The set is flite's: ARPAbet in lower case, with ``ax`` for schwa and ``pau`` for silence. Every synthesizer is brought
to it, so that the motion rule, the audio encoder and the measures speak of the same sounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PAUSE = "pau"

_VOWELS = "aa ae ah ao aw ax ay eh er ey ih iy ow oy uh uw"
_CONSONANTS = "b ch d dh f g hh jh k l m n ng p r s sh t th v w y z zh"

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


def from_espeak(mnemonic: str) -> tuple[str, ...]:
    """Canonical symbols of one espeak-ng phoneme name.

    Args:
        mnemonic: as in espeak-ng's phoneme events, for example ``tS``, ``aI@`` or ``_:``.

    Returns:
        One symbol for most sounds, two where espeak-ng names a pair (``@L``), none for names that carry no sound.

    Raises:
        ValueError: for a name that no English accent of espeak-ng uses.
    """
    name = mnemonic.strip("',|;")
    if name.startswith("_") or name == "":
        return (PAUSE,) if name else ()
    while name:
        if name in _ESPEAK:
            return _ESPEAK[name]
        name = name[:-1] if name[-1] in _MODIFIERS else ""
    raise ValueError(f"espeak-ng's phoneme {mnemonic!r} has no counterpart among the phones")


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


_SYMBOL_SET = frozenset(SYMBOLS)
_MODIFIERS = '-:;^~#["2345R`!'


def _table(text: str) -> dict[str, tuple[str, ...]]:
    """Parse lines of ``symbol [symbol]: name name …``."""
    table: dict[str, tuple[str, ...]] = {}
    for line in text.strip().splitlines():
        symbols, _, names = line.partition("= ")
        table.update({name: tuple(symbols.split()) for name in names.split()})
    return table


# Names of the English accents; a name not listed is tried again without its trailing modifiers.
_ESPEAK = _table("""
aa = A A: A# Q
ae = a aa a: &
ah = V V:
ao = O O: 0 O2 0#
aw = aU aU#
ax = @ @2 @5 @- a2 a#
ay = aI aI2 VI
eh = E E: E2 E# e
er = 3 3: 3- @r VR
ey = eI e: eI2
ih = I I2 I# i"
iy = i i: i#
ow = oU o o: @U
oy = OI oI
uh = U U2
uw = u u: }: y:
eh ax = e@ E@ e@r
ih ax = i@ I@
iy er = i@3 i@r i3
uh ax = U@
uw er = U@r
ao er = O@ o@ O@r
aa er = A@ A@r
ay ax = aI@
ay er = aI3 aI@r
aw ax = aU@
aw er = aU3 aU@r
oy ax = OI@
ih er = IR
ax l = @L
er l = 3l
ax n = @n
ax m = @m
b = b
ch = tS tS; tC
d = d d# d[ *
dh = D D#
f = f
g = g Q^ g2
hh = h h2 x H
jh = dZ dZ; J
k = k c k2 q
l = l l^ L L2 5 l#
m = m m#
n = n n^ n#
ng = N nN
p = p
r = r R r* r"
s = s s2
sh = S S; C
t = t t# t2 t[ ?
th = T T#
v = v B
w = w w# W
y = j y C2
z = z z2
zh = Z Z;
""")
