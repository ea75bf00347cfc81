"""What happens where there is too little memory to draw."""

import pytest
import torch

from artalk_engine.avatar import painting
from artalk_engine.avatar.look import AvatarLook
from artalk_engine.avatar.network import AvatarNetwork
from artalk_engine.avatar.painting import Painter
from artalk_engine.errors import DeviceError
from tests.golden import gagavatar


@pytest.fixture(scope="module")
def network():
    made = AvatarNetwork(gagavatar.SMALL)
    made.load_state_dict(gagavatar.small_state())
    return made.eval().requires_grad_(False)


@pytest.fixture
def crowded(network, monkeypatch):
    """A painter that believes to be on a GPU, whose memory has room for so many pictures at once."""

    def make(room):
        painter, asked = Painter(network, torch.device("cpu"), "exact", 1), []
        painter.device, painter.together = torch.device("cuda"), 8  # as if it had begun there

        def draw(avatar, frames, *_):
            asked.append((painter.device.type, frames))
            if painter.device.type == "cuda" and len(frames) > room:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return torch.tensor(frames)[:, None, None, None]

        monkeypatch.setattr(painter, "_draw", draw)
        return painter, asked

    return make


def drawn(painter, frames):
    return torch.cat(list(painter.draw(None, frames, None, AvatarLook()))).flatten().tolist()


def test_when_the_gpu_has_no_memory_the_processor_draws_and_says_so(crowded):
    painter, asked = crowded(0)
    assert drawn(painter, [5, 9]) == [5, 9]
    assert asked == [("cuda", [5, *[9] * 7]), ("cuda", [5]), ("cpu", [5]), ("cpu", [9])]
    assert "no memory left" in painter.notice


def test_when_the_gpu_has_memory_for_one_picture_it_draws_one_by_one(crowded):
    painter, asked = crowded(1)
    assert drawn(painter, [5, 9]) == [5, 9]
    assert asked[1:] == [("cuda", [5]), ("cuda", [9])]
    assert not painter.notice


def test_a_gpu_without_room_for_the_networks_leaves_them_to_the_processor(network, monkeypatch):
    laid_out = []

    def prepare(unet, device, dtype):
        laid_out.append(device.type)
        if device.type == "cuda":
            raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(painting, "prepare", prepare)
    monkeypatch.setattr(painting, "product_type", lambda *_: torch.float32)
    painter = Painter(network, torch.device("cuda"), "exact", 1)
    assert painter.device.type == laid_out[-1] == "cpu"
    assert "no memory left" in painter.notice


@pytest.mark.parametrize("exc", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_a_processor_without_memory_is_told(crowded, monkeypatch, exc):
    painter, _ = crowded(0)
    painter.device = torch.device("cpu")
    monkeypatch.setattr(painter, "_draw", lambda *_: (_ for _ in ()).throw(exc))
    with pytest.raises(DeviceError, match="no memory left to draw the avatar"):
        drawn(painter, [0])


def test_other_errors_stay_what_they_are(crowded, monkeypatch):
    painter, _ = crowded(8)
    monkeypatch.setattr(painter, "_draw", lambda *_: (_ for _ in ()).throw(RuntimeError("a broken driver")))
    with pytest.raises(RuntimeError, match="a broken driver"):
        drawn(painter, [0])
