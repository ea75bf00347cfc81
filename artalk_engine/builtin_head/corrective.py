"""What a wide open jaw adds to linear skinning."""

from __future__ import annotations

from .fields import Brush, painted, painted_both, summed

# What a wide open jaw adds to linear skinning: corners draw in, the upper lip lifts, the throat follows.
JAW_CORRECTIVE = summed(
    painted_both(
        Brush((25.0, -47.0, 74.0), (10.0, 13.0, 14.0), (-3.0, 0.0, 1.5)),
        Brush((42.0, -36.0, 44.0), (13.0, 18.0, 20.0), (-2.0, 0.0, -1.0)),
    ),
    painted(
        Brush((0.0, -41.0, 86.0), (15.0, 9.0, 16.0), (0.0, 2.0, 0.5), "upper"),
        Brush((0.0, -80.0, 36.0), (22.0, 12.0, 20.0), (0.0, -3.0, 0.0)),
    ),
)
