"""A Blender with the add-on switched on, a head, and engines to let it speak."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="needs a Python with Blender")

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = Path(__file__).parent / "stand_in" / "service.py"

import blender_addon
from blender_addon import engine_process, jobs, notices
from blender_addon.paths import builtin_head_file
from blender_addon.rig.parts import RigParts, rig_parts


@pytest.fixture(scope="session", autouse=True)
def addon() -> Iterator[None]:
    blender_addon.register()
    yield
    blender_addon.unregister()


@pytest.fixture(autouse=True)
def scene() -> Iterator[object]:
    """An empty file. The real engine stays warm from test to test, unless a test leaves it at work."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    notices.dismiss()
    yield bpy.context.scene
    if jobs.current() is not None:
        jobs.stop_all()


@pytest.fixture
def head(scene: object) -> RigParts:
    bpy.ops.artalk.create_head()
    return rig_parts(bpy.context.scene.artalk.rig)


@pytest.fixture
def flame_file(tmp_path):
    """A head of random directions in FLAME's bare format: no regions, no names, strong correctives."""
    random = np.random.default_rng(3)
    with np.load(builtin_head_file()) as archive:
        arrays = {name: archive[name] for name in ("v_template", "f", "J_regressor", "weights")}
    arrays["shapedirs"] = random.normal(0, 0.001, (5023, 3, 400)).astype(np.float32)
    arrays["posedirs"] = random.normal(0, 0.002, (5023, 3, 36)).astype(np.float32)
    arrays["J_regressor"] = random.dirichlet(np.ones(40), 5) @ np.eye(5023)[random.choice(5023, 40)]
    path = tmp_path / "flame.npz"
    np.savez(path, **arrays)
    return path


@pytest.fixture
def override_of(tmp_path: Path) -> Callable[[RigParts], object]:
    """Move a head into a library and bring it back, in an empty file, as a library override."""

    def make(parts: RigParts) -> object:
        path, name = str(tmp_path / "library.blend"), parts.rig.name
        collection = bpy.data.collections.new("character")
        for thing in (parts.rig, parts.surface):
            collection.objects.link(thing)
        bpy.data.libraries.write(path, {collection})
        bpy.ops.wm.read_factory_settings(use_empty=True)
        with bpy.data.libraries.load(path, link=True) as (_, wanted):
            wanted.collections = ["character"]
        context = bpy.context
        made = wanted.collections[0].override_hierarchy_create(
            context.scene, context.view_layer, do_fully_editable=True
        )
        return made.objects[name]

    return make


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Let the add-on find the stand-in engine; returns the Python that runs it."""
    root = tmp_path / "engine"
    shutil.copytree(ROOT / "bridge", root / "bridge")
    (root / "artalk_engine").mkdir()
    (root / "artalk_engine" / "__init__.py").touch()
    shutil.copy(STAND_IN, root / "artalk_engine" / "service.py")
    monkeypatch.setattr(engine_process, "engine_root", lambda: root)
    monkeypatch.setattr(engine_process, "engine_log_file", lambda: tmp_path / "engine.log")
    monkeypatch.setenv("ARTALK_ENGINE_PYTHON", sys.executable)
    jobs.stop_all()
    yield Path(sys.executable)
    jobs.stop_all()


@pytest.fixture
def ask(stand_in: Path, head: RigParts, sound_file: Callable[..., Path]) -> Callable[[str], None]:
    """Choose a sound whose name tells the stand-in engine what to do."""

    def choose(how: str = "sound") -> None:
        bpy.context.scene.artalk.sound = str(sound_file(3.2, name=f"{how}.wav"))

    return choose


@pytest.fixture
def motion() -> np.ndarray:
    """Two seconds of everything a motion can do, more than any voice does. ``[50, 106]``"""
    random = np.random.default_rng(7)
    values = random.normal(0.0, 0.6, (50, 106)).astype(np.float32)
    values[:, 103:] *= 0.3
    return values


def wait_for(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Do what Blender's timer does until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        jobs.tick()
        time.sleep(0.005)
