"""The mark in the corner of exported pictures."""

import numpy as np
import pytest

from artalk_engine.avatar.watermark import watermarked


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_mark_is_seen_before_any_ground_and_only_in_its_corner(ground):
    pictures = np.full((2, 512, 512, 3), ground, np.uint8)
    marked = watermarked(pictures)
    rows, columns = np.nonzero((marked[0] != ground).any(axis=2))
    assert rows.min() > 512 * 0.9
    assert columns.min() > 512 * 0.8
    assert int(marked.max()) - int(marked[0, 460:, 420:].min()) > 80
    assert (pictures == ground).all()
    assert np.array_equal(marked[0], marked[1])


@pytest.mark.parametrize("size", [(64, 64), (720, 1280), (16, 16), (5, 200)])
def test_mark_fits_every_size(size):
    pictures = np.zeros((1, *size, 3), np.uint8)
    assert watermarked(pictures).shape == pictures.shape
