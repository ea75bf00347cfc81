# SPDX-License-Identifier: GPL-3.0-or-later
"""The shaders of what is in the mouth, and of hair."""

from __future__ import annotations

import bpy

from .shader_graph import Colour, ShaderGraph
from .skin_shader import REST

BITE_HEIGHT = -0.049  # metres above the head's origin: where upper and lower teeth meet at rest
GUM_DISTANCE = 0.0075  # metres from there to the middle of the gums' edge
TOOTH: Colour = (0.80, 0.75, 0.66)
GUM: Colour = (0.55, 0.16, 0.14)
TONGUE: Colour = (0.52, 0.15, 0.14)
MOUTH_FRONT: Colour = (0.36, 0.07, 0.06)
MOUTH_BACK: Colour = (0.045, 0.006, 0.006)
FRONT_DEPTH, BACK_DEPTH = 0.075, 0.045  # metres in front of the head's origin
HAIR: Colour = (0.030, 0.014, 0.008)
HAIR_LIGHT: Colour = (0.095, 0.045, 0.022)
CROWN = (0.0, 0.92, -0.39)  # unit vector: where the hair grows from
SKULL_CENTRE = (0.0, 0.032, -0.010)  # metres
STRAND_SCALE, LOCK_SCALE = 55.0, 14.0  # features per radian around the crown


def shade_teeth(tree: bpy.types.ShaderNodeTree) -> bpy.types.NodeSocket:
    """Add the nodes of teeth and gums to a tree and return their shader."""
    graph = ShaderGraph(tree)
    height = graph.separated(graph.attribute(REST))[1]
    distance = graph.math("ABSOLUTE", graph.math("SUBTRACT", height, BITE_HEIGHT))
    gums = graph.ramp(distance, GUM_DISTANCE - 0.0006, GUM_DISTANCE + 0.0006)
    return graph.node(
        "ShaderNodeBsdfPrincipled",
        Base_Color=graph.mix(gums, TOOTH, GUM),
        Roughness=0.22,
        Subsurface_Weight=0.12,
        Subsurface_Scale=0.002,
        Subsurface_Radius=(1.0, 0.7, 0.5),
        Coat_Weight=0.5,
        Coat_Roughness=0.05,
    ).outputs["BSDF"]


def shade_tongue(tree: bpy.types.ShaderNodeTree) -> bpy.types.NodeSocket:
    """Add the tongue's nodes to a tree and return its shader."""
    graph = ShaderGraph(tree)
    rest = graph.attribute(REST)
    depth = graph.ramp(graph.separated(rest)[2], FRONT_DEPTH, BACK_DEPTH)
    return graph.node(
        "ShaderNodeBsdfPrincipled",
        Base_Color=graph.mix(depth, TONGUE, MOUTH_BACK),
        Roughness=0.38,
        Subsurface_Weight=0.15,
        Subsurface_Scale=0.004,
        Coat_Weight=0.3,
        Normal=graph.bump(graph.noise(rest, 1200.0), 0.0002),
    ).outputs["BSDF"]


def shade_mouth(tree: bpy.types.ShaderNodeTree) -> bpy.types.NodeSocket:
    """Add the nodes of the mouth's inside to a tree and return its shader: darker towards the throat."""
    graph = ShaderGraph(tree)
    depth = graph.ramp(graph.separated(graph.attribute(REST))[2], FRONT_DEPTH, BACK_DEPTH)
    return graph.node(
        "ShaderNodeBsdfPrincipled",
        Base_Color=graph.mix(depth, MOUTH_FRONT, MOUTH_BACK),
        Roughness=0.45,
    ).outputs["BSDF"]


def shade_hair(tree: bpy.types.ShaderNodeTree) -> bpy.types.NodeSocket:
    """Add the hair's nodes to a tree and return its shader: strands that run out from the crown."""
    graph = ShaderGraph(tree)
    outwards = graph.vector_math("NORMALIZE", graph.vector_math("SUBTRACT", graph.attribute(REST), SKULL_CENTRE))
    along = graph.vector_math("DOT_PRODUCT", outwards, CROWN, output="Value")
    around = graph.vector_math("NORMALIZE", graph.vector_math("CROSS_PRODUCT", outwards, CROWN))
    drift = graph.node("ShaderNodeCombineXYZ", Y=graph.math("MULTIPLY", along, 0.06)).outputs[0]
    strand = graph.vector_math("ADD", around, drift)
    fine, locks = graph.noise(strand, STRAND_SCALE, 3.0), graph.noise(strand, LOCK_SCALE, 1.0)
    both = graph.math("MULTIPLY_ADD", locks, 2.0, fine)
    return graph.node(
        "ShaderNodeBsdfPrincipled",
        Base_Color=graph.mix(graph.ramp(both, 1.1, 2.3), HAIR, HAIR_LIGHT),
        Roughness=0.52,
        Specular_IOR_Level=0.25,
        Normal=graph.bump(both, 0.0009),
    ).outputs["BSDF"]
