# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Speak a text, and list who can."""

from __future__ import annotations

import dataclasses

import bpy

from bridge.errors import BridgeError
from bridge.messages import ListVoices, Voices

from .. import reasons, voices
from ..engine_process import engine
from ..errors import AddonError
from ..preferences import engine_python, text_voices_folder
from ..speaking import SpeakOrder
from ..text_settings import words_of
from ..translations import translated
from .generate import Generating, order_of
from .reporting import Explained, report_error


class ARTALK_OT_speak(Generating, bpy.types.Operator):
    """Make the sound of this text, put it where the take begins, and let the head speak it as a new take"""

    bl_idname = "artalk.speak"
    bl_label = "Speak"

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why nothing can be spoken."""
        return reasons.no_speaking(context)

    def order(self, context: bpy.types.Context) -> SpeakOrder:
        """Return what the panel asks for; the sound is heard from its beginning to its end."""
        settings = context.scene.artalk_text
        take = order_of(context)
        speech = dataclasses.replace(take.speech, audio="", start_s=0.0, end_s=None, channel="mix")
        return SpeakOrder(
            take=dataclasses.replace(take, speech=speech),
            text=words_of(settings),
            language=voices.language_code(settings.language),
            voice=settings.voice,
            speaker=settings.speaker,
            rate=settings.rate,
            pitch=settings.pitch,
            folder=text_voices_folder(context),
            allow_online=bpy.app.online_access,
        )


class ARTALK_OT_list_voices(Explained, bpy.types.Operator):
    """Ask the engine for all languages and voices that it can speak texts with"""

    bl_idname = "artalk.list_voices"
    bl_label = "List All Voices"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why the engine cannot be asked."""
        return reasons.no_asking(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Wait for the answer."""
        try:
            engine.start(engine_python(context))
            answer = engine.ask(ListVoices(text_voices_folder(context)))
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)
        assert isinstance(answer, Voices)  # noqa: S101 - the protocol lets nothing else answer
        voices.remember(answer)
        self.report({"INFO"}, translated(f"{len(answer.languages)} languages, {len(answer.voices)} voices"))
        return {"FINISHED"}


CLASSES = (ARTALK_OT_speak, ARTALK_OT_list_voices)
