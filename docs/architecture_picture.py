"""Draw the data flow, ``docs/pictures/architecture.svg``: `python docs/architecture_picture.py`, with any Python."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

PICTURE = Path(__file__).resolve().parent / "pictures" / "architecture.svg"
WIDTH, HEIGHT = 1000, 530
BOX_WIDTH, BOX_HEIGHT = 138, 58
STYLE = """
    text { font-family: sans-serif; fill: #222; text-anchor: middle; }
    .name { font-size: 14px; } .where { font-size: 11px; fill: #555; font-family: monospace; }
    .lane { font-size: 13px; font-weight: bold; text-anchor: start; } .note { font-size: 12px; fill: #333; }
    .box { fill: white; stroke: #666; } .data { fill: #fff6dd; stroke: #a98a2d; }
    .arrow { stroke: #444; stroke-width: 1.6; fill: none; marker-end: url(#head); }
"""


@dataclass(frozen=True)
class Box:
    """A stage, or what lies between two: its middle, its name, and where it is in the repository."""

    x: int
    y: int
    name: str
    where: str = ""
    is_data: bool = False


BOXES = {
    "text": Box(80, 85, "text", "speech/"),
    "sound": Box(80, 175, "sound file", "", is_data=True),
    "waveform": Box(248, 175, "waveform, 16 kHz", "audio/"),
    "features": Box(416, 175, "features, 50 Hz", "audio/"),
    "style": Box(584, 85, "style, 50 frames", "styles.py"),
    "bits": Box(584, 175, "bits, by scale", "motion/"),
    "motion": Box(752, 175, "motion, 25 Hz", "[T, 106]", is_data=True),
    "vertices": Box(752, 85, "vertices", "face/"),
    "pictures": Box(920, 85, "pictures", "render/ avatar/"),
    "sidebar": Box(80, 388, "sidebar", "panels/ operators/"),
    "take": Box(752, 388, "take", "motion, settings", is_data=True),
    "edits": Box(584, 388, "edits", "takes/edits.py"),
    "curves": Box(416, 388, "curves, keys", "takes/curves.py", is_data=True),
    "rig": Box(248, 388, "rig: keys, bones", "rig/"),
    "cycles": Box(248, 484, "3D view, Cycles", "Blender's own"),
    "files": Box(752, 484, "motion files", "npz json csv pt", is_data=True),
    "preview": Box(920, 388, "preview window", "preview/"),
    "exchange": Box(416, 484, "glTF FBX USD", "exchange.py", is_data=True),
}
ARROWS = (
    ("text", "sound"),
    ("sound", "waveform"),
    ("waveform", "features"),
    ("features", "bits"),
    ("style", "bits"),
    ("bits", "motion"),
    ("motion", "vertices"),
    ("vertices", "pictures"),
    ("motion", "take"),
    ("take", "edits"),
    ("edits", "curves"),
    ("curves", "rig"),
    ("rig", "cycles"),
    ("take", "files"),
    ("pictures", "preview"),
    ("sidebar", "sound"),
)
LANES = (
    (30, 215, "#e8f0fb", "The engine: a process of its own, with PyTorch (artalk_engine)"),
    (258, 58, "#ececec", "The bridge (bridge)"),
    (332, 192, "#e9f6ea", "Blender: standard library and numpy (blender_addon)"),
)
NOTES = (
    (165, 284, "requests: sound, style, seed"),
    (416, 284, "JSON and arrays over stdin and stdout"),
    (660, 284, "windows of 4 s"),
    (836, 284, "a mapped file"),
)


def main() -> None:
    """Write the picture."""
    parts = [_lane(*lane) for lane in LANES]
    parts += [_arrow(BOXES[first], BOXES[last]) for first, last in ARROWS]
    parts += [_arrow(BOXES["rig"], BOXES["exchange"])]
    parts += [_box(box) for box in BOXES.values()]
    parts += [f'<text class="note" x="{x}" y="{y}">{escape(text)}</text>' for x, y, text in NOTES]
    parts += [_loop(BOXES["bits"])]
    marker = '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    head = f'<defs><style>{STYLE}</style>{marker}<path d="M0 0 8 4 0 8z" fill="#444"/></marker></defs>'
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    paper = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    lines = "\n".join([head, paper, *parts])
    PICTURE.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{lines}\n</svg>\n', encoding="utf-8")


def _lane(y: int, height: int, colour: str, name: str) -> str:
    rectangle = f'<rect x="4" y="{y - 22}" width="{WIDTH - 8}" height="{height + 22}" rx="8" fill="{colour}"/>'
    return f'{rectangle}<text class="lane" x="170" y="{y - 3}">{escape(name)}</text>'


def _box(box: Box) -> str:
    kind = "data" if box.is_data else "box"
    left, top = box.x - BOX_WIDTH // 2, box.y - BOX_HEIGHT // 2
    rectangle = f'<rect class="{kind}" x="{left}" y="{top}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
    below = f'<text class="where" x="{box.x}" y="{box.y + 17}">{escape(box.where)}</text>' if box.where else ""
    height = box.y - 3 if box.where else box.y + 5
    return f'{rectangle}<text class="name" x="{box.x}" y="{height}">{escape(box.name)}</text>{below}'


def _arrow(first: Box, last: Box) -> str:
    """Draw from border to border: along the line where two are beside or above each other, else down and across."""
    if first.y == last.y:
        side = BOX_WIDTH // 2 if last.x > first.x else -BOX_WIDTH // 2
        return f'<path class="arrow" d="M{first.x + side} {first.y}H{last.x - side}"/>'
    side = BOX_HEIGHT // 2 if last.y > first.y else -BOX_HEIGHT // 2
    if first.x == last.x:
        return f'<path class="arrow" d="M{first.x} {first.y + side}V{last.y - side}"/>'
    middle = (first.y + last.y) // 2
    return f'<path class="arrow" d="M{first.x + 30} {first.y + side}V{middle}H{last.x}V{last.y - side}"/>'


def _loop(box: Box) -> str:
    """Draw that what was made before counts for what comes next."""
    left, right, bottom = box.x - 30, box.x + 30, box.y + BOX_HEIGHT // 2
    loop = f'<path class="arrow" d="M{right} {bottom}v17H{left}v-17"/>'
    return f'{loop}<text class="note" x="{box.x}" y="{bottom + 31}">the window before</text>'


if __name__ == "__main__":
    main()
