"""``avatars`` and ``avatar add``, ``avatar remove``: photographic avatars, the released ones and the user's own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artalk_engine.console import say
from artalk_engine.environment import needed_packages
from artalk_engine.errors import AssetMissingError

if TYPE_CHECKING:
    from artalk_engine.avatar.files import AvatarFiles
    from artalk_engine.avatar.gagavatar import GAGAvatar
    from artalk_engine.avatar.look import AvatarLook

CONSENT = "--i-have-the-right-to-use-this-face"


def add_list_options(parser: argparse.ArgumentParser) -> None:
    """Say what ``avatars`` runs."""
    parser.set_defaults(command=_list)
    _add_model_option(parser)


def add_options(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Add what can be done with avatars."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    add = actions.add_parser("add", parents=[common], help="add the avatars of a file that GAGAvatar_track wrote")
    add.add_argument("file", type=Path, metavar="FILE", help="tracked.pt, or such a file with one avatar")
    add.add_argument("--name", default="", metavar="NAME", help="what to call it (default: as in the file)")
    add.add_argument(
        CONSENT,
        dest="is_agreed",
        action="store_true",
        help="confirm that the face is yours, or that its owner agreed to be animated by you; kept beside the avatar",
    )
    add.add_argument("-f", "--force", action="store_true", help="replace an avatar of yours with this name")
    add.set_defaults(command=_add)
    remove = actions.add_parser("remove", parents=[common], help="remove an avatar of yours")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(command=_remove)


def add_film_options(group: argparse._ArgumentGroup) -> None:
    """Add what can be said about an avatar in a film."""
    group.add_argument("--avatar", default="", metavar="NAME", help="photographic avatar to show instead of the mesh")
    _add_model_option(group)
    group.add_argument("--draft", action="store_true", help="without the networks that make it a photograph: quick")
    group.add_argument(
        "--turn",
        choices=("camera", "head"),
        default="camera",
        help="camera turns around the whole portrait, head leaves the shoulders where they are (default: camera)",
    )
    group.add_argument("--no-mark", action="store_true", help="leave out the mark that says the picture is synthetic")


def with_model(options: argparse.Namespace) -> argparse.Namespace:
    """Choose the folder of fetched models for an avatar whose options name none: the built-in voice has no avatars."""
    if not options.avatar or options.model or options.avatar_model:
        return options
    return argparse.Namespace(**{**vars(options), "model": str(_fetched() or "")})


def find_files(options: argparse.Namespace) -> AvatarFiles:
    """Find the files of avatars that the options name, or those that were fetched; see ``find_avatar``."""
    with needed_packages():
        from artalk_engine.avatar.files import find_avatar

    named = options.avatar_model or (Path(options.model) if options.model else None)
    return find_avatar(named or _fetched())


def _fetched() -> Path | None:
    """Return the user's folder of released files, if avatars' are among them."""
    with needed_packages():
        from artalk_engine.avatar.files import find_avatar
    from artalk_engine.models import models_folder

    folder = models_folder()
    try:
        find_avatar(folder)
    except AssetMissingError:
        return None
    return folder


def load_avatar(options: argparse.Namespace, files: AvatarFiles) -> GAGAvatar:
    """Load the networks, and set up the avatar that the options name, with a bar that shows how far it is."""
    from tqdm import tqdm

    from artalk_engine.avatar.gagavatar import GAGAvatar

    say("Loading the avatar …")
    avatar = GAGAvatar(
        files.weights,
        files.tracked,
        device=options.device,
        precision=options.precision,
        threads=options.threads or None,
    )
    with tqdm(desc="Preparing the avatar", unit="step", disable=None, leave=False) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        avatar.set_avatar_id(options.avatar, show)
    return avatar


def look_of(options: argparse.Namespace) -> AvatarLook:
    """Return how the avatar is to be drawn, as the options say."""
    from artalk_engine.avatar.look import AvatarLook

    return AvatarLook(quality="draft" if options.draft else "full", turn=options.turn, is_marked=not options.no_mark)


def _add_model_option(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    parser.add_argument(
        "--avatar-model",
        type=Path,
        metavar="DIR",
        help="folder with GAGAvatar.pt and tracked.pt (default: the model's, or those fetched)",
    )


def _list(options: argparse.Namespace) -> dict[str, Any]:
    files = find_files(options)
    from artalk_engine.avatar.files import avatar_ids

    return {"avatars": list(avatar_ids(files))}


def _add(options: argparse.Namespace) -> dict[str, Any]:
    with needed_packages():
        from artalk_engine.avatar.library import add_avatars

    is_agreed = options.is_agreed or _asked(options)
    paths = add_avatars(options.file, is_agreed, options.name, is_forced=options.force)
    return {"added": [path.stem for path in paths], "file": [str(path) for path in paths]}


def _asked(options: argparse.Namespace) -> bool:
    """Ask for the confirmation where somebody sits who can give it."""
    if options.json or not sys.stdin.isatty():
        return False
    from artalk_engine.avatar.library import STATEMENT

    say(f"{options.file.name} shows a person's face. Please confirm:\n  {STATEMENT}\nType yes to confirm.")
    return sys.stdin.readline().strip().lower() == "yes"


def _remove(options: argparse.Namespace) -> dict[str, Any]:
    with needed_packages():
        from artalk_engine.avatar.library import remove_avatar

    return {"removed": options.name, "file": str(remove_avatar(options.name))}
