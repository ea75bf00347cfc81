"""Whoever is killed, at whatever moment: nothing hangs, nothing is left, and the next take is made.

``kills.py`` does the same hundreds of times.
"""

from __future__ import annotations

import random
import sys

import pytest

from tests.blender_addon.kills import WAYS, Campaign

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux does")]


def test_every_way_of_being_killed_leaves_a_blender_that_works(tmp_path):
    tally = Campaign(sys.executable, tmp_path / "campaign", random.Random(5)).run(len(WAYS))  # noqa: S311 - to be repeated
    assert tally.failures == []
    assert sum(tally.kills.values()) == len(WAYS)
