# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: which Python runs the engine, and on what; ``panels/preferences.py`` draws them."""

from __future__ import annotations

import functools
import os
import time
from pathlib import Path

import bpy

from . import released, voices
from .engine_process import engine
from .errors import EngineMissingError
from .setup.places import environments_folder, installed
from .setup.torch_builds import BUILDS

PYTHON_VARIABLE = "ARTALK_ENGINE_PYTHON"  # environment variable for scripts and render farms
_LOOK_S = 0.5  # between two looks for an environment that is newer than the one that is there
DEVICES = (
    ("auto", "Automatic", "A GPU if the engine finds one, otherwise the processor"),
    ("cpu", "Processor", "Compute on the processor"),
    ("cuda", "CUDA", "Compute on an NVIDIA GPU"),
    ("mps", "Metal", "Compute on an Apple GPU"),
)


PRECISIONS = (
    ("exact", "Exact", "The same motion on every machine"),
    ("fast", "Fast", "Compute in reduced precision where the device gains by it"),
)


TORCH_BUILDS = (
    ("AUTO", "Whichever Fits", "CUDA where there is an NVIDIA driver, Apple's on a Mac, otherwise the processor alone"),
    *((build.name.upper(), build.label, build.tip) for build in BUILDS.values()),
)


_found: tuple[float, Path, Path | None] = (0.0, Path(), None)  # when an environment was looked for, where, its Python


def _forget_voice(_: bpy.types.AddonPreferences, __: bpy.types.Context) -> None:
    """What the engine said about the voice before does not hold for another one."""
    engine.description = None


def _forget_text_voices(_: bpy.types.AddonPreferences, __: bpy.types.Context) -> None:
    voices.forget()


def _forget_models(_: bpy.types.AddonPreferences, __: bpy.types.Context) -> None:
    released.forget()


class Settings:
    """Settings that belong to the user rather than to a file; a mix-in for the class that draws them."""

    engine_python: bpy.props.StringProperty(
        name="Engine Python",
        description="The Python of an environment of your own with the engine's packages; empty means the one that "
        "Install Engine makes",
        subtype="FILE_PATH",
    )
    base_python: bpy.props.StringProperty(
        name="Build On",
        description="The Python that the engine's environment is built on; empty means the best that is found",
        subtype="FILE_PATH",
    )
    torch_build: bpy.props.EnumProperty(
        name="PyTorch", description="The build of PyTorch to install", items=TORCH_BUILDS
    )
    wheels_folder: bpy.props.StringProperty(
        name="Folder of Wheels",
        description="Folder with the wheels of all the engine's packages, to install without a network; empty means "
        "from the network",
        subtype="DIR_PATH",
    )
    models_folder: bpy.props.StringProperty(
        name="Models Folder",
        description="Where released models are kept; empty means the usual folder for your data",
        subtype="DIR_PATH",
        update=_forget_models,
    )
    model_mirrors: bpy.props.StringProperty(
        name="Mirrors",
        description="Servers to download models from instead of the authors' own, with spaces between them",
    )
    voice_folder: bpy.props.StringProperty(
        name="Voice Folder",
        description="Folder of a voice of your own, such as the released weights; empty means the built-in voice",
        subtype="DIR_PATH",
        update=_forget_voice,
    )
    text_voices: bpy.props.StringProperty(
        name="Voices for Text",
        description="Folder of Piper voices (.onnx with .onnx.json) that speak texts; empty means the usual one",
        subtype="DIR_PATH",
        update=_forget_text_voices,
    )
    precision: bpy.props.EnumProperty(name="Precision", description="How exactly to compute", items=PRECISIONS)
    preview_memory: bpy.props.IntProperty(
        name="Preview Memory (MB)",
        description="Room for pictures that the preview keeps; half a minute of full pictures takes 600",
        default=512,
        min=64,
        max=16384,
    )
    idle_stop: bpy.props.IntProperty(
        name="Stop When Idle (Minutes)",
        description="Time without work after which the engine ends and frees its memory; 0 keeps it until Blender "
        "closes",
        default=30,
        min=0,
        soft_max=240,
    )
    device: bpy.props.EnumProperty(name="Device", description="What the engine computes on", items=DEVICES)


def preferences(context: bpy.types.Context) -> Settings | None:
    """Return the add-on's preferences; there are none where it is imported without being enabled."""
    addon = context.preferences.addons.get(__package__)
    return addon.preferences if addon is not None else None


def engine_python(context: bpy.types.Context) -> Path:
    """Return the Python that runs the engine.

    That is the one of the preferences, or else of the environment variable
    ``ARTALK_ENGINE_PYTHON``, or else of the environment that was installed.

    Raises:
        EngineMissingError: if none of them names a file.
    """
    settings = preferences(context)
    chosen = bpy.path.abspath(settings.engine_python) if settings is not None else ""
    named = chosen or os.environ.get(PYTHON_VARIABLE, "")
    path = _absolute(named) if named else _installed_python()
    if path is None:
        raise EngineMissingError("The engine is not installed.")
    if not path.is_file():
        raise EngineMissingError(f"There is no Python at {named or path}.")
    return path


@functools.lru_cache(8)  # a path that was asked for before is quicker to ask
def _absolute(path: str) -> Path:
    return Path(path).absolute()  # not resolved: a virtual environment's Python is a link


def _installed_python() -> Path | None:
    """Return the Python of the environment that was installed, if there is one.

    A newer one is looked for twice a second; one that is gone is missed at once.
    """
    global _found
    looked_s, folder, path = _found
    if time.monotonic() - looked_s > _LOOK_S or folder != environments_folder() or path is None or not path.is_file():
        environment = installed()
        path = environment.python.absolute() if environment is not None else None
        _found = time.monotonic(), environments_folder(), path
    return path


def engine_device(context: bpy.types.Context) -> str:
    """Return what the engine shall compute on."""
    settings = preferences(context)
    return str(settings.device) if settings is not None else "auto"


def voice_folder(context: bpy.types.Context) -> str:
    """Return the folder of the voice in use, ``""`` for the built-in one."""
    settings = preferences(context)
    folder = settings.voice_folder if settings is not None else ""
    return str(Path(bpy.path.abspath(folder)).absolute()) if folder else ""


def text_voices_folder(context: bpy.types.Context) -> str:
    """Return the folder of voices that speak texts, ``""`` for the engine's usual one."""
    settings = preferences(context)
    folder = settings.text_voices if settings is not None else ""
    return str(Path(bpy.path.abspath(folder)).absolute()) if folder else ""


def engine_precision(context: bpy.types.Context) -> str:
    """Return how exactly the engine shall compute."""
    settings = preferences(context)
    return str(settings.precision) if settings is not None else "exact"


def idle_stop_s(context: bpy.types.Context) -> float:
    """Return after how many seconds without work the engine ends, 0 for never."""
    settings = preferences(context)
    return 60.0 * int(settings.idle_stop) if settings is not None else 0.0


def preview_memory_bytes(context: bpy.types.Context) -> int:
    """Return how much room the preview's pictures may take."""
    settings = preferences(context)
    return (int(settings.preview_memory) if settings is not None else 512) << 20


def models_folder(context: bpy.types.Context) -> str:
    """Return the folder of released models, ``""`` for the usual one."""
    settings = preferences(context)
    folder = settings.models_folder if settings is not None else ""
    return str(Path(bpy.path.abspath(folder)).absolute()) if folder else ""
