"""Speech from Festival, whose voices are cut from recordings of people, with the time of every phone.

The program is called, not linked: it says of each segment its name, its end and the stress of its syllable. What is
asked of a voice is sounds, not sense, so it may be given sentences of a language that is not its own. The Finnish,
the Czech and the Hindi voices mark no stress.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from .phones import PAUSE, VOWELS, Phone, read_table
from .speech import SAMPLE_RATE_HZ, Speech, gapless, to_16_khz

# Who speaks: the names of the voice's phones, and the languages whose sentences it is given.
VOICES: dict[str, tuple[str, tuple[str, ...]]] = {
    "ked_diphone": ("English", ("en",)),
    "lp_diphone": ("Italian", ("it",)),
    "pc_diphone": ("Italian", ("it",)),
    "hy_fi_mv_diphone": ("Finnish", ("it", "de")),
    "suo_fi_lj_diphone": ("Finnish", ("it", "de")),
    "upc_ca_ona_hts": ("Catalan", ("es", "it", "fr")),
    "hindi_NSK_diphone": ("Hindi", ("hi",)),
    "czech_dita": ("Czech", ("cs",)),
    "czech_machac": ("Czech", ("cs",)),
    "czech_krb": ("Czech", ("cs",)),
}
_NUKTA = "\N{DEVANAGARI SIGN NUKTA}"  # a dot below a letter, at which the Hindi voice stops
_REST_S = 0.3  # the longest silence after the last sound; the Hindi voice leaves 1.7 s
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class FestivalVoice:
    """How Festival is to speak.

    Attributes:
        name: one of ``VOICES``.
        stretch: factor on every duration; above 1 is slower.
    """

    name: str
    stretch: float = 1.0


def is_installed() -> bool:
    """Whether the program is on the search path."""
    return shutil.which("festival") is not None


def installed_voices() -> tuple[str, ...]:
    """Those of the voices that this Festival has; none if it is missing."""
    return tuple(name for name in VOICES if name in _listed_voices())


def speak(text: str, voice: FestivalVoice) -> Speech:
    """Speak one text; accents and quotation marks are dropped from it, as no voice needs them, and a rest after it.

    Raises:
        ValueError: if Festival is missing, fails, or names a segment that is not known.
    """
    phone_set, _ = VOICES[voice.name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "speech.wav")
        printed = _run(
            f"(voice_{voice.name})",
            f"(Parameter.set 'Duration_Stretch {voice.stretch:.3f})",
            f'(set! spoken (utt.synth (Utterance Text "{_plain(text, phone_set)}")))',
            f'(utt.save.wave spoken "{path}" \'riff)',
            '(mapcar (lambda (s) (format t "%s %f %s\\n" (item.name s) (item.feat s \'end)'
            ' (item.feat s "R:SylStructure.parent.stress"))) (utt.relation.items spoken \'Segment))',
        )
        if not path.is_file():
            raise ValueError(f"Festival could not speak {text!r} as {voice.name}")
        rate_hz, samples = wavfile.read(path)
    waveform = to_16_khz(samples.astype(np.float32) / 32768.0, int(rate_hz))
    phones = parse_segments(printed, phone_set)
    if phones[-1].symbol == PAUSE:
        waveform = waveform[: int((phones[-1].start_s + _REST_S) * SAMPLE_RATE_HZ)]
    return Speech(waveform, gapless(phones, len(waveform) / SAMPLE_RATE_HZ))


def parse_segments(printed: str, phone_set: str) -> tuple[Phone, ...]:
    """Read lines of ``name end stress``; a segment of two phones is shared between them.

    Args:
        printed: what Festival said of its segments.
        phone_set: one of the names in ``VOICES``.

    Raises:
        ValueError: if a line is no segment, a name is not of the set, or there is none at all.
    """
    names, phones, start_s = _NAMES[phone_set], [], 0.0
    for line in printed.splitlines():
        fields = line.split()
        if len(fields) != 3:
            continue  # a remark, such as which diphone stands in for a missing one
        name, end_s, stress = fields[0].rstrip(":1"), float(fields[1]), int(fields[2] == "1")
        if name not in names:
            raise ValueError(f"Festival's segment {fields[0]!r} has no counterpart among the phones")
        edges_s = np.linspace(start_s, end_s, len(names[name]) + 1)
        for symbol, first_s, last_s in zip(names[name], edges_s, edges_s[1:], strict=False):
            phones.append(Phone(symbol, float(first_s), float(last_s), stress if symbol in VOWELS else 0))
        start_s = end_s
    if not phones:
        raise ValueError("Festival named no segments")
    return tuple(phones)


def _plain(text: str, phone_set: str) -> str:
    letters = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    letters = letters.replace(_NUKTA, "") if phone_set == "Hindi" else letters.encode("ascii", "ignore").decode()
    return letters.replace('"', "").replace("\\", "")


def _run(*commands: str) -> str:
    program = shutil.which("festival")
    if program is None:
        raise ValueError("Festival is not installed; install it with the system's package manager")
    done = subprocess.run(
        [program, "--batch", *commands],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_TIMEOUT_S,
        check=False,
    )
    return done.stdout


@cache
def _listed_voices() -> tuple[str, ...]:
    if not is_installed():
        return ()
    return tuple(_run('(mapcar (lambda (name) (format t "%s\\n" name)) (voice.list))').split())


_ENGLISH = "aa ae ah ao aw ax ay eh er ey ih iy ow oy uh uw b ch d dh f g hh jh k l m n ng p r s sh t th v w y z zh"
_PAUSES = """
pau = pau # ##
"""
_SHARED = (
    _PAUSES
    + """
aa = a
iy = i
uw = u
y = j
ng = N ng
p = p
b = b
t = t
d = d
k = k
g = g
f = f
v = v
s = s
z = z
m = m
n = n
l = l
w = w
ee = e
oo = o
sh = S
"""
)
_ROMANCE = (
    _SHARED
    + """
eh = E
ao = O
ch = tS
jh = dZ
n y = J
l y = L
"""
)

# Without length (:) and stress (1), which are read apart. The English set has the symbols' own names.
_NAMES = {
    "English": {symbol: (symbol,) for symbol in _ENGLISH.split()}
    | read_table(
        _PAUSES
        + """
er = axr
ax l = el
ax m = em
ax n = en
d = dx
hh = hv
n = nx
pau = h# brth
"""
    ),
    "Italian": read_table(
        _ROMANCE
        + """
rr = r
t s = ts
d z = dz
n = nf
"""
    ),
    "Finnish": read_table(
        _SHARED
        + """
yy = y
ae = @
oe = 7
ax = &
rr = r
hh = h
th = T
l = L
"""
    ),
    "Czech": read_table(
        _SHARED
        + """
pau = _
eh = e
oo = o
rr = r
rr zh = r~
rr sh = r~*
hh = h
x = ch
t s = c
d z = dz
ch = c~
jh = dz~
sh = s~
zh = z~
ng = n*
n y = n~
t y = t~
d y = d~
"""
    ),
    # Its th and dh are dental stops, its T and D retroflex ones; a breathed stop is a stop and an h.
    "Hindi": read_table(
        _PAUSES
        + """
ah = a
aa = aa
ax = @
ih = ih
iy = iy
uh = uh
uw = uw
ee = eh ee
ay = ay
oo = oh
ao = oo
aw = aw
p = p
b = b
b hh = bh
t = t T th
t hh = tth
d = d D dh td
d hh = ddh
k = k
k hh = kh
g = g
g hh = gh
ch = ch
jh = j
f = f
v = v
w = w
s = s
sh = sh
zh = zh
hh = h
m = m
n = n N
l = l L
rr = r R
y = y
x = x
k sh = ksh
s rr iy = sri
"""
    ),
    "Catalan": read_table(
        _ROMANCE
        + """
ax = ax
rr = r rr
bh = B
dh = D
zh = Z
"""
    ),
}
