"""The layout of a motion: FLAME parameters over time, as ARTalk numbers them.

A motion is ``[T, 106]`` float32 at 25 frames a second. Every other module reads
its channels through the slices below.
"""

from __future__ import annotations

FPS = 25
CHANNELS = 106
EXPRESSIONS = 100
WINDOW = 100  # frames that the generator makes together: four seconds

EXPRESSION = slice(0, 100)  # FLAME expression coefficients
GLOBAL_ORIENT = slice(100, 103)  # head rotation about the root joint, axis-angle, radians
JAW_POSE = slice(103, 106)  # jaw rotation, axis-angle, radians
JAW_YAW_ROLL = slice(104, 106)  # zero after smoothing, unless asked for
