"""Soft masks over the vertices that materials mix their colours by, so that no colour ends at a row of triangles."""

from __future__ import annotations

import numpy as np

from .design import EYE_COLUMNS, Floats
from .eyes import CREASE_RING, LID_SEAM_RING
from .fields import Canvas
from .mouth import BORDER_RING, INNER_RING
from .rings import angles
from .traits import bump

TINTS = (
    "lips",  # the red of the lips, fading over the border into the skin
    "blush",  # where blood shows: cheeks, nose, ears, chin, lids
    "shade",  # where light hardly comes: creases, the bowl of the ear, under the chin
    "lashes",  # the dark line of the lashes
)
# Places of blush, given for the left side: centre, reach, strength.
BLUSH = (
    ((38.0, -17.0, 58.0), (12.0, 10.0, 22.0), 0.85),  # cheeks
    ((0.0, -14.0, 100.0), (9.0, 8.0, 10.0), 0.75),  # tip of the nose
    ((0.0, -70.0, 80.0), (11.0, 8.0, 16.0), 0.35),  # chin
)
EAR_BLUSH = (0.1, 0.3, 0.5, 0.7, 0.75, 0.65, 0.6, 0.6)  # by ring, root to bowl
EAR_SHADE = (0.5, 0.4, 0.1, 0.0, 0.0, 0.1, 0.5, 0.9)
LID_BLUSH = (0.25, 0.4, 0.45, 0.5, 0.6, 1.0, 1.0)  # by ring, crease to hidden edge
LID_SHADE = (0.75, 0.35, 0.1, 0.0, 0.0, 0.0, 0.4)  # of the upper lid; the lower one has less
LOWER_LID_SHADE = 0.35
LASH_BLEED = 0.14  # share of the lashes' darkness on the lid above them


def tints(canvas: Canvas) -> Floats:
    """Return the masks ``[V, 4]`` between zero and one, in the order of `TINTS`."""
    masks = np.stack([lip_mask(canvas), blush_mask(canvas), shade_mask(canvas), lash_mask(canvas)], axis=1)
    masks = np.maximum(masks, masks[canvas.mirror])
    return np.asarray(np.clip(masks, 0.0, 1.0))


def lip_mask(canvas: Canvas) -> Floats:
    """Return one on the lips and one half on their border, ``[V]``."""
    mask = np.zeros(len(canvas.vertices))
    mask[canvas.layout.mouth[BORDER_RING]] = 0.5
    mask[canvas.layout.mouth[BORDER_RING + 1 : INNER_RING]] = 1.0
    return mask


def blush_mask(canvas: Canvas) -> Floats:
    """Return where the skin is redder, ``[V]``."""
    mask = np.zeros(len(canvas.vertices))
    for centre, reach, strength in BLUSH:
        mask = np.maximum(mask, strength * bump(canvas.vertices, centre, reach))
    for rings in canvas.layout.ears:
        mask[rings] = np.array(EAR_BLUSH)[:, None]
    for rings in canvas.layout.eyelids:
        mask[rings[CREASE_RING : CREASE_RING + len(LID_BLUSH)]] = np.array(LID_BLUSH)[:, None]
    mask[list(canvas.layout.ear_caps)] = EAR_BLUSH[-1]
    return mask


def shade_mask(canvas: Canvas) -> Floats:
    """Return where the skin is darker, ``[V]``."""
    under_chin = bump(canvas.vertices, (0.0, -86.0, 34.0), (34.0, 14.0, 26.0))
    below_lip = bump(canvas.vertices, (0.0, -60.5, 84.0), (9.0, 2.5, 10.0))
    nostril = bump(canvas.vertices, (5.2, -21.5, 89.0), (2.4, 2.4, 5.0))
    mask: Floats = np.max([0.6 * under_chin, 0.35 * below_lip, 1.3 * nostril], axis=0)
    for rings in canvas.layout.ears:
        mask[rings] = np.array(EAR_SHADE)[:, None]
    for rings in canvas.layout.eyelids:
        side = np.where(np.sin(angles(EYE_COLUMNS)) > -0.05, 1.0, LOWER_LID_SHADE)
        mask[rings[CREASE_RING : CREASE_RING + len(LID_SHADE)]] = np.outer(LID_SHADE, side)
    mask[list(canvas.layout.ear_caps)] = 1.0
    return mask


def lash_mask(canvas: Canvas) -> Floats:
    """Return the line of the lashes, ``[V]``: full on the upper lid's edge, faint on the lower one's."""
    rise = np.sin(angles(EYE_COLUMNS))
    strength = np.where(rise > -0.05, 1.0, 0.35)
    mask = np.zeros(len(canvas.vertices))
    for rings in canvas.layout.eyelids:
        mask[rings[LID_SEAM_RING - 2]] = LASH_BLEED * strength
        mask[rings[LID_SEAM_RING - 1]] = strength
        mask[rings[LID_SEAM_RING]] = 0.6 * strength
    return mask
