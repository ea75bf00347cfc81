"""How quickly an avatar is set up and drawn: networks of the released size, with seeded weights.

python benchmarks/avatar.py                 medians of each stage, exact and fast side by side
python benchmarks/avatar.py --device cuda   on a GPU
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from artalk_engine.avatar.gagavatar import GAGAvatar
from artalk_engine.avatar.look import AvatarLook
from artalk_engine.face.flame import FLAMEModel
from artalk_engine.precision import Precision
from tests.golden import gagavatar, synthetic_flame

ROUNDS = 5
PRECISIONS: tuple[Precision, ...] = ("exact", "fast")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        _write(Path(folder))
        columns = [_stages(Path(folder), options.device, precision) for precision in PRECISIONS]
    print(f"{'seconds':<28}" + "".join(f"{precision:>10}" for precision in PRECISIONS))
    for name in columns[0]:
        print(f"{name:<28}" + "".join(f"{column[name]:10.3f}" for column in columns))


def _write(folder: Path) -> None:
    shapes = {entry["key"]: tuple(entry["shape"]) for entry in gagavatar.MANIFEST}
    torch.save({"model": gagavatar.seeded_state(shapes)}, folder / "GAGAvatar.pt")
    torch.save({"1.jpg": gagavatar.tracked()}, folder / "tracked.pt")
    synthetic_flame.save_pt(folder / "FLAME_with_eye.pt", 0)


def _stages(folder: Path, device: str, precision: Precision) -> dict[str, float]:
    flame, motion = FLAMEModel(model_path=folder / "FLAME_with_eye.pt"), gagavatar.motions(0, 64)
    cache = folder / precision
    files = folder / "GAGAvatar.pt", folder / "tracked.pt"
    taken: dict[str, float] = {}
    began = time.perf_counter()
    avatar = GAGAvatar(*files, device=device, precision=precision, cache=cache)
    taken["loading"] = time.perf_counter() - began
    for name in ("setting an avatar up", "the same, from the cache"):
        began = time.perf_counter()
        avatar.set_avatar_id("1.jpg")
        taken[name] = time.perf_counter() - began
    taken["beginning a take"] = _median(lambda: avatar.take(motion, flame))
    for name, look in (("a full frame", AvatarLook()), ("a draft, 256 pixels", AvatarLook("draft"))):
        take = avatar.take(motion, flame, look)
        frames = range(take.together)
        taken[name] = _median(lambda take=take, frames=frames: take.draw(frames)) / take.together  # type: ignore[misc]
    return taken


def _median(action: Callable[[], object]) -> float:
    action()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began)
    return median(taken)


if __name__ == "__main__":
    main()
