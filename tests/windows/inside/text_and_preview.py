"""A text that is spoken, its preview in a second window, and another file that is opened meanwhile."""

from __future__ import annotations

import os
import zlib

import addon
import bpy
import numpy as np
from user import Steps, User

SENTENCE = "Maybe tomorrow we will know more about it."


def steps(user: User) -> Steps:
    """Type a text, have it spoken, look at the preview, and open another file while the engine works."""
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    addon.install()
    addon.open_panels("text")
    bpy.ops.artalk.create_head()
    yield from user.show_tab("ARTalk")
    yield from _text(user)
    yield from _preview(user)
    yield from _other_file(user)


def _text(user: User) -> Steps:
    """A text becomes sound, strip and take."""
    jobs = addon.module("jobs")
    bpy.context.scene.artalk_text.line = SENTENCE
    yield from user.until_drawn()
    user.take_picture("text")
    yield from user.press("artalk.speak")
    yield from user.until(lambda: jobs.current() is None, "the text is spoken")
    user.notes["keys"] = _keys()
    yield from user.until_drawn()
    user.take_picture("spoken")


def _preview(user: User) -> Steps:
    """The preview's window follows the playhead."""
    preview = addon.module("preview_window")
    bpy.ops.artalk.open_preview()
    user.notes["windows"] = len(bpy.context.window_manager.windows)
    scene = bpy.context.scene
    seen = []
    for frame in (10, 20):
        scene.frame_set(frame)
        yield from user.until(lambda at=frame: preview.state().done > at, f"frame {frame} is drawn")
        yield from user.until(lambda: _shown(preview.IMAGE) not in (0, *seen), f"frame {frame} is shown")
        seen.append(_shown(preview.IMAGE))
        user.notes["picture_size"] = list(bpy.data.images[preview.IMAGE].size)
    user.take_picture("preview")
    user.notes["pictures_differ"] = len(set(seen)) == len(seen)
    user.notes["preview"] = [preview.state().problem, preview.state().total]
    bpy.ops.artalk.close_preview()
    user.notes["windows_after_closing"] = len(bpy.context.window_manager.windows)


def _shown(name: str) -> int:
    """Return a number that stands for what an image shows, 0 for nothing."""
    image = bpy.data.images.get(name)
    if image is None or not len(image.pixels):
        return 0
    picture = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(picture)
    return zlib.crc32(picture.tobytes()) if picture.any() else 0


def _other_file(user: User) -> Steps:
    """Another file, opened while the engine works, ends the job and says so."""
    settings, jobs, notices = bpy.context.scene.artalk, addon.module("jobs"), addon.module("notices")
    settings.sound = os.environ["ARTALK_LONG_SOUND"]
    bpy.ops.artalk.generate("INVOKE_DEFAULT")
    yield from user.until(lambda: jobs.current().fraction > 0.0, "the engine is at work again")
    bpy.ops.wm.read_homefile(use_empty=False, use_factory_startup=True)
    yield 0.5
    user.notes["works_in_other_file"] = jobs.current() is not None
    user.notes["said_in_other_file"] = [notice.text for notice in notices.standing()]
    yield from user.show_tab("ARTalk")
    yield from user.until_drawn()
    user.take_picture("other_file")


def _keys() -> int:
    rig = bpy.context.scene.artalk.rig
    take = rig.animation_data.action if rig.animation_data else None
    return int(take.frame_range[1]) if take is not None else 0
