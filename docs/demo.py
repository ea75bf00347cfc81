"""The demo's part inside Blender: install the extension, let the built-in head speak, light it and render it.

Run by ``build_addon.py demo`` with the Python of an environment that has ``bpy``. It works as a user would: the zip
goes through Blender's own extension operator, and everything else through the add-on's operators. Pictures become a
film, and numbers a contact sheet, in the engine's environment (``demo_engine.py``).

Everything is written into ``--out``, with a ``report.json`` that lists the files and the time that each stage took.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import numpy as np

PACKAGE = "bl_ext.user_default.artalk"
FPS = 25  # the motion's own rate, so that every picture shows one of its frames
COMPARE_EVERY = 10  # frames
ALLOWED_ERROR_MM = 0.05


@dataclass
class Report:
    """What was made and how long it took.

    Attributes:
        files: name and description of each file.
        stages: name and seconds of each stage.
    """

    files: list[tuple[str, str]] = field(default_factory=list)
    stages: list[tuple[str, float]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage and say that it begins."""
        self.say(name)
        began = time.monotonic()
        yield
        self.stages.append((name, time.monotonic() - began))

    def say(self, text: str) -> None:
        """Report progress."""
        sys.stderr.write(f"{time.monotonic() - self.started:6.1f} s  {text}\n")
        sys.stderr.flush()


class DemoError(Exception):
    """The demo cannot go on; the message is for the user."""


def main() -> int:
    """Make everything; the exit status is 1 if something failed."""
    options = _parse()
    report = Report()
    try:
        _make(options, report)
    except (DemoError, RuntimeError) as exc:  # operators raise RuntimeError with what they report
        sys.stderr.write(f"error: {str(exc).strip().removeprefix('Error: ')}\n")
        return 1
    contents = {"files": report.files, "stages": report.stages}
    (options.out / "report.json").write_text(json.dumps(contents), encoding="utf-8")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zip", type=Path, required=True, help="the extension")
    parser.add_argument("--engine", type=Path, required=True, help="Python of the engine's environment")
    parser.add_argument("--audio", type=Path, required=True, help="speech")
    parser.add_argument("--style", required=True, help="speaking style")
    parser.add_argument("--out", type=Path, required=True, help="an existing folder")
    return parser.parse_args()


def _make(options: argparse.Namespace, report: Report) -> None:
    out, scene = options.out, _empty_scene()
    with report.stage("install the extension"):
        addon = _install(options.zip, options.engine)
    with report.stage("create the head"):
        bpy.ops.artalk.create_head()
        rig = scene.artalk.rig
    with report.stage("generate the take"):
        motion = _generate(scene, options)
        _save_motion(addon, out / "motion.npz", motion, rig, options)
        report.files.append(("motion.npz", f"{len(motion)} frames of FLAME parameters at {FPS} a second"))
    engine = Engine(options.engine, addon("paths").engine_root())
    with report.stage("compare with FLAME"):
        engine.run("measure", out / "motion.npz", out / "measured.npz", "--every", COMPARE_EVERY)
        with np.load(out / "measured.npz") as measured:
            frames = [1.0 + int(frame) for frame in measured["frames"]]
            error_mm = addon("rig.fidelity").worst_vertex_error_mm(rig, scene, frames, measured["vertices"])
            best = _best_frame(measured["mouth_mm"], measured["eyes_mm"])
        report.say(f"Blender's head is at most {error_mm:.5f} mm from FLAME's, on every {COMPARE_EVERY}th frame")
        if error_mm > ALLOWED_ERROR_MM:
            raise DemoError(f"Blender's head is {error_mm:.3f} mm from FLAME's; {ALLOWED_ERROR_MM} mm are allowed")
    with report.stage("studio and .blend"):
        bpy.ops.artalk.set_up_studio()
        _save_blend(out / "talking_head.blend", scene)
        parts = "head, take, sound and studio" if bpy.data.sounds else "head, take and studio; this bpy has no sound"
        report.files.append(("talking_head.blend", f"{parts}; at most {error_mm:.5f} mm from FLAME"))
    with report.stage("still"):
        scene.frame_set(1 + best)
        _render(scene, out / "still.png")
        size = scene.render.resolution_x
        report.files.append(("still.png", f"frame {1 + best} in Cycles, {size} × {size}"))
    with report.stage("preview"):
        addon("studio").preview_settings(scene)
        pictures = _render_frames(scene, len(motion), out / "frames", report)
    with report.stage("film and contact sheet"):
        results = (out / "preview.mp4", out / "preview.webp", out / "contact_sheet.png")
        engine.run("film", pictures, out / "measured.npz", options.audio, *results)
        report.files.append(("preview.mp4", f"{len(motion) / FPS:.2f} s with sound"))
        report.files.append(("preview.webp", "the same without sound, for a web page"))
        report.files.append(("contact_sheet.png", "pictures over the clip, with the openings of mouth and eyes"))


def _empty_scene() -> bpy.types.Scene:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = FPS, 1.0
    return scene


def _install(archive: Path, engine: Path) -> Callable[[str], ModuleType]:
    """Install and enable the extension.

    Returns:
        A function that imports one of its modules by name.
    """
    os.environ["ARTALK_ENGINE_PYTHON"] = str(engine)  # where the user would fill in the preference
    bpy.ops.extensions.package_install_files(filepath=str(archive), repo="user_default", enable_on_install=True)
    if PACKAGE not in bpy.context.preferences.addons:
        raise DemoError("Blender did not enable the extension; its messages are above")
    return lambda name: importlib.import_module(f"{PACKAGE}.{name}")


def _generate(scene: bpy.types.Scene, options: argparse.Namespace) -> Any:
    settings = scene.artalk
    settings.sound, settings.style = str(options.audio), options.style
    bpy.ops.artalk.generate()
    record = importlib.import_module(f"{PACKAGE}.takes.record")
    take = settings.rig.animation_data.action
    motion = record.take_motion(take)
    scene.frame_end = len(motion)
    return motion


def _save_motion(
    addon: Callable[[str], ModuleType], path: Path, motion: Any, rig: bpy.types.Object, options: argparse.Namespace
) -> None:
    details = addon("takes.record").take_details(rig.animation_data.action)
    files = addon("bridge.motion_file")
    contents = files.MotionFile(
        motion, details.rig_kind, options.audio.name, details.engine_version, details.speech.style
    )
    files.save_motion(path, contents)


def _best_frame(mouth_mm: Any, eyes_mm: Any) -> int:
    """Choose the frame with the widest mouth among those with open eyes."""
    eyes_are_open = eyes_mm >= 0.9 * np.median(eyes_mm)
    return int(np.argmax(np.where(eyes_are_open, mouth_mm, -1.0)))


def _save_blend(path: Path, scene: bpy.types.Scene) -> None:
    """Save a file that needs no other file."""
    for sound in bpy.data.sounds:
        sound.pack()
        sound.filepath = f"//{Path(sound.filepath).name}"
    for area in (area for screen in bpy.data.screens for area in screen.areas if area.type == "VIEW_3D"):
        area.spaces.active.region_3d.view_perspective = "CAMERA"
        area.spaces.active.shading.type = "MATERIAL"
    scene.frame_set(scene.frame_start)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True, check_existing=False)


def _render(scene: bpy.types.Scene, path: Path) -> None:
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def _render_frames(scene: bpy.types.Scene, count: int, folder: Path, report: Report) -> Path:
    folder.mkdir()
    said = time.monotonic()
    for number in range(count):
        scene.frame_set(1 + number)
        _render(scene, folder / f"{number:06d}.png")
        if time.monotonic() - said > 5:
            said = time.monotonic()
            report.say(f"preview: {number + 1} of {count} pictures")
    return folder


@dataclass(frozen=True)
class Engine:
    """The engine's environment, for what Blender's Python has no packages for.

    Attributes:
        python: of that environment.
        root: folder that holds ``artalk_engine`` and ``bridge``: the installed extension's own.
    """

    python: Path
    root: Path

    def run(self, command: str, *arguments: object) -> None:
        """Run a command of ``demo_engine.py``.

        Raises:
            DemoError: if it fails.
        """
        script = Path(__file__).with_name("demo_engine.py")
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        answer = subprocess.run(
            [str(self.python), str(script), command, *map(str, arguments)], env=environment, check=False
        )
        if answer.returncode:
            raise DemoError(f"{command} failed with status {answer.returncode}; its messages are above")


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # Blender as a module may wait for ever for its sound device on the way out
