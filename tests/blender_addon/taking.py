"""Takes to test with, and what their curves hold."""

from __future__ import annotations

import bpy
import numpy as np

from blender_addon import actions
from blender_addon.rig.parts import RigParts
from blender_addon.takes.curves import FACE_SLOT, RIG_SLOT, face_action
from blender_addon.takes.record import TakeDetails
from blender_addon.takes.take import fill_take, new_take, next_number

RANGE = (1, 250)


def add_take(parts: RigParts, motion: np.ndarray, start: float = 1.0, rate: float = 25.0, **more: object):
    """Add a take that plays; returns it and what new_take says."""
    number = next_number(parts.rig_id)
    take, moved = new_take(parts, number, RANGE)
    fill_take(parts, take, TakeDetails(parts.rig_id, parts.kind, number, start=start, rate_hz=rate, **more), motion)
    return take, moved


def fcurves_of(parts: RigParts, take: bpy.types.Action) -> dict[tuple[str, int], bpy.types.FCurve]:
    """Every curve of a take by (path, index)."""
    pairs = ((take, parts.rig, RIG_SLOT), (face_action(take), parts.keys, FACE_SLOT))
    return {
        (curve.data_path, curve.array_index): curve
        for action, animated, slot in pairs
        for curve in actions.curve_owner(action, animated, slot).fcurves
    }


def places_of(curve: bpy.types.FCurve) -> np.ndarray:
    """The keys of a curve, [T, 2]."""
    places = np.empty(2 * len(curve.keyframe_points), np.float32)
    curve.keyframe_points.foreach_get("co", places)
    return places.reshape(-1, 2)


def curves_of(parts: RigParts, take: bpy.types.Action) -> dict[tuple[str, int], np.ndarray]:
    """The keys of every curve of a take, [T, 2] by (path, index)."""
    return {name: places_of(curve) for name, curve in fcurves_of(parts, take).items()}


def strips_of(scene: bpy.types.Scene) -> list[bpy.types.Strip]:
    """All strips of a scene's sequencer."""
    editor = scene.sequence_editor
    if editor is None:
        return []
    return list(editor.strips if hasattr(editor, "strips") else editor.sequences)
