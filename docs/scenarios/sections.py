"""Every panel of the sidebar, with something in it, for ``docs/panels.md``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import addon
import bpy
import sidebar
from user import Steps, User


def steps(user: User) -> Steps:
    """Make takes, and look at everything that the sidebar says about them."""
    sidebar.prepare()
    sidebar.open_panels()
    sidebar.show_only("main")
    yield from user.show_tab("ARTalk")
    yield from _at_work(user)
    yield from _takes(user)
    yield from _head(user)
    yield from _body(user)
    yield from _trouble(user)


def _at_work(user: User) -> Steps:
    """A long sound and two that wait."""
    bpy.ops.artalk.create_head()
    scene, jobs = bpy.context.scene, addon.module("jobs")
    yield from sidebar.photograph_section(user, "speech")
    yield from sidebar.photograph_section(user, "time")
    scene.artalk_text.line = "Maybe tomorrow we will know more."
    yield from sidebar.photograph_section(user, "text")
    sidebar.show_only("main")
    for sound in (os.environ["ARTALK_LONG_SOUND"], os.environ["ARTALK_SOUND"], os.environ["ARTALK_SOUND"]):
        scene.artalk.sound = sound
        bpy.ops.artalk.generate("INVOKE_DEFAULT")
        scene.artalk.style, scene.artalk.seed = "happy", scene.artalk.seed + 1
    yield from user.until(lambda: jobs.current().seconds_left is not None, "the engine knows how long it takes")
    yield from sidebar.photograph_now(user, "working")
    bpy.ops.artalk.cancel()
    yield from user.until(lambda: jobs.current() is None, "all takes are whole", 300.0)


def _takes(user: User) -> Steps:
    scene = bpy.context.scene
    yield from sidebar.photograph(user, "main")
    yield from sidebar.photograph_section(user, "takes")
    yield from sidebar.photograph_section(user, "take_tools", above=("takes",))
    take = scene.artalk.rig.animation_data.action
    take.artalk_editing.lips.gain, take.artalk_editing.head.smoothing_ms = 1.2, 120.0
    take.artalk_editing.eye_darts_deg = 3.0
    yield from sidebar.photograph_section(user, "edit", above=("takes",))
    yield from sidebar.photograph_section(user, "quality", above=("takes",))
    bpy.ops.artalk.reduce_keys()
    yield from sidebar.photograph_section(user, "keys", above=("takes",))
    yield from sidebar.photograph_section(user, "motion_files", above=("takes",))
    yield from sidebar.photograph_section(user, "preview")


def _head(user: User) -> Steps:
    bpy.ops.artalk.check_rig()
    yield from sidebar.photograph_section(user, "head", within=("identity",))
    yield from sidebar.photograph_section(user, "scene")


def _body(user: User) -> Steps:
    clip = str(user.out / "gesture.npz")
    bpy.ops.artalk.add_body()
    bpy.ops.artalk.export_clip(filepath=clip, fps=30.0)
    bpy.ops.artalk.import_clip(filepath=clip)
    bpy.ops.artalk.attach_head()
    yield from sidebar.photograph_section(user, "body", within=("body_codec",))


def _trouble(user: User) -> Steps:
    """A sound that is none."""
    addon.module("notices").dismiss()
    letter = user.out / "letter.wav"
    letter.write_text("This is a letter, not a sound.\n", "utf-8")
    bpy.context.scene.artalk.sound = str(letter)
    sidebar.show_only("main")
    yield from user.until_drawn()
    bpy.ops.artalk.generate("INVOKE_DEFAULT")
    yield from user.until(lambda: addon.module("jobs").current() is None, "the engine has refused it")
    yield from sidebar.photograph(user, "error")
