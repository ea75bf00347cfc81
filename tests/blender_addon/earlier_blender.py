"""Run by an earlier Blender's Python: make a head with takes and save it.

python earlier_blender.py MOTION.npy SOUND.wav SAVED.blend
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import bpy
import numpy as np

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[2]))

import blender_addon
from blender_addon.rig.parts import rig_parts
from blender_addon.takes.record import Speech
from blender_addon.takes.sound import keep_sound
from tests.blender_addon.taking import add_take, curves_of, fcurves_of


def main() -> None:
    motion, sound, saved = np.load(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    blender_addon.register()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.artalk.create_head()
    parts = rig_parts(bpy.context.scene.artalk.rig)
    speech = Speech(str(sound), "happy", 7, temperature=0.5)
    first, _ = add_take(parts, motion, start=3.25, rate=24.0, speech=speech, edits={"lips": {"gain": 1.25}})
    keep_sound(first, sound)
    second, _ = add_take(parts, motion[::-1].copy(), rate=30.0, on_whole_frames=True)
    fcurves_of(parts, second)['key_blocks["blink_l"].value', 0].keyframe_points[5].co.y = 3.0
    bpy.ops.artalk.duplicate_take(take=second.name)
    bpy.ops.artalk.push_take()
    bpy.ops.artalk.show_take(take=first.name)
    takes = [first, second]
    keys = [[[path, index, places.tolist()] for (path, index), places in curves_of(parts, t).items()] for t in takes]
    saved.with_suffix(".json").write_text(json.dumps(keys))
    bpy.ops.wm.save_as_mainfile(filepath=str(saved))
    os._exit(0)  # Blender 4.5 as a module may wait forever for its sound device on the way out


main()
