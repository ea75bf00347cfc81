"""Let the built-in head and a plain body talk together, and render a contact sheet of it.

    ARTALK_ENGINE_PYTHON=… <a Python with bpy> docs/body_demo.py [--out FOLDER] [--size 300] [--samples 24]

Nothing recorded is used: the voice is the shipped one, and the gestures are made here by rule, with strokes where the
sound is loud. The clip goes through a BEAT2 file and the add-on's own operators. The picture becomes
``docs/pictures/body_talking.png``; the clip with the take's face is written beside it if ``--out`` names a folder.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import wave
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import blender_addon  # noqa: E402
from bridge.body import JOINTS  # noqa: E402
from bridge.clip import Clip  # noqa: E402
from bridge.clip_file import save_clip  # noqa: E402
from bridge.rotations import from_axis_angle, multiply, to_axis_angle  # noqa: E402

Floats = NDArray[np.float64]

SPEECH = ROOT / "assets" / "demo" / "speech.wav"
PICTURE = ROOT / "docs" / "pictures" / "body_talking.png"
FPS = 30
STANDING = 1.29  # metres of ``trans`` with which the soles touch the floor
SHOTS = 6
COLUMNS = 3

# Degrees of an arm: raised forward, out from the body, bent at the elbow, turned inward, palm turned up.
RELAXED = np.array([6.0, 14.0, 38.0, 22.0, 0.0])
STROKES = np.array(
    [
        [30.0, 20.0, 82.0, 24.0, 50.0],
        [18.0, 26.0, 100.0, 6.0, 25.0],
        [42.0, 16.0, 62.0, 30.0, 65.0],
    ]
)
STROKE_S, LEAST_GAP_S = 0.75, 0.9  # of one stroke; between two


def main() -> None:
    """Make everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="a folder for the clips and the .blend")
    parser.add_argument("--size", type=int, default=340, help="width of one picture")
    parser.add_argument("--samples", type=int, default=24)
    options = parser.parse_args()
    blender_addon.register()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = FPS
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.out or Path(scratch)
        clip = gestures(*read_sound(SPEECH))
        set_up(scene, clip, folder)
        light(scene)
        frames = shots(clip)
        sheet([shoot(scene, frame, options, Path(scratch)) for frame in frames], PICTURE)
        if options.out:
            bpy.ops.wm.save_as_mainfile(filepath=str(folder / "body_talking.blend"), compress=True)
    blender_addon.unregister()


def set_up(scene: bpy.types.Scene, clip: Clip, folder: Path) -> None:
    """Head, voice, body and clip, by the operators that a user has."""
    bpy.ops.artalk.create_head()
    scene.artalk.sound = str(SPEECH)
    bpy.ops.artalk.generate()
    bpy.ops.artalk.add_body()
    save_clip(folder / "gestures.npz", clip)
    bpy.ops.artalk.import_clip(filepath=str(folder / "gestures.npz"))
    bpy.ops.artalk.attach_head()
    scene.artalk_body.head_turn = "BOTH"
    bpy.ops.artalk.export_clip(filepath=str(folder / "face_and_body.npz"), has_face=True)


def read_sound(path: Path) -> tuple[Floats, int]:
    """Return a 16-bit WAV's samples and their rate."""
    with wave.open(str(path), "rb") as source:
        samples = np.frombuffer(source.readframes(source.getnframes()), "<i2").astype(np.float64)
        return samples.reshape(-1, source.getnchannels()).mean(axis=1), source.getframerate()


def gestures(samples: Floats, rate_hz: int) -> Clip:
    """Make gestures by rule: a stroke of an arm or both where the sound is loud, and a body that never quite rests."""
    frames = int(len(samples) / rate_hz * FPS)
    seconds = np.arange(frames) / FPS
    poses = {joint: np.zeros((frames, 3)) for joint in JOINTS}
    sway, breath = np.sin(2 * np.pi * 0.21 * seconds), np.sin(2 * np.pi * 0.27 * seconds)
    poses["pelvis"][:, 1], poses["pelvis"][:, 2] = np.radians(4.0) * sway, np.radians(1.0) * sway
    for joint, share in (("spine1", 0.7), ("spine2", 1.0), ("spine3", 1.0)):
        poses[joint][:, 0] = np.radians(1.2 + 0.8 * breath)
        poses[joint][:, 1] = np.radians(2.0) * share * np.sin(2 * np.pi * 0.17 * seconds + 1.0)
    poses["head"][:, 1] = np.radians(6.0) * np.sin(2 * np.pi * 0.19 * seconds + 2.0)
    peaks = accents(samples, rate_hz)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        arm = np.tile(RELAXED, (frames, 1))
        arm[:, 1] += 1.5 * breath
        for number, peak in enumerate(peaks):
            if number % 3 != (0 if side == "left" else 1):  # left, right, both
                arm += envelope(seconds - peak)[:, None] * (STROKES[number % len(STROKES)] - RELAXED)
        pose_arm(poses, side, sign, np.radians(arm))
    for side, sign in (("left", 1.0), ("right", -1.0)):  # feet stay where they are while the hips turn
        poses[f"{side}_hip"] = -0.8 * poses["pelvis"] + np.radians([0.0, 6.0 * sign, 2.0 * sign])
    trans = np.stack([0.012 * sway, np.full(frames, STANDING), np.zeros(frames)], axis=1)
    return Clip(np.stack([poses[joint] for joint in JOINTS], axis=1), trans, float(FPS))


def accents(samples: Floats, rate_hz: int) -> list[float]:
    """Return the seconds at which the sound is loudest, some way apart."""
    hop = rate_hz // 50
    blocks = samples[: len(samples) // hop * hop].reshape(-1, hop)
    loudness = np.convolve(np.sqrt((blocks**2).mean(axis=1)), np.hanning(15) / 7.0, mode="same")
    chosen: list[float] = []
    for block in np.argsort(-loudness):
        second = block / 50
        if loudness[block] > 0.35 * loudness.max() and all(abs(second - other) > LEAST_GAP_S for other in chosen):
            chosen.append(float(second))
    return sorted(chosen)


def envelope(seconds: Floats) -> Floats:
    """Rise smoothly to one at zero, hold a moment, and fall back slowly; times in seconds."""
    rise = np.clip((seconds + 0.4) / 0.4, 0.0, 1.0)
    fall = np.clip(1.0 - (seconds - 0.25) / STROKE_S, 0.0, 1.0)
    share = np.minimum(rise, fall)
    return np.asarray(share**3 * (10 - 15 * share + 6 * share**2))


def pose_arm(poses: dict[str, Floats], side: str, sign: float, arm: Floats) -> None:
    """Turn an arm that rests straight out to where five angles ``[T, 5]`` in radians put it."""
    forward, outward, bend, inward, palm = arm.T

    def turn(x: Floats | float = 0.0, y: Floats | float = 0.0, z: Floats | float = 0.0) -> Floats:
        return from_axis_angle(np.stack(np.broadcast_arrays(x, y, z, forward)[:3], axis=1).astype(np.float64))

    down = turn(z=-sign * (np.pi / 2 - outward))
    poses[f"{side}_shoulder"] = to_axis_angle(multiply(turn(x=-forward), multiply(down, turn(x=inward))))
    poses[f"{side}_collar"][:, 2] = sign * 0.12 * forward
    poses[f"{side}_elbow"] = to_axis_angle(multiply(turn(y=-sign * bend), turn(x=-palm)))
    poses[f"{side}_wrist"][:, 2] = sign * (0.25 * palm - 0.1)
    for finger, curl in (("index", 0.22), ("middle", 0.30), ("ring", 0.36), ("pinky", 0.40)):
        for segment in (1, 2, 3):
            poses[f"{side}_{finger}{segment}"][:, 2] = -sign * curl * (1.0 - 0.5 * palm)
    poses[f"{side}_thumb1"][:, 1] = sign * 0.25


def light(scene: bpy.types.Scene) -> None:
    """Three soft lights, a floor-to-wall backdrop of the world's colour, and a camera on head and hands."""
    scene.render.engine = "CYCLES"
    world = scene.world = bpy.data.worlds.new("Backdrop")
    if bpy.app.version < (5, 0, 0):  # later versions always have nodes
        world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.30, 0.34, 0.38, 1.0)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.55
    for place, size, watts, colour in (
        ((-1.6, -2.2, 2.4), 1.2, 95.0, (1.0, 0.94, 0.87)),
        ((2.2, -1.8, 1.4), 2.0, 35.0, (0.85, 0.92, 1.0)),
        ((1.2, 1.8, 2.4), 1.0, 80.0, (1.0, 0.95, 0.88)),
    ):
        lamp = bpy.data.lights.new("Lamp", "AREA")
        lamp.shape, lamp.size, lamp.energy, lamp.color = "DISK", size, watts, colour
        aim(scene, bpy.data.objects.new("Lamp", lamp), place, (0.0, 0.0, 1.25))
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.lens = 102.0
    aim(scene, camera, (0.75, -2.75, 1.46), (0.0, -0.05, 1.29))
    scene.camera = camera


def aim(scene: bpy.types.Scene, thing: bpy.types.Object, place: tuple[float, ...], target: tuple[float, ...]) -> None:
    """Put a camera or a light into the scene and point it somewhere."""
    scene.collection.objects.link(thing)
    thing.location = place
    thing.rotation_euler = (Vector(target) - Vector(place)).to_track_quat("-Z", "Y").to_euler()


def shots(clip: Clip) -> list[int]:
    """Return scene frames to show, evenly spread."""
    return [1 + round(share * (len(clip.poses) - 1)) for share in np.linspace(0.06, 0.94, SHOTS)]


def shoot(scene: bpy.types.Scene, frame: int, options: argparse.Namespace, folder: Path) -> Floats:
    """Render one frame and return its colours ``[H, W, 4]``, bottom row first."""
    scene.frame_set(frame)
    render = scene.render
    render.resolution_x, render.resolution_y = options.size, math.ceil(options.size * 1.2)
    render.filepath, render.image_settings.file_format = str(folder / f"{frame}.png"), "PNG"
    scene.cycles.samples, scene.cycles.use_denoising = options.samples, True
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(render.filepath)
    colours = np.array(image.pixels[:]).reshape(image.size[1], image.size[0], 4)
    bpy.data.images.remove(image)
    return colours


def sheet(pictures: list[Floats], path: Path) -> None:
    """Write pictures of one size side by side, from the left and from the top."""
    rows = [np.concatenate(pictures[k : k + COLUMNS], axis=1) for k in range(0, len(pictures), COLUMNS)]
    colours = np.concatenate(rows[::-1]).astype(np.float32)
    image = bpy.data.images.new("sheet", colours.shape[1], colours.shape[0])
    image.pixels.foreach_set(colours.ravel())
    image.file_format = "PNG"
    image.save(filepath=str(path))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Blender as a module may wait for ever for its sound device on the way out
