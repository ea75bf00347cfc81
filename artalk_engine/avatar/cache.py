"""What has been made of portraits, kept for the next start: making it takes the processor half a minute."""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from pathlib import Path

from torch import Tensor

from artalk_engine.assets import file_sha256
from artalk_engine.folders import user_cache_folder
from bridge.whole_file import whole_file

from .gaussians import Gaussians
from .network import AvatarGaussians
from .tracked import TrackedAvatar

log = logging.getLogger(__name__)

FORMAT = 1  # part of the name, so that a change of the networks is not answered from the cache
MOST_AVATARS = 12  # kept, 31 MB each


class AvatarCache:
    """Avatars' Gaussians on disk, named by the checksums of what they were made of."""

    def __init__(self, weights: Path, folder: Path | None = None) -> None:
        """Open the cache.

        Args:
            weights: of the networks.
            folder: where to keep it; None is the user's cache folder.
        """
        self._weights, self._digest = weights, ""
        self.folder = user_cache_folder() / "avatars" if folder is None else folder

    def read(self, avatar: TrackedAvatar) -> AvatarGaussians | None:
        """Return an avatar's Gaussians, if they are kept and whole."""
        from safetensors.torch import load_file

        path = self._path(avatar)
        try:
            kept = load_file(path)
            path.touch()  # the longest unused goes first
            names = ("colours", "opacities", "scales", "rotations")
            return AvatarGaussians(Gaussians(*(kept[name] for name in names)), kept["plane_points"])
        except FileNotFoundError:
            return None
        except Exception as exc:  # a damaged one is made again
            log.warning("%s cannot be read: %s", path, exc)
            return None

    def write(self, avatar: TrackedAvatar, made: AvatarGaussians) -> None:
        """Keep an avatar's Gaussians, and let go of those that were not used for longest; a full disk is no matter."""
        from safetensors.torch import save

        part, path = made.gaussians, self._path(avatar)
        content = save(
            {
                "colours": part.colours.cpu(),
                "opacities": part.opacities.cpu(),
                "scales": part.scales.cpu(),
                "rotations": part.rotations.cpu(),
                "plane_points": made.plane_points.cpu(),
            }
        )
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with whole_file(path) as stream:
                stream.write(content)
            self._trim()
        except OSError as exc:
            log.warning("%s cannot be written: %s", path, exc)

    def _path(self, avatar: TrackedAvatar) -> Path:
        self._digest = self._digest or file_sha256(self._weights)
        portrait = hashlib.sha256()
        for tensor in (avatar.image, avatar.transform):
            portrait.update(_bytes(tensor))
        return self.folder / f"{self._digest[:16]}-{portrait.hexdigest()[:16]}-{FORMAT}.safetensors"

    def _trim(self) -> None:
        kept = sorted(self.folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime)
        for path in kept[:-MOST_AVATARS]:
            with suppress(OSError):
                path.unlink()


def _bytes(tensor: Tensor) -> bytes:
    return bytes(tensor.contiguous().numpy().tobytes())
