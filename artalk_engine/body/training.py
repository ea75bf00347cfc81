"""What the body codec minimises, how fast, and the loop that does it and carries on where it stopped."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from tqdm import tqdm

from artalk_engine.errors import EngineError

from .config import BodyCheckpointError, BodyConfigError
from .dataset import Windows
from .rvq_vae import RVQVAE

log = logging.getLogger(__name__)

RECONSTRUCTION_LOSSES = {"l1": F.l1_loss, "l2": F.mse_loss, "l1_smooth": F.smooth_l1_loss}


class TrainingError(EngineError):
    """A training went wrong on the way."""

    code = "training"
    default_remedy = "Train with a smaller --lr."


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How to train; defaults are the published ones, but for a velocity loss that is one."""

    batch_size: int = 256
    lr: float = 2e-4
    weight_decay: float = 0.0
    total_iter: int = 300_000  # steps after the warm-up
    warm_up_iter: int = 400
    lr_scheduler: tuple[int, ...] = ()  # steps after which the rate falls; () for two thirds of all
    gamma: float = 0.05
    recons_loss: str = "l1_smooth"
    loss_vel: float = 0.5
    commit: float = 0.02
    seed: int = 123
    report_every: int = 1000

    def __post_init__(self) -> None:
        if self.recons_loss not in RECONSTRUCTION_LOSSES:
            raise BodyConfigError(f"recons-loss must be one of {', '.join(RECONSTRUCTION_LOSSES)}")
        if min(self.batch_size, self.total_iter, self.warm_up_iter, self.report_every) < 1 or not self.lr > 0:
            raise BodyConfigError("batch-size, total-iter, warm-up, report-every and lr must be above zero")

    @property
    def steps(self) -> int:
        """All steps, warm-up included."""
        return self.warm_up_iter - 1 + self.total_iter


@dataclass(frozen=True)
class Losses:
    """Of one batch; ``total`` is what is minimised."""

    total: Tensor
    reconstruction: Tensor
    velocity: Tensor
    commit: Tensor
    perplexity: Tensor


def train(
    codec: RVQVAE,
    windows: Windows,
    options: TrainingOptions,
    state_path: Path,
    report: Callable[[int], None],
) -> None:
    """Train a codec in place, carrying on from ``state_path`` if it is there.

    Step ``k`` draws from a generator seeded by the seed and ``k``, so an interrupted training sees the same batches.

    Args:
        codec: on the device of the windows.
        windows: what to learn from.
        options: how long and how fast.
        state_path: where weights, moving averages and optimizer are kept between runs.
        report: called after so many steps with their number, the codec in evaluation mode.

    Raises:
        TrainingError: if the loss is no number any more.
        KeyboardInterrupt: if it was interrupted; what was learned until then is kept.
        BodyCheckpointError: if what is at ``state_path`` belongs to another training.
    """
    optimizer = make_optimizer(codec, options)
    first = _resume(codec, optimizer, state_path)
    bar = tqdm(range(first, options.steps), "Training", options.steps, first, unit="step", disable=None)
    for step in bar:
        with _interrupts_held_back() as is_interrupted:
            losses = _learn(codec, windows, optimizer, options, step)
            done = step + 1
            if is_interrupted():
                save_state(codec, optimizer, done, state_path)
                raise KeyboardInterrupt(f"Interrupted after step {done}; the same command carries on from there.")
        if done % options.report_every == 0 or done == options.steps:
            _say(bar, done, losses)
            save_state(codec, optimizer, done, state_path)
            report(done)


def _learn(
    codec: RVQVAE, windows: Windows, optimizer: torch.optim.Optimizer, options: TrainingOptions, step: int
) -> Losses:
    """Take one step."""
    torch.manual_seed(options.seed * 1_000_003 + step)
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(step, options)
    losses = training_losses(codec.train(), windows.draw(options.batch_size), options)
    optimizer.zero_grad(set_to_none=True)
    losses.total.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return losses


@contextmanager
def _interrupts_held_back() -> Iterator[Callable[[], bool]]:
    """Let a step end before an interrupt counts: codebooks and weights of half a step do not belong together."""
    seen: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # where Python knows no interrupts
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        yield lambda: bool(seen)
    finally:
        signal.signal(signal.SIGINT, before)


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


def learning_rate(step: int, options: TrainingOptions) -> float:
    """Rise evenly over the warm-up, then fall by ``gamma`` at each of the scheduled steps after it."""
    warm_up = options.warm_up_iter - 1
    if step < warm_up:
        return options.lr * (step + 2) / (options.warm_up_iter + 1)
    milestones = options.lr_scheduler or (options.total_iter * 2 // 3,)
    return options.lr * options.gamma ** sum(step - warm_up >= milestone for milestone in milestones)


def save_state(codec: RVQVAE, optimizer: torch.optim.Optimizer, step: int, path: Path) -> None:
    """Write all that is needed to carry on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "net": codec.state_dict(),
        "ema": codec.quantizer.statistics(),
        "optimizer": optimizer.state_dict(),
        "step": step,
    }
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    torch.save(content, temporary)
    temporary.replace(path)


def _resume(codec: RVQVAE, optimizer: torch.optim.Optimizer, path: Path) -> int:
    if not path.is_file():
        return 0
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        codec.load_state_dict(state["net"])
        codec.quantizer.load_statistics(state["ema"])
        optimizer.load_state_dict(state["optimizer"])
        step = int(state["step"])
    except Exception as exc:  # readers fail in many ways on damaged files
        remedy = "Choose another --out, or remove that file to begin anew."
        raise BodyCheckpointError(f"{path} is not from a training with these sizes", remedy) from exc
    log.info("carrying on from step %d of %s", step, path.name)
    return step


def _say(bar: Any, done: int, losses: Losses) -> None:
    figures = {name: float(getattr(losses, name)) for name in ("reconstruction", "velocity", "commit", "perplexity")}
    if not torch.isfinite(losses.total):
        raise TrainingError(f"the loss is no number any more at step {done}")
    bar.set_postfix(figures)
    log.info("step %d: %s", done, " ".join(f"{name} {value:.4f}" for name, value in figures.items()))
