"""What the mouth does for each speech sound: targets on the built-in head's units.

A sound is one or two `Target` (diphthongs glide from one to the other). A target has a value for each articulator and
a dominance that says how hard it insists on it: an /s/ insists on a nearly closed jaw and lets its neighbours round the
lips, a /w/ insists on rounding, an /h/ on nothing at all. `coarticulation` blends the targets by their dominance.

Sounds that need contact of the lips (p, b, m) or of lip and teeth (f, v) carry, besides the target, a `Contact`, which
no neighbour may blend away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Contact = Literal["lips", "teeth"]
Floats = NDArray[np.float64]

# Jaw in radians, the rest in units of the head; smile stands for both sides.
ARTICULATORS: tuple[str, ...] = (
    "jaw",
    "lower_lip_depress",
    "upper_lip_raise",
    "pucker",
    "funnel",
    "stretch",
    "smile",
    "tongue_up",
    "tongue_out",
    "tongue_back_up",
)
ARTICULATOR: dict[str, int] = {name: k for k, name in enumerate(ARTICULATORS)}

CONTACTS: dict[str, Contact] = {"p": "lips", "b": "lips", "m": "lips", "f": "teeth", "v": "teeth"}


@dataclass(frozen=True, slots=True)
class Target:
    """Where the articulators want to be for a sound, or for half of a diphthong.

    Attributes:
        values: ``[P]``, one for each of `ARTICULATORS`.
        dominance: ``[P]``, how much each value counts against the neighbours'.
        share: the part of the sound's time that this target fills.
    """

    values: Floats
    dominance: Floats
    share: float


def targets_of(symbol: str) -> tuple[Target, ...]:
    """The targets of a phone, in order of time.

    Raises:
        KeyError: for a symbol that is no phone.
    """
    return _TARGETS[symbol]


# Short names of the articulators in the tables below.
_SHORT_NAMES = ("jaw", "low", "up", "puck", "fun", "str", "smile", "tip", "out", "back")

_VOWEL_DOMINANCE = {"jaw": 1.0, "tip": 0.4, "out": 0.4, "back": 0.4}  # others: 1
_CONSONANT_DOMINANCE = {"jaw": 0.3, "tip": 0.8, "out": 1.0, "back": 0.8}  # others: 0.2; where a value is named: 1

# Vowels are given fully stressed. "|" parts the two halves of a diphthong.
_VOWELS = """
aa  jaw .22 low .15 puck 0@1.5
ae  jaw .19 low .25 up .25 puck 0@1.8 str .35
ah  jaw .14 low .20
ao  jaw .175 puck .40@1.5 fun .30@1.5
ax  jaw .075 low .15
eh  jaw .135 low .25 up .25 puck 0@1.5 str .40
er  jaw .070 puck .45 fun .25 tip .3
ih  jaw .080 low .30 up .25 puck 0@1.5 str .50
iy  jaw .050 low .45 up .35 puck 0@2.5 str .80@1.5 smile .15
uh  jaw .080 puck .60@1.8 fun .15
uw  jaw .055 puck 1.0@2.5 fun .05 low .05
ay  jaw .21 low .15 | jaw .075 low .35 up .30 str .60
aw  jaw .20 low .10 str .1 | jaw .070 puck .90@2.5
ey  jaw .125 low .30 up .25 str .45 | jaw .060 low .40 up .30 str .70 smile .1
ow  jaw .140 puck .50@1.5 fun .20 | jaw .065 puck .95@2.5
oy  jaw .150 puck .55@2 fun .25 | jaw .065 low .35 up .30 str .60
ee  jaw .075 low .38 up .30 puck 0@2 str .65
oo  jaw .110 puck .80@2 fun .10
oe  jaw .100 puck .72@2 fun .15
yy  jaw .050 puck 1.0@2.5 fun .05 low .05
ix  jaw .055 low .35 up .25 puck 0@1.5 str .30
"""

# A value may be followed by "@" and its dominance.
_CONSONANTS = """
p   jaw .02@1.5 puck 0@.1 str 0@.1
b   jaw .02@1.5 puck 0@.1 str 0@.1
m   jaw .02@1.5 puck 0@.1 str 0@.1
f   jaw .015@2 up .3@1 low 0@1 fun 0@1 puck 0@.3
v   jaw .015@2 up .3@1 low 0@1 fun 0@1 puck 0@.3
th  jaw .085@3 out 1.25@6 tip .30@4 low .30 up .25 fun 0@.5
dh  jaw .075@2 out .95@4 tip .28@3 low .28 up .20 fun 0@.5
t   jaw .040@1.5 tip 1@4 low .35@.8 up .25@.6 str .15@.3
d   jaw .045@1.3 tip 1@4 low .35@.8 up .25@.6 str .15@.3
n   jaw .045@1.1 tip 1@4 low .30@.7 up .20@.5
l   jaw .065@.9 tip 1@4 low .25@.5 up .15@.4
s   jaw .018@6 low .48@1.8 up .33@1.5 str .45@.9 tip .35
z   jaw .018@6 low .48@1.8 up .33@1.5 str .45@.9 tip .35
sh  jaw .025@5 fun .62@3 puck .30@1 low .20@1 str 0@1
zh  jaw .025@4 fun .58@2.5 puck .30@1 low .20@1 str 0@1
ch  jaw .025@5 fun .62@3 puck .30@1 low .20@1 str 0@1 tip .5
jh  jaw .025@4 fun .58@2.5 puck .30@1 low .20@1 str 0@1 tip .5
k   jaw .06@.6 back 1@4 low .25@.4 up .20@.3
g   jaw .06@.6 back 1@4 low .25@.4 up .20@.3
ng  jaw .055@.6 back 1@4 low .25@.4 up .15@.3
hh  jaw .080@.15 low .2@.1
r   jaw .055@.6 puck .55@2 fun .25@1.2 str 0@1 tip .4
w   jaw .045@1 puck 1.05@4 fun 0@1 str 0@1.5
y   jaw .045@.8 low .40@.6 up .30@.6 str .65@.8
bh  jaw .030@1.5 low .05@1 up .02@1 puck .10@.3 str 0@.2
ph  jaw .030@1.5 low .08@1 up .04@1 puck .25@.6 str 0@.3
cy  jaw .040@1 low .40@.8 up .30@.8 str .60@.9
x   jaw .065@.6 back .8@3 low .20@.3 up .15@.2
rr  jaw .055@.7 tip 1@3 low .30@.5 up .20@.4
rh  jaw .070@.5 back .8@3 low .20@.3 up .15@.2
sy  jaw .020@6 low .42@1.6 up .32@1.4 str .50@.9 fun 0@1 tip .3
yw  jaw .045@1 puck 1.0@3.5 fun .05@1 str 0@1.5
"""


def _parse(text: str, default: dict[str, float], other: float, named: float) -> dict[str, tuple[Target, ...]]:
    """Read a table; ``default`` and ``other`` are dominances of articulators that a row leaves out or leaves open."""
    table = {}
    for line in text.strip().splitlines():
        symbol, _, row = line.partition(" ")
        halves = row.split("|")
        shares = (1.0,) if len(halves) == 1 else (0.58, 0.42)
        table[symbol] = tuple(
            _target(half.split(), share, default, other, named) for half, share in zip(halves, shares, strict=True)
        )
    return table


def _target(words: list[str], share: float, default: dict[str, float], other: float, named: float) -> Target:
    """Build a target from alternating names and values."""
    values = np.zeros(len(ARTICULATORS))
    dominance = np.array([default.get(short, other) for short in _SHORT_NAMES])
    for short, entry in zip(words[::2], words[1::2], strict=True):
        value, _, weight = entry.partition("@")
        k = _SHORT_NAMES.index(short)
        values[k] = float(value)
        dominance[k] = float(weight) if weight else max(named, dominance[k])
    return Target(values, dominance, share)


def _silence() -> Target:
    """The target of a pause: everything at rest."""
    return Target(np.zeros(len(ARTICULATORS)), np.full(len(ARTICULATORS), 0.6), 1.0)


_TARGETS: dict[str, tuple[Target, ...]] = {
    "pau": (_silence(),),
    **_parse(_VOWELS, _VOWEL_DOMINANCE, 1.0, 1.0),
    **_parse(_CONSONANTS, _CONSONANT_DOMINANCE, 0.2, 1.0),
}
