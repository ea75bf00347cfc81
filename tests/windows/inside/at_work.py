"""Work that shows itself: progress, queue, cancel, undo, saving, and errors."""

from __future__ import annotations

import os

import addon
import bpy
from user import Steps, User

GONE = "/no/such/folder/gone.wav"


def steps(user: User) -> Steps:
    """Do what somebody does all day, with long sounds, wrong paths and a full queue."""
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    addon.install()
    yield from user.show_tab("ARTalk")
    yield from _without_head(user)
    yield from _while_it_works(user)
    yield from _error(user)


def _without_head(user: User) -> Steps:
    """A button that cannot be pressed, and why."""
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    yield from user.until_drawn()
    user.take_picture("reason")
    yield from user.cannot_press("artalk.create_head")
    user.notes["reason"] = addon.module("reasons").no_head(bpy.context)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.object.delete()
    bpy.ops.artalk.create_head()
    bpy.context.scene.artalk.sound = os.environ["ARTALK_LONG_SOUND"]
    bpy.ops.ed.undo_push(message="Create a head and choose a sound")


def _while_it_works(user: User) -> Steps:
    """Three jobs; one is taken out, the file is saved, a step is undone, and the rest is cancelled."""
    settings, jobs = bpy.context.scene.artalk, addon.module("jobs")
    yield from user.until_drawn()
    for _ in range(3):
        bpy.ops.artalk.generate("INVOKE_DEFAULT")
    yield from user.until(lambda: jobs.current().fraction > 0.0, "the engine is at work")
    user.notes["waiting"] = len(jobs.waiting())
    yield 0.3
    user.take_picture("queue")
    bpy.ops.artalk.remove_job(number=jobs.waiting()[0].number)
    user.notes["waiting_after_one_was_removed"] = len(jobs.waiting())

    rig = settings.rig
    rig.location.x = 0.5
    bpy.ops.ed.undo_push(message="Move the head")
    bpy.ops.wm.save_as_mainfile(filepath=str(user.out / "work – ä 日本 🙂.blend"))
    user.notes["works_after_saving"] = jobs.current() is not None
    yield from user.move(*_middle(user.region("WINDOW")))
    yield from user.strike("Z", ctrl=True)
    user.notes["place_after_undo"] = round(bpy.context.scene.artalk.rig.location.x, 3)
    user.notes["works_after_undo"] = jobs.current() is not None
    yield from user.until(lambda: jobs.current().seconds_left is not None, "the time left is known")
    user.take_picture("time_left")
    yield from user.until(lambda: _keys() > 0, "keys arrive after an undo")

    bpy.ops.artalk.remove_job(number=jobs.waiting()[0].number)
    yield from user.find("artalk.cancel")
    job = jobs.current()
    yield from user.click(0.02)
    yield from user.until(lambda: jobs.current() is not job, "the job is cancelled")
    user.notes["has_made_room"] = jobs.current() is None
    user.notes["keys_after_cancel"] = _keys()
    yield from user.until_drawn()
    user.take_picture("cancelled")


def _error(user: User) -> Steps:
    """An error stands until it is put away, whatever works meanwhile."""
    settings, jobs, notices = bpy.context.scene.artalk, addon.module("jobs"), addon.module("notices")
    notices.dismiss()
    settings.sound = GONE
    yield from user.press("artalk.generate")
    yield from user.until(lambda: jobs.current() is None and notices.standing(), "there is an error")
    yield from user.until_drawn()
    user.take_picture("error")
    user.notes["error"] = [notices.standing()[0].text, notices.standing()[0].remedy]
    settings.sound = os.environ["ARTALK_SOUND"]
    yield from user.press("artalk.generate")
    yield from user.until(lambda: jobs.current() is None, "the next take is whole")
    user.notes["errors_after_success"] = sum(notice.is_error for notice in notices.standing())
    yield from user.press("artalk.copy_details")
    user.notes["details"] = bpy.context.window_manager.clipboard
    for notice in list(notices.standing()):
        bpy.ops.artalk.dismiss(index=notices.standing().index(notice))
    user.notes["standing_after_dismiss"] = len(notices.standing())


def _keys() -> int:
    rig = bpy.context.scene.artalk.rig
    take = rig.animation_data.action if rig.animation_data else None
    return int(take.frame_range[1]) if take is not None else 0


def _middle(region: bpy.types.Region) -> tuple[int, int]:
    return region.x + region.width // 3, region.y + region.height // 2
