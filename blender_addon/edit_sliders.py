# SPDX-License-Identifier: GPL-3.0-or-later
"""A take's edits as sliders: ``action.artalk_editing``.

The sliders keep nothing themselves. They show what the take keeps, and a change bakes the take at once, so that there
is one truth, which is saved, copied, linked and undone with the Action.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import bpy

from bridge.errors import BridgeError

from . import notices
from .errors import AddonError
from .takes.editing import change_edits, edits_of
from .takes.edits import NO_LIMIT_DEG, Edits


def _region(group: bpy.types.PropertyGroup) -> str:
    return str(group.path_from_id()).rpartition(".")[2]


def _read(action: bpy.types.Action) -> Edits:
    try:
        return edits_of(action)
    except AddonError:  # an Action that is no take, or cannot be read, is not edited
        return Edits()


def _change(action: bpy.types.Action, **changes: Any) -> None:
    try:
        change_edits(action, dataclasses.replace(edits_of(action), **changes))
    except (AddonError, BridgeError) as exc:
        notices.complain(exc)
    else:
        notices.settle()


def _short(value: float) -> float:
    """Return a slider's number without the digits that single precision adds."""
    return value if isinstance(value, int) else round(value, 6)


def _region_access(field: str) -> dict[str, Callable[..., Any]]:
    def get(group: bpy.types.PropertyGroup) -> float:
        return float(getattr(getattr(_read(group.id_data), _region(group)), field))

    def put(group: bpy.types.PropertyGroup, value: float) -> None:
        region = _region(group)
        before = getattr(_read(group.id_data), region)
        _change(group.id_data, **{region: dataclasses.replace(before, **{field: _short(value)})})

    return {"get": get, "set": put}


def _access(field: str) -> dict[str, Callable[..., Any]]:
    def get(group: bpy.types.PropertyGroup) -> Any:
        return getattr(_read(group.id_data), field)

    def put(group: bpy.types.PropertyGroup, value: float) -> None:
        _change(group.id_data, **{field: _short(value)})

    return {"get": get, "set": put}


class ArtalkRegion(bpy.types.PropertyGroup):
    """How one region of the face moves; it is called like the region."""

    gain: bpy.props.FloatProperty(
        name="Amount",
        description="How far it moves; zero holds it still",
        default=1.0,
        min=0.0,
        soft_max=2.0,
        max=5.0,
        **_region_access("gain"),
    )
    offset_ms: bpy.props.FloatProperty(
        name="Offset (ms)",
        description="How much later it moves, in milliseconds; negative for earlier",
        default=0.0,
        soft_min=-200.0,
        soft_max=200.0,
        min=-2000.0,
        max=2000.0,
        precision=0,
        step=100,
        **_region_access("offset_ms"),
    )
    smoothing_ms: bpy.props.FloatProperty(
        name="Smoothing (ms)",
        description="Over how many milliseconds its movement is evened out",
        default=0.0,
        min=0.0,
        soft_max=400.0,
        max=2000.0,
        precision=0,
        step=100,
        **_region_access("smoothing_ms"),
    )


class ArtalkEditing(bpy.types.PropertyGroup):
    """Everything that can be changed about a take's motion."""

    lips: bpy.props.PointerProperty(type=ArtalkRegion)
    jaw: bpy.props.PointerProperty(type=ArtalkRegion)
    brows: bpy.props.PointerProperty(type=ArtalkRegion)
    lids: bpy.props.PointerProperty(type=ArtalkRegion)
    cheeks: bpy.props.PointerProperty(type=ArtalkRegion)
    head: bpy.props.PointerProperty(type=ArtalkRegion)
    blink_strength: bpy.props.FloatProperty(
        name="Blinks",
        description="How far blinks close the eyes; zero takes them away, more than one shuts half blinks",
        default=1.0,
        min=0.0,
        soft_max=2.0,
        max=5.0,
        **_access("blink_strength"),
    )
    snap_lips_mm: bpy.props.FloatProperty(
        name="Snap Lips Below (mm)",
        description="Lips that come nearer to each other than this are shut, as p, b and m want them; zero shuts none",
        default=0.0,
        min=0.0,
        soft_max=4.0,
        max=20.0,
        precision=1,
        step=10,
        **_access("snap_lips_mm"),
    )
    jaw_limit_deg: bpy.props.FloatProperty(
        name="Jaw Limit (°)",
        description="How far the jaw may open, in degrees; wider openings are eased in",
        default=NO_LIMIT_DEG,
        min=1.0,
        soft_max=30.0,
        max=NO_LIMIT_DEG,
        precision=1,
        **_access("jaw_limit_deg"),
    )
    neck_share: bpy.props.FloatProperty(
        name="Head Turns at Neck",
        description="How much of the head's turn the neck bone does; the root bone, which turns the shoulders too, "
        "does the rest",
        default=0.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        **_access("neck_share"),
    )
    eye_darts_deg: bpy.props.FloatProperty(
        name="Eye Darts (°)",
        description="How far the eyes dart when somebody begins to speak and in between; zero for eyes that look ahead",
        default=0.0,
        min=0.0,
        soft_max=10.0,
        max=30.0,
        precision=1,
        **_access("eye_darts_deg"),
    )
    eye_seed: bpy.props.IntProperty(
        name="Gaze Seed", description="Chooses among equally natural gazes", default=0, min=0, **_access("eye_seed")
    )
    key_bound_mm: bpy.props.FloatProperty(
        name="Bound (mm)",
        description="How far 95 of 100 vertices may be from where every key would have them",
        default=0.3,
        min=0.01,
        soft_max=1.0,
        max=10.0,
        precision=2,
        step=1,
    )


CLASSES = (ArtalkRegion, ArtalkEditing)
