"""The one entry point: environments, the extension's zip, counting, and bad input."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import build_addon
from build_addon import BuildError, bridge_made_relative

ROOT = Path(build_addon.__file__).parent


def build_addon_command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "build_addon.py", *map(str, arguments)], capture_output=True, text=True, timeout=300
    )


@pytest.fixture
def wheel(tmp_path):
    """A package that pip installs without asking anybody."""
    path = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny.py", "value = 1\n")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return str(path)


@pytest.fixture
def environments(tmp_path, monkeypatch):
    monkeypatch.setattr(build_addon, "ROOT", tmp_path)
    monkeypatch.setattr(build_addon, "ENVIRONMENTS", tmp_path / ".venv")
    return tmp_path / ".venv"


# The package


def test_the_package_asks_for_what_the_engine_runs_on():
    project = build_addon._project()
    assert project["dependencies"] == [*build_addon.ENGINE]
    assert {pin for pins in project["optional-dependencies"].values() for pin in pins} == {*build_addon.EXTRAS}


def test_an_installed_engine_finds_its_assets_its_version_and_its_command(tmp_path):
    """In the layout of its wheel, outside any checkout."""
    for package in ("artalk_engine", "bridge"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "artalk_assets").symlink_to(ROOT / "assets")
    project = build_addon._project()
    module, function = project["scripts"]["artalk"].split(":")
    (tmp_path / "artalk-1.2.3.dist-info").mkdir()
    about = "Metadata-Version: 2.1\nName: artalk\nVersion: 1.2.3\n"
    (tmp_path / "artalk-1.2.3.dist-info" / "METADATA").write_text(about)
    script = (
        f"from {module} import {function}; from artalk_engine.assets import head_path, voice_folder; "
        f"print(head_path(), voice_folder()); {function}(['--version'])"
    )
    variables = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd="/", env=variables)
    assert done.stdout.split() == [
        str(tmp_path / "artalk_assets" / "head.npz"),
        str(tmp_path / "artalk_assets" / "voice"),
        "1.2.3",
    ], done.stderr


# Environments


def test_an_environment_is_named_by_its_pins_and_its_python():
    python = Path(sys.executable)
    name = build_addon._environment_folder("engine", {"a==1": "why"}, python)
    assert name == build_addon._environment_folder("engine", {"a==1": "another reason"}, python)
    assert name != build_addon._environment_folder("engine", {"a==2": "why"}, python)
    assert name != build_addon._environment_folder("engine", {"a==1": "why", "b==1": "why"}, python)


@pytest.mark.slow
def test_an_environment_is_reused_and_an_interrupted_one_is_made_again(environments, wheel, monkeypatch):
    python = Path(sys.executable)
    made = build_addon.make_environment("tiny", {wheel: "why"}, python)
    folder = made.parent.parent
    assert subprocess.run([made, "-c", "import tiny"]).returncode == 0

    with monkeypatch.context() as patch:
        patch.setattr(build_addon, "run", lambda *_, **__: pytest.fail("made again without need"))
        assert build_addon.make_environment("tiny", {wheel: "why"}, python) == made

    (folder / "ready").unlink()  # as an interruption leaves it
    (folder / "half-installed").touch()
    assert build_addon.make_environment("tiny", {wheel: "why"}, python) == made
    assert not (folder / "half-installed").exists()


@pytest.mark.slow
def test_of_two_simultaneous_calls_one_makes_the_environment_and_the_other_waits(environments, wheel, capfd):
    arguments = ("tiny", {wheel: "why"}, Path(sys.executable))
    with ThreadPoolExecutor() as pool:
        first, second = (pool.submit(build_addon.make_environment, *arguments) for _ in range(2))
        assert first.result(60) == second.result(60)
    assert capfd.readouterr().err.count("making the environment") == 1


@pytest.mark.slow
def test_a_failed_installation_says_what_pip_said_and_is_not_taken_for_ready(environments, tmp_path, capfd):
    broken = tmp_path / "broken-1.0-py3-none-any.whl"
    broken.write_bytes(b"no wheel")
    with pytest.raises(BuildError, match=r"pip could not install .*broken"):
        build_addon.make_environment("broken", {str(broken): "why"}, Path(sys.executable))
    assert "ERROR" in capfd.readouterr().err
    assert not list(environments.glob("broken-*/ready"))


def test_every_dependency_is_pinned_and_has_a_reason():
    lists = [build_addon.ENGINE, build_addon.TOOLS, *(blender.pins for blender in build_addon.BLENDERS.values())]
    for pin, why in [item for pins in lists for item in pins.items()]:
        assert pin.count("==") == 1
        assert len(why) > 8
    assert next(iter(build_addon.ENGINE)).startswith("torch==")


# Pythons


def test_a_python_is_found_in_pyenv_and_a_command_that_lies_is_not_believed(tmp_path, monkeypatch):
    version = "{}.{}".format(*sys.version_info[:2])
    real = tmp_path / "pyenv" / "versions" / f"{version}.99" / "bin" / "python"
    liar = tmp_path / "path" / f"python{version}"
    for path, script in ((real, f'exec "{sys.executable}" "$@"'), (liar, "echo no such version; exit 127")):
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("PATH", str(liar.parent))
    monkeypatch.setattr(build_addon, "_RUNNING", "2.7")
    build_addon.find_python.cache_clear()
    try:
        assert build_addon.find_python(version) == Path(sys.executable)
        assert build_addon.find_python("3.99") is None
    finally:
        build_addon.find_python.cache_clear()


@pytest.mark.parametrize("version", ["(2, 7, 18)", "(3, 6, 15)", "(3, 10, 13)"])
def test_an_old_python_gets_one_sentence(version):
    code = f"import sys; sys.version_info = {version}; exec(open('build_addon.py').read())"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert "install Python 3.11" in answer.stderr


def test_a_missing_python_fails_in_ci_and_gives_way_to_another_blender_elsewhere(monkeypatch):
    monkeypatch.setattr(build_addon, "find_python", lambda version: Path(sys.executable) if version == "3.11" else None)
    monkeypatch.setattr(build_addon, "IN_CI", False)
    assert build_addon._demo_blender("5.2").version == "4.5"
    monkeypatch.setattr(build_addon, "IN_CI", True)
    with pytest.raises(BuildError, match=r"needs Python 3\.13 .*install Python 3\.13"):
        build_addon.make_blender(build_addon._demo_blender("5.2"))


# System packages


def test_missing_libraries_are_named_with_their_package(monkeypatch):
    monkeypatch.setattr(build_addon, "_missing_libraries", lambda _: ["libSM.so.6", "libXi.so.6"])
    monkeypatch.setattr(build_addon, "_apt_install", lambda packages: False)
    with pytest.raises(BuildError, match=r"libSM\.so\.6, libXi\.so\.6 .*apt-get install libsm6 libxi6"):
        build_addon._install_libraries(Path(sys.executable))


# The zip


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("takes_panel.py", "from bridge import motion\n", "from .bridge import motion\n"),
        ("rig/build.py", "from bridge.motion import FPS\n", "from ..bridge.motion import FPS\n"),
        (
            "a/b/c.py",
            "def f():\n    from  bridge.motion import (\n        FPS)\n",
            "def f():\n    from ...bridge.motion import (\n        FPS)\n",
        ),
        (
            "x.py",
            "import bpy\nfrom . import bridges\nfrom bridges import y\n",
            "import bpy\nfrom . import bridges\nfrom bridges import y\n",
        ),
        ("x.py", '"""from bridge import nothing"""\n', '"""from bridge import nothing"""\n'),
    ],
)
def test_imports_of_the_bridge_become_relative(name, source, expected):
    assert bridge_made_relative(source.encode(), Path(name)).decode() == expected


@pytest.mark.parametrize(
    "source", ["import bridge\n", "import artalk_engine.engine\n", "from blender_addon import rig\n"]
)
def test_imports_that_an_installed_extension_cannot_follow_are_refused(source):
    with pytest.raises(BuildError, match=r"x\.py:2 must say 'from bridge import"):
        bridge_made_relative(b"\n" + source.encode(), Path("x.py"))


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("zip") / "artalk.zip"
    build_addon.write_zip(path)
    return path


def test_equal_sources_give_equal_bytes(archive, tmp_path):
    again = tmp_path / "again.zip"
    os.utime(ROOT / "bridge" / "motion.py")
    build_addon.write_zip(again)
    assert again.read_bytes() == archive.read_bytes()


def test_the_zip_holds_what_belongs_in_it_and_nothing_else(archive):
    with zipfile.ZipFile(archive) as opened:
        names = set(opened.namelist())
        manifest = tomllib.loads(opened.read("blender_manifest.toml").decode())
    assert {"__init__.py", "LICENSE", "bridge/motion.py", "bridge/LICENSE", "engine/LICENSE"} <= names
    assert {"engine/artalk_engine/__init__.py", "engine/bridge/motion.py", "engine/assets/head.npz"} <= names
    assert not [name for name in names if "__pycache__" in name or "tests" in name or "/." in name]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert manifest["version"] == project["version"]
    assert archive.stat().st_size <= build_addon.SIZE_LIMIT


def test_an_oversized_zip_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(build_addon, "SIZE_LIMIT", 1000)
    with pytest.raises(BuildError, match="over its limit of 1,000"):
        build_addon.write_zip(tmp_path / "artalk.zip")


def test_the_engine_in_the_zip_works_in_a_clean_process(archive, tmp_path):
    pytest.importorskip("torch", reason="the engine needs its own environment")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import artalk_engine.service as s; print(s.__file__)"
    answer = subprocess.run(
        [sys.executable, "-I", "-c", code, tmp_path / "engine"], cwd=tmp_path, capture_output=True, text=True
    )
    assert answer.stdout.strip() == str(tmp_path / "engine" / "artalk_engine" / "service.py"), answer.stderr


# Commands


def test_a_test_run_is_counted(tmp_path):
    (tmp_path / "test_counting.py").write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert False\n"
        "def test_left_out(): pytest.skip('why')\n"
        "@pytest.fixture\ndef broken(): raise OSError\n"
        "def test_broken(broken): pass\n"
    )
    row = build_addon._pytest("counting", Path(sys.executable), [str(tmp_path / "test_counting.py")], {})
    assert (row.passed, row.failed, row.skipped) == (1, 2, 1)


def test_paths_of_another_environments_tests_are_no_failure():
    arguments = build_addon._without(["-q", "tests/blender_addon/test_rig.py::test_x"], "tests/blender_addon")
    row = build_addon._pytest("engine", Path(sys.executable), arguments, {})
    assert (row.passed, row.failed, row.skipped) == (0, 0, 0)


def test_a_test_run_that_dies_counts_as_a_failure(tmp_path):
    (tmp_path / "test_dying.py").write_text("import os\ndef test_dying(): os._exit(0)\n")
    row = build_addon._pytest("dying", Path(sys.executable), [str(tmp_path / "test_dying.py")], {})
    assert row.failed == 1


def test_bad_input_is_refused_before_anything_is_installed(tmp_path):
    (tmp_path / "empty.wav").touch()
    for arguments, sentence in (
        (("--audio", tmp_path / "nowhere.wav"), "there is no sound file"),
        (("--audio", tmp_path), "there is no sound file"),
        (("--audio", tmp_path / "empty.wav"), "is empty"),
        (("--style", "../neutral"), "there is no style '../neutral': choose one of angry"),
        (("--out", ROOT / "pyproject.toml"), "is not a folder"),
    ):
        answer = build_addon_command("demo", "--out", tmp_path / "out", *arguments)
        assert answer.returncode == 1
        assert answer.stdout == ""
        assert answer.stderr.startswith("error: ")
        assert answer.stderr.count("\n") == 1
        assert sentence in answer.stderr
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["bulid"], ["demo", "--blender", "3.6"], ["env", "--fast"]])
def test_a_mistyped_command_gets_the_usage(arguments):
    answer = build_addon_command(*arguments)
    assert answer.returncode == 2
    assert "usage: build_addon.py" in answer.stderr


STALLING_DEMO = """
import subprocess, sys, time
from pathlib import Path
out = Path(sys.argv[sys.argv.index("--out") + 1])
(out / "still.png").write_text("half a picture")
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
Path(sys.argv[1]).write_text(str(helper.pid))
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="sends signals and reads /proc")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_demo_leaves_no_file_and_no_process(tmp_path, number, status):
    (tmp_path / "stalling.py").write_text(STALLING_DEMO)
    started = tmp_path / "started"
    code = (
        "import signal, sys, build_addon\nfrom pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a shell's background jobs ignore
        "build_addon._demo_blender = lambda _: build_addon._demo_in_blender(sys.argv[1:-1], Path(sys.argv[-1]))\n"
        "build_addon._check_demo_input = lambda *_: None\n"
        "sys.exit(build_addon.main(['demo']))"
    )
    command = [sys.executable, "-c", code, sys.executable, tmp_path / "stalling.py", started, tmp_path / "new" / "out"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as running:
        wait_until(lambda: started.exists() and started.read_text())
        running.send_signal(number)
        assert running.wait(120) == status
    assert not (tmp_path / "new" / "out").exists()
    wait_until(lambda: not is_alive(int(started.read_text())))


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not asked about by its parent does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
