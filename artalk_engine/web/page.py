"""What users see: what to say on the left, the speaking head on the right."""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gradio as gr

from artalk_engine.assets import assets_folder
from artalk_engine.errors import EngineError
from artalk_engine.motion.generator import STYLE_GUIDANCE
from artalk_engine.options import TakeChanges, TakeOptions
from artalk_engine.speech import languages
from bridge.errors import as_sentence

from .desk import Desk
from .jobs import Job
from .studio import Wish

EVERY_S = 0.2  # between two looks at a job
SENTENCES = (
    ("The quick brown fox jumps over the lazy dog.", "en-us"),
    ("Fischers Fritz fischt frische Fische.", "de"),
    ("Les chaussettes de l'archiduchesse sont-elles sèches ?", "fr-fr"),
)
USUAL = ("en-us", "en-gb", "de", "fr-fr", "es", "it", "ja", "cmn")  # languages
SOUND, TEXT = "sound", "text"
HEAD_AT_REST = '<img src="head.jpg" alt="The head before it speaks" onerror="this.hidden = true">'
SHOWN = ("status", "rest", "live", "film", "files", "film_file", "motion_file", "head_file", "head", "make", "cancel")


def build_page(desk: Desk) -> gr.Blocks:
    """Lay the page out and say what its buttons do."""
    studio = desk.studio
    page = gr.Blocks(title="ARTalk", analytics_enabled=False)
    with page:
        gr.HTML("<h1>ARTalk</h1><p>Speech in, a talking head out.</p>", elem_id="title")
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=300):
                source = gr.State(SOUND)
                sound, text, language, voice = _speech(source, list(studio.voices()))
                with gr.Group():
                    appearance = gr.Dropdown(studio.appearances(), label="Appearance", interactive=True)
                    style = gr.Dropdown(studio.styles(), label="Style", interactive=True)
                with gr.Accordion("More", open=False):
                    strength = gr.Slider(0, 2, STYLE_GUIDANCE, step=0.1, label="Strength of the style")
                    seed = gr.Number(0, label="Seed", info="another number is another take", precision=0, minimum=0)
                    temperature = gr.Slider(0, 2, 0, step=0.1, label="Temperature", info="0 is the model's best guess")
                    is_still = gr.Checkbox(False, label="Keep the head still")
                    is_draft = gr.Checkbox(
                        False,
                        label="Draft of an avatar",
                        info="many times as quick, without the networks that make it a photograph",
                        visible=bool(studio.avatars()),
                    )
                with gr.Row():
                    make = gr.Button("Generate", variant="primary", elem_id="generate")
                    cancel = gr.Button("Cancel", elem_id="cancel", visible=False)
            with gr.Column(scale=7, min_width=300):
                status = gr.HTML(_said("", "Choose a sound or write a text, then press Generate."), elem_id="status")
                rest = gr.HTML(HEAD_AT_REST, elem_id="rest")
                live = gr.HTML("", elem_id="live", visible=False)
                film = gr.Video(
                    label="Film",
                    elem_id="film",
                    visible=False,
                    interactive=False,
                    autoplay=True,
                    buttons=["download"],
                )
                with gr.Row(visible=False, elem_id="files") as files:
                    film_file = gr.DownloadButton("Film  .mp4", size="sm", min_width=90)
                    motion_file = gr.DownloadButton("Motion  .npz", size="sm", min_width=90)
                    head_file = gr.DownloadButton("Head  .glb", size="sm", min_width=90)
                head = gr.HTML("", elem_id="head", visible=False)
        wishes = [
            source,
            sound,
            text,
            language,
            voice,
            appearance,
            style,
            strength,
            seed,
            temperature,
            is_still,
            is_draft,
        ]
        shown = [status, rest, live, film, files, film_file, motion_file, head_file, head, make, cancel]

        async def generate(request: gr.Request, *values: Any) -> AsyncIterator[list[Any]]:
            async for updates in _film(desk, str(request.session_hash), values):
                yield [updates.get(name, gr.skip()) for name in SHOWN]

        def stop(request: gr.Request) -> None:
            desk.cancel(str(request.session_hash))

        def leave(request: gr.Request) -> None:
            desk.leave(str(request.session_hash))

        make.click(generate, wishes, shown, concurrency_limit=None, show_progress="hidden", api_name="generate")
        cancel.click(stop, queue=False, api_name="cancel")
        page.unload(leave)
    return page


def _speech(source: gr.State, voices: list[str]) -> tuple[gr.Audio, gr.Textbox, gr.Dropdown, gr.Dropdown]:
    """Lay out where a sound or a text comes from; the tab that is open counts."""
    with gr.Tabs(elem_id="source"):
        with gr.Tab("Sound") as by_sound:
            sound = gr.Audio(
                sources=["upload", "microphone"], type="filepath", label="Speech of one person", buttons=["download"]
            )
            gr.Examples(
                [[str(assets_folder() / "demo" / "speech.wav")]], [sound], label="Example", api_visibility="private"
            )
        with gr.Tab("Text") as by_text:
            text = gr.Textbox(label="What to say", lines=3, max_lines=12, placeholder="Hello, how are you?")
            examples = gr.Dataset(
                label="Examples", components=[text], samples=[[sentence] for sentence, _ in SENTENCES], type="index"
            )
            with gr.Group():
                language = gr.Dropdown(_languages(), value=USUAL[0], label="Language", interactive=True)
                voice = gr.Dropdown(
                    voices, label="Voice", info="a Piper voice speaks its own language", visible=len(voices) > 1
                )
            examples.click(SENTENCES.__getitem__, examples, [text, language], queue=False, api_visibility="private")
    by_sound.select(lambda: SOUND, None, source, queue=False, api_visibility="private")
    by_text.select(lambda: TEXT, None, source, queue=False, api_visibility="private")
    return sound, text, language, voice


def _languages() -> list[tuple[str, str]]:
    """Name all languages, those first that most people ask for."""
    known = {language.code: language.name for language in languages()}
    first = [code for code in USUAL if code in known]
    rest = sorted((code for code in known if code not in first), key=lambda code: known[code])
    return [(known[code], code) for code in (*first, *rest)]


def _wish(
    source: str,
    sound: str | None,
    text: str | None,
    language: str,
    voice: str | None,
    appearance: str,
    style: str,
    strength: float,
    seed: int | None,
    temperature: float,
    is_still: bool,
    is_draft: bool,
) -> Wish:
    """Read what the page's fields say."""
    changes = TakeChanges(
        style=style, style_strength=strength, seed=seed or 0, temperature=temperature, fix_pose=bool(is_still)
    )
    TakeOptions().but(changes)  # refuses now what makes no sense
    if source == SOUND and (sound or not text):
        return Wish(Path(sound) if sound else None, "", "", "", appearance, changes, bool(is_draft))
    return Wish(None, text or "", language, voice or "", appearance, changes, bool(is_draft))


async def _film(desk: Desk, user: str, values: tuple[Any, ...]) -> AsyncIterator[dict[str, Any]]:
    """Have a wish made; give what of the page changes, and to what, until it is done."""
    try:
        job = await asyncio.to_thread(lambda: desk.take(user, _wish(*values)))
    except EngineError as exc:
        yield {"status": _problem(as_sentence(str(exc)), as_sentence(exc.remedy))}
        return
    looking = gr.HTML(_frame(f"live/{job.number}/", "The head while it is made"), visible=True)
    off = gr.update(visible=False)
    empty = gr.update(value=None, visible=False)
    yield {"rest": off, "live": looking, "film": empty, "files": off, "head": off} | _buttons(True)
    said = ""
    while not job.is_over:
        if (now := _progress(job, desk.ahead_of(job))) != said:  # what is drawn anew begins to move anew
            yield {"status": now}
        said = now
        await asyncio.sleep(EVERY_S)
    yield _outcome(job) | _buttons(False)


def _outcome(job: Job) -> dict[str, Any]:
    made = job.results
    if made is None:
        said = _problem(*job.problem) if job.problem[0] else _said("Cancelled.", "Nothing was kept.")
        return {"status": said, "rest": gr.update(visible=True), "live": gr.HTML("", visible=False)}
    return {
        "status": _said("Done.", f"{made.duration_s:.1f} s of speech in {made.took_s:.1f} s."),
        "live": gr.HTML("", visible=False),
        "film": gr.Video(str(made.film), visible=True),
        "files": gr.update(visible=True),
        "film_file": gr.DownloadButton(value=str(made.film)),
        "motion_file": gr.DownloadButton(value=str(made.motion)),
        "head_file": gr.DownloadButton(value=str(made.head)),
        "head": gr.HTML(_frame(f"head/{job.number}/", "The head in three dimensions"), visible=True),
    }


def _buttons(is_at_work: bool) -> dict[str, Any]:
    return {"make": gr.update(interactive=not is_at_work), "cancel": gr.update(visible=is_at_work)}


def _frame(address: str, title: str) -> str:
    return f'<iframe src="{address}" title="{title}" allow="autoplay; fullscreen"></iframe>'


def _progress(job: Job, ahead: int) -> str:
    stage = job.stage
    if ahead:
        return _said(f"{stage.name}.", "One film is made first." if ahead == 1 else f"{ahead} films are made first.")
    share = f"{100 * stage.done / stage.total:.0f}" if stage.total else ""
    left = "" if stage.left_s is None else f"{stage.left_s:.0f} s left"
    count = f"{stage.done} of {stage.total}" if stage.total else ""
    bar = f'<progress max="100" {f"value={share}" if share else ""}></progress>'
    return _said(f"{stage.name} …", " · ".join(filter(None, (count, left)))) + bar


def _problem(text: str, remedy: str) -> str:
    return f'<div role="alert" class="problem">{_said(text, remedy)}</div>'


def _said(text: str, more: str) -> str:
    return f"<p><b>{html.escape(text)}</b> {html.escape(more)}</p>"
