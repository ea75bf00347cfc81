"""What the tests of all packages share.

One test tree serves several environments: the engine's has PyTorch and no Blender, each Blender's has neither
PyTorch nor the other Blenders. Folders whose package cannot load are not collected at all.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import tempfile
import wave
from array import array
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

HAS_BLENDER = find_spec("bpy") is not None
HAS_ENGINE = find_spec("torch") is not None

if HAS_BLENDER:  # Blender reads this once, when it is first imported.
    os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="artalk-tests-")

EXIT_STATUS = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave without Blender's own end: as a module it may wait for ever for its sound device."""
    if HAS_BLENDER and EXIT_STATUS in config.stash:
        shutil.rmtree(os.environ["BLENDER_USER_RESOURCES"], ignore_errors=True)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[EXIT_STATUS])


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    folder = Path(__file__).parent
    if collection_path == folder / "artalk_engine" and not HAS_ENGINE:
        return True
    if collection_path == folder / "blender_addon" and not HAS_BLENDER:
        return True
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if (Path(__file__).parent / "blender_addon") in item.path.parents:
            item.add_marker(pytest.mark.blender)


@pytest.fixture
def sound_file(tmp_path: Path) -> Callable[..., Path]:
    """Make a sound file: a buzz that swells and fades four times a second, as syllables do."""

    def make(seconds: float = 1.0, rate_hz: int = 16_000, channels: int = 1, name: str = "sound.wav") -> Path:
        times = [sample / rate_hz for sample in range(round(seconds * rate_hz))]
        tones = (
            math.sin(math.pi * 4 * t) ** 2 * sum(math.sin(2 * math.pi * 120 * k * t) / k for k in (1, 2, 3, 5))
            for t in times
        )
        samples = array("h", (round(9_000 * tone) for tone in tones for _ in range(channels)))
        with wave.open(str(tmp_path / name), "wb") as target:
            target.setnchannels(channels)
            target.setsampwidth(2)
            target.setframerate(rate_hz)
            target.writeframes(samples.tobytes())
        return tmp_path / name

    return make


@pytest.fixture
def recordings() -> Path:
    """The folder of real recordings, which are not part of the project."""
    folder = os.environ.get("ARTALK_RECORDINGS")
    if not folder:
        pytest.skip("no real recordings: ARTALK_RECORDINGS names no folder")
    return Path(folder)


@pytest.fixture(scope="session")
def engine_python() -> str:
    """The Python of the engine's environment, for tests that run inside Blender."""
    python = os.environ.get("ARTALK_ENGINE_PYTHON")
    if not python:
        pytest.skip("no engine: ARTALK_ENGINE_PYTHON names no Python")
    return python
