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


class UnreadableError(Exception):
    code = "audio_unreadable"
    remedy = "Choose another file."


def motion() -> object:
    import numpy as np

    frames = np.arange(WINDOWS * FRAMES, dtype=np.float32)
    return np.sin(frames[:, None] * 0.1 + np.arange(106, dtype=np.float32)) * np.float32(0.2)


def handle(job: Job) -> object:
    from bridge.messages import Describe, Description, Done, Generate, MotionWindow

    sys.stderr.write(f"{job.request}\n")  # into the log, for tests to see what was asked
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
        if window == 3 and how == "wait":
            while True:
                job.check()
                time.sleep(0.002)
        job.send(MotionWindow(window * FRAMES + (how == "skip"), part))
    return Done(WINDOWS * FRAMES)


def main() -> None:
    channel = take_standard_streams()
    server = Server(channel, "0.stand-in")
    server.start()
    server.run(handle)
