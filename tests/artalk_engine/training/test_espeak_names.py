import pytest

from artalk_engine.training.espeak_names import from_espeak


@pytest.mark.parametrize(
    ("mnemonic", "symbols"),
    [("tS", ("ch",)), ("_:", ("pau",)), ("'eI", ("ey",)), ("@L", ("ax", "l")), ("aI@", ("ay", "ax")), ("t#", ("t",))],
)
def test_english_names_become_canonical_symbols(mnemonic, symbols):
    assert from_espeak(mnemonic) == symbols


@pytest.mark.parametrize(
    ("language", "mnemonic", "symbols"),
    [
        ("en", "r", ("r",)),
        ("es", "r", ("rr",)),
        ("fr", "r", ("rh",)),
        ("de", "'Y:", ("oe",)),
        ("fr", "O~", ("oo",)),
        ("ja", "u", ("ix",)),
        ("ja", "p\\", ("ph",)),
        ("ja", "_j", ("y",)),
        ("cmn", "S;", ("sy",)),
        ("cmn", "ts.h", ("ch",)),
        ("pl", "y", ("ix",)),
        ("de", "y:", ("yy",)),
        ("es", "B", ("bh",)),
        ("it", "t:", ("t",)),
        ("ro", "'ea", ("y", "aa")),
        ("ro", "y", ("ix",)),
    ],
)
def test_a_name_means_what_its_language_says(language, mnemonic, symbols):
    assert from_espeak(mnemonic, language) == symbols


@pytest.mark.parametrize("mnemonic", ["51", "(en)", ";", "||"])
def test_tones_and_changes_of_language_are_no_sounds(mnemonic):
    assert from_espeak(mnemonic, "cmn") == ()


def test_an_unknown_name_is_an_error():
    with pytest.raises(ValueError, match="no counterpart"):
        from_espeak("q~Y")
