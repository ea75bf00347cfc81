"""Where the codec computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artalk_engine.errors import EngineError

if TYPE_CHECKING:
    import torch


class BodyDeviceError(EngineError):
    """The codec is to run on something that this machine, or its PyTorch, does not have."""

    code = "device"
    default_remedy = "Choose another device, or auto."


def find_device(name: str) -> torch.device:
    """Choose a device by name, such as ``"auto"``, ``"cpu"`` or ``"cuda:1"``.

    Raises:
        BodyDeviceError: if it is not here.
    """
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, _ = name.partition(":")
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind not in available:
        raise BodyDeviceError(f"There is no device called {name!r}.")
    if not available[kind]:
        raise BodyDeviceError(f"PyTorch finds no {kind} device on this machine.")
    try:
        device = torch.device(name)
    except RuntimeError as exc:
        raise BodyDeviceError(f"There is no device called {name!r}.") from exc
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if device.index is not None and device.index >= count:
        raise BodyDeviceError(f"There is no device called {name!r}: {kind} has {count} here, counted from 0.")
    return device
