"""Which languages and voices there are: espeak-ng's, the user's Piper voices, and gTTS's."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from artalk_engine.errors import LanguageError, VoiceError
from artalk_engine.folders import user_data_folder

from .espeak_library import espeak_library

DEFAULT_LANGUAGE = "en-us"
ONLINE = "gtts"
FOLDER_VARIABLE = "ARTALK_VOICES"
ALIASES = {  # what people write for codes of espeak-ng's
    "en": "en-us",
    "en-uk": "en-gb",
    "fr": "fr-fr",
    "zh": "cmn",
    "zh-cn": "cmn",
    "zh-hans": "cmn",
    "zh-tw": "cmn",
    "zh-hk": "yue",
    "chinese": "cmn",
    "mandarin": "cmn",
    "no": "nb",
    "iw": "he",
    "jp": "ja",
    "cz": "cs",
    "kr": "ko",
}
_UNUSABLE = ("xex", "fo", "kaa")  # a test of espeak-ng's authors; those whose dictionary is not in the wheel


@dataclass(frozen=True, slots=True)
class Language:
    """A language that can be spoken offline.

    Attributes:
        code: such as ``"en-us"``.
        name: in English.
        espeak: what espeak-ng calls it.
    """

    code: str
    name: str
    espeak: str


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who speaks.

    Attributes:
        name: by which it is chosen.
        kind: ``"espeak"`` speaks every language, ``"piper"`` one, ``"online"`` many.
        language: of a Piper voice, its code; ``""`` for all others.
        path: of a Piper voice's model.
        speakers: names of those that one Piper voice can be.
    """

    name: str
    kind: Literal["espeak", "piper", "online"]
    language: str = ""
    path: Path | None = None
    speakers: tuple[str, ...] = ()


@cache
def languages() -> tuple[Language, ...]:
    """List espeak-ng's languages by code."""
    found: dict[str, Language] = {}
    for voice in espeak_library().list_voices():
        code = voice.code.lower()
        code = Path(voice.path).name.lower() if code in found else code
        if code not in _UNUSABLE:
            found[code] = Language(code, voice.name, voice.path)
    return tuple(found[code] for code in sorted(found))


def find_language(text: str) -> Language:
    """Find a language by its code or its English name.

    Raises:
        LanguageError: if there is none; the message names near ones.
    """
    wanted = (text.strip() or DEFAULT_LANGUAGE).lower().replace("_", "-")
    wanted, base = ALIASES.get(wanted, wanted), wanted.partition("-")[0]
    known = {language.code: language for language in languages()}
    names = {language.name.lower(): language for language in languages()}
    found = known.get(wanted) or names.get(wanted) or known.get(ALIASES.get(base, base))
    if found is not None:
        return found
    near = get_close_matches(wanted, [*known, *names], n=4, cutoff=0.5)
    near += [name for name in names if wanted and name.startswith(wanted)]
    meant = dict.fromkeys(known.get(each) or names[each] for each in near)
    listed = "; ".join(f"{language.code}: {language.name}" for language in meant)
    raise LanguageError(
        f"There is no voice for the language {text!r}.",
        f"Did you mean {listed}?" if listed else "Choose one of those that `artalk speak --list` shows.",
    )


def voices(folder: Path | None = None) -> tuple[Voice, ...]:
    """List voices: espeak-ng's own and its variants, the Piper voices of a folder, and gTTS if it is installed."""
    variants = Path(espeak_library().data_path, "voices", "!v")
    espeak = sorted((path.name for path in variants.iterdir()), key=str.lower)
    online = [Voice(ONLINE, "online")] if find_spec("gtts") else []
    return (*piper_voices(folder), *(Voice(name, "espeak") for name in espeak), *online)


def voices_folder() -> Path:
    """Return the usual folder of Piper voices; it may not exist."""
    return Path(os.environ.get(FOLDER_VARIABLE) or user_data_folder() / "voices")


def piper_voices(folder: Path | None = None) -> tuple[Voice, ...]:
    """List the Piper voices of a folder and the folders in it; those that cannot be read are left out."""
    found = []
    for path in sorted((folder or voices_folder()).rglob("*.onnx")):
        try:
            found.append(read_piper_voice(path))
        except VoiceError:
            continue
    return tuple(found)


def read_piper_voice(path: Path) -> Voice:
    """Read what a Piper voice says of itself.

    Args:
        path: its model, or a folder with a single one.

    Raises:
        VoiceError: if there is none, or its description cannot be read.
    """
    if path.is_dir():
        path = _only_model(path)
    if not path.is_file():
        raise VoiceError(
            f"There is no Piper voice {path}.", "Choose a voice's .onnx file, or the folder that holds it."
        )
    about = path.with_name(f"{path.name}.json")
    try:
        said: Any = json.loads(about.read_text(encoding="utf-8"))
        code = said.get("language", {}).get("code") or said["espeak"]["voice"]
        speakers = sorted(said.get("speaker_id_map", {}), key=said.get("speaker_id_map", {}).get)
    except FileNotFoundError as exc:
        text = f"The Piper voice {path.name} has no {about.name} beside it."
        raise VoiceError(text, "Put both files of the voice into one folder.") from exc
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise VoiceError(
            f"{about.name} does not describe a Piper voice.", "Fetch both files of the voice again."
        ) from exc
    return Voice(path.stem, "piper", str(code).lower().replace("_", "-"), path, tuple(speakers))


def find_voice(name: str, folder: Path | None = None) -> Voice:
    """Find a voice by name, or a Piper voice by its path.

    Raises:
        VoiceError: if there is none; the message names near ones.
    """
    if name.lower() in ("", "espeak"):
        return Voice("", "espeak")
    if name.lower() == ONLINE:
        return Voice(ONLINE, "online")
    if name.lower().endswith(".onnx") or Path(name).is_dir() or os.sep in name or "/" in name:
        return read_piper_voice(Path(name))
    known = {voice.name.lower(): voice for voice in reversed(voices(folder))}
    if name.lower() in known:
        return known[name.lower()]
    near = get_close_matches(name.lower(), known, n=4, cutoff=0.5)
    listed = ", ".join(known[each].name for each in near)
    raise VoiceError(
        f"There is no voice {name!r}.",
        f"Did you mean {listed}?" if listed else "Choose one of those that `artalk speak --list` shows.",
    )


def _only_model(folder: Path) -> Path:
    models: Sequence[Path] = sorted(folder.rglob("*.onnx"))
    if not models:
        text = f"There is no Piper voice in {folder}."
        raise VoiceError(text, "A voice is two files, such as amy.onnx and amy.onnx.json: put them there.")
    if len(models) > 1:
        names = ", ".join(path.stem for path in models[:8])
        raise VoiceError(f"There are several Piper voices in {folder}.", f"Choose one of them: {names}.")
    return models[0]
