"""Whatever draws Gaussians draws the same: tensor operations, and extensions as their authors describe them.

The extensions cannot run without an NVIDIA GPU. Here modules of their names stand in for them: they take what the
extensions take, in the conventions of their documents, and draw it plainly. What is really installed is compared on a
GPU where there is one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
import torch

from artalk_engine import rasterize_gaussians
from artalk_engine.errors import OptionError
from artalk_engine.render.splatting import extensions, rasterize
from artalk_engine.render.splatting.scene import make_scene
from tests.artalk_engine.render.plain_splatting import Rules, camera_of, covariances, draw, random_scene, reference

INRIA = "diff_gaussian_rasterization_32d"


class GaussianRasterizationSettings(NamedTuple):
    """As the extension names them, in its order."""

    image_height: int
    image_width: int
    tanfovx: float
    tanfovy: float
    bg: torch.Tensor
    scale_modifier: float
    viewmatrix: torch.Tensor
    projmatrix: torch.Tensor
    sh_degree: int
    campos: torch.Tensor
    prefiltered: bool
    debug: bool


class GaussianRasterizer:
    """Matrices are for points as rows; depth in the clip space is not looked at; scales are multiplied once more."""

    def __init__(self, raster_settings):
        self.settings = raster_settings

    def __call__(
        self,
        means3D,  # noqa: N803 - its own names
        means2D,  # noqa: N803
        opacities,
        shs=None,
        colors_precomp=None,
        scales=None,
        rotations=None,
        cov3D_precomp=None,  # noqa: N803
    ):
        assert (shs is None) != (colors_precomp is None)
        assert means2D.shape == means3D.shape
        known = self.settings
        assert known.tanfovx == known.tanfovy
        view = known.viewmatrix.double().numpy()
        spread = covariances(rotations.double().numpy().reshape(-1, 4), scales.double().numpy() * known.scale_modifier)
        picture = draw(
            means3D.double().numpy(),
            spread,
            opacities.double().numpy()[:, 0],
            colors_precomp.double().numpy(),
            view[:3, :3],
            view[3, :3],
            known.projmatrix.double().numpy(),
            known.tanfovx,
            (known.image_height, known.image_width),
            known.bg.double().numpy(),
        )
        return torch.from_numpy(picture).float(), torch.zeros(len(means3D), dtype=torch.int32)


def rasterization(
    means, quats, scales, opacities, colors, viewmats, Ks, width, height, near_plane=0.01, far_plane=1e10,  # noqa: N803
    radius_clip=0.0, eps2d=0.3, sh_degree=None, packed=True, tile_size=16, backgrounds=None, render_mode="RGB",
    sparse_grad=False, absgrad=False, rasterize_mode="classic", channel_chunk=32, distributed=False,
    camera_model="pinhole", segmented=False, covars=None,
):  # fmt: skip
    """gsplat 1.5.3: matrices for points as columns, pixels' centres at halves, quaternions made of length 1."""
    if covars is None:
        covars = torch.from_numpy(
            covariances((quats / quats.norm(dim=-1, keepdim=True)).double().numpy(), scales.double().numpy())
        )
    assert opacities.shape == means.shape[:1]
    assert covars.shape == (len(means), 3, 3)
    assert near_plane == 0.2
    assert rasterize_mode == "classic"
    (view,), (lens,) = viewmats.double().numpy(), Ks.double().numpy()
    # Homogeneous coordinates whose pixels' centres are at integers, as ``draw`` wants them.
    sides = np.array([width, height])
    clip = np.zeros((4, 4))
    clip[:3, :2] = view[:3, :3].T @ (2 * lens[:2].T / sides)
    clip[3, :2] = view[:3, 3] @ (2 * lens[:2].T / sides)
    clip[:3, 3], clip[3, 3] = view[2, :3], view[2, 3]
    clip[:, :2] -= clip[:, 3:]
    rules = Rules(most_alpha=0.999, stops_at_least=True, is_box_tight=True)
    picture = draw(
        means.double().numpy(),
        covars.double().numpy(),
        opacities.double().numpy(),
        colors.double().numpy(),
        view[:3, :3].T,
        view[:3, 3],
        clip,
        width / (2 * lens[0, 0]),
        (height, width),
        backgrounds[0].double().numpy(),
        rules,
        eps2d,
    )
    return torch.from_numpy(picture).float().permute(1, 2, 0)[None], None, {}


def pretend(monkeypatch, name, **content):
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    module.__dict__.update(content)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def inria(monkeypatch):
    pretend(
        monkeypatch,
        INRIA,
        GaussianRasterizationSettings=GaussianRasterizationSettings,
        GaussianRasterizer=GaussianRasterizer,
    )


@pytest.fixture
def gsplat(monkeypatch):
    is_found = extensions.has_gsplat  # a test may put another one in its place
    is_found.cache_clear()
    pretend(monkeypatch, "gsplat", rasterization=rasterization)
    pretend(monkeypatch, "gsplat.cuda")
    pretend(monkeypatch, "gsplat.cuda._backend", _C=object())
    yield
    is_found.cache_clear()


def turned_scene(seed=0, channels=32, **options):
    """A scene seen from beside, so that no matrix is like its transpose."""
    scene = random_scene(seed, count=120, channels=channels, **options)
    return scene | {"camera": torch.from_numpy(camera_of([0.3, -0.4, 0.2], [0.1, -0.2, 9.7])).float()}


def made_scene(size, background=0.5, **options):
    scene = turned_scene(**options)
    background = torch.full((scene["features"].shape[1],), background)
    return make_scene({**scene, "background": background}, 12.0, size), scene, background.numpy()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [(64, 64), (45, 70), (5, 130)])
def test_tensor_operations_draw_what_loops_do(seed, size):
    scene = random_scene(seed, count=400, channels=3 + seed)
    scene["camera"] = torch.stack([scene["camera"], torch.from_numpy(camera_of([0, 0.5, 0], [0, 0, 9.0])).float()])
    options = {"size": size, "background": torch.linspace(-1, 1, 3 + seed), "focal": 11.0}
    difference = rasterize_gaussians(**scene, **options, backend="torch") - rasterize_gaussians(**scene, **options)
    assert difference.abs().mean() <= 1e-6
    assert difference.abs().max() <= 2e-2


def test_tensor_operations_show_the_background_where_nothing_is():
    scene = turned_scene(channels=2)
    nothing = scene | {"opacities": -scene["opacities"].abs()}
    picture = rasterize_gaussians(**nothing, size=(17, 33), background=[1.0, 2.0], backend="torch")
    assert torch.equal(picture, torch.tensor([1.0, 2.0])[:, None, None].expand(2, 17, 33))


def test_tensor_operations_need_no_more_tiles_at_once_than_they_take(monkeypatch):
    scene = turned_scene(channels=2)
    whole = rasterize_gaussians(**scene, size=(70, 90), backend="torch")
    monkeypatch.setattr("artalk_engine.render.splatting.tensors.TILES_AT_ONCE", 7)
    assert torch.equal(rasterize_gaussians(**scene, size=(70, 90), backend="torch"), whole)


def test_the_extension_of_the_avatars_authors_is_asked_in_its_own_terms(inria):
    scene, plain, background = made_scene((48, 80))
    picture = extensions.draw_with_inria(scene)[0].double().numpy()
    np.testing.assert_allclose(picture, reference(plain, (48, 80), background=background), atol=1e-4)


def test_gsplat_is_asked_in_its_own_terms(gsplat):
    scene, plain, background = made_scene((48, 80), is_tame=True)
    difference = np.abs(
        extensions.draw_with_gsplat(scene)[0].numpy() - reference(plain, (48, 80), background=background)
    )
    assert difference.mean() <= 1e-3
    assert difference.max() <= 5e-2


def test_gsplat_does_not_normalise_the_avatars_quaternions(gsplat):
    scene = turned_scene(is_tame=True)
    scene["quaternions"] *= 0.03  # as those of the avatar's head are
    made = make_scene({**scene, "background": None}, 12.0, (48, 80))
    expected = reference(scene, (48, 80))
    assert np.abs(extensions.draw_with_gsplat(made)[0].numpy() - expected).mean() <= 1e-3


def test_the_extension_of_the_avatars_authors_comes_first_where_it_fits(inria, gsplat, monkeypatch):
    cuda = torch.device("cuda")
    assert rasterize.choose_backend(cuda, 32) == INRIA
    assert rasterize.choose_backend(cuda, 3) == "gsplat"
    monkeypatch.setattr(extensions, "has_gsplat", lambda: False)
    monkeypatch.setattr(extensions, "has_triton", lambda: True)
    assert rasterize.choose_backend(cuda, 3) == "triton"
    assert rasterize.choose_backend(torch.device("cpu"), 32) == "cpu"
    assert rasterize.choose_backend(torch.device("mps"), 32) == "torch"


def test_tensor_operations_draw_where_no_extension_is_installed(monkeypatch):
    extensions.has_gsplat.cache_clear()
    extensions.has_triton.cache_clear()
    for name in (INRIA, "gsplat", "triton"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.setattr(extensions, "find_spec", lambda _: None)
    assert rasterize.choose_backend(torch.device("cuda"), 32) == "torch"
    extensions.has_gsplat.cache_clear()
    extensions.has_triton.cache_clear()


def test_a_triton_that_cannot_compile_is_not_chosen(monkeypatch, caplog):
    def fail(_):
        raise RuntimeError("Failed to find C compiler")

    extensions.has_triton.cache_clear()
    monkeypatch.setattr(extensions, "has_gsplat", lambda: False)
    monkeypatch.setattr(extensions, "find_spec", lambda _: True)
    monkeypatch.setattr(extensions, "_one_gaussian", lambda: None)
    monkeypatch.setattr(extensions, "draw_with_triton", fail)
    assert rasterize.choose_backend(torch.device("cuda"), 3) == "torch"
    assert "Triton cannot be used: Failed to find C compiler" in caplog.text
    extensions.has_triton.cache_clear()


INTERPRETED = """
import sys, torch
from artalk_engine.render.splatting import kernel, tensors
from artalk_engine.render.splatting.scene import make_scene
for file in sys.argv[1:]:
    arguments, size = torch.load(file)
    scene = make_scene(arguments, 12.0, tuple(size))
    torch.save((kernel.draw(scene), tensors.draw(scene)), file)
"""


def test_our_own_kernel_draws_what_tensor_operations_do(tmp_path):
    """Triton's own interpreter runs the kernel without a GPU, in a process that has asked for it at its start."""
    if find_spec("triton") is None:
        pytest.skip("Triton is not installed; it comes with PyTorch for NVIDIA's GPUs")
    files = []
    for seed, size in enumerate([(33, 17), (16, 48)]):
        channels = 3 + 30 * seed
        scene = random_scene(seed, count=60, channels=channels)
        scene["camera"] = torch.stack([scene["camera"], torch.from_numpy(camera_of([0, 0.5, 0], [0, 0, 9.0])).float()])
        files.append(tmp_path / f"{seed}.pt")
        torch.save(({**scene, "background": torch.linspace(-1, 1, channels)}, size), files[-1])
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", INTERPRETED, *map(str, files)], env=environment, check=True, timeout=300)
    for file in files:
        ours, plain = torch.load(file)
        assert ours.shape == plain.shape
        assert (ours - plain).abs().max() <= 1e-5


COMPILED = """
import sys, torch
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile
from artalk_engine.render.splatting import kernel
from artalk_engine.render.splatting.scene import make_scene

function, calls = kernel._blend_tile, []


class Recorder:
    def __getitem__(self, programs):
        return lambda *given, **more: calls.append((given, more))


kernel._blend_tile = Recorder()
kernel.draw(make_scene(torch.load(sys.argv[1]), 12.0, (33, 17)))
(given, constants), = calls
warps = constants.pop("num_warps")
kinds = {torch.int64: "*i64", torch.float64: "*fp64", torch.float32: "*fp32"}
types = [kinds[value.dtype] if isinstance(value, torch.Tensor) else "i32" for value in given]
signature = dict(zip(function.arg_names, types)) | dict.fromkeys(constants, "constexpr")
for capability in (75, 80, 90, 120):  # Turing to Blackwell
    source = ASTSource(function, signature, constants)
    made = compile(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": warps})
    assert made.asm["cubin"]
    print(capability, made.metadata.shared)
"""


def test_our_own_kernel_compiles_for_gpus_of_all_kinds(tmp_path):
    """Triton compiles without a GPU, and is stricter than its interpreter: no type may change in a loop."""
    if find_spec("triton") is None:
        pytest.skip("Triton is not installed; it comes with PyTorch for NVIDIA's GPUs")
    torch.save({**random_scene(0, count=20, channels=32), "background": torch.zeros(32)}, tmp_path / "scene.pt")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TRITON_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", COMPILED, str(tmp_path / "scene.pt")]
    said = subprocess.run(command, env=environment, check=True, timeout=300, capture_output=True, text=True).stdout
    shared = dict(line.split() for line in said.splitlines())
    assert list(shared) == ["75", "80", "90", "120"]
    assert max(map(int, shared.values())) <= 48 << 10  # bytes, which every GPU gives a program without being asked


def test_a_gsplat_that_cannot_be_loaded_is_not_chosen(gsplat, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "gsplat.cuda._backend", None)
    assert rasterize.choose_backend(torch.device("cuda"), 3) == "torch"
    assert "gsplat cannot be used" in caplog.text


def test_an_extension_that_is_asked_for_and_missing_is_named(monkeypatch):
    monkeypatch.setattr(extensions, "find_spec", lambda _: None)
    extensions.has_gsplat.cache_clear()
    scene, _, _ = made_scene((16, 16))
    for draw_with in (extensions.draw_with_inria, extensions.draw_with_gsplat, extensions.draw_with_triton):
        with pytest.raises(OptionError, match="not installed"):
            draw_with(scene)
    extensions.has_gsplat.cache_clear()


def test_other_than_32_channels_are_refused_by_the_extension_for_32(inria):
    scene, _, _ = made_scene((16, 16), channels=3)
    with pytest.raises(OptionError, match="32 channels, not 3"):
        extensions.draw_with_inria(scene)


@pytest.mark.gpu
@pytest.mark.parametrize(("backend", "most"), [("torch", 2e-2), ("triton", 2e-2), (INRIA, 2e-2), ("gsplat", 5e-2)])
def test_a_gpu_draws_what_the_processor_does(backend, most):
    if not torch.cuda.is_available():
        pytest.skip("no NVIDIA GPU")
    is_here = {
        "torch": lambda: True, "triton": extensions.has_triton, INRIA: extensions.has_inria,
        "gsplat": extensions.has_gsplat,
    }  # fmt: skip
    if not is_here[backend]():
        pytest.skip(f"{backend} is not installed")
    scene = turned_scene(is_tame=True)
    expected = rasterize_gaussians(**scene, size=(96, 128))
    there = {name: tensor.cuda() for name, tensor in scene.items()}
    made = rasterize_gaussians(**there, size=(96, 128), backend=backend)
    assert made.device.type == "cuda"
    assert (made.cpu() - expected).abs().max() <= most
