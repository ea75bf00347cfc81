"""How espeak-ng's phoneme names map onto the phones.

A name means what the phoneme tables of its language say: ``r`` is an approximant in English, a roll in Spanish and a
sound of the throat in French. Languages share most names, so there is one table for English, one for all others, and
a short one for what a language has of its own. Nasal vowels, tones and length do nothing to the lips and are dropped.
"""

from __future__ import annotations

from .phones import PAUSE, read_table

ENGLISH = "en"


def from_espeak(mnemonic: str, language: str = ENGLISH) -> tuple[str, ...]:
    """Canonical symbols of one espeak-ng phoneme name.

    Args:
        mnemonic: as in espeak-ng's phoneme events, for example ``tS``, ``aI@`` or ``_:``.
        language: the first part of a voice's name, for example ``fr``.

    Returns:
        One symbol for most sounds, more where espeak-ng names several at once (``@L``, ``ts``), none for names that
        carry no sound.

    Raises:
        ValueError: for a name that none of the languages known here uses.
    """
    name = mnemonic.strip("',|%=")
    if name in _JOINED:
        return _JOINED[name]
    if name.startswith("_"):
        return (PAUSE,)
    if name.startswith("(") or not name.strip(_SILENT):  # a change of language, a tone
        return ()
    tables = (_ENGLISH,) if language == ENGLISH else (_OWN.get(language, {}), _ABROAD, _ENGLISH)
    while name:
        for table in tables:
            if name in table:
                return table[name]
        name = name[:-1] if name[-1] in _MODIFIERS else ""
    raise ValueError(f"espeak-ng's phoneme {mnemonic!r} of {language!r} has no counterpart among the phones")


_MODIFIERS = '-:;^~#["12345R`!./\\'
_SILENT = "12345;"
_JOINED: dict[str, tuple[str, ...]] = {"_j": ("y",)}  # a Japanese glide, not a pause


# A name not listed is tried again without its trailing modifiers.
_ENGLISH = read_table("""
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

_ABROAD = read_table(r"""
aa = a A a~ A~ a#
ah = V & &/ &~ o-
ax = @ @- V# 3 3:
ae = E~
eh = E E2 E3 E: e/ E#
ee = e e: E%
ih = I I2 I3 I#
iy = i i: i/ i2
ix = y" i. i[ I"
oo = o o: O~ o~ o/ 8
ao = O O:
uh = U
uw = u u: u# u" u~
yy = y y: y-
oe = Y Y: W W~ W2 Y~ 2
ay = aI ai
aw = aU Au au &U~
ey = eI EI ei
ow = oU ou
oy = OY OI oI oI~
er = @r r-
ix y = I^
eh uw = EU eU
iy uw = iU
uw ih = uI ui
y aa = ja ja# iA ia
y uw = ju ju#
y aw = iAu
y eh = iE
y oo = io
y ow = iou
w aa = uA ua
w ay = uai
w ax = u@
w ey = uei
w ao = uo
uh ng = ong
yw uh = yu
yw ae = y&
yw eh = yE
yw ax = y@
yy = yi
aa ax = a@
uh ax = UR u@r
iy ax = iR
er l = l-
b = b
bh = B
p = p ph p- p2
ph = p\
m = m m; m-
f = f
v = v v# v;
d = d d; d[
dh = D
t = t t; th t- t2 t3 ?
th = T
n = n n; n_ n# n2 n-
n y = n^
l = l l; l# l. l/ L
l y = l^
s = s s; ss s2 s#
z = z z; z2 z3
sh = S s.
zh = Z z.
sy = S; Z; s\ z\
t sy = tS; tS;h t_s\ ts;
d sy = dZ; d_z\ dz;
ch = tS ts. ts.h tsr
jh = dZ dz.
t s = ts tsh t_s ts2
d z = dz d_z
p f = pF
cy = C
x = x X
k = k kh k- k# c
g = g Q G J Q^ Q"
ng = N N\ N" N-
hh = h h#
rr = r * ** R r" r` R2 R3 R4 r. r-
y = j j; j. J^
yw = w/
w = w
""")

# What a language means by a name that the others use for something else.
_OWN = {
    "fr": read_table("""
rh = r r/ r2 r/2 #r
eh = E E- E2
ax = @ @- e-
"""),
    "ja": read_table("""
ix = u u~ u:
"""),
    "ru": read_table("""
ix = y
ih = I^
"""),
    "ca": read_table("""
v = M
"""),
    "lt": read_table("""
ee = ee
iy eh = ie
"""),
    "nl": read_table("""
aa = a:
oe = 8
aw = VU
oe yy = Wy
yy uw = yU
"""),
    "ro": read_table("""
ix = y
ix y = yI
iy = iI
y aa = ea
w aa = Oa
eh oo = eo
"""),
    "pl": read_table("""
ix = y
sy = s; z;
eh ng = E~
ao ng = O~
"""),
    "cs": read_table("""
rr zh = R^ R^/
"""),
    "pt": read_table("""
ih = i/
ix = y
rh = R x
sh = s#
"""),
    "tr": read_table("""
ix = @
"""),
}
