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
_MESH_NUMBER = 0
_items: list[tuple[str, str, str, int]] = []


def _portraits(settings: ArtalkPreview | None, _: bpy.types.Context | None) -> list[tuple[str, str, str, int]]:
    """Return who can be drawn; they are kept, because Blender does not keep their texts.

    Only an engine that was asked names avatars. The one that is shown stays among them, whatever becomes of the engine.
    """
    global _items
    avatars = engine.description.avatars if engine.description is not None else ()
    shown = portrait_of(settings) if settings is not None else MESH
    avatars = avatars if shown in (MESH, *avatars) else (*avatars, shown)
    _items = [
        (MESH, "Mesh", "The head itself", _MESH_NUMBER),
        *((name, name, f"The avatar '{name}'", _number_of(name)) for name in avatars),
    ]
    return _items


def _number_of(name: str) -> int:
    return _MESH_NUMBER if name == MESH else zlib.crc32(name.encode()) & 0x7FFFFFFF


def _chosen_number(settings: ArtalkPreview) -> int:
    return _number_of(portrait_of(settings))


def _choose(settings: ArtalkPreview, number: int) -> None:
    settings.avatar = next(name for name, _, _, known in _portraits(settings, None) if known == number)


class ArtalkPreview(bpy.types.PropertyGroup):
    """How the preview looks: ``scene.artalk_preview``."""

    avatar: bpy.props.StringProperty(  # what `portrait` stands for, by name; scripts may set it without an engine
        description="Whom the preview shows", default=MESH, options={"HIDDEN"}
    )
    portrait: bpy.props.EnumProperty(
        name="Show", description="Whom the preview shows", items=_portraits, get=_chosen_number, set=_choose
    )
    quality: bpy.props.EnumProperty(
        name="Quality", description="How finely the pictures are drawn", items=QUALITIES, default="draft"
    )
    turn: bpy.props.EnumProperty(
        name="Turning", description="What turns where an avatar turns its head", items=TURNS, default="camera"
    )


def portrait_of(settings: ArtalkPreview) -> str:
    """Return whom to show: an avatar, which the engine may not know, or the mesh."""
    return str(settings.avatar) or MESH
