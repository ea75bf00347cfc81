"""What the body codec minimises, and how fast."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from .rvq_vae import RVQVAE


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How to train; defaults are those of the published models, but for a velocity loss that is one."""

    batch_size: int = 256
    lr: float = 2e-4
    weight_decay: float = 0.0
    total_iter: int = 300_000
    warm_up_iter: int = 400
    lr_scheduler: tuple[int, ...] = ()  # steps after which the rate falls; () for two thirds of all
    gamma: float = 0.05
    recons_loss: str = "l1_smooth"
    loss_vel: float = 0.5
    commit: float = 0.02
    seed: int = 123


@dataclass(frozen=True)
class Losses:
    """Of one batch; ``total`` is what is minimised."""

    total: Tensor
    reconstruction: Tensor
    velocity: Tensor
    commit: Tensor
    perplexity: Tensor


RECONSTRUCTION_LOSSES = {"l1": F.l1_loss, "l2": F.mse_loss, "l1_smooth": F.smooth_l1_loss}


def training_losses(codec: RVQVAE, motion: Tensor, options: TrainingOptions) -> Losses:
    """Send a batch through the codec.

    Args:
        codec: in training mode.
        motion: ``[B, T, M]``, standardised.
        options: which loss, and the weights.
    """
    distance = RECONSTRUCTION_LOSSES[options.recons_loss]
    made, commit, perplexity = codec(motion)
    reconstruction = distance(made, motion)
    velocity = distance(made.diff(dim=1), motion.diff(dim=1))
    total = reconstruction + options.loss_vel * velocity + options.commit * commit
    return Losses(total, reconstruction.detach(), velocity.detach(), commit.detach(), perplexity.detach())


def make_optimizer(codec: RVQVAE, options: TrainingOptions) -> torch.optim.AdamW:
    """AdamW as published."""
    return torch.optim.AdamW(codec.parameters(), options.lr, betas=(0.9, 0.99), weight_decay=options.weight_decay)
