# SPDX-License-Identifier: GPL-3.0-or-later
"""The shader of skin, lips and lids: one for all three, so that no colour ends at a row of triangles."""

from __future__ import annotations

import bpy

from .shader_graph import Colour, ShaderGraph

REST, TINTS = "rest", "tints"  # attributes: places at rest in metres; lips, blush, shade, lashes

SKIN: Colour = (0.80, 0.425, 0.265)
BLUSH: Colour = (0.76, 0.20, 0.13)
SHADE: Colour = (0.36, 0.14, 0.085)
LIP: Colour = (0.46, 0.105, 0.085)
LASH: Colour = (0.012, 0.009, 0.008)

SUBSURFACE_WEIGHT, SUBSURFACE_SCALE = 0.22, 0.004  # metres
SUBSURFACE_RADIUS = (1.0, 0.35, 0.2)
BLOTCH_SCALE, PORE_SCALE, WRINKLE_SCALE = 45.0, 1500.0, 700.0  # features per metre
PORE_DEPTH = 0.00007  # metres


def shade_skin(tree: bpy.types.ShaderNodeTree) -> bpy.types.NodeSocket:
    """Add the skin's nodes to a tree and return its shader."""
    graph = ShaderGraph(tree)
    rest = graph.attribute(REST)
    masks = graph.attribute(TINTS, "Color")
    lips_mask, blush, shade = graph.separated(masks)
    lashes = graph.ramp(graph.attribute(TINTS, "Alpha"), 0.08, 0.32)
    lips = graph.ramp(lips_mask, 0.12, 0.88)

    blotches = graph.noise(rest, BLOTCH_SCALE, 3.0)
    redness = graph.math("ADD", graph.math("MULTIPLY", blush, 0.42), graph.math("MULTIPLY", blotches, 0.14))
    colour = graph.mix(redness, SKIN, BLUSH)
    colour = graph.mix(graph.math("MULTIPLY", shade, 0.5), colour, SHADE)
    colour = graph.mix(lips, colour, LIP)
    colour = graph.mix(lashes, colour, LASH)

    return graph.node(
        "ShaderNodeBsdfPrincipled",
        Base_Color=colour,
        Roughness=graph.math("SUBTRACT", 0.46, graph.math("MULTIPLY", lips, 0.16)),
        Specular_IOR_Level=0.42,
        Subsurface_Weight=SUBSURFACE_WEIGHT,
        Subsurface_Scale=SUBSURFACE_SCALE,
        Subsurface_Radius=SUBSURFACE_RADIUS,
        Normal=graph.bump(surface_height(graph, rest, lips), PORE_DEPTH),
    ).outputs["BSDF"]


def surface_height(graph: ShaderGraph, rest: bpy.types.NodeSocket, lips: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    """Return pores on the skin and upright wrinkles on the lips."""
    upright = graph.vector_math("MULTIPLY", rest, (1.0, 0.12, 0.25))
    pores, wrinkles = graph.noise(rest, PORE_SCALE), graph.noise(upright, WRINKLE_SCALE)
    return graph.mix(lips, pores, wrinkles)
