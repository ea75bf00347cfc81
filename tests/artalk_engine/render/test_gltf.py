from fractions import Fraction

import numpy as np
import pytest
import torch

from artalk_engine.errors import OutputError
from artalk_engine.face.flame import FLAMEModel
from artalk_engine.render.film import FilmOptions, make_film
from artalk_engine.render.gltf import write_gltf
from artalk_engine.render.heads import Head, load_head
from artalk_engine.render.rasterizer import vertex_normals
from tests.artalk_engine.render.read_gltf import Gltf

GENERATOR = np.random.default_rng(3)


@pytest.fixture(scope="module")
def head():
    return load_head("builtin", None)


@pytest.fixture(scope="module")
def motion():
    """Thirty frames with everything that a motion can do, more of it than speech does."""
    rows = np.zeros((30, 106), np.float32)
    rows[:, :36] = GENERATOR.uniform(0, 0.6, (30, 36))
    rows[:, 100:103] = GENERATOR.normal(0, 0.3, (30, 3))
    rows[:, 103:106] = GENERATOR.normal(0, 0.15, (30, 3))
    return rows


@pytest.fixture(scope="module")
def gltf(tmp_path_factory, head, motion):
    path = tmp_path_factory.mktemp("gltf") / "head.glb"
    assert write_gltf(path, [motion[:7], motion[7:]], Fraction(25), head) == 30
    return Gltf(path)


def source_of(gltf, head, betas=None):
    """Which of FLAME's vertices each of the file's is, by where it is at rest."""
    rest = head.flame(betas)[0].numpy()
    places = {tuple(vertex): number for number, vertex in enumerate(rest)}
    return np.array([places[tuple(vertex)] for vertex in gltf.attribute("POSITION")])


def worst_mm(gltf, head, motion, betas=None):
    vertices, source = head.vertices(motion, betas).numpy(), source_of(gltf, head, betas)
    return max(np.abs(gltf.frame(k)[0] - vertices[k][source]).max() for k in range(0, len(motion), 5)) * 1000


def test_every_vertex_is_where_flame_puts_it(gltf, head, motion):
    assert worst_mm(gltf, head, motion) < 0.001


def test_any_identity_keeps_that(tmp_path, head, motion):
    betas = torch.from_numpy(GENERATOR.normal(0, 1, (1, 300)).astype(np.float32))
    write_gltf(tmp_path / "other.glb", [motion], Fraction(25), head, betas)
    assert worst_mm(Gltf(tmp_path / "other.glb"), head, motion, betas) < 0.001


def test_a_head_of_flames_kind_with_weights_of_five_joints_and_all_directions_keeps_that(tmp_path, motion):
    flame = FLAMEModel()
    generator = torch.Generator().manual_seed(1)
    flame.expressiondirs += 1e-3 * torch.randn(flame.expressiondirs.shape, generator=generator)
    flame.posedirs += 1e-3 * torch.randn(flame.posedirs.shape, generator=generator)
    flame.lbs_weights[:] = torch.softmax(torch.randn(flame.lbs_weights.shape, generator=generator), dim=1)
    head, rows = Head("flame", flame), motion.copy()
    rows[:, :100] = GENERATOR.normal(0, 0.3, (30, 100))
    write_gltf(tmp_path / "flame.glb", [rows], Fraction(25), head)
    written = Gltf(tmp_path / "flame.glb")
    assert len(written.primitive["targets"]) == 100 + 9
    assert worst_mm(written, head, rows) < 0.001


def test_normals_follow_the_face(tmp_path, head):
    """Morphs add what each turns a normal by, which is exact for one and near for several: so on speech, not noise."""
    rows = np.zeros((6, 106), np.float32)
    rows[1:, :36] = GENERATOR.uniform(0, 0.25, (5, 36))
    rows[:, 100:104] = 0.1
    write_gltf(tmp_path / "head.glb", [rows], Fraction(25), head)
    gltf, faces = Gltf(tmp_path / "head.glb"), head.flame.get_faces().numpy().astype(np.int32)
    source = source_of(gltf, head)
    for number, vertices in enumerate(head.vertices(rows).numpy()):
        cosines = (gltf.frame(number)[1] * vertex_normals(vertices, faces)[source]).sum(axis=1)
        angles = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
        assert np.median(angles) < 1
        assert np.percentile(angles, 95) < 10


def test_times_are_those_of_the_motion_within_a_millisecond_even_after_an_hour(tmp_path, head):
    hour = np.zeros((90_000, 106), np.float32)
    write_gltf(tmp_path / "hour.glb", [hour], Fraction(25), head)
    times, _ = Gltf(tmp_path / "hour.glb").track(0, "rotation")
    assert np.abs(times - np.arange(90_000) / 25).max() < 0.001


def test_other_rates_have_their_own_keys(tmp_path, head, motion):
    made = make_film(tmp_path / "head.glb", motion, head, options=FilmOptions(fps=30))
    times, _ = Gltf(tmp_path / "head.glb").track(0, "rotation")
    assert made == len(times) == 36
    np.testing.assert_allclose(times, np.arange(36) / 30, atol=1e-6)


def test_the_sliders_have_the_names_of_the_rig_in_blender(gltf, head):
    names = gltf.scene["meshes"][0]["extras"]["targetNames"]
    assert names[:36] == list(head.units)
    assert names[36:] == ["corrective_jaw_12", "corrective_jaw_21"]
    assert head.expression_names[36] == "expression_036"


def test_colours_are_those_of_the_film_in_linear_light(gltf, head):
    linear = gltf.attribute("COLOR_0")
    colours = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    source, faces = source_of(gltf, head), gltf.array(gltf.primitive["indices"]).reshape(-1, 3)
    np.testing.assert_array_equal(source[faces], head.flame.get_faces().numpy())
    np.testing.assert_allclose(colours[faces], head.colours, atol=1e-5)


def test_the_file_says_that_it_is_synthetic(gltf):
    assert "Synthetic" in gltf.scene["asset"]["copyright"]


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_left(tmp_path, head, motion):
    with pytest.raises(OutputError, match="cannot be written"):
        write_gltf(tmp_path / "missing" / "head.glb", [motion], Fraction(25), head)
    assert not list(tmp_path.iterdir())
