import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from artalk_engine.errors import FlameFileError
from artalk_engine.rig_cache import CacheError, cached_rig

HEAD = Path(__file__).parents[2] / "assets" / "head.npz"
NAMES = ("v_template", "shapedirs", "posedirs", "J_regressor", "kintree_table", "weights", "f")


@pytest.fixture
def flame_pickle(tmp_path):
    with np.load(HEAD) as archive:
        arrays = {name: archive[name].astype(np.float64) for name in NAMES}
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(pickle.dumps(arrays | {"bs_type": "lrotmin"}, protocol=2))
    return path


def test_a_pickle_becomes_plain_arrays_with_flames_names(tmp_path, flame_pickle):
    converted = cached_rig(flame_pickle, tmp_path / "cache")
    with np.load(converted, allow_pickle=False) as made, np.load(HEAD) as head:
        for name in NAMES:
            np.testing.assert_array_equal(made[name], head[name])
            assert made[name].dtype in (np.float32, np.int32)
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == [converted.name]


def test_the_second_time_comes_from_the_cache_and_another_content_does_not(tmp_path, flame_pickle):
    first = cached_rig(flame_pickle, tmp_path / "cache")
    made_at = first.stat().st_mtime_ns
    assert cached_rig(flame_pickle, tmp_path / "cache") == first
    assert first.stat().st_mtime_ns == made_at
    flame_pickle.write_bytes(flame_pickle.read_bytes() + b"more")
    assert cached_rig(flame_pickle, tmp_path / "cache") != first


def test_an_npz_is_used_as_it_is(tmp_path):
    assert cached_rig(HEAD, tmp_path / "cache") == HEAD
    assert not (tmp_path / "cache").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_only_the_user_can_look_into_the_cache(tmp_path, flame_pickle):
    converted = cached_rig(flame_pickle, tmp_path / "cache")
    assert converted.parent.stat().st_mode & 0o077 == 0
    assert converted.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [None, b"", b"text", b"cos\nsystem\n(S'false'\ntR."])
def test_what_is_no_flame_file_is_refused_and_leaves_nothing(tmp_path, content):
    path = tmp_path / "flame.pkl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FlameFileError):
        cached_rig(path, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_is_named(tmp_path, flame_pickle):
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(CacheError) as caught:
        cached_rig(flame_pickle, tmp_path / "cache")
    assert caught.value.remedy
