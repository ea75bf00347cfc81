"""How long a body clip takes into Blender and back, and how exactly it comes back.

    <a Python with bpy> benchmarks/clips.py [--frames 1900]

The clip is made up, on the plain body's 55 joints; scene and clip have 30 frames a second.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import bpy
import numpy as np

import blender_addon
from blender_addon.body.bones import body_bones
from blender_addon.body.exporting import export_clip, whole_clip
from blender_addon.body.importing import import_clip
from blender_addon.body.skeleton import build_skeleton
from bridge import rotations
from bridge.clip import Clip
from bridge.clip_file import load_clip, save_clip

RUNS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1900)
    frames = parser.parse_args().frames
    blender_addon.register()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = 30
    rig = build_skeleton(bpy.context)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.npz"
        clip = made_up(frames)
        save_clip(path, clip)
        times: dict[str, list[float]] = {"read": [], "import": [], "export": [], "write": []}
        for _ in range(RUNS):
            _measure(times["read"], lambda: load_clip(path))
            _measure(times["import"], lambda: import_clip(scene, body_bones(rig), load_clip(path), "clip"))
            _measure(times["export"], lambda: export_clip(scene, body_bones(rig), whole_clip(scene, rig)))
            again = export_clip(scene, body_bones(rig), whole_clip(scene, rig))
            _measure(times["write"], lambda: save_clip(path, again))  # noqa: B023 - called at once
        again = load_clip(path)
    print(f"Blender {bpy.app.version_string}, {frames} frames x {clip.poses.shape[1]} bones, median of {RUNS}")
    for name, seconds in times.items():
        print(f"{name:8} {median(seconds):7.3f} s")
    turn = rotations.angle_between(rotations.from_axis_angle(again.poses), rotations.from_axis_angle(clip.poses))
    print(f"after {RUNS} round trips: {np.degrees(turn.max()):.6f} degrees, "
          f"{1000 * np.abs(again.trans - clip.trans).max():.6f} mm at worst")  # fmt: skip
    sys.stdout.flush()
    os._exit(0)  # some builds wait on their way out


def made_up(frames: int) -> Clip:
    """Return a clip in which every joint swings slowly and the face never rests."""
    random = np.random.default_rng(0)
    seconds = np.arange(frames)[:, None, None] / 30.0
    speeds, phases = random.uniform(0.3, 1.2, (55, 1)), random.uniform(0.0, 6.0, (55, 1))
    poses = random.normal(0.0, 0.35, (55, 3)) * np.sin(2 * np.pi * speeds * seconds + phases)
    trans = np.concatenate([0.3 * seconds[:, 0], np.full((frames, 1), 1.29), np.sin(seconds[:, 0])], axis=1)
    return Clip(poses, trans, 30.0, random.normal(0.0, 1.0, (frames, 100)))


def _measure(times: list[float], call: Callable[[], object]) -> None:
    start = time.perf_counter()
    call()
    times.append(time.perf_counter() - start)


if __name__ == "__main__":
    main()
