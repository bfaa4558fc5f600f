"""Whole trajectories of every optimizer are PyTorch's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import gnomon
from optim.cases import CASES, STEPS, bowl, train
from optim.values import flat

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23}

# A step rounds about ten times in both; the problem's Lipschitz constants amplify what steps
# before rounded by at most about 2 per step.
TOLERANCE = 10 * 2.0**STEPS


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


LBFGS = [
    "LBFGS()",
    "LBFGS(lr=0.3, max_iter=4)",
    "LBFGS(history_size=2, lr=0.1)",
    "LBFGS(line_search_fn='strong_wolfe')",
    "LBFGS(line_search_fn='strong_wolfe', max_iter=3, history_size=1)",
    "LBFGS(line_search_fn='strong_wolfe', lr=20, max_iter=6)",
    "LBFGS(line_search_fn='strong_wolfe', lr=1e-4, max_iter=6, max_eval=50)",
    "LBFGS(tolerance_grad=10.0)",
]


@pytest.mark.parametrize("case", LBFGS)
def test_trajectories_of_lbfgs(case: str) -> None:
    # The same evaluations at the same points; a quasi-Newton step divides by differences of
    # gradients, which costs the digits that nearly equal gradients share.
    (found, losses), (expected, expected_losses) = (
        train(t, case, "float64", 2, bowl) for t in (gnomon, torch)
    )
    assert losses == pytest.approx(expected_losses, rel=1e-9, abs=1e-9)
    for x, y in zip(found, expected, strict=True):
        assert flat(x) == pytest.approx(flat(y), rel=1e-6, abs=1e-6)
