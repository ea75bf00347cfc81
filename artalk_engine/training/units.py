"""The built-in head's expression units by name.

Unit ``k`` is expression coefficient ``k`` of a motion for the rig ``"builtin"``. Names and order are those stored in
``assets/head.npz`` under ``unit_names``.
"""

from __future__ import annotations

UNIT_NAMES: tuple[str, ...] = (
    "lip_close",
    "lip_press",
    "lower_lip_depress",
    "upper_lip_raise",
    "pucker",
    "funnel",
    "stretch",
    "smile_l",
    "smile_r",
    "frown_l",
    "frown_r",
    "roll_in_upper",
    "roll_in_lower",
    "corner_pull",
    "cheek_puff",
    "mouth_left",
    "dimple_l",
    "dimple_r",
    "blink_l",
    "blink_r",
    "squint_l",
    "squint_r",
    "wide_l",
    "wide_r",
    "brow_inner_raise",
    "brow_outer_raise_l",
    "brow_outer_raise_r",
    "brow_lower_l",
    "brow_lower_r",
    "nose_wrinkle",
    "tongue_up",
    "tongue_out",
    "tongue_back_up",
    "chin_raise",
    "cheek_raise",
    "nostril_flare",
)
UNIT: dict[str, int] = {name: k for k, name in enumerate(UNIT_NAMES)}

JAW_PER_LIP_CLOSE = 0.06  # radians of open jaw over which one unit of lip_close brings the lips together


def sides(name: str) -> tuple[int, ...]:
    """Indices of a unit: one, or left and right where the head splits it.

    Raises:
        KeyError: for a name that the head does not have.
    """
    return (UNIT[name],) if name in UNIT else (UNIT[f"{name}_l"], UNIT[f"{name}_r"])
