"""Every derivative, and every derivative of a derivative, against finite differences."""

from __future__ import annotations

import pytest

import gnomon
from elementwise_functions.cases import CASES, Case
from gnomon.autograd import gradcheck, gradgradcheck


@pytest.mark.parametrize("case", CASES, ids=str)
def test_derivatives(case: Case) -> None:
    # Moved a little, away from the integers and halves where straight lines meet.
    inputs = [x + 0.0371 for x in case.inputs]
    leaf = gnomon.tensor(inputs, dtype=gnomon.float64, requires_grad=True)
    assert gradcheck(lambda x: case.of(gnomon, x), (leaf,))
    assert gradgradcheck(lambda x: case.of(gnomon, x), (leaf,))
