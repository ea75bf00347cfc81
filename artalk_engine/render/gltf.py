"""A talking head as glTF, for game engines, web pages and every 3-D program: one ``.glb`` file.

expression ─► weights of morph targets ─┐
jaw        ─► weights of correctives    ├─► one animation with a key a frame
head, jaw  ─► turns of joints ──────────┘

The head is one mesh with a skin of five joints, in metres, Y up and facing +Z, as both FLAME and glTF have it. Joints
hang in FLAME's own tree. Where an expression moves a joint, FLAME turns about the moved place and glTF about the place
at rest; the difference ``(1 - R) d`` of a drift ``d`` goes into the joint's translation, so that vertices are FLAME's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from artalk_engine.errors import OutputError
from artalk_engine.version import engine_version
from bridge.motion import EXPRESSION, EXPRESSIONS, GLOBAL_ORIENT, JAW_POSE
from bridge.rotations import continuous, from_axis_angle, rotate, to_matrices
from bridge.whole_file import whole_file

from .glb_file import INDICES, VERTICES, GlbFile, Json
from .heads import Head
from .mesh import ALBEDO
from .outputs import MARK
from .rasterizer import vertex_normals
from .retiming import Motion

Floats = npt.NDArray[np.float32]

JOINTS = ("root", "neck", "jaw", "eye_l", "eye_r")
ROOT, JAW = 0, 2
TURNING = {ROOT: GLOBAL_ORIENT, JAW: JAW_POSE}
CORRECTIVES = slice(9 * (JAW - 1), 9 * JAW)  # of FLAME's pose directions, those of the jaw: no other joint has any
ROUGHNESS = 0.65


@dataclass(frozen=True, eq=False)
class Shape:
    """A head at rest, each vertex once for each of its colours.

    Attributes:
        vertices: ``[V, 3]`` in metres.
        normals: ``[V, 3]``, alike for all vertices in one place.
        faces: ``[F, 3]``.
        colours: of vertices, ``[V, 3]``, from 0 to 1 in sRGB.
        weights: of joints, ``[V, 5]``.
        joints: where they are, ``[5, 3]``.
        parents: of joints, -1 for the root.
        drifts: of joints for each expression, ``[100, 5, 3]``.
        morphs: by name, expressions, then correctives: what vertices move by, and normals change by, ``[V, 3]`` each.
        channels: of an expression and of the jaw's matrix that the morphs follow.
    """

    vertices: Floats
    normals: Floats
    faces: npt.NDArray[np.uint32]
    colours: Floats
    weights: Floats
    joints: Floats
    parents: tuple[int, ...]
    drifts: Floats
    morphs: dict[str, tuple[Floats, Floats]]
    channels: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def write_gltf(
    path: Path,
    motion: Iterable[Motion],
    fps: Fraction,
    head: Head,
    betas: torch.Tensor | None = None,
    on_frame: Callable[[], object] = lambda: None,
) -> int:
    """Write a talking head; ``path`` holds either all of it or what it held before.

    Args:
        path: the ``.glb`` to write.
        motion: ``[T, 106]`` in pieces; all of it is held, half a kilobyte a frame.
        fps: frames a second.
        head: what moves.
        betas: its identity, ``[1, 300]``.
        on_frame: called after each frame.

    Returns:
        The number of frames.

    Raises:
        OutputError: if it cannot be written.
    """
    pieces = []
    for piece in motion:
        pieces.append(piece)
        for _ in piece:
            on_frame()
    rows = np.concatenate(pieces)
    shape, file = read_shape(head, betas), GlbFile()
    scene = _scene(shape, file) | {"animations": [_animation(rows, fps, shape, file)]}
    try:
        with whole_file(path) as stream:
            file.write(stream, scene)
    except OSError as exc:
        raise OutputError(f"{path} cannot be written ({exc.strerror or exc})") from exc
    return len(rows)


def read_shape(head: Head, betas: torch.Tensor | None = None) -> Shape:
    """Take a head apart into what glTF moves."""
    flame = head.flame
    with torch.inference_mode():
        rest = flame(betas)[0]
        expressions = flame.expressiondirs.view(-1, *rest.shape) * flame.scale  # [E, V, 3]
        correctives = flame.posedirs[CORRECTIVES].view(-1, *rest.shape) * flame.scale
        joints, drifts = flame.J_regressor @ rest, flame.J_regressor @ expressions
    source, faces, colours = _split(head)
    moving = _moving(expressions), _moving(correctives)
    names = [head.expression_names[index] for index in moving[0]]
    names += [f"corrective_jaw_{index // 3}{index % 3}" for index in moving[1]]  # as the rig in Blender calls them
    offsets = torch.cat([expressions[moving[0]], correctives[moving[1]]]).numpy()
    triangles = flame.get_faces().numpy().astype(np.int32)
    normals = vertex_normals(rest.numpy(), triangles)
    turns = [_settled(vertex_normals(rest.numpy() + offset, triangles) - normals) for offset in offsets]
    return Shape(
        vertices=rest.numpy()[source],
        normals=normals[source],
        faces=faces,
        colours=colours,
        weights=flame.lbs_weights.numpy()[source],
        joints=joints.numpy(),
        parents=tuple(flame.parents),
        drifts=_padded(drifts.numpy()),
        morphs={name: (offset[source], turn[source]) for name, offset, turn in zip(names, offsets, turns, strict=True)},
        channels=moving,
    )


def _split(head: Head) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.uint32], Floats]:
    """Give a vertex once for each colour of its corners: where each comes from, the faces, and the colours."""
    faces = head.flame.get_faces().numpy()
    if head.colours is None:
        used = np.arange(len(head.flame.v_template))
        return used, faces.astype(np.uint32), np.tile(np.array(ALBEDO, np.float32), (len(used), 1))
    corners = np.column_stack([faces.reshape(-1), head.colours.reshape(-1, 3)])
    distinct, place = np.unique(corners, axis=0, return_inverse=True)
    source = distinct[:, 0].astype(np.intp)
    return source, place.reshape(faces.shape).astype(np.uint32), distinct[:, 1:].astype(np.float32)


def _moving(directions: torch.Tensor) -> npt.NDArray[np.intp]:
    """Say which directions ``[N, V, 3]`` move anything."""
    return np.flatnonzero(directions.flatten(1).any(dim=1).numpy())


def _settled(turns: Floats) -> Floats:
    """Leave out what is rounding, where nothing moves."""
    return np.where(np.abs(turns).max(axis=1, keepdims=True) < 1e-6, np.float32(0), turns)


def _padded(drifts: Floats) -> Floats:
    """Fill drifts up to all 100 expressions, for heads that know fewer."""
    return np.pad(drifts, ((0, EXPRESSIONS - len(drifts)), (0, 0), (0, 0)))


def _scene(shape: Shape, file: GlbFile) -> Json:
    """Describe the head at rest; the skin's joints are the first nodes, the head itself is the last."""
    count = len(shape.joints)
    binds = np.tile(np.eye(4, dtype=np.float32), (count, 1, 1))
    binds[:, 3, :3] = -shape.joints  # glTF writes matrices column by column
    head = {"name": "Head", "mesh": 0, "skin": 0}
    return {
        "asset": {"version": "2.0", "generator": f"ARTalk engine {engine_version()}", "copyright": MARK},
        "scene": 0,
        "scenes": [{"name": "Talking head", "nodes": [ROOT, count]}],
        "nodes": [*_joints(shape), head],
        "skins": [{"inverseBindMatrices": file.add(binds.reshape(count, 16), "MAT4"), "joints": list(range(count))}],
        "meshes": [_mesh(shape, file)],
        "materials": [{"name": "Head", "pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": ROUGHNESS}}],
    }


def _joints(shape: Shape) -> list[Json]:
    offsets = shape.joints - np.where(np.array(shape.parents)[:, None] < 0, 0, shape.joints[list(shape.parents)])
    nodes: list[Json] = []
    for joint, name in enumerate(JOINTS):
        children = [child for child, parent in enumerate(shape.parents) if parent == joint]
        node = {"name": name, "translation": offsets[joint].tolist()}
        nodes.append(node | {"children": children} if children else node)
    return nodes


def _mesh(shape: Shape, file: GlbFile) -> Json:
    attributes = {
        "POSITION": file.add(shape.vertices, "VEC3", VERTICES, has_bounds=True),
        "NORMAL": file.add(shape.normals, "VEC3", VERTICES),
        "COLOR_0": file.add(_linear(shape.colours), "VEC3", VERTICES),
        **_skin(shape, file),
    }
    targets = [
        {"POSITION": file.add_offsets(offsets), "NORMAL": file.add_offsets(turns)}
        for offsets, turns in shape.morphs.values()
    ]
    faces = file.add(shape.faces.reshape(-1), "SCALAR", INDICES)
    primitive = {"attributes": attributes, "indices": faces, "material": 0, "targets": targets}
    names = {"targetNames": list(shape.morphs)}
    return {"name": "Head", "primitives": [primitive], "weights": [0.0] * len(targets), "extras": names}


def _skin(shape: Shape, file: GlbFile) -> dict[str, int]:
    """Add the joints of each vertex by fours, the strongest first."""
    order = np.argsort(-shape.weights, axis=1, kind="stable")
    weights = np.take_along_axis(shape.weights, order, axis=1)
    joints = np.where(weights > 0, order, 0).astype(np.uint8)
    attributes: dict[str, int] = {}
    for number, first in enumerate(range(0, len(JOINTS), 4)):
        if weights[:, first:].any():
            padding = ((0, 0), (0, max(0, first + 4 - len(JOINTS))))
            attributes[f"JOINTS_{number}"] = file.add(np.pad(joints[:, first : first + 4], padding), "VEC4", VERTICES)
            attributes[f"WEIGHTS_{number}"] = file.add(np.pad(weights[:, first : first + 4], padding), "VEC4", VERTICES)
    return attributes


def _animation(motion: Motion, fps: Fraction, shape: Shape, file: GlbFile) -> Json:
    times = (np.arange(len(motion)) / float(fps)).astype(np.float32)
    clock = file.add(times, "SCALAR", has_bounds=True)
    tracks = [(len(shape.joints), "weights", file.add(_weights(motion, shape).reshape(-1), "SCALAR"))]
    for joint, channels in TURNING.items():
        turns = continuous(from_axis_angle(motion[:, channels].astype(np.float64)))  # [T, 4], w first
        places = _places(joint, turns, motion[:, EXPRESSION], shape)
        tracks.append((joint, "rotation", file.add(np.roll(turns, -1, axis=1).astype(np.float32), "VEC4")))
        tracks.append((joint, "translation", file.add(places, "VEC3")))
    channels_of = [
        {"sampler": number, "target": {"node": node, "path": path}} for number, (node, path, _) in enumerate(tracks)
    ]
    samplers = [{"input": clock, "output": values, "interpolation": "LINEAR"} for *_, values in tracks]
    return {"name": "Speech", "channels": channels_of, "samplers": samplers}


def _weights(motion: Motion, shape: Shape) -> Floats:
    """Give the morphs' weights, ``[T, N]``."""
    expressions, entries = shape.channels
    turns = to_matrices(from_axis_angle(motion[:, JAW_POSE].astype(np.float64))) - np.eye(3)
    return np.column_stack([motion[:, EXPRESSION][:, expressions], turns.reshape(-1, 9)[:, entries]]).astype(np.float32)


def _places(joint: int, turns: npt.NDArray[np.float64], expression: Motion, shape: Shape) -> Floats:
    """Give a joint's translations against its parent, ``[T, 3]``."""
    drift = expression.astype(np.float64) @ shape.drifts[:, joint]
    parent = shape.parents[joint]
    offset = shape.joints[joint] - (shape.joints[parent] if parent >= 0 else 0)
    return np.asarray(offset + drift - rotate(turns, drift), np.float32)


def _linear(colours: Floats) -> Floats:
    """Turn sRGB into linear light, which glTF's vertex colours are."""
    low = colours / 12.92
    return np.where(colours <= 0.04045, low, ((colours + 0.055) / 1.055) ** 2.4).astype(np.float32)
