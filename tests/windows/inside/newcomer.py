"""From an empty scene to a talking head, by mouse: Create Head, Choose Sound, Generate, and the playhead."""

from __future__ import annotations

import os

import addon
import bpy
import numpy as np
from user import Steps, User


def steps(user: User) -> Steps:
    """Do what somebody does who has never seen the panel."""
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    addon.install()
    yield from user.show_tab("ARTalk")
    yield from user.until_drawn()
    user.take_picture("enabled")
    settings, jobs = bpy.context.scene.artalk, addon.module("jobs")

    yield from user.press("artalk.create_head")
    yield from user.press("artalk.choose_sound")
    yield from user.choose_file(os.environ["ARTALK_SOUND"])
    user.notes["sound"] = settings.sound
    yield from user.until_drawn()
    user.take_picture("ready")

    yield from user.press("artalk.generate")
    user.notes["is_free_at_once"] = jobs.current() is not None
    yield from user.until(lambda: jobs.current().fraction > 0.0 or _keys(settings.rig), "the engine is at work")
    yield 0.2
    user.take_picture("working")
    yield from user.until(lambda: _keys(settings.rig), "keys arrive")
    user.notes["is_early"] = jobs.current() is not None
    yield from user.until(lambda: jobs.current() is None, "the take is whole")
    user.notes["keys"] = _keys(settings.rig)
    yield from user.look_at(settings.rig)
    yield from user.until_drawn()
    user.take_picture("generated")
    yield from _scrub(user)


def _scrub(user: User) -> Steps:
    """Press the mouse on the timeline, at a frame with closed lips and at one with open ones."""
    face = next(each for each in bpy.context.scene.artalk.rig.children if each.type == "MESH")
    user.notes["opening"] = {}
    for frame in (1, 20, 40, 60):
        yield from user.go_to_frame(frame)
        yield 0.5
        user.take_picture(f"frame_{frame}")
        shape = np.empty(len(face.data.vertices) * 3, np.float32)
        evaluated = face.evaluated_get(bpy.context.evaluated_depsgraph_get())
        evaluated.data.vertices.foreach_get("co", shape)
        user.notes["opening"][bpy.context.scene.frame_current] = round(1000.0 * float(np.ptp(shape[1::3])), 4)


def _keys(rig: bpy.types.Object) -> int:
    take = rig.animation_data.action if rig.animation_data else None
    return int(take.frame_range[1]) if take is not None else 0
