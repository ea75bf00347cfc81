"""The add-on's set-up as its worker loads it: a plain Python, without Blender and the rest of the add-on."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.set_up.small_wheels import write_wheel

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "blender_addon" / "setup"
TORCH = """
class cuda:
    is_available = staticmethod(lambda: False)
class backends:
    class mps:
        is_available = staticmethod(lambda: False)
"""

if "artalk_setup" not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        "artalk_setup", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    sys.modules["artalk_setup"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["artalk_setup"])

from artalk_setup import places
from artalk_setup.installing import Order


@pytest.fixture(autouse=True)
def roomy_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for a real PyTorch, which these tests do not need, however full this machine's disk is."""
    usage = shutil.disk_usage(ROOT)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100_000_000_000))


@pytest.fixture
def wheel(tmp_path: Path) -> Callable[..., Path]:
    """Make a wheel of one module."""

    def make(name: str, version: str, source: str = "", folder: str = "wheels") -> Path:
        return write_wheel(tmp_path / folder, name, version, {f"{name}/__init__.py": source or f"# {'x' * 4000}\n"})

    return make


@pytest.fixture
def order(tmp_path: Path, wheel: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Order:
    """What a user orders who has two packages in a folder of wheels, and a home with a difficult name."""
    home = tmp_path / "home – ä 日本 🙂"
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    monkeypatch.setenv("LOCALAPPDATA", str(home))
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_TIMEOUT", "3")
    wheel("torch", "2.13.0", TORCH)
    wheel("extra", "1.0")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("torch==2.13.0  # computes\nextra==1.0\n", "utf-8")
    return Order(
        root=str(ROOT),
        requirements=str(requirements),
        version="",
        blenders_python=sys.executable,
        python=sys.executable,
        build="configured",
        wheels=str(tmp_path / "wheels"),
        folder=str(places.environments_folder()),
    )
