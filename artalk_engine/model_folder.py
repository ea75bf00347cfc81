"""Where a model's files lie: weights, sizes, head and styles, as upstream lays them out or as the built-in voice does.

ARTalk/                     or its folder assets/
  ARTalk_wav2vec.pt         weights
  config.json               sizes
  FLAME_with_eye.pt         the head that it speaks to
  style_motion/*.pt         50 frames each
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .assets import head_path, voice_folder
from .errors import CheckpointError

CHECKPOINT_NAMES = ("model.safetensors", "model.pt", "ARTalk_wav2vec.pt", "ARTalk_mimi.pt")
HEAD_NAMES = ("FLAME_with_eye.pt", "generic_model.pkl")
STYLE_FOLDERS = ("styles", "style_motion")
UPSTREAM_FOLDER = "assets"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """The files of a model.

    Attributes:
        weights: the checkpoint.
        config: its ``config.json``, whether it is there or not.
        flame: the head that lies with it; None if none does.
        styles: folders of style clips, those that exist.
    """

    weights: Path
    config: Path
    flame: Path | None
    styles: tuple[Path, ...]


def builtin_model() -> ModelFolder:
    """Find the built-in voice and its head.

    Raises:
        AssetMissingError: if it is not there.
    """
    folder = voice_folder()
    return ModelFolder(folder / CHECKPOINT_NAMES[0], folder / "config.json", head_path(), _styles(folder))


def find_model(path: Path) -> ModelFolder:
    """Find the files of a model.

    Args:
        path: the folder that holds them or whose ``assets`` does, or the checkpoint itself.

    Raises:
        CheckpointError: if there is no checkpoint.
    """
    weights = _find_weights(path) if path.is_dir() else path
    if not weights.is_file():
        raise CheckpointError(f"there is no model at {path}", "Choose the folder that holds the model's files.")
    folder = weights.parent
    head = next((folder / name for name in HEAD_NAMES if (folder / name).is_file()), None)
    return ModelFolder(weights, folder / "config.json", head, _styles(folder))


def _find_weights(path: Path) -> Path:
    for folder in (path, path / UPSTREAM_FOLDER):
        for name in CHECKPOINT_NAMES:
            if (folder / name).is_file():
                return folder / name
    raise CheckpointError(
        f"there is no checkpoint in {path}; known names are {', '.join(CHECKPOINT_NAMES)}",
        "Put the checkpoint and its config.json there, or choose the folder that holds them.",
    )


def _styles(folder: Path) -> tuple[Path, ...]:
    return tuple(folder / name for name in STYLE_FOLDERS if (folder / name).is_dir())
