"""Measures a head and says which of its promised properties hold."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .design import (
    EYE_CENTRE,
    EYE_RADIUS,
    FACE_COUNT,
    JAW_WIDE_OPEN,
    JOINTS_MM,
    LIDS,
    MIRROR_X,
    NECK_COLUMNS,
    VERTEX_COUNT,
    Floats,
)
from .model import BuiltinHead, build_head, save_head
from .posing import posed_by, seam_gap
from .surface import skin_distance
from .units_mouth import CLOSE_ANGLE


@dataclass(frozen=True, slots=True)
class Finding:
    """One property: its name, what was measured, and whether it is as promised."""

    name: str
    found: str
    holds: bool


def check_head(head: BuiltinHead) -> list[Finding]:
    """Measure the head against everything that its users rely on."""
    return [
        *mesh_findings(head),
        *skinning_findings(head),
        *lip_findings(head),
        *lid_findings(head),
        *file_findings(head),
    ]


def mesh_findings(head: BuiltinHead) -> list[Finding]:
    """Measure counts, connections and symmetry."""
    template = head.v_template.astype(np.float64)
    rim, is_manifold = boundary_edges(head.f)
    area = float(triangle_areas(template, head.f).min())
    asymmetry = float(np.abs(template[head.mirror] * MIRROR_X - template).max())
    return [
        Finding("vertices", str(len(template)), len(template) == VERTEX_COUNT),
        Finding("triangles", str(len(head.f)), len(head.f) == FACE_COUNT),
        Finding("edges on the neck's rim", str(rim), rim == NECK_COLUMNS),
        Finding("all other edges join two triangles", str(is_manifold), is_manifold),
        Finding("asymmetry of the template", f"{1e3 * asymmetry:.6f} mm", asymmetry < 1e-8),
        Finding("smallest triangle", f"{area:.1e} m^2", area > 1e-10),
    ]


def skinning_findings(head: BuiltinHead) -> list[Finding]:
    """Measure weights and joints."""
    joints = 1e3 * (head.J_regressor.astype(np.float64) @ head.v_template.astype(np.float64))
    off = float(np.abs(joints - JOINTS_MM).max())
    depth = float(skin_distance(joints).max())
    sums = np.concatenate([head.weights.sum(axis=1), head.J_regressor.sum(axis=1)])
    error = float(np.abs(sums - 1.0).max())
    least, most = float(head.weights.min()), float(head.weights.max())
    return [
        Finding("rows of weights and regressor sum to one", f"within {error:.1e}", error < 1e-5),
        Finding("weights between zero and one", f"{least:.3f} to {most:.3f}", least >= 0.0 and most <= 1.0),
        Finding("joints in place", f"within {off:.4f} mm", off < 0.01),
        Finding("joints inside the head", f"{depth:.1f} mm", depth < 0.0),
    ]


def lip_findings(head: BuiltinHead) -> list[Finding]:
    """Measure the gap between the lips at rest, wide open, and closed over an open jaw."""
    rest = seam_gap(posed_by(head, {}), head.lip_seam)
    wide = seam_gap(posed_by(head, {}, JAW_WIDE_OPEN), head.lip_seam)
    closed = seam_gap(posed_by(head, {"lip_close": 1.0}, CLOSE_ANGLE), head.lip_seam)
    return [
        Finding("lips at rest", span(rest), bool(rest.min() > 0.0 and rest.max() < 0.5)),
        Finding("lips closed over an open jaw", span(closed), bool(np.abs(closed).max() < 0.5)),
        Finding("lips with the jaw wide open", span(wide), bool(wide.max() > 20.0)),
    ]


def lid_findings(head: BuiltinHead) -> list[Finding]:
    """Measure the gap between the lids in a blink, and their distance to the eyeball on the way there."""
    closed = seam_gap(posed_by(head, {"blink_l": 1.0}), head.lid_seam[0])
    clearance = min(eyeball_clearance(posed_by(head, {"blink_l": t}), head) for t in np.linspace(0.0, 1.0, 9))
    return [
        Finding("lids in a blink", span(closed), bool(np.abs(closed).max() <= 0.5)),
        Finding("lids outside the eyeball, all through a blink", f"{clearance:.2f} mm", clearance > 0.0),
    ]


def file_findings(head: BuiltinHead) -> list[Finding]:
    """Measure the arrays as they are saved."""
    arrays = [head.v_template, head.shapedirs, head.posedirs, head.J_regressor, head.weights]
    is_finite = all(bool(np.isfinite(array).all()) for array in arrays)
    saved, again = saved_bytes(head), saved_bytes(build_head())
    return [
        Finding("everything finite", str(is_finite), is_finite),
        Finding("file size", f"{len(saved) / 1e6:.2f} MB", len(saved) < 6_000_000),
        Finding("same bytes when built again", hashlib.sha256(saved).hexdigest()[:12], saved == again),
    ]


def span(millimetres: Floats) -> str:
    """Describe the range of some lengths."""
    return f"{millimetres.min():.2f} to {millimetres.max():.2f} mm"


def saved_bytes(head: BuiltinHead) -> bytes:
    """Return the head's file."""
    buffer = io.BytesIO()
    save_head(head, buffer)
    return buffer.getvalue()


def triangle_areas(vertices: Floats, faces: NDArray[np.int32]) -> Floats:
    """Return the areas of all triangles, ``[F]``."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.asarray(0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1))


def boundary_edges(faces: NDArray[np.int32]) -> tuple[int, bool]:
    """Count the edges with one triangle, and tell whether all others join exactly two, oppositely oriented."""
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    one_way = len(np.unique(directed, axis=0)) == len(directed)
    counts = np.unique(np.sort(directed, axis=1), axis=0, return_counts=True)[1]
    return int((counts == 1).sum()), bool(one_way and counts.max() == 2)


def eyeball_clearance(vertices: Floats, head: BuiltinHead) -> float:
    """Return how far the lids' triangles stay outside the left eyeball, in millimetres; negative pokes through."""
    lids = head.f[head.face_regions == LIDS]
    lids = lids[np.all(vertices[lids][..., 0] > 0.0, axis=1)]
    corner = vertices[lids]
    edges = (0.5 * (corner[:, k] + corner[:, k - 1]) for k in range(3))
    samples = np.concatenate([corner.reshape(-1, 3), corner.mean(axis=1), *edges])
    in_front = samples[:, 2] > EYE_CENTRE[2]
    return float((np.linalg.norm(samples[in_front] - EYE_CENTRE, axis=1) - EYE_RADIUS).min())
