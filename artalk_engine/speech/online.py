"""Speech from Google's service by way of gTTS, as ARTalk's own page makes it; it tells no times.

gTTS is no part of the engine's environment: it is used where its user has installed it and allows going online.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from artalk_engine.errors import LanguageError, OptionError, VoiceError

from .options import SpeakOptions
from .spoken import Speech
from .voices import ONLINE, Language

SLOW = 0.75  # the service knows two rates; from here on downwards the slow one is meant
TIMEOUT_S = 20.0
CODES = {"cmn": "zh-CN", "nb": "no", "he": "iw"}  # where the service's differ from ours


class OnlineSynthesizer:
    """The service."""

    def __init__(self, language: Language, options: SpeakOptions) -> None:
        """Look whether the service may be asked, and knows the language.

        Raises:
            SpeechError: if not.
            OptionError: if rate or pitch are to be what the service cannot do.
        """
        if not options.allow_online:
            raise VoiceError(
                "gTTS sends your text to a service of Google's.",
                "Allow online access (--online), or choose another voice.",
            )
        if options.pitch or not (options.rate == 1.0 or options.rate <= SLOW):
            raise OptionError(
                "gTTS cannot change its pitch, and speaks at its own rate or slowly.",
                f"Leave both as they are, or choose a rate of at most {SLOW:g}.",
            )
        self._gtts = _gtts()
        self.language, self.voice, self.pause_scale = language.code, ONLINE, 1.0
        self._code, self._is_slow = self._find_code(language), options.rate <= SLOW

    def check(self, text: str) -> None:
        """Accept every text."""

    def speak(self, text: str, should_stop: Callable[[], bool] | None = None) -> Speech:  # noqa: ARG002 - no way to
        """Speak a few sentences.

        Raises:
            VoiceError: if the service cannot be reached or refuses.
        """
        from artalk_engine.audio.waveform import read_speech  # with which PyTorch is loaded

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "speech.mp3")
            try:
                self._gtts.gTTS(text, lang=self._code, slow=self._is_slow, timeout=TIMEOUT_S).save(str(path))
            except Exception as exc:  # gTTS lets those of its own libraries through
                raise VoiceError(
                    f"The online service did not speak ({exc}).", "Check the connection, or choose an offline voice."
                ) from exc
            waveform = np.concatenate(list(read_speech(path, 0.0, None, "mix")))
        return Speech(waveform, (), self.language, self.voice)

    def _find_code(self, language: Language) -> str:
        known = {code.lower(): code for code in self._gtts.lang.tts_langs()}
        for code in (CODES.get(language.code, language.code).lower(), language.code.partition("-")[0]):
            if code in known:
                return str(known[code])
        raise LanguageError(f"gTTS has no voice for {language.name}.", "Choose another voice; espeak-ng has one.")


def _gtts() -> Any:
    try:
        import gtts
        import gtts.lang
    except ImportError as exc:
        raise VoiceError(
            "gTTS is not installed in the engine's Python.", "Install it there: python -m pip install gTTS"
        ) from exc
    return gtts
