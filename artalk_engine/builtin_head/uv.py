"""Texture coordinates: a chart for every piece of the head, packed side by side into the unit square.

Patches of rings become discs (their outermost ring is the rim), tubes become strips, the free skin is unrolled by
longitude and latitude with its seam down the back of the head, and the hair lies flat as seen from above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .assembly import Layout
from .design import NECK_COLUMNS, SCALP, Floats, Ints
from .ears_neck import hairline_directions
from .eyes import EYEBALL_COLUMNS, EYEBALL_RINGS
from .rings import Part, angles
from .surface import direction_of
from .teeth_tongue import BROW_COLUMNS, TONGUE_COLUMNS, TOOTH_SECTION

Box = tuple[float, float, float, float]  # left, bottom, right, top

MARGIN = 0.004  # left empty at every side of a box
SKIN_BOX: Box = (0.0, 0.46, 1.0, 1.0)
HAIR_BOX: Box = (0.0, 0.14, 0.32, 0.46)
MOUTH_BOX: Box = (0.32, 0.18, 0.60, 0.46)
EYELID_BOXES: tuple[Box, Box] = ((0.60, 0.26, 0.80, 0.46), (0.80, 0.26, 1.0, 0.46))
EAR_BOXES: tuple[Box, Box] = ((0.60, 0.12, 0.74, 0.26), (0.74, 0.12, 0.88, 0.26))
TONGUE_BOX: Box = (0.88, 0.12, 1.0, 0.26)
NECK_BOX: Box = (0.0, 0.0, 0.24, 0.14)
EYEBALL_BOXES: tuple[Box, Box] = ((0.24, 0.0, 0.42, 0.18), (0.42, 0.0, 0.60, 0.18))
EYEBALL_BACK_BOXES: tuple[Box, Box] = (
    (0.24, 0.156, 0.264, 0.18),
    (0.42, 0.156, 0.444, 0.18),
)  # a corner no disc reaches
TEETH_BOXES: tuple[Box, Box] = ((0.60, 0.06, 0.88, 0.12), (0.60, 0.0, 0.88, 0.06))
BROW_BOXES: tuple[Box, Box] = ((0.88, 0.06, 1.0, 0.12), (0.88, 0.0, 1.0, 0.06))


@dataclass(frozen=True, slots=True)
class Chart:
    """A piece laid flat.

    Attributes:
        vertices: ``[N]`` indices; the chart takes the triangles that lie wholly among them.
        places: ``[N, 2]`` in the chart's own square from (0, 0) to (1, 1).  The pole of a strip, which lies over all
            of its columns, has not-a-number for its first coordinate.
        box: where the square goes.
    """

    vertices: Ints
    places: Floats
    box: Box


def texture_coordinates(part: Part, layout: Layout) -> Floats:
    """Return ``[F, 3, 2]`` coordinates of the triangles' corners, from (0, 0) to (1, 1)."""
    uv = np.full((len(part.faces), 3, 2), np.nan)
    is_open = np.ones(len(part.faces), dtype=bool)
    for chart in (*patch_charts(part, layout), *tube_charts(layout), hair_chart(part), skin_chart(part, layout)):
        places = np.full((len(part.vertices), 2), np.nan)
        places[chart.vertices] = chart.places
        mine = is_open & np.isin(part.faces, chart.vertices).all(axis=1)
        uv[mine] = packed(facing_up(unwrapped(places[part.faces[mine]])), chart.box)
        is_open &= ~mine
    return uv


def unwrapped(corners: Floats) -> Floats:
    """Let the triangles ``[F, 3, 2]`` that close a strip end at 1 rather than 0, and centre those at its poles."""
    u, v = np.moveaxis(corners.copy(), -1, 0)
    wide = np.nanmax(u, axis=1) - np.nanmin(u, axis=1) > 0.5
    u[wide[:, None] & (u < 0.5)] += 1.0
    u = np.where(np.isnan(u), np.nanmean(u, axis=1, keepdims=True), u)
    return np.stack([u, v], axis=-1)


def facing_up(corners: Floats) -> Floats:
    """Mirror a chart's triangles ``[F, 3, 2]`` when they run clockwise."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = float(np.sum(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]))
    return corners if area > 0.0 else corners * [-1.0, 1.0] + [1.0, 0.0]


def packed(corners: Floats, box: Box) -> Floats:
    """Move a chart's ``[F, 3, 2]`` corners into its box."""
    low, high = np.array(box[:2]) + MARGIN, np.array(box[2:]) - MARGIN
    return np.asarray(low + corners * (high - low))


def patch_charts(part: Part, layout: Layout) -> list[Chart]:
    """Return the discs of mouth, eyelids and ears, and the neck's strip."""
    mouth = disc_chart(part, layout.mouth, layout.mouth_cap, MOUTH_BOX)
    eyelids = [disc_chart(part, *piece) for piece in zip(layout.eyelids, layout.socket_caps, EYELID_BOXES, strict=True)]
    ears = [disc_chart(part, *piece) for piece in zip(layout.ears, layout.ear_caps, EAR_BOXES, strict=True)]
    return [mouth, *eyelids, *ears, strip_chart(layout.neck.ravel(), NECK_COLUMNS, 0, NECK_BOX)]


def tube_charts(layout: Layout) -> list[Chart]:
    """Return the charts of eyeballs, teeth, tongue and eyebrows."""
    charts = [strip_chart(layout.tongue, TONGUE_COLUMNS, 2, TONGUE_BOX)]
    for teeth, box in zip((layout.teeth_upper, layout.teeth_lower), TEETH_BOXES, strict=True):
        charts.append(strip_chart(teeth, len(TOOTH_SECTION), 2, box))
    for brow, box in zip(layout.brows, BROW_BOXES, strict=True):
        charts.append(strip_chart(brow, BROW_COLUMNS, 2, box))
    for ball, front, back in zip(layout.eyeballs, EYEBALL_BOXES, EYEBALL_BACK_BOXES, strict=True):
        charts += eyeball_charts(ball, front, back)
    return charts


def disc_chart(part: Part, rings: Ints, cap: int, box: Box) -> Chart:
    """Lay ``[R, N]`` rings around their cap, as far from each other as they are on the head."""
    points = part.vertices[rings]
    steps = np.linalg.norm(np.diff(points, axis=0), axis=-1).mean(axis=1)
    last = np.linalg.norm(points[-1] - part.vertices[cap], axis=-1).mean()
    radius = np.append(steps, last)[::-1].cumsum()[::-1]
    return Chart(np.append(rings.ravel(), cap), disc_places(radius / radius[0], rings.shape[1]), box)


def disc_places(radius: Floats, columns: int) -> Floats:
    """Return the places of rings at ``[R]`` radii up to one, and of their centre, ``[R * N + 1, 2]``."""
    phi = angles(columns)
    circle = np.stack([np.cos(phi), np.sin(phi)], axis=-1)
    around = 0.5 + 0.5 * radius[:, None, None] * circle
    return np.concatenate([around.reshape(-1, 2), [[0.5, 0.5]]])


def strip_chart(vertices: Ints, columns: int, poles: int, box: Box) -> Chart:
    """Unroll rings of ``columns`` vertices, followed by two poles (of the first and the last ring) or none."""
    rings = (len(vertices) - poles) // columns
    step = 1.0 / (rings + 1 if poles else rings - 1)
    v = np.repeat(np.arange(rings) * step + (step if poles else 0.0), columns)
    u = np.tile(np.arange(columns) / columns, rings)
    places = np.stack([u, v], axis=-1)
    ends = np.array([[np.nan, 0.0], [np.nan, 1.0]])[:poles]
    return Chart(vertices, np.concatenate([places, ends]), box)


def eyeball_charts(vertices: Ints, front: Box, back: Box) -> list[Chart]:
    """Lay an eyeball flat as a disc around where it looks, and its last ring as a small disc of its own."""
    rings, poles = vertices[:-2], vertices[-2:]
    disc = disc_places(np.array(EYEBALL_RINGS) / EYEBALL_RINGS[-1], EYEBALL_COLUMNS)
    rear = disc_places(np.ones(1), EYEBALL_COLUMNS)
    return [
        Chart(np.append(rings, poles[0]), disc, front),
        Chart(np.append(rings[-EYEBALL_COLUMNS:], poles[1]), rear, back),
    ]


def hair_chart(part: Part) -> Chart:
    """Lay the hair flat around its middle; equal areas stay nearly equal."""
    vertices = np.flatnonzero(part.regions == SCALP)
    crown = hairline_directions()[1].mean(axis=0) * [0.0, 1.0, 1.0]
    crown /= np.linalg.norm(crown)
    left, front = np.array([1.0, 0.0, 0.0]), np.cross(crown, [1.0, 0.0, 0.0])
    direction = direction_of(part.vertices[vertices])
    flat = np.stack([direction @ left, direction @ front], axis=-1)
    flat /= np.sqrt(1.0 + direction @ crown)[:, None]  # Lambert's azimuthal equal-area projection
    return Chart(vertices, 0.5 + 0.5 * flat / np.abs(flat).max(), HAIR_BOX)


def skin_chart(part: Part, layout: Layout) -> Chart:
    """Unroll the skin by longitude and latitude around the head's centre; the seam is at the back."""
    direction = direction_of(part.vertices[layout.skin])
    turn = np.round(np.arctan2(direction[:, 0], direction[:, 2]) / (2.0 * np.pi) + 0.5, 9) % 1.0
    height = np.arcsin(np.clip(direction[:, 1], -1.0, 1.0))
    is_free = ~np.isin(layout.skin, np.concatenate([layout.mouth[1:].ravel(), layout.neck[1:].ravel()]))
    low, high = height[is_free].min(), np.arcsin(hairline_directions()[1][:, 1].max())
    return Chart(layout.skin, np.stack([turn, (height - low) / (high - low)], axis=-1), SKIN_BOX)
