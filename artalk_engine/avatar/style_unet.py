"""From the splatted picture to the photograph: a U-Net whose levels steer a style decoder.

    splatted [B, 32, H, W] ─► down to 4 x 4 ─► style
                                 └─► up again: at each level a scale and a shift ─► decoder ─► [B, 3, H, W]

References:
    Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020.
    Wang et al., Towards Real-World Blind Face Restoration with Generative Facial Prior, 2021.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .config import AvatarConfig

SLOPE = 0.2  # of the leaky activations
EPS = 1e-8


class StyleUNet(nn.Module):
    """Makes photographs of splatted pictures."""

    def __init__(self, config: AvatarConfig) -> None:
        super().__init__()
        channels, coarse = config.unet, config.unet[::-1]
        self.conv_body_first = nn.Conv2d(config.colours, channels[0], 1)
        self.conv_body_down = nn.ModuleList(ResBlock(*pair, 0.5) for pair in itertools.pairwise(channels))
        self.final_conv = nn.Conv2d(channels[-1], channels[-1], 3, padding=1)
        self.conv_body_up = nn.ModuleList(ResBlock(*pair, 2) for pair in itertools.pairwise(coarse))
        self.toRGB = nn.ModuleList(nn.Conv2d(width, 3, 1) for width in coarse[1:])  # of training only
        self.final_linear = nn.Linear(16 * channels[-1], config.style_width)
        self.stylegan_decoder = StyleDecoder(config)
        pairs = list(zip(coarse[1:], config.decoder[1:], strict=True))
        self.condition_scale = nn.ModuleList(_condition(*pair) for pair in pairs)
        self.condition_shift = nn.ModuleList(_condition(*pair) for pair in pairs)

    def forward(self, splatted: Tensor, noises: list[Tensor] | None = None) -> Tensor:
        """Make photographs.

        Args:
            splatted: ``[B, 32, H, W]``.
            noises: for each convolution of the decoder, ``[B, 1, h, w]``; None is the learnt network's own.

        Returns:
            ``[B, 3, H, W]``; a sigmoid away from colours.
        """
        feature = F.leaky_relu_(self.conv_body_first(splatted), SLOPE)
        skips = []
        for block in self.conv_body_down:
            feature = block(feature)
            skips.append(feature)
        feature = F.leaky_relu_(self.final_conv(feature), SLOPE)
        style = self.final_linear(feature.flatten(1).float())
        conditions = []
        for block, scale, shift in zip(self.conv_body_up, self.condition_scale, self.condition_shift, strict=True):
            feature = block(feature + skips.pop())
            conditions.append((scale(feature), shift(feature)))
        photograph: Tensor = self.stylegan_decoder(style, conditions, noises)
        return photograph


class ResBlock(nn.Module):
    """Two convolutions with a change of size between them, beside the direct way."""

    def __init__(self, channels: int, outputs: int, factor: float) -> None:
        super().__init__()
        self.factor = factor
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, outputs, 3, padding=1)
        self.skip = nn.Conv2d(channels, outputs, 1, bias=False)

    def forward(self, image: Tensor) -> Tensor:
        """``[B, C, H, W]`` to twice or half of that size."""
        inner = rescale(F.leaky_relu_(self.conv1(image), SLOPE), self.factor)
        out: Tensor = F.leaky_relu_(self.conv2(inner), SLOPE)
        return out.add_(self.skip(rescale(image, self.factor)))


class StyleDecoder(nn.Module):
    """A constant grows into a picture; a style modulates its convolutions, conditions its maps."""

    def __init__(self, config: AvatarConfig) -> None:
        super().__init__()
        channels, style = config.decoder, config.style_width
        layers: list[nn.Module] = [NormStyle()]
        for _ in range(config.style_depth):
            layers += [nn.Linear(style, style), nn.LeakyReLU(SLOPE)]
        self.style_mlp = nn.Sequential(*layers)
        self.constant_input = Constant(channels[0])
        self.style_conv1 = StyleConv(channels[0], channels[0], style)
        self.to_rgb1 = ToRgb(channels[0], style)
        pairs = itertools.pairwise(channels)
        self.style_convs = nn.ModuleList(
            conv
            for before, after in pairs
            for conv in (StyleConv(before, after, style, is_growing=True), StyleConv(after, after, style))
        )
        self.to_rgbs = nn.ModuleList(ToRgb(width, style) for width in channels[1:])
        self.noises = Noises(len(channels))

    def forward(self, style: Tensor, conditions: list[tuple[Tensor, Tensor]], noises: list[Tensor] | None) -> Tensor:
        """Make photographs.

        Args:
            style: ``[B, S]``.
            conditions: scale and shift ``[B, C, h, w]`` of each level.
            noises: see ``StyleUNet``.

        Returns:
            ``[B, 3, H, W]``.
        """
        latent = self.style_mlp(style)
        noise = iter(self.noises.buffers() if noises is None else noises)
        image = self.constant_input.weight.to(conditions[0][0].dtype).expand(len(style), -1, -1, -1)
        image = self.style_conv1(image, latent, next(noise))
        photograph: Tensor = self.to_rgb1(image, latent)
        levels = zip(self.style_convs[::2], self.style_convs[1::2], self.to_rgbs, conditions, strict=True)
        for grow, refine, to_rgb, (scale, shift) in levels:
            image = torch.addcmul(shift, grow(image, latent, next(noise)), scale)
            image = refine(image, latent, next(noise))
            photograph = to_rgb(image, latent).add_(rescale(photograph, 2))
        return photograph


class StyleConv(nn.Module):
    """A modulated convolution with noise, bias and activation."""

    def __init__(self, channels: int, outputs: int, style: int, is_growing: bool = False) -> None:
        super().__init__()
        self.is_growing = is_growing
        self.weight = nn.Parameter(torch.zeros(1))  # of the noise
        self.bias = nn.Parameter(torch.zeros(1, outputs, 1, 1))
        self.modulated_conv = ModulatedConv(channels, outputs, 3, style)

    def forward(self, image: Tensor, latent: Tensor, noise: Tensor) -> Tensor:
        """``[B, C, h, w]``, ``[B, S]`` and ``[1 or B, 1, h', w']`` to ``[B, C', h', w']``."""
        out = self.modulated_conv(rescale(image, 2) if self.is_growing else image, latent, math.sqrt(2))
        return F.leaky_relu_(out.add_((noise * self.weight).to(out.dtype)).add_(self.bias.to(out.dtype)), SLOPE)


class ToRgb(nn.Module):
    """A map becomes colours."""

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.modulated_conv = ModulatedConv(channels, 3, 1, style, is_normed=False)

    def forward(self, image: Tensor, latent: Tensor) -> Tensor:
        """``[B, C, h, w]`` and ``[B, S]`` to ``[B, 3, h, w]``."""
        out: Tensor = self.modulated_conv(image, latent, 1.0)
        return out.add_(self.bias.to(out.dtype))


class ModulatedConv(nn.Module):
    """A convolution whose weights a style scales, each picture's in its own way.

    Scaling the inputs, and norming the outputs, says the same as scaling and norming the weights; so that one
    weight serves all pictures, and nothing as large as it is computed for each of them.

    Attributes:
        squares: of the weights, added up over each kernel, ``[C', C]``, once they are known to stay as they are.
    """

    def __init__(self, channels: int, outputs: int, kernel: int, style: int, is_normed: bool = True) -> None:
        super().__init__()
        self.is_normed = is_normed
        self.squares: Tensor | None = None
        self.weight = nn.Parameter(torch.zeros(1, outputs, channels, kernel, kernel))
        self.modulation = nn.Linear(style, channels)

    def forward(self, image: Tensor, latent: Tensor, gain: float) -> Tensor:
        """``[B, C, h, w]`` and ``[B, S]`` to ``[B, C', h, w]``, times ``gain``."""
        weight = self.weight[0]
        style = self.modulation(latent)  # [B, C]
        out = F.conv2d(image * _spread(style, image.dtype), weight, padding=weight.shape[-1] // 2)
        if self.is_normed:
            out.mul_(_spread(gain * self.norm(style), image.dtype))
        return out

    def norm(self, style: Tensor) -> Tensor:
        """Return one over the length of each output's scaled weights, ``[B, C']``."""
        squares = self.squared() if self.squares is None else self.squares
        return torch.rsqrt(F.linear(style.square(), squares) + EPS)

    def squared(self) -> Tensor:
        """Compute ``squares``."""
        return self.weight[0].float().square().sum(dim=(2, 3))


class NormStyle(nn.Module):
    """Gives styles a mean square of one."""

    def forward(self, style: Tensor) -> Tensor:
        """``[B, S]`` to the same shape."""
        return style * torch.rsqrt(style.square().mean(dim=1, keepdim=True) + EPS)


class Constant(nn.Module):
    """The map that every photograph begins as."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, channels, 4, 4))


class Noises(nn.Module):
    """The noise that goes into each convolution of the decoder: one for 4 x 4, two for each larger size."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        for number, side in enumerate(_noise_sides(levels)):
            self.register_buffer(f"noise{number}", torch.zeros(1, 1, side, side))


def prepare(unet: StyleUNet, device: torch.device, dtype: torch.dtype) -> None:
    """Lay a network out for a device, for use only: its large products are computed in a type, all else in float32.

    Channels of a pixel come to lie side by side, as the fastest convolutions want them.
    """
    unet.to(device)
    for module in unet.modules():
        if isinstance(module, nn.Conv2d):
            weight = module.weight.to(dtype=dtype, memory_format=torch.channels_last)
            module.to(dtype=dtype).weight = nn.Parameter(weight, requires_grad=False)
        elif isinstance(module, ModulatedConv):
            if module.is_normed:
                module.squares = module.squared()
            weight = module.weight[0].to(dtype=dtype, memory_format=torch.channels_last)
            module.weight = nn.Parameter(weight[None], requires_grad=False)


def fresh_noises(config: AvatarConfig, frames: list[int]) -> list[Tensor]:
    """Draw noise for frames, each from its own number, in the shapes of the learnt network's own: ``[B, 1, h, w]``."""
    chance = torch.Generator()
    drawn = []
    for frame in frames:
        chance.manual_seed(frame)
        drawn.append([torch.randn(1, side, side, generator=chance) for side in _noise_sides(len(config.decoder))])
    return [torch.stack(maps) for maps in zip(*drawn, strict=True)]


def rescale(image: Tensor, factor: float) -> Tensor:
    """Change the size of pictures ``[B, C, H, W]``."""
    return F.interpolate(image, scale_factor=factor, mode="bilinear", align_corners=False)


def _spread(values: Tensor, dtype: torch.dtype) -> Tensor:
    """``[B, C]`` to ``[B, C, 1, 1]`` of a type."""
    return values.to(dtype)[..., None, None]


def _noise_sides(levels: int) -> list[int]:
    return [4 << (number + 1) // 2 for number in range(2 * levels - 1)]


def _condition(channels: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1), nn.LeakyReLU(SLOPE), nn.Conv2d(channels, outputs, 3, padding=1)
    )
