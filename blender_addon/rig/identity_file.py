# SPDX-License-Identifier: GPL-3.0-or-later
"""Read an identity from a file that holds FLAME's betas; needs no Blender."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import IdentityError
from .head_file import IDENTITIES

NAMES = ("betas", "shape", "shape_params", "shapecode", "shape_code")  # as motion files and trackers call them

_REMEDY = f"Choose an .npz that holds '{NAMES[0]}', or an .npy of up to {IDENTITIES} numbers."


def load_betas(path: Path) -> NDArray[np.float64]:
    """Read an identity; nothing in the file is executed.

    Args:
        path: an ``.npz`` with ``betas`` (or one of `NAMES`), or an ``.npy`` of nothing else: ``[N]``
            numbers, or ``[T, N]``, an identity for each frame, of which the mean is taken.

    Returns:
        ``[N]`` coefficients, at most 300.

    Raises:
        IdentityError: if there are none in the file, or they are no numbers.
    """
    try:
        content = np.load(path, allow_pickle=False)
        if isinstance(content, np.ndarray):
            values = content
        else:
            with content:
                name = next((name for name in NAMES if name in content.files), None)
                if name is None:
                    raise IdentityError(f"{path.name} holds no identity.", _REMEDY)
                values = content[name]
    except FileNotFoundError as exc:
        raise IdentityError(f"There is no file {path}.", "Check the path.") from exc
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as exc:
        raise IdentityError(f"{path.name} cannot be read.", _REMEDY) from exc
    if values.dtype.kind not in "fiu" or values.ndim not in (1, 2) or not values.size or not np.isfinite(values).all():
        raise IdentityError(f"{path.name} holds no identity but {values.dtype}{list(values.shape)}.", _REMEDY)
    betas = values.astype(np.float64)
    return (betas.mean(axis=0) if betas.ndim == 2 else betas)[:IDENTITIES]
