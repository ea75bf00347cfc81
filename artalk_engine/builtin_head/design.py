"""The design of the built-in head: counts, names, and where things are.

Conventions of the whole package
    Axes: X to the character's left, Y up, Z out of the face.  The origin lies near the centre of the head.
    Units: millimetres and radians while building; the finished model is in metres (see `model.to_metres`).
    Shapes: V vertices, F triangles, J joints, R rings, N vertices in a ring.
    Rings: a patch of skin is an array ``[R, N, 3]``; ring 0 is its outer border, columns run counter-clockwise
    as seen from outside the head, starting at +X (mouth, neck) or at the temple (eyes).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Triple = tuple[float, float, float]

VERTEX_COUNT = 5023
FACE_COUNT = 9976
IDENTITY_COUNT = 300
EXPRESSION_COUNT = 100

ROOT, NECK, JAW, EYE_L, EYE_R = range(5)
PARENTS = (-1, ROOT, NECK, NECK, NECK)
JAW_WIDE_OPEN = 0.35  # radians about +X

REGIONS = (
    "skin",
    "lips",
    "inner_mouth",
    "teeth",
    "tongue",
    "eye_l",
    "eye_r",
    "lids",
    "scalp",
    "brows",
    "iris",  # of triangles only; the vertices of both irises are eye_l and eye_r
    "pupil",
)
SKIN, LIPS, INNER_MOUTH, TEETH, TONGUE, LEFT_EYE, RIGHT_EYE, LIDS, SCALP, BROWS, IRIS, PUPIL = range(len(REGIONS))

MIRROR_X = np.array([-1.0, 1.0, 1.0])

HEAD_CENTRE = np.array([0.0, 5.0, 0.0])  # the skin between the patches is star-shaped around this point

EYE_CENTRE = np.array([31.5, 15.0, 52.0])  # the left eye
EYE_RADIUS = 20.5
LID_SHELL = 1.5  # the lids slide this far outside the eyeball
LID_EDGE = 0.6  # the wet edge of a lid ends this far outside the eyeball

MOUTH_Y = -47.0
MOUTH_COLUMNS = 60
EYE_COLUMNS = 32
EAR_COLUMNS = 20
NECK_COLUMNS = 40

EAR_CENTRE = np.array([0.0, -7.0, -13.0])  # x comes from the skin

JOINTS_MM = np.array(
    [
        [0.0, -128.0, -26.0],  # root, in the neck rim
        [0.0, -72.0, -22.0],  # neck
        [0.0, -8.0, 2.0],  # jaw, between the hinges below the ears
        EYE_CENTRE,
        EYE_CENTRE * MIRROR_X,
    ]
)

# Ellipsoids as (centre, radii).  A centre off the middle stands for itself and its mirror image.
BODY_ELLIPSOIDS = (
    ((0.0, 32.0, -10.0), (71.0, 71.0, 78.0)),  # skull
    ((0.0, 54.0, 30.0), (44.0, 34.0, 38.0)),  # forehead
    ((0.0, -8.0, 24.0), (58.0, 60.0, 50.0)),  # face
    ((0.0, -67.0, 61.0), (19.0, 13.5, 20.0)),  # chin
    ((0.0, -47.0, 54.0), (32.0, 24.0, 29.0)),  # muzzle
    ((35.0, -20.0, 44.0), (23.0, 23.0, 26.0)),  # cheeks
    ((26.0, 41.0, 53.0), (25.0, 10.0, 14.0)),  # brow ridges
    ((36.0, -38.0, 8.0), (15.0, 22.0, 26.0)),  # jaw corners
    ((0.0, -70.0, -22.0), (31.0, 60.0, 33.0)),  # top of the neck
    ((0.0, -180.0, -27.0), (40.0, 80.0, 41.0)),  # foot of the neck
)
NOSE_ELLIPSOIDS = (
    ((0.0, 4.0, 74.0), (6.5, 24.0, 11.0)),  # bridge
    ((0.0, -14.0, 89.0), (10.5, 9.5, 12.0)),  # ball
    ((8.5, -16.5, 82.0), (6.0, 5.5, 8.0)),  # wings
)
SOCKET_ELLIPSOIDS = (((31.5, 15.0, 86.0), (25.0, 20.0, 17.0)),)
BODY_BLEND, NOSE_BLEND, SOCKET_BLEND = 8.0, 3.5, 4.0  # widths of the smooth unions
