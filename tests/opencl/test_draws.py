"""Draws that are made of running sums, which devices add up in parts."""

from __future__ import annotations

import pytest

import gnomon

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")


def test_no_category_without_weight_is_drawn_of_many() -> None:
    """Sums of parts are rounded apart, so that they rise and fall where nothing is added."""
    gnomon.manual_seed(0)
    weights = gnomon.full((1 << 20,), 0.1, device="opencl")
    weights[::2] = 0
    drawn = gnomon.multinomial(weights, 1 << 18, replacement=True)
    assert weights[drawn].min().item() > 0
    assert drawn.min().item() < 1 << 14
    assert drawn.max().item() > (1 << 20) - (1 << 14)
