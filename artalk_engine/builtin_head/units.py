"""The expression units, in the order of their coefficients."""

from __future__ import annotations

from dataclasses import dataclass

from .design import Triple
from .eyes import LID_LOWER, LID_MEETING, LID_UPPER
from .fields import Brush, Field, on_the_right, painted, painted_both, painted_right, summed
from .units_eyes import move_left_lids
from .units_mouth import close_lips, move_tongue, press_lips, roll_lip, round_lips


@dataclass(frozen=True, slots=True)
class Unit:
    """A named direction; one unit of its coefficient is a clearly visible, natural amount."""

    name: str
    counterpart: str  # FACS action unit / ARKit blend shape
    field: Field


MOUTH_MIDDLE: Triple = (0.0, -47.0, 88.0)
CORNER: Triple = (24.0, -46.0, 76.0)

SMILE = (
    Brush(CORNER, (10.0, 10.0, 15.0), (6.0, 6.0, -3.5)),
    Brush((34.0, -24.0, 62.0), (13.0, 12.0, 16.0), (2.0, 4.0, 3.0)),
)
FROWN = (
    Brush((22.0, -47.0, 78.0), (10.0, 9.0, 15.0), (1.0, -5.5, -1.0)),
    Brush((17.0, -62.0, 74.0), (10.0, 9.0, 15.0), (0.0, -2.0, 0.5)),
)
DIMPLE = (Brush((26.0, -45.0, 74.0), (8.0, 7.0, 12.0), (2.5, 0.5, -4.5)),)
BROW_OUTER = (Brush((42.0, 47.0, 46.0), (14.0, 14.0, 22.0), (0.5, 6.0, 0.0)),)
BROW_LOWER = (
    Brush((24.0, 46.0, 58.0), (17.0, 11.0, 22.0), (-1.5, -4.0, 1.0)),
    Brush((11.0, 43.0, 66.0), (8.0, 9.0, 18.0), (-1.0, -3.5, 1.5)),
)
CHEEK_RAISE = (Brush((36.0, -14.0, 60.0), (14.0, 11.0, 16.0), (0.5, 4.0, 2.5)),)
SQUINT = summed(move_left_lids(-7.0, 9.0), painted(Brush((36.0, -10.0, 60.0), (14.0, 8.0, 16.0), (0.0, 2.0, 1.0))))
BLINK = move_left_lids(LID_MEETING - LID_UPPER, LID_MEETING - LID_LOWER)
WIDE = move_left_lids(7.0, -4.0)
LOWER_LIP_DOWN = Brush((0.0, -53.0, 86.0), (16.0, 10.0, 16.0), (0.0, -5.5, 0.6), "lower")
UPPER_LIP_UP = Brush((0.0, -41.0, 86.0), (16.0, 10.0, 16.0), (0.0, 4.5, 0.8), "upper")
UPPER_LIP_IN = Brush((0.0, -43.0, 86.0), (15.0, 8.0, 14.0), (0.0, -0.5, -2.2), "upper")
LOWER_LIP_IN = Brush((0.0, -52.0, 86.0), (15.0, 8.0, 14.0), (0.0, 1.5, -3.2), "lower")
FLARE = (
    Brush(MOUTH_MIDDLE, (13.0, 12.0, 16.0), (0.0, 4.5, 2.0), "upper"),
    Brush(MOUTH_MIDDLE, (13.0, 12.0, 16.0), (0.0, -5.0, 2.0), "lower"),
)

TONGUE_OUT = summed(move_tongue(0.0, 20.0, 0.75), move_tongue(7.5, 0.0, 0.5, flattening=0.35))

EXPRESSIONS = (
    Unit("lip_close", "mouthClose", close_lips),
    Unit("lip_press", "AU24 / mouthPressLeft+Right", press_lips),
    Unit("lower_lip_depress", "AU16 / mouthLowerDownLeft+Right", painted(LOWER_LIP_DOWN)),
    Unit("upper_lip_raise", "AU10 / mouthUpperUpLeft+Right", painted(UPPER_LIP_UP)),
    Unit("pucker", "AU18 / mouthPucker", round_lips(10.5, 16.5, 5.5)),
    Unit("funnel", "AU22 / mouthFunnel", summed(round_lips(15.5, 21.0, 3.5), painted(*FLARE))),
    Unit(
        "stretch", "AU20 / mouthStretchLeft+Right", painted_both(Brush(CORNER, (11.0, 11.0, 15.0), (6.5, -0.5, -3.5)))
    ),
    Unit("smile_l", "AU12 / mouthSmileLeft", painted(*SMILE)),
    Unit("smile_r", "AU12 / mouthSmileRight", painted_right(*SMILE)),
    Unit("frown_l", "AU15 / mouthFrownLeft", painted(*FROWN)),
    Unit("frown_r", "AU15 / mouthFrownRight", painted_right(*FROWN)),
    Unit("roll_in_upper", "AU28 / mouthRollUpper", summed(roll_lip(True, 38.0), painted(UPPER_LIP_IN))),
    Unit("roll_in_lower", "AU28 / mouthRollLower", summed(roll_lip(False, 42.0), painted(LOWER_LIP_IN))),
    Unit("corner_pull", "AU13", painted_both(Brush(CORNER, (8.0, 8.0, 14.0), (4.0, 3.0, -3.0)))),
    Unit(
        "cheek_puff", "AU34 / cheekPuff", painted_both(Brush((37.0, -38.0, 54.0), (14.0, 13.0, 20.0), (7.0, 0.0, 5.5)))
    ),
    Unit(
        "mouth_left",
        "mouthLeft (negative: mouthRight)",
        painted(Brush(MOUTH_MIDDLE, (24.0, 14.0, 20.0), (7.0, 0.5, 0.0))),
    ),
    Unit("dimple_l", "AU14 / mouthDimpleLeft", painted(*DIMPLE)),
    Unit("dimple_r", "AU14 / mouthDimpleRight", painted_right(*DIMPLE)),
    Unit("blink_l", "AU45 / eyeBlinkLeft", BLINK),
    Unit("blink_r", "AU45 / eyeBlinkRight", on_the_right(BLINK)),
    Unit("squint_l", "AU7 / eyeSquintLeft", SQUINT),
    Unit("squint_r", "AU7 / eyeSquintRight", on_the_right(SQUINT)),
    Unit("wide_l", "AU5 / eyeWideLeft", WIDE),
    Unit("wide_r", "AU5 / eyeWideRight", on_the_right(WIDE)),
    Unit(
        "brow_inner_raise",
        "AU1 / browInnerUp",
        painted_both(Brush((15.0, 46.0, 64.0), (10.0, 14.0, 22.0), (0.0, 6.5, 1.0))),
    ),
    Unit("brow_outer_raise_l", "AU2 / browOuterUpLeft", painted(*BROW_OUTER)),
    Unit("brow_outer_raise_r", "AU2 / browOuterUpRight", painted_right(*BROW_OUTER)),
    Unit("brow_lower_l", "AU4 / browDownLeft", painted(*BROW_LOWER)),
    Unit("brow_lower_r", "AU4 / browDownRight", painted_right(*BROW_LOWER)),
    Unit(
        "nose_wrinkle",
        "AU9 / noseSneerLeft+Right",
        painted_both(
            Brush((9.0, -14.0, 84.0), (7.0, 8.0, 14.0), (1.0, 3.5, 0.0)),
            Brush((14.0, -34.0, 80.0), (9.0, 8.0, 14.0), (0.0, 2.5, 0.5), "upper"),
            Brush((10.0, 36.0, 66.0), (9.0, 9.0, 18.0), (-0.8, -2.0, 1.0)),
        ),
    ),
    Unit("tongue_up", "tongue tip to the ridge", move_tongue(9.5, 2.0, 0.5)),
    Unit(
        "tongue_out",
        "AU19 / tongueOut",
        TONGUE_OUT,
    ),
    Unit("tongue_back_up", "back of the tongue to the palate", move_tongue(8.0, -2.0, 0.3, middle=0.45)),
    Unit(
        "chin_raise",
        "AU17 / mouthShrugLower",
        painted(
            Brush((0.0, -69.0, 72.0), (16.0, 9.0, 20.0), (0.0, 4.0, 2.0), "lower"),
            Brush(MOUTH_MIDDLE, (17.0, 9.0, 16.0), (0.0, 2.4, 1.0)),
        ),
    ),
    Unit("cheek_raise", "AU6 / cheekSquintLeft+Right", painted_both(*CHEEK_RAISE)),
    Unit("nostril_flare", "AU38", painted_both(Brush((10.0, -16.5, 84.0), (5.0, 5.0, 8.0), (1.8, 0.3, 0.0)))),
)
