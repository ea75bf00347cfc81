# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how far Blender's evaluated head is from FLAME's own vertices."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from ..timing import split_frame
from .parts import rig_parts


def evaluated_vertices(rig: bpy.types.Object, scene: bpy.types.Scene, frame: float) -> NDArray[np.float32]:
    """Return the head's vertices as Blender shows and renders them on a frame.

    Args:
        rig: the armature object.
        scene: is left on that frame.
        frame: scene frame; may lie between whole frames.

    Returns:
        ``[V, 3]`` metres, in FLAME's axes (Y up).

    Raises:
        RigError: if the rig is incomplete.
    """
    surface = rig_parts(rig).surface
    whole, rest = split_frame(frame)
    scene.frame_set(whole, subframe=rest)
    layer = next(layer for layer in scene.view_layers if surface.name in layer.objects)
    evaluated = surface.evaluated_get(layer.depsgraph)
    mesh = evaluated.to_mesh()
    try:
        vertices = np.empty(len(mesh.vertices) * 3, np.float32)
        mesh.vertices.foreach_get("co", vertices)
    finally:
        evaluated.to_mesh_clear()
    return vertices.reshape(-1, 3)


def worst_vertex_error_mm(
    rig: bpy.types.Object,
    scene: bpy.types.Scene,
    frames: Sequence[float],
    reference: NDArray[np.floating],
) -> float:
    """Compare the animated head with vertices from elsewhere, such as the engine's ``FLAMEModel``.

    Args:
        rig: the armature object.
        scene: the scene it is animated in; its current frame is restored.
        frames: ``[N]`` scene frames.
        reference: ``[N, V, 3]`` metres in FLAME's axes, one set of vertices for each frame.

    Returns:
        The largest distance between any vertex and its reference, in millimetres.

    Raises:
        RigError: if the rig is incomplete.
        ValueError: if frames and reference differ in number.
    """
    before, subframe = scene.frame_current, scene.frame_subframe
    worst = 0.0
    try:
        for frame, expected in zip(frames, reference, strict=True):
            error = evaluated_vertices(rig, scene, frame).astype(np.float64) - expected
            worst = max(worst, float(np.linalg.norm(error, axis=1).max()))
    finally:
        scene.frame_set(before, subframe=subframe)
    return worst * 1000.0
