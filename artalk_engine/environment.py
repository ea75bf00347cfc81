"""What to say when the Python that runs the engine lacks what the engine needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from artalk_engine.errors import EngineError


class IncompleteEnvironmentError(EngineError):
    """The engine's Python lacks a package that the engine needs."""

    code = "environment"

    def __init__(self, package: str | None) -> None:
        super().__init__(
            f"The engine's Python ({sys.executable}) cannot load {package or 'one of its packages'}.",
            "Choose the Python of the engine's environment, or set that environment up again.",
        )


@contextmanager
def needed_packages() -> Iterator[None]:
    """Turn a failed import within the block into an error that the user understands.

    A package that was cut short on the disk may fail with any error at all.

    Raises:
        IncompleteEnvironmentError: if a package is missing or cannot be loaded.
    """
    try:
        yield
    except EngineError:
        raise
    except Exception as exc:
        raise IncompleteEnvironmentError(getattr(exc, "name", None)) from exc
