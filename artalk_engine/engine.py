"""Speech in, motion out: the whole way on one screen.

path -> waveform -> windows of audio -> windows of motion -> smoothed motion
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bridge.motion import GLOBAL_ORIENT, JAW_YAW_ROLL

from . import assets
from .audio.waveform import load_waveform
from .checkpoints import check_style, load_config, load_generator, load_style
from .config import BUILTIN_RIG, GeneratorConfig
from .errors import AudioEmptyError, AudioFormatError, CheckpointError, NotInThisVersionError, StyleError
from .motion.blinks import Blinker
from .motion.generator import frame_count
from .motion.rest import Rest
from .motion.smoothing import StreamingSmoother, smooth

Motion = npt.NDArray[np.float32]
Sound = Path | str | npt.NDArray[Any] | torch.Tensor

DEFAULT_STYLE = "default"  # no style at all
CHECKPOINT_NAMES = ("model.safetensors", "model.pt", "ARTalk_wav2vec.pt")
STYLE_FOLDERS = ("styles", "style_motion")


class ARTAvatarInferEngine:
    """Makes motion from speech, whole or window by window.

    Attributes:
        rig: the head that the model speaks to, ``"builtin"`` or ``"flame"``.
        config: sizes of the model.
        device: where it runs.
    """

    def __init__(
        self,
        checkpoint: Path | str | None = None,
        config: Path | str | Mapping[str, Any] | None = None,
        load_gaga: bool = False,
        fix_pose: bool = False,
        clip_length: int | None = None,
        device: str = "auto",
        threads: int | None = None,
        seed: int = 0,
    ) -> None:
        """Load a model.

        Args:
            checkpoint: its file or folder; None is the built-in voice.
            config: its ``config.json``, or the content; None is the one beside the checkpoint.
            load_gaga: also load the photographic avatar.
            fix_pose: keep the head from turning.
            clip_length: frames to make at most; None is all.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            threads: of the processor; None leaves half of the cores to others.
            seed: chooses among equally good takes: when the built-in voice blinks.
        """
        if load_gaga:
            raise NotInThisVersionError("GAGAvatar is not part of this version")
        weights = _find_checkpoint(assets.voice_folder() if checkpoint is None else Path(checkpoint))
        self.config = _read_config(config, weights)
        self.rig = self.config.rig
        self.fix_pose, self.clip_length, self.seed = fix_pose, clip_length, seed
        self.device = torch.device(_choose_device(device))
        torch.set_num_threads(threads or _polite_threads())
        self._model = load_generator(weights, self.config).to(self.device)
        self._styles = _find_styles(weights.parent)
        self._style: torch.Tensor | None = None

    def inference(self, audio: Sound, clip_length: int | None = None) -> Motion:
        """Make the motion of a whole sound.

        Args:
            audio: a file, or a mono waveform ``[S]`` at 16 kHz.
            clip_length: frames to make at most; None is what the engine was made with.

        Returns:
            ``[T, 106]`` at 25 Hz, smoothed.
        """
        limit = self.clip_length if clip_length is None else clip_length
        return np.concatenate(list(self._pieces(_as_waveform(audio), limit, lambda: False)))

    def stream(self, waveform: Sound, should_stop: Callable[[], bool] | None = None) -> Iterator[Motion]:
        """Give the same motion in pieces, one a window, as each is made.

        Args:
            waveform: a file, or a mono waveform ``[S]`` at 16 kHz.
            should_stop: asked before each window; true ends the stream early.

        Yields:
            ``[T, 106]``; the smoother holds back four frames of a window until the next.
        """
        return self._pieces(_as_waveform(waveform), self.clip_length, should_stop or (lambda: False))

    def windows(self, samples: int) -> int:
        """Say how many windows, and so how many pieces of a stream, a number of samples takes."""
        return self._model.window_count(samples)

    def styles(self) -> tuple[str, ...]:
        """Name the styles that come with the model."""
        return tuple(self._styles)

    def set_style_motion(self, style_motion: str | npt.NDArray[Any] | torch.Tensor | None) -> None:
        """Choose how to speak.

        Args:
            style_motion: the name of a style, a clip of motion ``[50, 106]``, or None for no style.

        Raises:
            StyleError: if there is no such style, or the clip has another shape.
        """
        if style_motion is None or (isinstance(style_motion, str) and style_motion in ("", DEFAULT_STYLE)):
            self._style = None
            return
        if isinstance(style_motion, str):
            if style_motion not in self._styles:
                known = ", ".join(self._styles) or "none"
                raise StyleError(f"there is no style {style_motion!r}; known are: {known}")
            clip = load_style(self._styles[style_motion])
        else:
            clip = check_style(_as_array(style_motion), "given")
        self._style = torch.from_numpy(clip)[None]

    def smooth_motion_savgol(self, motions: npt.NDArray[Any] | torch.Tensor) -> Motion:
        """Smooth raw motion ``[T, 106]``; the argument stays as it is."""
        return smooth(_as_array(motions).astype(np.float32))

    def rendering(self, *_: Any, **__: Any) -> Path:
        """Make a video; not in this version.

        Raises:
            NotInThisVersionError: always.
        """
        raise NotInThisVersionError(
            "rendering to video is not part of this version", "Use the motion in Blender and render it there."
        )

    def _pieces(
        self, waveform: npt.NDArray[np.float32], limit: int | None, stop: Callable[[], bool]
    ) -> Iterator[Motion]:
        """Generate, smooth and finish window after window: the one loop behind all of the above."""
        frames = frame_count(len(waveform))
        limit = frames if limit is None else max(0, min(limit, frames))
        model, smoother, raw, made = self._model, StreamingSmoother(), 0, 0
        # What the built-in voice is not taught; other models blink and rest by themselves.
        blinker, rest = (Blinker(self.seed), Rest()) if self.rig == BUILTIN_RIG else (None, None)
        state = model.start(self._style, batch=1)
        for audio in model.split(torch.from_numpy(waveform)[None]):
            if stop():
                return
            window = model.step(state, audio)
            state = window.state
            motion = window.motion[0, : frames - raw].cpu().numpy()
            if blinker is not None and rest is not None:
                heard = audio[0].cpu().numpy()
                motion = blinker.add(rest.settle(motion, heard), heard, frames - raw)
            raw += len(motion)
            ready = smoother.push(motion)
            if raw == frames:
                ready = np.concatenate([ready, smoother.finish()])
            yield self._finished(ready[: limit - made])
            made += len(ready)
            if made >= limit:
                return

    def _finished(self, motion: Motion) -> Motion:
        """Still what is not to move."""
        finished = motion.copy()
        if self.fix_pose:
            finished[:, GLOBAL_ORIENT] = 0
        finished[:, JAW_YAW_ROLL] = 0
        return finished


def _find_checkpoint(path: Path) -> Path:
    if not path.is_dir():
        return path
    for name in CHECKPOINT_NAMES:
        if (path / name).is_file():
            return path / name
    raise CheckpointError(f"there is no checkpoint in {path}", f"Put {CHECKPOINT_NAMES[0]} and config.json there.")


def _read_config(config: Path | str | Mapping[str, Any] | None, weights: Path) -> GeneratorConfig:
    if isinstance(config, Mapping):
        return GeneratorConfig.from_mapping(config)
    return load_config(weights.with_name("config.json") if config is None else Path(config))


def _find_styles(folder: Path) -> dict[str, Path]:
    """List style clips by name; a name from outside is only looked up here, so it cannot leave the folder."""
    clips = [path for name in STYLE_FOLDERS for kind in ("*.npy", "*.pt") for path in (folder / name).glob(kind)]
    return {path.stem: path for path in sorted(clips)}


def _choose_device(device: str) -> str:
    if device != "auto":
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _polite_threads() -> int:
    """Half of the cores: a busy host would make every thread wait for the slowest."""
    return max(1, (os.cpu_count() or 2) // 2)


def _as_waveform(audio: Sound) -> npt.NDArray[np.float32]:
    if isinstance(audio, str | Path):
        return load_waveform(audio)
    waveform = _as_array(audio)
    if waveform.ndim != 1 or not np.issubdtype(waveform.dtype, np.floating):
        raise AudioFormatError(
            f"a waveform must be one channel of floats at 16 kHz, not {waveform.dtype} of shape {list(waveform.shape)}"
        )
    if not len(waveform):
        raise AudioEmptyError("the waveform has no samples")
    return np.ascontiguousarray(waveform, dtype=np.float32)


def _as_array(values: npt.NDArray[Any] | torch.Tensor) -> npt.NDArray[Any]:
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
