import pickle

import pytest

from artalk_engine.errors import AudioValueError, EngineError, OptionError, RigMismatchError
from bridge.errors import BridgeError, MotionFileError, VersionError


@pytest.mark.parametrize(
    "error",
    [
        EngineError("it stands still"),
        OptionError("no such choice", "Choose another."),
        AudioValueError("speech.wav", 3, 1.25),
        RigMismatchError("the model", "flame", "builtin"),
        BridgeError("it stands still"),
        MotionFileError("take.npz", "it is damaged", "Make it again."),
        VersionError(2, 3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_cross_to_another_process_whole(error):
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(copy) is type(error)
    assert (str(copy), copy.code, vars(copy)) == (str(error), error.code, vars(error))
