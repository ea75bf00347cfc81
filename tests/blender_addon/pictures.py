"""Small pictures, and where on them things are."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from bpy_extras.object_utils import world_to_camera_view


def rendered(scene: bpy.types.Scene, path: Path, size: int = 96, samples: int = 4) -> np.ndarray:
    """Render the scene; ``[H, W, 3]`` display colours from 0 to 1, top row first."""
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.cycles.samples = samples
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path), check_existing=False)
    pixels = np.array(image.pixels[:], dtype=np.float32).reshape(size, size, -1)
    bpy.data.images.remove(image)
    return pixels[::-1, :, :3]


def places(scene: bpy.types.Scene, surface: bpy.types.Object, vertices: np.ndarray) -> np.ndarray:
    """Where vertices of the posed mesh appear: ``[N, 2]`` from (0, 0) top left to (1, 1)."""
    evaluated = surface.evaluated_get(bpy.context.evaluated_depsgraph_get())
    world = [evaluated.matrix_world @ evaluated.data.vertices[k].co for k in np.asarray(vertices).tolist()]
    seen = np.array([world_to_camera_view(scene, scene.camera, point) for point in world])
    return np.stack([seen[:, 0], 1.0 - seen[:, 1]], axis=1)


def colour_at(picture: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The mean colour ``[3]`` of the pixels at some places."""
    size = len(picture)
    column, row = np.clip((where * size).astype(int), 0, size - 1).T
    return picture[row, column].mean(axis=0)
