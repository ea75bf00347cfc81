# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a button cannot be used right now; ``""`` means that it can.

Operators hand the reason to Blender for the button's tooltip, the panel writes it below the button.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import bpy

from . import jobs, looks
from .body.reasons import no_body
from .errors import AddonError
from .preferences import engine_python
from .rig import identity
from .rig.naming import BUILTIN
from .rig.parts import Rig, id_of, rig_parts, whole_rig
from .takes.placing import is_at_scene_rate
from .takes.record import has_motion, has_takes, take_details, takes_of
from .takes.rig_tools import face_tools
from .takes.showing import previous_take
from .takes.sound import sound_file, sound_of
from .takes.strips import sound_strips, strip_shift
from .takes.take import changeable_details, current_take
from .text_settings import words_of
from .translations import translated


def explained(error: AddonError) -> str:
    """Return what is wrong and what to do about it, as one sentence without its full stop."""
    said = translated(str(error))
    if said != str(error):  # other languages do not join sentences as English does
        return f"{said} {translated(error.remedy)}".strip()
    text, remedy = said.rstrip("."), error.remedy.rstrip(".")
    return f"{text}: {remedy[:1].lower()}{remedy[1:]}" if remedy else text


def no_head(context: bpy.types.Context) -> str:
    """Return why no head can be created."""
    if context.mode != "OBJECT":
        return "Go back to Object Mode to create a head"
    return ""


def no_generating(context: bpy.types.Context) -> str:
    """Return why no take can be generated; while another one is made, this one waits its turn."""
    settings = context.scene.artalk
    try:
        if whole_rig(settings.rig).rig.mode == "EDIT":
            return f"Leave Edit Mode of '{settings.rig.name}' first"
        if not settings.sound:
            return "Choose a sound file"
        engine_python(context)
    except AddonError as exc:
        return explained(exc)
    return ""


def no_strip(context: bpy.types.Context) -> str:
    """Return why no strip's sound can be spoken."""
    return "" if next(sound_strips(context.scene), None) is not None else "The sequencer has no sound strips"


def no_speaking(context: bpy.types.Context) -> str:
    """Return why no text can be spoken."""
    settings, text = context.scene.artalk, context.scene.artalk_text
    try:
        engine_python(context)
        if whole_rig(settings.rig).rig.mode == "EDIT":
            return f"Leave Edit Mode of '{settings.rig.name}' first"
    except AddonError as exc:
        return explained(exc)
    if words_of(text).strip():
        return ""
    return "Choose a text with words in it" if text.source == "TEXT" else "Write what to say"


def no_asking(context: bpy.types.Context) -> str:
    """Return why the engine cannot be asked anything."""
    if jobs.current() is not None:
        return "The engine is at work"
    try:
        engine_python(context)
    except AddonError as exc:
        return explained(exc)
    return ""


def no_cancelling(_: bpy.types.Context) -> str:
    """Return why nothing can be cancelled."""
    job = jobs.current()
    if job is None:
        return "Nothing is being generated"
    return "It is being cancelled" if job.is_cancelled else ""


def no_takes(context: bpy.types.Context) -> str:
    """Return why no other take can be shown."""
    return _of_head(context, _no_takes)


def no_own_take(context: bpy.types.Context) -> str:
    """Return why no take of the head can be copied or deleted."""
    return _of_head(context, _no_own_take)


def is_in_the_making(take: bpy.types.Action | None) -> bool:
    """Return whether a take is one that the engine is at work on, or whose keys are still being written."""
    with contextlib.suppress(AddonError):
        return take is not None and jobs.is_making(take_details(take))
    return False


def no_take(context: bpy.types.Context) -> str:
    """Return why the playing take cannot be looked into."""
    return _of_head(context, _no_take)


def no_changing_take(context: bpy.types.Context) -> str:
    """Return why the playing take's keys cannot be changed."""
    return _of_head(context, _no_changing_take)


def no_comparing(context: bpy.types.Context) -> str:
    """Return why there is no other take to compare with."""
    reason = no_takes(context)
    if reason:
        return reason
    return "" if previous_take(context.scene.artalk.rig) is not None else "Show two takes, one after the other, first"


def no_retiming(context: bpy.types.Context) -> str:
    """Return why no take needs to be retimed."""
    reason = no_takes(context) if jobs.current() is None else "The engine is at work"
    if reason:
        return reason
    scene = context.scene
    takes = takes_of(id_of(scene.artalk.rig))
    is_any_late = any(not is_at_scene_rate(scene, take_details(take)) for take in takes)
    return "" if is_any_late else "All takes lie where the scene's rate wants them"


def no_following(context: bpy.types.Context) -> str:
    """Return why the playing take need not follow its sound strip."""
    reason = no_changing_take(context)
    if reason:
        return reason
    take = current_take(context.scene.artalk.rig)
    return "" if strip_shift(context.scene, take) else "The sound strip lies where the take begins"


def no_packing(context: bpy.types.Context) -> str:
    """Return why the playing take's sound cannot be packed."""
    reason = no_changing_take(context)
    if reason:
        return reason
    take = current_take(context.scene.artalk.rig)
    sound = sound_of(take)
    if sound is not None and sound.packed_file is not None:
        return "The sound is packed"
    try:
        sound_file(take)
    except AddonError as exc:
        return explained(exc)
    return ""


def no_regenerating(context: bpy.types.Context) -> str:
    """Return why the playing take cannot be made once more."""
    reason = no_take(context)
    if reason:
        return reason
    try:
        sound_file(current_take(context.scene.artalk.rig))
        engine_python(context)
    except AddonError as exc:
        return explained(exc)
    return ""


def no_check(context: bpy.types.Context) -> str:
    """Return why the rig cannot be compared with FLAME."""
    try:
        identity.head_file(whole_rig(context.scene.artalk.rig))
    except AddonError as exc:
        return explained(exc)
    return "Leave Edit Mode first" if context.scene.artalk.rig.mode == "EDIT" else ""


def no_export(context: bpy.types.Context) -> str:
    """Return why the head cannot be written for other programs."""
    try:
        whole_rig(context.scene.artalk.rig)
    except AddonError as exc:
        return explained(exc)
    return "Leave Edit Mode first" if context.scene.artalk.rig.mode == "EDIT" else ""


def no_attaching(context: bpy.types.Context) -> str:
    """Return why no FLAME file can be attached to the head."""
    try:
        kind = whole_rig(context.scene.artalk.rig).kind
    except AddonError as exc:
        return explained(exc)
    return "The built-in head needs no file" if kind == "builtin" else ""


def no_correctives(context: bpy.types.Context) -> str:
    """Return why no drivers can be added to the head's correctives."""
    try:
        parts = whole_rig(context.scene.artalk.rig)
    except AddonError as exc:
        return explained(exc)
    return "" if parts.is_foreign else "This head's correctives follow its bones already"


def no_studio(context: bpy.types.Context) -> str:
    """Return why no lights and camera can be set up."""
    try:
        whole_rig(context.scene.artalk.rig)
    except AddonError as exc:
        return explained(exc)
    return no_head(context).replace("create a head", "set up a studio")


def no_identity(context: bpy.types.Context) -> str:
    """Return why the head's identity cannot be changed."""
    try:
        identity.check_changeable(whole_rig(context.scene.artalk.rig), context)
    except AddonError as exc:
        return explained(exc)
    return ""


def no_blinking(context: bpy.types.Context) -> str:
    """Return why blinks of the playing take cannot be added or taken away."""
    reason = no_changing_take(context)
    if reason:
        return reason
    rig = context.scene.artalk.rig
    try:
        return (looks.head_tools(rig) or face_tools(rig_parts(rig))).no_blinks()
    except AddonError as exc:
        return explained(exc)


def no_importing(context: bpy.types.Context) -> str:
    """Return why no take can be made of a motion file."""
    return no_takes(context)


def no_recoding(context: bpy.types.Context) -> str:
    """Return why the engine cannot work on the body's clip."""
    try:
        engine_python(context)
    except AddonError as exc:
        return explained(exc)
    return no_body(context)


def no_previewed_take(context: bpy.types.Context) -> str:
    """Return why no take can be drawn."""
    try:
        parts = whole_rig(context.scene.artalk.rig)
        if current_take(parts.rig) is None:
            return "No take plays: choose one from the list"
        if parts.kind != BUILTIN:
            identity.head_file(parts)
        engine_python(context)
    except AddonError as exc:
        return explained(exc)
    return ""


def no_preview(context: bpy.types.Context) -> str:
    """Return why the take that plays cannot be shown in a window."""
    return "Blender runs without windows" if bpy.app.background else no_previewed_take(context)


def no_filming(context: bpy.types.Context) -> str:
    """Return why the take that plays cannot be filmed."""
    return no_previewed_take(context)


def _of_head(context: bpy.types.Context, reason: Callable[[Rig], str]) -> str:
    """Look for the chosen head once, and return why it cannot be used, or else the reason that asks for it."""
    try:
        return reason(whole_rig(context.scene.artalk.rig))
    except AddonError as exc:
        return explained(exc)


def _no_takes(head: Rig) -> str:
    return f"Leave Edit Mode of '{head.rig.name}' first" if head.rig.mode == "EDIT" else ""


def _no_own_take(head: Rig) -> str:
    reason = _no_takes(head)
    if reason:
        return reason
    take = current_take(head.rig)
    if is_in_the_making(take):
        return "This take is being made"
    return "" if _is_of(take, head) or has_takes(head.rig_id) else "This head has no takes yet"


def _is_of(take: bpy.types.Action | None, head: Rig) -> bool:
    with contextlib.suppress(AddonError):
        return take is not None and take_details(take).rig_id == head.rig_id
    return False


def _no_take(head: Rig) -> str:
    reason = _no_own_take(head)
    take = current_take(head.rig) if not reason else None
    if reason or take is None:
        return reason or "No take plays: choose one from the list"
    take_details(take)  # complains if it cannot be read
    return ""


def _no_changing_take(head: Rig) -> str:
    reason = _no_take(head)
    if reason:
        return reason
    take = current_take(head.rig)
    assert take is not None  # noqa: S101 - that would have been the reason
    changeable_details(head, take)
    return "" if has_motion(take) else f"'{take.name}' has no readable motion: generate the take again"
