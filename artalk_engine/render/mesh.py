"""The preview picture of a head: vertices in, pictures out, on the processor.

    renderer = RenderMesh(512, flame.get_faces())
    images, alpha = renderer(vertices)  # [N, 3, 512, 512] from 0 to 255, [N, 1, 512, 512]

As it stands, that is ARTalk's picture to the pixel: one grey-blue head before white, one light, no antialiasing.
Colours, camera, background and antialiasing are options.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from artalk_engine.errors import OptionError

from . import pixels, rasterizer
from .camera import CAMERAS, Camera, eye_of

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Rgb = tuple[float, float, float]
Backend = Literal["own", "pytorch3d"]
T = TypeVar("T")
U = TypeVar("U")
Keep = Callable[[int, slice, Floats, Floats], None]  # a picture's number, rows, pixels [R, W, 3], coverage [R, W, 1]

ALBEDO: Rgb = (142 / 255, 179 / 255, 247 / 255)
WHITE: Rgb = (1.0, 1.0, 1.0)
LIGHT = (0.0, 1.0, 3.0)  # metres; stays where it is whatever the head's scale and the camera
BAND_ROWS = 64  # drawn in one go, so that what a band needs stays in the processor's cache
MOST_SAMPLES, MOST_PIXELS = 16, 16_384


@dataclass(frozen=True, eq=False)
class Look:
    """What a picture shows besides the shape.

    Attributes:
        colours: of vertices ``[V, 3]``, of faces ``[F, 3]``, of faces' corners ``[F, 3, 3]``, or one for all
            ``[1, 3]``, from 0 to 1.
        background: behind the head, from 0 to 1.
        camera: from where.
        antialias: so many samples a pixel in each direction; 1 is none.
    """

    colours: npt.ArrayLike = (ALBEDO,)
    background: Rgb = WHITE
    camera: Camera = CAMERAS["front"]
    antialias: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.antialias <= MOST_SAMPLES:
            raise OptionError(
                f"antialias must be from 1 to {MOST_SAMPLES}, not {self.antialias}", "Choose a number such as 2."
            )
        if np.shape(self.background) != (3,):
            raise OptionError(f"the background is one colour, not {self.background}", "Give red, green and blue.")


class RenderMesh(nn.Module):
    """Draws meshes of one topology."""

    faces: Tensor

    def __init__(
        self,
        image_size: int | tuple[int, int],
        faces: Tensor | npt.NDArray[Any],
        scale: float = 1.0,
        look: Look | None = None,
        threads: int | None = None,
        backend: Backend = "own",
    ) -> None:
        """Get ready to draw.

        Args:
            image_size: pixels of a square picture, or height and width.
            faces: the triangles, ``[F, 3]``.
            scale: of the head, by which the camera stands back.
            look: colours, camera, background, antialiasing; None is ARTalk's picture.
            threads: of the processor; None is all that this process may use.
            backend: ``"own"``, or ``"pytorch3d"`` where that is installed.

        Raises:
            OptionError: if one of these makes no sense, or PyTorch3D is asked for and not there.
        """
        super().__init__()
        self.height, self.width = check_size(image_size)
        self.scale, self.look, self.backend = scale, look or Look(), backend
        self.threads = threads or available_threads()
        self.register_buffer("faces", torch.as_tensor(faces).long().reshape(-1, 3), persistent=False)
        triangles = self.faces.cpu().numpy()
        if len(triangles) and not 0 <= triangles.min() <= triangles.max() < 2**31:
            raise OptionError("a face names a vertex that cannot be", "Number vertices from 0 upwards.")
        samples = self.look.antialias
        self._columns = rasterizer.pixel_centres(self.width * samples, self.height * samples)
        self._rows = rasterizer.pixel_centres(self.height * samples, self.width * samples)
        self._triangles = np.ascontiguousarray(triangles, np.int32)
        self._colours = np.ascontiguousarray(self.look.colours, np.float32)
        if backend == "pytorch3d":
            from .pytorch3d_mesh import check_pytorch3d

            check_pytorch3d()

    def forward(self, vertices: Tensor, transform_matrix: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Draw meshes.

        Args:
            vertices: ``[N, V, 3]``.
            transform_matrix: of each picture's camera, ``[N, 3, 4]``: a rotation for points as rows, and a
                translation in the last column; None is the look's camera.

        Returns:
            pictures ``[N, 3, H, W]``, 0 to 255 with highlights above, and how much of each pixel the head
            covers, ``[N, 1, H, W]``, 0 to 1; both on the vertices' device.

        Raises:
            OptionError: if vertices, colours and matrices do not fit each other and the faces.
        """
        transforms = self._transforms(vertices, transform_matrix)
        if self.backend == "pytorch3d":
            from .pytorch3d_mesh import draw

            return draw(self, vertices, transforms, LIGHT)
        images = np.empty((len(vertices), self.height, self.width, 3), np.float32)
        alpha = np.empty((len(vertices), self.height, self.width, 1), np.float32)

        def keep(frame: int, rows: slice, picture: Floats, coverage: Floats) -> None:
            np.multiply(picture, np.float32(255), out=images[frame, rows])
            alpha[frame, rows] = coverage

        self._draw(vertices, transforms, keep)
        first, second = (torch.from_numpy(array).permute(0, 3, 1, 2).to(vertices.device) for array in (images, alpha))
        return first, second

    def pictures(self, vertices: Tensor) -> Bytes:
        """Draw meshes ``[N, V, 3]`` as the bytes of a film, ``[N, H, W, 3]``."""
        if self.backend == "pytorch3d":
            images, _ = self(vertices)
            return cast(Bytes, images.clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy())
        made = np.empty((len(vertices), self.height, self.width, 3), np.uint8)

        def keep(frame: int, rows: slice, picture: Floats, _: Floats) -> None:
            made[frame, rows] = pixels.as_bytes(picture)

        self._draw(vertices, self._transforms(vertices, None), keep)
        return made

    def _transforms(self, vertices: Tensor, given: Tensor | None) -> Floats:
        """Return each picture's camera ``[N, 3, 4]``, once the arguments are known to fit."""
        known = len(self._triangles) and int(self._triangles.max()) + 1
        if vertices.ndim != 3 or vertices.shape[-1] != 3 or vertices.shape[1] < known:
            raise OptionError(f"vertices must be [N, V, 3] with at least {known} of them, not {list(vertices.shape)}")
        if given is None:
            return np.broadcast_to(self.look.camera.transform(self.scale), (len(vertices), 3, 4))
        if given.shape != (len(vertices), 3, 4):
            raise OptionError(f"transform_matrix must be [{len(vertices)}, 3, 4], not {list(given.shape)}")
        return np.ascontiguousarray(given.detach().float().cpu().numpy())

    def corner_colours(self, vertices: int) -> Floats:
        """Return the colours of the faces' corners, ``[F, 3, 3]``, for meshes with so many vertices.

        Raises:
            OptionError: if there are fewer or more colours than places for them.
        """
        colours, faces = self._colours, len(self._triangles)
        if colours.shape == (faces, 3, 3):
            return colours
        if colours.shape == (vertices, 3):
            return colours[self._triangles]
        if colours.shape in ((1, 3), (faces, 3)):
            return np.ascontiguousarray(np.broadcast_to(colours[:, None], (faces, 3, 3)))
        raise OptionError(
            f"colours of shape {list(colours.shape)} do not fit {vertices} vertices and {faces} faces",
            "Give one for each vertex, each face or each corner of each face, or one for all.",
        )

    def _draw(self, vertices: Tensor, transforms: Floats, keep: Keep) -> None:
        """Draw all pictures, in bands of rows that any thread may draw, and hand each band to ``keep``."""
        points = np.ascontiguousarray(vertices.detach().float().cpu().numpy())
        colours, faces = self.corner_colours(points.shape[1]), self._triangles
        light, background = (np.asarray(values, np.float32) for values in (LIGHT, self.look.background))
        samples, focal = self.look.antialias, np.float32(self.look.camera.focal)
        step = max(1, BAND_ROWS // samples)

        def prepare(frame: int) -> tuple[Floats, Floats]:
            screen = rasterizer.project(points[frame], transforms[frame], focal)
            return screen, rasterizer.vertex_normals(points[frame], faces)

        def draw(band: tuple[int, int]) -> None:
            frame, first = band
            screen, normals = prepared[frame]
            grid = self._columns, self._rows[first * samples : (first + step) * samples]
            shown = rasterizer.nearest_faces(screen, faces, *grid)
            eye = eye_of(transforms[frame])
            picture = rasterizer.shade(
                shown, screen, *grid, faces, points[frame], normals, colours, light, eye, background
            )
            coverage = (shown >= 0).astype(np.float32)[..., None]
            if samples > 1:
                picture, coverage = pixels.averaged(picture, samples), pixels.averaged(coverage, samples)
            keep(frame, slice(first, first + step), picture, coverage)

        prepared = _in_threads(prepare, range(len(points)), self.threads)
        _in_threads(draw, [(f, row) for f in range(len(points)) for row in range(0, self.height, step)], self.threads)


def check_size(image_size: int | tuple[int, int]) -> tuple[int, int]:
    """Return height and width of a picture.

    Raises:
        OptionError: if they are no such numbers.
    """
    sides = tuple(image_size) if isinstance(image_size, tuple | list) else (image_size, image_size)
    if len(sides) != 2 or not all(isinstance(side, int | np.integer) and 1 <= side <= MOST_PIXELS for side in sides):
        raise OptionError(
            f"a picture has from 1 to {MOST_PIXELS} pixels in each direction, not {image_size}",
            "Choose a size such as 512.",
        )
    return int(sides[0]), int(sides[1])


def available_threads() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _in_threads(work: Callable[[T], U], items: Iterable[T], threads: int) -> list[U]:
    """Do the same with all items, and return the results in their order."""
    if threads == 1:
        return list(map(work, items))
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))
