"""Where to compute, and with how many threads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .errors import DeviceError, OptionError

if TYPE_CHECKING:
    import torch


def choose_device(device: str) -> torch.device:
    """Find a device by name; ``auto`` is the quickest that there is.

    Raises:
        DeviceError: if it is not here.
    """
    import torch

    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        device = next(kind for kind, is_here in here.items() if is_here)
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as exc:
        raise DeviceError(f"There is no device called {device!r}.") from exc
    if not here.get(found.type):
        raise DeviceError(f"PyTorch finds no {found.type} device on this machine.")
    count = torch.cuda.device_count() if found.type == "cuda" else 1
    if (found.index or 0) >= count:
        raise DeviceError(f"There is no {found}; PyTorch finds {count} of its kind, counted from 0.")
    return found


def choose_threads(threads: int | None) -> int:
    """Say how many threads to compute in; None or 0 is half of the cores that this process may use.

    All of them would be slower on a busy machine, where every thread waits for the slowest.

    Raises:
        OptionError: if the number is negative.
    """
    if threads is not None and threads < 0:
        raise OptionError(f"threads cannot be {threads}", "Leave the number out to use half of the cores.")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    return threads or max(1, cores // 2)
