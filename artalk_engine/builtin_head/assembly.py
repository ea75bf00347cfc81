"""Puts the pieces together into one mesh and remembers where each went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .builder import MeshBuilder
from .design import EYE_CENTRE, INNER_MOUTH, LIDS, LIPS, MOUTH_COLUMNS, NECK_COLUMNS, SKIN, VERTEX_COUNT, Floats, Ints
from .ears_neck import EAR_RINGS, NECK_RINGS, ear_bowl, ear_rings, neck_rings
from .eyes import LID_RINGS, ORBIT_RINGS, SOCKET_END, SOCKET_RINGS, eye_rings, eyeball
from .free_skin import fill_skin
from .mouth import CAVITY_RINGS, LIP_RINGS, PERIORAL_RINGS, cavity_end, mouth_rings
from .rings import Part, mirror_part, right_half
from .teeth_tongue import LOWER_TEETH, UPPER_TEETH, brow, tongue, tooth_row


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each piece lies among the assembled vertices; ring blocks are ``[R, N]`` arrays of vertex indices."""

    mouth: Ints
    mouth_cap: int
    eyelids: tuple[Ints, Ints]
    socket_caps: tuple[int, int]
    ears: tuple[Ints, Ints]
    ear_caps: tuple[int, int]
    neck: Ints
    skin: Ints
    eyeballs: tuple[Ints, Ints]
    teeth_upper: Ints
    teeth_lower: Ints
    tongue: Ints
    brows: tuple[Ints, Ints]


MOUTH_REGIONS = (SKIN,) * len(PERIORAL_RINGS) + (LIPS,) * len(LIP_RINGS) + (INNER_MOUTH,) * len(CAVITY_RINGS)
EYE_REGIONS = (SKIN,) * len(ORBIT_RINGS) + (LIDS,) * len(LID_RINGS) + (SKIN,) * len(SOCKET_RINGS)


def assemble() -> tuple[Part, Layout]:
    """Build every piece of the head and say where each one went."""
    builder = MeshBuilder()
    mouth = builder.add_rings(mouth_rings(), MOUTH_REGIONS, right_half(MOUTH_COLUMNS))
    mouth_cap = builder.add_cap(mouth[-1], cavity_end(), INNER_MOUTH)
    eyelids, socket_caps = add_pair(builder, eye_rings(), EYE_REGIONS, EYE_CENTRE - SOCKET_END)
    ears, ear_caps = add_pair(builder, ear_rings(), (SKIN,) * len(EAR_RINGS), ear_bowl())
    neck = builder.add_rings(neck_rings(), (SKIN,) * len(NECK_RINGS), right_half(NECK_COLUMNS))

    parts = closed_parts()
    holes = [mouth[0], eyelids[0][0], eyelids[1][0], ears[0][0], ears[1][0], neck[0]]
    fill_skin(builder, holes, VERTEX_COUNT - builder.count - sum(len(part.vertices) for part in parts))
    skin = np.arange(builder.count)
    eye_l, eye_r, teeth_upper, teeth_lower, tongue_block, brow_l, brow_r = (builder.add_part(part) for part in parts)
    layout = Layout(
        mouth=mouth,
        mouth_cap=mouth_cap,
        eyelids=eyelids,
        socket_caps=socket_caps,
        ears=ears,
        ear_caps=ear_caps,
        neck=neck,
        skin=skin,
        eyeballs=(eye_l, eye_r),
        teeth_upper=teeth_upper,
        teeth_lower=teeth_lower,
        tongue=tongue_block,
        brows=(brow_l, brow_r),
    )
    return builder.part(), layout


def add_pair(
    builder: MeshBuilder, rings: Floats, regions: Sequence[int], apex: Floats
) -> tuple[tuple[Ints, Ints], tuple[int, int]]:
    """Add a left patch of ``[R, N, 3]`` rings and its mirror image, each closed by a vertex of skin."""
    split = np.ones(rings.shape[1], dtype=bool)
    left = builder.add_rings(rings, regions, split)
    right = builder.add_rings(rings, regions, split, mirrored=True)
    left_cap = builder.add_cap(left[-1], apex, SKIN)
    right_cap = builder.add_cap(right[-1], apex, SKIN, mirrored=True)
    return (left, right), (left_cap, right_cap)


def closed_parts() -> tuple[Part, ...]:
    """Return both eyeballs, upper and lower teeth, the tongue and both eyebrows."""
    eye, eyebrow = eyeball(), brow()
    upper, lower = tooth_row(**UPPER_TEETH), tooth_row(**LOWER_TEETH)
    return eye, mirror_part(eye), upper, lower, tongue(), eyebrow, mirror_part(eyebrow)
