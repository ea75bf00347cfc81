"""What the rig costs in the Blender that runs this: building, changing frames, changing the identity, exporting.

    <Python with bpy> benchmarks/rig.py

The built-in head plays noise on all 100 expressions, jaw and head, at 24 frames a second, so that every frame lies
between keys. The shares say what a frame change costs without drivers, without skinning and without shape keys.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import bpy
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import blender_addon
from blender_addon.exchange import FORMATS, ExportOptions, export_head
from blender_addon.paths import builtin_head_file
from blender_addon.rig.build import build_rig
from blender_addon.rig.head_file import load_head
from blender_addon.rig.identity import set_betas
from blender_addon.rig.parts import RigParts, rig_parts
from blender_addon.takes.record import TakeDetails
from blender_addon.takes.take import fill_take, new_take

FRAMES, ROUNDS = 250, 5


def main() -> None:
    """Measure and print medians."""
    blender_addon.register()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    head = load_head(builtin_head_file())
    print(f"Blender {bpy.app.version_string}")
    print(f"build the rig                    {1000 * _seconds(lambda: build_rig(bpy.context, head), 3):8.1f} ms")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    parts = rig_parts(build_rig(bpy.context, head))
    _play_noise(parts)
    whole = _frame_change()
    print(f"frame change                     {1000 * whole:8.2f} ms, {1 / whole:.0f} per second")
    for label, switch in _shares(parts):
        switch(False)
        part = _frame_change()
        switch(True)
        print(f"  of it {label:24} {1000 * (whole - part):8.2f} ms")
    random = np.random.default_rng(1)
    scene = bpy.context.scene
    scene.frame_set(10)

    def change_identity() -> None:
        set_betas(bpy.context, parts.rig, random.normal(0.0, 1.0, 300))
        bpy.context.view_layer.update()

    change_identity()  # reads the head's file
    print(f"identity, all 300 coefficients   {1000 * _seconds(change_identity, 20):8.1f} ms")
    with tempfile.TemporaryDirectory() as folder:
        for kind, file_format in FORMATS.items():
            options = ExportOptions(kind, Path(folder) / "head", first=1, last=50)
            once = _seconds(lambda options=options: export_head(bpy.context, parts.rig, options), 1)
            print(f"export 50 frames, {file_format.name:8}       {once:8.2f} s")


def _play_noise(parts: RigParts) -> None:
    scene = bpy.context.scene
    scene.render.fps, scene.frame_end = 24, FRAMES
    motion = np.random.default_rng(0).normal(0.0, 0.3, (FRAMES + 20, 106)).astype(np.float32)
    take, _ = new_take(parts, 1, (1, FRAMES))
    fill_take(parts, take, TakeDetails(parts.rig_id, parts.kind, 1, rate_hz=24.0), motion)


def _shares(parts: RigParts) -> list[tuple[str, Callable[[bool], None]]]:
    """What to leave out: its name, and how to switch it off and on."""
    modifier, surface = parts.surface.modifiers["Armature"], parts.surface

    def drive(on: bool) -> None:
        for curve in parts.keys.animation_data.drivers:
            curve.mute = not on

    def skin(on: bool) -> None:
        modifier.show_viewport = on

    def shape(on: bool) -> None:
        surface.show_only_shape_key = not on  # then the Basis alone is shown

    return [("36 drivers", drive), ("skinning", skin), ("shape keys", shape)]


def _frame_change() -> float:
    """Seconds for one frame change, the best round's median."""
    scene, rounds = bpy.context.scene, []
    for _ in range(ROUNDS):
        times = []
        for frame in range(1, FRAMES + 1):
            began = time.perf_counter()
            scene.frame_set(frame)
            times.append(time.perf_counter() - began)
        rounds.append(median(times))
    return min(rounds)


def _seconds(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return median(taken)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Blender's own end may wait for threads that are gone
