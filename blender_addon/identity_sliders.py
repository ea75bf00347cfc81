# SPDX-License-Identifier: GPL-3.0-or-later
"""Sliders for a head's identity, on the armature object as ``artalk_identity``.

They hold nothing: each shows and sets one coefficient of the identity that is baked into the mesh,
so that slider and mesh cannot disagree, also after undo.
"""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np
from numpy.typing import NDArray

from . import notices
from .errors import AddonError
from .rig.head_file import IDENTITIES
from .rig.identity import betas_of, set_betas
from .rig.parts import rig_keys

SOFT_RANGE = 3.0  # standard deviations: further out, heads cease to look like heads
FIRST = 10  # sliders that the panel shows without being asked


def slider_name(index: int) -> str:
    """Return the name of the property of one coefficient."""
    return f"beta_{index:03d}"


def _betas(sliders: bpy.types.PropertyGroup) -> NDArray[np.float64]:
    keys = rig_keys(sliders.id_data)
    return np.zeros(0) if keys is None else betas_of(keys)


def _getter(index: int) -> Callable[[bpy.types.PropertyGroup], float]:
    def get(sliders: bpy.types.PropertyGroup) -> float:
        betas = _betas(sliders)
        return float(betas[index]) if index < len(betas) else 0.0

    return get


def _setter(index: int) -> Callable[[bpy.types.PropertyGroup, float], None]:
    def set_value(sliders: bpy.types.PropertyGroup, value: float) -> None:
        betas = _betas(sliders)
        if index >= len(betas):
            return
        betas[index] = value
        try:
            set_betas(bpy.context, sliders.id_data, betas)
        except AddonError as exc:
            notices.complain(exc)

    return set_value


def _slider(index: int) -> bpy.types.Property:
    return bpy.props.FloatProperty(
        name=f"Shape {index + 1}",
        description=f"Coefficient {index + 1} of the identity, in standard deviations",
        soft_min=-SOFT_RANGE,
        soft_max=SOFT_RANGE,
        precision=2,
        step=10,
        options=set(),  # an identity is not animated
        get=_getter(index),
        set=_setter(index),
    )


class ArtalkIdentity(bpy.types.PropertyGroup):
    """One slider for each coefficient of FLAME's identity."""

    __annotations__ = {slider_name(index): _slider(index) for index in range(IDENTITIES)} | {
        "shown": bpy.props.IntProperty(
            name="Sliders",
            description="How many sliders to show; the first ones change the head most",
            min=1,
            max=IDENTITIES,
            default=FIRST,
            options=set(),
        )
    }
