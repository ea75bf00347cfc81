"""Make the built-in voice from nothing: corpus, encoder, codec, generator, and the files that are shipped.

    python -m artalk_engine.training build
    python -m artalk_engine.training build --start assets/voice

The second goes on from the weights of a voice that is there, with a third of the work. Everything is cached in the work
folder; an interrupted build carries on where it stopped, and a finished part is not made again. To train a part anew,
remove its file there.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from artalk_engine import assets
from artalk_engine.config import STYLE_FRAMES
from artalk_engine.motion.generator import BitwiseARModel

from . import alignment, corpus, flite, rule, train_codec, train_encoder, train_generator
from .corpus import CorpusConfig
from .loop import LoopConfig
from .styles import STYLES
from .train_codec import CodecTraining
from .train_encoder import EncoderTraining
from .train_generator import GeneratorTraining
from .voices import encoder_of, load_voice
from .windows import WindowSource, quiet_clips, without_blinks

log = logging.getLogger(__name__)

DEMO_TEXT = "Maybe Bob and Emma remember my number. My brother may bring a big blue umbrella home."
DEMO_VOICE = flite.FliteVoice("rms", 1.0)
STYLE_TEXT = "My mother bought a warm jumper for Bob, and Emma picked five apples from the tree above the yard."
_QUIET_CLIPS = 60
# Steps of trainings that go on from an earlier voice, windows in each, and share of the rate.
_ENCODER_ON, _CODEC_ON, _GENERATOR_ON = (1900, 20, 0.6), (600, 32, 0.6), (1050, 16, 0.6)


@dataclass(frozen=True, slots=True)
class BuildConfig:
    """All that decides what comes out."""

    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    held_out: CorpusConfig = field(default_factory=lambda: CorpusConfig(clips=160, is_held_out=True))
    encoder: EncoderTraining = field(default_factory=EncoderTraining)
    codec: CodecTraining = field(default_factory=CodecTraining)
    generator: GeneratorTraining = field(default_factory=GeneratorTraining)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``build``."""
    parser.add_argument("--work", type=Path, default=Path("training-output"), help="folder of what is half done")
    parser.add_argument("--out", type=Path, help="where the voice goes; the assets folder if left out")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="synthesizers side by side")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads of the training")
    parser.add_argument("--start", type=Path, metavar="VOICE", help="a voice's folder, to go on from its weights")
    parser.add_argument("--quick", type=int, default=1, metavar="N", help="an N-th of the corpus and of the steps")


def run(arguments: argparse.Namespace) -> int:
    """Build as the options say."""
    torch.set_num_threads(arguments.threads)
    out = arguments.out or assets.assets_folder() / "voice"
    config, earlier = BuildConfig(), None
    if arguments.start:
        earlier = load_voice(arguments.start)
        config = going_on(config, earlier)
    build(quick(config, arguments.quick), arguments.work, out, arguments.processes, earlier)
    return 0


def going_on(config: BuildConfig, earlier: BitwiseARModel) -> BuildConfig:
    """The build that goes on from an earlier voice: its encoder's sizes, fewer and smaller steps."""

    def on(each: LoopConfig, steps: int, batch: int, share: float) -> LoopConfig:
        return replace(each, steps=steps, batch=batch, rate=share * each.rate)

    encoder, codec, generator = config.encoder, config.codec, config.generator
    return replace(
        config,
        encoder=replace(encoder, encoder=encoder_of(earlier).config, loop=on(encoder.loop, *_ENCODER_ON)),
        codec=replace(codec, loop=on(codec.loop, *_CODEC_ON)),
        generator=replace(generator, loop=on(generator.loop, *_GENERATOR_ON)),
    )


def quick(config: BuildConfig, divisor: int) -> BuildConfig:
    """The same build with an N-th of its corpus and steps, to see whether everything runs."""
    encoder, codec, generator = config.encoder, config.codec, config.generator
    return BuildConfig(
        corpus=replace(config.corpus, clips=max(8, config.corpus.clips // divisor)),
        held_out=replace(config.held_out, clips=max(8, config.held_out.clips // divisor)),
        encoder=replace(encoder, loop=replace(encoder.loop, steps=max(1, encoder.loop.steps // divisor))),
        codec=replace(codec, loop=replace(codec.loop, steps=max(1, codec.loop.steps // divisor))),
        generator=replace(generator, loop=replace(generator.loop, steps=max(1, generator.loop.steps // divisor))),
    )


def build(
    config: BuildConfig, work: Path, out: Path, processes: int = 1, earlier: BitwiseARModel | None = None
) -> BitwiseARModel:
    """Make the voice.

    Args:
        config: sizes and schedules.
        work: cache of everything on the way.
        out: folder for ``config.json``, ``model.safetensors``, ``phones.safetensors`` and ``styles/``.
        processes: how many synthesizers run side by side.
        earlier: a voice to go on from.

    Returns:
        The trained model.
    """
    head, cache = assets.head_path(), work / "corpus"
    for settings in (config.held_out, config.corpus):
        corpus.build(settings, cache, processes)
    held_out = WindowSource(corpus.clips(config.held_out, cache))
    quiet = quiet_clips(_QUIET_CLIPS, np.random.default_rng(config.corpus.seed))
    source = WindowSource([*corpus.clips(config.corpus, cache), *quiet])
    log.info("training on %d clips, reporting on %d", len(source), len(held_out))
    heard_before = None if earlier is None else encoder_of(earlier)
    taught = train_encoder.train(config.encoder, source, held_out, head, work / "encoder.pt", heard_before)
    said_before = None if earlier is None else earlier.basic_vae
    codec = train_codec.train(config.codec, source, held_out, head, work / "codec.pt", said_before)
    audio = audio_mapping(config.encoder)
    state = work / "generator.pt"
    model = train_generator.train(config.generator, taught, audio, codec, source, held_out, head, state, earlier)
    write_voice(model, config.generator.mapping(audio), out)
    _save(taught.phone_head.state_dict(), out / alignment.READINGS)
    return model


def audio_mapping(config: EncoderTraining) -> Mapping[str, Any]:
    """``AUDIO_CONFIG`` of the checkpoint."""
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(config.encoder).items()}


def write_voice(model: BitwiseARModel, mapping: Mapping[str, Any], out: Path) -> None:
    """Write the files of a voice: configuration, weights, and one clip of each style."""
    (out / "styles").mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(mapping, indent=2) + "\n", encoding="utf-8")
    tensors = {name: tensor.detach().contiguous().clone() for name, tensor in model.state_dict().items()}
    _save(tensors, out / "model.safetensors")
    for style in STYLES:
        np.save(out / "styles" / f"{style}.npy", style_clip(style))
    log.info("the voice is in %s", out)


def _save(tensors: dict[str, Tensor], path: Path) -> None:
    save_file(tensors, path)
    path.chmod(0o644)  # it comes readable by its owner only


def style_clip(style: str) -> NDArray[np.float32]:
    """The rule's motion in a style, ``[50, 106]``, from the middle of a sentence."""
    from . import espeak

    speech = espeak.speak(STYLE_TEXT, espeak.EspeakVoice())
    motion = rule.make_motion(speech.phones, speech.waveform, style, seed=0)
    first = (len(motion) - STYLE_FRAMES) // 2
    return without_blinks(motion[first : first + STYLE_FRAMES])


def write_demo(path: Path) -> None:
    """Speak the demonstration's sentence with a voice that is kept out of training."""
    from scipy.io import wavfile

    from .speech import SAMPLE_RATE_HZ

    speech = flite.speak(DEMO_TEXT, DEMO_VOICE)
    path.parent.mkdir(parents=True, exist_ok=True)
    peak = float(np.abs(speech.waveform).max())
    wavfile.write(path, SAMPLE_RATE_HZ, np.round(speech.waveform / peak * 0.7 * 32767.0).astype(np.int16))
