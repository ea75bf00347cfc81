"""What the generator does is possible, and quick, on any device.

Tensors of the ``meta`` device have no values, so a step that runs on them looks at none: nothing waits for the device
between the first scale and the last, and every tensor is made where the others are.
"""

from copy import deepcopy

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from artalk_engine import precision
from artalk_engine.motion.generator import BitwiseARModel
from tests.artalk_engine.small_voice import CONFIG
from tests.golden.golden import Golden, buzz, model_config, shared_model

READS = ("_local_scalar_dense", "nonzero", "unique", "masked_select", "bincount")  # results of a size that data decide


class _Watch(TorchDispatchMode):
    """Notes operations that some devices lack, or that make the program wait for the device."""

    def __init__(self):
        super().__init__()
        self.found = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::")
        if name.startswith(READS) or (name in ("_to_copy", "copy_") and _devices(args) != _devices(out)):
            self.found.add(name)
        if any(leaf.dtype == torch.float64 for leaf in tree_leaves((args, out)) if isinstance(leaf, torch.Tensor)):
            self.found.add(f"{name} in float64")
        return out


def _devices(values):
    return {leaf.device.type for leaf in tree_leaves(values) if isinstance(leaf, torch.Tensor)}


def run_step(model):
    """Run two windows of two clips, the second after the first."""
    clip = torch.zeros(2, 50, 106, device=model.device)
    state = model.start(clip, 2)
    sound = torch.zeros(2, model.config.codec.window_samples, device=model.device)
    with _Watch() as watch:
        window = model.step(state, model.hear(sound))
        window = model.step(window.state, model.hear(sound))
    return watch.found, window


@pytest.mark.parametrize("name", ["tiny", "tiny_prev2", "small_voice"])
def test_a_step_waits_for_no_value_and_makes_its_tensors_on_the_device(name):
    with torch.device("meta"):
        model = BitwiseARModel(CONFIG if name == "small_voice" else model_config(name))
    found, window = run_step(model.eval().to("meta"))
    assert found == set()
    assert _devices([window.motion, window.bits, window.state.context]) == {"meta"}


@pytest.mark.parametrize("kind", ["exact", "fast"])
def test_a_prepared_step_reads_nothing_back_either(kind):
    model = deepcopy(shared_model("tiny"))
    precision.use_precision(model, kind, model.device)
    assert run_step(model)[0] == set()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_step_on_cuda_never_waits():
    model = deepcopy(shared_model("tiny")).to("cuda")
    state, sound = model.start(Golden("artalk_tiny_dev").tensor("input_style_motion"), 1), buzz(4.0).cuda()
    model.step(state, model.hear(sound))
    torch.cuda.set_sync_debug_mode("error")
    try:
        model.step(state, model.hear(sound))
    finally:
        torch.cuda.set_sync_debug_mode("default")
