"""The zip inside a real Blender: its validator, its installer, and the whole demo on sounds of all kinds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import build_addon
from build_addon import BuildError

pytest.importorskip("bpy", reason="needs a Python with bpy")
pytestmark = pytest.mark.blender

ROOT = Path(build_addon.__file__).parent
PYTHON = Path(sys.executable)

INSTALL = """
import sys, bpy, addon_utils
bpy.ops.extensions.package_install_files(filepath=sys.argv[1], repo="user_default", enable_on_install=True)
assert "bl_ext.user_default.artalk" in bpy.context.preferences.addons
assert bpy.ops.artalk.create_head() == {"FINISHED"}
rig = bpy.context.scene.artalk.rig
assert rig["artalk_rig"] == "builtin"
assert [module for module in sys.modules if module.split(".")[0] in ("bridge", "artalk_engine", "torch")] == []
addon_utils.disable("bl_ext.user_default.artalk", default_set=True)
assert not hasattr(bpy.types.Scene, "artalk")
addon_utils.enable("bl_ext.user_default.artalk", default_set=True)
assert hasattr(bpy.types.Scene, "artalk")
again = {"repo": "user_default", "enable_on_install": True, "overwrite": True}
bpy.ops.extensions.package_install_files(filepath=sys.argv[1], **again)
assert hasattr(bpy.types.Scene, "artalk")
print("all is well")
"""

INSTALL_FROM_REPOSITORY = """
import sys, bpy
bpy.context.preferences.system.use_online_access = True
bpy.ops.preferences.extension_repo_add(name="Studio", remote_url=sys.argv[1], type="REMOTE")
index = [repository.name for repository in bpy.context.preferences.extensions.repos].index("Studio")
bpy.ops.extensions.repo_sync(repo_index=index)
bpy.ops.extensions.package_install(repo_index=index, pkg_id="artalk", enable_on_install=True)
assert bpy.ops.artalk.create_head() == {"FINISHED"}
print("all is well", flush=True)
__import__("os")._exit(0)
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    return build_addon.build_zip(tmp_path_factory.mktemp("dist"), PYTHON)


def in_blender(tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path / "user")}
    return subprocess.run([PYTHON, *map(str, arguments)], env=variables, capture_output=True, text=True, timeout=500)


def test_blenders_validator_judges_manifest_and_tags(archive, tmp_path, monkeypatch):
    assert archive.name.startswith("artalk-")
    manifest = build_addon._manifest()
    for wrong in (
        manifest.replace('"Rigging"', '"Puppetry"'),
        manifest.replace("FLAME head", "FLAME head."),
        manifest.replace("[permissions]", "[permissions]\nspeakers = 'Play'"),
    ):
        monkeypatch.setattr(build_addon, "_manifest", lambda text=wrong: text)
        with pytest.raises(BuildError, match="validator refuses"):
            build_addon.build_zip(tmp_path, PYTHON)
    assert list(tmp_path.iterdir()) == []


def test_the_zip_installs_through_blenders_own_operator_and_registers_again_and_again(archive, tmp_path):
    answer = in_blender(tmp_path, "-c", INSTALL, archive)
    assert "all is well" in answer.stdout, answer.stdout + answer.stderr


def demo(tmp_path: Path, archive: Path, engine_python: str, audio: Path) -> subprocess.CompletedProcess[str]:
    (tmp_path / "out").mkdir()
    arguments = ["--zip", archive, "--engine", engine_python, "--audio", audio, "--style", "neutral"]
    return in_blender(tmp_path, ROOT / "docs" / "demo.py", *arguments, "--out", tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "rate_hz", "channels", "pictures"), [(0.02, 8_000, 1, 1), (0.5, 48_000, 2, 13)])
def test_the_demo_makes_everything_from_any_sound(
    archive, tmp_path, engine_python, sound_file, seconds, rate_hz, channels, pictures
):
    answer = demo(tmp_path, archive, engine_python, sound_file(seconds, rate_hz, channels))
    assert answer.returncode == 0, answer.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    names = {"talking_head.blend", "still.png", "preview.mp4", "preview.webp", "motion.npz", "contact_sheet.png"}
    assert {name for name, _ in report["files"]} == names
    assert all((tmp_path / "out" / name).stat().st_size > 1000 for name in names)
    assert "mm from FLAME's" in answer.stderr
    assert len(list((tmp_path / "out" / "frames").iterdir())) == pictures


@pytest.mark.slow
@pytest.mark.parametrize("contents", [b"", b"This is a letter, not a sound.\n" * 40, b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_the_demo_says_in_one_sentence_what_is_wrong_with_a_sound(archive, tmp_path, engine_python, contents):
    (tmp_path / "bad.wav").write_bytes(contents)
    answer = demo(tmp_path, archive, engine_python, tmp_path / "bad.wav")
    assert answer.returncode == 1
    sentences = [line for line in answer.stderr.splitlines() if line.startswith("error: ")]
    assert len(sentences) == 1
    assert "bad.wav" in sentences[0]
    assert "Traceback" not in answer.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_blender_installs_from_the_repository_that_a_studio_hosts(tmp_path):
    index = build_addon.build_repository(tmp_path / "a studio's é", PYTHON)
    done = in_blender(tmp_path, "-c", INSTALL_FROM_REPOSITORY, index.as_uri())
    assert "all is well" in done.stdout, done.stdout + done.stderr
    assert "Changelog" in index.with_name("index.html").read_text("utf-8")


def test_a_repository_keeps_other_versions_and_refuses_another_build_of_this_one(tmp_path, monkeypatch):
    project = build_addon._project()
    for version in ("0.0.1", "0.0.2"):
        monkeypatch.setattr(build_addon, "_project", lambda version=version: {**project, "version": version})
        index = build_addon.build_repository(tmp_path, PYTHON)
    assert [each["version"] for each in json.loads(index.read_text("utf-8"))["data"]] == ["0.0.2"]
    assert (tmp_path / "earlier/artalk-0.0.1.zip").is_file()
    (tmp_path / "artalk-0.0.2.zip").write_bytes(b"what users have installed")
    with pytest.raises(BuildError, match="raise the version"):
        build_addon.build_repository(tmp_path, PYTHON)
    assert (tmp_path / "artalk-0.0.2.zip").read_bytes() == b"what users have installed"
