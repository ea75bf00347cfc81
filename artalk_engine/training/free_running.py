"""A quick look at the generator while it trains: whole held-out clips, window after window, as in use."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from artalk_engine.audio.continuity import CONTEXT_S
from artalk_engine.config import SAMPLE_RATE_HZ, STYLE_FRAMES
from artalk_engine.motion.generator import BitwiseARModel
from bridge.motion import WINDOW

from .motion_loss import LipDirections
from .phones import BILABIALS, SYMBOLS
from .windows import STYLE_NAMES, WindowSource

CLIPS, WINDOWS = 24, 3
_CLOSED_MM, _OPEN_MM = 1.0, 2.5
_BILABIALS = torch.tensor([SYMBOLS.index(symbol) for symbol in sorted(BILABIALS)])


@torch.no_grad()
def examine(model: BitwiseARModel, held_out: WindowSource, directions: LipDirections) -> str:
    """Say how held-out clips come out.

    Args:
        model: the generator; left in evaluation mode.
        held_out: clips of voices and sentences that training never saw.
        directions: the built-in head's lips.

    Returns:
        Figures of raw motion: correlation of the opening, bilabials that close within two frames, frames closed where
        the rule is open the step over window seams.
    """
    model.eval()
    waveform, phones, styled, style = held_out.clips_from_start(CLIPS, WINDOWS)
    clips = held_out.style_clips(style, STYLE_FRAMES, np.random.default_rng(0))
    motion = _speak(model, waveform, clips)
    opening, wanted = directions.aperture(motion), directions.aperture(styled)
    correlation = torch.corrcoef(torch.stack([opening.flatten(), wanted.flatten()]))[0, 1]
    is_closed = opening < _CLOSED_MM
    near = F.max_pool1d(is_closed.float()[:, None], 5, 1, 2)[:, 0]
    bilabial = torch.isin(phones[:, 1::2], _BILABIALS)
    begins = bilabial & ~F.pad(bilabial, (1, 0))[:, :-1]
    return (
        f"| held out: opening {correlation:.3f} closed at bilabials {near[begins].mean():.3f} "
        f"wrongly {is_closed[wanted > _OPEN_MM].float().mean():.3f} "
        f"seam {_seam(motion):.2f} (rule {_seam(styled):.2f}) "
        f"styles {_apart(motion, style):.2f} of {_apart(styled, style):.2f}"
    )


def _speak(model: BitwiseARModel, waveform: Tensor, style_clips: Tensor) -> Tensor:
    """Make raw motion ``[B, T, 106]`` of ``[B, S]``, each window heard with the sound around it."""
    context, samples = int(CONTEXT_S * SAMPLE_RATE_HZ), model.config.codec.window_samples
    padded = F.pad(waveform, (context, context))
    state, made = model.start(style_clips, len(waveform)), []
    for first in range(0, waveform.shape[1], samples):
        window = model.step(state, model.hear(padded[:, first : first + samples + 2 * context], context))
        state = window.state
        made.append(window.motion)
    return torch.cat(made, dim=1)


def _seam(motion: Tensor) -> Tensor:
    steps: Tensor = torch.linalg.vector_norm(motion.diff(dim=1), dim=-1)
    return steps[:, WINDOW - 1 :: WINDOW].median() / steps.median()


def _apart(motion: Tensor, style: Tensor) -> Tensor:
    """How far the styles' mean faces lie apart."""
    means = [motion[style == k].mean(dim=(0, 1)) for k in range(len(STYLE_NAMES)) if bool((style == k).any())]
    apart: Tensor = torch.linalg.vector_norm(torch.stack(means).std(dim=0))
    return apart
