"""The user's own avatars: added once, with a word on the right to use their face, which is kept beside them."""

from __future__ import annotations

import getpass
import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from artalk_engine.assets import file_sha256
from artalk_engine.errors import AvatarError, ConsentError
from artalk_engine.folders import user_data_folder
from bridge.whole_file import whole_file

from .tracked import TrackedAvatar, read_tracked

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
STATEMENT = "I have the right to use this person's face: it is mine, or they have agreed to be animated by me."
ENDING = ".safetensors"


@dataclass(frozen=True, slots=True)
class Consent:
    """Who said when that a face may be used.

    Attributes:
        statement: in these words.
        by: the user's name on this computer.
        at: date and time, UTC.
        source: name of the file that the avatar came from.
        sha256: of that file.
    """

    statement: str
    by: str
    at: str
    source: str
    sha256: str


def add_avatars(
    source: Path, is_agreed: bool, name: str = "", folder: Path | None = None, is_forced: bool = False
) -> list[Path]:
    """Add the avatars of a file to the user's own.

    Args:
        source: what GAGAvatar_track wrote.
        is_agreed: whether the user has said what ``STATEMENT`` says.
        name: what to call an only one; ``""`` keeps its name.
        folder: of the user's avatars; None is the usual one.
        is_forced: replace avatars that are there.

    Returns:
        the files written.

    Raises:
        ConsentError: if the user has not agreed.
        AvatarError: if the file cannot be used, a name is taken or cannot be used, or nothing can be written.
    """
    avatars = read_tracked(source)
    if not is_agreed:
        raise ConsentError(
            f"{source.name} shows a person's face, and nobody has said that you may use it",
            "Confirm that it is yours or that its owner agreed (--i-have-the-right-to-use-this-face).",
        )
    if name and len(avatars) > 1:
        raise AvatarError(f"{source.name} holds {len(avatars)} avatars", "Leave the name out; they keep their own.")
    named = {name or known: avatar for known, avatar in avatars.items()}
    places = {_place(given, folder): avatar for given, avatar in named.items()}
    taken = next((path.stem for path in places if path.exists()), None)
    if taken is not None and not is_forced:
        raise AvatarError(f"there is an avatar {taken!r} already", "Choose another name, or replace it (--force).")
    consent = _consent(source)
    try:
        for path, avatar in places.items():
            _write(path, avatar, consent)
    except OSError as exc:
        raise _unwritable(exc) from exc
    return list(places)


def remove_avatar(name: str, folder: Path | None = None) -> Path:
    """Remove one of the user's avatars, and the word beside it.

    Raises:
        AvatarError: if the user has no such avatar, or it cannot be removed.
    """
    path = _place(name, folder)
    if not path.is_file():
        raise AvatarError(f"you have no avatar {name!r}", "Choose one that you have added; released ones stay.")
    try:
        path.unlink()
        with suppress(FileNotFoundError):
            _consent_path(path).unlink()
    except OSError as exc:
        raise _unwritable(exc) from exc
    return path


def own_avatars(folder: Path | None = None) -> dict[str, Path]:
    """List the user's avatars by name; one without a word on the right to use it is none."""
    place = _folder(folder)
    found = sorted(place.glob(f"[!.]*{ENDING}")) if place.is_dir() else []
    return {path.name.removesuffix(ENDING): path for path in found if _consent_path(path).is_file()}


def read_consent(path: Path) -> Consent:
    """Read the word beside an avatar."""
    return Consent(**json.loads(_consent_path(path).read_text(encoding="utf-8")))


def _consent(source: Path) -> Consent:
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a system that knows no users
        user = ""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Consent(STATEMENT, user, now, source.name, file_sha256(source))


def _write(path: Path, avatar: TrackedAvatar, consent: Consent) -> None:
    from safetensors.torch import save

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with whole_file(_consent_path(path)) as stream:  # first: an avatar never stands without it
        stream.write(json.dumps(asdict(consent), indent=2, ensure_ascii=False).encode("utf-8"))
    content = save({"image": avatar.image, "transform_matrix": avatar.transform, "shapecode": avatar.betas[0]})
    with whole_file(path) as stream:
        stream.write(content)


def _place(name: str, folder: Path | None) -> Path:
    """Return the file of a name from outside, which cannot leave the folder."""
    if not NAME.fullmatch(name):
        raise AvatarError(
            f"an avatar cannot be called {name!r}", "Use letters, digits, -, _ and dots, at most 64 (--name)."
        )
    return _folder(folder) / f"{name}{ENDING}"


def _folder(folder: Path | None) -> Path:
    return user_data_folder() / "avatars" if folder is None else folder


def _consent_path(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(ENDING) + ".consent.json")


def _unwritable(exc: OSError) -> AvatarError:
    return AvatarError(
        f"{exc.filename or 'the folder of your avatars'} cannot be changed ({exc.strerror or exc})",
        "Check that your user may write there.",
    )
