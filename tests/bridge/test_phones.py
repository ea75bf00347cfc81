import numpy as np
import pytest

from bridge.motion_file import MotionFile, load_motion, save_motion
from bridge.phones import Phones, check_closures, is_bilabial

PHONES = Phones(("", "ˈp", "ɑː", "m", ""), np.array([[0, 1], [1, 1.1], [1.1, 1.5], [1.5, 1.6], [1.6, 2]], np.float32))


@pytest.mark.parametrize(
    ("symbol", "closes"),
    [
        ("p", True),
        ("ˈb", True),
        ("pf", True),
        ("mʲ", True),
        ("m̩", True),
        ("ᵐb", True),
        ("f", False),
        ("", False),
        ("β", False),
    ],
)
def test_sounds_that_need_closed_lips_are_told_by_their_letter(symbol, closes):
    assert is_bilabial(symbol) == closes


@pytest.mark.parametrize(
    ("closed", "reached"), [([], 0), ([26], 1), ([24], 1), ([29], 1), ([30], 0), ([26, 39], 2), ([26, 27, 28], 1)]
)
def test_closures_count_within_sixty_milliseconds(closed, reached):
    gap = np.full(50, 5.0)
    gap[closed] = 0.5
    found = check_closures(PHONES, gap)
    assert (found.reached, found.total) == (reached, 2)


def test_phones_beyond_the_motion_do_not_count():
    assert check_closures(PHONES, np.zeros(30)).total == 1


@pytest.mark.parametrize("ending", [".npz", ".json"])
def test_phones_are_kept_in_motion_files(tmp_path, ending):
    path = tmp_path / f"motion{ending}"
    save_motion(path, MotionFile(np.zeros((50, 106), np.float32), "builtin", "a.wav", "1", "calm", PHONES))
    read = load_motion(path).phones
    assert read.symbols == PHONES.symbols
    np.testing.assert_array_equal(read.times, PHONES.times)


@pytest.mark.parametrize("ending", [".npz", ".json", ".csv", ".pt"])
def test_files_without_phones_are_read_as_ever(tmp_path, ending):
    path = tmp_path / f"motion{ending}"
    save_motion(path, MotionFile(np.zeros((50, 106), np.float32), "flame", "a.wav", "1"))
    assert load_motion(path).phones is None


def test_a_file_of_no_phones_at_all_is_read(tmp_path):
    path = tmp_path / "motion.json"
    none = Phones((), np.zeros((0, 2), np.float32))
    save_motion(path, MotionFile(np.zeros((50, 106), np.float32), "flame", "a.wav", "1", "", none))
    assert load_motion(path).phones.symbols == ()


def test_phones_pass_through_a_table():
    symbols, rows = PHONES.table()
    assert len(symbols) == 4
    again = Phones.of_table(symbols, rows)
    assert again.symbols == PHONES.symbols
    np.testing.assert_array_equal(again.times, PHONES.times)


def test_a_range_of_time_counts_from_its_beginning():
    part = PHONES.between(1.05, 1.55)
    assert part.symbols == ("ˈp", "ɑː", "m")
    np.testing.assert_allclose(part.times, [[0, 0.05], [0.05, 0.45], [0.45, 0.5]], atol=1e-6)


@pytest.mark.parametrize("times", [np.zeros((2, 2)), [[1, 0]], [[np.nan, 1]], [[0, 1]]])
def test_times_that_make_no_sense_are_refused(times):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        Phones(("a",), np.array(times, np.float64 if np.shape(times) == (1, 2) and times == [[0, 1]] else np.float32))
