"""What can go wrong in the engine, as one family.

    EngineError
    ├── ConfigError          a config that contradicts itself or lacks a field
    ├── CheckpointError      weights that do not fit the model, or cannot be read
    ├── RigMismatchError     a model, a motion or a style that speaks to another head
    ├── AssetMissingError    a file that the engine needs is not on disk
    ├── OptionError          a choice that makes no sense
    │   └── OutputError          a film that exists already, or cannot be written
    ├── GaussiansError       Gaussians that cannot be drawn
    ├── DeviceError          something to compute on that is not here
    ├── StyleError           a style that is unknown or of the wrong shape
    ├── FlameFileError       a head model that cannot be read
    ├── AvatarError          a photographic avatar that is unknown, or cannot be used
    │   └── ConsentError         nobody has said that its face may be used
    ├── SpeechError          a text that cannot be spoken
    │   ├── TextError            nothing in it to say, or not in letters that the voice reads
    │   ├── LanguageError        a language without a voice
    │   └── VoiceError           a voice that is not there, or does not work
    └── AudioError
        ├── AudioMissingError    no such file
        ├── AudioEmptyError      a file or a waveform without a sample
        ├── AudioFormatError     not sound, or sound that cannot be decoded
        ├── AudioValueError      samples that are no numbers
        ├── AudioRangeError      a range of time that holds nothing
        └── AudioChannelError    a channel that nobody knows

Each has a ``code`` for programs, one sentence for people (``str(error)``) and a
``remedy``: what to do about it.
"""

from __future__ import annotations

from typing import Any


class EngineError(Exception):
    """Anything the engine tells its user about.

    Attributes:
        code: stable name of the kind of failure.
        remedy: one sentence that says what to do.
    """

    code = "engine"
    default_remedy = "See the engine's log for details."

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy or self.default_remedy

    def __reduce__(self) -> tuple[Any, ...]:
        """Let an error cross to another process whatever its class is made from."""
        return _remade, (type(self), self.args), self.__dict__


def _remade(kind: type[EngineError], args: tuple[Any, ...]) -> EngineError:
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class ConfigError(EngineError):
    """A configuration contradicts itself or lacks a field."""

    code = "config"
    default_remedy = "Use the config.json that belongs to the checkpoint."


class CheckpointError(EngineError):
    """A checkpoint does not fit the model, or cannot be read."""

    code = "checkpoint"
    default_remedy = "Choose the checkpoint that belongs to this config.json, or fetch it again."


class RigMismatchError(EngineError):
    """A model, a motion or a style speaks to another head than the one asked for.

    Attributes:
        found: the rig that it speaks to, ``"builtin"`` or ``"flame"``.
        wanted: the rig that is asked for.
    """

    code = "rig_mismatch"

    def __init__(self, what: str, found: str, wanted: str) -> None:
        super().__init__(
            f"{what} speaks to the {found} rig, and the {wanted} rig is asked for",
            f"Choose one that was made for the {wanted} rig, or the {found} rig for it.",
        )
        self.found, self.wanted = found, wanted


class AssetMissingError(EngineError):
    """A file that the engine needs is not on disk."""

    code = "asset_missing"
    default_remedy = "Install the add-on again, or restore the assets folder."


class OptionError(EngineError):
    """A choice that makes no sense, or that the model cannot follow."""

    code = "option"
    default_remedy = "See --help."


class OutputError(OptionError):
    """A film or a picture exists already, or cannot be written."""

    code = "output"
    default_remedy = "Choose another name, in a folder that you may write to."


class GaussiansError(EngineError):
    """Gaussians that are to be drawn have a wrong shape or no finite values.

    Attributes:
        argument: the one that is wrong.
    """

    code = "gaussians"
    default_remedy = "Give finite numbers, for the same Gaussians in every argument."

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(f"the Gaussians' {argument} {problem}")
        self.argument = argument


class DeviceError(EngineError):
    """A model is to run on something that this machine, or its PyTorch, does not have."""

    code = "device"
    default_remedy = "Choose another device, or auto."


class StyleError(EngineError):
    """A speaking style is unknown or has the wrong shape."""

    code = "style"
    default_remedy = "Choose one of the listed styles, or give 50 frames of motion with 106 channels."


class FlameFileError(EngineError):
    """A head model is missing, damaged or in no format of FLAME's."""

    code = "flame_file"
    default_remedy = "Choose a FLAME file (.pkl, .pt or .npz) as its authors distribute it."


class SpeechError(EngineError):
    """A text cannot be spoken."""

    code = "speech"
    default_remedy = "Choose another voice."


class TextError(SpeechError):
    """There is nothing to say in a text, or nothing that the voice can read."""

    code = "text"
    default_remedy = "Write what is to be said."


class LanguageError(SpeechError):
    """There is no voice for a language."""

    code = "language"
    default_remedy = "Choose one of the listed languages."


class VoiceError(SpeechError):
    """A voice for text is not there, or does not work."""

    code = "voice"


class AvatarError(EngineError):
    """A photographic avatar is unknown, damaged or of another kind."""

    code = "avatar"
    default_remedy = "Choose one of the listed avatars."


class ConsentError(AvatarError):
    """Nobody has said that the face of an avatar may be used."""

    code = "consent"


class AudioError(EngineError):
    """Sound cannot be used."""

    code = "audio"
    default_remedy = "Choose a speech recording such as WAV, FLAC, MP3 or M4A."


class AudioMissingError(AudioError):
    """There is no such sound file."""

    code = "audio_missing"
    default_remedy = "Check the path of the sound file."


class AudioEmptyError(AudioError):
    """A sound has not a single sample."""

    code = "audio_empty"
    default_remedy = "Choose a recording that has sound in it."


class AudioFormatError(AudioError):
    """A file is not sound, or in a form that cannot be decoded."""

    code = "audio_format"


class AudioValueError(AudioError):
    """Samples are infinite or no numbers at all.

    Attributes:
        count: how many are.
        first_s: where the first of them is, in seconds from the beginning of the file or array.
    """

    code = "audio_values"
    default_remedy = "Export the sound again."

    def __init__(self, source: str, count: int, first_s: float) -> None:
        which = "1 sample that is no number," if count == 1 else f"{count:,} samples that are no numbers, the first"
        super().__init__(f"{source} has {which} at {first_s:.4f} s")
        self.count, self.first_s = count, first_s


class AudioRangeError(AudioError):
    """A range of time cannot be taken from any sound."""

    code = "audio_range"
    default_remedy = "Choose a beginning from 0 s upwards, and an end after it."


class AudioChannelError(AudioError):
    """There is no such way to choose a channel."""

    code = "audio_channel"
    default_remedy = "Choose mix, left, right or loudest."
