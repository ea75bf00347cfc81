"""Make the pictures of the panels in ``docs/pictures``, in a real Blender with windows that a script's user drives.

    python3.11 build_addon.py && $(python3.11 build_addon.py env) docs/panel_pictures.py [NAME …]

It needs Linux, and a Blender as ``tests/windows/blender_window.py`` finds or makes one: the variable
``ARTALK_BLENDER_ROOT`` names a folder for Debian's, which is made there (root, 1.3 GB, once).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import wave
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from windows.blender_window import NoBlenderError, Session, find_blender  # noqa: E402

SCENARIOS = ROOT / "docs" / "scenarios"
PICTURES = ROOT / "docs" / "pictures"
SPEECH = ROOT / "assets" / "demo" / "speech.wav"
SIZES = {  # of the screen
    "start": "1600x1300",
    "sections": "1600x1300",
    "preview": "1600x1300",
    "preferences": "1500x2200",
}
FILM = Path(tempfile.gettempdir()) / "film"  # a name that looks well in the panel
LONG = 30  # times the speech
LARGEST_PX = 1000  # across


def main() -> int:
    """Play the wanted scenarios; the exit status is 1 without a Blender."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", help=f"any of: {' '.join(SIZES)}; all unless named")
    options = parser.parse_args()
    archives = sorted((ROOT / "dist").glob("artalk-*.zip"))
    if not archives or set(options.scenarios) - set(SIZES):
        parser.error(f"needs dist/artalk-*.zip, from build_addon.py; the scenarios are {' '.join(SIZES)}")
    try:
        find_blender()
    except NoBlenderError as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 1
    for name in options.scenarios or SIZES:
        make(name, archives[-1])
    return 0


def make(name: str, archive: Path) -> None:
    """Play one scenario, and keep its pictures."""
    FILM.mkdir()
    try:
        shutil.copy(archive, FILM)
        shutil.copy(SPEECH, FILM)
        write_long(FILM / "interview.wav")
        variables = {
            "ARTALK_ZIP": FILM / archive.name,
            "ARTALK_SOUND": FILM / SPEECH.name,
            "ARTALK_LONG_SOUND": FILM / "interview.wav",
        }
        if name == "preferences":
            variables["ARTALK_ENGINE_PYTHON"] = ""  # nothing is installed yet
            variables["PATH"] = f"{with_python(FILM / 'bin')}:{os.environ['PATH']}"
        session = Session(SIZES[name], 1800.0, tuple((key, str(value)) for key, value in variables.items()))
        find_blender().play(SCENARIOS / f"{name}.py", FILM, session)
        for path in sorted(FILM.glob("*.png")):
            keep(path, PICTURES / f"panel_{path.name}")
    finally:
        shutil.rmtree(FILM)


def write_long(path: Path) -> None:
    """Say the same again and again, for work that takes long enough to be seen."""
    with wave.open(str(SPEECH)) as source, wave.open(str(path), "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(source.getnframes()) * LONG)


def with_python(folder: Path) -> Path:
    """Make a folder in which the engine's installation finds the Python that this runs in."""
    folder.mkdir()
    (folder / "python{}.{}".format(*sys.version_info)).symlink_to(Path(sys.executable).resolve())
    return folder


def keep(path: Path, target: Path) -> None:
    """Write a picture in as many colours as it needs, and no larger than a page shows it."""
    with Image.open(path) as picture:
        picture.thumbnail((LARGEST_PX, 2 * LARGEST_PX), Image.Resampling.LANCZOS)
        picture.quantize(256, Image.Quantize.MEDIANCUT, kmeans=4, dither=Image.Dither.NONE).save(target, optimize=True)
    sys.stderr.write(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    sys.exit(main())
