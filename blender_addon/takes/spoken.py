# SPDX-License-Identifier: GPL-3.0-or-later
"""What is spoken when in a take, where its sound was made from a text.

It lies with the sound, so that every take of that sound knows it, or with the take where there is no sound.
"""

from __future__ import annotations

import json
from typing import Any

import bpy
import numpy as np

from bridge.phones import Phones

from .record import take_details
from .sound import sound_of

PHONES = "artalk_phones"  # on the Sound, or the Action: JSON of the symbols and their times


def keep_phones(action: bpy.types.Action, phones: Phones | None) -> None:
    """Store what is spoken when, counted from the beginning of the take's sound; nothing if that is not known."""
    if phones is None or not phones.symbols:
        return
    place = sound_of(action) or action
    place[PHONES] = json.dumps(
        {"symbols": phones.symbols, "times": [[round(float(time), 4) for time in times] for times in phones.times]}
    )


def phones_of(action: bpy.types.Action) -> Phones | None:
    """Return what a take speaks when, counted from its first frame; ``None`` where that is not known.

    Raises:
        TakeError: if the take cannot be read.
    """
    sound, speech = sound_of(action), take_details(action).speech
    kept = action.get(PHONES) or (sound.get(PHONES) if sound is not None else None)
    try:
        record: Any = json.loads(kept) if kept else None
        if record is None:
            return None
        phones = Phones(tuple(record["symbols"]), np.array(record["times"], np.float32).reshape(-1, 2))
    except (ValueError, KeyError, TypeError):  # written by somebody else
        return None
    return phones.between(speech.start_s, speech.end_s)
