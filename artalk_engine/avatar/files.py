"""Where an avatar's files lie: the networks' weights, and portraits that were tracked.

ARTalk/                      or its folder assets/, or GAGAvatar/ itself
  GAGAvatar/GAGAvatar.pt     weights
  GAGAvatar/tracked.pt       twenty portraits, called 1.jpg to 20.jpg
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artalk_engine.errors import AssetMissingError, AvatarError

from .library import own_avatars
from .tracked import TrackedAvatar, read_tracked

FOLDERS = ("GAGAvatar", "assets/GAGAvatar", ".", "assets")
WEIGHTS, TRACKED = "GAGAvatar.pt", "tracked.pt"
LISTED = 24  # in a sentence


@dataclass(frozen=True, slots=True)
class AvatarFiles:
    """The files of avatars.

    Attributes:
        weights: of the networks.
        tracked: portraits that came with them; None if none did.
        library: folder of the user's own; None is the usual one.
    """

    weights: Path
    tracked: Path | None = None
    library: Path | None = None


def find_avatar(folder: Path | None) -> AvatarFiles:
    """Find the files of avatars.

    Args:
        folder: of a model, with ``GAGAvatar`` within; None has none.

    Raises:
        AssetMissingError: if there are no weights.
    """
    for place in [] if folder is None else [(folder if folder.is_dir() else folder.parent) / name for name in FOLDERS]:
        if (place / WEIGHTS).is_file():
            tracked = place / TRACKED
            return AvatarFiles(place / WEIGHTS, tracked if tracked.is_file() else None)
    where = "the built-in voice has no photographic avatars" if folder is None else f"there is no {WEIGHTS} in {folder}"
    raise AssetMissingError(
        where, f"Put {WEIGHTS} and {TRACKED} of GAGAvatar's authors into a folder GAGAvatar in the model's folder."
    )


def avatar_ids(files: AvatarFiles) -> tuple[str, ...]:
    """Name the avatars that can be shown: the user's own, then those that came with the weights."""
    own = own_avatars(files.library)
    given = _released(files)
    return (*own, *(name for name in given if name not in own))


def read_avatar(files: AvatarFiles, name: str) -> TrackedAvatar:
    """Read an avatar by its name.

    Raises:
        AvatarError: if there is none of this name, or it cannot be used.
    """
    own = own_avatars(files.library)
    if name in own:
        return read_tracked(own[name])[own[name].stem]
    given = _released(files)
    if name not in given:
        known = sorted({*own, *given}, key=_natural)
        shown = ", ".join(known[:LISTED]) + (f" and {len(known) - LISTED} more" if len(known) > LISTED else "")
        raise AvatarError(f"there is no avatar {name!r}; known are: {shown or 'none'}")
    return given[name]


def _released(files: AvatarFiles) -> dict[str, TrackedAvatar]:
    found = read_tracked(files.tracked) if files.tracked is not None else {}
    return {name: found[name] for name in sorted(found, key=_natural)}


def _natural(name: str) -> tuple[int, str]:
    """Sort 2.jpg before 11.jpg."""
    digits = "".join(letter for letter in name if letter.isdigit())
    return (int(digits) if digits else 0, name)
