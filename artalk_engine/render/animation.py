"""Silent animations for web pages and messages: GIF, with a palette for each picture, and WebP.

Both repeat for ever, and carry the mark that they are synthetic where their formats keep remarks.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from artalk_engine.errors import OutputError

from .outputs import MARK, written_whole

if TYPE_CHECKING:
    import av
    import av.filter
    from av.video.stream import VideoStream

Pictures = Iterable[NDArray[np.uint8]]

WEBP = {"quality": "90", "compression_level": "2"}
HAS_XMP = 0x04  # in the flags of a WebP file
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>'
    f'<rdf:li xml:lang="x-default">{MARK}</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>'
)


def write_gif(path: Path, pictures: Pictures, fps: Fraction) -> int:
    """Write a GIF, whose pictures stand for whole hundredths of a second; see ``write_webp``."""
    return _write(path, pictures, fps, "gif", {}, "pal8", _mark_gif)


def write_webp(path: Path, pictures: Pictures, fps: Fraction) -> int:
    """Write a WebP, whose compressed pictures stay in memory until the end.

    Args:
        path: the file to write; it holds all of the animation or what it held before.
        pictures: each ``[H, W, 3]`` sRGB, all of one size.
        fps: pictures a second.

    Returns:
        The number of pictures written.

    Raises:
        OutputError: if the file cannot be written, or this build of FFmpeg lacks the format.
        ValueError: if there is no picture.
    """
    return _write(path, pictures, fps, "libwebp_anim", WEBP, "yuv420p", _mark_webp)


def _write(
    path: Path,
    pictures: Pictures,
    fps: Fraction,
    codec: str,
    options: dict[str, str],
    pixels: str,
    mark: Callable[[Path], None],
) -> int:
    import av

    if codec not in av.codecs_available:
        raise OutputError(f"this build of FFmpeg cannot write {path.suffix}", "Write an MP4, or pictures.")
    count = 0
    with written_whole(path) as unfinished:
        kind = path.suffix[1:].lower()
        with av.open(str(unfinished), "w", format=kind, options={"loop": "0"}) as film:
            stream, graph = None, None
            for picture in pictures:
                if stream is None or graph is None:
                    stream = cast("VideoStream", film.add_stream(codec, rate=fps, options=options))
                    stream.height, stream.width, stream.pix_fmt = *picture.shape[:2], pixels
                    graph = _graph(stream, pixels)
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
                frame.pts, frame.time_base = count, 1 / fps
                for made in _filtered(graph, frame):
                    film.mux(stream.encode(made))
                count += 1
            if stream is None:
                raise ValueError("an animation needs at least one picture")
            film.mux(stream.encode(None))
        mark(unfinished)
    return count


def _graph(stream: VideoStream, pixels: str) -> av.filter.Graph:
    """Make FFmpeg's filters that turn pictures into what the codec takes."""
    import av
    import av.filter

    graph = av.filter.Graph()
    time_base = 1 / Fraction(stream.codec_context.framerate)
    width, height = stream.width, stream.height
    source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgb24"), time_base=time_base)
    sink = graph.add("buffersink")
    if pixels == "pal8":
        split, palette, use = (
            graph.add("split"),
            graph.add("palettegen", "stats_mode=single"),
            graph.add("paletteuse", "new=1:dither=none"),
        )
        source.link_to(split)
        split.link_to(use, 0, 0)
        split.link_to(palette, 1, 0)
        palette.link_to(use, 0, 1)
        use.link_to(sink)
    else:
        convert = graph.add("format", f"pix_fmts={pixels}")
        source.link_to(convert)
        convert.link_to(sink)
    graph.configure()
    return graph


def _filtered(graph: av.filter.Graph, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
    import av

    graph.push(frame)
    while True:
        try:
            yield cast("av.VideoFrame", graph.pull())
        except (av.BlockingIOError, av.EOFError):
            return


def _mark_gif(path: Path) -> None:
    """Put a comment before the file's last byte, which says that it ends."""
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x21\xfe" + bytes([len(MARK)]) + MARK.encode("ascii") + b"\x00\x3b")


def _mark_webp(path: Path) -> None:
    """Add a block of metadata, and say in the header that it is there."""
    content = XMP.encode("ascii")
    content += b" " * (len(content) % 2)  # blocks have even lengths
    with path.open("r+b") as file:
        header = file.read(21)
        if header[12:16] != b"VP8X":
            return  # a single picture in the plain form, which has no place for it
        file.seek(20)
        file.write(bytes([header[20] | HAS_XMP]))
        size = file.seek(0, os.SEEK_END)
        file.write(b"XMP " + struct.pack("<I", len(content)) + content)
        file.seek(4)
        file.write(struct.pack("<I", size + len(content)))  # of all that follows these eight bytes
