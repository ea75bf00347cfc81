# SPDX-License-Identifier: GPL-3.0-or-later
"""A small vocabulary for shader node trees, so that a material reads like the formula it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy

Value = Any  # what a socket can be fed with: another socket, a number, or a sequence of numbers
Colour = tuple[float, float, float]  # linear

ROW_HEIGHT, COLUMN_WIDTH = 160.0, 200.0


class ShaderGraph:
    """Adds nodes to one tree; every method returns the output socket of the node that it added."""

    def __init__(self, tree: bpy.types.ShaderNodeTree) -> None:
        self._tree = tree
        self._count = 0

    def node(self, kind: str, **inputs: Value) -> bpy.types.Node:
        """Add a node of a type and feed its inputs, named as in Blender with ``_`` for spaces."""
        node = self._tree.nodes.new(kind)
        column, row = divmod(self._count, 6)
        node.location = (COLUMN_WIDTH * column, -ROW_HEIGHT * row)
        self._count += 1
        for name, value in inputs.items():
            self.feed(node.inputs[name.replace("_", " ")], value)
        return node

    def feed(self, socket: bpy.types.NodeSocket, value: Value) -> None:
        """Connect a socket, or set its constant."""
        if isinstance(value, bpy.types.NodeSocket):
            self._tree.links.new(value, socket)
        elif socket.type == "RGBA" and isinstance(value, Sequence):
            socket.default_value = (*value[:3], 1.0)
        else:
            socket.default_value = value

    def attribute(self, name: str, output: str = "Vector") -> bpy.types.NodeSocket:
        """Read an attribute of the mesh; it moves with the vertices."""
        node = self.node("ShaderNodeAttribute")
        node.attribute_name = name
        return node.outputs[output]

    def math(self, operation: str, a: Value, b: Value = 0.0, c: Value = 0.0) -> bpy.types.NodeSocket:
        """Compute one number from up to three."""
        node = self.node("ShaderNodeMath")
        node.operation = operation
        for socket, value in zip(node.inputs, (a, b, c), strict=True):
            self.feed(socket, value)
        return node.outputs[0]

    def vector_math(
        self, operation: str, a: Value, b: Value = (0.0, 0.0, 0.0), output: str = "Vector"
    ) -> bpy.types.NodeSocket:
        """Compute one vector, or its length, from one or two."""
        node = self.node("ShaderNodeVectorMath")
        node.operation = operation
        self.feed(node.inputs[0], a)
        self.feed(node.inputs[1], b)
        return node.outputs[output]

    def separated(self, vector: Value) -> tuple[bpy.types.NodeSocket, bpy.types.NodeSocket, bpy.types.NodeSocket]:
        """Split a vector or a colour into three numbers."""
        outputs = self.node("ShaderNodeSeparateXYZ", Vector=vector).outputs
        return outputs["X"], outputs["Y"], outputs["Z"]

    def ramp(self, value: Value, low: float, high: float) -> bpy.types.NodeSocket:
        """Rise smoothly from zero at ``low`` to one at ``high``; falls where ``high`` is the lesser."""
        node = self.node("ShaderNodeMapRange")
        node.interpolation_type = "SMOOTHSTEP"
        is_rising = low < high
        self.feed(node.inputs["Value"], value)
        self.feed(node.inputs["From Min"], min(low, high))
        self.feed(node.inputs["From Max"], max(low, high))
        self.feed(node.inputs["To Min"], 0.0 if is_rising else 1.0)
        self.feed(node.inputs["To Max"], 1.0 if is_rising else 0.0)
        return node.outputs["Result"]

    def mix(self, factor: Value, a: Value, b: Value) -> bpy.types.NodeSocket:
        """Blend from colour ``a`` to colour ``b``."""
        node = self.node("ShaderNodeMix")
        node.data_type = "RGBA"
        sockets = {socket.identifier: socket for socket in node.inputs}  # names repeat, one for each type
        self.feed(sockets["Factor_Float"], factor)
        self.feed(sockets["A_Color"], a)
        self.feed(sockets["B_Color"], b)
        return next(socket for socket in node.outputs if socket.identifier == "Result_Color")

    def noise(self, vector: Value, scale: float, detail: float = 2.0) -> bpy.types.NodeSocket:
        """Return soft noise around one half."""
        return self.node("ShaderNodeTexNoise", Vector=vector, Scale=scale, Detail=detail).outputs[0]

    def bump(self, height: Value, metres: float) -> bpy.types.NodeSocket:
        """Return the normal of a surface raised by up to ``metres``."""
        return self.node("ShaderNodeBump", Height=height, Strength=1.0, Distance=metres).outputs["Normal"]
