# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape keys as FLAME's directions need them."""

from __future__ import annotations

import bpy
import numpy as np

KEY_RANGE = 10.0  # the widest that Blender allows; FLAME's coefficients leave 0..1 on either side


def add_shape_key(surface: bpy.types.Object, name: str, vertices: np.ndarray) -> bpy.types.ShapeKey:
    """Add a relative shape key that is at zero and may leave 0..1.

    Args:
        surface: the mesh object.
        name: the key's name.
        vertices: ``[V, 3]`` metres at a value of one.
    """
    key = surface.shape_key_add(name=name, from_mix=False)
    key.points.foreach_set("co", np.ascontiguousarray(vertices, np.float32).ravel())
    key.slider_min, key.slider_max = -KEY_RANGE, KEY_RANGE
    key.value = 0.0  # from Blender 5.0 on, a new key starts at one
    return key
