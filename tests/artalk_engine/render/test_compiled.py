"""Compiled loops work where their machine code can be kept, and where it cannot."""

from __future__ import annotations

from artalk_engine.render.compiled import compiled


def test_code_that_cannot_be_kept_is_compiled_anyway():
    made = {}
    exec(compile("def twice(x):\n    return x + x\n", "<nowhere>", "exec"), made)  # noqa: S102 - it has no file
    assert compiled(made["twice"])(21) == 42
