"""Whole trajectories of every optimizer are PyTorch's, and so are states, errors, texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import gnomon
from gnomon import Tensor
from optim.cases import CASES, STEPS, train

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23}

# A step rounds about ten times in both; the problem's Lipschitz constants amplify what steps
# before rounded by at most about 2 per step.
TOLERANCE = 10 * 2.0**STEPS


def flat(x: Tensor) -> list[float]:
    values = x.detach().reshape((-1,)).tolist()
    assert isinstance(values, list)
    return values


@pytest.mark.parametrize("dtype", EPSILON)
@pytest.mark.parametrize("case", CASES)
def test_trajectories(case: str, dtype: str) -> None:
    found, found_losses = train(gnomon, case, dtype)
    expected, expected_losses = train(torch, case, dtype)
    allowed = TOLERANCE * EPSILON[dtype]
    assert found_losses == pytest.approx(expected_losses, rel=allowed, abs=allowed)
    for x, y in zip(found, expected, strict=True):
        assert flat(x) == pytest.approx(flat(y), rel=allowed, abs=allowed)
    assert found_losses[-1] != found_losses[0]
