from __future__ import annotations

import numpy as np
import pytest

from artalk_engine.assets import assets_folder
from artalk_engine.builtin_head.checks import boundary_edges, check_head
from artalk_engine.builtin_head.design import MIRROR_X, REGIONS
from artalk_engine.builtin_head.model import build_head
from artalk_engine.builtin_head.posing import posed_by, seam_gap
from artalk_engine.builtin_head.traits import TRAITS
from artalk_engine.builtin_head.units import EXPRESSIONS

METRES = ("v_template", "shapedirs", "posedirs")
SHARES = ("J_regressor", "weights", "uv", "tints")
INDICES = ("f", "parents", "kintree_table", "vertex_regions", "face_regions", "mirror", "lip_seam", "lid_seam")


@pytest.fixture(scope="module")
def head():
    return build_head()


@pytest.fixture(scope="module")
def shipped():
    with np.load(assets_folder() / "head.npz") as archive:
        return dict(archive)


def test_every_promised_property_holds(head):
    assert [finding for finding in check_head(head) if not finding.holds] == []


def test_the_shipped_file_is_what_the_generator_makes(head, shipped):
    for name in METRES:
        np.testing.assert_allclose(shipped[name], getattr(head, name), atol=1e-6, err_msg=name)
    for name in SHARES:
        np.testing.assert_allclose(shipped[name], getattr(head, name), atol=2e-5, err_msg=name)
    for name in set(INDICES) - {"kintree_table"}:
        np.testing.assert_array_equal(shipped[name], getattr(head, name), err_msg=name)


def test_the_shipped_file_has_flames_shapes_and_types(shipped):
    shapes = {"v_template": (5023, 3), "f": (9976, 3), "shapedirs": (5023, 3, 400), "posedirs": (5023, 3, 36)}
    shapes |= {"J_regressor": (5, 5023), "weights": (5023, 5), "kintree_table": (2, 5)}
    assert {name: shipped[name].shape for name in shapes} == shapes
    assert all(shipped[name].dtype == np.float32 for name in (*METRES, *SHARES))
    assert all(np.issubdtype(shipped[name].dtype, np.integer) for name in INDICES)


def test_names_are_those_that_voices_and_rigs_rely_on(shipped):
    units = tuple(shipped["unit_names"])
    assert units == tuple(unit.name for unit in EXPRESSIONS)
    assert len(units) == 36
    assert [units.index(name) for name in ("lip_close", "pucker", "blink_l", "blink_r", "tongue_out")] == [
        0,
        4,
        18,
        19,
        31,
    ]
    assert tuple(shipped["region_names"]) == REGIONS
    assert tuple(shipped["trait_names"]) == tuple(trait.name for trait in TRAITS)


def test_unused_directions_are_exactly_zero(shipped):
    used = np.flatnonzero(np.abs(shipped["shapedirs"]).max(axis=(0, 1)))
    assert used.tolist() == [*range(len(TRAITS)), *range(300, 336)]
    assert np.flatnonzero(np.abs(shipped["posedirs"]).max(axis=(0, 1))).tolist() == [14, 16]


def test_the_skin_is_a_disc_and_all_else_is_closed(head):
    edges = np.unique(
        np.sort(np.concatenate([head.f[:, [0, 1]], head.f[:, [1, 2]], head.f[:, [2, 0]]]), axis=1), axis=0
    )
    euler = len(head.v_template) - len(edges) + len(head.f)
    assert euler == 1 + 2 * 7  # a disc, and seven spheres
    assert boundary_edges(head.f) == (40, True)


def test_left_and_right_units_mirror_each_other(shipped):
    units = list(shipped["unit_names"])
    for name in (name for name in units if name.endswith("_l")):
        left = shipped["shapedirs"][..., 300 + units.index(name)]
        right = shipped["shapedirs"][..., 300 + units.index(f"{name[:-2]}_r")]
        np.testing.assert_allclose(left[shipped["mirror"]] * MIRROR_X, right, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("jaw_radians", [0.02, 0.04, 0.06])
def test_lip_close_brings_the_lips_together_over_an_open_jaw(head, jaw_radians):
    open_mm = seam_gap(posed_by(head, {}, jaw_radians), head.lip_seam)
    closed_mm = seam_gap(posed_by(head, {"lip_close": jaw_radians / 0.06}, jaw_radians), head.lip_seam)
    assert open_mm.max() > 1.0
    assert np.abs(closed_mm).max() < 0.35


@pytest.mark.parametrize("side", ["l", "r"])
def test_a_blink_closes_its_own_eye_only(head, side):
    posed = posed_by(head, {f"blink_{side}": 1.0})
    gaps = [np.abs(seam_gap(posed, seam)).max() for seam in head.lid_seam]
    closed, other = gaps if side == "l" else gaps[::-1]
    assert closed < 0.5
    assert other > 15.0


def test_a_wide_open_jaw_parts_the_lips_by_almost_three_centimetres(head):
    assert 25.0 < seam_gap(posed_by(head, {}, 0.35), head.lip_seam).max() < 32.0


def test_texture_charts_lie_in_the_square_face_up_and_do_not_overlap(shipped):
    uv = shipped["uv"].astype(np.float64)
    assert uv.min() >= 0.0
    assert uv.max() <= 1.0
    first, second = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    areas = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    assert (areas > 0.0).all()
    assert covering_triangles(uv, size=400).max() == 1


def covering_triangles(uv, size):
    """Count, for the centres of a grid's cells, the triangles that hold each strictly inside: ``[size, size]``."""
    counts = np.zeros((size, size), dtype=int)
    for corners in uv * size - 0.5:
        low, high = np.ceil(corners.min(axis=0)).astype(int), np.floor(corners.max(axis=0)).astype(int)
        x, y = np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1))
        ahead = np.roll(corners, -1, axis=0) - corners
        sides = [e[0] * (y - c[1]) - e[1] * (x - c[0]) for c, e in zip(corners, ahead, strict=True)]
        counts[y, x] += np.all(np.stack(sides) > 1e-6, axis=0)
    return counts


def test_masks_are_shares_and_only_lips_are_red(shipped):
    tints, regions = shipped["tints"], shipped["vertex_regions"]
    assert list(shipped["tint_names"]) == ["lips", "blush", "shade", "lashes"]
    assert tints.min() >= 0.0
    assert tints.max() <= 1.0
    assert set(regions[tints[:, 0] > 0.0]) == {REGIONS.index("lips")}
    assert set(regions[tints[:, 3] > 0.0]) == {REGIONS.index("lids")}
