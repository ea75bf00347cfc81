# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell which bone is which joint of SMPL-X, however it is spelled; needs no Blender.

``left_hip``, ``L_Hip``, ``hip.L``, ``LeftHip`` and ``m_avg_L_Hip`` are the same joint. Words in front of a
joint's name, such as a character's, do no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from bridge.body import JOINTS

SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ENDINGS = ("smplhf",)  # of the eyes, in some lists

Key = tuple[str, str]  # side or "", and the joint's own name


def joints_of(names: Iterable[str]) -> dict[int, str]:
    """Find the joints of SMPL-X among bones.

    Args:
        names: of the bones.

    Returns:
        The bone's name by the joint's index. Of several bones for one joint it is the one that is
        spelled as SMPL-X does, then the one with the fewest words in front.
    """
    found: dict[int, tuple[int, str]] = {}
    for name in names:
        joint, spare = _joint(name)
        if joint >= 0 and (joint not in found or spare < found[joint][0]):
            found[joint] = (spare, name)
    return {joint: found[joint][1] for joint in sorted(found)}


@lru_cache(maxsize=4096)  # panels ask at every redraw
def _joint(name: str) -> tuple[int, int]:
    """Return a joint's index, -1 for none, and how far the name is from SMPL-X's."""
    if name in JOINTS:
        return JOINTS.index(name), -1
    words = _words(name)
    for spare in range(len(words)):
        joint = _BY_KEY.get(_key(words[spare:]))
        if joint is not None:
            return joint, spare
    return -1, 0


def _words(name: str) -> list[str]:
    words = [word.lower() for word in _WORDS.findall(name)]
    return [part for word in words for part in _without_side(word) if part not in _ENDINGS]


def _without_side(word: str) -> tuple[str, ...]:
    """Take a word such as ``lefthip`` apart."""
    for side in ("left", "right"):
        if word.startswith(side) and word != side:
            return side, word[len(side) :]
    return (word,)


def _key(words: list[str]) -> Key:
    side = next((SIDES[word] for word in words if word in SIDES), "")
    return side, "".join(word for word in words if word not in SIDES)


_BY_KEY = {_key(_words(joint)): index for index, joint in enumerate(JOINTS)}
