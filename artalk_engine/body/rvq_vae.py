"""The body codec as one network: motion to a few tokens a second, and back.

Motion is what ``features.py`` makes of a clip: the standardised channels of one part
of the body. Any length will do. Long motion is worked on in pieces that overlap as far
as the convolutions reach, which bounds the memory and does not change the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .config import BodyCodecConfig, BodyConfigError
from .networks import Decoder, Encoder
from .quantizer import UNUSED, QuantizerTraining, ResidualQuantizer

PIECE = 1024  # codes worked on together


class RVQVAE(nn.Module):
    """Encoder, residual quantizer and decoder.

    ``RVQVAE()`` has the published sizes for an upper body, ``RVQVAE(width=64, nb_code=64)``
    other ones, ``RVQVAE(config)`` those of a :class:`BodyCodecConfig` or a mapping.
    """

    def __init__(
        self,
        config: BodyCodecConfig | Mapping[str, Any] | None = None,
        training: QuantizerTraining | None = None,
        **sizes: Any,
    ) -> None:
        super().__init__()
        if not isinstance(config, BodyCodecConfig):
            config = BodyCodecConfig.from_mapping({**(config or {}), **sizes})
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quantizer = ResidualQuantizer(config, training)

    def encode(self, motion: Tensor, pad: bool = True) -> tuple[Tensor, Tensor]:
        """Turn motion into codes; codebooks stay as they are, in training mode too.

        Args:
            motion: ``[B, T, M]``, of any length from one frame.
            pad: repeat the last frame until whole tokens are full. Otherwise frames that
                fill no token are dropped, as the published code does.

        Returns:
            codes ``[B, N, L]``, and the vector of each layer ``[L, B, C, N]``.
        """
        with _evaluating(self):
            quantized = self.quantizer(self._features(motion, pad))
        return quantized.codes, quantized.layers

    def decode(self, codes: Tensor, frames: int | None = None) -> Tensor:
        """Turn codes into motion.

        Args:
            codes: ``[B, N, l]`` of the first ``l`` layers, coarse to fine; -1 adds nothing.
            frames: length to crop to, ``None`` for whole tokens.

        Returns:
            ``[B, T, M]``.

        Raises:
            ConfigError: if the model has no such layers or codes.
        """
        self._check_codes(codes)
        with _evaluating(self):
            return self._motion(self.quantizer.look_up(codes.long()).sum(0))[:, :frames]

    def forward(self, motion: Tensor, layers: int | None = None, pad: bool = True) -> tuple[Tensor, Tensor, Tensor]:
        """Send motion through the codec, with gradients; in training mode codebooks learn.

        Args:
            motion: ``[B, T, M]``, of any length from one frame.
            layers: how many layers to use; ``None`` for all, or by chance in training mode.
            pad: as in :meth:`encode`.

        Returns:
            reconstruction ``[B, T, M]``, commitment loss and perplexity.
        """
        quantized = self.quantizer(self._features(motion, pad), layers)
        reconstruction = self._motion(quantized.features)[:, : motion.shape[1]]
        return reconstruction, quantized.commit_loss, quantized.perplexity

    def map2latent(self, motion: Tensor) -> Tensor:
        """Encode without quantizing: ``[B, T, M]`` to ``[B, N, C]``, what GestureLSM's generator learns to make."""
        with _evaluating(self):
            return self._features(motion, pad=True).transpose(1, 2)

    def latent2origin(self, latents: Tensor) -> Tensor:
        """Quantize and decode features ``[B, N, C]`` of any origin into ``[B, T, M]``."""
        with _evaluating(self):
            return self._motion(self.quantizer(latents.transpose(1, 2)).features)

    def _features(self, motion: Tensor, pad: bool) -> Tensor:
        """``[B, T, M]`` to ``[B, C, N]``."""
        if motion.ndim != 3 or motion.shape[2] != self.config.input_width:
            raise BodyConfigError(f"this codec takes [B, T, {self.config.input_width}], not {list(motion.shape)}")
        per_code, frames = self.config.frames_per_code, motion.shape[1]
        if frames < (1 if pad else per_code):
            raise BodyConfigError(f"a motion of {frames} frames fills no token of this codec")
        channels = motion.transpose(1, 2)
        if pad and frames % per_code:
            channels = F.pad(channels, (0, per_code - frames % per_code), mode="replicate")
        margin = self.config.encoder_margin
        return self._in_pieces(self.encoder, channels, PIECE * per_code, margin, 1 / per_code)

    def _motion(self, features: Tensor) -> Tensor:
        """``[B, C, N]`` to ``[B, T, M]``."""
        per_code, margin = self.config.frames_per_code, self.config.decoder_margin
        return self._in_pieces(self.decoder, features, PIECE, margin, per_code).transpose(1, 2)

    def _in_pieces(
        self, network: Callable[[Tensor], Tensor], source: Tensor, piece: int, margin: int, rate: float
    ) -> Tensor:
        """Apply a network to ``[B, *, t]`` piece by piece; ``rate`` is its output steps per input step."""
        length = source.shape[2]
        # Group norm looks at the whole length, and gradients need all of it anyhow.
        if length <= piece + 2 * margin or self.training or self.config.norm == "GN":
            return network(source)
        made = []
        for start in range(0, length, piece):
            first = max(0, start - margin)
            end = min(start + piece, length)
            out = network(source[:, :, first : end + margin])
            made.append(out[:, :, int((start - first) * rate) : int((end - first) * rate)])
        return torch.cat(made, dim=2)

    def _check_codes(self, codes: Tensor) -> None:
        if codes.ndim != 3 or not 1 <= codes.shape[2] <= self.config.num_quantizers or not codes.shape[1]:
            raise BodyConfigError(
                f"codes of this codec are [B, N, 1 to {self.config.num_quantizers}], these are {list(codes.shape)}"
            )
        if codes.numel() and not (int(codes.min()) >= UNUSED and int(codes.max()) < self.config.nb_code):
            raise BodyConfigError(
                f"codes of this codec lie below {self.config.nb_code}, these reach {int(codes.max())}"
            )


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Without gradients, dropout or learning, whatever mode the model is in."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)
