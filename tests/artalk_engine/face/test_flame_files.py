import os
import pickle

import numpy as np
import pytest

from artalk_engine.errors import FlameFileError
from artalk_engine.face.flame_files import load_flame
from tests.golden import synthetic_flame


def write(folder, kind):
    """Save the synthetic head as ``kind``."""
    model = synthetic_flame.make_flame(0)["flame_model"]
    path = folder / f"model{kind if kind.startswith('.') else '.pkl'}"
    if kind == ".npz":
        np.savez(path, **model)
    elif kind == ".safetensors":
        from safetensors.numpy import save_file

        save_file(model, path)
    elif kind == ".pt":
        synthetic_flame.save_pt(path, 0)
    else:
        if kind != "plain":
            pytest.importorskip("scipy")
        synthetic_flame.save_pkl(path, 0, kind)
    return path


@pytest.mark.parametrize("kind", [".npz", ".safetensors", ".pt", "plain", "latin1", "chumpy"])
def test_every_format_holds_the_same_head(tmp_path, kind):
    expected = synthetic_flame.make_flame(0)["flame_model"]
    data = load_flame(write(tmp_path, kind))
    assert np.array_equal(data.template, expected["v_template"])
    assert np.array_equal(data.shape_directions, expected["shapedirs"])
    assert np.array_equal(data.pose_directions, expected["posedirs"])
    assert np.array_equal(data.joint_regressor, expected["J_regressor"])
    assert np.array_equal(data.weights, expected["weights"])
    assert np.array_equal(data.faces, expected["f"])
    assert data.parents == (-1, 0, 1, 1, 1)


class _Harm:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickles_that_do_things_are_refused_and_not_run(tmp_path, protocol):
    path = tmp_path / "flame.pkl"
    path.write_bytes(pickle.dumps({"v_template": _Harm(tmp_path / "marker")}, protocol=protocol))
    with pytest.raises(FlameFileError, match="not executed"):
        load_flame(path)
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("call", [b"cbuiltins\neval\n(Vprint(1)\ntR.", b"cnumpy.core.multiarray\n__builtins__\n."])
def test_hand_written_pickles_are_refused(tmp_path, call):
    path = tmp_path / "flame.pkl"
    path.write_bytes(call)
    with pytest.raises(FlameFileError):
        load_flame(path)


def test_pickles_cannot_change_the_reader(tmp_path):
    path = tmp_path / "flame.pkl"
    path.write_bytes(b"c_codecs\nencode\n(N}Vx\nI1\nstb.")
    with pytest.raises(FlameFileError, match="change"):
        load_flame(path)


@pytest.mark.parametrize("name", ["flame.pkl", "flame.pt", "flame.npz", "flame.safetensors"])
@pytest.mark.parametrize("content", [b"", b"not a model at all", b"\x80\x02}q\x00."])
def test_files_that_are_no_model_say_so(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FlameFileError, match="flame"):
        load_flame(path)


def test_truncated_files_say_so(tmp_path):
    path = write(tmp_path, "plain")
    path.write_bytes(path.read_bytes()[:1_000_000])
    with pytest.raises(FlameFileError):
        load_flame(path)


def test_wrong_shapes_are_named(tmp_path):
    model = synthetic_flame.make_flame(0)["flame_model"]
    np.savez(tmp_path / "a.npz", **{**model, "weights": model["weights"][:, :4]})
    with pytest.raises(FlameFileError, match="weights has shape"):
        load_flame(tmp_path / "a.npz")


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FlameFileError, match="no head model at"):
        load_flame(tmp_path / "nothing.pkl")
