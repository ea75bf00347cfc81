"""Where the files are that come with the product."""

from __future__ import annotations

from pathlib import Path

from .errors import AssetMissingError


def assets_folder() -> Path:
    """Find ``assets/``, which stands next to the package.

    Raises:
        AssetMissingError: if it is not there.
    """
    folder = Path(__file__).resolve().parent.parent / "assets"
    if not folder.is_dir():
        raise AssetMissingError(f"the assets folder is missing: {folder}")
    return folder


def head_path() -> Path:
    """Find the built-in head."""
    return _existing(assets_folder() / "head.npz", "the built-in head")


def voice_folder() -> Path:
    """Find the built-in voice: ``config.json``, ``model.safetensors`` and ``styles/``."""
    return _existing(assets_folder() / "voice", "the built-in voice")


def _existing(path: Path, name: str) -> Path:
    if not path.exists():
        raise AssetMissingError(f"{name} is missing: {path}")
    return path
