# SPDX-License-Identifier: GPL-3.0-or-later
"""The shader of an eye: white, iris and pupil are drawn by the angle from where the eye looks."""

from __future__ import annotations

import math

import bpy

from .shader_graph import Colour, ShaderGraph

GAZE = "gaze"  # attribute: unit direction from the eye's centre, at rest

PUPIL_EDGE, IRIS_EDGE = 14.0, 29.0  # degrees
WHITE: Colour = (0.80, 0.77, 0.74)
CORNER: Colour = (0.72, 0.42, 0.36)
IRIS_INNER: Colour = (0.15, 0.24, 0.16)
IRIS_OUTER: Colour = (0.014, 0.09, 0.12)
IRIS_FIBRE: Colour = (0.09, 0.26, 0.27)
LIMBUS: Colour = (0.008, 0.028, 0.036)
PUPIL: Colour = (0.002, 0.002, 0.002)


def shade_eye(tree: bpy.types.ShaderNodeTree) -> bpy.types.NodeSocket:
    """Add the eye's nodes to a tree and return its shader."""
    graph = ShaderGraph(tree)
    gaze = graph.vector_math("NORMALIZE", graph.attribute(GAZE))
    degrees = graph.math("MULTIPLY", graph.math("ARCCOSINE", graph.separated(gaze)[2]), math.degrees(1.0))
    colour = graph.mix(graph.ramp(degrees, 42.0, 80.0), WHITE, CORNER)
    colour = graph.mix(graph.ramp(degrees, IRIS_EDGE + 1.8, IRIS_EDGE - 0.6), colour, iris(graph, gaze, degrees))
    colour = graph.mix(graph.ramp(degrees, PUPIL_EDGE + 0.7, PUPIL_EDGE - 0.7), colour, PUPIL)
    return graph.node(
        "ShaderNodeBsdfPrincipled",
        Base_Color=colour,
        Roughness=0.35,
        Specular_IOR_Level=0.2,
        Subsurface_Weight=graph.math("MULTIPLY", graph.ramp(degrees, IRIS_EDGE, IRIS_EDGE + 3.0), 0.15),
        Subsurface_Scale=0.003,
        Subsurface_Radius=(1.0, 0.6, 0.5),
        Coat_Weight=1.0,  # the wet cornea
        Coat_Roughness=0.03,
    ).outputs["BSDF"]


def iris(graph: ShaderGraph, gaze: bpy.types.NodeSocket, degrees: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    """Return the colour of the iris: lighter towards the pupil, streaked by fibres, dark at its rim."""
    x, y, _ = graph.separated(gaze)
    flat = graph.node("ShaderNodeCombineXYZ", X=x, Y=y, Z=0.0).outputs[0]
    around = graph.vector_math("NORMALIZE", flat)
    outwards = graph.node("ShaderNodeCombineXYZ", X=0.0, Y=0.0, Z=graph.math("MULTIPLY", degrees, 0.03)).outputs[0]
    streaks = graph.noise(graph.vector_math("ADD", around, outwards), 9.0, 4.0)
    colour = graph.mix(graph.ramp(degrees, PUPIL_EDGE, PUPIL_EDGE + 7.5), IRIS_INNER, IRIS_OUTER)
    colour = graph.mix(graph.math("MULTIPLY", graph.ramp(streaks, 0.42, 0.72), 0.6), colour, IRIS_FIBRE)
    return graph.mix(graph.ramp(degrees, IRIS_EDGE - 7.0, IRIS_EDGE - 0.5), colour, LIMBUS)
