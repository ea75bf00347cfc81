"""Reads and plays glTF as the specification says, to compare what programs will show with what FLAME computes."""

import json
import struct

import numpy as np

TYPES = {5126: "<f4", 5125: "<u4", 5123: "<u2", 5121: "<u1"}
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Gltf:
    def __init__(self, path):
        content = path.read_bytes()
        magic, version, size = struct.unpack_from("<4sII", content)
        assert (magic, version, size) == (b"glTF", 2, len(content))
        length, kind = struct.unpack_from("<I4s", content, 12)
        assert kind == b"JSON"
        assert length % 4 == 0
        self.scene = json.loads(content[20 : 20 + length])
        binary, kind = struct.unpack_from("<I4s", content, 20 + length)
        assert kind == b"BIN\0"
        assert binary == self.scene["buffers"][0]["byteLength"]
        self.binary = content[28 + length :]
        assert len(self.binary) == binary

    def _view(self, number, component, count, width):
        view = self.scene["bufferViews"][number]
        assert view["byteOffset"] % 4 == 0
        kind = np.dtype(TYPES[component])
        assert view["byteLength"] == count * width * kind.itemsize
        return np.frombuffer(self.binary, kind, count * width, view["byteOffset"]).reshape(count, width)

    def array(self, number):
        accessor = self.scene["accessors"][number]
        count, width = accessor["count"], WIDTHS[accessor["type"]]
        values = np.zeros((count, width), TYPES[accessor["componentType"]])
        if "bufferView" in accessor:
            values = self._view(accessor["bufferView"], accessor["componentType"], count, width).copy()
        if sparse := accessor.get("sparse"):
            part = sparse["indices"]
            rows = self._view(part["bufferView"], part["componentType"], sparse["count"], 1)[:, 0]
            values[rows] = self._view(sparse["values"]["bufferView"], accessor["componentType"], len(rows), width)
        if "min" in accessor:
            np.testing.assert_array_equal(values.min(axis=0), np.array(accessor["min"], values.dtype))
            np.testing.assert_array_equal(values.max(axis=0), np.array(accessor["max"], values.dtype))
        return values[:, 0] if width == 1 else values

    @property
    def primitive(self):
        return self.scene["meshes"][0]["primitives"][0]

    def attribute(self, name):
        return self.array(self.primitive["attributes"][name])

    def track(self, node, path):
        """Times and values of what an animation does to a node."""
        animation = self.scene["animations"][0]
        for channel in animation["channels"]:
            if channel["target"] == {"node": node, "path": path}:
                sampler = animation["samplers"][channel["sampler"]]
                assert sampler["interpolation"] == "LINEAR"
                return self.array(sampler["input"]), self.array(sampler["output"])
        return None

    def frame(self, number):
        """Positions and normals of all vertices at a key."""
        targets = self.primitive["targets"]
        weights = self.track(len(self.scene["nodes"]) - 1, "weights")[1].reshape(-1, len(targets))[number]
        points, normals = self.attribute("POSITION").astype(float), self.attribute("NORMAL").astype(float)
        for weight, target in zip(weights, targets, strict=True):
            points += weight * self.array(target["POSITION"])
            normals += weight * self.array(target["NORMAL"])
        blended = self._blended(number)
        points = np.einsum("vij,vj->vi", blended[:, :3, :3], points) + blended[:, :3, 3]
        normals = np.einsum("vij,vj->vi", blended[:, :3, :3], normals)
        return points, normals / np.linalg.norm(normals, axis=1, keepdims=True)

    def _blended(self, number):
        skin = self.scene["skins"][0]
        binds = self.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        moved = np.stack([self._placed(node, number) for node in skin["joints"]]) @ binds
        blended = np.zeros((len(self.attribute("POSITION")), 4, 4))
        for kind in ("0", "1"):
            if f"JOINTS_{kind}" in self.primitive["attributes"]:
                joints, weights = self.attribute(f"JOINTS_{kind}"), self.attribute(f"WEIGHTS_{kind}")
                blended += np.einsum("vk,vkij->vij", weights, moved[joints])
        return blended

    def _placed(self, node, number):
        """Where a node is in the world, [4, 4]."""
        described = self.scene["nodes"][node]
        own = np.eye(4)
        places, turns = self.track(node, "translation"), self.track(node, "rotation")
        own[:3, 3] = described["translation"] if places is None else places[1][number]
        if turns is not None:
            x, y, z, w = turns[1][number].astype(float)
            cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
            own[:3, :3] += 2 * w * cross + 2 * cross @ cross
        above = [other for other, each in enumerate(self.scene["nodes"]) if node in each.get("children", ())]
        return self._placed(above[0], number) @ own if above else own
