from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from tests.blender_addon.flame import flame_vertices
from tests.blender_addon.test_rig import WORST_MM, speak

bpy = pytest.importorskip("bpy")

from blender_addon.errors import HeadFileError, RigError
from blender_addon.paths import builtin_head_file
from blender_addon.rig.build import build_rig
from blender_addon.rig.fidelity import check_random_poses, worst_vertex_error_mm
from blender_addon.rig.head_file import SPLITS, load_head
from blender_addon.rig.identity import betas_of, set_betas
from blender_addon.rig.parts import rig_parts
from tests.golden import synthetic_flame


@pytest.fixture(scope="module")
def model():
    return dict(synthetic_flame.make_flame(0)["flame_model"])


def build(path, betas=None):
    return rig_parts(build_rig(bpy.context, load_head(path, betas), "Imported"))


def shortened(model, shapes, expressions):
    directions = model["shapedirs"]
    return np.concatenate([directions[..., :shapes], directions[..., 300 : 300 + expressions]], axis=-1)


@pytest.mark.parametrize(("shapes", "expressions"), [split for split in SPLITS.values() if split != (300, 100)])
def test_a_shortened_file_becomes_a_rig_of_what_it_has_and_says_what_it_lacks(
    scene, model, motion, tmp_path, shapes, expressions
):
    np.savez(tmp_path / "short.npz", **{**model, "shapedirs": shortened(model, shapes, expressions)})
    np.savez(tmp_path / "whole.npz", **model)
    parts = build(tmp_path / "short.npz")
    assert (len(parts.expression_keys), len(betas_of(parts.keys))) == (expressions, shapes)
    assert bool(parts.shortfall) is (expressions < 100)
    betas = np.random.default_rng(0).normal(0.0, 1.0, shapes)
    set_betas(bpy.context, parts.rig, betas)
    frames = speak(parts, motion[:3])
    played = motion[:3].copy()
    played[:, expressions:100] = 0
    expected = flame_vertices(tmp_path / "whole.npz", played, betas)
    assert worst_vertex_error_mm(parts.rig, scene, frames, expected) <= WORST_MM


def test_a_head_of_another_topology_that_fits_together_is_a_rig_too(scene, model, tmp_path):
    kept = np.arange(0, 3960)  # the head's rings, without the eyes
    faces = model["f"][(model["f"] < len(kept)).all(axis=1)]
    arrays = {name: model[name][kept] for name in ("v_template", "shapedirs", "posedirs", "weights")}
    regressor = model["J_regressor"][:, kept] + 1e-5
    np.savez(tmp_path / "bust.npz", f=faces, J_regressor=regressor / regressor.sum(1, keepdims=True), **arrays)
    parts = build(tmp_path / "bust.npz")
    assert len(parts.surface.data.vertices) == 3960
    assert check_random_poses(parts, scene, 3).worst_mm <= WORST_MM


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kintree_table": np.array([[-1, 0, 0, 1, 1], [0, 1, 2, 3, 4]])}, "parents"),
        ({"shapedirs": np.zeros((5023, 3, 123), np.float32)}, "123 directions"),
        ({"weights": np.zeros((5023, 24), np.float32)}, "weights is"),
        ({"f": np.array([[0, 1, 5023]])}, "triangles"),
        ({"v_template": np.full((5023, 3), np.nan, np.float32)}, "not finite"),
    ],
)
def test_a_file_that_does_not_fit_together_is_refused_and_nothing_is_added(model, tmp_path, change, says):
    np.savez(tmp_path / "flame.npz", **{**model, **change})
    with pytest.raises(HeadFileError, match=says):
        load_head(tmp_path / "flame.npz")
    with pytest.raises(RuntimeError, match=says):
        bpy.ops.artalk.import_head(filepath=str(tmp_path / "flame.npz"))
    assert not bpy.data.objects
    assert not bpy.data.meshes


@pytest.mark.parametrize("suffix", [".safetensors", ".pkl"])
def test_other_formats_become_rigs_through_the_engine(scene, model, motion, engine_python, tmp_path, suffix):
    path = tmp_path / f"flame2023{suffix}"
    if suffix == ".pkl":
        path.write_bytes(pickle.dumps({**model, "f": model["f"].astype(np.uint32), "bs_style": "lbs"}, protocol=2))
    else:
        write_safetensors(path, model)
    np.savez(tmp_path / "flame.npz", **model)
    assert bpy.ops.artalk.import_head(filepath=str(path)) == {"FINISHED"}
    parts = rig_parts(scene.artalk.rig)
    frames = speak(parts, motion[:3])
    assert (
        worst_vertex_error_mm(parts.rig, scene, frames, flame_vertices(tmp_path / "flame.npz", motion[:3])) <= WORST_MM
    )
    bpy.ops.artalk.randomize_identity(seed=1)
    assert bpy.ops.artalk.check_rig(count=3) == {"FINISHED"}


class _Harm:
    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def test_a_pickle_that_would_do_something_is_refused_in_one_sentence(engine_python, tmp_path):
    path = tmp_path / "flame.pkl"
    path.write_bytes(pickle.dumps({"v_template": _Harm(str(tmp_path / "harm"))}, protocol=2))
    with pytest.raises(RuntimeError, match="not executed"):
        bpy.ops.artalk.import_head(filepath=str(path))
    assert not (tmp_path / "harm").exists()
    assert not bpy.data.objects


def test_a_head_that_lost_a_bone_says_which(head):
    bpy.ops.object.mode_set(mode="EDIT")
    head.rig.data.edit_bones.remove(head.rig.data.edit_bones["jaw"])
    bpy.ops.object.mode_set(mode="OBJECT")
    with pytest.raises(RigError, match="lacks 'jaw'"):
        rig_parts(head.rig)


def test_the_built_in_head_needs_no_engine(scene, monkeypatch):
    monkeypatch.delenv("ARTALK_ENGINE_PYTHON", raising=False)
    assert bpy.ops.artalk.create_head() == {"FINISHED"}
    assert rig_parts(scene.artalk.rig).keys["artalk_head_file"] == "builtin"
    assert load_head(builtin_head_file()).kind == "builtin"


def write_safetensors(path, arrays):
    """The format in ten lines: the header's length, the header, the numbers."""
    import json

    kinds = {"float32": "F32", "float64": "F64", "int64": "I64", "int32": "I32"}
    header, blobs, start = {}, [], 0
    for name, array in arrays.items():
        blob = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": kinds[str(array.dtype)], "shape": list(array.shape), "data_offsets": [start, start + len(blob)]
        }  # fmt: skip
        blobs.append(blob)
        start += len(blob)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blobs))
