"""Sizes of the avatar's networks; the defaults are the released ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from torch import Tensor

from artalk_engine.errors import ConfigError

IMAGE_SIZE = 512  # of tracked portraits
FOCAL = 12.0  # of all its cameras, in halves of the picture


@dataclass(frozen=True, slots=True)
class AvatarConfig:
    """Sizes of all parts.

    A vision transformer looks at the portrait, a pyramid of its tokens becomes features, features become Gaussians,
    and a U-Net with a style decoder turns their splatted picture into a photograph.
    """

    vertices: int = 5023  # of the head, each with a Gaussian
    head_width: int = 256  # of what the network has learnt of each vertex
    vit_width: int = 768
    vit_depth: int = 12
    vit_heads: int = 12
    vit_hidden: int = 3072
    patch: int = 14  # pixels
    grid: int = 37  # patches in each direction
    pyramid: tuple[int, ...] = (256, 512, 1024, 1024)  # channels of the four levels, fine to coarse
    fused: int = 256  # channels of the features
    colours: int = 32  # channels of a Gaussian
    vertex_hidden: int = 256
    branch_hidden: int = 128
    pixel_hidden: int = 128
    unet: tuple[int, ...] = (16, 32, 64, 128, 256, 256, 256, 256)  # channels from the picture's size down to 4 x 4
    decoder: tuple[int, ...] = (512, 512, 512, 512, 256, 128, 64, 32)  # channels from 4 x 4 up to the picture's size
    style_width: int = 512
    style_depth: int = 8

    def __post_init__(self) -> None:
        if len(self.unet) != len(self.decoder):
            raise ConfigError(f"the U-Net has {len(self.unet)} sizes, and its decoder {len(self.decoder)}")
        if self.vit_width % self.vit_heads:
            raise ConfigError(f"width {self.vit_width} does not divide into {self.vit_heads} heads")

    @property
    def portrait(self) -> int:
        """Pixels of the portrait in each direction, as the transformer sees it."""
        return self.patch * self.grid

    @property
    def plane(self) -> int:
        """Gaussians of a plane in each direction."""
        return 8 * self.grid

    @property
    def picture(self) -> int:
        """Pixels of the picture in each direction."""
        return 4 << (len(self.unet) - 1)

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> AvatarConfig:
        """Read the sizes from the shapes of a checkpoint; what cannot be read there is as released."""
        given = {name: value for name, value in _sizes(state).items() if value}
        return cls(**{field.name: given[field.name] for field in fields(cls) if field.name in given})  # type: ignore[arg-type]


def _sizes(state: Mapping[str, Tensor]) -> dict[str, int | tuple[int, ...]]:
    def size(name: str, axis: int) -> int:
        value = state.get(name)
        return value.shape[axis] if value is not None and value.ndim > axis else 0

    def sizes(names: list[str], axis: int) -> tuple[int, ...]:
        found = tuple(size(name, axis) for name in names)
        return found if all(found) else ()

    def count(start: str, end: str) -> int:
        number = 0
        while f"{start}{number}{end}" in state:
            number += 1
        return number

    vit, maps, body = "base_model.dino_model", "base_model", "upsampler"
    decoder = f"{body}.stylegan_decoder"
    levels = count(f"{body}.conv_body_down.", ".conv2.weight")
    unet = [f"{body}.conv_body_first.weight", *(f"{body}.conv_body_down.{i}.conv2.weight" for i in range(levels))]
    width, tokens = size(f"{vit}.cls_token", 2), size(f"{vit}.pos_embed", 1)
    return {
        "vertices": size("head_base", 0),
        "head_width": size("head_base", 1),
        "vit_width": width,
        "vit_depth": count(f"{vit}.blocks.", ".norm1.weight"),
        "vit_heads": width // 64,
        "vit_hidden": size(f"{vit}.blocks.0.mlp.fc1.weight", 0),
        "patch": size(f"{vit}.patch_embed.proj.weight", 2),
        "grid": round(max(tokens - 1, 0) ** 0.5),
        "pyramid": sizes([f"{maps}.projects.{level}.weight" for level in range(4)], 0),
        "fused": size(f"{maps}.output_conv.weight", 0),
        "colours": size("gs_generator_g.color_layers.2.weight", 0),
        "vertex_hidden": size("gs_generator_g.feature_layers.0.weight", 0),
        "branch_hidden": size("gs_generator_g.color_layers.0.weight", 0),
        "pixel_hidden": size("gs_generator_l0.gaussian_conv.0.weight", 0),
        "unet": sizes(unet, 0) if levels else (),
        "decoder": _decoder(state, decoder, count(f"{decoder}.style_convs.", ".weight")),
        "style_width": size(f"{body}.final_linear.weight", 0),
        "style_depth": sum(name.startswith(f"{decoder}.style_mlp.") for name in state) // 2,
    }


def _decoder(state: Mapping[str, Tensor], decoder: str, convolutions: int) -> tuple[int, ...]:
    """Read the decoder's channels off its biases, ``[1, C, 1, 1]``, two for each size but the first."""
    names = [f"{decoder}.style_conv1.bias", *(f"{decoder}.style_convs.{i}.bias" for i in range(0, convolutions, 2))]
    biases = [state[name] for name in names if name in state and state[name].ndim == 4]
    return tuple(bias.shape[1] for bias in biases) if len(biases) == len(names) > 1 else ()
