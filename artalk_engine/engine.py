"""Speech in, motion out: the whole way on one screen.

sound -> windows of sound -> windows of motion -> smoothed motion
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import numpy.typing as npt
import torch

from bridge.motion import CHANNELS

from .audio.continuity import Continuity, Level, choose_hearing, measure_level
from .audio.recording import Recording
from .audio.waveform import as_array, check_waveform
from .audio.windows import window_count
from .checkpoints import check_style, load_generator, load_style, read_config
from .devices import choose_device, choose_threads
from .errors import OptionError, RigMismatchError, StyleError
from .model_folder import ModelFolder, builtin_model, find_model
from .motion.smoothing import smooth
from .options import DEFAULT_STYLE, Manner, Style, TakeChanges, TakeOptions
from .performance import Motion, Performance, advance, listen
from .precision import Precision, use_precision
from .side_by_side import Pile, side_by_side
from .streaming import ARTalkStreamer
from .styles import list_styles

if TYPE_CHECKING:
    from .avatar.gagavatar import GAGAvatar
    from .render.film import FilmOptions, Motions
    from .render.heads import Head

Samples = npt.NDArray[np.float32]
Sound = Path | str | Recording | npt.NDArray[Any] | torch.Tensor

Begun = tuple[Performance, Iterator[Samples]]  # a clip in the making, and its sound

MESH = "mesh"  # the shape_id of the model's own head
CLIPS_TOGETHER = 8
CLIPS_TOGETHER_ON_GPU = 64


class ARTAvatarInferEngine:
    """Makes motion from speech: whole, window by window, live, or many clips at once.

    Attributes:
        rig: the head that the model speaks to, ``"builtin"`` or ``"flame"``.
        config: sizes of the model.
        device: where it runs.
        defaults: how to speak unless a call says otherwise.
    """

    def __init__(
        self,
        load_gaga: bool = False,
        fix_pose: bool = False,
        clip_length: int | None = None,
        device: str = "auto",
        *,
        checkpoint: Path | str | None = None,
        config: Path | str | Mapping[str, Any] | None = None,
        threads: int | None = None,
        rig: str | None = None,
        seed: int = 0,
        continuity: Continuity = "auto",
        precision: Precision = "exact",
    ) -> None:
        """Load a model.

        Args:
            load_gaga: load the photographic avatar now; else it is loaded when first asked for.
            fix_pose: keep the head from turning.
            clip_length: frames to make at most; None is all.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            checkpoint: the model's file or folder; None is the built-in voice.
            config: its ``config.json``, or the content; None is the one beside the checkpoint.
            threads: of the processor; None leaves half of the cores to others.
            rig: the head that the model has to speak to, ``"builtin"`` or ``"flame"``; None accepts each.
            seed: chooses among takes: when the built-in voice blinks, and above temperature 0 every bit.
            continuity: what of the sound around a window counts for it; ``auto`` is what suits the model.
            precision: ``exact``, or ``fast`` for reduced precision where the device gains by it.
        """
        self._files = find_files(checkpoint)
        self.config = read_config(self._files, config, rig)
        self.rig = self.config.rig
        self.defaults = TakeOptions(seed=seed, fix_pose=fix_pose, clip_length=clip_length, continuity=continuity)
        self.device = choose_device(device)
        torch.set_num_threads(choose_threads(threads))
        choose_hearing(continuity, self.config)  # says now what the model cannot do
        self._model = load_generator(self._files.weights, self.config).to(self.device)
        use_precision(self._model, precision, self.device)
        self._precision = precision
        self._live: ARTalkStreamer | None = None
        if load_gaga:
            self.avatar  # noqa: B018 - which loads it

    def inference(self, audio: Sound, clip_length: int | None = None, **options: Unpack[Manner]) -> Motion:
        """Make the motion of a whole sound.

        Args:
            audio: a file, a recording, or a mono waveform ``[S]`` at 16 kHz.
            clip_length: frames to make at most; None is what the engine was made with.
            options: how to speak, where it differs from the engine's own; see ``TakeOptions``.

        Returns:
            ``[T, 106]`` at 25 Hz, smoothed.
        """
        limit = self.defaults.clip_length if clip_length is None else clip_length
        return _joined(self.stream(audio, clip_length=limit, **options))

    def inference_batch(
        self,
        audios: Sequence[Sound],
        styles: Sequence[Style] | None = None,
        seeds: Sequence[int] | None = None,
        **options: Unpack[TakeChanges],
    ) -> list[Motion]:
        """Make the motion of many sounds, several at once, which takes less time than one after the other.

        Args:
            audios: as for ``inference``.
            styles: one a sound; None is the same for all.
            seeds: one a sound; None is the same for all.
            options: how to speak, where it differs from the engine's own.

        Returns:
            ``[T, 106]`` for each sound.
        """
        made = dict(self.batch(audios, styles, seeds, **options))
        return [made[number] for number in range(len(audios))]

    def batch(
        self,
        audios: Sequence[Sound],
        styles: Sequence[Style] | None = None,
        seeds: Sequence[int] | None = None,
        **options: Unpack[TakeChanges],
    ) -> Iterator[tuple[int, Motion]]:
        """Make the same motions and give each, with its number, as soon as it is finished."""
        takes = zip(audios, self._takes(len(audios), styles, seeds, options), strict=True)
        waiting = Pile((number, self._perform(audio, take)) for number, (audio, take) in enumerate(takes))
        on_cpu = self.device.type == "cpu"
        workers = min(2, torch.get_num_threads()) if on_cpu and len(audios) > 1 else 1
        together = (CLIPS_TOGETHER if on_cpu else CLIPS_TOGETHER_ON_GPU) // workers
        share = min(together, -(-len(audios) // workers))
        yield from side_by_side(lambda is_enough: self._work_off(waiting, share, is_enough), workers)

    def _work_off(
        self, waiting: Pile[tuple[int, Begun]], together: int, is_enough: Callable[[], bool]
    ) -> Iterator[tuple[int, Motion]]:
        """Make clips that wait, so many at once, and give each with its number when it is finished."""
        active: dict[int, Begun] = {}
        made: defaultdict[int, list[Motion]] = defaultdict(list)
        while not is_enough():
            active.update(waiting.take(together - len(active)))
            if not active:
                return
            for number in [number for number, clip in active.items() if not listen(*clip)]:
                del active[number]
                yield number, _joined(made.pop(number, []))
            clips = [clip for clip, _ in active.values()]
            for number, piece in zip(active, advance(self._model, clips) if clips else [], strict=True):
                made[number].append(piece)

    def stream(
        self, audio: Sound, should_stop: Callable[[], bool] | None = None, **options: Unpack[TakeChanges]
    ) -> Iterator[Motion]:
        """Give the same motion in pieces, one a window, as each is made; memory does not grow with the sound.

        Args:
            audio: a file, a recording, or a mono waveform ``[S]`` at 16 kHz.
            should_stop: asked before each window; true ends the stream early.
            options: how to speak, where it differs from the engine's own.

        Yields:
            ``[T, 106]``; the smoother holds back four frames of a window until the next.
        """
        clip, sound = self._perform(audio, self.defaults.but(options))
        while not (should_stop and should_stop()) and listen(clip, sound):
            yield advance(self._model, [clip])[0]

    def streamer(self, **options: Unpack[TakeChanges]) -> ARTalkStreamer:
        """Begin a live clip, whose sound is fed in pieces.

        Args:
            options: how to speak, where it differs from the engine's own.

        Raises:
            OptionError: if the loudness of the whole clip is to count, which nobody knows yet.
        """
        take = self.defaults.but(options)
        if choose_hearing(take.continuity, self.config).is_levelled:
            raise OptionError(
                "a live stream cannot be levelled over its whole length, which is yet to come",
                "Choose context, none or auto for continuity.",
            )
        return ARTalkStreamer(self._model, self._begin(take))

    def feed(self, samples: npt.NDArray[Any] | torch.Tensor) -> Motion:
        """Feed the engine's own live clip, which begins with the first call; see ``ARTalkStreamer.feed``."""
        self._live = self._live or self.streamer()
        return self._live.feed(samples)

    def finish(self) -> Motion:
        """End the engine's own live clip and give the rest of its motion, ``[T, 106]``."""
        live, self._live = self._live or self.streamer(), None
        return live.finish()

    def windows(self, samples: int) -> int:
        """Say how many windows, and so how many pieces of a stream, a number of samples takes."""
        return window_count(samples, self.config.codec.window)

    def styles(self) -> tuple[str, ...]:
        """Name the styles that can be asked for: the model's own and the user's."""
        return tuple(list_styles(self._files, self.rig))

    def set_style_motion(self, style_motion: Style) -> None:
        """Choose how to speak from now on.

        Args:
            style_motion: the name of a style, a clip of motion ``[50, 106]``, or None for no style.

        Raises:
            StyleError: if there is no such style, or the clip has another shape.
        """
        find_style_clip(style_motion, self._files, self.rig)
        self.defaults = self.defaults.but({"style": style_motion})

    def smooth_motion_savgol(self, motions: npt.NDArray[Any] | torch.Tensor) -> Motion:
        """Smooth raw motion ``[T, 106]``; the argument stays as it is."""
        return smooth(as_array(motions).astype(np.float32))

    @cached_property
    def head(self) -> Head:
        """The head that the model speaks to.

        Raises:
            AssetMissingError: if it is FLAME's and does not lie in the model's folder.
        """
        from .render.heads import load_head  # whose compiler takes as long to load as the built-in voice

        return load_head(self.rig, self._files.flame)

    @cached_property
    def avatar(self) -> GAGAvatar:
        """The networks of photographic avatars, which lie in ``GAGAvatar`` in the model's folder.

        Raises:
            RigMismatchError: if the model does not speak to FLAME's head, which they follow.
            AssetMissingError: if they are not there.
        """
        from .avatar.files import find_avatar
        from .avatar.gagavatar import GAGAvatar

        if self.rig != GAGAvatar.rig:
            raise RigMismatchError("the model", self.rig, GAGAvatar.rig)
        files = find_avatar(self._files.weights.parent)
        return GAGAvatar(files.weights, files.tracked, device=str(self.device), precision=self._precision)

    def rendering(
        self,
        audio: Sound | None,
        motions: Motions,
        shape_id: str = "mesh",
        shape_code: npt.ArrayLike | torch.Tensor | None = None,
        save_name: Path | str = "ARTAvatar.mp4",
        options: FilmOptions | None = None,
    ) -> Path:
        """Film a motion with its sound.

        Args:
            audio: as for ``inference``; None for a silent film.
            motions: ``[T, 106]``, a motion file's content, or pieces of motion such as ``stream`` gives.
            shape_id: ``mesh`` is the model's own head, all others are avatars, such as ``11.jpg``.
            shape_code: identity of the head, up to 300 shape coefficients; an avatar has its own.
            save_name: an ``.mp4``, ``.gif`` or ``.webp``, or a folder for PNG pictures.
            options: size, rate, camera and colours; None is ARTalk's size and rate.

        Returns:
            where the film is.

        Raises:
            OutputError: if it exists already or cannot be written.
            OptionError: if the motion or an option makes no sense.
            AvatarError: if there is no such avatar.
        """
        from .render.film import make_film
        from .render.heads import read_betas

        if shape_id != MESH:
            self._film_avatar(Path(save_name), motions, shape_id, audio, options)
            return Path(save_name)
        make_film(Path(save_name), motions, self.head, audio, options, read_betas(shape_code))
        return Path(save_name)

    def _film_avatar(
        self, path: Path, motions: Motions, avatar_id: str, audio: Sound | None, options: FilmOptions | None
    ) -> None:
        from .avatar.filming import film_avatar

        if self.avatar.avatar_id != avatar_id:
            self.avatar.set_avatar_id(avatar_id)
        film_avatar(path, motions, self.avatar, self.head.flame, audio, options)

    def _perform(self, audio: Sound, take: TakeOptions) -> Begun:
        """Begin a clip; return it with its sound, which is read as the clip hears it."""
        is_levelled = choose_hearing(take.continuity, self.config).is_levelled
        level = measure_level(_blocks(audio)) if is_levelled else None
        return self._begin(take, level), _blocks(audio)

    def _begin(self, take: TakeOptions, level: Level | None = None) -> Performance:
        clip = find_style_clip(take.style, self._files, self.rig)
        state = self._model.start(clip, 1, take.style_strength, (take.seed,))
        return Performance(self._model, state, take, choose_hearing(take.continuity, self.config).context, level)

    def _takes(
        self, clips: int, styles: Sequence[Style] | None, seeds: Sequence[int] | None, options: TakeChanges
    ) -> list[TakeOptions]:
        common = self.defaults.but(options)
        for name, values in (("styles", styles), ("seeds", seeds)):
            if values is not None and len(values) != clips:
                raise OptionError(f"there are {len(values)} {name} for {clips} sounds", "Give one for each, or none.")
        styles = [common.style] * clips if styles is None else styles
        seeds = [common.seed] * clips if seeds is None else seeds
        for name in {style for style in styles if isinstance(style, str)}:
            find_style_clip(name, self._files, self.rig)  # a wrong one is told before any work is done
        return [common.but({"style": style, "seed": seed}) for style, seed in zip(styles, seeds, strict=True)]


def _joined(pieces: Iterable[Motion]) -> Motion:
    return np.concatenate([np.zeros((0, CHANNELS), np.float32), *pieces])


def find_files(checkpoint: Path | str | None) -> ModelFolder:
    """Find the files of a model by its file or folder; None is the built-in voice."""
    return builtin_model() if checkpoint is None else find_model(Path(checkpoint))


def find_style_clip(style: Style, files: ModelFolder, rig: str) -> torch.Tensor | None:
    """Find a style's clip ``[1, 50, 106]``; None is no style.

    Raises:
        StyleError: if there is no such style, or the clip has another shape.
    """
    if style is None or (isinstance(style, str) and style in ("", DEFAULT_STYLE)):
        return None
    if not isinstance(style, str):
        return torch.from_numpy(check_style(as_array(style), "given"))[None]
    known = list_styles(files, rig)
    if style not in known:
        raise StyleError(f"there is no style {style!r}; known are: {', '.join(known) or 'none'}")
    return torch.from_numpy(load_style(known[style]))[None]


def _blocks(audio: Sound) -> Iterator[Samples]:
    """Give a sound block by block, ``[S]`` each, as often as it is asked for."""
    if isinstance(audio, str | Path):
        audio = Recording(Path(audio))
    return audio.blocks() if isinstance(audio, Recording) else iter([check_waveform(audio)])
