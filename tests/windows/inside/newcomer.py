"""From an empty scene to a talking head, by mouse: Create Head, Choose Sound, Generate, and the playhead."""

from __future__ import annotations

import math
import os

import addon
import bpy
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
    yield from user.until(lambda: _keys(settings.rig) or jobs.current().fraction > 0.0, "the engine is at work")
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
    """Press the mouse on the timeline, here and there, and see how far the jaw is open."""
    user.notes["jaw_deg"] = []
    for frame in (1, 20, 40, 60):
        yield from user.go_to_frame(frame)
        yield 0.5
        user.take_picture(f"frame_{frame}")
        rig = bpy.context.scene.artalk.rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        turn = rig.pose.bones["jaw"].matrix_basis.to_quaternion()
        user.notes["jaw_deg"].append(round(math.degrees(turn.angle), 3))
    user.notes["frame"] = bpy.context.scene.frame_current


def _keys(rig: bpy.types.Object) -> int:
    take = rig.animation_data.action if rig.animation_data else None
    return int(take.frame_range[1]) if take is not None else 0
