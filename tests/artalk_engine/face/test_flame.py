import numpy as np
import pytest
import torch

from artalk_engine import FLAMEModel
from artalk_engine.errors import ConfigError
from tests.golden import synthetic_flame
from tests.golden.golden import Golden


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("flame") / "FLAME_with_eye.pt"
    synthetic_flame.save_pt(path, 0)
    return path


@pytest.fixture(scope="module")
def golden():
    golden = Golden("flame_seed0")
    assert synthetic_flame.fingerprint(0) == str(golden.arrays["fingerprint"])
    return golden


def parameters(golden, rows=20):
    return [golden.tensor(name)[:rows] for name in ("shape", "exp", "pose", "eyes")]


def test_vertices_are_the_references(path, golden):
    vertices = FLAMEModel(model_path=path)(*parameters(golden))
    np.testing.assert_allclose(vertices.numpy(), golden.arrays["vertices"], rtol=0, atol=1e-6)


def test_three_numbers_of_pose_are_the_jaws(path, golden):
    shape, expression, pose, _ = parameters(golden, 4)
    vertices = FLAMEModel(model_path=path)(shape, expression, pose[:, 3:])
    np.testing.assert_allclose(vertices.numpy()[:, ::7], golden.arrays["jaw_only_vertices"], rtol=0, atol=1e-6)


def test_small_basis_is_the_references(path, golden):
    shape, expression, pose, _ = parameters(golden, 4)
    vertices = FLAMEModel(100, 50, model_path=path)(shape[:, :100], expression[:, :50], pose)
    np.testing.assert_allclose(vertices.numpy()[:, ::7], golden.arrays["small_basis_vertices"], rtol=0, atol=1e-6)


def test_joints_form_the_references_tree(path, golden):
    assert FLAMEModel(model_path=path).parents == tuple(golden.arrays["parents"])


def test_scale_enlarges(path, golden):
    one, five = FLAMEModel(model_path=path), FLAMEModel(scale=5.0, model_path=path)
    torch.testing.assert_close(five(*parameters(golden, 3)), 5 * one(*parameters(golden, 3)))


def test_one_identity_serves_all_frames_and_what_is_left_out_is_zero(path, golden):
    head = FLAMEModel(model_path=path)
    shape, expression, pose, _ = parameters(golden, 6)
    one = head(shape[3:4], expression, pose)
    torch.testing.assert_close(one, head(shape[3:4].expand(6, -1), expression, pose, torch.zeros(6, 6)))
    torch.testing.assert_close(head(), head.v_template[None], rtol=0, atol=1e-6)


def test_gradients_are_finite_even_without_rotation(path):
    head = FLAMEModel(model_path=path)
    pose = torch.zeros(2, 6, requires_grad=True)
    head(pose_params=pose).sum().backward()
    assert torch.isfinite(pose.grad).all()


def test_built_in_head_speaks_flames_language():
    head = FLAMEModel()
    assert head().shape == (1, 5023, 3)
    assert head.get_faces().shape == (9976, 3)
    open_jaw = head(pose_params=torch.tensor([[0.3, 0.0, 0.0]]))
    assert (open_jaw - head())[..., 1].min() < -0.005


def test_more_directions_than_the_file_has_are_an_error(path):
    with pytest.raises(ConfigError, match="100 expression directions"):
        FLAMEModel(n_exp=101, model_path=path)
