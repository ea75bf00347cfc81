"""What runs in Blender: carries a scenario on, step by step, while Blender goes on drawing.

``blender … --python driver.py -- SCENARIO.py OUT``. A scenario is a generator that yields the seconds to wait. Blender
ends with it; an exception in it lies in ``OUT/failed.txt``, with a picture of the moment.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from user import User


def main() -> None:
    """Load the scenario and begin, once the window is there."""
    scenario, out = map(Path, sys.argv[sys.argv.index("--") + 1 :])
    view = bpy.context.preferences.view
    view.show_splash = False
    view.filebrowser_display_type = "SCREEN"  # in the window: simulated keys reach no other one by themselves
    user = User(out)
    specification = importlib.util.spec_from_file_location("scenario", scenario)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    steps = module.steps(user)
    bpy.app.timers.register(lambda: _next(steps, user), first_interval=1.0, persistent=True)


def _next(steps: Iterator[float], user: User) -> float | None:
    try:
        return next(steps)
    except StopIteration:
        pass
    except BaseException:
        (user.out / "failed.txt").write_text(traceback.format_exc(), "utf-8")
        user.take_picture("failed")
    (user.out / "notes.json").write_text(json.dumps(user.notes, default=str), "utf-8")
    bpy.ops.wm.quit_blender()
    return None


main()
