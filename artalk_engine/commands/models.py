"""``models``: the files that ARTalk's authors released; list, download, verify and import them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artalk_engine.console import Progress, progress, say

from .common import explain

if TYPE_CHECKING:
    from artalk_engine.assets import ReleasedFile
    from artalk_engine.models import FileState, ModelsFolder

EXAMPLES = """examples:
  artalk models list                                   what there is, and what of it is here
  artalk models download --accept-licence artalk       what motion needs; goes on where it was interrupted
  artalk models download avatar --accept-licence gagavatar
  artalk models download all --mirror https://mirror.example --accept-licence artalk --accept-licence gagavatar
  artalk models verify                                 compare every file with its checksum
  artalk models import FLAME ~/Downloads/generic_model.pkl
  artalk generate speech.wav --model "$(artalk models folder)"

Files are named as in the list, or in groups: required, weights, head, avatar, style, all.
"""


def add_options(parser: argparse.ArgumentParser, output: argparse.ArgumentParser) -> None:
    """Add what can be done with released files.

    Args:
        parser: of this command.
        output: how results are written, a parent of each action.
    """
    explain(parser, EXAMPLES)
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument(
        "--folder", type=Path, metavar="DIR", help="where files lie (default: ARTALK_MODELS, or the user's)"
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    def add(name: str, text: str, command: Any) -> argparse.ArgumentParser:
        action = actions.add_parser(name, parents=[place, output], help=text, description=f"{text.capitalize()}.")
        action.set_defaults(command=command)
        return action

    add("list", "list the released files with size, terms and state", _list)
    add("folder", "say where files lie", _folder)
    download = add("download", "fetch files, going on where an earlier download ended", _download)
    download.add_argument("names", nargs="*", default=["required"], metavar="NAME", help="default: required")
    download.add_argument(
        "--mirror",
        action="append",
        default=[],
        metavar="URL",
        help="another server laid out as the hub; may be repeated",
    )
    download.add_argument(
        "--accept-licence", action="append", default=[], metavar="NAME", help="accept these terms; may be repeated"
    )
    verify = add("verify", "compare files with their checksums", _verify)
    verify.add_argument("names", nargs="*", default=["all"], metavar="NAME", help="default: all that are here")
    take = add("import", "take in a file that you have: FLAME in any format, or a released file", _import)
    take.add_argument("name", metavar="NAME", help="FLAME, or the name of a released file")
    take.add_argument("file", type=Path, metavar="FILE", help="where it is; it stays there")
    take.add_argument("-f", "--force", action="store_true", help="replace one that is there")


def _folder(options: argparse.Namespace) -> dict[str, Any]:
    return {"folder": str(_place(options).path)}


def _list(options: argparse.Namespace) -> dict[str, Any]:
    from artalk_engine.assets import licence_text

    folder = _place(options)
    states = folder.states()
    return {
        "folder": str(folder.path),
        "files": [_entry(state, folder) for state in states],
        "licences": {state.file.licence: licence_text(state.file) for state in states},
    }


def _download(options: argparse.Namespace) -> dict[str, Any]:
    from artalk_engine.models import Downloader, DownloadOptions

    folder = _place(options)
    files = _wanted(folder, options.names)
    how = DownloadOptions(
        tuple(options.mirror), frozenset(options.accept_licence) | _ask_for_terms(options, folder, files)
    )
    needed = Downloader(folder, how).check(files)
    say(f"{needed / 1e6:,.1f} MB are still to come." if needed else "All of it is here.")
    for file in files:
        with progress(options, file.path.name, file.size, "B", is_bytes=True) as bar:
            Downloader(folder, how, _telling(bar)).fetch(file)
    return {"folder": str(folder.path), "files": [_entry(folder.state(file), folder) for file in files]}


def _telling(bar: Progress) -> Callable[[ReleasedFile, int, int], None]:
    return lambda _, done, total: bar.reach(done, total)


def _wanted(folder: ModelsFolder, names: list[str]) -> tuple[ReleasedFile, ...]:
    """Find what to fetch; of a group, what its user has to fetch is left to him, with a word about it."""
    files = folder.find(names)
    left = [file for file in files if file.is_manual and file.name not in names]
    for file in left:
        if folder.state(file).state == "manual":
            say(f"{file.path.name} is handed out by its owner alone; take it in with: artalk models import FLAME FILE")
    return tuple(file for file in files if file not in left)


def _ask_for_terms(
    options: argparse.Namespace, folder: ModelsFolder, files: tuple[ReleasedFile, ...]
) -> frozenset[str]:
    """Let somebody at a terminal read the terms and accept them."""
    from artalk_engine.assets import licence_text

    missing = {file.licence: file for file in files if folder.state(file).state != "verified" and not file.is_manual}
    missing = {name: file for name, file in missing.items() if name not in options.accept_licence}
    if options.json or not missing or not sys.stdin.isatty():
        return frozenset()
    for file in missing.values():
        say(licence_text(file))
    sys.stderr.write("Do you accept these terms? [y/N] ")
    sys.stderr.flush()
    return frozenset(missing) if sys.stdin.readline().strip().lower() in ("y", "yes") else frozenset()


def _verify(options: argparse.Namespace) -> dict[str, Any]:
    from artalk_engine.models.errors import ChecksumError

    folder = _place(options)
    checked = []
    for file in folder.find(options.names):
        with progress(options, file.path.name, file.size, "B", is_bytes=True) as bar:
            checked.append(folder.verify(file, bar.reach))
    bad = [state.file.path.name for state in checked if state.state == "corrupt"]
    if bad:
        remedy = "Download them again: what is damaged is replaced."
        raise ChecksumError(f"{', '.join(bad)} in {folder.path}: not what their authors list.", remedy)
    return {"folder": str(folder.path), "files": [_entry(state, folder) for state in checked]}


def _import(options: argparse.Namespace) -> dict[str, Any]:
    from artalk_engine.models import import_file
    from artalk_engine.models.errors import UnknownFileError

    folder = _place(options)
    files = folder.find([options.name])
    if len(files) != 1:
        raise UnknownFileError(options.name, [file.name for file in files])
    with progress(options, options.file.name, 0, "B", is_bytes=True) as bar:
        state = import_file(folder, files[0], options.file, is_forced=options.force, tell=bar.reach)
    return {"folder": str(folder.path), "files": [_entry(state, folder)]}


def _place(options: argparse.Namespace) -> ModelsFolder:
    from artalk_engine.models import ModelsFolder

    return ModelsFolder(options.folder)


def _entry(state: FileState, folder: ModelsFolder) -> dict[str, Any]:
    from artalk_engine.models import page_of

    file = state.file
    return {
        "name": file.name,
        "kind": file.kind,
        "path": str(folder.place(file)),
        "size": file.size,
        "here": state.here,
        "state": state.state,
        "licence": file.licence,
        "page": page_of(file),
        "is_required": file.is_required,
        "is_manual": file.is_manual,
    }


def readable(result: dict[str, Any]) -> str:
    """Write what is known of files as a table."""
    lines = [
        f"{entry['name']:<17} {entry['size'] / 1e6:>9,.1f} MB  {entry['state']:<10}  {entry['licence']:<9}"
        f"{'  required' if entry['is_required'] else ''}".rstrip()
        for entry in result["files"]
    ]
    terms = [f"{name}: {text}" for name, text in result.get("licences", {}).items()]
    return "\n".join([f"in {result['folder']}", *lines, *terms])
