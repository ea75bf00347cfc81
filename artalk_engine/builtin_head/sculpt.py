"""The last touches on the finished skin: furrows and fullness that the rings and ellipsoids do not give.

They displace the template only.  The lips and what lies behind them, and the lids, stay exactly where their rings put
them, so that closing and blinking are not touched.
"""

from __future__ import annotations

import numpy as np

from .design import Floats
from .eyes import CREASE_RING
from .fields import Brush, Canvas, painted, painted_both, summed
from .mouth import BORDER_RING

DEEP = 30.0  # reach along Z of a brush that works on whatever skin lies in front

TOUCHES = summed(
    painted(
        Brush((0.0, -32.0, 90.0), (2.4, 4.0, DEEP), (0.0, 0.0, -1.3)),  # philtrum
        Brush((0.0, -61.5, 84.0), (12.0, 3.2, DEEP), (0.0, 0.0, -1.1)),  # furrow above the chin
    ),
    painted_both(
        Brush((5.5, -32.5, 90.0), (2.2, 4.2, DEEP), (0.0, 0.0, 0.7)),  # ridges beside the philtrum
        Brush((5.2, -22.5, 90.0), (2.6, 2.4, 4.5), (0.0, 2.8, -0.8)),  # nostrils
        Brush((14.5, -17.0, 78.0), (2.6, 5.0, 12.0), (-0.6, 0.0, -1.6)),  # behind the wings of the nose
        Brush((18.0, -23.0, 78.0), (4.0, 4.5, DEEP), (0.0, 0.0, -0.8)),  # from the nose to the corners of the mouth
        Brush((24.0, -31.0, 74.0), (4.0, 5.0, DEEP), (0.0, 0.0, -0.9)),
        Brush((29.0, -40.0, 70.0), (4.0, 5.0, DEEP), (0.0, 0.0, -0.7)),
        Brush((31.0, -24.0, 70.0), (6.0, 7.0, DEEP), (0.5, 0.0, 0.7)),  # the cheek beside it
        Brush((41.0, -62.0, 34.0), (10.0, 12.0, 18.0), (4.0, -1.5, 2.0)),  # line of the jaw
    ),
)


def sculpted(canvas: Canvas) -> Floats:
    """Return the head's vertices ``[V, 3]`` with the touches added."""
    touches = TOUCHES(canvas)
    touches[canvas.layout.mouth[BORDER_RING:]] = 0.0
    for rings in canvas.layout.eyelids:
        touches[rings[CREASE_RING:]] = 0.0
    return np.asarray(canvas.vertices + touches)
