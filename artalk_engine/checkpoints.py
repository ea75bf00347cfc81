"""Models and style clips from files, strictly: what does not fit is named.

Nothing in a file is executed, and tensors become the model's own without a copy.
"""

from __future__ import annotations

import dataclasses
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

from .audio.encoders import encoder_of
from .config import STYLE_FRAMES, GeneratorConfig
from .errors import CheckpointError, ConfigError, RigMismatchError, StyleError
from .model_folder import ModelFolder
from .motion.generator import BitwiseARModel
from .tensor_files import load_tensors, read_tensor_file, tensor_names

INITIALISERS = ("torch.nn.init", "transformers.initialization")  # the latter puts itself in the former's place


def load_generator(checkpoint: Path, config: GeneratorConfig) -> BitwiseARModel:
    """Build a model and give it the weights of a checkpoint.

    Args:
        checkpoint: a ``.safetensors`` or PyTorch file.
        config: what the checkpoint was trained with.

    Returns:
        the model, in evaluation mode, without gradients.

    Raises:
        ConfigError: if the config names another audio encoder than the checkpoint holds.
        CheckpointError: if the file cannot be read, or its tensors are not the model's.
    """
    state = load_tensors(checkpoint)
    encoder = encoder_of(state)
    if encoder not in (None, config.audio_encoder):
        raise ConfigError(
            f"the config names the audio encoder {config.audio_encoder}, and {checkpoint.name} holds {encoder}"
        )
    with WithoutInitialisation():
        model = BitwiseARModel(config)
    _check_scales(config, state, checkpoint.name)
    assign_tensors(model, state, checkpoint.name)
    return model.eval().requires_grad_(False)


def read_config(
    model: ModelFolder, config: Path | str | Mapping[str, Any] | None = None, rig: str | None = None
) -> GeneratorConfig:
    """Read what a model was trained with.

    Released configs name no audio encoder, as one serves several checkpoints; it is told by the checkpoint's tensors.

    Args:
        model: where it lies.
        config: another ``config.json`` than the model's own, or the content of one.
        rig: the head that the model has to speak to; None accepts each.

    Raises:
        ConfigError: if the config is missing or makes no sense.
        CheckpointError: if the weights have to be looked at and cannot be read.
        RigMismatchError: if the model speaks to another rig.
    """
    values = config if isinstance(config, Mapping) else _read_json(model.config if config is None else Path(config))
    sizes = GeneratorConfig.from_mapping(values)
    if "AUDIO_ENCODER" not in values["AR_CONFIG"]:
        encoder = encoder_of(tensor_names(model.weights))
        sizes = dataclasses.replace(sizes, audio_encoder=encoder or sizes.audio_encoder)
    if rig not in (None, sizes.rig):
        raise RigMismatchError(f"the model {model.weights.name}", sizes.rig, str(rig))
    return sizes


def load_config(path: Path) -> GeneratorConfig:
    """Read a ``config.json``.

    Raises:
        ConfigError: if it is missing or makes no sense.
    """
    return GeneratorConfig.from_mapping(_read_json(path))


def assign_tensors(model: torch.nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Make tensors the model's own, without a copy.

    Raises:
        CheckpointError: naming the first tensor that is missing, left over or of another shape.
    """
    own = model.state_dict()
    for name, value in state.items():
        if name in own and own[name].is_floating_point() != value.is_floating_point():
            raise CheckpointError(
                f"{source} is no model's state: {name} holds {_short(value.dtype)} where {_short(own[name].dtype)} "
                "is expected"
            )
        if name in own and own[name].shape != value.shape:
            raise CheckpointError(
                f"{source} does not fit its config: {name} has shape {list(value.shape)} "
                f"where {list(own[name].shape)} is expected"
            )
    try:
        result = model.load_state_dict(state, strict=False, assign=True)
    except RuntimeError as exc:
        raise CheckpointError(f"{source} does not fit its config ({' '.join(str(exc).split())[:300]})") from exc
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
    if not path.is_file():
        raise StyleError(f"there is no style clip at {path}")
    try:
        # Published clips are views into long recordings; copying drops the rest.
        is_array = path.suffix.lower() == ".npy"
        clip = np.load(path, allow_pickle=False) if is_array else read_tensor_file(path).detach().float().numpy().copy()
    except CheckpointError as exc:
        raise StyleError(str(exc)) from exc
    except Exception as exc:  # what numpy meets in damaged files, or a file that holds no tensor
        raise StyleError(f"{path.name} cannot be read as a style clip ({type(exc).__name__})") from exc
    return check_style(clip, path.name)


def check_style(clip: npt.NDArray[Any], name: str) -> npt.NDArray[np.float32]:
    """Make sure that a style clip has 50 frames of motion, all of them numbers."""
    if clip.shape != (STYLE_FRAMES, CHANNELS):
        raise StyleError(f"the style {name} has shape {list(clip.shape)} where {[STYLE_FRAMES, CHANNELS]} is expected")
    if not np.issubdtype(clip.dtype, np.number):
        raise StyleError(f"the style {name} holds {clip.dtype}, and numbers are expected")
    clip = np.array(clip, dtype=np.float32)
    if not np.isfinite(clip).all():
        raise StyleError(f"the style {name} holds values that are no numbers")
    return clip


def _check_scales(config: GeneratorConfig, state: Mapping[str, Tensor], source: str) -> None:
    """Compare the scales of a config with those that the weights were trained with: other scales have shapes alike."""
    levels = state.get("lvl_idx")
    if levels is None or levels.is_floating_point() or levels.numel() != config.codec.tokens:
        return  # which is told with all that does not fit
    trained = torch.unique(levels, return_counts=True)[1].tolist()
    if trained != list(config.codec.scales):
        raise ConfigError(
            f"V_PATCH_NUMS is {list(config.codec.scales)}, and {source} was trained with the scales {trained}"
        )


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


class WithoutInitialisation(TorchFunctionMode):
    """Leaves new weights as the memory is, since their values come from a file.

    Memory that is not touched costs nothing. PyTorch's ``meta`` device would do as well,
    but loads a computer algebra system, which takes longer than a small model.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run everything but initialisation."""
        named = kwargs or {}
        if getattr(func, "__module__", "") in INITIALISERS:
            return args[0] if args else named["tensor"]
        return func(*args, **named)


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))  # some editors begin with a mark
    except FileNotFoundError as exc:
        raise ConfigError(f"there is no config at {path}", "Put config.json beside the checkpoint.") from exc
    except (OSError, ValueError, RecursionError) as exc:
        raise ConfigError(f"{path} is not a readable JSON file ({exc})") from exc
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds no model config")
    return values


def _named(what: str, keys: list[str]) -> list[str]:
    if not keys:
        return []
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return [f"{what} {keys[0]}{more}"]
