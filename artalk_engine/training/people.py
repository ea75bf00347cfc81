"""Recordings of people, with what they say: free ones that a system's packages hold.

| source | Debian's packages | of each person |
|---|---|---|
| ``asterisk``: what a telephone exchange says | ``asterisk-core-sounds-LANGUAGE``, its ``-g722`` | 25 min |
| ``tuxpaint``: the names of drawings | ``tuxpaint-stamps-default`` | 15 to 30 min |

The sounds are found with `sound_models`; a recording that does not say its transcript is left out.
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

from . import espeak, sound_models
from .sound_models import Transcribed
from .speech import Speech

_EXCHANGE, _DOCUMENTS, _STAMPS = Path("/usr/share/asterisk/sounds"), Path("/usr/share/doc"), Path("/usr/share/tuxpaint")


@dataclass(frozen=True, slots=True)
class PersonVoice:
    """Somebody who has been recorded.

    Attributes:
        source: whose recordings they are.
        folder: of the recordings, in ``asterisk``; in ``tuxpaint`` all lie together, and it is empty.
        language: of the transcripts, as the source names it.
        accent: of espeak-ng, whose dictionary says how the transcripts sound.
    """

    source: Literal["asterisk", "tuxpaint"]
    folder: str
    language: str
    accent: str

    @property
    def name(self) -> str:
        """Source and folder, or language."""
        return f"{self.source}-{self.folder or self.language}"


VOICES = (
    PersonVoice("asterisk", "en_US_f_Allison", "en", "en-us"),
    PersonVoice("asterisk", "es_MX_f_Allison", "es", "es-419"),
    PersonVoice("asterisk", "fr_CA_f_June", "fr", "fr"),
    PersonVoice("asterisk", "it_IT_m_Carlo", "it", "it"),
    PersonVoice("asterisk", "ru_RU_f_IvrvoiceRU", "ru", "ru"),
    *(PersonVoice("tuxpaint", "", language, language) for language in ("ca", "el", "es", "fr", "ro", "ru")),
)


def installed_voices() -> tuple[PersonVoice, ...]:
    """Those whose recordings and transcripts are on this machine."""
    return tuple(voice for voice in VOICES if _is_installed(voice))


def texts(voice: PersonVoice) -> tuple[str, ...]:
    """What there is of somebody: the transcripts of all recordings whose sounds were found."""
    return tuple(_spoken(voice))


def listed_texts(voice: PersonVoice) -> tuple[str, ...]:
    """All transcripts of somebody, whether or not their sounds will be found; quick."""
    return tuple(_recordings(voice))


def speak(text: str, voice: PersonVoice) -> Speech:
    """Return the recording of a text.

    Raises:
        KeyError: if it is none of `texts`.
    """
    return _spoken(voice)[text]


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


def is_plain(text: str) -> bool:
    """Whether a transcript says for certain what is heard: no sound that is no speech, no sign, no damaged letter."""
    return bool(_PLAIN.fullmatch(text))


_PLAIN = re.compile(r"[^\[\]?$£€/()\ufffd]*\w[^\[\]?$£€/()\ufffd]*[?]?")


@cache
def _spoken(voice: PersonVoice) -> dict[str, Speech]:
    """All recordings of somebody whose sounds are found, by what is said; takes some seconds."""
    pronounced, manner = _recordings(voice), espeak.EspeakVoice(voice.accent)
    waveforms = {text: load_waveform(path) for text, path in pronounced.items()}
    said = [Transcribed(waveform, espeak.transcribe_words(text, manner)) for text, waveform in waveforms.items()]
    phones = sound_models.align(said)
    return {text: Speech(waveforms[text], found) for text, found in zip(waveforms, phones, strict=True) if found}


@cache
def _recordings(voice: PersonVoice) -> dict[str, Path]:
    """The recording of each transcript; of recordings with the same one the first."""
    listed = _of_exchange(voice) if voice.source == "asterisk" else _of_stamps(voice)
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


def _is_installed(voice: PersonVoice) -> bool:
    if voice.source == "asterisk":
        return _list_path(voice).is_file() and (_EXCHANGE / voice.folder).is_dir()
    return any(_STAMPS.rglob(f"*_desc_{voice.language}.ogg"))


def _list_path(voice: PersonVoice) -> Path:
    package = f"core-sounds-{voice.language}"
    return _DOCUMENTS / f"asterisk-{package}" / f"{package}.txt.gz"
