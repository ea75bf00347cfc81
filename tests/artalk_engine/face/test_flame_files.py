import os
import pickle

import numpy as np
import pytest

from artalk_engine.errors import FlameFileError
from artalk_engine.face.flame_files import load_flame
from tests.artalk_engine.face import old_pickles
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


WRAPPERS = {
    "plain": lambda value: value,
    "chumpy": old_pickles.chumpy,
    "nested": old_pickles.nested,
    "transposed": old_pickles.transposed,
    "selected": old_pickles.selected,
    "concatenated": old_pickles.concatenated,
    "reshaped": old_pickles.reshaped,
}
REGRESSORS = {
    "dense": lambda value: value,
    "csc": lambda value: old_pickles.compressed(value, "scipy.sparse.csc", "csc_matrix"),
    "csc, new module": lambda value: old_pickles.compressed(value, "scipy.sparse._csc", "csc_matrix"),
    "csr": lambda value: old_pickles.compressed(value, "scipy.sparse.csr", "csr_matrix"),
    "coo": lambda value: old_pickles.by_places(value, "scipy.sparse.coo", is_new=False),
    "coo, new": lambda value: old_pickles.by_places(value, "scipy.sparse._coo", is_new=True),
}


def pickled(path, wrapper, regressor, protocol):
    """Write the synthetic head as an author's pickle; returns its arrays."""
    model = {
        name: np.asarray(value, np.float64) for name, value in synthetic_flame.make_flame(0)["flame_model"].items()
    }
    wrap = WRAPPERS[wrapper]
    content = {
        **{name: wrap(model[name]) for name in ("v_template", "shapedirs", "posedirs", "weights")},
        "J_regressor": REGRESSORS[regressor](model["J_regressor"]),
        "f": model["f"].astype(np.uint32),
        "kintree_table": np.array([[4294967295, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.uint32),
        "J": wrap(model["J_regressor"] @ model["v_template"]),
        "bs_style": "lbs",
        "bs_type": "lrotmin",
    }
    old_pickles.save(path, content, protocol)
    return model


@pytest.mark.parametrize(
    ("wrapper", "regressor", "protocol"),
    [(wrapper, "csc", 2) for wrapper in WRAPPERS]
    + [("chumpy", regressor, 2) for regressor in REGRESSORS if regressor != "csc"]
    + [("chumpy", "csc", protocol) for protocol in (0, 1, 5)],
)
def test_the_authors_pickles_are_read_without_chumpy_or_scipy(tmp_path, wrapper, regressor, protocol):
    expected = pickled(tmp_path / "generic_model.pkl", wrapper, regressor, protocol)
    data = load_flame(tmp_path / "generic_model.pkl")
    found = (data.template, data.shape_directions, data.pose_directions, data.joint_regressor, data.weights)
    names = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights")
    for array, name in zip(found, names, strict=True):
        np.testing.assert_array_equal(array, expected[name].astype(np.float32))
    np.testing.assert_array_equal(data.faces, expected["f"])
    assert data.parents == (-1, 0, 1, 1, 1)


def test_what_chumpy_computes_otherwise_is_named(tmp_path):
    model = synthetic_flame.make_flame(0)["flame_model"]
    sum_ = old_pickles.stand_in("chumpy.ch_ops", "add", a=old_pickles.chumpy(model["v_template"]), b=1.0)
    old_pickles.save(tmp_path / "flame.pkl", {**model, "v_template": sum_}, 2)
    with pytest.raises(FlameFileError, match=r"unknown kind \(add\)"):
        load_flame(tmp_path / "flame.pkl")


@pytest.mark.parametrize(("shapes", "expressions"), [(300, 100), (300, 50), (100, 100), (100, 50)])
def test_a_shortened_file_keeps_what_it_has_and_lacks_the_rest(tmp_path, shapes, expressions):
    model = synthetic_flame.make_flame(0)["flame_model"]
    whole = model["shapedirs"]
    short = np.concatenate([whole[..., :shapes], whole[..., 300 : 300 + expressions]], axis=-1)
    np.savez(tmp_path / "a.npz", **{**model, "shapedirs": short})
    found = load_flame(tmp_path / "a.npz").shape_directions
    assert found.shape[-1] == 300 + expressions
    np.testing.assert_array_equal(found[..., :shapes], whole[..., :shapes])
    assert not found[..., shapes:300].any()
    np.testing.assert_array_equal(found[..., 300:], whole[..., 300 : 300 + expressions])


def test_an_unknown_number_of_directions_is_named(tmp_path):
    model = synthetic_flame.make_flame(0)["flame_model"]
    np.savez(tmp_path / "a.npz", **{**model, "shapedirs": model["shapedirs"][..., :123]})
    with pytest.raises(FlameFileError, match="123 shape and expression directions"):
        load_flame(tmp_path / "a.npz")


def test_numbers_that_are_none_are_named(tmp_path):
    model = synthetic_flame.make_flame(0)["flame_model"]
    weights = model["weights"].copy()
    weights[7, 2] = np.nan
    np.savez(tmp_path / "a.npz", **{**model, "weights": weights})
    with pytest.raises(FlameFileError, match="weights has values that are not finite"):
        load_flame(tmp_path / "a.npz")


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


def test_a_damaged_pt_file_is_told_of_in_our_words_not_in_torch_s(tmp_path):
    path = tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps(print))
    with pytest.raises(FlameFileError) as caught:
        load_flame(path)
    assert str(caught.value).startswith("evil.pt cannot be read as a FLAME model")
    assert "weights_only" not in str(caught.value)
