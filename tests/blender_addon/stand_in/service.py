"""An engine of the tests' own: the real server and the real messages, with motion that is quick to make.

The name of the sound file says how it behaves. Every window is ten frames, every frame counts upwards.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from bridge.server import Job, Server, take_standard_streams

WINDOWS = 8
FRAMES = 10  # in a window
PACE_S = 0.03  # of what is slow, between two steps


class UnreadableError(Exception):
    code = "audio_unreadable"
    remedy = "Choose another file."


class NoVoiceError(Exception):
    code = "voice"
    remedy = "Choose another one."


def go_ahead(audio: str) -> Path:
    """Return the file for which an engine waits that is told to ``hold``."""
    return Path(audio).with_suffix(".go")


def motion() -> object:
    import numpy as np

    frames = np.arange(WINDOWS * FRAMES, dtype=np.float32)
    return np.sin(frames[:, None] * 0.1 + np.arange(106, dtype=np.float32)) * np.float32(0.2)


def speak(job: Job) -> object:
    """Write a hum that is as long as the motion, with a b and an m in it."""
    import wave

    import numpy as np

    from bridge.messages import Spoken
    from bridge.whole_file import whole_file

    request = job.request
    text = request.text or Path(request.text_file).read_text(encoding="utf-8")
    sys.stderr.write(f"said {len(text)} letters\n")
    if text == "refuse":
        raise NoVoiceError("There is no voice for this.")
    job.progress("Speaking", 0, 1)
    while text == "wait speaking":
        job.check()
        time.sleep(0.002)
    with whole_file(Path(request.out)) as file, wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        time.sleep(PACE_S if text.startswith("slow") else 0.0)
        times = np.arange(16_000 * WINDOWS * FRAMES // 25) / 16_000
        sound.writeframes((np.sin(700 * times) * 5000).astype("<i2").tobytes())
    phones = np.array([[0, 0, 0.5], [1, 0.5, 0.6], [0, 0.6, 1.0], [2, 1.0, 1.1], [0, 1.1, 3.2]], np.float32)
    return Spoken(request.out, 3.2, "en-us", "hum", ("", "b", "m"), phones)


def draw(job: Job) -> object:
    """Draw grey squares that are as bright as their numbers say."""
    import numpy as np

    from bridge.messages import Done, Frame
    from bridge.picture_map import PictureMap

    request = job.request
    with PictureMap.open(Path(request.pictures)) as pictures:
        shape = (pictures.shape.height, pictures.shape.width, 3)
        for frame, slot, stamp in zip(request.frames, request.slots, request.stamps, strict=True):
            job.check()
            pictures.write(int(slot), int(stamp), np.full(shape, int(frame) % 256, np.uint8))
            job.send(Frame(int(frame)))
            time.sleep(0.002)
    return Done(len(request.frames))


def handle(job: Job) -> object:
    from bridge.messages import Describe, Description, Done, Generate, ListVoices, MotionWindow, Preview, Speak, Voices

    sys.stderr.write(f"{job.request}\n")  # into the log, for tests to see what was asked
    if isinstance(job.request, Speak):
        return speak(job)
    if isinstance(job.request, Preview):
        return draw(job)
    if isinstance(job.request, ListVoices):
        return Voices(("piqd",), ("Klingon",), ("amy", "f3"), ("en-us", ""))
    if isinstance(job.request, Describe):
        kind = os.environ.get("STAND_IN_RIG", "builtin")
        return Description("cpu", ("stand-in",), ("happy", "neutral"), kind)
    assert isinstance(job.request, Generate)
    how = Path(job.request.audio).stem
    if how == "unreadable":
        raise UnreadableError("This is not a sound file.")
    for window, part in enumerate(motion().reshape(WINDOWS, FRAMES, -1)):
        if how == "nothing":
            return Done(0)
        job.progress("Generating", window, WINDOWS)
        if window == 3 and how == "die":
            os._exit(3)
        if window == 3 and how == "fail":
            raise UnreadableError("The sound breaks off.")
        while window == 3 and (how == "wait" or (how == "hold" and not go_ahead(job.request.audio).exists())):
            job.check()
            time.sleep(0.002)
        time.sleep(PACE_S if how.startswith("slow") else 0.0)
        job.send(MotionWindow(window * FRAMES + (how == "skip"), part))
    return Done(WINDOWS * FRAMES)


def main() -> None:
    channel = take_standard_streams()
    from bridge.messages import Preview

    server = Server(channel, "0.stand-in", beside=(Preview,))
    server.start()
    server.run(handle)
