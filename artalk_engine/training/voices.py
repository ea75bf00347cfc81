"""Voices that are there already, to go on from and to hear with."""

from __future__ import annotations

from pathlib import Path

from artalk_engine import checkpoints
from artalk_engine.audio.log_mel import LogMelEncoder
from artalk_engine.errors import ConfigError
from artalk_engine.model_folder import find_model
from artalk_engine.motion.generator import BitwiseARModel


def load_voice(folder: Path) -> BitwiseARModel:
    """Load a voice as one to go on from.

    Raises:
        EngineError: if there is none that can be read.
        ConfigError: if it hears through another encoder.
    """
    files = find_model(folder)
    model = checkpoints.load_generator(files.weights, checkpoints.read_config(files))
    encoder_of(model)
    return model


def encoder_of(model: BitwiseARModel) -> LogMelEncoder:
    """The encoder of a voice that was trained here; a ConfigError if it has another."""
    if not isinstance(model.audio_encoder, LogMelEncoder):
        raise ConfigError(f"{type(model.audio_encoder).__name__} is not log_mel, the only encoder that is trained here")
    return model.audio_encoder
