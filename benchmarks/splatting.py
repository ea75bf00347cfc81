"""How quickly Gaussians are drawn: 180,255 with 32 channels at 512 x 512, laid out as those of a photo-real avatar.

    python benchmarks/splatting.py                  medians on the processor, on 1 and on all threads
    python benchmarks/splatting.py --tensors        by tensor operations, too, which take some seconds a picture
    python benchmarks/splatting.py --device cuda    on a GPU, by every backend that is installed

An avatar has 5,023 Gaussians at the vertices of its head and two sheets of 296 x 296 that bulge to the camera and away
from it. How large they are is what a network says, and decides the speed: 1, 2, 4 and 8 pixels are measured. Pictures
of a size are compared over all backends in one run. Machine code is made when it is first needed and kept for the next
start; both starts are measured in processes of their own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from artalk_engine import rasterize_gaussians
from artalk_engine.render.mesh import available_threads
from artalk_engine.render.splatting import extensions

SIZE, CHANNELS, ROUNDS, BATCH = 512, 32, 7, 4
HEAD, SHEET = 5023, 296
DISTANCE, FOCAL = 10.0, 12.0
FIRST_PICTURE = """
import sys, time
sys.path.insert(0, {root!r})
import torch
from artalk_engine import rasterize_gaussians
began = time.perf_counter()
one = torch.ones(1, 4)
rasterize_gaussians(one[:, :3], one, one[:, :3], one[:, :1], one, torch.eye(3, 4), size=64)
print(time.perf_counter() - began)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps")
    parser.add_argument("--tensors", action="store_true", help="measure tensor operations on the processor")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.device == "cpu":
        with tempfile.TemporaryDirectory() as folder:
            for name in ("first start, machine code is made", "next start, machine code is read"):
                print(f"{name:<60}{1000 * _first_picture(folder):8.0f} ms")
    for pixels in (1, 2, 4, 8):
        _print_speeds(avatar_scene(pixels, options.device), f"{pixels} px", options.device, options.tensors)


def avatar_scene(pixels: float, device: str) -> dict[str, Tensor]:
    """Return Gaussians laid out like an avatar's, whose standard deviation is about so many pixels."""
    random = torch.Generator().manual_seed(0)
    side = torch.linspace(1, -1, SHEET)
    y, x = torch.meshgrid(side, side, indexing="ij")
    sheet = torch.stack([-x, y, torch.zeros_like(x)], -1).reshape(-1, 3) * DISTANCE / FOCAL
    bulge = (0.6 * torch.exp(-4 * (x * x + y * y)) + 0.02 * torch.rand(x.shape, generator=random)).reshape(-1, 1)
    normal = torch.randn(HEAD, 3, generator=random)
    head = normal / normal.norm(dim=1, keepdim=True) * torch.tensor([0.4, 0.5, 0.4])
    means = torch.cat([head, sheet + bulge * torch.tensor([0, 0, 1.0]), sheet - bulge * torch.tensor([0, 0, 1.0])])
    count = len(means)
    quaternions = torch.nn.functional.normalize(torch.randn(count, 4, generator=random))
    quaternions[:HEAD] *= 0.03
    deviation = pixels * DISTANCE / (FOCAL * SIZE / 2)
    scene = {
        "means": means,
        "quaternions": quaternions,
        "scales": deviation * torch.exp(0.4 * torch.randn(count, 3, generator=random)),
        "opacities": torch.sigmoid(2 * torch.randn(count, 1, generator=random)),
        "features": torch.rand(count, CHANNELS, generator=random),
        "camera": torch.tensor([[-1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, -1.0, DISTANCE]]),
    }
    return {name: tensor.to(device) for name, tensor in scene.items()}


def _print_speeds(scene: dict[str, Tensor], name: str, device: str, with_tensors: bool) -> None:
    first: Tensor | None = None
    batch = scene | {"camera": scene["camera"].expand(BATCH, 3, 4)}
    for label, backend, threads in _ways(device, with_tensors):
        drawing, together = _drawing(scene, backend, threads), _drawing(batch, backend, threads)
        picture = drawing()
        first = picture if first is None else first
        wall, processor = _medians(drawing, device)
        batch_wall, _ = _medians(together, device)
        print(
            f"{name}, {label:<40}{1000 * wall:8.1f} ms, {1000 * batch_wall / BATCH:8.1f} ms of {BATCH} at once"
            f"{1000 * processor:8.0f} ms of processor time, differs by {float((picture - first).abs().max()):.0e}"
        )


def _ways(device: str, with_tensors: bool) -> Iterator[tuple[str, str, int | None]]:
    """Name who can draw there."""
    if device == "cpu":
        for threads in sorted({1, available_threads()}):
            yield f"loops, {threads} thread{'s'[: threads - 1]}", "cpu", threads
    if with_tensors or device != "cpu":
        yield "tensor operations", "torch", None
    if device == "cuda" and extensions.has_inria():
        yield extensions.INRIA, extensions.INRIA, None
    if device == "cuda" and extensions.has_gsplat():
        yield "gsplat", "gsplat", None
    if device == "cuda" and extensions.has_triton():
        yield "our own kernel", "triton", None


def _drawing(scene: dict[str, Tensor], backend: str, threads: int | None) -> Callable[[], Tensor]:
    return lambda: rasterize_gaussians(**scene, size=SIZE, backend=backend, threads=threads)


def _medians(action: Callable[[], object], device: str) -> tuple[float, float]:
    """Return the medians of wall clock and processor time, in seconds."""
    action()
    taken = []
    for _ in range(ROUNDS):
        began, busy = time.perf_counter(), time.process_time()
        action()
        if device == "cuda":
            torch.cuda.synchronize()
        taken.append((time.perf_counter() - began, time.process_time() - busy))
    walls, processors = zip(*taken, strict=True)
    return median(walls), median(processors)


def _first_picture(cache: str) -> float:
    """Return the seconds until a process of its own has drawn its first picture, libraries not counted."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-c", FIRST_PICTURE.format(root=str(ROOT))]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
