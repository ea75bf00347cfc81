"""Pictures of meshes: the reference's to the pixel, and what the options add."""

from __future__ import annotations

import math
from importlib import util

import numpy as np
import pytest
import torch

from artalk_engine import FLAMEModel, RenderMesh
from artalk_engine.errors import OptionError
from artalk_engine.render.camera import CAMERAS, Camera
from artalk_engine.render.mesh import Look
from tests.golden.golden import FOLDER

TRIANGLE = torch.tensor([[[-0.1, -0.1, 0.0], [0.1, -0.1, 0.0], [0.0, 0.1, 0.0]]])


@pytest.fixture(scope="module")
def head():
    """The built-in head's faces, and three poses of it ``[3, V, 3]``."""
    flame = FLAMEModel()
    expression = torch.zeros(3, 100)
    expression[:, :36] = 0.3 * torch.randn(3, 36, generator=torch.Generator().manual_seed(0))
    pose = torch.tensor([[0.1, 0.4, 0.0, 0.2, 0.0, 0.0], [0.0] * 6, [-0.2, -0.7, 0.1, 0.0, 0.0, 0.0]])
    return flame.get_faces(), flame(None, expression, pose)


def brute_force(vertices, faces, height, width):
    """Which pixels triangles cover, and how close any decision was, in float64, pixel by pixel ``[H, W]``."""
    span = np.array([width, height]) / min(width, height)
    depth = 2.0 - vertices[:, 2]
    seen = np.stack([-12 * vertices[:, 0], 12 * vertices[:, 1]], axis=1) / depth[:, None]
    left = span[0] * (1 - (2 * np.arange(width) + 1) / width)
    up = span[1] * (1 - (2 * np.arange(height) + 1) / height)
    pixels = np.stack(np.broadcast_arrays(left[None], up[:, None]), axis=-1)
    covered, closest = np.zeros((height, width), bool), np.full((height, width), np.inf)
    for a, b, c in seen[faces]:
        edges = [
            (p - q)[::-1] * [1, -1] @ np.moveaxis(pixels - q, -1, 0).reshape(2, -1) for p, q in ((b, a), (c, b), (a, c))
        ]
        edges = np.stack(edges).reshape(3, height, width)
        edges *= np.sign(edges.sum(axis=0))
        covered |= (edges > 0).all(axis=0)
        closest = np.minimum(closest, np.abs(edges).min(axis=0))
    return covered, closest


@pytest.mark.parametrize("name", ["sphere", "flame_00", "flame_07"])
def test_pictures_are_the_references_to_the_pixel(name):
    with np.load(FOLDER / f"mesh_{name}.npz") as golden:
        images, alpha = RenderMesh(512, golden["faces"])(torch.from_numpy(golden["vertices"])[None])
        assert images.shape == (1, 3, 512, 512)
        assert alpha.shape == (1, 1, 512, 512)
        assert np.array_equal(np.packbits(alpha[0, 0].numpy() > 0, axis=1), golden["coverage"])
        np.testing.assert_allclose(images[0].permute(1, 2, 0)[::3, ::3], golden["image_s3"], rtol=0, atol=0.05)


@pytest.mark.parametrize("size", [(64, 64), (33, 57), (57, 33), (1, 5), (130, 97)])
def test_any_size_covers_what_geometry_says(size):
    random = np.random.default_rng(1)
    vertices = random.uniform(-0.2, 0.2, (60, 3)).astype(np.float32)
    faces = random.integers(0, 60, (40, 3))
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    _, alpha = RenderMesh(size, faces)(torch.from_numpy(vertices)[None])
    covered, closest = brute_force(vertices.astype(np.float64), faces, *size)
    is_clear = closest > 1e-6
    assert is_clear.mean() > 0.9
    assert np.array_equal((alpha[0, 0].numpy() > 0)[is_clear], covered[is_clear])


def test_one_pixel_has_the_colour_of_phongs_formula():
    tilted = TRIANGLE + torch.tensor([0.0, 0.0, 0.1]) * (TRIANGLE[..., 1:2] > 0)
    images, _ = RenderMesh(101, [[0, 1, 2]])(tilted)
    ray = np.array([0.0, 0.0, 1.0])  # of the middle pixel, towards the camera
    points = tilted[0].double().numpy()
    normal = np.cross(points[1] - points[0], points[2] - points[0])
    normal /= np.linalg.norm(normal)
    place = ray * (points[0] @ normal) / (ray @ normal)
    light = np.array([0.0, 1.0, 3.0]) - place
    light /= np.linalg.norm(light)
    facing = normal @ light
    mirrored = 2 * facing * normal - light
    albedo = np.array([142, 179, 247]) / 255
    expected = albedo * (0.5 + 0.3 * facing) + 0.12 * max(mirrored @ ray, 0.0) ** 10
    np.testing.assert_allclose(images[0, :, 50, 50], 255 * expected, atol=1e-3)


def test_faces_turned_away_are_drawn_and_lit_by_nothing_but_ambience():
    images, alpha = RenderMesh(64, [[0, 2, 1]])(TRIANGLE)
    np.testing.assert_allclose(images[0, :, 32, 32], [71.0, 89.5, 123.5], atol=1e-3)
    assert alpha[0, 0, 32, 32] == 1


def test_the_nearer_face_wins_and_of_equals_the_first():
    faces = [[0, 1, 2], [3, 4, 5], [3, 4, 5]]
    vertices = torch.cat([TRIANGLE, TRIANGLE + torch.tensor([0.0, 0.0, 0.1])], dim=1)
    look = Look([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    images, _ = RenderMesh(64, faces, look=look)(vertices)
    assert images[0, :, 32, 32].argmax() == 1


@pytest.mark.parametrize(
    "spoiled",
    [
        TRIANGLE * torch.tensor([1.0, 0.0, 1.0]),  # seen from the edge
        TRIANGLE + torch.tensor([0.0, 0.0, 2.1]),  # behind the camera
        TRIANGLE + torch.tensor([[[0.0, 0.0, 2.5], [0.0] * 3, [0.0] * 3]]),  # partly behind
        TRIANGLE * torch.tensor([[[math.nan], [1.0], [1.0]]]),
        TRIANGLE * 1e-7,
    ],
)
def test_faces_that_cannot_be_seen_are_left_out(spoiled):
    images, alpha = RenderMesh(64, [[0, 1, 2]])(spoiled)
    assert not alpha.any()
    assert (images == 255).all()


def test_a_face_may_reach_far_beyond_the_picture():
    _, alpha = RenderMesh((40, 64), [[0, 1, 2]])(TRIANGLE * torch.tensor([1e6, 1e6, 1.0]))
    assert alpha.all()


def test_neither_threads_nor_company_change_a_bit(head):
    faces, vertices = head
    images, alpha = RenderMesh(200, faces, threads=1)(vertices)
    for threads in (2, 5):
        again, coverage = RenderMesh(200, faces, threads=threads)(vertices)
        assert torch.equal(images, again)
        assert torch.equal(alpha, coverage)
    assert torch.equal(RenderMesh(200, faces)(vertices[1:2])[0], images[1:2])


def test_pictures_for_films_are_the_same_in_bytes(head):
    faces, vertices = head
    renderer = RenderMesh((150, 120), faces)
    expected = renderer(vertices)[0].clamp(0, 255).byte().permute(0, 2, 3, 1)
    assert np.array_equal(renderer.pictures(vertices), expected.numpy())


@pytest.mark.parametrize("kind", [torch.float64, torch.float16])
def test_vertices_may_have_other_precisions_and_gradients(head, kind):
    faces, vertices = head
    expected, _ = RenderMesh(64, faces)(vertices[:1].to(kind).float())
    images, _ = RenderMesh(64, faces)(vertices[:1].to(kind).requires_grad_())
    assert torch.equal(images, expected)


def test_no_mesh_makes_no_picture_and_no_face_an_empty_one(head):
    faces, vertices = head
    assert RenderMesh(64, faces)(vertices[:0])[0].shape == (0, 3, 64, 64)
    assert not RenderMesh(64, faces[:0])(vertices[:1])[1].any()


def test_antialiasing_averages_the_larger_picture(head):
    faces, vertices = head
    smooth, coverage = RenderMesh((50, 70), faces, look=Look(antialias=3))(vertices)
    large, alpha = RenderMesh((150, 210), faces)(vertices)
    torch.testing.assert_close(smooth, torch.nn.functional.avg_pool2d(large, 3), rtol=0, atol=1e-3)
    torch.testing.assert_close(coverage, torch.nn.functional.avg_pool2d(alpha, 3), rtol=0, atol=1e-5)
    assert ((coverage > 0.1) & (coverage < 0.9)).any()


def test_a_camera_that_goes_left_sees_what_a_head_that_turns_right_shows(head):
    faces, vertices = head
    angle = math.radians(35)
    turn = torch.tensor([[math.cos(angle), 0, math.sin(angle)], [0, 1, 0], [-math.sin(angle), 0, math.cos(angle)]])
    _, moved = RenderMesh(128, faces, look=Look(camera=CAMERAS["three-quarter"]))(vertices)
    _, turned = RenderMesh(128, faces)(vertices @ turn)
    assert (moved != turned).float().mean() < 1e-3
    assert (moved != RenderMesh(128, faces)(vertices)[1]).float().mean() > 0.01


def test_a_transform_of_ones_own_replaces_the_camera(head):
    faces, vertices = head
    camera = Camera(turn_degrees=20.0, distance=2.5)
    matrices = torch.from_numpy(camera.transform(1.0)).expand(3, 3, 4)
    expected = RenderMesh(96, faces, look=Look(camera=camera))(vertices)[0]
    assert torch.equal(RenderMesh(96, faces)(vertices, matrices)[0], expected)


def test_a_scaled_head_fills_the_picture_as_before(head):
    faces, vertices = head
    _, small = RenderMesh(128, faces)(vertices)
    _, large = RenderMesh(128, faces, scale=5.0)(5 * vertices)
    assert (small != large).float().mean() < 1e-3


def test_colours_of_vertices_faces_and_corners_are_where_they_belong():
    square = torch.tensor([[[-0.1, -0.1, 0.0], [0.1, -0.1, 0.0], [0.1, 0.1, 0.0], [-0.1, 0.1, 0.0]]])
    faces = [[0, 1, 2], [0, 2, 3]]
    grey, _ = RenderMesh(64, faces, look=Look([[0, 0, 0]]))(square)  # the highlight alone
    gain = (RenderMesh(64, faces, look=Look([[1, 1, 1]]))(square)[0] - grey) / 255

    def shown(colours):
        return ((RenderMesh(64, faces, look=Look(colours))(square)[0] - grey) / gain / 255)[0]

    by_face = shown([[1, 0, 0], [0, 0.5, 0]])
    torch.testing.assert_close(by_face[:, 50, 40], torch.tensor([1.0, 0.0, 0.0]), atol=1e-4, rtol=0)
    torch.testing.assert_close(by_face[:, 15, 20], torch.tensor([0.0, 0.5, 0.0]), atol=1e-4, rtol=0)
    by_vertex = shown([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])  # red grows to the right, green upwards
    assert by_vertex[0, 32, 45] > by_vertex[0, 32, 20] + 0.3
    assert by_vertex[1, 20, 32] > by_vertex[1, 45, 32] + 0.3
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)[faces]
    torch.testing.assert_close(shown(corners), by_vertex, rtol=0, atol=0, equal_nan=True)


def test_the_background_is_a_choice():
    images, _ = RenderMesh(16, [[0, 1, 2]], look=Look(background=(0.0, 0.5, 1.0)))(TRIANGLE)
    assert images[0, :, 0, 0].tolist() == [0.0, 127.5, 255.0]


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: RenderMesh(0, [[0, 1, 2]]), "pixels"),
        (lambda: RenderMesh((64, 100_000), [[0, 1, 2]]), "pixels"),
        (lambda: RenderMesh((64, 64, 3), [[0, 1, 2]]), "pixels"),
        (lambda: RenderMesh("512", [[0, 1, 2]]), "pixels"),
        (lambda: RenderMesh(64, [[0, 1, -1]]), "vertex"),
        (lambda: RenderMesh(64, [[0, 1, 3]])(TRIANGLE), "at least 4"),
        (lambda: RenderMesh(64, [[0, 1, 2]])(TRIANGLE[0]), r"\[N, V, 3\]"),
        (lambda: RenderMesh(64, [[0, 1, 2]])(TRIANGLE, torch.zeros(2, 3, 4)), "transform_matrix"),
        (lambda: RenderMesh(64, [[0, 1, 2]], look=Look(np.zeros((7, 3))))(TRIANGLE), "colours"),
        (lambda: RenderMesh(64, [[0, 1, 2]], look=Look(np.zeros((1, 2, 3))))(TRIANGLE), "colours"),
        (lambda: Look(antialias=0), "antialias"),
        (lambda: Look(background=(1.0, 1.0)), "background"),
    ],
)
def test_what_makes_no_sense_is_said(make, match):
    with pytest.raises(OptionError, match=match) as caught:
        make()
    assert caught.value.remedy


def test_pytorch3d_is_missed_only_by_those_who_ask_for_it(monkeypatch):
    find_spec = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "pytorch3d" else find_spec(name))
    with pytest.raises(OptionError, match="not installed"):
        RenderMesh(64, [[0, 1, 2]], backend="pytorch3d")
