# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a scene goes and how long it lasts."""

from __future__ import annotations

import bpy

from ..timing import scene_rate


def rate_of(scene: bpy.types.Scene) -> float:
    """Return a scene's frames a second."""
    return scene_rate(scene.render.fps, scene.render.fps_base)


def frame_range(scene: bpy.types.Scene) -> tuple[float, float]:
    """Return a scene's first and last frame."""
    return scene.frame_start, scene.frame_end


def make_room(scene: bpy.types.Scene, last: int) -> None:
    """Let a scene last until a frame; one that lasts longer stays as it is."""
    scene.frame_end = max(scene.frame_end, last)
