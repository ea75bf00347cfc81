"""How long takes take: to write, to bake anew, to move, to punch in and to read back.

    PYTHON-WITH-BPY benchmarks/takes.py

Medians of five, in milliseconds, for half a minute and for ten minutes of speech.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import bpy
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import blender_addon
from blender_addon.rig.parts import RigParts, rig_parts
from blender_addon.takes.curves import changed_by_hand
from blender_addon.takes.placing import move_take, set_whole_frames
from blender_addon.takes.punch_in import Passage, punch_in
from blender_addon.takes.record import TakeDetails, take_motion
from blender_addon.takes.take import duplicate_take, fill_take, new_take, rebake, show_take

RUNS = 5


def main() -> None:
    """Measure and print."""
    blender_addon.register()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.artalk.create_head()
    parts = rig_parts(bpy.context.scene.artalk.rig)
    print(f"Blender {bpy.app.version_string}")
    for seconds in (30, 600):
        _measure(parts, seconds)
    sys.stdout.flush()
    os._exit(0)  # some builds wait on their way out


def _measure(parts: RigParts, seconds: int) -> None:
    frames = 25 * seconds
    random = np.random.default_rng(0)
    motion = random.normal(0, 0.3, (frames, 106)).astype(np.float32)
    details = TakeDetails(parts.rig_id, parts.kind, 1, rate_hz=24.0)
    take, _ = new_take(parts, 1, (1, 250))
    fill_take(parts, take, details, motion)
    other = duplicate_take(parts, take)
    scene, gains = bpy.context.scene, iter(np.linspace(1.1, 1.9, 100).tolist())
    starts = iter(range(2, 100))
    print(f"{seconds} s of speech, 106 channels x {frames} frames")
    _print("write into curves", lambda: fill_take(parts, take, details, motion * np.float32(next(gains))))
    fill_take(parts, take, details, motion)
    _print("bake anew, nothing changed", lambda: rebake(parts, take))
    _print("bake anew with other edits", lambda: rebake(parts, take, {"lips": {"gain": next(gains)}}))
    _print("bake anew with edits and whole frames", lambda: set_whole_frames(parts, take, True))
    set_whole_frames(parts, take, False)
    _print("look for changes by hand", lambda: changed_by_hand(parts, take))
    _print("move", lambda: move_take(scene, parts, take, float(next(starts))))
    _print("punch in two seconds", lambda: punch_in(parts, take, other, Passage(100.0, 150.0, 4.0)))
    _print("show the other one", lambda: show_take(parts, other, (1, 250)))
    _print("read the raw motion", lambda: take_motion(take))


def _print(what: str, run: Callable[[], object]) -> None:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    print(f"  {what:40} {median(times) * 1000:8.1f} ms")


main()
