# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong in the add-on itself.

::

    AddonError
    ├── HeadFileError       a head's file is missing, damaged or not in FLAME's format
    ├── RigError            there is no rig, it is incomplete, or it is gone
    │   ├── IdentityError       a rig's identity cannot be changed
    │   └── RigMismatchError    the voice speaks to another kind of rig
    ├── TakeError           a take cannot be written, found or read
    ├── BodyError           an armature is no body, or has no clip, or cannot be animated now
    ├── ExchangeError       the head cannot be written as a file for other programs
    ├── SoundError          no sound was chosen, or Blender cannot play it
    ├── PreviewError        there is nothing to preview
    ├── BusyError           another job is running
    ├── EngineMissingError  no Python of an engine is known
    ├── EngineJobError      the engine answered that a job failed
    └── SetupFailedError    something could not be installed, downloaded or checked

``str(error)`` is one sentence for the user, ``remedy`` says what to do about it,
``code`` names the kind of failure for programs.
"""

from __future__ import annotations

from pathlib import Path


class AddonError(Exception):
    """The root of every error that the add-on raises.

    Attributes:
        code: the kind of failure, stable across versions.
        remedy: what the user can do, one sentence; ``""`` where there is nothing.
    """

    code = "addon"

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.remedy = remedy


class HeadFileError(AddonError):
    """A head's file is missing, damaged, or does not hold a model in FLAME's format."""

    code = "head_file"

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(f"{path}: {reason}.", remedy)
        self.path = path


class RigError(AddonError):
    """There is no rig to work on, or it lacks a part that it was made with."""

    code = "rig"


class IdentityError(RigError):
    """A rig has no identity to change, or it cannot be changed right now."""

    code = "identity"


class RigMismatchError(RigError):
    """The voice's motion means nothing on this kind of rig."""

    code = "rig_mismatch"

    def __init__(self, rig_name: str, rig_kind: str, voice_kind: str) -> None:
        super().__init__(
            f"The voice speaks to a rig of the kind '{voice_kind}', but '{rig_name}' is of the kind '{rig_kind}'.",
            "Choose a rig of the voice's kind, or create one.",
        )
        self.rig_kind = rig_kind
        self.voice_kind = voice_kind


class TakeError(AddonError):
    """A take cannot be written, found or read."""

    code = "take"


class BodyError(AddonError):
    """An armature is no body, has no clip, or cannot be animated as it is."""

    code = "body"


class ExchangeError(AddonError):
    """The head cannot be written in a format of other programs."""

    code = "exchange"


class SoundError(AddonError):
    """No usable sound file was chosen, or this Blender cannot play it."""

    code = "sound"


class PreviewError(AddonError):
    """There is nothing to draw pictures of, or no room for them."""

    code = "preview"


class BusyError(AddonError):
    """A second job was asked for while one is running."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__("The engine is at work already.", "Wait until it is done, or cancel it.")


class EngineMissingError(AddonError):
    """Nobody said which Python runs the engine."""

    code = "engine_missing"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, "Install the engine in the add-on's preferences, or choose its Python there.")


class EngineJobError(AddonError):
    """The engine answered that a job failed; text, remedy and code are the engine's own."""

    def __init__(self, code: str, text: str, remedy: str) -> None:
        super().__init__(text, remedy)
        self.code = code


class SetupFailedError(AddonError):
    """A task of setting up failed; text, remedy and code are those of its process."""

    def __init__(self, code: str, text: str, remedy: str) -> None:
        super().__init__(text, remedy)
        self.code = code
