"""The numbers at the top level, under PyTorch's names."""

from __future__ import annotations

import math

import gnomon


def test_the_constants_are_those_of_python() -> None:
    assert (gnomon.pi, gnomon.e, gnomon.inf) == (math.pi, math.e, math.inf)
    assert math.isnan(gnomon.nan)


def test_newaxis_adds_a_dim() -> None:
    assert gnomon.ones(2, 3)[:, gnomon.newaxis].shape == (2, 1, 3)
