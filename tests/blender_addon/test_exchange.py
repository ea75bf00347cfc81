from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.blender_addon.flame import flame_vertices

bpy = pytest.importorskip("bpy")

import addon_utils
from mathutils.kdtree import KDTree

from blender_addon import actions, exchange
from blender_addon.errors import ExchangeError
from blender_addon.exchange import ExportOptions, export_head
from blender_addon.paths import builtin_head_file
from blender_addon.rig.fidelity import check_frames, evaluated_vertices
from blender_addon.rig.identity import set_betas
from blender_addon.rig.parts import rig_parts
from blender_addon.takes.record import Speech, TakeDetails
from blender_addon.takes.take import fill_take, new_take

# Worst vertex after a way through the file and back, in millimetres.
TOLERANCE_MM = {"gltf": 0.01, "fbx": 0.01, "usd": 0.01, "alembic": 0.001}
FRAMES = (1, 2, 7, 12)
BETAS = np.array([1.5, -1.0, 0.5])
IMPORTERS = {
    "gltf": lambda path: bpy.ops.import_scene.gltf(filepath=path),
    "fbx": lambda path: bpy.ops.import_scene.fbx(filepath=path, anim_offset=0.0),
    "usd": lambda path: bpy.ops.wm.usd_import(filepath=path),
    "alembic": lambda path: bpy.ops.wm.alembic_import(filepath=path, as_background_job=False),
}


@pytest.fixture
def speaking(scene, head, motion):
    """A head of another identity that speaks half a second, from frame 1."""
    scene.render.fps, scene.frame_start, scene.frame_end = 25, 1, 12
    set_betas(bpy.context, head.rig, BETAS)
    take, _ = new_take(head, 1, (1, 12))
    details = TakeDetails(head.rig_id, head.kind, 1, Speech(""), start=1.0, rate_hz=25.0)
    fill_take(head, take, details, motion[:12])
    return head


def export(rig, kind, folder, **more):
    return export_head(bpy.context, rig, ExportOptions(kind, folder / "head", **more))


def imported_vertices(frames):
    """World places ``[N, V, 3]`` of the mesh that an importer brought.

    The values in the files are whole; Blender's importers leave sliders whose range cuts them, until it is widened.
    """
    scene = bpy.context.scene
    for key in (key for keys in bpy.data.shape_keys for key in keys.key_blocks):
        key.slider_min, key.slider_max = -10, 10
    surface = max((thing for thing in scene.objects if thing.type == "MESH"), key=lambda t: len(t.data.vertices))
    places = []
    for frame in frames:
        scene.frame_set(frame)
        evaluated = surface.evaluated_get(bpy.context.evaluated_depsgraph_get())
        mesh = evaluated.to_mesh()
        local = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", local)
        matrix = np.array(evaluated.matrix_world, np.float64)
        places.append(local.reshape(-1, 3).astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3])
        evaluated.to_mesh_clear()
    return np.stack(places)


def worst_mm(expected, found):
    """How far the worst expected vertex is from its imported one; files may split and reorder vertices."""
    tree = KDTree(len(found[0]))
    for index, place in enumerate(found[0]):
        tree.insert(place, index)
    tree.balance()
    worst = 0.0
    for vertex, place in enumerate(expected[0]):
        near = [index for _, index, _ in tree.find_range(place, 1e-4)] or [tree.find(place)[1]]
        errors = np.linalg.norm(found[:, near] - expected[:, vertex, None], axis=2).max(axis=0)
        worst = max(worst, errors.min())
    return worst * 1000


@pytest.mark.parametrize("kind", sorted(TOLERANCE_MM))
def test_the_head_comes_back_from_a_file_as_it_moved(speaking, motion, tmp_path, kind):
    path = export(speaking.rig, kind, tmp_path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 25
    assert IMPORTERS[kind](str(path)) == {"FINISHED"}
    flame = flame_vertices(builtin_head_file(), motion[[frame - 1 for frame in FRAMES]], BETAS)
    expected = np.stack([flame[..., 0], -flame[..., 2], flame[..., 1]], axis=-1)
    worst = worst_mm(expected, imported_vertices(FRAMES))
    assert worst <= TOLERANCE_MM[kind]


def users(thing):
    """How often a datablock is used; Blender miscounts those of linked ones when it copies an override."""
    return thing.users if thing.library is None else -1


def contents():
    """Everything that an export could leave changed."""
    scene = bpy.context.scene
    kinds = ("objects", "meshes", "armatures", "shape_keys", "actions", "scenes", "collections", "materials")
    return {
        **{kind: sorted((thing.name, users(thing)) for thing in getattr(bpy.data, kind)) for kind in kinds},
        "selected": [thing.name for thing in bpy.context.selected_objects],
        "active": getattr(bpy.context.view_layer.objects.active, "name", ""),
        "frame": (scene.frame_current, scene.frame_subframe, scene.frame_start, scene.frame_end),
        "values": [key.value for thing in bpy.data.shape_keys for key in thing.key_blocks],
        "drivers": sum(len(key.animation_data.drivers) for key in bpy.data.shape_keys),
    }


@pytest.mark.parametrize("kind", sorted(TOLERANCE_MM))
def test_an_export_changes_nothing_in_the_scene(scene, speaking, tmp_path, kind):
    scene.frame_set(5, subframe=0.5)
    speaking.rig.select_set(False)
    bpy.ops.artalk.create_head()
    before = contents()
    export(speaking.rig, kind, tmp_path)
    assert contents() == before


def test_the_exporters_add_on_is_switched_off_again_if_it_was_off(speaking, tmp_path):
    addon_utils.disable("io_scene_fbx")
    try:
        export(speaking.rig, "fbx", tmp_path, first=1, last=2)
        assert not addon_utils.check("io_scene_fbx")[1]
    finally:
        addon_utils.enable("io_scene_fbx")


def test_the_studio_goes_along_only_if_asked(scene, speaking, tmp_path):
    bpy.ops.artalk.set_up_studio()
    paths = [tmp_path / name for name in ("head", "studio")]
    for path, with_studio in zip(paths, (False, True), strict=True):
        options = ExportOptions("usd", path, first=1, last=1, with_studio=with_studio)
        export_head(bpy.context, speaking.rig, options)
    for path, expected in zip(paths, (set(), {"LIGHT", "CAMERA"}), strict=True):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        IMPORTERS["usd"](str(path.with_suffix(".usdc")))
        assert {thing.type for thing in bpy.context.scene.objects} & {"LIGHT", "CAMERA"} == expected


def test_a_take_in_the_nla_on_a_moving_and_hidden_head_is_written_as_it_plays(scene, speaking, tmp_path):
    parts = speaking
    carrier = bpy.data.objects.new("body", None)
    scene.collection.objects.link(carrier)
    parts.rig.parent, carrier.location = carrier, (0.0, 0.0, 1.5)
    parts.rig.delta_location = (0.0, 0.2, 0.0)
    for animated in (parts.rig, parts.keys):
        actions.push_down(animated, (1, 12))
    scene.frame_set(7)
    before = evaluated_vertices(parts.rig, scene, 7) @ np.array(parts.rig.matrix_world)[:3, :3].T
    before += np.array(parts.rig.matrix_world)[:3, 3]
    parts.rig.hide_set(True)
    parts.surface.hide_viewport = True
    path = export(parts.rig, "alembic", tmp_path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    IMPORTERS["alembic"](str(path))
    bpy.context.scene.render.fps = 25
    assert np.abs(imported_vertices([7])[0] - before).max() < 1e-5


def test_what_cannot_be_written_is_said_in_one_sentence(scene, speaking, tmp_path):
    with pytest.raises(ExchangeError, match="no folder"):
        export_head(bpy.context, speaking.rig, ExportOptions("usd", tmp_path / "nowhere" / "head"))
    with pytest.raises(ExchangeError, match="no frames"):
        export(speaking.rig, "usd", tmp_path, first=5, last=4)
    for kind in ("fbx", "alembic"):
        (tmp_path / f"head{exchange.FORMATS[kind].suffix}").mkdir(exist_ok=True)
        with pytest.raises(ExchangeError, match="could not be written"):
            export(speaking.rig, kind, tmp_path, first=1, last=1)
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(ExchangeError, match="edited"):
        export(speaking.rig, "usd", tmp_path)


def test_a_format_that_this_blender_lacks_is_named(speaking, tmp_path, monkeypatch):
    lacking = dataclasses.replace(exchange.FORMATS["usd"], option="no_such_option")
    monkeypatch.setitem(exchange.FORMATS, "usd", lacking)
    with pytest.raises(ExchangeError, match="built without USD"):
        export(speaking.rig, "usd", tmp_path)
    with pytest.raises(RuntimeError, match="built without USD"):
        bpy.ops.artalk.export_head(filepath=str(tmp_path / "head.usdc"), kind="usd")


def test_the_operator_writes_the_head(scene, speaking, tmp_path):
    scene.frame_end = 2
    assert bpy.ops.artalk.export_head(filepath=str(tmp_path / "anna.fbx"), kind="fbx") == {"FINISHED"}
    assert (tmp_path / "anna.fbx").stat().st_size > 100_000


def test_a_library_override_is_written_and_checked_too(head, motion, override_of, tmp_path):
    rig = override_of(head)
    parts = rig_parts(rig)
    scene = bpy.context.scene
    scene.render.fps, scene.frame_start, scene.frame_end = 25, 1, 3
    take, _ = new_take(parts, 1, (1, 3))
    fill_take(parts, take, TakeDetails(parts.rig_id, parts.kind, 1, Speech(""), rate_hz=25.0), motion[:3])
    assert check_frames(parts, scene, [2.0]).worst_mm <= 0.01
    before = contents()
    path = export(rig, "alembic", tmp_path)
    assert contents() == before
    bpy.ops.wm.read_factory_settings(use_empty=True)
    IMPORTERS["alembic"](str(path))
    bpy.context.scene.render.fps = 25
    flame = flame_vertices(builtin_head_file(), motion[1:2])
    expected = np.stack([flame[..., 0], -flame[..., 2], flame[..., 1]], axis=-1)
    assert worst_mm(expected, imported_vertices([2])) <= 0.01
