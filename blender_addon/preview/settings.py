# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene remembers about its preview."""

from __future__ import annotations

import zlib

import bpy

from bridge.messages import MESH

from ..engine_process import engine

QUALITIES = (
    ("draft", "Draft", "Small pictures, drawn quickly"),
    ("full", "Full", "Pictures of 512 x 512 pixels"),
)
TURNS = (
    ("camera", "Camera", "Look around the whole portrait, as the avatar was made for"),
    ("head", "Head", "Let the shoulders stay where they are"),
)
_items: list[tuple[str, str, str, int]] = []


def _portraits(_: bpy.types.PropertyGroup, __: bpy.types.Context | None) -> list[tuple[str, str, str, int]]:
    """Return who can be drawn; they are kept, because Blender does not keep their texts."""
    global _items
    avatars = engine.description.avatars if engine.description is not None else ()
    _items = [
        (MESH, "Mesh", "The head itself", 0),
        *((name, name, f"The avatar '{name}'", zlib.crc32(name.encode()) & 0x7FFFFFFF) for name in avatars),
    ]
    return _items


class ArtalkPreview(bpy.types.PropertyGroup):
    """How the preview looks: ``scene.artalk_preview``."""

    portrait: bpy.props.EnumProperty(name="Show", description="Whom the preview shows", items=_portraits)
    quality: bpy.props.EnumProperty(
        name="Quality", description="How finely the pictures are drawn", items=QUALITIES, default="draft"
    )
    turn: bpy.props.EnumProperty(
        name="Turning", description="What turns where an avatar turns its head", items=TURNS, default="camera"
    )


def portrait_of(settings: ArtalkPreview) -> str:
    """Return whom to show; an avatar that the engine does not know, or has not named yet, is the mesh."""
    return str(settings.portrait) or MESH
