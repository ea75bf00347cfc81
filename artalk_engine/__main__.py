"""``python -m artalk_engine``: see ``cli.py``."""

from __future__ import annotations

import sys

from artalk_engine.cli import main

if __name__ == "__main__":
    sys.exit(main())
