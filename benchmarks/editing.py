"""How fast a take of thirty seconds follows a slider, and how many of its keys it needs.

    <a Python with bpy> benchmarks/editing.py

Each slider is moved a dozen times; what counts is from setting the property to written curves. Times are of the
processor, so that other work on the machine does not count, and medians.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import bpy
import numpy as np

import blender_addon
from blender_addon.rig.parts import RigParts, rig_parts
from blender_addon.takes.editing import reduce_take, take_quality
from blender_addon.takes.record import TakeDetails
from blender_addon.takes.reduction import Bound
from blender_addon.takes.rig_tools import face_tools
from blender_addon.takes.take import fill_take, new_take, rebake
from bridge.motion_file import load_motion

SECONDS = 30
SLIDERS = {
    "lips.gain": (1.1, 1.3),
    "lips.offset_ms": (20.0, 60.0),
    "lips.smoothing_ms": (40.0, 80.0),
    "jaw.gain": (1.1, 1.3),
    "lids.gain": (0.5, 1.5),
    "head.gain": (0.5, 1.5),
    "blink_strength": (0.5, 0.9),
    "snap_lips_mm": (1.5, 2.0),
    "neck_share": (0.5, 1.0),
    "eye_darts_deg": (3.0, 5.0),
}


def main() -> None:
    """Measure and print."""
    blender_addon.register()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.artalk.create_head()
    parts = rig_parts(bpy.context.scene.artalk.rig)
    speech = load_motion(ROOT / "tests/golden/speech_motion.npz").motion
    motion = np.tile(speech, (SECONDS * 25 // len(speech) + 1, 1))[: SECONDS * 25]
    take, _ = new_take(parts, 1, (1, 250))
    fill_take(parts, take, TakeDetails(parts.rig_id, parts.kind, 1), motion)
    print(f"Blender {bpy.app.version_string}, {SECONDS} s of speech")
    print(f"what editing needs of the head, once: {_ms(lambda: face_tools(parts)):.0f} ms")
    _print_sliders(parts, take)
    _print_reduction(parts, take)
    print(f"quality report: {_ms(lambda: take_quality(take)):.0f} ms")
    blender_addon.unregister()


def _print_sliders(parts: RigParts, take: bpy.types.Action) -> None:
    for slider, values in SLIDERS.items():
        group, _, field = slider.rpartition(".")
        owner = getattr(take.artalk_editing, group) if group else take.artalk_editing
        rebake(parts, take, {})
        print(f"{slider}: {_moved(owner, field, values):.0f} ms")
    print(f"lips.gain with all of them moved: {_moved_together(take):.0f} ms")
    rebake(parts, take, {})


def _moved_together(take: bpy.types.Action) -> float:
    for slider, values in SLIDERS.items():
        group, _, field = slider.rpartition(".")
        setattr(getattr(take.artalk_editing, group) if group else take.artalk_editing, field, values[1])
    return _moved(take.artalk_editing.lips, "gain", (1.1, 1.2))


def _moved(owner: bpy.types.PropertyGroup, field: str, values: tuple[float, float]) -> float:
    """Return the median milliseconds that a slider takes to move to and fro."""
    return median(_ms(lambda value=value: setattr(owner, field, value)) for value in values * 6)


def _print_reduction(parts: RigParts, take: bpy.types.Action) -> None:
    for bound_mm in (0.1, 0.3, 0.5):
        start = time.process_time()
        found = reduce_take(parts, take, Bound.of(bound_mm))
        spent = time.process_time() - start
        print(
            f"keys within {bound_mm} mm: {found.after} of {found.before} ({100 * found.after / found.before:.1f} %), "
            f"95 of 100 vertices {found.p95_mm:.2f} mm, lips {found.lips_p95_mm:.2f}, worst {found.worst_mm:.2f}, "
            f"in {spent:.1f} s"
        )


def _ms(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return 1000.0 * (time.process_time() - start)


if __name__ == "__main__":
    main()
