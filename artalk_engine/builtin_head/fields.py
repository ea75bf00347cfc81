"""The brushes with which expressions, identities and correctives are painted on the finished head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .assembly import Layout
from .design import MIRROR_X, Floats, Ints, Triple
from .eyes import ORBIT_RINGS
from .mouth import INNER_RING
from .rings import Part
from .skinning import jaw_share
from .sphere import mirror_index


@dataclass(frozen=True, slots=True)
class Canvas:
    """The finished head, ready to be painted on.

    Attributes:
        vertices: ``[V, 3]`` in millimetres.
        layout: where the pieces are.
        lower: ``[V]``, 1 where skin belongs to the jaw and the lower lip, 0 to the upper; `jaw_share`.
        soft: ``[V]``, how far a vertex follows brushes: 0 for teeth, tongue, eyeballs and the lids' inner rings.
        mirror: ``[V]``, index of each vertex's twin.
    """

    vertices: Floats
    layout: Layout
    lower: Floats
    soft: Floats
    mirror: Ints


Field = Callable[[Canvas], Floats]


@dataclass(frozen=True, slots=True)
class Brush:
    """A soft push: where, how wide (standard deviations), and by how much, all in millimetres."""

    centre: Triple
    reach: Triple
    move: Triple
    lip: str = "both"  # "upper" and "lower" leave the other lip where it is


def make_canvas(part: Part, layout: Layout) -> Canvas:
    """Prepare the assembled head for painting."""
    soft = np.zeros(len(part.vertices))
    soft[layout.skin] = 1.0
    soft[np.concatenate(layout.brows)] = 1.0
    for rings in layout.eyelids:
        soft[rings] = 0.0
        soft[rings[: len(ORBIT_RINGS)]] = np.array([0.9, 0.6, 0.25])[:, None]
    soft[layout.mouth[INNER_RING:]] = np.array([1.0, 0.8, 0.4, 0.0, 0.0])[:, None]
    soft[[layout.mouth_cap, *layout.socket_caps]] = 0.0
    return Canvas(part.vertices, layout, jaw_share(part, layout), soft, mirror_index(part.vertices))


def paint(canvas: Canvas, *brushes: Brush) -> Floats:
    """Return the displacement of all brushes together, ``[V, 3]``."""
    total = np.zeros_like(canvas.vertices)
    for brush in brushes:
        offset = (canvas.vertices - brush.centre) / brush.reach
        weight = canvas.soft * np.exp(-0.5 * np.sum(offset**2, axis=1))
        if brush.lip == "upper":
            weight = weight * (1.0 - canvas.lower)
        elif brush.lip == "lower":
            weight = weight * canvas.lower
        total += weight[:, None] * np.array(brush.move)
    return total


def mirrored(canvas: Canvas, field: Floats) -> Floats:
    """Return the mirror image of ``[V, 3]`` displacements."""
    return np.asarray(field[canvas.mirror] * MIRROR_X)


def painted(*brushes: Brush) -> Field:
    """Return a field of brushes as they stand."""
    return lambda canvas: paint(canvas, *brushes)


def painted_right(*brushes: Brush) -> Field:
    """Return a field of brushes given for the left side, on the right side."""
    return lambda canvas: mirrored(canvas, paint(canvas, *brushes))


def painted_both(*brushes: Brush) -> Field:
    """Return a field of brushes given for the left side, on both sides."""

    def field(canvas: Canvas) -> Floats:
        left = paint(canvas, *brushes)
        return left + mirrored(canvas, left)

    return field


def summed(*fields: Field) -> Field:
    """Return the sum of several fields."""
    return lambda canvas: np.sum([field(canvas) for field in fields], axis=0)


def on_the_right(field: Field) -> Field:
    """Return the mirror image of a field."""
    return lambda canvas: mirrored(canvas, field(canvas))
