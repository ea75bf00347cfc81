"""Command line of the generator: ``python -m artalk_engine.builtin_head [--check] [OUT.npz]``."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from .checks import check_head
from .model import build_head, save_head

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the built-in head; the exit status is 1 when a check fails."""
    parser = argparse.ArgumentParser(prog="artalk_engine.builtin_head", description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", help="npz file to write")
    parser.add_argument("--check", action="store_true", help="measure the head and report the findings")
    options = parser.parse_args(arguments)
    if options.out is None and not options.check:
        parser.error("name a file to write, or --check")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    head = build_head()
    if options.out is not None:
        save_head(head, options.out)
        log.info("wrote %s, %.2f MB", options.out, options.out.stat().st_size / 1e6)
    findings = check_head(head) if options.check else []
    for finding in findings:
        log.info("%s  %s: %s", "ok  " if finding.holds else "FAIL", finding.name, finding.found)
    return 0 if all(finding.holds for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
