# SPDX-License-Identifier: GPL-3.0-or-later
"""A process beside Blender that does one task; what it says is in ``telling.py``.

``command`` makes the command line that runs ``main`` in a plain Python, which knows this package and nothing else of
the add-on. It ends when its standard input does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import installing, lifeline, machine
from .checking import judge, look
from .errors import SetupError
from .installing import Order
from .requirements import read_pins
from .telling import Teller, say

_START = """
import importlib.util, sys
folder, task, details = sys.argv[1:]
start = folder + "/__init__.py"
spec = importlib.util.spec_from_file_location("artalk_setup", start, submodule_search_locations=[folder])
sys.modules["artalk_setup"] = package = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
from artalk_setup.worker import main
sys.exit(main(task, details))
"""


def command(python: Path, task: str, details: dict[str, Any]) -> list[str]:
    """Return the command that does a task.

    Args:
        python: any Python that is new enough; Blender's own will do, but for tasks that need the engine's packages.
        task: one of those below.
        details: its arguments.
    """
    folder = str(Path(__file__).resolve().parent)
    return [str(python), "-I", "-X", "utf8", "-c", _START, folder, task, json.dumps(details)]


def main(task: str, details: str) -> int:
    """Do a task and say what came of it."""
    lifeline.hold()
    try:
        result = _TASKS[task](json.loads(details))
    except SetupError as exc:
        say({"error": {"code": exc.code, "text": str(exc), "remedy": exc.remedy}})
        return 1
    if result is not None:
        say({"result": result})
    return 0


def _install(details: dict[str, Any]) -> dict[str, Any]:
    return asdict(installing.install(Order(**details), Teller()))


def _uninstall(details: dict[str, Any]) -> dict[str, Any]:
    installing.uninstall(Path(details["folder"]), Teller())
    return {}


def _sweep(details: dict[str, Any]) -> dict[str, Any]:
    installing.sweep(Path(details["folder"]))
    return {}


def _survey(details: dict[str, Any]) -> dict[str, Any]:
    return machine.survey(Order(**details))


def _check(details: dict[str, Any]) -> dict[str, Any]:
    """Check the Python that an order names, which is to run the engine."""
    order, teller = Order(**details), Teller()
    teller.tell("Checking the packages")
    pins = read_pins(Path(order.requirements))
    finding = look(Path(order.python), pins, Path(order.root))
    note = judge(finding, pins, order.version)
    return {"python": finding.python.name, "device": finding.device, "note": note}


def _report(details: dict[str, Any]) -> dict[str, Any]:
    Teller().tell("Looking at this machine")
    return {"lines": machine.report(Order(**details["order"]), details["python"], details["facts"])}


def _models(details: dict[str, Any]) -> None:
    """Run the engine's own command for released files, which says itself what comes of it."""
    sys.path.insert(0, details["root"])
    import importlib

    importlib.import_module("artalk_engine.cli").main(["models", *details["arguments"], "--json"])


_TASKS: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
    "install": _install,
    "uninstall": _uninstall,
    "sweep": _sweep,
    "survey": _survey,
    "check": _check,
    "report": _report,
    "models": _models,
}
