"""The add-on with the real engine, in a process of its own."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import notices
from blender_addon.engine_process import engine
from blender_addon.paths import builtin_head_file, engine_root
from blender_addon.rig.fidelity import worst_vertex_error_mm
from blender_addon.rig.parts import rig_parts
from blender_addon.takes.record import TakeDetails, take_details, take_motion
from blender_addon.takes.take import current_take, fill_take, new_take
from blender_addon.timing import key_frames

VERTICES = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np, torch
from artalk_engine.face.flame import FLAMEModel
model = FLAMEModel(model_path=sys.argv[2] or None)
motion = torch.from_numpy(np.load(sys.argv[3]))
with torch.no_grad():
    vertices = model(torch.zeros(len(motion), 300), motion[:, :100], motion[:, 100:])
np.save(sys.argv[4], vertices.numpy())
"""


def engine_vertices(python, motion, folder, head=""):
    """What the engine's FLAMEModel makes of motion frames, ``[N, V, 3]``."""
    np.save(folder / "motion.npy", motion)
    arguments = [engine_root(), head, folder / "motion.npy", folder / "vertices.npy"]
    subprocess.run([python, "-c", VERTICES, *map(str, arguments)], check=True)
    return np.load(folder / "vertices.npy")


@pytest.mark.parametrize(("fps", "base"), [(25, 1.0), (60, 1.001)])
def test_the_evaluated_head_equals_the_engines_model(scene, head, motion, engine_python, tmp_path, fps, base):
    rate = fps / base
    take, _ = new_take(head, 1, (1, 250))
    fill_take(head, take, TakeDetails(head.rig_id, head.kind, 1, start=3.5, rate_hz=rate), motion)
    frames = key_frames(len(motion), rate, 3.5)
    error = worst_vertex_error_mm(head.rig, scene, frames, engine_vertices(engine_python, motion, tmp_path))
    assert error <= 0.01


def test_a_pickled_flame_file_becomes_a_rig_through_the_engine(scene, motion, engine_python, tmp_path):
    import pickle

    with np.load(builtin_head_file()) as archive:
        names = ("v_template", "f", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table")
        model = {name: archive[name] for name in names}
    path = tmp_path / "my flame.pkl"
    path.write_bytes(pickle.dumps(model))
    assert bpy.ops.artalk.import_head(filepath=str(path)) == {"FINISHED"}
    parts = rig_parts(scene.artalk.rig)
    assert (parts.kind, parts.rig.name) == ("flame", "my flame")
    take, _ = new_take(parts, 1, (1, 250))
    fill_take(parts, take, TakeDetails(parts.rig_id, parts.kind, 1, rate_hz=25.0), motion[:5])
    expected = engine_vertices(engine_python, motion[:5], tmp_path)
    assert worst_vertex_error_mm(parts.rig, scene, [1.0, 2.0, 3.0, 4.0, 5.0], expected) <= 0.01


def test_a_file_that_is_no_head_says_so(engine_python, tmp_path):
    for name in ("head.npz", "head.pkl"):
        (tmp_path / name).write_text("a shopping list")
        with pytest.raises(RuntimeError, match=name):
            bpy.ops.artalk.import_head(filepath=str(tmp_path / name))
        assert notices.shown().remedy
        assert len(bpy.data.objects) == 0


@pytest.fixture
def voice(engine_python):
    if not (engine_root() / "assets" / "voice" / "model.safetensors").is_file():
        pytest.skip("no voice model in assets/")


@pytest.mark.usefixtures("voice")
class TestVoice:
    @pytest.mark.parametrize(("fps", "base"), [(24, 1.0), (60, 1.001)])
    def test_a_sound_becomes_a_take(self, scene, head, sound_file, engine_python, tmp_path, fps, base):
        scene.render.fps, scene.render.fps_base = fps, base
        scene.artalk.sound = str(sound_file(6.0))
        scene.artalk.style = "happy"
        assert bpy.ops.artalk.generate() == {"FINISHED"}
        take = current_take(head.rig)
        motion, details = take_motion(take), take_details(take)
        assert len(motion) == 150
        assert (details.speech.style, details.is_complete) == ("happy", True)
        frames = key_frames(150, details.rate_hz, details.start)[::10]
        expected = engine_vertices(engine_python, motion[::10], tmp_path)
        assert worst_vertex_error_mm(head.rig, scene, frames, expected) <= 0.01

    @pytest.mark.parametrize(
        "sound",
        [{"seconds": 1.0, "rate_hz": 48_000, "channels": 2}, {"seconds": 1.0, "rate_hz": 8_000}, {"seconds": 0.02}],
    )
    def test_unusual_sounds_work_or_say_why(self, scene, head, sound_file, sound):
        scene.artalk.sound = str(sound_file(**sound))
        try:
            assert bpy.ops.artalk.generate() == {"FINISHED"}
        except RuntimeError:
            notice = notices.shown()
            assert notice.is_error
            assert notice.remedy
            assert len(bpy.data.actions) == 0
        else:
            assert len(take_motion(current_take(head.rig))) == max(1, round(sound["seconds"] * 25))

    def test_an_mp3_works(self, scene, head, sound_file, engine_python, tmp_path):
        convert = "import sys, soundfile as s; s.write(sys.argv[2], *s.read(sys.argv[1]))"
        subprocess.run([engine_python, "-c", convert, str(sound_file(2.0)), str(tmp_path / "a.mp3")], check=True)
        scene.artalk.sound = str(tmp_path / "a.mp3")
        assert bpy.ops.artalk.generate() == {"FINISHED"}
        assert len(take_motion(current_take(head.rig))) >= 50

    @pytest.mark.parametrize("content", [b"", b"These are words, not sounds.\n" * 100])
    def test_what_is_no_sound_is_refused_and_the_engine_goes_on(self, scene, head, sound_file, tmp_path, content):
        bad = tmp_path / "bad.wav"
        bad.write_bytes(content)
        scene.artalk.sound = str(bad)
        with pytest.raises(RuntimeError):
            bpy.ops.artalk.generate()
        assert notices.shown().remedy
        assert len(bpy.data.actions) == 0
        assert engine.is_running
        scene.artalk.sound = str(sound_file())
        assert bpy.ops.artalk.generate() == {"FINISHED"}
