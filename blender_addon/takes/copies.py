# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a head that was duplicated in Blender have takes of its own.

Blender copies a head's identifier with it. The take that plays it copies as it pleases: twice, once for the bones and
once for the face, or not at all.
"""

from __future__ import annotations

import dataclasses

import bpy

from .. import actions
from ..errors import RigError
from ..rig.parts import RigParts, ensure_own_id, older_twins, rig_parts
from .curves import FACE_ACTION, FACE_SLOT, RIG_SLOT, WRITTEN, face_action
from .record import DETAILS, MOTION, keep_details, take_details, takes_of
from .take import current_take, duplicate_take, face_name, take_name


def own_id(parts: RigParts) -> str:
    """Return what a rig's takes know it by; a copied rig gets an identifier and its take first.

    Args:
        parts: the rig; those that it was copied from are left as they are.

    Raises:
        RigError: if it still shares its face with one of them.
        TakeError: if the take that plays cannot be read.
    """
    twins = older_twins(parts.rig)
    if not twins:
        return ensure_own_id(parts.rig)
    mesh = parts.surface.data
    sharing = next((twin for twin in twins if any(child.data == mesh for child in twin.children)), None)
    if sharing is not None:
        text = f"'{parts.rig.name}' shares its face with '{sharing.name}'."
        raise RigError(text, "Make its mesh single-user first, in the menu Object > Relations.")
    take = current_take(parts.rig)
    if take is not None and not _is_own(parts, take, twins):
        take = duplicate_take(parts, take)
    ensure_own_id(parts.rig)
    if take is not None:
        _adopt(parts, take)
    return parts.rig_id


def _is_own(parts: RigParts, take: bpy.types.Action, twins: list[bpy.types.Object]) -> bool:
    """Return whether Blender copied the take with the head, bones and face."""
    details, face = take_details(take), _playing_face(parts)
    elsewhere = [current_take(twin) for twin in twins] + [_playing_face(rig_parts(twin)) for twin in twins]
    is_twice = any(other != take and take_details(other) == details for other in takes_of(details.rig_id))
    return is_twice and face is not None and take not in elsewhere and face not in elsewhere


def _playing_face(parts: RigParts) -> bpy.types.Action | None:
    data = parts.keys.animation_data
    return data.action if data is not None else None


def _adopt(parts: RigParts, take: bpy.types.Action) -> None:
    """Make a copied take the first take of a copied rig, and let it play."""
    face = _playing_face(parts) if current_take(parts.rig) == take else face_action(take)
    keep_details(take, dataclasses.replace(take_details(take), rig_id=parts.rig_id, number=1))
    take.name, take.use_fake_user = take_name(parts.rig, 1), True
    if face not in (None, take):
        for name in (DETAILS, MOTION, WRITTEN):  # where Blender copied the take twice, this is its face from now on
            face.pop(name, None)
        take[FACE_ACTION] = face
        face.name, face.use_fake_user = face_name(take.name), True
    actions.assign(parts.rig, take, RIG_SLOT)
    actions.assign(parts.keys, face_action(take), FACE_SLOT)
