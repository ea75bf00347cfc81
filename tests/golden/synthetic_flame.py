"""A head in FLAME's format that is invented from a seed, so that tests need no licensed data.

Shapes, types and names equal those of a FLAME file (5,023 vertices, 9,976 faces, 400 shape directions, 36 pose
directions, five joints), but every number is made up: an egg-shaped head with a nose, two eyeballs, smooth random
blend shapes and weights. Only sums, products, roots and rounded sines of PCG64 uniforms are used, so that the arrays
agree on any machine; ``fingerprint`` says whether they do.
"""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path

import numpy as np

V, F = 5023, 9976
N_RING, N_ROWS = 60, 66  # head: 66 rings of 60 vertices + 1 apex, open at the neck
EYE_LON, EYE_LAT = 23, 23  # each eyeball: 23x23 + 2 poles, closed
HEAD_V = N_RING * N_ROWS + 1
EYE_V = EYE_LON * EYE_LAT + 2


def _rng(seed, tag):
    h = hashlib.sha256(f"synthetic-flame/{seed}/{tag}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(h[:8], "little")))


def _r(x, nd=7):
    return np.round(np.asarray(x, np.float64), nd)


def _head(rng):
    rows = np.arange(N_ROWS) / N_ROWS  # 0 at the neck opening, <1 below the apex
    ang = 2 * np.pi * np.arange(N_RING) / N_RING
    y = -0.17 + 0.30 * rows
    # radius profile: neck, jaw, cranium, closing at the top
    u = (y + 0.02) / 0.152
    crown = np.sqrt(np.maximum(1 - u * u, 0.0))
    neck = 0.62 * np.clip((-0.06 - y) / 0.11, 0, 1)
    prof = np.maximum(crown, neck)
    rx, rz_front, rz_back = 0.078 * prof, 0.098 * prof, 0.112 * prof
    s, c = np.sin(ang)[None, :], np.cos(ang)[None, :]  # angle 0 looks to +z (the face)
    x = rx[:, None] * s
    z = np.where(c > 0, rz_front[:, None], rz_back[:, None]) * c
    yy = np.repeat(y[:, None], N_RING, 1)
    nose = np.maximum(0, 1 - (x / 0.016) ** 2) * np.maximum(0, 1 - ((yy + 0.012) / 0.03) ** 2) * (c > 0)
    brow = np.maximum(0, 1 - ((yy - 0.035) / 0.015) ** 2) * np.maximum(0, c)
    z = z + 0.022 * nose + 0.004 * brow
    bump = 0.0006 * (rng.random((N_ROWS, N_RING)) - 0.5)
    v = np.stack([x, yy, z + bump], -1).reshape(-1, 3)
    v = np.concatenate([v, [[0.0, 0.13, -0.004]]], 0)
    f = []
    for i in range(N_ROWS - 1):
        for j in range(N_RING):
            k = (j + 1) % N_RING
            a, b = i * N_RING + j, i * N_RING + k
            d, e = a + N_RING, b + N_RING
            f += [[a, b, e], [a, e, d]] if (i + j) % 2 else [[a, b, d], [b, e, d]]
    top = (N_ROWS - 1) * N_RING
    f += [[top + j, top + (j + 1) % N_RING, HEAD_V - 1] for j in range(N_RING)]
    return v, np.array(f)


def _eye(cx):
    lat = np.pi * (np.arange(EYE_LAT) + 1) / (EYE_LAT + 1)
    lon = 2 * np.pi * np.arange(EYE_LON) / EYE_LON
    r = 0.0135
    x = r * np.sin(lat)[:, None] * np.sin(lon)[None, :]
    z = r * np.sin(lat)[:, None] * np.cos(lon)[None, :]
    y = np.repeat(r * np.cos(lat)[:, None], EYE_LON, 1)
    v = np.stack([x, y, z], -1).reshape(-1, 3)
    v = np.concatenate([v, [[0, r, 0], [0, -r, 0]]], 0) + np.array([cx, 0.022, 0.076])
    f = []
    for i in range(EYE_LAT - 1):
        for j in range(EYE_LON):
            k = (j + 1) % EYE_LON
            a, b = i * EYE_LON + j, i * EYE_LON + k
            d, e = a + EYE_LON, b + EYE_LON
            f += [[a, d, e], [a, e, b]]
    n, s = EYE_V - 2, EYE_V - 1
    last = (EYE_LAT - 1) * EYE_LON
    for j in range(EYE_LON):
        k = (j + 1) % EYE_LON
        f += [[n, j, k], [s, last + k, last + j]]
    return v, np.array(f)


def _fields(rng, pts, n, lo, hi):
    """n smooth vector fields on pts: cubic polynomials with random coefficients, unit RMS."""
    c = (pts - pts.mean(0)) / (np.abs(pts - pts.mean(0)).max(0))
    x, y, z = c.T
    basis = np.stack(
        [
            np.ones_like(x),
            x,
            y,
            z,
            x * x,
            y * y,
            z * z,
            x * y,
            y * z,
            z * x,
            x * x * x,
            y * y * y,
            z * z * z,
            x * x * y,
            y * y * z,
            z * z * x,
            x * y * z,
            x * x * z,
            y * y * x,
            z * z * y,
        ],
        -1,
    )
    out = np.empty((pts.shape[0], 3, n))
    for k in range(n):
        coef = rng.random((basis.shape[1], 3)) * 2 - 1
        fld = (basis[:, :, None] * coef[None]).sum(1)
        centre = pts[int(rng.integers(pts.shape[0]))]
        width = lo + (hi - lo) * rng.random()
        d2 = ((pts - centre) ** 2).sum(-1) / (width * width)
        fld = fld / (1 + d2)[:, None] ** 2
        out[:, :, k] = fld / np.sqrt((fld * fld).sum(-1).mean())
    return out


@cache
def make_flame(seed=0):
    rng = _rng(seed, "geometry")
    hv, hf = _head(rng)
    lv, lf = _eye(0.032)  # FLAME's left eye is on +x
    rv, rf = _eye(-0.032)
    template = np.concatenate([hv, lv, rv], 0)
    faces = np.concatenate([hf, lf + HEAD_V, rf + HEAD_V + EYE_V], 0)
    assert template.shape == (V, 3)
    assert faces.shape == (F, 3)
    left, right = slice(HEAD_V, HEAD_V + EYE_V), slice(HEAD_V + EYE_V, V)

    rng = _rng(seed, "shapedirs")
    sd = _fields(rng, template, 400, 0.05, 0.20)
    k = np.arange(300)
    sd[:, :, :300] *= 0.0045 / np.sqrt(1 + 0.25 * k)
    k = np.arange(100)
    front = np.clip((template[:, 2] + 0.02) / 0.10, 0, 1)  # expressions move the face, not the back
    sd[:, :, 300:] *= (0.0035 / np.sqrt(1 + 0.35 * k)) * front[:, None, None]
    for sl in (left, right):  # eyeballs move rigidly
        sd[sl] = sd[sl].mean(0, keepdims=True)
        sd[sl, :, 300:] = 0.0

    rng = _rng(seed, "posedirs")
    pd = _fields(rng, template, 36, 0.04, 0.10) * 0.0015
    pd[left] = 0.0
    pd[right] = 0.0

    y, z = template[:, 1], template[:, 2]
    head = np.clip((y + 0.15) / 0.06, 0, 1)
    head = head * head * (3 - 2 * head)
    jaw = np.clip((-0.035 - y) / 0.035, 0, 1) * np.clip((z - 0.0) / 0.06, 0, 1) * np.clip((y + 0.14) / 0.03, 0, 1)
    jaw = jaw * jaw * (3 - 2 * jaw)
    w = np.zeros((V, 5))
    w[:, 0] = 1 - head
    w[:, 1] = head * (1 - jaw)
    w[:, 2] = head * jaw
    w[left] = [0, 0, 0, 1, 0]
    w[right] = [0, 0, 0, 0, 1]
    w = _r(w, 6)
    w[:, 0] = 1 - w[:, 1:].sum(1)

    targets = np.array(
        [[0, -0.16, -0.02], [0, -0.09, -0.02], [0, -0.02, 0.005], [0.032, 0.022, 0.076], [-0.032, 0.022, 0.076]]
    )
    reg = np.zeros((5, V))
    for j in range(3):
        d2 = ((template[:HEAD_V] - targets[j]) ** 2).sum(-1)
        near = np.argsort(d2, kind="stable")[:120]
        reg[j, near] = 1.0 / (1 + d2[near] / 0.002)
    reg[3, left] = 1.0
    reg[4, right] = 1.0
    reg = _r(reg / reg.sum(1, keepdims=True), 7)

    def f32(a, nd=7):
        return np.ascontiguousarray(_r(a, nd).astype(np.float32))

    flame = {
        "f": np.ascontiguousarray(faces.astype(np.int64)),
        "v_template": f32(template),
        "shapedirs": f32(sd, 8),
        "posedirs": f32(pd, 8),
        "J_regressor": reg.astype(np.float32),
        "kintree_table": np.array([[-1, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.int64),
        "weights": w.astype(np.float32),
    }

    rng = _rng(seed, "landmarks")
    face_centre = template[faces].mean(1)
    front = np.nonzero((face_centre[:, 2] > 0.04) & (np.arange(F) < hf.shape[0]))[0]

    def embed(*shape):
        idx = front[rng.integers(0, front.shape[0], size=shape)].astype(np.int64)
        b = 0.05 + rng.random((*shape, 3))
        return idx, (b / b.sum(-1, keepdims=True)).astype(np.float32)

    si, sb = embed(51)
    di, db = embed(79, 17)
    fi, fb = embed(1, 70)
    mi, mb = embed(105)
    return {
        "flame_model": flame,
        "lmk_embeddings": {
            "static_lmk_faces_idx": si,
            "static_lmk_bary_coords": sb,
            "dynamic_lmk_faces_idx": di,
            "dynamic_lmk_bary_coords": db,
            "full_lmk_faces_idx_with_eye": fi,
            "full_lmk_bary_coords_with_eye": fb,
        },
        "lmk_embeddings_mediapipe": {
            "lmk_face_idx": mi,
            "lmk_b_coords": mb,
            "landmark_indices": np.sort(rng.permutation(468)[:105]).astype(np.int64),
        },
    }


def make_params(seed=0, n=20):
    """Plausible parameters. Row 0 is all zero (the template), row 1 pose only, row 2 expression only."""
    rng = _rng(seed, "params")

    def u(*size):
        return rng.random(size) * 2 - 1

    shape = 1.6 * u(n, 300) / np.sqrt(1 + 0.02 * np.arange(300))
    exp = 1.8 * u(n, 100) / np.sqrt(1 + 0.05 * np.arange(100))
    pose = np.concatenate([0.6 * u(n, 3), np.stack([0.35 * rng.random(n), 0.06 * u(n), 0.06 * u(n)], -1)], -1)
    eyes = 0.3 * u(n, 6)
    shape[0] = exp[0] = pose[0] = eyes[0] = 0
    if n > 1:
        shape[1] = exp[1] = eyes[1] = 0
    if n > 2:
        shape[2] = pose[2] = eyes[2] = 0
    if n > 3:
        eyes[3 : n // 2] = 0
    if n > 4:
        pose[4] = [1e-6, -2e-6, 1e-6, 1e-5, 0, 0]  # near the Rodrigues singularity
    if n > 5:
        pose[5, :3] = [0.0, 3.0, 0.1]  # nearly turned around
    return [np.round(a, 6).astype(np.float32) for a in (shape, exp, pose, eyes)]


def fingerprint(seed=0):
    h = hashlib.sha256()
    d = make_flame(seed)
    for group in sorted(d):
        for key in sorted(d[group]):
            a = d[group][key]
            h.update(f"{group}/{key}/{a.dtype}/{a.shape}".encode())
            h.update(np.ascontiguousarray(a).tobytes())
    return h.hexdigest()


def save_pt(path, seed=0):
    import torch

    d = make_flame(seed)
    torch.save({g: {k: torch.from_numpy(v) for k, v in kv.items()} for g, kv in d.items()}, path)


def save_pkl(path, seed=0, style="plain"):
    """Pickle with the official key set. 'plain': numpy only (FLAME 2023 without chumpy);
    'latin1': protocol 2 as Python 2 wrote it, scipy CSC regressor; 'chumpy': as 'latin1' with
    v_template/shapedirs/posedirs/weights wrapped like chumpy.ch.Ch objects (state {'x': array})."""
    import pickle

    m = dict(make_flame(seed)["flame_model"])
    d = {
        "f": m["f"].astype(np.uint32),
        "v_template": m["v_template"].astype(np.float64),
        "shapedirs": m["shapedirs"].astype(np.float64),
        "posedirs": m["posedirs"].astype(np.float64),
        "J_regressor": m["J_regressor"].astype(np.float64),
        "weights": m["weights"].astype(np.float64),
        "kintree_table": np.array([[4294967295, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.int64),
        "J": (m["J_regressor"].astype(np.float64) @ m["v_template"].astype(np.float64)),
        "bs_style": "lbs",
        "bs_type": "lrotmin",
    }
    if style in ("latin1", "chumpy"):
        import scipy.sparse as sp

        d["J_regressor"] = sp.csc_matrix(d["J_regressor"])
    if style == "chumpy":
        import types

        mod, sub = types.ModuleType("chumpy"), types.ModuleType("chumpy.ch")

        class Ch:
            def __init__(self, x):
                self.x = x

            def __getstate__(self):
                return {"x": self.x, "_cached_parents": None}

        Ch.__module__, Ch.__qualname__ = "chumpy.ch", "Ch"
        sub.Ch = mod.Ch = Ch
        mod.ch = sub
        saved = {k: sys.modules.get(k) for k in ("chumpy", "chumpy.ch")}
        sys.modules.update({"chumpy": mod, "chumpy.ch": sub})
        try:
            for k in ("v_template", "shapedirs", "posedirs", "weights", "J"):
                d[k] = Ch(d[k])
            with Path(path).open("wb") as fh:
                pickle.dump(d, fh, protocol=2)
        finally:
            for k, v in saved.items():
                if v is None:
                    sys.modules.pop(k, None)
                else:
                    sys.modules[k] = v
        return
    with Path(path).open("wb") as fh:
        pickle.dump(d, fh, protocol=2)
