"""What people have said to callers: the recorded prompts of Asterisk, a telephone exchange, with their transcripts.

Free recordings of people in several languages, half an hour of each, wideband. Their sounds are found with
`sound_models`; a recording that does not say its transcript is left out. Debian has them as
``asterisk-core-sounds-LANGUAGE`` (the transcripts) and ``asterisk-core-sounds-LANGUAGE-g722``.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from . import espeak, sound_models
from .sound_models import Transcribed
from .speech import Speech

_SOUNDS, _DOCUMENTS = Path("/usr/share/asterisk/sounds"), Path("/usr/share/doc")


@dataclass(frozen=True, slots=True)
class PromptVoice:
    """Somebody who has recorded prompts.

    Attributes:
        name: of the folder of the recordings: language, sex and name.
        language: of the transcripts, as the packages name it.
        accent: of espeak-ng, whose dictionary says how the transcripts sound.
    """

    name: str
    language: str
    accent: str


VOICES = (
    PromptVoice("en_US_f_Allison", "en", "en-us"),
    PromptVoice("es_MX_f_Allison", "es", "es-419"),
    PromptVoice("fr_CA_f_June", "fr", "fr"),
    PromptVoice("it_IT_m_Carlo", "it", "it"),
    PromptVoice("ru_RU_f_IvrvoiceRU", "ru", "ru"),
)


def installed_voices() -> tuple[PromptVoice, ...]:
    """Those whose recordings and transcripts are on this machine."""
    return tuple(
        voice for voice in VOICES if _transcripts_path(voice).is_file() and _SOUNDS.joinpath(voice.name).is_dir()
    )


def texts(voice: PromptVoice) -> tuple[str, ...]:
    """What there is of somebody: the transcripts of all recordings whose sounds were found."""
    return tuple(_spoken(voice))


def speak(text: str, voice: PromptVoice) -> Speech:
    """Return the recording of a text.

    Raises:
        KeyError: if it is none of `texts`.
    """
    return _spoken(voice)[text]


def read_transcripts(listed: str) -> dict[str, str]:
    """Read lines of ``name: what is said``; remarks, sounds that are no speech, and damaged lines are left out.

    Returns:
        the text of each recording, by its name without a suffix; of recordings with the same text the first.
    """
    found: dict[str, str] = {}
    for line in listed.lstrip("\ufeff").splitlines():
        name, colon, text = line.partition(":")
        text = text.removeprefix(f" {name}:").strip()
        if colon and not name.startswith(";") and _SPOKEN.fullmatch(text) and text not in found.values():
            found[name.strip()] = text
    return found


_SPOKEN = re.compile(r"[^\[\]?\ufffd]*\w[^\[\]?\ufffd]*[?]?")


@cache
def _spoken(voice: PromptVoice) -> dict[str, Speech]:
    """All recordings of somebody whose sounds are found, by what is said; takes some seconds."""
    pronounced, manner = dict(_recordings(voice)), espeak.EspeakVoice(voice.accent)
    waveforms = {text: _decode(path) for text, path in pronounced.items()}
    said = [Transcribed(waveform, espeak.transcribe_words(text, manner)) for text, waveform in waveforms.items()]
    phones = sound_models.align(said)
    return {text: Speech(waveforms[text], found) for text, found in zip(waveforms, phones, strict=True) if found}


def _recordings(voice: PromptVoice) -> Iterator[tuple[str, Path]]:
    listed = gzip.decompress(_transcripts_path(voice).read_bytes()).decode("utf-8", errors="replace")
    for name, text in read_transcripts(listed).items():
        path = _SOUNDS / voice.name / f"{name}.g722"
        if path.is_file():
            yield text, path


def _decode(path: Path) -> NDArray[np.float32]:
    """Decode G.722, a format without a header: ``[S]`` at 16 kHz."""
    with av.open(str(path), format="g722") as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.asarray(np.concatenate(frames) / 32768.0, np.float32)


def _transcripts_path(voice: PromptVoice) -> Path:
    package = f"core-sounds-{voice.language}"
    return _DOCUMENTS / f"asterisk-{package}" / f"{package}.txt.gz"
