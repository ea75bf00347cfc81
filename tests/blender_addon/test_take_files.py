"""Takes in files of earlier Blenders, and in other files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.blender_addon.flame import flame_vertices
from tests.blender_addon.taking import add_take, curves_of

bpy = pytest.importorskip("bpy")

import build_addon
from blender_addon.paths import builtin_head_file
from blender_addon.rig.fidelity import worst_vertex_error_mm
from blender_addon.rig.parts import rig_parts
from blender_addon.takes.curves import changed_by_hand
from blender_addon.takes.record import Speech, take_details, take_motion, takes_of
from blender_addon.takes.sound import keep_sound, sound_of
from blender_addon.takes.take import current_take, rebake
from blender_addon.timing import key_frames

EARLIER = [name for name in ("4.2", "4.5") if tuple(map(int, name.split("."))) < bpy.app.version[:2]]
BLINK = 'key_blocks["blink_l"].value'


def python_of(version: str) -> Path:
    """The Python with an earlier Blender, where its environment is made already."""
    blender = build_addon.BLENDERS[version]
    python = build_addon.find_python(blender.python)
    if python is not None:
        folder = build_addon._environment_folder(f"bpy-{version}", blender.pins, python)
        if build_addon._is_ready(folder):
            return build_addon._interpreter(folder)
    pytest.skip(f"the environment of Blender {version} is not made here")


@pytest.fixture(params=EARLIER)
def saved(request, tmp_path, motion, sound_file):
    """A file with three takes that an earlier Blender saved; its sound is gone since."""
    np.save(tmp_path / "motion.npy", motion)
    sound, path = sound_file(), tmp_path / "scene.blend"
    script = Path(__file__).with_name("earlier_blender.py")
    command = [python_of(request.param), script, tmp_path / "motion.npy", sound, path]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert path.exists(), run.stderr[-3000:]
    sound.unlink()
    bpy.ops.wm.open_mainfile(filepath=str(path))
    return path


@pytest.mark.skipif(not EARLIER, reason="no earlier Blender is supported")
class TestEarlierBlenders:
    def test_all_takes_are_whole(self, saved, motion):
        scene = bpy.context.scene
        parts = rig_parts(scene.artalk.rig)
        first, second, third = takes_of(parts.rig_id)
        assert current_take(parts.rig) == first
        assert take_details(first).speech.temperature == 0.5
        assert take_details(first).edits == {"lips": {"gain": 1.25}}
        assert take_details(second).on_whole_frames
        np.testing.assert_array_equal(take_motion(first), motion)
        np.testing.assert_array_equal(take_motion(second), motion[::-1])
        for take, curves in zip((first, second), json.loads(saved.with_suffix(".json").read_text()), strict=True):
            held = curves_of(parts, take)
            assert len(held) == len(curves)
            for path, index, places in curves:
                np.testing.assert_array_equal(held[path, index], np.array(places, np.float32))
        assert sound_of(first).packed_file is not None
        assert [changed_by_hand(parts, take) for take in (first, second, third)] == [[], [BLINK], [BLINK]]

    def test_everything_can_be_done_with_them(self, saved, motion):
        scene = bpy.context.scene
        parts = rig_parts(scene.artalk.rig)
        first, second, third = takes_of(parts.rig_id)
        rebake(parts, first, {})
        frames = key_frames(len(motion), 24.0, 3.25)[::7]
        expected = flame_vertices(builtin_head_file(), motion[::7])
        assert worst_vertex_error_mm(parts.rig, scene, frames, expected) <= 0.01
        scene.render.fps = 60
        bpy.ops.artalk.retime_takes()
        assert {take_details(take).rate_hz for take in (first, second, third)} == {60.0}
        bpy.ops.artalk.show_take(take=second.name)
        assert bpy.ops.artalk.duplicate_take() == {"FINISHED"}
        assert bpy.ops.artalk.punch_in(source=first.name, first=10, last=40, fade=4) == {"FINISHED"}
        assert bpy.ops.artalk.push_take() == {"FINISHED"}
        while takes_of(parts.rig_id):
            assert bpy.ops.artalk.delete_take(take=takes_of(parts.rig_id)[0].name) == {"FINISHED"}
        assert len(bpy.data.actions) == 0
        assert [len(owner.animation_data.nla_tracks) for owner in (parts.rig, parts.keys)] == [0, 0]


def test_a_take_is_appended_with_its_motion_and_its_sound(head, motion, sound_file, tmp_path):
    path = sound_file()
    take, _ = add_take(head, motion, speech=Speech(str(path)))
    keep_sound(take, path)
    name, library = head.rig.name, str(tmp_path / "library.blend")
    bpy.data.libraries.write(library, {head.rig, head.surface})
    path.unlink()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(library) as (_, wanted):
        wanted.objects = [name, f"{name} surface"]
    for thing in wanted.objects:
        bpy.context.collection.objects.link(thing)
    parts = rig_parts(bpy.data.objects[name])
    (take,) = takes_of(parts.rig_id)
    assert current_take(parts.rig) == take
    np.testing.assert_array_equal(take_motion(take), motion)
    assert sound_of(take).packed_file is not None
    expected = flame_vertices(builtin_head_file(), motion[10:12])
    assert worst_vertex_error_mm(parts.rig, bpy.context.scene, [11.0, 12.0], expected) <= 0.01
