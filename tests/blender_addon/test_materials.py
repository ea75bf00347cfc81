from __future__ import annotations

import numpy as np
import pytest

from tests.blender_addon.pictures import colour_at, places, rendered

bpy = pytest.importorskip("bpy")

from blender_addon.paths import builtin_head_file
from blender_addon.rig.materials import LOOKS, apply_materials
from blender_addon.studio import set_up_studio


@pytest.fixture
def arrays():
    with np.load(builtin_head_file()) as archive:
        return dict(archive)


@pytest.fixture
def mesh(arrays):
    mesh = bpy.data.meshes.new("head")
    mesh.from_pydata(arrays["v_template"].tolist(), [], arrays["f"].tolist())
    return mesh


def read(mesh, name, field, width):
    values = np.empty(width * len(mesh.vertices), dtype=np.float32)
    mesh.attributes[name].data.foreach_get(field, values)
    return values.reshape(-1, width)


def slots_of(mesh):
    values = np.empty(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("material_index", values)
    return values


def test_every_region_of_the_builtin_head_has_a_look(arrays):
    assert set(arrays["region_names"]) == set(LOOKS)


def test_each_triangle_gets_the_material_of_its_region(mesh, arrays):
    apply_materials(mesh, arrays)
    np.testing.assert_array_equal(slots_of(mesh), arrays["face_regions"])
    assert [m.name.removeprefix("ARTalk ").replace(" ", "_") for m in mesh.materials] == list(arrays["region_names"])


def test_colours_hang_on_attributes_taken_at_rest(mesh, arrays):
    apply_materials(mesh, arrays)
    np.testing.assert_array_equal(read(mesh, "rest", "vector", 3), arrays["v_template"])
    np.testing.assert_allclose(read(mesh, "tints", "color", 4), arrays["tints"], atol=1e-6)
    is_eye = np.isin(
        arrays["vertex_regions"], [list(arrays["region_names"]).index(name) for name in LOOKS if "eye" in name]
    )
    length = np.linalg.norm(read(mesh, "gaze", "vector", 3), axis=1)
    np.testing.assert_allclose(length, is_eye.astype(float), atol=1e-5)


def test_the_corners_get_the_files_texture_coordinates(mesh, arrays):
    apply_materials(mesh, arrays)
    values = np.empty(6 * len(arrays["f"]), dtype=np.float32)
    mesh.uv_layers["UVMap"].uv.foreach_get("vector", values)
    np.testing.assert_array_equal(values, arrays["uv"].ravel())


def test_skin_lips_and_lids_share_one_shader(mesh, arrays):
    apply_materials(mesh, arrays)
    groups = {m.name: next(n.node_tree for n in m.node_tree.nodes if n.type == "GROUP") for m in mesh.materials}
    assert groups["ARTalk skin"] == groups["ARTalk lips"] == groups["ARTalk lids"]
    assert groups["ARTalk skin"] != groups["ARTalk teeth"]


def test_applying_twice_leaves_one_of_everything(mesh, arrays):
    apply_materials(mesh, arrays)
    before = (len(mesh.materials), sorted(mesh.attributes.keys()), len(mesh.uv_layers))
    apply_materials(mesh, arrays)
    assert (len(mesh.materials), sorted(mesh.attributes.keys()), len(mesh.uv_layers)) == before


def test_a_head_without_regions_gets_skin_only(mesh, arrays):
    bare = {name: arrays[name] for name in ("v_template", "f", "shapedirs", "posedirs", "J_regressor", "weights")}
    apply_materials(mesh, bare)
    assert [material.name for material in mesh.materials] == ["ARTalk skin"]
    assert not slots_of(mesh).any()


@pytest.mark.parametrize("jaw_radians", [0.0, 0.3])
def test_lips_are_redder_than_skin_and_pupils_darker_than_irises_wherever_they_move(
    scene, head, arrays, tmp_path, jaw_radians
):
    set_up_studio(scene, head.rig)
    head.rig.pose.bones["jaw"].rotation_quaternion = (np.cos(jaw_radians / 2), np.sin(jaw_radians / 2), 0.0, 0.0)
    picture = rendered(scene, tmp_path / "picture.png", size=160)
    rest = arrays["v_template"]
    is_lip = (arrays["tints"][:, 0] == 1.0) & (np.abs(rest[:, 0]) < 0.008) & (rest[:, 1] < -0.05)
    is_lip &= rest[:, 2] > np.quantile(rest[is_lip, 2], 0.5)  # the front of the lower lip
    forehead = np.linalg.norm(rest - [0.0, 0.05, 0.08], axis=1) < 0.015
    gaze = read(head.surface.data, "gaze", "vector", 3)[:, 2]
    lip, skin = (colour_at(picture, places(scene, head.surface, np.flatnonzero(x))) for x in (is_lip, forehead))
    assert lip[0] / lip[1] > 1.3 * skin[0] / skin[1]
    pupil, iris, white = (
        colour_at(picture, places(scene, head.surface, np.flatnonzero((gaze > low) & (gaze < high))))
        for low, high in ((0.999, 1.1), (np.cos(np.radians(23)), np.cos(np.radians(19))), (0.7, 0.72))
    )
    assert pupil.mean() < 0.6 * iris.mean() < 0.6 * white.mean()
