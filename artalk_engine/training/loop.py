"""The training loop that encoder, codec and generator share: schedule, average of the weights, progress, resume."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from artalk_engine.precision import processor_abilities

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoopConfig:
    """How long and how fast to train."""

    steps: int
    batch: int
    rate: float = 2e-3
    weight_decay: float = 0.01
    warm_up: int = 50
    largest_gradient: float = 1.0
    memory: float = 0.995  # of the average of the weights, which is what comes out
    report_every: int = 50
    save_every: int = 100
    seed: int = 1


Losses = Mapping[str, Tensor]
Tensors = tuple[Tensor, ...] | list[Tensor]
StepFunction = Callable[[np.random.Generator], Losses]


@dataclass(frozen=True, slots=True)
class Gently:
    """A part of a module that has learned already and is trained on at a share of the rate."""

    part: nn.Module
    share: float


def half_precision() -> torch.autocast:
    """Multiply in bfloat16 within this context, where that is quicker; weights and sums stay in float32."""
    return torch.autocast("cpu", torch.bfloat16, enabled=bool(processor_abilities().get("amx_bf16")))


def run(
    module: nn.Module,
    config: LoopConfig,
    losses_of_step: StepFunction,
    state_path: Path,
    report: Callable[[nn.Module], str] | None = None,
    gently: Gently | None = None,
) -> None:
    """Train what requires gradients in a module, carrying on where an earlier run stopped.

    The module ends with the average of its weights over the last steps.

    Step ``k`` draws from generators seeded by the seed and ``k``, so an interrupted training sees the same batches.

    Args:
        module: trained in place.
        config: how long and how fast.
        losses_of_step: given a source of choices, computes named losses; their sum is minimised.
        state_path: where weights and optimizer are kept between runs.
        report: given the module with its averaged weights, says what to log beside the losses.
        gently: a part to train more slowly than the rest.
    """
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(
        _groups(trained, gently), config.rate, betas=(0.9, 0.98), weight_decay=config.weight_decay
    )
    average = AveragedModel(module, multi_avg_fn=_follow(config.memory), use_buffers=True)
    first = _resume(module, average, optimizer, state_path)
    began = time.monotonic()
    for step in range(first, config.steps):
        torch.manual_seed(config.seed * 1_000_003 + step)
        for group in optimizer.param_groups:
            group["lr"] = config.rate * group["share"] * learning_rate_factor(step, config)
        losses = losses_of_step(np.random.default_rng((config.seed, step)))
        optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, config.largest_gradient)
        optimizer.step()
        average.update_parameters(module)
        done = step + 1
        if done % config.save_every == 0 or done == config.steps:
            _save(module, average, optimizer, done, state_path)
        if done % config.report_every == 0 or done == config.steps:
            seconds = (time.monotonic() - began) / (done - first)
            figures = " ".join(f"{name} {float(value.detach()):.4f}" for name, value in losses.items())
            extra = report(average.module) if report else ""
            log.info("step %d of %d, %.2f s each: %s %s", done, config.steps, seconds, figures, extra)
    module.load_state_dict(average.module.state_dict())


def learning_rate_factor(step: int, config: LoopConfig) -> float:
    """Rise over the warm-up, then fall along half a cosine to one hundredth."""
    if step < config.warm_up:
        return (step + 1) / config.warm_up
    progress = (step - config.warm_up) / max(1, config.steps - config.warm_up)
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * progress))


@torch.no_grad()
def draw_towards(tensors: Iterable[Tensor], others: Iterable[Tensor], share: float) -> None:
    """Move tensors in place a share of the way to others of the same shapes.

    Statistics of batch norms are moved as well, for those of other weights would not fit; counters are taken over, and
    what is equal stays, such as the minus infinity of a mask.
    """
    for tensor, other in zip(tensors, others, strict=True):
        if not tensor.is_floating_point():
            tensor.copy_(other)
            continue
        tensor.copy_(torch.where(tensor == other, other, tensor.lerp(other, share)))


def _follow(memory: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Let averages forget a little at each step."""
    return lambda averages, values, _: draw_towards(averages, values, 1.0 - memory)


def _groups(trained: list[nn.Parameter], gently: Gently | None) -> list[dict[str, Any]]:
    slow = set(gently.part.parameters()) if gently else set()
    groups = [
        {"params": [parameter for parameter in trained if parameter not in slow], "share": 1.0},
        {"params": [parameter for parameter in trained if parameter in slow], "share": gently.share if gently else 0.0},
    ]
    return [group for group in groups if group["params"]]


def _resume(module: nn.Module, average: AveragedModel, optimizer: torch.optim.Optimizer, path: Path) -> int:
    if not path.is_file():
        return 0
    state: dict[str, Any] = torch.load(path, weights_only=True)
    module.load_state_dict(state["module"])
    average.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    log.info("carrying on from step %d of %s", state["step"], path.name)
    return int(state["step"])


def _save(module: nn.Module, average: AveragedModel, optimizer: torch.optim.Optimizer, step: int, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    states: dict[str, Any] = {"module": module, "average": average, "optimizer": optimizer}
    torch.save({**{name: part.state_dict() for name, part in states.items()}, "step": step}, temporary)
    temporary.replace(path)
