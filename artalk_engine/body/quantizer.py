"""Residual vector quantization: each layer names the code nearest to what the layers before it left over.

Codebooks are no parameters. They follow the encoder as moving averages of the vectors
that chose each code, and a code that is hardly chosen any more becomes a fresh vector.

References:
    van den Oord et al., Neural Discrete Representation Learning, 2017;
    Zeghidour et al., SoundStream, 2021; Guo et al., MoMask, 2024.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .config import BodyCodecConfig

UNUSED = -1  # the code of a layer that did not run
FEWEST_HITS = 2.0  # assumed of each code of a checkpoint without statistics
STATISTICS = ("code_sum", "code_count")


@dataclass(frozen=True, slots=True)
class QuantizerTraining:
    """What happens in training mode only; defaults are those of the published models."""

    decay: float = 0.99  # of the moving averages
    temperature: float = 0.5  # of the choice among codes, 0 for the nearest
    dropout: float = 0.2  # probability of leaving out some of the last layers
    resets_dead_codes: bool = True


@dataclass(frozen=True)
class Quantized:
    """What the layers make of features.

    Attributes:
        features: the sum of all layers ``[B, C, N]``, gradients passed straight through.
        codes: ``[B, N, L]``, -1 for a layer that did not run.
        layers: each layer's share ``[L, B, C, N]``, zero for a layer that did not run.
        commit_loss: mean over the layers that ran.
        perplexity: how many codes are in use, mean over the layers that ran.
    """

    features: Tensor
    codes: Tensor
    layers: Tensor
    commit_loss: Tensor
    perplexity: Tensor


class ResidualQuantizer(nn.Module):
    """The codebooks, coarse to fine."""

    def __init__(self, config: BodyCodecConfig, training: QuantizerTraining | None = None) -> None:
        super().__init__()
        self.settings = training or QuantizerTraining()
        self.layers = nn.ModuleList(Codebook(config, self.settings) for _ in range(config.num_quantizers))

    def forward(self, features: Tensor, layers: int | None = None) -> Quantized:
        """Quantize; in training mode the codebooks learn, and last layers may be left out.

        Args:
            features: ``[B, C, N]``.
            layers: how many to use; ``None`` for all, or by chance in training mode.
        """
        count = self._count() if layers is None else layers
        rows = features.transpose(1, 2).flatten(0, 1)  # [B * N, C]
        rest, shares, codes, losses, perplexities = rows, [], [], [], []
        for book in self._books[:count]:
            vectors, chosen, loss, perplexity = book(rest)
            # Each layer passes the gradient straight through, so the encoder hears it once a layer.
            shares.append(rest + (vectors - rest).detach())
            rest = rest - vectors.detach()
            codes.append(chosen)
            losses.append(loss)
            perplexities.append(perplexity)
        unused = len(self.layers) - count
        shares += [torch.zeros_like(rows)] * unused
        codes += [torch.full_like(codes[0], UNUSED)] * unused
        batch, _, length = features.shape
        stacked = torch.stack(shares).view(len(self.layers), batch, length, -1).transpose(2, 3)
        return Quantized(
            features=stacked.sum(0),
            codes=torch.stack(codes, dim=-1).view(batch, length, -1),
            layers=stacked,
            commit_loss=torch.stack(losses).mean(),
            perplexity=torch.stack(perplexities).mean(),
        )

    def look_up(self, codes: Tensor) -> Tensor:
        """Turn codes of the first layers ``[B, N, l]`` into each one's share ``[l, B, C, N]``; -1 adds nothing."""
        shares = []
        for book, chosen in zip(self._books, codes.unbind(-1), strict=False):
            vectors = F.embedding(chosen.clamp(min=0), book.table())
            shares.append(vectors * (chosen != UNUSED)[..., None])
        return torch.stack(shares).transpose(2, 3)

    def start_over(self) -> None:
        """Let the next training batch fill the codebooks, whatever they hold now."""
        for book in self._books:
            book.is_filled = book.is_counted = False

    @property
    def is_counted(self) -> bool:
        """Whether the moving averages belong to the codebooks."""
        return all(book.is_counted for book in self._books)

    def statistics(self) -> dict[str, Tensor]:
        """Give the moving averages by name; a state dict of the published kind has no place for them."""
        return {f"layers.{i}.{name}": getattr(book, name) for i, book in enumerate(self._books) for name in STATISTICS}

    @torch.no_grad()
    def load_statistics(self, statistics: Mapping[str, Tensor]) -> None:
        """Take back what :meth:`statistics` gave.

        Raises:
            KeyError: if a layer's are missing.
            RuntimeError: if they have another size.
        """
        for name, value in self.statistics().items():
            value.copy_(statistics[name])
        for book in self._books:
            book.is_counted = True

    @property
    def _books(self) -> list[Codebook]:
        return cast("list[Codebook]", list(self.layers))

    def _count(self) -> int:
        if self.training and float(torch.rand(())) < self.settings.dropout:
            return 1 + int(torch.randint(len(self.layers), ()))
        return len(self.layers)


class Codebook(nn.Module):
    """One layer: codes, and vectors that may lie behind a projection learned on top of them."""

    codebook: Tensor
    code_sum: Tensor
    code_count: Tensor

    def __init__(self, config: BodyCodecConfig, settings: QuantizerTraining) -> None:
        super().__init__()
        self.settings = settings
        self.register_buffer("codebook", torch.zeros(config.nb_code, config.code_dim))
        self.register_buffer("code_sum", torch.zeros(config.nb_code, config.code_dim), persistent=False)
        self.register_buffer("code_count", torch.zeros(config.nb_code), persistent=False)
        self.embedding_proj = nn.Linear(config.code_dim, config.code_dim) if config.projected_codebook else None
        self.is_filled = False  # whether the codebook holds codes
        self.is_counted = False  # whether the moving averages belong to it
        self.register_load_state_dict_post_hook(_note_loaded)  # type: ignore[no-untyped-call]

    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Choose a code for each vector.

        Args:
            rows: ``[n, C]``.

        Returns:
            chosen vectors ``[n, C]``, codes ``[n]``, commitment loss and perplexity.
        """
        seen = rows.detach()
        if self.training:
            self._prepare(seen)
        table = self.table()
        codes = self._choose(seen, table.detach())
        vectors = F.embedding(codes, table)
        loss = F.mse_loss(rows, vectors.detach())
        if self.embedding_proj is not None:
            loss = loss + F.mse_loss(seen, vectors)  # what teaches the projection
        hits = torch.bincount(codes, minlength=len(table)).to(rows.dtype)
        if self.training:
            self._follow(seen, codes, hits)
        share = hits / hits.sum()
        return vectors, codes, loss, torch.exp(-(share * torch.log(share + 1e-7)).sum())

    def table(self) -> Tensor:
        """The vectors that codes stand for, ``[K, C]``."""
        if self.embedding_proj is None:
            return self.codebook
        table: Tensor = self.embedding_proj(self.codebook)
        return table

    def _choose(self, rows: Tensor, table: Tensor) -> Tensor:
        """Take the nearest code; in training any, the nearer the likelier.

        Of a squared distance only ``|table|^2 - 2 rows . table`` differs between codes.
        """
        nearness = torch.addmm(table.square().sum(1), rows, table.T, beta=-1, alpha=2)  # [n, K]
        if self.training and self.settings.temperature > 0:
            noise = -_log(-_log(_uniform(nearness)))
            nearness = nearness / self.settings.temperature + noise
        return nearness.argmax(dim=1)

    @torch.no_grad()
    def _prepare(self, rows: Tensor) -> None:
        """Fill the codebook from the first batch, or suppose statistics for one that came without."""
        if not self.is_filled:
            self.codebook.copy_(self._fresh(rows))
            self.code_count.fill_(1.0)
        elif not self.is_counted:
            # With a count of one every code that the first batch misses would be dead.
            self.code_count.fill_(max(FEWEST_HITS, len(rows) / len(self.codebook)))
        if not self.is_counted:
            self.code_sum.copy_(self.codebook * self.code_count[:, None])
        self.is_filled = self.is_counted = True

    @torch.no_grad()
    def _follow(self, rows: Tensor, codes: Tensor, hits: Tensor) -> None:
        """Move codes towards the vectors that chose them, and replace those that hardly any vector chose."""
        sums = torch.zeros_like(self.code_sum).index_add_(0, codes, rows)
        self.code_sum.lerp_(sums, 1 - self.settings.decay)
        self.code_count.lerp_(hits, 1 - self.settings.decay)
        is_alive = self.code_count >= 1.0
        means = self.code_sum / self.code_count[:, None]  # may be 0 / 0 where a code is not alive
        others = self._fresh(rows) if self.settings.resets_dead_codes else self.codebook
        # Quirk: a replaced code keeps its sum and count, as in the published models.
        # A new tensor: the projection's gradient still needs the old one.
        self.codebook = torch.where(is_alive[:, None], means, others)

    def _fresh(self, rows: Tensor) -> Tensor:
        """The first vectors of a batch ``[K, C]``; too few are repeated with a little noise."""
        count = len(self.codebook)
        if len(rows) < count:
            rows = rows.repeat(-(-count // len(rows)), 1)
            rows = rows + _normal(rows) * (0.01 / rows.shape[1] ** 0.5)
        return rows[:count]


def _note_loaded(book: Codebook, _: object) -> None:
    """Keep a loaded codebook; statistics, if there are any, come after it."""
    book.is_filled, book.is_counted = True, False


def _log(values: Tensor) -> Tensor:
    return torch.log(values.clamp(min=1e-20))


def _uniform(like: Tensor) -> Tensor:
    return torch.rand_like(like)


def _normal(like: Tensor) -> Tensor:
    return torch.randn_like(like)
