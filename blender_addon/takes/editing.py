# SPDX-License-Identifier: GPL-3.0-or-later
"""Change what a take shows of its motion, and leave out its keys; its raw motion stays as the engine made it."""

from __future__ import annotations

import dataclasses
import functools
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import bpy

from bridge.motion import FPS

from ..errors import TakeError
from ..rig.naming import RIG_ID
from ..rig.parts import RigParts, rig_parts
from ..steps import Steps, finish
from .blinks import find_blinks, nearest_blink
from .copies import own_id
from .curves import WRITTEN, Owners, changed_by_hand, named_values, places_of, write_curves
from .edits import Edits, edited_motion, turned_bones
from .face_tools import FaceTools
from .quality import Quality, quality_in_steps
from .record import DETAILS, MOTION, take_details, take_edits, take_motion
from .rig_tools import face_tools, face_tools_in_steps
from .spoken import phones_of
from .take import baked, changeable_details, current_take, rebake

if TYPE_CHECKING:
    from .reduction import Bound

REDUCED = "artalk_reduced"  # on the Action: JSON of `Reduced`
_ONE_BLINK_S = 0.2  # blinks nearer to each other than this are one

# By the Action's session identifier: fingerprint of its motion and edits, what they were seen with, what was found.
_qualities: dict[int, tuple[tuple[int, bytes, str], FaceTools, Quality]] = {}


@dataclass(frozen=True)
class Reduced:
    """What leaving out keys did to a take.

    Attributes:
        before: keys of all curves with every key.
        after: those that are left.
        p95_mm: 95th percentile of how far vertices are off.
        lips_p95_mm: of the lips' vertices alone.
        worst_mm: the largest distance.
        written: checksum of the curves that this is about.
    """

    before: int
    after: int
    p95_mm: float
    lips_p95_mm: float
    worst_mm: float
    written: int


def parts_of(action: bpy.types.Action) -> RigParts:
    """Return the rig that a take was made for.

    Raises:
        AddonError: if the Action is no take, or its rig is gone or incomplete.
    """
    rig_id = take_details(action).rig_id
    rigs = [thing for thing in bpy.data.objects if thing.get(RIG_ID) == rig_id and thing.type == "ARMATURE"]
    rig = next((thing for thing in rigs if current_take(thing) == action), next(iter(rigs), None))
    if rig is None:
        raise TakeError(f"The head of '{action.name}' is gone.", "Choose a take of a head that is in the file.")
    return rig_parts(rig)


def edits_of(action: bpy.types.Action) -> Edits:
    """Return a take's edits.

    Raises:
        TakeError: if the take cannot be read.
    """
    return _edits(json.dumps(take_edits(action)))


@functools.lru_cache(64)  # each slider asks for all of them whenever it is drawn
def _edits(text: str) -> Edits:
    return Edits.of(json.loads(text))


def change_edits(action: bpy.types.Action, edits: Edits) -> None:
    """Let a take show its motion with other edits.

    Raises:
        AddonError: if the take cannot be written, or its keys were changed by hand: those are not overwritten.
    """
    parts = parts_of(action)
    own_id(parts)
    refuse_if_changed(parts, action)
    rebake(parts, action, edits.mapping)


def refuse_if_changed(parts: RigParts, action: bpy.types.Action) -> None:
    """Protect keys that were changed by hand.

    Raises:
        TakeError: if there are some.
    """
    if changed_by_hand(parts, action):
        text = f"Keys of '{action.name}' were changed by hand, and would be lost."
        raise TakeError(text, "Restore the take or duplicate it first.")


def with_blink(edits: Edits, second: float) -> Edits:
    """Return edits with one more blink, which is seen at a second although the lids may be shown later."""
    raw_second = round(second - edits.lids.offset_ms / 1000.0, 3)
    return dataclasses.replace(edits, added_blinks=tuple(sorted({*edits.added_blinks, raw_second})))


def without_blink(action: bpy.types.Action, second: float) -> Edits:
    """Return a take's edits without the blink at a time, be it one of its motion's or an added one.

    Raises:
        TakeError: if there is none near it.
    """
    edits, parts = edits_of(action), parts_of(action)
    tools, raw = face_tools(parts), take_motion(action)
    shown = nearest_blink(find_blinks(tools.ruler.lid_gaps(edited_motion(raw, edits, tools))), second)
    if shown is None:
        raise TakeError("There is no blink here.", "Go to a frame on which the eyes are shut.")
    raw_middle = round(shown.frame / FPS - edits.lids.offset_ms / 1000.0, 3)
    left = tuple(time for time in edits.added_blinks if abs(time - raw_middle) >= _ONE_BLINK_S)
    if left != edits.added_blinks:
        return dataclasses.replace(edits, added_blinks=left)
    return dataclasses.replace(edits, removed_blinks=(*edits.removed_blinks, raw_middle))


def reduce_take(parts: RigParts, action: bpy.types.Action, bound: Bound) -> Reduced:
    """Bake a take with as few keys as a bound allows; the next change of its edits writes all keys again.

    Args:
        parts: the rig.
        action: the take.
        bound: how far vertices may be off.

    Raises:
        TakeError: if the take cannot be read or written.
    """
    from .reduction import reduce_keys

    frames, channels = finish(baked(parts, changeable_details(parts, action), take_motion(action)))
    tools = face_tools(parts)
    reduction = reduce_keys(frames, channels, tools.model, tools.ruler, parts.pivots, bound)
    names = named_values(parts, channels)
    properties = dict.fromkeys((name.part, name.path) for name in names)  # one for each track, in the same order
    rows = dict(zip(properties, reduction.rows.values(), strict=True))
    chosen = {name: rows[name.part, name.path] for name in names}
    curves = {name: places_of(frames[chosen[name]], values[chosen[name]]) for name, values in names.items()}
    write_curves(Owners.of(parts, action), curves)
    parts.rig.update_tag()
    parts.keys.update_tag()
    errors = reduction.errors
    reduced = Reduced(
        sum(len(places_of(frames, values)) for values in names.values()),
        sum(map(len, curves.values())),
        errors.p95_mm,
        errors.lips_p95_mm,
        errors.worst_mm,
        _written(action),
    )
    action[REDUCED] = json.dumps(dataclasses.asdict(reduced))
    return reduced


def reduced(action: bpy.types.Action) -> Reduced | None:
    """Return what leaving out keys did to a take's curves as they were last written; ``None`` if all are there."""
    try:
        found = Reduced(**json.loads(action[REDUCED]))
    except (KeyError, TypeError, ValueError):
        return None
    return found if found.written == _written(action) else None


def take_quality(action: bpy.types.Action) -> Quality:
    """Return what a take's motion is like, edits included; looked over again only when it has changed.

    Raises:
        AddonError: if the take cannot be read, or its rig is gone.
    """
    return finish(take_quality_in_steps(action))


def take_quality_in_steps(action: bpy.types.Action) -> Steps[Quality]:
    """Work out :func:`take_quality` a few milliseconds at a time, except for the edits of a take that has some."""
    tools = yield from face_tools_in_steps(parts_of(action))
    packed = bytes(action.get(MOTION, b""))  # by zlib, whose last bytes are a checksum of all that is packed
    shown, uid = (len(packed), packed[-4:], str(action[DETAILS])), action.session_uid
    if uid not in _qualities or _qualities[uid][0] != shown or _qualities[uid][1] is not tools:
        raw, edits, phones = take_motion(action), edits_of(action), phones_of(action)
        yield
        motion, neck = edited_motion(raw, edits, tools), turned_bones(raw, edits, tools).get("neck")
        yield
        found = yield from quality_in_steps(motion, tools.ruler, neck, phones)
        _qualities[uid] = shown, tools, found
    return _qualities[uid][2]


def _written(action: bpy.types.Action) -> int:
    return zlib.crc32(str(action.get(WRITTEN, "")).encode())
