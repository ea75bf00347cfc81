"""A prepared model says nearly what it said before; ``test_plain_path`` proves that an exact one says just that."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from artalk_engine import precision
from artalk_engine.errors import OptionError
from artalk_engine.motion.generator import BitwiseARModel
from artalk_engine.precision import shorter_type, use_precision
from artalk_engine.prepared import EightBitLinear, ReducedLinear
from tests.artalk_engine.small_voice import CONFIG
from tests.golden.golden import Golden, buzz, shared_model

CPU = torch.device("cpu")


@pytest.fixture(params=[torch.bfloat16, torch.float16, torch.int8], ids=["bfloat16", "float16", "int8"])
def fast(request, monkeypatch):
    """A model in fewer bits, whether this machine is quick with them or not."""
    if request.param == torch.int8 and not precision.is_sound(torch.int8):
        pytest.skip("this processor's sums of 8 bits overflow")
    monkeypatch.setattr(precision, "shorter_type", lambda _: request.param)
    model = deepcopy(shared_model("tiny"))
    use_precision(model, "fast", CPU)
    return model


def style_clip():
    return Golden("artalk_tiny_dev").tensor("input_style_motion")


def first_window(model, audio):
    return model.step(model.start(style_clip(), len(audio)), model.hear(audio[:, :64_000]))


def test_what_is_heard_in_fewer_bits_is_nearly_what_is_heard_in_32(fast):
    found, expected = fast.hear(buzz(4.0)), shared_model("tiny").hear(buzz(4.0))
    assert found.dtype == torch.float32
    error = (found - expected).square().mean().sqrt() / expected.square().mean().sqrt()
    assert 0 < error < 0.02


def test_few_bits_of_the_first_window_differ(fast):
    found, expected = first_window(fast, buzz(4.0)), first_window(shared_model("tiny"), buzz(4.0))
    assert (found.bits != expected.bits).float().mean() < 0.05
    assert torch.equal(found.context_bits, expected.context_bits)  # the codec is exact
    assert found.motion.dtype == torch.float32


def test_a_batch_in_fewer_bits_is_nearly_its_members(fast):
    audio = torch.cat([buzz(4.0), buzz(4.0).flip(1)])
    together = first_window(fast, audio).bits
    alone = torch.cat([first_window(fast, row[None]).bits for row in audio])
    assert (together != alone).float().mean() < 0.05


@pytest.mark.parametrize("kind", ["exact", "fast"])
def test_no_weight_is_kept_twice(kind):
    model = deepcopy(shared_model("tiny"))
    layers = sum(isinstance(module, nn.Linear) for module in model.attn_blocks.modules())
    dtype = use_precision(model, kind, CPU)
    assert not any(isinstance(module, nn.Linear) for module in model.attn_blocks.modules())
    prepared = [module for module in model.attn_blocks.modules() if isinstance(module, ReducedLinear | EightBitLinear)]
    assert len(prepared) == layers
    assert dtype == (shorter_type(CPU) if kind == "fast" else torch.float32)
    assert all(layer.dtype == dtype for layer in prepared)
    assert not any(parametrize.is_parametrized(module) for module in model.modules())


@pytest.mark.parametrize(
    ("abilities", "dtype"),
    [
        (["avx512_vnni"], torch.int8),
        (["avx512_vnni", "avx512_bf16", "amx_bf16"], torch.bfloat16),
        (["avx512_vnni", "amx_bf16", "amx_fp16"], torch.float16),
    ],
)
def test_the_type_is_the_one_that_the_processor_is_quickest_in(monkeypatch, abilities, dtype):
    found = {"architecture": "x86_64", **dict.fromkeys(abilities, True)}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    monkeypatch.setattr(precision, "is_sound", lambda _: True)
    assert shorter_type(CPU) == dtype
    monkeypatch.setattr(precision, "is_sound", lambda _: False)
    assert shorter_type(CPU) == torch.float32


def test_machines_that_are_not_quick_with_fewer_bits_compute_exactly(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"architecture": "arm64", "bf16": True})
    assert shorter_type(CPU) == torch.float32
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"architecture": "x86_64", "avx512_bf16": True})
    assert shorter_type(CPU) == torch.float32
    model = deepcopy(shared_model("tiny"))
    use_precision(model, "fast", CPU)
    assert torch.equal(first_window(model, buzz(4.0)).bits, first_window(shared_model("tiny"), buzz(4.0)).bits)


@pytest.mark.parametrize("kind", ["exact", "fast"])
def test_small_voices_stay_as_they_are(kind):
    torch.manual_seed(0)
    model = BitwiseARModel(CONFIG).eval().requires_grad_(False)
    prepared = deepcopy(model)
    assert use_precision(prepared, kind, CPU) == torch.float32
    assert str(prepared) == str(model)


def test_on_a_gpu_the_audio_encoder_alone_computes_in_16_bits_and_never_in_tf32(monkeypatch):
    monkeypatch.setattr(precision, "shorter_type", lambda _: torch.float16)
    model = deepcopy(shared_model("tiny"))
    assert use_precision(model, "fast", torch.device("cuda")) == torch.float16  # what it runs on is still the processor
    assert all(isinstance(linear, nn.Linear) for linear in (model.attn_blocks[0].ffn[0], model.attn_blocks[0].attn.key))
    assert isinstance(model.audio_encoder.encoder.layers[0].attention.k_proj, ReducedLinear)
    during = []
    model.audio_encoder.feature_extractor.register_forward_hook(
        lambda *_: during.append(torch.backends.cudnn.allow_tf32)
    )
    before = torch.backends.cudnn.allow_tf32
    heard = model.hear(buzz(4.0))
    assert during == [False]
    with pytest.raises(RuntimeError):
        model.audio_encoder(torch.zeros(1, 3))  # too short
    assert torch.backends.cudnn.allow_tf32 == before
    torch.testing.assert_close(heard, shared_model("tiny").hear(buzz(4.0)), rtol=0, atol=0.02)


def test_unknown_precisions_are_named():
    with pytest.raises(OptionError, match="half"):
        use_precision(shared_model("tiny"), "half", CPU)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("kind", ["exact", "fast"])
def test_cuda_says_what_the_processor_says(kind):
    _check_device(torch.device("cuda"), kind)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.backends.mps.is_available(), reason="no Apple GPU")
@pytest.mark.parametrize("kind", ["exact", "fast"])
def test_apple_gpus_say_what_the_processor_says(kind):
    _check_device(torch.device("mps"), kind)


def _check_device(device, kind):
    model = deepcopy(shared_model("tiny")).to(device)
    use_precision(model, kind, device)
    heard, expected = model.hear(buzz(4.0)).cpu(), shared_model("tiny").hear(buzz(4.0))
    torch.testing.assert_close(heard, expected, rtol=0, atol=1e-4 if kind == "exact" else 0.05)
    found, expected = first_window(model, buzz(4.0)), first_window(shared_model("tiny"), buzz(4.0))
    share = (found.bits.cpu() != expected.bits).float().mean()
    assert share <= (0.0 if kind == "exact" else 0.02)
