"""Render the pictures of the built-in head in ``docs/pictures``, with a Python that has ``bpy`` 4.2 or later.

    python docs/head_pictures.py [neutral visemes expressions] [--size PIXELS] [--samples COUNT]

The visemes are, in reading order: a (father), ee, oo, o, p/b/m, f/v, th, s/z, sh.
The expressions: happy, sad, angry, surprised, and eyes closed.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import blender_addon  # noqa: E402, once the path is known
from blender_addon.rig.parts import RigParts, rig_parts  # noqa: E402
from blender_addon.studio import set_up_studio  # noqa: E402

FOLDER = ROOT / "docs" / "pictures"
JPEG_QUALITY = 88
CLOSE_UP, CLOSE_SHIFT = 1.65, -0.22  # longer lens, and how far the picture's middle moves down to the mouth


@dataclass(frozen=True)
class Pose:
    """Amounts of expression units by name, and the jaw's opening in radians."""

    units: dict[str, float]
    jaw: float = 0.0


@dataclass(frozen=True)
class Sheet:
    """Poses, each seen from every direction (degrees that the head is turned by), in rows of pictures."""

    poses: tuple[Pose, ...]
    columns: int
    turns: tuple[float, ...] = (0.0, -40.0)
    is_close: bool = False


def both(amount: float, *names: str) -> dict[str, float]:
    """Return the left and the right unit of each name at the same amount."""
    return {f"{name}_{side}": amount for name in names for side in "lr"}


VISEMES = (
    Pose({}, 0.30),
    Pose({"stretch": 1.0, **both(0.25, "smile"), "lower_lip_depress": 0.5, "upper_lip_raise": 0.5}, 0.05),
    Pose({"pucker": 1.1}, 0.085),
    Pose({"pucker": 0.55, "funnel": 0.25}, 0.20),
    Pose({"lip_press": 0.9, "lip_close": 0.33}, 0.02),
    Pose({"roll_in_lower": 1.0, "upper_lip_raise": 1.0}),
    Pose({"tongue_out": 1.0, "lower_lip_depress": 0.3, "upper_lip_raise": 0.3}, 0.10),
    Pose({"stretch": 0.6, "lower_lip_depress": 0.7, "upper_lip_raise": 0.5}, 0.015),
    Pose({"funnel": 1.1, "lower_lip_depress": 0.25}, 0.03),
)
EXPRESSIONS = (
    Pose(
        {
            **both(1.2, "smile"), **both(0.5, "squint"), **both(0.3, "brow_outer_raise"),
            "cheek_raise": 0.8, "upper_lip_raise": 0.5, "lower_lip_depress": 0.4,
        },
        0.04,
    ),
    Pose(
        {
            **both(1.1, "frown"), **both(-0.5, "brow_outer_raise"), **both(0.3, "squint"), **both(0.25, "blink"),
            "brow_inner_raise": 1.4, "chin_raise": 0.7,
        }
    ),
    Pose(
        {
            **both(1.3, "brow_lower"), **both(0.7, "squint"), **both(0.6, "frown"),
            "nose_wrinkle": 0.9, "lip_press": 0.8,
        }
    ),
    Pose({**both(1.3, "brow_outer_raise"), **both(1.0, "wide"), "brow_inner_raise": 1.3, "pucker": 0.25}, 0.2),
    Pose(both(1.0, "blink")),
)  # fmt: skip
SHEETS = {
    "neutral": Sheet((Pose({}),), columns=2),
    "visemes": Sheet(VISEMES, columns=3, turns=(-20.0,), is_close=True),
    "expressions": Sheet(EXPRESSIONS, columns=5, turns=(-15.0,)),
}


def main() -> None:
    """Render the wanted sheets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheets", nargs="*", help=f"any of: {' '.join(SHEETS)}; all unless named")
    parser.add_argument("--size", type=int, default=360, help="width and height of one picture")
    parser.add_argument("--samples", type=int, default=16)
    options = parser.parse_args()
    unknown = set(options.sheets) - set(SHEETS)
    if unknown:
        parser.error(f"no such sheet: {', '.join(sorted(unknown))}")
    FOLDER.mkdir(exist_ok=True)
    for name in options.sheets or SHEETS:
        render_sheet(SHEETS[name], options.size, options.samples, FOLDER / f"head_{name}.jpg")


def render_sheet(sheet: Sheet, size: int, samples: int, path: Path) -> None:
    """Render one sheet of pictures from a head of its own."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    bpy.ops.artalk.create_head()
    head = rig_parts(scene.artalk.rig)
    set_up_studio(scene, head.rig)
    scene.cycles.samples = samples
    scene.render.resolution_x = scene.render.resolution_y = size
    if sheet.is_close:
        scene.camera.data.lens *= CLOSE_UP
        scene.camera.data.shift_y = CLOSE_SHIFT
    pictures = []
    for pose in sheet.poses:
        take_pose(head, pose)
        for turn in sheet.turns:
            head.rig.rotation_euler.z = math.radians(turn)
            pictures.append(rendered(scene))
    save_sheet(pictures, sheet.columns, path)


def take_pose(head: RigParts, pose: Pose) -> None:
    """Set the shape keys of a pose, all others to zero, and the jaw."""
    for key in head.expression_keys:
        head.keys.key_blocks[key].value = 0.0
    for name, amount in pose.units.items():
        head.keys.key_blocks[name].value = amount
    half = pose.jaw / 2
    head.rig.pose.bones["jaw"].rotation_quaternion = (math.cos(half), math.sin(half), 0.0, 0.0)


def rendered(scene: bpy.types.Scene) -> np.ndarray:
    """Render the scene and return display colours ``[H, W, 4]``, bottom row first."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(str(path))
        pixels = np.array(image.pixels[:], dtype=np.float32).reshape(image.size[1], image.size[0], 4)
        bpy.data.images.remove(image)
    return pixels


def save_sheet(pictures: list[np.ndarray], columns: int, path: Path) -> None:
    """Write pictures of one size side by side, left to right and top to bottom."""
    rows = [np.concatenate(pictures[k : k + columns], axis=1) for k in range(0, len(pictures), columns)]
    sheet = np.concatenate(rows[::-1], axis=0)
    image = bpy.data.images.new("sheet", sheet.shape[1], sheet.shape[0])
    image.pixels.foreach_set(sheet.ravel())
    image.file_format = "JPEG"
    image.save(filepath=str(path), quality=JPEG_QUALITY)


if __name__ == "__main__":
    blender_addon.register()
    main()
