"""Heads that films can show: their shape, and the colours of their parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from artalk_engine.assets import head_path
from artalk_engine.config import BUILTIN_RIG
from artalk_engine.errors import AssetMissingError, OptionError
from artalk_engine.face.flame import FLAMEModel
from artalk_engine.face.flame_files import SHAPES
from bridge.motion import EXPRESSION, EXPRESSIONS, GLOBAL_ORIENT, JAW_POSE

from .mesh import Rgb

Floats = npt.NDArray[np.float32]

# As Blender shows the head: its materials' colours under the film's plain light.
SKIN: Rgb = (1.0, 0.8, 0.68)
REGIONS: dict[str, Rgb] = {
    "inner_mouth": (0.36, 0.11, 0.11),
    "teeth": (1.0, 0.98, 0.94),
    "tongue": (0.8, 0.4, 0.4),
    "eye_l": (1.0, 0.99, 0.97),
    "eye_r": (1.0, 0.99, 0.97),
    "scalp": (0.42, 0.28, 0.19),
    "brows": (0.3, 0.19, 0.13),
    "iris": (0.24, 0.53, 0.56),
    "pupil": (0.03, 0.03, 0.03),
}  # all others are skin
TINTS: dict[str, tuple[Rgb, float]] = {  # what the skin's masks blend in, and how much of it at most
    "blush": ((0.97, 0.56, 0.48), 0.45),
    "shade": ((0.74, 0.5, 0.41), 0.5),
    "lips": ((0.86, 0.46, 0.43), 0.9),
    "lashes": ((0.13, 0.1, 0.09), 1.0),
}


@dataclass(frozen=True, eq=False)
class Head:
    """A head that motion can move.

    Attributes:
        rig: whose motion it understands, ``"builtin"`` or ``"flame"``.
        flame: its shape.
        colours: of the faces' corners, ``[F, 3, 3]``; None where the parts are not known.
        units: names of its first expressions, as far as they have any.
    """

    rig: str
    flame: FLAMEModel
    colours: Floats | None = None
    units: tuple[str, ...] = ()

    @property
    def expression_names(self) -> tuple[str, ...]:
        """Name all expressions as the rig in Blender does."""
        return (*self.units, *(f"expression_{index:03d}" for index in range(len(self.units), EXPRESSIONS)))

    def vertices(self, motion: Floats, betas: torch.Tensor | None = None) -> torch.Tensor:
        """Return the vertices ``[T, V, 3]`` of a motion ``[T, 106]`` and an identity ``[1, S]``."""
        rows = torch.from_numpy(np.ascontiguousarray(motion))
        pose = torch.cat([rows[:, GLOBAL_ORIENT], rows[:, JAW_POSE]], dim=1)
        with torch.inference_mode():
            vertices: torch.Tensor = self.flame(betas, rows[:, EXPRESSION], pose)
        return vertices


def load_head(rig: str, path: Path | None) -> Head:
    """Load the head that a rig's motion is for.

    Args:
        rig: ``"builtin"`` or ``"flame"``.
        path: FLAME's file, if there is one; the built-in head needs none.

    Raises:
        AssetMissingError: if the rig is FLAME's and there is no file.
        FlameFileError: if it cannot be read.
    """
    if rig == BUILTIN_RIG:
        return Head(rig, FLAMEModel(), _builtin_colours(), _builtin_units())
    if path is None:
        raise AssetMissingError(
            "this motion speaks to FLAME's head, and there is no FLAME_with_eye.pt in the model's folder",
            "Get that file from FLAME's authors, and put it beside the checkpoint.",
        )
    return Head(rig, FLAMEModel(model_path=path))


def read_betas(shape_code: npt.ArrayLike | torch.Tensor | None) -> torch.Tensor | None:
    """Return an identity ``[1, S]`` of ``[S]`` or ``[1, S]`` with at most 300 numbers, missing ones zero.

    Raises:
        OptionError: if it has another shape, or values that are no numbers.
    """
    if shape_code is None:
        return None
    values: npt.NDArray[Any] = (
        shape_code.detach().cpu().numpy() if isinstance(shape_code, torch.Tensor) else np.asarray(shape_code)
    )
    row = values.reshape(-1)
    if values.ndim not in (1, 2) or values.size != values.shape[-1] or values.size > SHAPES:
        raise OptionError(
            f"the identity has shape {list(values.shape)} where [{SHAPES}] is expected",
            f"Give up to {SHAPES} shape coefficients of one head.",
        )
    if row.dtype.kind not in "fiu" or not np.isfinite(row).all():
        raise OptionError("the identity holds values that are no numbers", "Give finite shape coefficients.")
    betas = torch.zeros(1, SHAPES)
    betas[0, : len(row)] = torch.from_numpy(row.astype(np.float32))
    return betas


def _builtin_units() -> tuple[str, ...]:
    with np.load(head_path(), allow_pickle=False) as head:
        return tuple(str(name) for name in head["unit_names"])


def _builtin_colours() -> Floats:
    """Colour the built-in head's regions, and blend its soft masks into the skin, ``[F, 3, 3]``."""
    with np.load(head_path(), allow_pickle=False) as head:
        faces, tints = head["f"], head["tints"]
        regions = [str(name) for name in head["region_names"]]
        masks = [str(name) for name in head["tint_names"]]
        face_regions = head["face_regions"]
    skin = np.tile(np.array(SKIN, np.float32), (len(tints), 1))
    for name, (colour, strength) in TINTS.items():
        share = strength * tints[:, masks.index(name), None]
        skin += share * (np.array(colour, np.float32) - skin)
    colours = skin[faces]
    for number, name in enumerate(regions):
        if name in REGIONS:
            colours[face_regions == number] = REGIONS[name]
    return np.asarray(colours)
