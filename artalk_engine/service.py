"""The engine as Blender runs it: requests come through a pipe, motion goes back as it is made.

Nothing heavy is imported at the top. The channel is moved away from standard output and
``Hello`` is answered while PyTorch is still being loaded; after that the model stays in memory.
"""

from __future__ import annotations

import faulthandler
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from artalk_engine.environment import needed_packages
from artalk_engine.errors import AudioMissingError, EngineError, TextError
from artalk_engine.version import engine_version
from bridge.messages import (
    ClipReady,
    Describe,
    Description,
    Done,
    Film,
    Frame,
    Generate,
    ListVoices,
    LoadRig,
    MotionWindow,
    Preview,
    RecodeClip,
    Reply,
    RigReady,
    Speak,
    Spoken,
    Voices,
)
from bridge.server import Job, Server, take_standard_streams

if TYPE_CHECKING:
    from artalk_engine.audio.continuity import Continuity
    from artalk_engine.audio.recording import Recording
    from artalk_engine.engine import ARTAvatarInferEngine
    from artalk_engine.generation import Voice, WarmEngine
    from artalk_engine.options import TakeChanges
    from artalk_engine.precision import Precision
    from artalk_engine.preview import Studio

log = logging.getLogger(__name__)

SOUND = "Reading the sound"  # stages of Progress, in their order
MODEL = "Loading the model"
MOTION = "Making motion"
RIG = "Converting the head"
CLIP = "Working on the clip"
SPEECH = "Speaking"


def main() -> None:
    """Serve until the process at the other end of standard input is gone."""
    channel = take_standard_streams()
    faulthandler.enable(sys.stderr)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    server = Server(channel, engine_version(), beside=(Preview, Film))
    server.start()
    log.info("engine %s, Python %s", engine_version(), sys.version.split()[0])
    _import_engine_early()
    server.run(Service().handle)


class Service:
    """Does the jobs; what they need is loaded once and kept."""

    def __init__(self) -> None:
        self._warm: WarmEngine | None = None
        self._studio: Studio | None = None  # used by the side worker alone
        self._avatars: dict[str, tuple[str, ...]] = {}  # by folder

    def handle(self, job: Job) -> Reply:
        """Do one job.

        Args:
            job: the request and the way to send replies.

        Returns:
            The reply that ends the job.

        Raises:
            EngineError: if it cannot be done.
            JobCancelledError: if it was cancelled.
        """
        match job.request:
            case Describe() as request:
                return self._describe(job, request)
            case LoadRig() as request:
                return _load_rig(job, request)
            case Generate() as request:
                return self._generate(job, request)
            case RecodeClip() as request:
                return _recode_clip(job, request)
            case Speak() as request:
                return _speak(job, request)
            case ListVoices() as request:
                return _list_voices(request)
            case Preview() | Film() as request:
                return self._draw(job, request)
        raise EngineError(
            f"This engine cannot answer a {type(job.request).__name__}.", "Use an add-on of the same release."
        )

    def _describe(self, job: Job, request: Describe) -> Description:
        voice, engine = self._engine(job, request)
        return Description(
            str(engine.device), (voice.name,), engine.styles(), engine.rig, self._avatars_in(request.model)
        )

    def _avatars_in(self, model: str) -> tuple[str, ...]:
        """Name the avatars in a model's folder; reading them takes a moment, so it is done once."""
        if model and model not in self._avatars:
            with needed_packages():
                from artalk_engine.preview import avatar_names

            self._avatars[model] = avatar_names(model)
        return self._avatars.get(model, ())

    def _generate(self, job: Job, request: Generate) -> Done:
        job.progress(SOUND)
        recording = _recording(request)
        next(recording.blocks())  # a sound that cannot be used is told before a model is loaded for it
        _, engine = self._engine(job, request)
        windows, frames = engine.windows(recording.length or 0), 0
        job.progress(MOTION, 0, windows)
        pieces = engine.stream(recording, lambda: job.is_cancelled, **_options(request))
        for index, piece in enumerate(pieces, start=1):
            job.check()
            if len(piece):
                job.send(MotionWindow(frames, piece))
            frames += len(piece)
            job.progress(MOTION, min(index, windows), windows)
        job.check()
        return Done(frames)

    def _draw(self, job: Job, request: Preview | Film) -> Done:
        def on_picture(frame: int) -> None:
            job.send(Frame(frame))
            job.check()

        with needed_packages():
            from artalk_engine.preview import Studio

        self._studio = self._studio or Studio()
        if isinstance(request, Film):
            return Done(self._studio.film(request, job.progress, job.remark))
        return Done(self._studio.draw(request, on_picture, job.progress, lambda: job.is_crowded, job.remark))

    def _engine(self, job: Job, request: Describe | Generate) -> tuple[Voice, ARTAvatarInferEngine]:
        """Return the engine for a request, loading it if another or none is loaded."""
        with needed_packages():
            from artalk_engine.generation import Voice, WarmEngine

        self._warm = self._warm or WarmEngine()
        threads = request.threads if isinstance(request, Generate) else 0
        precision = cast("Precision", request.precision)  # which the engine checks
        voice = Voice(request.model, request.device, precision, threads)
        if not self._warm.has(voice):
            job.progress(MODEL)
        return voice, self._warm.get(voice)


def _recording(request: Generate) -> Recording:
    """Say what to hear of which file."""
    with needed_packages():
        from artalk_engine.audio.recording import Recording
        from artalk_engine.audio.waveform import check_channel

    return Recording(_absolute(request.audio), request.start_s, request.end_s, check_channel(request.channel))


def _options(request: Generate) -> TakeChanges:
    """Say how to speak."""
    return {
        "style": request.style,
        "style_strength": request.style_strength,
        "seed": request.seed,
        "temperature": request.temperature,
        "continuity": cast("Continuity", request.continuity),  # which the engine checks
        "fix_pose": request.fix_pose,
    }


def _import_engine_early() -> None:
    """Load the libraries while Blender does not wait for anything yet; a failure waits for a job to tell."""
    try:
        import artalk_engine.generation  # noqa: F401
    except Exception:  # a damaged library may raise anything
        log.exception("the engine's libraries cannot be loaded")


def _load_rig(job: Job, request: LoadRig) -> RigReady:
    with needed_packages():
        from artalk_engine.rig_cache import cached_rig

    job.progress(RIG)
    return RigReady(str(cached_rig(_absolute(request.path))))


def _recode_clip(job: Job, request: RecodeClip) -> ClipReady:
    with needed_packages():
        from artalk_engine.body import recoding

    job.progress(CLIP)
    done = recoding.recode_file(
        request.action,
        _absolute(request.path),
        _absolute(request.out),
        other=_absolute(request.other) if request.other else None,
        layers=request.layers,
        smoothed=request.smooth,
        checkpoint=_absolute(request.checkpoint) if request.checkpoint else None,
        device=request.device,
    )
    mean, worst = (done.error.mean, done.error.worst) if done.error else (None, None)
    return ClipReady(str(done.path), mean, worst, done.size, done.remarks)


def _speak(job: Job, request: Speak) -> Spoken:
    with needed_packages():
        from artalk_engine.speech import SpeakOptions, speak_to_file

    job.progress(SPEECH)
    options = SpeakOptions(
        language=request.language,
        voice=request.voice,
        speaker=request.speaker,
        rate=request.rate,
        pitch=request.pitch,
        folder=_absolute(request.folder) if request.folder else None,
        allow_online=request.allow_online,
    )
    text = request.text or _read_text(_absolute(request.text_file))
    # Progress raises when the job was cancelled, and then no file is written.
    spoken = speak_to_file(
        text,
        _absolute(request.out),
        options,
        should_stop=lambda: job.is_cancelled,
        tell=lambda done, total: job.progress(SPEECH, done, total),
    )
    symbols, rows = spoken.phones.table()
    return Spoken(str(spoken.path), spoken.duration_s, spoken.language, spoken.voice, symbols, rows)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise TextError(f"{path} cannot be read as text.", "Save it as plain text in UTF-8.") from exc


def _list_voices(request: ListVoices) -> Voices:
    with needed_packages():
        from artalk_engine.speech import languages, voices

    known = voices(_absolute(request.folder) if request.folder else None)
    return Voices(
        tuple(language.code for language in languages()),
        tuple(language.name for language in languages()),
        tuple(voice.name for voice in known),
        tuple(voice.language for voice in known),
    )


def _absolute(path: str) -> Path:
    if not Path(path).is_absolute():
        raise AudioMissingError(f"{path!r} is not an absolute path.", "Name the file with its whole path.")
    return Path(path)
