import numpy as np
import pytest

from bridge import rotations as rot


@pytest.fixture
def turns():
    random = np.random.default_rng(0)
    axis = random.normal(size=(500, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    return axis * random.uniform(-3.1, 3.1, (500, 1))


def test_a_rotation_comes_back_from_its_quaternion_and_its_matrix(turns):
    quaternions = rot.from_axis_angle(turns)
    np.testing.assert_allclose(rot.to_axis_angle(quaternions), turns, atol=1e-12)
    np.testing.assert_allclose(rot.to_axis_angle(-quaternions), turns, atol=1e-12)
    again = rot.from_matrices(rot.to_matrices(quaternions))
    assert rot.angle_between(again, quaternions).max() < 1e-7


def test_matrices_with_scale_give_the_rotation_alone(turns):
    quaternions = rot.from_axis_angle(turns)
    scaled = rot.to_matrices(quaternions) * 2.5
    assert rot.angle_between(rot.from_matrices(scaled), quaternions).max() < 1e-7


@pytest.mark.parametrize("angle", [0.0, 1e-13, 1e-8, np.pi - 1e-9, np.pi])
def test_the_smallest_and_the_largest_rotation_are_exact(angle):
    turn = np.array([0.0, angle, 0.0])
    np.testing.assert_allclose(rot.to_axis_angle(rot.from_axis_angle(turn)), turn, atol=1e-15, rtol=1e-9)


def test_products_and_inverses_are_those_of_the_matrices(turns):
    first, second = rot.from_axis_angle(turns[:250]), rot.from_axis_angle(turns[250:])
    expected = rot.to_matrices(first) @ rot.to_matrices(second)
    np.testing.assert_allclose(rot.to_matrices(rot.multiply(first, second)), expected, atol=1e-12)
    np.testing.assert_allclose(rot.multiply(first, rot.inverse(first))[:, 0], 1.0, atol=1e-12)


def test_slerp_turns_evenly_by_the_shorter_way(turns):
    first, second = rot.from_axis_angle(turns[:250]), -rot.from_axis_angle(turns[250:])
    whole = rot.angle_between(first, second)
    part = rot.slerp(first, second, np.full(250, 0.3))
    np.testing.assert_allclose(rot.angle_between(first, part), 0.3 * whole, atol=1e-9)
    np.testing.assert_allclose(rot.angle_between(part, second), 0.7 * whole, atol=1e-9)


def test_continuous_quaternions_never_change_sides():
    turns = np.linspace(-9, 9, 400)[:, None, None] * np.array([[0.2, 0.9, -0.3], [1.0, 0.0, 0.0]])
    steady = rot.continuous(rot.from_axis_angle(turns) * np.random.default_rng(0).choice([-1, 1], (400, 2, 1)))
    assert (np.sum(steady[1:] * steady[:-1], axis=-1) > 0).all()
