"""The values of tensors, as the tests compare them."""

from __future__ import annotations

from gnomon import Tensor


def flat(x: Tensor) -> list[float]:
    """Return the elements in logical order."""
    values = x.detach().reshape((-1,)).tolist()
    assert isinstance(values, list)
    return values
