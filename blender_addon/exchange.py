# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the animated head for other programs: glTF, FBX, USD and Alembic, by Blender's own exporters.

A copy of the head is baked first, in a scene of its own: a key on every scene frame for every bone
and shape key, correctives included, so that no file depends on drivers, constraints, the NLA or keys
between frames, which these formats do not have. The user's scene stays as it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import addon_utils
import bpy

from .errors import ExchangeError
from .rig.baking import baked
from .rig.parts import rig_parts
from .rig.replica import Replica, replica_of
from .studio import PROPERTY as STUDIO


@dataclass(frozen=True)
class ExportOptions:
    """What to write.

    Attributes:
        kind: one of `FORMATS`.
        path: the file; gets the format's suffix if it has another.
        first: first scene frame, ``None`` for the scene's.
        last: last scene frame, ``None`` for the scene's.
        with_studio: whether lights and camera of the studio go along.
    """

    kind: str
    path: Path
    first: int | None = None
    last: int | None = None
    with_studio: bool = False


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        name: as people know it.
        suffix: of its files.
        module: the add-on with its exporter, ``""`` where it is built into Blender.
        option: the name in ``bpy.app.build_options``, ``""`` where it is an add-on.
        write: calls the exporter on the current scene.
    """

    name: str
    suffix: str
    module: str
    option: str
    write: Callable[[Path, ExportOptions], set[str]]


def export_head(context: bpy.types.Context, rig: bpy.types.Object, options: ExportOptions) -> Path:
    """Write a head with the animation that it plays.

    Args:
        context: of the scene that the head is in.
        rig: the armature object.
        options: what to write, and where.

    Returns:
        The file that was written.

    Raises:
        RigError: if the rig is incomplete.
        ExchangeError: if this Blender cannot write the format, or the file cannot be written.
    """
    parts, scene, file_format = rig_parts(rig), context.scene, FORMATS[options.kind]
    path = options.path.with_suffix(file_format.suffix)
    if not path.parent.is_dir():
        raise ExchangeError(f"There is no folder {path.parent}.", "Choose an existing folder.")
    if rig.mode == "EDIT":
        raise ExchangeError(f"'{rig.name}' is being edited.", "Leave Edit Mode first.")
    first = scene.frame_start if options.first is None else options.first
    last = scene.frame_end if options.last is None else options.last
    if last < first:
        raise ExchangeError(f"There are no frames from {first} to {last}.", "Choose a last frame after the first.")
    with _exporter(file_format), replica_of(parts, scene) as replica, _names_of(parts.rig, parts.surface, replica):
        replica.scene.frame_start, replica.scene.frame_end = first, last
        with baked(replica):
            if options.with_studio:
                for thing in (thing for thing in scene.objects if STUDIO in thing):
                    replica.scene.collection.objects.link(thing)
            _write(context, replica, file_format, path, options)
    return path


def missing(file_format: Format) -> str:
    """Return why this Blender cannot write a format, ``""`` if it can."""
    if file_format.option and not getattr(bpy.app.build_options, file_format.option, False):
        return f"This Blender was built without {file_format.name}"
    modules = {module.__name__ for module in addon_utils.modules()}
    if file_format.module and file_format.module not in modules:
        return f"This Blender has no add-on that writes {file_format.name}"
    return ""


def _write(
    context: bpy.types.Context, replica: Replica, file_format: Format, path: Path, options: ExportOptions
) -> None:
    chosen = [*replica.scene.objects]
    override: dict[str, Any] = {
        "scene": replica.scene,
        "view_layer": replica.layer,
        "collection": replica.scene.collection,
        "layer_collection": replica.layer.layer_collection,
        "active_object": replica.rig,
        "object": replica.rig,
        "selected_objects": chosen,
        "selected_editable_objects": chosen,
    }
    unfinished = path.with_name(f"{path.stem}.part{path.suffix}")  # a file that is there stays until all is written
    try:
        with context.temp_override(**override):
            file_format.write(unfinished, options)
        unfinished.replace(path)
    except (RuntimeError, OSError) as exc:
        text = f"{path.name} could not be written: {str(exc).strip().splitlines()[-1]}."
        raise ExchangeError(text, "Choose another file, or a folder that you may write to.") from exc
    finally:
        unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def _exporter(file_format: Format) -> Iterator[None]:
    """Switch the exporter's add-on on if it is off, and off again; the preferences stay as they are."""
    reason = missing(file_format)
    if reason:
        raise ExchangeError(f"{reason}.", "Choose another format, or use an official build of Blender.")
    is_on = not file_format.module or addon_utils.check(file_format.module)[1]
    if not is_on and addon_utils.enable(file_format.module) is None:
        raise ExchangeError(f"The add-on that writes {file_format.name} cannot be enabled.", "Choose another format.")
    try:
        yield
    finally:
        if not is_on:
            addon_utils.disable(file_format.module)


@contextlib.contextmanager
def _names_of(rig: bpy.types.Object, surface: bpy.types.Object, replica: Replica) -> Iterator[None]:
    """Lend the copy the names of what it copies, which then stand in the file."""
    pairs = [(rig, replica.rig), (surface, replica.surface), (rig.data, replica.rig.data)]
    pairs.append((surface.data, replica.surface.data))
    lent = [(original, copy, original.name) for original, copy in pairs if original.library is None]
    for original, copy, name in lent:
        original.name = f"{name} (original)"
        copy.name = name
    try:
        yield
    finally:
        for original, copy, name in lent:
            copy.name = f"{name} (copy)"
            original.name = name


def _write_gltf(path: Path, options: ExportOptions) -> set[str]:
    return bpy.ops.export_scene.gltf(
        filepath=str(path),
        export_format="GLB",
        use_active_scene=True,
        export_animation_mode="SCENE",
        export_anim_scene_split_object=False,
        export_frame_range=True,
        export_force_sampling=True,
        export_optimize_animation_size=False,
        export_all_influences=True,  # FLAME's vertices may follow all five joints
        export_morph_tangent=False,
        export_lights=options.with_studio,
        export_cameras=options.with_studio,
    )


def _write_fbx(path: Path, options: ExportOptions) -> set[str]:
    return bpy.ops.export_scene.fbx(
        filepath=str(path),
        object_types={"ARMATURE", "MESH"} | ({"LIGHT", "CAMERA"} if options.with_studio else set()),
        use_mesh_modifiers=False,  # a mesh with shape keys is written as it is, before its skinning
        add_leaf_bones=False,
        bake_anim_use_all_actions=False,
        bake_anim_use_nla_strips=False,
        bake_anim_simplify_factor=0.0,
    )


def _write_usd(path: Path, options: ExportOptions) -> set[str]:
    return bpy.ops.wm.usd_export(
        filepath=str(path),
        export_animation=True,
        export_armatures=True,
        export_shapekeys=True,
        export_custom_properties=False,
        export_hair=False,
        convert_world_material=False,
        export_lights=options.with_studio,
        export_cameras=options.with_studio,
    )


def _write_alembic(path: Path, _: ExportOptions) -> set[str]:
    return bpy.ops.wm.alembic_export(
        filepath=str(path),
        start=bpy.context.scene.frame_start,
        end=bpy.context.scene.frame_end,
        face_sets=True,  # keeps the materials apart
        export_hair=False,
        export_particles=False,
        export_custom_properties=False,
    )


FORMATS = {
    "gltf": Format("glTF", ".glb", "io_scene_gltf2", "", _write_gltf),
    "fbx": Format("FBX", ".fbx", "io_scene_fbx", "", _write_fbx),
    "usd": Format("USD", ".usdc", "", "usd", _write_usd),
    "alembic": Format("Alembic", ".abc", "", "alembic", _write_alembic),
}
