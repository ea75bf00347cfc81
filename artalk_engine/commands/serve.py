"""``serve``: a page in the browser that makes films from sounds and texts."""

from __future__ import annotations

import argparse
import threading
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artalk_engine.console import say
from artalk_engine.environment import needed_packages

from .common import explain

if TYPE_CHECKING:
    from artalk_engine.web.server import Page

EXAMPLES = """examples:
  artalk serve                           at http://127.0.0.1:7860, for this machine only
  artalk serve --open --port 0           at a free port, opened in the browser
  artalk serve --host 0.0.0.0            for everybody in the network: see the warning that it gives
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add where the page is, and how much it lets its users do."""
    parser.set_defaults(command=run)
    explain(parser, EXAMPLES)
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=7860, metavar="N", help="0 takes a free one (default: 7860)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument("--size", type=int, default=512, metavar="N", help="pixels of a film's sides (default: 512)")
    parser.add_argument("--voices", type=Path, metavar="DIR", help="folder of Piper voices (default: ARTALK_VOICES)")
    limits = parser.add_argument_group("limits")
    limits.add_argument("--max-upload", type=int, default=200, metavar="MB", help="largest sound (default: 200)")
    limits.add_argument("--max-minutes", type=float, default=10.0, metavar="M", help="longest sound (default: 10)")
    limits.add_argument("--max-waiting", type=int, default=20, metavar="N", help="users at once (default: 20)")
    limits.add_argument(
        "--keep-minutes", type=float, default=60.0, metavar="M", help="how long files are kept (default: 60)"
    )
    limits.add_argument("--max-disk", type=int, default=4000, metavar="MB", help="of all files (default: 4000)")
    limits.add_argument(
        "--folder", type=Path, metavar="DIR", help="for the files (default: the system's temporary one)"
    )


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Serve the page until interrupted."""
    with needed_packages():
        from artalk_engine.generation import Voice
        from artalk_engine.web.options import PageOptions
        from artalk_engine.web.server import opened

    asked = PageOptions(
        host=options.host,
        port=options.port,
        max_upload_mb=options.max_upload,
        max_minutes=options.max_minutes,
        max_waiting=options.max_waiting,
        keep_minutes=options.keep_minutes,
        max_disk_mb=options.max_disk,
        folder=options.folder,
        size=options.size,
        voices=options.voices,
    )
    say("Loading the model …")
    with opened(Voice(options.model, options.device, options.precision, options.threads), asked) as page:
        if not asked.is_local:
            say(
                "Everybody who can reach this machine can use this page: it asks for no password, "
                "and browsers allow no microphone at such an address."
            )
        say(f"The page is at {page.address}; Ctrl-C ends it, and removes its files.")
        if options.open:
            threading.Thread(target=_open, args=(page,), daemon=True).start()
        page.serve()
    return {"address": page.address}


def _open(page: Page) -> None:
    """Open the page in the browser as soon as it answers."""
    while not page.is_ready:
        time.sleep(0.05)
    webbrowser.open(page.address)
