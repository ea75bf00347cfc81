"""The motion rule: from phones and their sound to the built-in head's motion.

    phones ── emphasis ──► coarticulated mouth ──► contacts ──► styled face ──► motion [T, 106]
                 └───────► blinks, brows, head ─────────────────┘

The rule is the teacher of the built-in voice: what it cannot do, the voice will not learn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bridge.motion import CHANNELS, EXPRESSION, FPS, GLOBAL_ORIENT, JAW_POSE

from . import coarticulation, contacts, gestures, styles
from .emphasis import SAMPLE_RATE_HZ, emphasis
from .phones import Phone
from .units import JAW_PER_LIP_CLOSE, UNIT, UNIT_NAMES, sides
from .visemes import ARTICULATOR, ARTICULATORS

Floats = NDArray[np.float64]

SAMPLES_PER_FRAME = SAMPLE_RATE_HZ // FPS
_STEPS_PER_FRAME = 4  # coarticulation is computed at 100 Hz
_JAW = len(UNIT_NAMES)  # the jaw's column behind the units while the mouth is put together
_JAW_FOR_TONGUE_OUT = 0.075  # radians that one unit of tongue_out needs
_WIDEST_JAW, _WIDEST_JAW_SEALED = 0.26, 0.058
_JAW_MM_PER_RADIAN = 90.0  # between the lips
_LIP_CLOSE_MM = 5.4  # that one unit of lip_close brings the lips nearer
_BURST = np.array([0.35, 0.20])  # of the lower and the upper lip, where p and b spring open
_PARTING_MM = {  # between the lips, for one unit
    UNIT["lower_lip_depress"]: 4.8,
    UNIT["upper_lip_raise"]: 3.6,
    UNIT["funnel"]: 9.5,
    UNIT["roll_in_lower"]: 2.3,
}


def make_motion(phones: Sequence[Phone], waveform: NDArray[np.float32], style: str, seed: int) -> NDArray[np.float32]:
    """Move the built-in head to speech whose sounds are known.

    Args:
        phones: in order of time.
        waveform: ``[S]`` at 16 kHz.
        style: one of `styles.STYLES`.
        seed: decides how long ago the eyes last blinked when the clip begins; everything else follows from the speech.

    Returns:
        ``[T, 106]`` with ``T = ceil(S / 640)``; frame ``k`` belongs to second ``k / 25``.

    Raises:
        ValueError: for a style that does not exist.
    """
    manner = styles.style_named(style)
    frames = math.ceil(len(waveform) / SAMPLES_PER_FRAME)
    if frames == 0:
        return np.zeros((0, CHANNELS), np.float32)
    stress = emphasis(phones, waveform)
    times = np.arange(frames) / FPS
    mouth = _mouth(phones, stress, frames, manner)
    face = _face(phones, stress, times, manner, np.random.default_rng(seed))
    motion = np.zeros((frames, CHANNELS), dtype=np.float32)
    motion[:, EXPRESSION][:, : len(UNIT_NAMES)] = _together(mouth[:, :_JAW], face, manner)
    motion[:, GLOBAL_ORIENT] = manner.head * gestures.head_rotation(phones, stress, times, manner.head_speed)
    motion[:, GLOBAL_ORIENT] += np.array([manner.bow, 0.0, manner.lean], np.float32)
    motion[:, JAW_POSE.start] = mouth[:, _JAW]
    return motion


def _mouth(phones: Sequence[Phone], stress: Floats, frames: int, manner: styles.Style) -> Floats:
    """Return the mouth's units and the jaw ``[T, U + 1]``, zero at rest."""
    fine = np.arange(frames * _STEPS_PER_FRAME) / (FPS * _STEPS_PER_FRAME)
    curves = coarticulation.articulate(phones, stress, fine, manner.jaw, manner.lips, manner.sharpness)
    pose = _units_of(curves[::_STEPS_PER_FRAME])
    burst = manner.press * contacts.bursts(phones, frames)[:, None]
    pose[:, [UNIT["lower_lip_depress"], UNIT["upper_lip_raise"]]] += burst * _BURST
    gate = coarticulation.rest_gate(phones, np.arange(frames) / FPS)
    to_teeth = contacts.freedom(phones, "teeth", frames, manner.sharpness)[:, None]
    pose = to_teeth * pose + (1.0 - to_teeth) * _lip_at_teeth(pose, gate)
    opening_mm = _opening_mm(pose)
    to_lips = contacts.sealed(contacts.freedom(phones, "lips", frames, manner.sharpness), opening_mm)
    press = manner.press * contacts.press(phones, frames)
    sealed = to_lips[:, None] * pose + (1.0 - to_lips[:, None]) * _lips_together(pose, gate, press)
    sealed[:, UNIT["lip_close"]] += contacts.pressure(to_lips * opening_mm, to_lips <= 0.0) / _LIP_CLOSE_MM
    return sealed


def _units_of(curves: Floats) -> Floats:
    """Spread articulator curves ``[T, P]`` over the head's units and the jaw, ``[T, U + 1]``."""
    pose = np.zeros((len(curves), _JAW + 1))
    for name in ARTICULATORS:
        columns = (_JAW,) if name == "jaw" else sides(name)
        pose[:, columns] = curves[:, ARTICULATOR[name], None]
    pose[:, _JAW] = np.clip(pose[:, _JAW], 0.0, _WIDEST_JAW)
    tongue = UNIT["tongue_out"]
    pose[:, tongue] = np.minimum(pose[:, tongue], pose[:, _JAW] / _JAW_FOR_TONGUE_OUT)
    return pose


def _opening_mm(pose: Floats) -> Floats:
    """Return about how far poses ``[T, U + 1]`` part the lips, ``[T]``: the head's measures, added up."""
    return np.asarray(
        _JAW_MM_PER_RADIAN * pose[:, _JAW] + pose[:, list(_PARTING_MM)] @ np.array(list(_PARTING_MM.values()))
    )


def _lip_at_teeth(pose: Floats, gate: Floats) -> Floats:
    """Return the pose ``[T, U + 1]`` of f and v: the lower lip under the upper teeth, the rest as the neighbours."""
    contact = pose.copy()
    contact[:, UNIT["roll_in_lower"]] = 1.1 * gate
    contact[:, UNIT["upper_lip_raise"]] = 0.32 * gate
    contact[:, [UNIT["lower_lip_depress"], UNIT["funnel"], UNIT["tongue_out"]]] = 0.0
    contact[:, UNIT["pucker"]] *= 0.5
    contact[:, _JAW] = np.minimum(pose[:, _JAW], 0.02)
    return contact


def _lips_together(pose: Floats, gate: Floats, press: Floats) -> Floats:
    """Return the pose ``[T, U + 1]`` of p, b and m: lips sealed, as round as the neighbours, pressing ``[T]``.

    The jaw stays half open between open vowels, for the lips do the rest. Pucker and stretch leave the seam closed;
    funnel and the lips' own opening do not, and so give way.
    """
    contact = pose.copy()
    opening = ("lower_lip_depress", "upper_lip_raise", "funnel", "roll_in_lower", "tongue_out")
    contact[:, [UNIT[name] for name in opening]] = 0.0
    contact[:, UNIT["stretch"]] *= 0.6  # lips drawn tight over the teeth would show them
    contact[:, UNIT["pucker"]] += 0.4 * pose[:, UNIT["funnel"]]
    jaw = np.minimum(0.45 * pose[:, _JAW] + 0.006 * gate, _WIDEST_JAW_SEALED)
    contact[:, _JAW] = jaw
    contact[:, UNIT["lip_close"]] = jaw / JAW_PER_LIP_CLOSE
    contact[:, UNIT["lip_press"]] = (0.25 + 0.45 * press) * gate
    contact[:, UNIT["cheek_puff"]] = 0.10 * press * gate
    return contact


def _face(
    phones: Sequence[Phone], stress: Floats, times: Floats, manner: styles.Style, random: np.random.Generator
) -> Floats:
    """Return lids and brows ``[T, U]``."""
    face = np.zeros((len(times), len(UNIT_NAMES)))
    onsets = gestures.blink_onsets(phones, stress, len(times), manner.blink_interval, random.uniform(0.5, 2.5))
    face[:, sides("blink")] = gestures.blinks(onsets, len(times))[:, None]
    for curve, units in (
        (gestures.accents(phones, stress, times), manner.accent),
        (gestures.starts(phones, times), manner.start),
    ):
        for name, amount in units.items():
            columns = sides(name)
            face[:, columns] = np.maximum(face[:, columns], amount * curve[:, None])
    return face


def _together(mouth: Floats, face: Floats, manner: styles.Style) -> Floats:
    """Add mouth, face and the style's offset, ``[T, U]``, and let the face give way where they would fight."""
    mood = face * _SIDES
    for name, amount in manner.offset.items():
        columns = sides(name)
        mood[:, columns] += amount * _SIDES[list(columns)]
    moves = np.abs(mouth).max(axis=1, keepdims=True)
    rounded = np.clip(mouth[:, [UNIT["pucker"], UNIT["funnel"]]].sum(axis=1, keepdims=True), 0.0, 1.0)
    mood[:, _LIDS] *= 1.0 - face[:, [UNIT["blink_l"]]]
    mood[:, _CORNERS] *= 1.0 - 0.6 * rounded
    mood[:, [UNIT["lip_press"]]] *= np.clip(1.0 - 4.0 * moves, 0.0, 1.0)
    units = mouth + mood
    units[:, UNIT["stretch"]] *= 1.0 - 0.5 * np.clip(units[:, UNIT["smile_l"]], 0.0, 1.0)
    return units


def _columns(*names: str) -> list[int]:
    """Return the places of units, both sides."""
    return [column for name in names for column in sides(name)]


def _slightly_uneven() -> Floats:
    """Return what each side does of a unit ``[U]``: no face is a mirror."""
    amounts = np.ones(len(UNIT_NAMES))
    for name, (left, right) in {"smile": (1.06, 0.94), "frown": (0.95, 1.05), "brow_outer_raise": (1.06, 0.88)}.items():
        amounts[list(sides(name))] = left, right
    return amounts


_LIDS = _columns("squint", "wide", "cheek_raise")  # give way where the eyes shut
_CORNERS = _columns("smile", "frown")  # and where the lips are round
_SIDES = _slightly_uneven()
