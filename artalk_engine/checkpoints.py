"""Models and style clips from files, strictly: what does not fit is named.

Nothing in a file is executed. Tensors become the model's own without a copy, and
large files stay mapped, so that loading is about as fast as reading.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from bridge.motion import CHANNELS

from .config import STYLE_FRAMES, GeneratorConfig
from .errors import CheckpointError, ConfigError, StyleError
from .motion.generator import BitwiseARModel

WRAPPERS = ("model", "state_dict")  # under which training programs put the weights


def load_generator(checkpoint: Path, config: GeneratorConfig) -> BitwiseARModel:
    """Build a model and give it the weights of a checkpoint.

    Args:
        checkpoint: a ``.safetensors`` or PyTorch file.
        config: what the checkpoint was trained with.

    Returns:
        the model, in evaluation mode, without gradients.

    Raises:
        CheckpointError: if the file cannot be read, or its tensors are not the model's.
    """
    state = load_tensors(checkpoint)
    with _WithoutInitialisation():
        model = BitwiseARModel(config)
    assign_tensors(model, state, checkpoint.name)
    return model.eval().requires_grad_(False)


def load_config(path: Path) -> GeneratorConfig:
    """Read a ``config.json``.

    Raises:
        ConfigError: if it is missing or makes no sense.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise ConfigError(f"there is no config at {path}", "Put config.json beside the checkpoint.") from exc
    except (OSError, ValueError) as exc:
        raise ConfigError(f"{path} is not a readable JSON file ({exc})") from exc
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds no model config")
    return GeneratorConfig.from_mapping(values)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors of a file, by name; reduced floats become float32.

    Raises:
        CheckpointError: if the file is missing, damaged or no checkpoint.
    """
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint at {path}", "Check the path of the checkpoint.")
    try:
        content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    except Exception as exc:  # readers fail in many ways on damaged files
        reason = str(exc).strip().split("\n")[0][:200] or type(exc).__name__
        raise CheckpointError(f"{path.name} is damaged or no checkpoint ({reason})") from exc
    for name in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise CheckpointError(f"{path.name} is not a model's state: it holds other things than named tensors")
    return {str(name): value.float() if value.is_floating_point() else value for name, value in content.items()}


def assign_tensors(model: torch.nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Make tensors the model's own, without a copy.

    Raises:
        CheckpointError: naming the first tensor that is missing, left over or of another shape.
    """
    own = model.state_dict()
    for name, value in state.items():
        if name in own and own[name].shape != value.shape:
            raise CheckpointError(
                f"{source} does not fit its config: {name} has shape {list(value.shape)} "
                f"where {list(own[name].shape)} is expected"
            )
    try:
        result = model.load_state_dict(state, strict=False, assign=True)
    except RuntimeError as exc:
        raise CheckpointError(f"{source} does not fit its config ({str(exc).strip()[:300]})") from exc
    problems = _named("lacks", result.missing_keys) + _named("has unknown", result.unexpected_keys)
    if problems:
        raise CheckpointError(f"{source} does not fit its config: it {' and '.join(problems)}")


def load_style(path: Path) -> npt.NDArray[np.float32]:
    """Read a style clip from ``.npy``, or from ``.pt`` as upstream publishes them.

    Returns:
        ``[50, 106]``.

    Raises:
        StyleError: if it cannot be read or has another shape.
    """
    try:
        if path.suffix == ".npy":
            clip = np.load(path, allow_pickle=False)
        else:
            # Published clips are views into long recordings; copying drops the rest.
            clip = torch.load(path, map_location="cpu", weights_only=True).numpy().copy()
    except FileNotFoundError as exc:
        raise StyleError(f"there is no style clip at {path}") from exc
    except Exception as exc:  # readers fail in many ways on damaged files
        raise StyleError(f"{path.name} cannot be read as a style clip ({type(exc).__name__})") from exc
    return check_style(clip, path.name)


def check_style(clip: npt.NDArray[Any], name: str) -> npt.NDArray[np.float32]:
    """Make sure that a style clip has 50 frames of motion, all of them numbers."""
    if clip.shape != (STYLE_FRAMES, CHANNELS):
        raise StyleError(f"the style {name} has shape {list(clip.shape)} where {[STYLE_FRAMES, CHANNELS]} is expected")
    clip = np.array(clip, dtype=np.float32)
    if not np.isfinite(clip).all():
        raise StyleError(f"the style {name} holds values that are no numbers")
    return clip


class _WithoutInitialisation(TorchFunctionMode):
    """Leaves new weights as the memory is, since their values come from a file.

    Memory that is not touched costs nothing. PyTorch's ``meta`` device would do as well,
    but loads a computer algebra system, which takes longer than a small model.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run everything but initialisation."""
        named = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else named["tensor"]
        return func(*args, **named)


def _read_safetensors(path: Path) -> Any:
    from safetensors.torch import load_file

    return load_file(path)


def _read_torch(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError as exc:
        if "mmap" not in str(exc):
            raise
        return torch.load(path, map_location="cpu", weights_only=True)  # the format before PyTorch 1.6


def _named(what: str, keys: list[str]) -> list[str]:
    if not keys:
        return []
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return [f"{what} {keys[0]}{more}"]
