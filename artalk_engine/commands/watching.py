"""``--watch``: the head in a browser while its motion is made."""

from __future__ import annotations

import argparse
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

from artalk_engine.console import say
from artalk_engine.environment import needed_packages
from artalk_engine.errors import OptionError

if TYPE_CHECKING:
    from artalk_engine.audio.recording import Recording
    from artalk_engine.performance import Motion
    from artalk_engine.render.heads import Head

    Show: TypeAlias = Callable[[Iterator[Motion], Callable[[], Head]], Iterator[Motion]]

PATIENCE_S = 30.0  # with a browser that is to be opened


def add_watch_options(group: argparse._ArgumentGroup) -> None:
    """Add whether to show the head, and how."""
    group.add_argument(
        "--watch", action="store_true", help="show the head in the browser while it is made, to this machine only"
    )
    group.add_argument("--no-browser", action="store_true", help="with --watch: say the address, and open no browser")


@contextmanager
def watched(options: argparse.Namespace, recordings: list[Recording]) -> Iterator[Show]:
    """Open a screen if that is asked for; at the end of the block, wait until everything has been seen.

    Yields:
        What shows pieces of motion on a head, and passes them on.

    Raises:
        OptionError: if several sounds are to be watched.
    """
    if not options.watch:
        yield lambda pieces, _: pieces
        return
    if len(recordings) > 1:
        raise OptionError("One sound can be watched at a time.", "Name one, or leave out --watch.")
    with needed_packages():
        from artalk_engine.web.screen import opened_screen

    with opened_screen(recordings[0]) as screen:
        say(f"The head is to be seen at {screen.address}")
        if not options.no_browser:
            # In a thread, since a browser for terminals would not return before it is left.
            threading.Thread(target=webbrowser.open, args=(screen.address,), daemon=True).start()

        def show(pieces: Iterator[Motion], head: Callable[[], Head]) -> Iterator[Motion]:
            shown = screen.shown(pieces, head())
            if not screen.wait_for_onlooker(PATIENCE_S):
                say("Nobody looks, so nobody is waited for; the address holds until all is done.")
            yield from shown

        yield show
        say("Done; the browser plays on to the end, unless Ctrl-C ends it now.")
        with suppress(KeyboardInterrupt):
            screen.play_out()
