# SPDX-License-Identifier: GPL-3.0-or-later
"""Change a take's motion without the engine: from the raw motion and a few numbers to the motion that is keyed.

Each step leaves alone what it is not asked to change, so neutral edits give the raw motion back bit for bit. The order
is that of the face: expressions by region, with blinks on top of the lids; the jaw; the lips' closures, which must hold
whatever came before; the head.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.motion import EXPRESSION, GLOBAL_ORIENT, JAW_POSE

from ..errors import TakeError
from .blinks import blink_amounts, blink_channels, edited_amounts, find_blinks
from .closures import closed_lips, find_closures
from .eye_darts import eye_darts, phrase_starts
from .face_tools import FaceTools
from .head_motion import limited_jaw, split_at_neck
from .regions import FACE_REGIONS
from .signals import FRAME_MS, edited_rotation, shifted, smoothed

Floats = NDArray[np.float64]
Motion = NDArray[np.float32]

NO_LIMIT_DEG = 90.0  # of the jaw


def _check(edit: object) -> None:
    """Raise if a field that should hold a number, or numbers, does not."""
    for name, value in vars(edit).items():
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, RegionEdit):
                continue
            if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
                raise ValueError(f"{name} is {number!r}, expected a number")


@dataclass(frozen=True)
class RegionEdit:
    """How a region of the face moves.

    Attributes:
        gain: factor for its movement; 0 holds it still.
        offset_ms: how much later it moves.
        smoothing_ms: width of a Gaussian, at half its height, that it is smoothed with.
    """

    gain: float = 1.0
    offset_ms: float = 0.0
    smoothing_ms: float = 0.0

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True)
class Edits:
    """Everything that can be changed about a take's motion; the defaults change nothing.

    Attributes:
        lips: with tongue and chin, as far as expressions move them.
        jaw: the jaw's rotation.
        brows: both.
        lids: what lids do between blinks, which only the offset moves along.
        cheeks: with the nose.
        head: the head's rotation.
        blink_strength: factor for blinks, which never more than shut the eyes.
        added_blinks: seconds of the motion at which further blinks are shut.
        removed_blinks: seconds of blinks that are taken away.
        snap_lips_mm: lips that come nearer than this are shut; 0 shuts none.
        jaw_limit_deg: how far the jaw may open; `NO_LIMIT_DEG` for as far as it does.
        neck_share: share of the head's rotation that the neck does, 0..1; the root does the rest.
        eye_darts_deg: size of the largest saccade; 0 for eyes that look ahead.
        eye_seed: chooses among gazes.
    """

    lips: RegionEdit = RegionEdit()
    jaw: RegionEdit = RegionEdit()
    brows: RegionEdit = RegionEdit()
    lids: RegionEdit = RegionEdit()
    cheeks: RegionEdit = RegionEdit()
    head: RegionEdit = RegionEdit()
    blink_strength: float = 1.0
    added_blinks: tuple[float, ...] = ()
    removed_blinks: tuple[float, ...] = ()
    snap_lips_mm: float = 0.0
    jaw_limit_deg: float = NO_LIMIT_DEG
    neck_share: float = 0.0
    eye_darts_deg: float = 0.0
    eye_seed: int = 0

    def __post_init__(self) -> None:
        _check(self)

    @classmethod
    def of(cls, mapping: Mapping[str, object]) -> Edits:
        """Read what a take keeps.

        Raises:
            TakeError: if it holds anything else than edits.
        """
        try:
            values = dict(mapping)
            regions = {name: RegionEdit(**values.pop(name)) for name in _REGION_FIELDS if name in values}  # type: ignore[arg-type]
            times = {name: tuple(map(float, values.pop(name))) for name in _TIME_FIELDS if name in values}  # type: ignore[call-overload]
            return cls(**regions, **times, **values)  # type: ignore[arg-type]
        except (TypeError, ValueError) as exc:
            remedy = "Reset the take's edits."
            raise TakeError(f"The take's edits cannot be read ({exc}).", remedy) from exc

    @property
    def mapping(self) -> dict[str, object]:
        """What a take keeps: only what differs from the defaults, in JSON's types."""
        changed = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }
        return {name: _plain(value) for name, value in changed.items()}


_REGION_FIELDS = tuple(field.name for field in dataclasses.fields(Edits) if isinstance(field.default, RegionEdit))
_TIME_FIELDS = ("added_blinks", "removed_blinks")
_NEUTRAL = RegionEdit()


def edited_motion(raw: Motion, edits: Edits, tools: FaceTools) -> Motion:
    """Return a motion as a take shows it.

    Args:
        raw: ``[T, 106]`` at 25 frames a second, as the engine made it.
        edits: what to change.
        tools: of the head that it is shown on.

    Returns:
        ``[T, 106]``; a head that the neck turns is in :func:`turned_bones`.
    """
    motion = raw.copy()
    if not len(raw):
        return motion
    motion[:, EXPRESSION] += _expression_change(raw, edits, tools)
    if edits.jaw != _NEUTRAL:
        motion[:, JAW_POSE] = edited_rotation(_double(raw[:, JAW_POSE]), *dataclasses.astuple(edits.jaw))
    if edits.jaw_limit_deg < NO_LIMIT_DEG:
        motion[:, JAW_POSE] = limited_jaw(_double(motion[:, JAW_POSE]), edits.jaw_limit_deg)
    if edits.snap_lips_mm > 0.0 and tools.closer is not None:
        motion = closed_lips(motion, _meant_closures(raw, edits, tools), tools.ruler, tools.closer)
    if edits.head != _NEUTRAL or edits.neck_share:
        motion[:, GLOBAL_ORIENT] = split_at_neck(_head(raw, edits), edits.neck_share)[0]
    return motion


def turned_bones(raw: Motion, edits: Edits, tools: FaceTools) -> dict[str, Floats]:
    """Return the rotations ``[T, 3]``, axis-angle, of further joints that edits turn; none by default.

    Args:
        raw: ``[T, 106]`` at 25 frames a second, as the engine made it.
        edits: what to change.
        tools: of the head that it is shown on.
    """
    turned = {}
    if edits.neck_share:
        turned["neck"] = split_at_neck(_head(raw, edits), edits.neck_share)[1]
    if edits.eye_darts_deg > 0.0:
        phrases = phrase_starts(tools.ruler.lip_gap(raw)) if tools.ruler.knows_lips else [0]
        gaze = eye_darts(phrases, len(raw), edits.eye_darts_deg, edits.eye_seed)
        turned |= {"eye_l": gaze, "eye_r": gaze}
    return turned


def _expression_change(raw: Motion, edits: Edits, tools: FaceTools) -> Floats:
    """Return what edits of regions and blinks add to the expression, ``[T, 100]``."""
    change = np.zeros(raw[:, EXPRESSION].shape)
    expression, blinking = _double(raw[:, EXPRESSION]), np.zeros(change.shape)
    blinks_change = (edits.blink_strength, edits.added_blinks, edits.removed_blinks) != (1.0, (), ())
    if tools.blinks is not None and (blinks_change or edits.lids != _NEUTRAL):
        blinking, edited = _blinking(raw, edits, tools)
        change += edited - blinking
    for region in FACE_REGIONS:
        edit: RegionEdit = getattr(edits, region)
        if edit != _NEUTRAL and not tools.no_region(region):
            share = tools.separation.shares[region]
            part = (expression - blinking)[:, : len(share)] @ share
            moved = smoothed(shifted(part, edit.offset_ms), edit.smoothing_ms) * edit.gain
            change[:, : len(share)] += moved - part
    return change


def _blinking(raw: Motion, edits: Edits, tools: FaceTools) -> tuple[Floats, Floats]:
    """Return what blinks add to the expression before and after editing, ``[T, 100]`` each."""
    assert tools.blinks is not None  # noqa: S101 - asked before
    gaps = tools.ruler.lid_gaps(raw)
    blinks = find_blinks(gaps)
    directions = _double(tools.blinks)
    amounts = blink_amounts(raw, gaps, blinks, directions)
    edited = edited_amounts(
        amounts, blinks, edits.blink_strength, edits.added_blinks, edits.removed_blinks, edits.lids.offset_ms
    )
    return blink_channels(amounts, directions)[:, EXPRESSION], blink_channels(edited, directions)[:, EXPRESSION]


def _meant_closures(raw: Motion, edits: Edits, tools: FaceTools) -> list[tuple[int, int]]:
    """Return the closures of the raw motion, where edits have moved them to."""
    later = round(edits.lips.offset_ms / FRAME_MS)
    closures = find_closures(tools.ruler.lip_gap(raw), edits.snap_lips_mm)
    moved = [(first + later, last + later) for first, last in closures]
    return [(first, last) for first, last in moved if last >= 0 and first < len(raw)]


def _head(raw: Motion, edits: Edits) -> Floats:
    return edited_rotation(_double(raw[:, GLOBAL_ORIENT]), *dataclasses.astuple(edits.head))


def _double(values: Motion) -> Floats:
    return values.astype(np.float64)


def _plain(value: object) -> object:
    if isinstance(value, RegionEdit):
        fields = dataclasses.fields(value)
        return {
            field.name: getattr(value, field.name) for field in fields if getattr(value, field.name) != field.default
        }
    return list(value) if isinstance(value, tuple) else value
