from __future__ import annotations

import math

import numpy as np
import pytest

from artalk_engine.assets import head_path
from artalk_engine.motion.smoothing import smooth
from artalk_engine.training import measures
from artalk_engine.training.head_ruler import HeadRuler
from artalk_engine.training.phones import BILABIALS, SYMBOLS, Phone
from artalk_engine.training.rule import make_motion
from artalk_engine.training.styles import STYLES
from artalk_engine.training.units import UNIT, UNIT_NAMES
from artalk_engine.training.visemes import targets_of
from bridge.motion import EXPRESSION, FPS, GLOBAL_ORIENT, JAW_POSE, JAW_YAW_ROLL
from tests.artalk_engine.training.invented_speech import invent, sound_of, spoken

# Ranges within which the head's skin does not cross itself; what smoothing adds to a unit is a few hundredths.
CLEAN = {
    "lip_close": (-3, 1), "lip_press": (-3, 2), "lower_lip_depress": (-1, 3), "upper_lip_raise": (-1, 3),
    "pucker": (-0.2, 1.5), "funnel": (-0.5, 2), "stretch": (-2, 3), "smile_l": (-2, 3), "smile_r": (-2, 3),
    "frown_l": (-3, 3), "frown_r": (-3, 3), "roll_in_lower": (-2, 2), "blink_l": (-0.05, 1.05),
    "blink_r": (-0.05, 1.05), "squint_l": (-1, 2), "squint_r": (-1, 2), "brow_inner_raise": (-3, 3),
    "brow_outer_raise_l": (-2, 3), "brow_outer_raise_r": (-2, 3), "brow_lower_l": (-3, 3), "brow_lower_r": (-3, 3),
    "tongue_up": (-0.1, 1.25), "tongue_out": (-0.1, 1.5), "tongue_back_up": (-0.1, 1.25), "cheek_raise": (-3, 3),
    "nostril_flare": (-3, 3), "cheek_puff": (-2, 3), "wide_l": (-3, 1.5), "wide_r": (-3, 1.5), "chin_raise": (-3, 3),
}  # fmt: skip


@pytest.fixture(scope="module")
def ruler():
    return HeadRuler.load()


def closed_frames(gap, phone):
    first = max(math.ceil((phone.start_s - measures.NEAR_S) * FPS), 0)
    last = math.floor((phone.end_s + measures.NEAR_S) * FPS)
    return int((gap[first : last + 1] <= measures.SEALED_MM).sum())


def test_units_are_named_as_in_the_head():
    with np.load(head_path()) as head:
        assert tuple(map(str, head["unit_names"])) == UNIT_NAMES


def test_every_phone_has_targets():
    for symbol in SYMBOLS:
        assert sum(target.share for target in targets_of(symbol)) == pytest.approx(1.0)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("pace", [0.8, 1.0, 1.5])
def test_lips_close_on_every_p_b_m_and_stay_closed_for_two_frames_after_smoothing(ruler, style, pace):
    frames = []
    for seed in range(5):
        phones, waveform = invent(seed, pace=pace)
        gap = ruler.measure(smooth(make_motion(phones, waveform, style, seed))).lip_gap
        frames += [closed_frames(gap, phone) for phone in phones if phone.symbol in BILABIALS]
    assert len(frames) >= 30
    assert min(frames) >= 1
    assert np.mean(np.array(frames) >= 2) >= 0.97


@pytest.mark.parametrize("pace", [1.0, 1.5])
def test_lips_do_not_close_elsewhere(ruler, pace):
    found = measures.Closures(0, 0, 0, 0)
    for seed in range(8):
        phones, waveform = invent(seed, pace=pace)
        gap = ruler.measure(smooth(make_motion(phones, waveform, "neutral", seed))).lip_gap
        found += measures.closures(gap, phones)
    assert found.share_elsewhere < 0.05


def test_the_lips_are_closed_while_the_closure_is_heard(ruler):
    phones = spoken(("pau", 0.3), ("aa", 0.2), ("b", 0.1), ("aa", 0.2), ("m", 0.1), ("iy", 0.2), ("pau", 0.4))
    gap = ruler.measure(smooth(make_motion(phones, sound_of(phones), "neutral", 0))).lip_gap
    times = np.arange(len(gap)) / FPS
    for phone in phones:
        if phone.symbol in BILABIALS:
            heard = (times >= phone.start_s) & (times <= phone.start_s + 0.5 * phone.duration_s)
            assert gap[heard].max() <= measures.SEALED_MM
            assert gap[(times > phone.end_s + 0.06) & (times < phone.end_s + 0.12)].min() > 2.0


@pytest.mark.parametrize("style", STYLES)
def test_silence_is_closed_and_still(ruler, style):
    for seed in range(4):
        phones, waveform = invent(seed)
        face = ruler.measure(smooth(make_motion(phones, waveform, style, seed)))
        for frames in measures.silences(phones, len(face.lip_gap)):
            assert face.lip_gap[frames].max() <= measures.SEALED_MM
            assert np.ptp(face.opening[frames]) <= 0.3


def test_in_long_silence_the_mouth_is_exactly_at_rest_and_the_eyes_blink():
    phones = (Phone("pau", 0.0, 20.0),)
    motion = make_motion(phones, np.zeros(320_000, np.float32), "neutral", 0)
    units = motion[:, EXPRESSION].copy()
    lids = units[:, UNIT["blink_l"]].copy()
    units[:, [UNIT["blink_l"], UNIT["blink_r"]]] = 0.0
    assert not units.any()
    assert not motion[:, JAW_POSE].any()
    assert not motion[:, GLOBAL_ORIENT].any()
    assert 5 <= len(measures.runs(lids > 0.5)) <= 8


@pytest.mark.parametrize("style", STYLES)
def test_blinks_close_fully_for_three_frames_at_a_natural_rate(ruler, style):
    count = seconds = 0
    for seed in range(3):
        phones, waveform = invent(seed, seconds=20.0)
        motion = smooth(make_motion(phones, waveform, style, seed))
        found = measures.blinks(ruler.measure(motion).lid_gaps)
        assert all(is_full for _, is_full in found)
        shut = measures.runs(motion[:, UNIT["blink_l"]] >= 0.97)
        assert len(shut) == len(found)
        assert all(last - first + 1 >= 3 for first, last in shut)
        count, seconds = count + len(found), seconds + len(motion) / FPS
    assert 15 <= 60 * count / seconds <= 26


def test_units_stay_in_their_clean_ranges():
    for style in STYLES:
        for seed in range(3):
            phones, waveform = invent(seed)
            motion = smooth(make_motion(phones, waveform, style, seed))
            for name, k in UNIT.items():
                low, high = CLEAN.get(name, (0.0, 0.0))
                assert low <= motion[:, k].min(), name
                assert motion[:, k].max() <= high, name
            assert motion[:, JAW_POSE.start].min() >= -0.01
            assert motion[:, JAW_POSE.start].max() <= 0.30
            assert not motion[:, JAW_YAW_ROLL].any()
            assert not motion[:, len(UNIT_NAMES) : EXPRESSION.stop].any()


def test_vowels_look_different(ruler):
    def at_middle(symbol):
        phones = spoken(("pau", 0.3), ("t", 0.08), (symbol, 0.3), ("t", 0.08), ("pau", 0.3))
        face = ruler.measure(make_motion(phones, sound_of(phones), "neutral", 0))
        middle = round(0.5 * (phones[2].start_s + phones[2].end_s) * FPS)
        return face.opening[middle], face.width[middle], face.protrusion[middle]

    aa, iy, uw = at_middle("aa"), at_middle("iy"), at_middle("uw")
    assert aa[0] > 1.5 * iy[0]
    assert aa[0] > 1.5 * uw[0]
    assert iy[1] > uw[1] + 15.0
    assert uw[2] > iy[2] + 2.0


def test_rounding_reaches_into_the_consonant_before():
    def pucker_in_s(vowel):
        phones = spoken(("pau", 0.3), ("s", 0.12), (vowel, 0.2), ("pau", 0.3))
        motion = make_motion(phones, sound_of(phones), "neutral", 0)
        return motion[round(0.38 * FPS), UNIT["pucker"]]

    assert pucker_in_s("uw") > pucker_in_s("iy") + 0.15


def test_a_spread_vowel_stops_rounding_that_an_s_lets_through():
    def pucker_before_uw(*sounds):
        phones = spoken(("pau", 0.3), *((sound, 0.1) for sound in sounds), ("uw", 0.2), ("pau", 0.3))
        motion = make_motion(phones, sound_of(phones), "neutral", 0)
        return motion[round(0.35 * FPS), UNIT["pucker"]]

    assert pucker_before_uw("s", "t") > 1.6 * pucker_before_uw("iy", "t")


def test_the_lips_are_round_before_the_sound_is():
    phones = spoken(("pau", 0.3), ("ae", 0.2), ("k", 0.1), ("uw", 0.2), ("t", 0.1), ("pau", 0.3))
    pucker = make_motion(phones, sound_of(phones), "neutral", 0)[:, UNIT["pucker"]]
    half = np.flatnonzero(pucker > 0.5 * pucker.max())[0] / FPS
    assert phones[3].start_s - 4.0 / FPS <= half <= phones[3].start_s - 1.0 / FPS


def test_the_jaw_stays_half_open_in_an_m_between_open_vowels():
    def jaw_in_m(vowel):
        phones = spoken(("pau", 0.3), (vowel, 0.2), ("m", 0.08), (vowel, 0.2), ("pau", 0.3))
        motion = smooth(make_motion(phones, sound_of(phones), "neutral", 0))
        return motion[round(0.54 * FPS), JAW_POSE.start]

    assert jaw_in_m("aa") > 1.5 * jaw_in_m("iy")
    assert jaw_in_m("aa") < 0.06


def test_p_presses_harder_than_m_and_springs_open():
    def lips(symbol):
        phones = spoken(("pau", 0.3), ("ax", 0.12), (symbol, 0.12), ("ax", 0.15), ("pau", 0.3))
        motion = smooth(make_motion(phones, sound_of(phones), "neutral", 0))
        return motion[:, UNIT["lip_press"]].max(), motion[13:, UNIT["lower_lip_depress"]].max()

    assert lips("p")[0] > 1.2 * lips("m")[0]
    assert lips("p")[1] > lips("m")[1] + 0.1


def test_f_puts_the_lower_lip_under_the_teeth_and_th_the_tongue_between_them():
    phones = spoken(("pau", 0.3), ("aa", 0.2), ("f", 0.1), ("aa", 0.2), ("th", 0.1), ("aa", 0.2), ("pau", 0.3))
    motion = smooth(make_motion(phones, sound_of(phones), "neutral", 0))
    in_f, in_th = (round((phones[k].start_s + 0.05) * FPS) for k in (2, 4))
    assert motion[in_f, UNIT["roll_in_lower"]] > 0.8
    assert motion[in_f, JAW_POSE.start] < 0.04
    assert motion[in_th, UNIT["tongue_out"]] > 0.6


def test_stressed_vowels_are_larger(ruler):
    def opening(stress):
        phones = [*spoken(("pau", 0.3), ("t", 0.08), ("ae", 0.15), ("t", 0.08), ("aa", 0.15), ("pau", 0.3))]
        phones[2] = Phone("ae", phones[2].start_s, phones[2].end_s, stress)
        return ruler.measure(make_motion(phones, sound_of(spoken(("pau", 0.9))), "neutral", 0)).opening[:14].max()

    assert opening(1) > 1.1 * opening(0)


def test_styles_differ_in_size_and_at_rest(ruler):
    phones, waveform = invent(3)
    motions = {style: make_motion(phones, waveform, style, 0) for style in STYLES}
    opening = {style: ruler.measure(motion).opening.mean() for style, motion in motions.items()}
    assert opening["angry"] > 1.05 * opening["neutral"] > 1.05 * opening["sad"]
    at_rest = {style: motion[0, EXPRESSION] for style, motion in motions.items()}
    assert at_rest["happy"][UNIT["smile_l"]] > 0.3
    assert at_rest["angry"][UNIT["brow_lower_l"]] > 0.5
    assert at_rest["sad"][UNIT["brow_inner_raise"]] > 0.5
    assert not at_rest["neutral"].any()


def test_styles_change_gestures_and_not_only_the_face_at_rest():
    phones, waveform = invent(3)
    moved = {}
    for style in STYLES:
        motion = make_motion(phones, waveform, style, 0)
        moved[style] = np.ptp(motion - motion[0], axis=0)
    brow, inner, lower = UNIT["brow_outer_raise_l"], UNIT["brow_inner_raise"], UNIT["brow_lower_l"]
    nod = GLOBAL_ORIENT.start
    assert moved["surprised"][brow] > 1.3 * moved["neutral"][brow]
    assert moved["angry"][lower] > 0.2 > moved["neutral"][lower]
    assert moved["sad"][brow] < 0.3 * moved["sad"][inner]
    assert moved["angry"][nod] > moved["neutral"][nod] > 1.3 * moved["whisper"][nod]


def test_a_syllable_that_stands_out_more_moves_head_and_brows_more():
    def marked(stress):
        phones = list(spoken(("pau", 0.3), ("t", 0.08), ("ae", 0.2), ("t", 0.08), ("ax", 0.1), ("pau", 0.5)))
        phones[2] = Phone("ae", phones[2].start_s, phones[2].end_s, stress)
        motion = make_motion(phones, sound_of(spoken(("pau", 1.26))), "neutral", 0)
        return motion[:, GLOBAL_ORIENT.start].max(), motion[:, UNIT["brow_inner_raise"]].max()

    (nod, brow), (small_nod, small_brow) = marked(1), marked(0)
    assert nod > 1.5 * small_nod
    assert brow > 1.2 * small_brow


def test_the_head_nods_by_a_few_degrees_and_comes_back():
    phones, _ = invent(5, seconds=10.0)
    still = (*phones, Phone("pau", phones[-1].end_s, phones[-1].end_s + 2.0))
    motion = make_motion(still, sound_of(still), "neutral", 0)
    degrees = np.degrees(motion[:, GLOBAL_ORIENT])
    assert 1.0 < np.percentile(np.abs(degrees[:, 0]), 98) < 5.0
    assert np.abs(degrees).max() < 8.0
    assert not degrees[-10:].any()


def test_the_same_seed_gives_the_same_motion():
    phones, waveform = invent(1)
    one, other = (make_motion(phones, waveform, "happy", 7) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("samples", [1, 640, 641, 5_000])
def test_a_frame_is_made_for_every_640_samples_begun(samples):
    phones = (Phone("m", 0.0, samples / 16_000),)
    motion = make_motion(phones, np.zeros(samples, np.float32), "neutral", 0)
    assert motion.shape == (math.ceil(samples / 640), 106)
    assert motion.dtype == np.float32
    assert np.isfinite(motion).all()


def test_nothing_makes_no_frames():
    assert make_motion((), np.zeros(0, np.float32), "neutral", 0).shape == (0, 106)


def test_an_unknown_style_is_an_error_that_names_the_styles():
    with pytest.raises(ValueError, match="neutral, happy"):
        make_motion((), np.zeros(640, np.float32), "bored", 0)
