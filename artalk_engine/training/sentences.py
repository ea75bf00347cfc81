"""Sentences to train and to judge on, written by a small grammar.

The words were chosen so that all phones occur in many neighbourhoods and the lips close often: about every third word
has a p, b or m. A sentence belongs to training or to the held-out set by a checksum of its text, so no list has to be
kept and both sides always agree.
"""

from __future__ import annotations

import zlib

import numpy as np

HELD_OUT_SHARE = 0.08


def make_sentence(rng: np.random.Generator, is_held_out: bool = False) -> str:
    """Write one sentence of the wanted side.

    Args:
        rng: the source of all choices.
        is_held_out: write for the evaluation instead of the training.

    Returns:
        Plain English text with its punctuation, about 10 to 110 letters.
    """
    while True:
        text = _expand(str(rng.choice(_PATTERNS)), rng)
        text = text[0].upper() + text[1:]
        if belongs_to_evaluation(text) == is_held_out:
            return text


def belongs_to_evaluation(text: str) -> bool:
    """Whether training must not see this sentence."""
    return zlib.crc32(text.encode()) % 1000 < 1000 * HELD_OUT_SHARE


def _expand(pattern: str, rng: np.random.Generator) -> str:
    words = []
    for piece in pattern.split(" "):
        slot = piece.strip(".,?!")
        choices = _WORDS.get(slot)
        words.append(piece.replace(slot, str(rng.choice(choices))) if choices else piece)
    return " ".join(words)


_PATTERNS = (
    "NAME VERBED the ADJ THING.",
    "NAME and NAME VERBED a ADJ THING PLACE.",
    "the ADJ THING was ADJ, but the THING was ADJ.",
    "PLACE, NAME VERBED my ADJ THING.",
    "did NAME VERB the THING PLACE?",
    "WHY did you VERB that ADJ THING?",
    "please VERB the THING, NAME.",
    "NUMBER ADJ THINGS and NUMBER THINGS, that is all.",
    "I MAYBE VERB NUMBER THINGS before TIME.",
    "we MAYBE VERB it TIME.",
    "MAYBE it is ADJ. MAYBE it is not.",
    "NAME said: VERB the THING, and VERB it well.",
    "no, the THING is PLACE!",
    "yes. NAME VERBED it TIME.",
    "if you VERB the THING, I will VERB the ADJ THINGS TIME.",
    "what a ADJ THING!",
    "my FAMILY VERBED NUMBER ADJ THINGS PLACE.",
    "their FAMILY and our FAMILY VERBED each other TIME.",
    "TIME we VERB the THINGS PLACE, and then we VERB a THING.",
    "NUMBER, NUMBER, NUMBER and NUMBER.",
    "oh, how ADJ and ADJ you are, NAME.",
    "there is nothing as ADJ as a ADJ THING.",
    "could the FAMILY VERB our THING, or is it too ADJ?",
    "NAME never VERBED a THING without a THING.",
    "good morning, NAME. MAYBE we VERB TIME?",
    "THING, THING, THING.",
    "ADJ THINGS, ADJ FAMILY, ADJ THING.",
)


def _list(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


_WORDS = {
    "NAME": _list(
        "Bob Emma Peter Maya Pamela Tom Amber Phoebe Joe Ruth Victor Zoe George Shirley Hugh Yasmin Theo Chloe Walter"
        " Kate Barbara Simon Miriam Jacob Otto Uma Igor Leo Abby Judge_Murphy Captain_Webb Doctor_Bloom"
    ),
    "VERB": _list(
        "pick_up buy move remember bring paint build throw wash choose measure keep push jump_over improve empty borrow"
        " mix hide find watch follow change open number save climb bump employ unwrap judge enjoy teach use count mop"
    ),
    "VERBED": _list(
        "picked_up bought moved remembered brought painted built threw washed chose measured kept pushed jumped_over"
        " improved emptied borrowed mixed hid found watched followed changed opened saved climbed bumped unwrapped"
        " judged enjoyed taught used counted mopped"
    ),
    "ADJ": _list(
        "big purple small warm beautiful empty brown simple broken bitter marvellous impossible thick rough smooth"
        " yellow quiet huge cheap young shiny loud thin foggy fair obvious jumbo wet evil azure poor royal pure oily"
        " humble maple ample sober ordinary ugly easy awful early able usual icy old"
    ),
    "THING": _list(
        "pumpkin boat map umbrella bottle camera bubble mushroom treasure apple pepper hammer problem table thumb path"
        " feather bathroom jacket chair garage vision voice ring finger oyster coin house mouth cow fire tower window"
        " leather tooth book foot wool goose shoe nurse bird earth beach bee lamb comb chimney television number pebble"
        " ribbon cabin tempo bamboo album lamp stamp jungle yogurt engine acorn onion"
    ),
    "THINGS": _list(
        "pumpkins boats maps umbrellas bottles cameras bubbles mushrooms apples peppers hammers problems tables thumbs"
        " paths feathers jackets chairs voices rings fingers coins houses mouths cows towers windows books birds bees"
        " lambs combs chimneys pebbles ribbons lamps stamps engines onions oranges"
    ),
    "PLACE": _list(
        "by_the_bridge in_the_park under_the_table at_the_beach on_top_of_the_map behind_my_house near_the_airport"
        " between_the_beams over_there above_the_shop from_the_museum in_Boston outside_the_bank at_school"
        " among_the_bamboo beyond_the_azure_bay up_the_ramp"
    ),
    "TIME": _list(
        "today tomorrow at_noon in_the_morning before_breakfast on_Monday in_September after_supper at_five_past_nine"
        " this_evening every_Thursday once_in_a_while right_away in_a_minute at_the_beginning next_year"
    ),
    "NUMBER": _list(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen twenty fifty sixty seventy"
        " a_hundred a_thousand"
    ),
    "MAYBE": _list("may might could should would maybe probably perhaps must"),
    "WHY": _list("why when where how"),
    "FAMILY": _list(
        "mother father brother sister uncle baby boy girl children people neighbour family members friends boss"
    ),
}
