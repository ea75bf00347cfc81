# ruff: noqa: T201 - this program prints where it should not, and moves the protocol before it imports
"""A small engine of the tests' own: the real server, with jobs that are quick to make.

``Generate.style`` says what to do, ``Generate.seed`` how often.
"""

from __future__ import annotations

import errno
import os
import sys
import time

sys.path.insert(0, sys.argv[1])
if "print-early" in sys.argv:
    print("a library greets the world", flush=True)

from bridge.server import Job, Server, take_standard_streams

CHANNEL = take_standard_streams()

import numpy as np

from bridge.messages import (
    Describe,
    Description,
    Done,
    Generate,
    LoadRig,
    MotionWindow,
    Preview,
    Progress,
    Reply,
    RigReady,
)


class RefusalError(Exception):
    code = "refused"
    remedy = "Ask for something else."


def handle(job: Job) -> Reply:
    match job.request:
        case Describe():
            return Description("cpu", ("small",), ("neutral",), "builtin")
        case LoadRig(path=path):
            return RigReady(path)
        case Generate() as request:
            return generate(job, request)
        case Preview():
            while not job.is_crowded:
                job.check()
                time.sleep(0.002)
            return Done(0)
    raise RefusalError("There is no such request.")


def generate(job: Job, request: Generate) -> Reply:
    match request.style:
        case "windows":
            for index in range(request.seed):
                job.progress("windows", index, request.seed)
                job.send(MotionWindow(index * 100, np.full((100, 106), index, np.float32)))
            return Done(request.seed * 100)
        case "wait":
            while not job.is_cancelled:
                time.sleep(0.005)
            job.check()
        case "hang":
            time.sleep(600)
        case "spin":
            job.send(Progress("spinning", 0, 0))
            while True:
                pass
        case "die":
            os.write(2, b"the last words\n")
            os._exit(3)
        case "print":
            print("printed", flush=True)
            os.write(1, b"written to descriptor 1\n" * 1000)
            return Done(sys.stdin.read().count("\n") if sys.stdin else 0)
        case "refuse":
            raise RefusalError("This is refused.")
        case "crash":
            return Done(1 // 0)
        case "full":
            raise OSError(errno.ENOSPC, "no room", "clip.npz")
        case "wrong-answer":
            return RigReady("/")
        case "huge":
            job.send(MotionWindow(0, np.zeros((50_000, 106), np.float32)))
    return Done(0)


if __name__ == "__main__":
    server = Server(CHANNEL, "0.test", beside=(Preview,))
    server.start()
    server.run(handle)
