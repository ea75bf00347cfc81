# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of a rig in a scene of its own, to pose, play and export without touching the user's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import bpy

from .parts import RigParts


@dataclass(frozen=True)
class Replica:
    """A copy of a rig.

    Attributes:
        scene: holds nothing else; has the original scene's rate and frame range.
        rig: the armature object; plays what the original plays.
        surface: the mesh object.
    """

    scene: bpy.types.Scene
    rig: bpy.types.Object
    surface: bpy.types.Object

    @property
    def keys(self) -> bpy.types.Key:
        """The shape keys."""
        return self.surface.data.shape_keys

    @property
    def layer(self) -> bpy.types.ViewLayer:
        """The scene's only view layer."""
        return self.scene.view_layers[0]


@contextmanager
def replica_of(parts: RigParts, scene: bpy.types.Scene) -> Iterator[Replica]:
    """Copy a rig with its mesh, shape keys, drivers and animation into a new scene; delete all of it at the end.

    Args:
        parts: the rig.
        scene: the scene that it is in.
    """
    own = bpy.data.scenes.new("ARTalk replica")
    own.render.fps, own.render.fps_base = scene.render.fps, scene.render.fps_base
    own.frame_start, own.frame_end = scene.frame_start, scene.frame_end
    own.unit_settings.scale_length = scene.unit_settings.scale_length
    made: list[bpy.types.ID] = []
    try:
        rig, surface = parts.rig.copy(), parts.surface.copy()
        made += [rig, surface]
        rig.data, surface.data = rig.data.copy(), surface.data.copy()
        made += [rig.data, surface.data]
        for thing in (rig, surface):
            own.collection.objects.link(thing)
            thing.hide_viewport = thing.hide_render = thing.hide_select = False
        surface.parent = rig
        _retarget(rig, surface, parts)
        own.view_layers[0].update()
        yield Replica(own, rig, surface)
    finally:
        bpy.data.scenes.remove(own)
        for rig_or_surface, data in zip(made[:2], made[2:], strict=False):
            bpy.data.objects.remove(rig_or_surface)
            (bpy.data.meshes if isinstance(data, bpy.types.Mesh) else bpy.data.armatures).remove(data)


def _retarget(rig: bpy.types.Object, surface: bpy.types.Object, parts: RigParts) -> None:
    """Let everything in the copy that pointed to the original point to the copy."""
    twins = {parts.rig: rig, parts.surface: surface, parts.keys: surface.data.shape_keys}
    for modifier in surface.modifiers:
        if modifier.type == "ARMATURE" and modifier.object == parts.rig:
            modifier.object = rig
    for animated in (rig, surface, surface.data.shape_keys):
        for curve in animated.animation_data.drivers if animated.animation_data else ():
            for variable in curve.driver.variables:
                for target in variable.targets:
                    if target.id in twins:
                        target.id = twins[target.id]


def stop(animated: bpy.types.ID) -> None:
    """Let nothing but drivers move a datablock of a copy."""
    data = animated.animation_data
    data.action = None
    for track in [*data.nla_tracks]:
        data.nla_tracks.remove(track)
