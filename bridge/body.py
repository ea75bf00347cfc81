"""The layout of a body clip: SMPL-X's joints, in its order.

Rotations are relative to the parent joint, in axes that are those of the model at rest: X to the body's
left, Y up, Z to the front, arms stretched out to the sides. Names and parents are plain facts about the
model; nothing else of it is here.
"""

from __future__ import annotations

BODY_JOINTS = (
    "pelvis",
    "left_hip",
    "right_hip",
    "spine1",
    "left_knee",
    "right_knee",
    "spine2",
    "left_ankle",
    "right_ankle",
    "spine3",
    "left_foot",
    "right_foot",
    "neck",
    "left_collar",
    "right_collar",
    "head",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
)
FACE_JOINTS = ("jaw", "left_eye_smplhf", "right_eye_smplhf")
FINGERS = ("index", "middle", "pinky", "ring", "thumb")
HAND_JOINTS = tuple(
    f"{side}_{finger}{segment}" for side in ("left", "right") for finger in FINGERS for segment in (1, 2, 3)
)
JOINTS = (*BODY_JOINTS, *FACE_JOINTS, *HAND_JOINTS)

_BODY_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
_FIRST_OF_HAND = len(BODY_JOINTS) + len(FACE_JOINTS)
_HAND_PARENTS = tuple(
    (20 + index // 15) if index % 3 == 0 else _FIRST_OF_HAND + index - 1 for index in range(len(HAND_JOINTS))
)
PARENTS = (*_BODY_PARENTS, 15, 15, 15, *_HAND_PARENTS)  # of each joint, its parent's index

PELVIS, NECK, HEAD, JAW = (JOINTS.index(name) for name in ("pelvis", "neck", "head", "jaw"))
SMPLH_JOINTS = (*range(len(BODY_JOINTS)), *range(_FIRST_OF_HAND, len(JOINTS)))  # SMPL-H has no jaw and no eyes

EXPRESSIONS = 100  # of the SMPL-X of 2020, which are those of the FLAME of 2020
SHAPES = 300
