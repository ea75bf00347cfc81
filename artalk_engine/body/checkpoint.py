"""Codecs on disk: weights as they are published, and a small JSON beside them for what weights cannot tell.

``net_300000_upper.pth`` has ``net_300000_upper.json``. Sizes, layers and whether codebooks are
projected follow from the tensors; body part, activation, dilation growth, kind of norm, frame
rate, mean and deviation stand in the JSON. Nothing in a file is executed.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from artalk_engine.assets import assets_folder
from artalk_engine.errors import AssetMissingError, ConfigError

from .config import BodyCheckpointError, BodyCodecConfig
from .features import BodyPart, Standard, find_part
from .rvq_vae import RVQVAE

FORMAT = "artalk-body-codec-1"
FPS = 30.0  # of the published data
STATISTICS = "ema."  # before the names of the quantizer's moving averages
ADOPT = "Write it with: python -m artalk_engine.body adopt CHECKPOINT --part PART --mean FILE --std FILE"


@dataclass(frozen=True, eq=False)
class BodyCodec:
    """A codec with all that is needed to use it on clips.

    Attributes:
        model: the network, in evaluation mode.
        part: the part of the body that it knows.
        standard: mean and deviation of its channels.
        fps: frames a second that it was trained at.
        name: what to call it.
        note: what its maker says about it.
    """

    model: RVQVAE
    part: BodyPart
    standard: Standard
    fps: float = FPS
    name: str = "codec"
    note: str = ""

    def __post_init__(self) -> None:
        widths = {self.part.width, len(self.standard.mean), self.model.config.input_width}
        if len(widths) > 1:
            raise BodyCheckpointError(
                f"{self.name} takes {self.model.config.input_width} channels and has mean and std of "
                f"{len(self.standard.mean)}, but the body part {self.part.name} has {self.part.width}",
                "Name the body part that the checkpoint was trained for.",
            )

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.model.parameters()).device

    @property
    def bits_per_second(self) -> float:
        """What its tokens take."""
        config = self.model.config
        return self.fps / config.frames_per_code * config.num_quantizers * bits_per_code(config.nb_code)

    @property
    def fingerprint(self) -> str:
        """Tells codecs apart whose tokens mean different things."""
        value = zlib.crc32(json.dumps(_about(self)).encode("utf-8"))
        for tensor in self.model.state_dict().values():
            value = zlib.crc32(np.ascontiguousarray(tensor.cpu().numpy()).tobytes(), value)
        return f"{value:08x}"


def bits_per_code(nb_code: int) -> int:
    """How many bits name one code."""
    return max(1, (nb_code - 1).bit_length())


def demonstration_path() -> Path:
    """Find the codec that comes with the product.

    Raises:
        AssetMissingError: if it is not there.
    """
    path = assets_folder() / "body" / "demonstration.pth"
    if not path.is_file():
        raise AssetMissingError(f"the demonstration codec is missing: {path}")
    return path


def load_codec(path: Path, device: torch.device | str = "cpu") -> BodyCodec:
    """Read weights and the JSON beside them.

    Args:
        path: the weights, ``.pth``, ``.pt`` or ``.safetensors``.
        device: where to compute.

    Raises:
        BodyCheckpointError: if a file is missing or damaged, or the two do not belong together.
    """
    state, statistics = load_weights(path)
    about = _read_about(about_path(path))
    try:
        part = find_part(str(about.get("body_part")))
        standard = Standard(*(np.asarray(about[name], np.float64) for name in ("mean", "std")))
        fps = float(about.get("fps", FPS))
    except KeyError as exc:
        raise BodyCheckpointError(f"{about_path(path).name} does not say the checkpoint's {exc}", ADOPT) from exc
    except (ConfigError, TypeError, ValueError) as exc:
        raise BodyCheckpointError(f"{about_path(path).name} makes no sense: {exc}", ADOPT) from exc
    model = build_model(state, about, path.name)
    if statistics:
        _load_statistics(model, statistics, path.name)
    model = model.eval().requires_grad_(False).to(device)
    return BodyCodec(model, part, standard, fps, path.stem, str(about.get("note", "")))


def save_codec(path: Path, codec: BodyCodec, half: bool = False) -> None:
    """Write weights in the published form, the quantizer's moving averages beside them, and the JSON.

    Args:
        path: the weights' file, replaced if it exists; the JSON gets its name.
        codec: what to write.
        half: write half precision without moving averages, to be used and not trained on.
    """
    state = {name: value.detach().cpu() for name, value in codec.model.state_dict().items()}
    content: dict[str, Any] = {"net": {name: value.half() if half else value for name, value in state.items()}}
    if not half:
        content["ema"] = {name: value.detach().cpu() for name, value in codec.model.quantizer.statistics().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_about(path, codec)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    torch.save(content, temporary)
    temporary.replace(path)


def write_about(path: Path, codec: BodyCodec) -> Path:
    """Write the JSON that belongs to a checkpoint, and return where."""
    about_path(path).write_text(json.dumps(_about(codec) | {"note": codec.note}) + "\n", encoding="utf-8")
    return about_path(path)


def _about(codec: BodyCodec) -> dict[str, Any]:
    """What the tensors of a codec cannot tell."""
    config = codec.model.config
    return {
        "format": FORMAT,
        "body_part": codec.part.name,
        "fps": codec.fps,
        "activation": config.activation,
        "dilation_growth_rate": config.dilation_growth_rate,
        "norm": config.norm,
        "mean": _rounded(codec.standard.mean),
        "std": _rounded(codec.standard.std),
    }


def about_path(path: Path) -> Path:
    """Where the JSON of a checkpoint is."""
    return path.with_suffix(".json")


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Read a checkpoint's tensors and, if it has them, its moving averages.

    Raises:
        BodyCheckpointError: if the file is missing, damaged or no checkpoint.
    """
    if not path.is_file():
        raise BodyCheckpointError(f"there is no checkpoint at {path}", "Check the path of the checkpoint.")
    try:
        content = _read(path)
    except Exception as exc:  # readers fail in many ways on damaged files
        reason = str(exc).strip().split("\n")[0][:120] or type(exc).__name__
        raise BodyCheckpointError(f"{path.name} is damaged or no checkpoint ({reason})") from exc
    parts = [content.get(name) for name in ("net", "ema")] if "net" in content else [content, None]
    state, statistics = ({} if part is None else part for part in parts)
    for part in (state, statistics):
        if not isinstance(part, Mapping) or not all(isinstance(value, Tensor) for value in part.values()):
            raise BodyCheckpointError(
                f"{path.name} is no checkpoint of a body codec: it holds other things than tensors"
            )
    return _in_float32(state), _in_float32(statistics)


def build_model(state: Mapping[str, Tensor], about: Mapping[str, Any], source: str) -> RVQVAE:
    """Build the network that tensors belong to and give them to it.

    Args:
        state: the tensors; either published layout.
        about: what they cannot tell: ``activation``, ``dilation_growth_rate`` and ``norm``.
        source: the file's name, for errors.

    Raises:
        BodyCheckpointError: naming the first tensor that is missing, unknown or of another shape.
    """
    try:
        config = _sizes(state, about)
    except (KeyError, ValueError, AttributeError) as exc:
        raise BodyCheckpointError(f"{source} is no checkpoint of a body codec: it lacks {exc}") from exc
    except ConfigError as exc:
        raise BodyCheckpointError(f"{source} and its JSON do not belong together: {exc}", ADOPT) from exc
    model = RVQVAE(config)
    own = model.state_dict()
    for name in (*own, *state):
        if name not in state or name not in own:
            which = "lacks" if name not in state else "has unknown"
            raise BodyCheckpointError(f"{source} is no checkpoint of a body codec: it {which} {name}")
        if own[name].shape != state[name].shape:
            raise BodyCheckpointError(
                f"{source} contradicts itself: {name} is {list(state[name].shape)}, expected {list(own[name].shape)}"
            )
    model.load_state_dict(state, strict=True)
    return model


def _sizes(state: Mapping[str, Tensor], about: Mapping[str, Any]) -> BodyCodecConfig:
    """Tell the sizes by the tensors' names and shapes."""
    nb_code, code_dim = state["quantizer.layers.0.codebook"].shape
    width, input_width, _ = state["encoder.model.0.weight"].shape
    has_norm = "encoder.model.2.1.model.0.norm1.weight" in state
    has_running = "encoder.model.2.1.model.0.norm1.running_mean" in state
    return BodyCodecConfig(
        input_width=input_width,
        nb_code=nb_code,
        code_dim=code_dim,
        width=width,
        down_t=_count(state, r"encoder\.model\.\d+\.0\.weight"),
        depth=_count(state, r"encoder\.model\.2\.1\.model\.\d+\.conv1\.weight"),
        dilation_growth_rate=about.get("dilation_growth_rate", 3),
        num_quantizers=_count(state, r"quantizer\.layers\.\d+\.codebook"),
        activation=about.get("activation", "relu"),
        norm="BN" if has_running else (about.get("norm") or "LN") if has_norm else None,
        projected_codebook="quantizer.layers.0.embedding_proj.weight" in state,
    )


def _count(state: Mapping[str, Tensor], pattern: str) -> int:
    return sum(re.fullmatch(pattern, name) is not None for name in state)


def _load_statistics(model: RVQVAE, statistics: Mapping[str, Tensor], source: str) -> None:
    try:
        model.quantizer.load_statistics(statistics)
    except (KeyError, RuntimeError) as exc:
        raise BodyCheckpointError(f"the moving averages in {source} are not those of its codebooks") from exc


def _read(path: Path) -> Mapping[str, Any]:
    if path.suffix != ".safetensors":
        content = torch.load(path, map_location="cpu", weights_only=True)
        return content if isinstance(content, Mapping) else {"": content}
    from safetensors.torch import load_file

    tensors = load_file(path)
    averages = {name.removeprefix(STATISTICS): value for name, value in tensors.items() if name.startswith(STATISTICS)}
    return {"net": {name: v for name, v in tensors.items() if not name.startswith(STATISTICS)}, "ema": averages}


def _read_about(path: Path) -> Mapping[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        message = f"the checkpoint's mean and std are missing: there is no {path.name} beside it"
        raise BodyCheckpointError(message, ADOPT) from exc
    except (OSError, ValueError) as exc:
        raise BodyCheckpointError(f"{path.name} is not a readable JSON file ({exc})", ADOPT) from exc
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise BodyCheckpointError(f"{path.name} does not describe a body codec", ADOPT)
    return about


def _in_float32(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {str(name): value.float() if value.is_floating_point() else value for name, value in tensors.items()}


def _rounded(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    return [float(f"{value:.7g}") for value in values]
