import numpy as np
import pytest

from artalk_engine.assets import head_path
from artalk_engine.errors import FlameFileError
from artalk_engine.face.flame_files import load_flame
from artalk_engine.face.lips import find_lips, lips_by_rule
from tests.golden import synthetic_flame


def test_the_built_in_heads_lips_are_those_that_its_file_names():
    lips, head = find_lips(head_path()), load_flame(head_path())
    assert len(lips.upper) == len(lips.lower) > 20
    assert np.all(np.isin([lips.upper, lips.lower], lips.vertices))
    assert np.abs(head.template[lips.upper] - head.template[lips.lower]).max() < 1e-3


def test_the_rule_finds_the_lips_that_the_file_names():
    named, found = find_lips(head_path()), lips_by_rule(load_flame(head_path()))
    assert np.isin(named.lower, found.lower).mean() > 0.9
    assert np.isin(named.vertices, found.vertices).mean() > 0.9
    head = load_flame(head_path())
    middle = head.template[named.vertices].mean(axis=0)
    assert np.linalg.norm(head.template[found.vertices] - middle, axis=1).max() < 0.05  # nothing far from the mouth


def test_a_head_without_a_mouth_is_named(tmp_path):
    synthetic_flame.save_pt(tmp_path / "egg.pt", 0)
    with pytest.raises(FlameFileError, match="no lips"):
        find_lips(tmp_path / "egg.pt")
