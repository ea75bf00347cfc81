"""Splatting as its authors describe it: one Gaussian after the other over the whole picture, in float64.

Slow, plain, and written from matrices as rasterizing extensions take them, so that it can also stand in for those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

TILE = 16


@dataclass(frozen=True)
class Rules:
    """In what rasterizers differ."""

    most_alpha: float = 0.99
    stops_at_least: bool = False  # whether light of exactly the least ends a pixel
    is_box_tight: bool = False  # gsplat's: for each axis, and no further than alpha is drawn


def random_scene(seed, count=150, channels=4, is_tame=False):
    """Gaussians before a camera, with everything that can be odd about them unless they are tame."""
    random = np.random.default_rng(seed)
    scene = {
        "means": random.uniform(-0.9, 0.9, (count, 3)),
        "quaternions": random.normal(size=(count, 4)),
        "scales": 0.004 + 0.06 * random.random((count, 3)) ** 3,
        "opacities": random.random((count, 1)),
        "features": random.normal(size=(count, channels)),
        "camera": camera_of(random.normal(size=3) * 0.3, [0.05, -0.1, 10.0]),
    }
    scene["quaternions"] /= np.linalg.norm(scene["quaternions"], axis=1, keepdims=True)
    if not is_tame:
        few = count // 15
        scene["scales"][:few] = random.uniform(0.2, 0.8, (few, 3))  # huge
        scene["scales"][few : 2 * few, 0], scene["scales"][few : 2 * few, 1:] = 0.5, 0.001  # needles
        scene["scales"][2 * few : 3 * few] = 0  # points
        scene["quaternions"][3 * few : 4 * few] *= random.uniform(0, 1.7, (few, 1))
        scene["means"][4 * few : 5 * few] *= 4  # beside the picture
        scene["means"][5 * few : 6 * few] += 20 * scene["camera"][:, 2]  # behind the camera, or beside it
        scene["opacities"][6 * few : 7 * few] = random.uniform(-1, 3, (few, 1))
        scene["opacities"][7 * few : 8 * few] = 1 / 256  # never drawn
        scene["means"][8 * few : 9 * few] = scene["means"][8 * few]  # equally far
        scene["scales"][9 * few : 10 * few] *= -1
    return {name: torch.from_numpy(values.astype(np.float32)) for name, values in scene.items()}


def camera_of(turn, translation):
    """A camera before the origin, turned about an axis by its length in radians."""
    angle = np.linalg.norm(turn)
    x, y, z = np.asarray(turn) / max(angle, 1e-12)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return np.concatenate([rotation @ np.diag([-1.0, 1.0, -1.0]), np.array(translation)[:, None]], axis=1)


def reference(scene, size, focal=12.0, background=None):
    """The picture of a scene, ``[C, H, W]`` float64."""
    arrays = {name: np.asarray(tensor, np.float64) for name, tensor in scene.items()}
    camera = arrays["camera"]
    view = np.eye(4)
    view[:3, :3], view[3, :3] = camera[:, :3] * [-1, -1, 1], camera[:, 3] * [-1, -1, 1]
    lens = np.zeros((4, 4))
    lens[0, 0] = lens[1, 1] = focal
    lens[2, 3] = 1  # the homogeneous coordinate is the distance; depth in the clip space does not matter
    ends = view[:3, :3], view[3, :3], view @ lens, 1 / focal
    spread = covariances(arrays["quaternions"], arrays["scales"])
    background = np.zeros(arrays["features"].shape[1]) if background is None else np.asarray(background, np.float64)
    return draw(arrays["means"], spread, arrays["opacities"][:, 0], arrays["features"], *ends, size, background)


def covariances(quaternions, scales):
    """Covariances ``[G, 3, 3]`` of Gaussians whose quaternions have any length."""
    w, x, y, z = quaternions.T
    rotation = np.array(
        [
            [1 - 2 * (y**2 + z**2), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x**2 + z**2), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x**2 + y**2)],
        ]
    )
    return np.einsum("ijg,gj,kjg->gik", rotation, scales**2, rotation)


def draw(
    means, spread, opacities, features, rotation, translation, clip, tangent, size, background, rules=None, blur=0.3
):
    """Draw Gaussians with covariances ``spread``; points are rows, and ``clip`` takes them to homogeneous pixels."""
    rules = rules or Rules()
    height, width = size
    sides = np.array([width, height])
    grid = -(-sides // TILE)
    sums, light = np.zeros((height, width, features.shape[1])), np.ones((height, width))
    is_done = np.zeros((height, width), bool)
    rows, columns = np.mgrid[:height, :width]
    seen = means @ rotation + translation
    for g in np.argsort(seen[:, 2].astype(np.float32), kind="stable"):
        x, y, z = seen[g]
        if z <= 0.2:
            continue
        homogeneous = np.append(means[g], 1) @ clip
        place = ((homogeneous[:2] / (homogeneous[3] + 1e-7) + 1) * sides - 1) / 2
        x, y = (np.clip([x / z, y / z], -1.3 * tangent, 1.3 * tangent)) * z
        slope = np.array([[1 / z, 0, -x / z**2], [0, 1 / z, -y / z**2]]) * (sides / (2 * tangent))[:, None]
        slope = slope @ rotation.T
        ellipse = slope @ spread[g] @ slope.T + blur * np.eye(2)
        if rules.is_box_tight:
            if opacities[g] < 1 / 255:
                continue
            reach = min(3.33, np.sqrt(2 * np.log(255 * opacities[g])))
            radius = np.ceil(reach * np.sqrt(np.diag(ellipse)))
            first, last = np.floor((place + 0.5 - radius) / TILE), np.ceil((place + 0.5 + radius) / TILE)
        else:
            widest = np.trace(ellipse) / 2
            gap = np.sqrt(max(0.1, widest**2 - np.linalg.det(ellipse)))
            radius = np.ceil(3 * np.sqrt(widest + gap))
            first, last = np.trunc((place - radius) / TILE), np.trunc((place + radius + TILE - 1) / TILE)
        (left, top), (right, bottom) = (np.clip(end, 0, grid).astype(int) * TILE for end in (first, last))
        area = np.s_[top:bottom, left:right]
        away = np.stack([place[0] - columns[area], place[1] - rows[area]], axis=-1)
        exponent = -0.5 * np.einsum("...i,ij,...j", away, np.linalg.inv(ellipse), away)
        alpha = np.minimum(rules.most_alpha, opacities[g] * np.exp(exponent))
        after = light[area] * (1 - alpha)
        is_seen = (alpha >= 1 / 255) & ~is_done[area]
        is_end = is_seen & ((after <= 1e-4) if rules.stops_at_least else (after < 1e-4))
        is_added = is_seen & ~is_end
        sums[area] += np.where(is_added, alpha * light[area], 0)[..., None] * features[g]
        light[area] = np.where(is_added, after, light[area])
        is_done[area] |= is_end
    return (sums + light[..., None] * background).transpose(2, 0, 1)
