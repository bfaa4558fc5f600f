"""``make_tensor``: random inputs for tests, of any dtype, bounds and layout."""

from __future__ import annotations

import math
from typing import NamedTuple

from gnomon.composite.grids import repeat_interleave
from gnomon.dtypes import DType, bool_, finfo, iinfo, int64
from gnomon.formats import MemoryFormat
from gnomon.op.arguments import IntegerArgument, integers
from gnomon.ops.random import uniform_
from gnomon.tensor import Tensor
from gnomon.tensor.factories import empty
from gnomon.tensor.options import DeviceLike
from gnomon.tensor.random_factories import randint


class _Bounds(NamedTuple):
    low: float
    high: float


def make_tensor(
    *shape: IntegerArgument,
    dtype: DType,
    device: DeviceLike,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: MemoryFormat | None = None,
) -> Tensor:
    """Return a tensor of numbers uniform in ``[low, high)``, the same as PyTorch's per seed.

    The default bounds are -9 and 9 for floats, -9 and 10 for signed integers, 0 and 10 for
    uint8, 0 and 2 for bool; bounds are cut to what the dtype holds. ``exclude_zero`` puts the
    smallest positive normal number, or 1, in the place of zeros. Raises ValueError for an empty
    interval, for NaN as a bound, and for integers that shall require grad.

    >>> import gnomon as torch
    >>> _ = torch.manual_seed(0)
    >>> make_tensor(2, 3, dtype=torch.int64, device="cpu", low=0, high=10)
    tensor([[4, 9, 3],
            [0, 3, 9]])
    """
    if requires_grad and not dtype.is_floating_point:
        raise ValueError(
            f"make_tensor: requires_grad=True is not supported for {dtype.name}. Make a float."
        )
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "make_tensor: noncontiguous and memory_format are mutually exclusive. Give one."
        )
    sizes = integers("make_tensor", shape)
    bounds = _bounds(dtype, low, high)
    if dtype.is_floating_point:
        result = _floats(sizes, dtype, device, bounds)
    else:
        result = randint(int(bounds.low), int(bounds.high), sizes, dtype=dtype, device=device)
    if exclude_zero:
        result[result == 0] = finfo(dtype).tiny if dtype.is_floating_point else 1
    if noncontiguous and result.numel() > 1:
        result = repeat_interleave(result, 2, -1)[..., ::2]
    elif memory_format is not None:
        result = result.clone(memory_format=memory_format)
    return result.requires_grad_() if requires_grad else result


def _bounds(dtype: DType, low: float | None, high: float | None) -> _Bounds:
    """Return the bounds, cut to what ``dtype`` holds; for integers the smallest that fit."""
    if dtype.is_floating_point:
        limits, usual = _Bounds(finfo(dtype).min, finfo(dtype).max), _Bounds(-9.0, 9.0)
    elif dtype is bool_:
        limits = usual = _Bounds(0, 2)
    else:
        held = iinfo(dtype)
        # The end of int64 itself is no int64.
        limits = _Bounds(held.min, held.max if dtype is int64 else held.max + 1)
        usual = _Bounds(-9 if held.min else 0, 10)
    low = usual.low if low is None else low
    high = usual.high if high is None else high
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"make_tensor: the bounds cannot be NaN, but got {low} and {high}.")
    empty_interval = low > high if dtype.is_floating_point else low >= high
    if empty_interval or low > limits.high or high < limits.low:
        raise ValueError(
            f"make_tensor: no {dtype.name} lies in [{low}, {high}), and low must be less than "
            f"high. The dtype holds [{limits.low}, {limits.high})."
        )
    low, high = max(low, limits.low), min(high, limits.high)
    return (
        _Bounds(low, high)
        if dtype.is_floating_point
        else _Bounds(math.ceil(low), math.ceil(high))
    )


def _floats(
    sizes: tuple[int, ...], dtype: DType, device: DeviceLike, bounds: _Bounds
) -> Tensor:
    result = empty(sizes, dtype=dtype, device=device)
    low, high = bounds
    # Twice as wide as the dtype: the difference of the bounds would overflow.
    if high - low > finfo(dtype).max:
        return uniform_(result, low / 2, to=high / 2).mul_(2)
    return uniform_(result, low, to=high)
