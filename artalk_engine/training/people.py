"""Recordings of people, with what they say: free ones that a system's packages hold.

| source | Debian's packages | of each person |
|---|---|---|
| ``asterisk``: what a telephone exchange says | ``asterisk-core-sounds-LANGUAGE``, its ``-g722`` | 25 min |
| ``tuxpaint``: the names of drawings | ``tuxpaint-stamps-default`` | 15 to 30 min |
| ``klettres``: letters and syllables | ``klettres-data`` | 1 to 3 min |
| ``fillets``: what two fish say in a game, with much echo | ``fillets-ng-data``, its ``-LANGUAGE`` | 45 min |

The sounds are found by `alignment`, unless a recording does not say its transcript.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from artalk_engine.audio.waveform import load_waveform
from artalk_engine.errors import AudioEmptyError

from . import alignment
from .speech import Speech

_EXCHANGE, _DOCUMENTS, _STAMPS = Path("/usr/share/asterisk/sounds"), Path("/usr/share/doc"), Path("/usr/share/tuxpaint")
_LETTERS, _GAME = Path("/usr/share/klettres"), Path("/usr/share/games/fillets-ng")


@dataclass(frozen=True, slots=True)
class PersonVoice:
    """Somebody who has been recorded.

    Attributes:
        source: whose recordings they are.
        folder: of the recordings, in ``asterisk``; in ``fillets`` which fish speaks; empty elsewhere.
        language: of the transcripts, as the source names it.
        accent: of espeak-ng, whose dictionary says how the transcripts sound.
    """

    source: Literal["asterisk", "tuxpaint", "klettres", "fillets"]
    folder: str
    language: str
    accent: str

    @property
    def name(self) -> str:
        """Source, language and folder; the exchange's folders name the language."""
        language = "" if self.source == "asterisk" else self.language
        return "-".join(filter(None, (self.source, language, self.folder)))


VOICES = (
    PersonVoice("asterisk", "en_US_f_Allison", "en", "en-us"),
    PersonVoice("asterisk", "es_MX_f_Allison", "es", "es-419"),
    PersonVoice("asterisk", "fr_CA_f_June", "fr", "fr"),
    PersonVoice("asterisk", "it_IT_m_Carlo", "it", "it"),
    PersonVoice("asterisk", "ru_RU_f_IvrvoiceRU", "ru", "ru"),
    *(PersonVoice("tuxpaint", "", language, language) for language in ("ca", "el", "es", "fr", "ro", "ru")),
    # Without Spanish and Russian: who they are is not told, and others of these languages are judged with.
    *(PersonVoice("klettres", "", language, language) for language in ("de", "fr", "hu", "it", "lt", "ml", "nl", "tn")),
    *(PersonVoice("klettres", "", *pair) for pair in (("en", "en-us"), ("en_GB", "en"), ("nb", "nb"))),
    *(PersonVoice("fillets", fish, "nl", "nl") for fish in ("small", "big")),
)


def installed_voices() -> tuple[PersonVoice, ...]:
    """Those whose recordings and transcripts are on this machine."""
    return tuple(voice for voice in VOICES if _is_installed(voice))


def texts(voice: PersonVoice) -> tuple[str, ...]:
    """What there is of somebody: the transcripts of all recordings."""
    return tuple(_recordings(voice))


def is_found(text: str, voice: PersonVoice) -> bool:
    """Whether a text's sounds are found in its recording; takes some tens of milliseconds the first time."""
    return _spoken(text, voice) is not None


def speak(text: str, voice: PersonVoice) -> Speech:
    """Return the recording of a text.

    Raises:
        KeyError: if it is none of `texts`.
        ValueError: if its sounds are not found.
    """
    spoken = _spoken(text, voice)
    if spoken is None:
        raise ValueError(f"the sounds of {text!r} are not found in its recording by {voice.name}")
    return spoken


def read_list(listed: str) -> dict[str, str]:
    """Read the lines ``name: what is said`` of the exchange.

    Returns:
        the text of each recording, by its name without a suffix.
    """
    found = {}
    for line in listed.lstrip("\ufeff").splitlines():
        name, colon, text = line.partition(":")
        if colon and not name.startswith(";"):
            found[name.strip()] = text.removeprefix(f" {name}:").strip()
    return found


def read_description(described: str, language: str) -> str:
    """Read what a drawing is called in a language from its lines ``language.utf8=text``; empty if it has no name."""
    prefix = f"{language}.utf8="
    return next((line.removeprefix(prefix).strip() for line in described.splitlines() if line.startswith(prefix)), "")


def read_sounds(listed: str) -> dict[str, str]:
    """Read the tags ``<sound name="…" file="…" />`` of a language's letters and syllables.

    Returns:
        what is said in each file, in small letters, as capitals would be spelt.
    """
    return {file: name.lower() for name, file in re.findall(r'<sound\s+name="([^"]*)"\s+file="([^"]*)"', listed)}


def read_dialogs(script: str, fish: str) -> dict[str, str]:
    """Read the lines of one fish in the game's script, where each is followed by its translation.

    Returns:
        the translation of each line, by the name of its recording without a suffix.
    """
    return {name: text.replace('\\"', '"') for name, font, text in _DIALOG.findall(script) if font == f"font_{fish}"}


def is_plain(text: str) -> bool:
    """Whether a transcript says for certain what is heard: no sound that is no speech, no sign, no damaged letter."""
    return bool(_PLAIN.fullmatch(text))


_PLAIN = re.compile(r"[^\[\]?%$£€/()\ufffd]*\w[^\[\]?%$£€/()\ufffd]*[?]?")
_STRING = r'"(?:[^"\\]|\\.)*"'
_DIALOG = re.compile(rf'dialogId\("([^"]*)", *"([^"]*)", *{_STRING}\)\s*dialogStr\("((?:[^"\\]|\\.)*)"\)')


@cache
def _spoken(text: str, voice: PersonVoice) -> Speech | None:
    try:
        waveform = load_waveform(_recordings(voice)[text])
    except AudioEmptyError:  # the game has files without a sound
        return None
    return alignment.find(text, voice.accent, waveform)


@cache
def _recordings(voice: PersonVoice) -> dict[str, Path]:
    """The recording of each transcript; of recordings with the same one the first."""
    listed = _LISTS[voice.source](voice)
    found: dict[str, Path] = {}
    for text, path in listed:
        if is_plain(text) and path.is_file():
            found.setdefault(text, path)
    return found


def _of_exchange(voice: PersonVoice) -> Iterator[tuple[str, Path]]:
    listed = gzip.decompress(_list_path(voice).read_bytes()).decode("utf-8", errors="replace")
    for name, text in read_list(listed).items():
        yield text, _EXCHANGE / voice.folder / f"{name}.g722"


def _of_stamps(voice: PersonVoice) -> Iterator[tuple[str, Path]]:
    suffix = f"_desc_{voice.language}.ogg"
    for path in sorted(_STAMPS.rglob(f"*{suffix}")):
        described = path.with_name(path.name.removesuffix(suffix) + ".txt")
        if described.is_file():
            yield read_description(described.read_text(encoding="utf-8", errors="replace"), voice.language), path


def _of_letters(voice: PersonVoice) -> Iterator[tuple[str, Path]]:
    listed = _LETTERS.joinpath(voice.language, "sounds.xml").read_text(encoding="utf-8", errors="replace")
    for file, text in read_sounds(listed).items():
        yield text, _LETTERS / file


def _of_game(voice: PersonVoice) -> Iterator[tuple[str, Path]]:
    for path in sorted(_GAME.glob(f"script/*/dialogs_{voice.language}.lua")):
        script = path.read_text(encoding="utf-8", errors="replace")
        for name, text in read_dialogs(script, voice.folder).items():
            yield text, _GAME / "sound" / path.parent.name / voice.language / f"{name}.ogg"


_LISTS = {"asterisk": _of_exchange, "tuxpaint": _of_stamps, "klettres": _of_letters, "fillets": _of_game}


def _is_installed(voice: PersonVoice) -> bool:
    if voice.source == "asterisk":
        return _list_path(voice).is_file() and (_EXCHANGE / voice.folder).is_dir()
    if voice.source == "klettres":
        return _LETTERS.joinpath(voice.language, "sounds.xml").is_file()
    if voice.source == "fillets":
        return any(_GAME.glob(f"sound/*/{voice.language}/*.ogg"))
    return any(_STAMPS.rglob(f"*_desc_{voice.language}.ogg"))


def _list_path(voice: PersonVoice) -> Path:
    package = f"core-sounds-{voice.language}"
    return _DOCUMENTS / f"asterisk-{package}" / f"{package}.txt.gz"
