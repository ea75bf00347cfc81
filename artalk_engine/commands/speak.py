"""``speak``: from a text straight to its sound, its motion, or a film of a head that says it."""

from __future__ import annotations

import argparse
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artalk_engine.assets import head_path
from artalk_engine.config import BUILTIN_RIG
from artalk_engine.console import progress
from artalk_engine.environment import needed_packages
from artalk_engine.errors import FlameFileError, OptionError, OutputError
from artalk_engine.version import engine_version
from bridge.motion_file import ENDINGS, MotionFile, save_motion
from bridge.phones import check_closures

from . import avatar as avatars
from . import render
from .common import explain, load, writable
from .speaking import add_continuity_option, add_take_options, changes_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from artalk_engine.face.lip_gap import LipGauge
    from artalk_engine.speech import SpeakOptions, Spoken

EXAMPLES = """examples:
  artalk speak "Hello, how are you?" -o hello.mp4      a film of the built-in head that says it
  artalk speak "Hallo." --language de -o hallo.wav     its sound alone
  artalk speak -f script.txt -o lines.npz              its motion, with lines.wav beside it
  artalk speak --list --language fr                    languages and voices that there are
  artalk speak "Hi." --voice ~/voices/amy.onnx         a Piper voice of your own
  artalk speak "Hi." --model ~/ARTalk --avatar 11.jpg -o hi.mp4
"""
SOUND = ".wav"
FILMS = (".mp4", ".gif", ".webp", ".glb", "")


@dataclass(frozen=True)
class Report:
    """What ``speak`` reports.

    Attributes:
        output: the file asked for.
        duration_s: of the sound.
        language: spoken.
        voice: that spoke.
        sound: the sound file that lies beside a motion, ``""`` for none.
        closures: how many of the sounds that need closed lips get them; ``""`` where no motion was made, or the voice
            does not tell when it speaks which sound.
        elapsed_s: seconds that it took.
    """

    output: str
    duration_s: float
    language: str
    voice: str
    sound: str
    closures: str
    elapsed_s: float


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what to say, who says it, and what to make of it."""
    parser.set_defaults(command=run)
    explain(parser, EXAMPLES)
    parser.add_argument("text", nargs="?", default="", metavar="TEXT", help="what to say; - reads standard input")
    parser.add_argument("-f", "--file", type=Path, metavar="FILE", help="text file to say instead")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("speech.wav"),
        metavar="FILE",
        help="sound (.wav), motion (.npz, .json, .csv, .pt), film (.mp4, .gif, .webp, or a folder for PNG pictures) or "
        "the moving head itself (.glb); default: speech.wav",
    )
    parser.add_argument("--force", action="store_true", help="replace outputs that exist")
    parser.add_argument("--list", action="store_true", help="list languages and voices, and say nothing")
    voice = parser.add_argument_group("voice")
    voice.add_argument(
        "--language", default="", metavar="CODE", help="such as en-us, de, cmn, or its English name (default: en-us)"
    )
    voice.add_argument(
        "--voice", default="", metavar="NAME", help="an espeak-ng variant, a Piper voice's name or file, or gtts"
    )
    voice.add_argument("--speaker", default="", metavar="NAME", help="of a Piper voice that has several")
    voice.add_argument("--rate", type=float, default=1.0, metavar="X", help="how fast, from 0.5 to 2.5 (default: 1)")
    voice.add_argument("--pitch", type=float, default=0.0, metavar="N", help="semitones up, from -6 to 6 (default: 0)")
    voice.add_argument("--voices", type=Path, metavar="DIR", help="folder of Piper voices (default: ARTALK_VOICES)")
    voice.add_argument("--online", action="store_true", help="allow a voice to send the text over the internet")
    add_take_options(parser.add_argument_group("take"))
    add_continuity_option(parser)
    render.add_film_options(parser.add_argument_group("film"))
    avatars.add_film_options(parser.add_argument_group("avatar"))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Say it; what can be refused is refused before a model is loaded."""
    if options.list:
        return _list(options)
    options = avatars.with_model(options)
    begun, text = time.monotonic(), _text(options)
    say = _voice_of(options)
    output: Path = options.output
    ending = output.suffix.lower()
    if ending == SOUND:
        spoken, sound, closures = _speak(text, output, say, options), "", ""
    elif ending in ENDINGS:
        sound = str(output.with_suffix(SOUND))
        spoken, closures = _make_motion(text, say, options)
    elif ending in FILMS:
        spoken, closures = _make_film(text, say, options)
        sound = ""
    else:
        kinds = ", ".join((SOUND, *ENDINGS, *FILMS[:-1]))
        raise OutputError(f"{output.name} ends in nothing that can be made", f"Choose one of {kinds}.")
    took_s = round(time.monotonic() - begun, 3)
    return asdict(
        Report(str(output), round(spoken.duration_s, 3), spoken.language, spoken.voice, sound, closures, took_s)
    )


def _text(options: argparse.Namespace) -> str:
    """Read what to say.

    Raises:
        OptionError: if nothing or two things are to be said, or the file is no text.
    """
    if options.file is not None and options.text:
        raise OptionError("There are two texts to speak.", "Give a text or a file, not both.")
    if options.text == "-" and options.file is None:
        return sys.stdin.read()
    if options.file is None:
        return str(options.text)
    try:
        return str(options.file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as exc:
        raise OptionError(f"There is no text file {options.file}.", "Check its path.") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise OptionError(f"{options.file} cannot be read as text.", "Save it as plain text in UTF-8.") from exc


def _voice_of(options: argparse.Namespace) -> SpeakOptions:
    from artalk_engine.speech import SpeakOptions

    return SpeakOptions(
        language=options.language,
        voice=options.voice,
        speaker=options.speaker,
        rate=options.rate,
        pitch=options.pitch,
        folder=options.voices,
        allow_online=options.online,
    )


def _speak(text: str, path: Path, say: SpeakOptions, options: argparse.Namespace) -> Spoken:
    with needed_packages():
        from artalk_engine.speech import speak_to_file
    with progress(options, "Speaking", len(text), "letter") as bar:
        return speak_to_file(text, path, say, is_forced=options.force, tell=lambda done, total: bar.reach(done, total))


def _make_motion(text: str, say: SpeakOptions, options: argparse.Namespace) -> tuple[Spoken, str]:
    """Write a motion, and its sound beside it; neither if the other cannot be written."""
    import numpy as np

    output = writable(options.output, options.force)
    sound = output.with_suffix(SOUND)
    changes = changes_of(options)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".artalk-") as folder:
        writable(sound, options.force)
        spoken = _speak(text, Path(folder, sound.name), say, options)
        engine, _ = load(options)
        windows = engine.windows(round(spoken.duration_s * 16_000))
        with progress(options, "Making motion", windows, "window") as bar:
            pieces = [bar.passed(piece) for piece in engine.stream(spoken.path, **changes)]
        motion = np.concatenate(pieces)
        contents = MotionFile(motion, engine.rig, sound.name, engine_version(), options.style, spoken.phones)
        save_motion(output, contents)
        spoken.path.replace(sound)
    gauge = _gauge(options, engine.rig)
    gap = gauge.measure(motion) if gauge is not None else None
    return spoken, _closures(spoken, gap)


def _make_film(text: str, say: SpeakOptions, options: argparse.Namespace) -> tuple[Spoken, str]:
    """Film the head while its motion is made; neither sound nor motion is held as a whole."""
    with needed_packages():
        import numpy as np

        from artalk_engine.audio.recording import Recording
        from artalk_engine.audio.windows import frame_count
        from artalk_engine.render.film import check_film
        from artalk_engine.render.heads import load_head
        from artalk_engine.render.retiming import check_fps, frames_at

    look, changes = render.look_of(options), changes_of(options)
    check_film(options.output, look)
    draw = render.film_maker(options.output, look, options)
    gaps: list[NDArray[np.float64]] = []
    with tempfile.TemporaryDirectory(prefix="artalk-") as folder:
        spoken = _speak(text, Path(folder, "speech.wav"), say, options)
        engine, _ = load(options)
        head = load_head(engine.rig, options.head) if options.head else engine.head
        gauge, recording = _gauge(options, engine.rig), Recording(spoken.path)
        pieces = _measured(engine.stream(recording, **changes), gauge, gaps)
        expected = frames_at(frame_count(recording.length or 0), check_fps(look.fps))
        with progress(options, "Filming", expected, "picture") as bar:
            draw(options.output, pieces, head, recording, look, on_picture=lambda _: bar.advance())
    return spoken, _closures(spoken, np.concatenate(gaps) if gauge is not None and gaps else None)


def _measured(
    pieces: Iterator[NDArray[np.float32]], gauge: LipGauge | None, gaps: list[NDArray[np.float64]]
) -> Iterator[NDArray[np.float32]]:
    """Pass pieces of motion on, and note how far the lips are apart in them."""
    for piece in pieces:
        if gauge is not None:
            gaps.append(gauge.measure(piece))
        yield piece


def _gauge(options: argparse.Namespace, rig: str) -> LipGauge | None:
    """Return what measures the mouth of the head in use; None without a head, or one without lips."""
    from artalk_engine.engine import find_files
    from artalk_engine.face.lip_gap import LipGauge

    path = options.head or find_files(options.model or None).flame or (head_path() if rig == BUILTIN_RIG else None)
    try:
        return LipGauge(path) if path is not None else None
    except FlameFileError:
        return None


def _closures(spoken: Spoken, gap: NDArray[np.float64] | None) -> str:
    if gap is None or not spoken.phones.symbols:
        return ""
    found = check_closures(spoken.phones, gap)
    return f"{found.reached} of {found.total}"


def _list(options: argparse.Namespace) -> dict[str, Any]:
    """List languages, those of --language alone if it is given, and voices."""
    from artalk_engine.speech.voices import find_language, languages, voices

    found = (find_language(options.language),) if options.language else languages()
    return {
        "languages": {language.code: language.name for language in found},
        "voices": [
            {"name": voice.name, "kind": voice.kind, "language": voice.language, "speakers": list(voice.speakers)}
            for voice in voices(options.voices)
        ],
    }


def readable(result: dict[str, Any]) -> str:
    """Write languages and voices for people."""
    lines = [f"{code:<20} {name}" for code, name in result["languages"].items()]
    ours = [voice for voice in result["voices"] if voice["kind"] == "espeak"]
    lines += ["", "voices of espeak-ng, for every language:"]
    lines += textwrap.wrap(", ".join(voice["name"] for voice in ours), 110, initial_indent="  ", subsequent_indent="  ")
    others = [voice for voice in result["voices"] if voice["kind"] != "espeak"]
    lines += ["", "other voices:"] if others else []
    for voice in others:
        speakers = f", speakers: {', '.join(voice['speakers'][:8])}" if voice["speakers"] else ""
        lines.append(f"  {voice['name']:<30} {voice['kind']} {voice['language']}{speakers}".rstrip())
    return "\n".join(lines)
