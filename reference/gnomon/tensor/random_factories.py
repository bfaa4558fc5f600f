"""Tensors of random numbers, by shape or like another tensor.

Every function takes ``generator``: where its numbers come from, by default the stream of the
device, which ``manual_seed`` starts over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex, overload

from gnomon.composite.draws import permutation_of
from gnomon.composite.sampling import normal_around
from gnomon.dtypes import bool_, iinfo, int64
from gnomon.formats import MemoryFormat, TensorLayout, preserve_format, strided
from gnomon.generator.integers import bounds_within
from gnomon.generator.mersenne import MersenneTwister
from gnomon.op.arguments import IntegerArgument, integer_sequence, integers
from gnomon.op.copy import COPY
from gnomon.op.numpy_names import numpy_names
from gnomon.op.random_generator import GeneratorCore, stream_for
from gnomon.ops.random import NORMAL, RANDINT, RANDPERM, UNIFORM
from gnomon.tensor.factories import fresh_or_out
from gnomon.tensor.options import (
    DeviceLike,
    DTypeLike,
    check_pinning,
    dtype_of,
    like_operand,
    requiring_grad,
    shape_of,
)
from gnomon.tensor.tensor import Tensor

__all__ = [
    "normal",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
]


def rand(
    *sizes: IntegerArgument,
    size: Sequence[SupportsIndex] | None = None,
    generator: GeneratorCore | None = None,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of numbers uniform in ``[0, 1)``.

    >>> import gnomon as torch
    >>> rand(2, generator=torch.Generator().manual_seed(0))
    tensor([0.4963, 0.7682])
    """
    check_pinning("rand", pin_memory)
    result = fresh_or_out("rand", shape_of("rand", sizes, size), dtype, device, out)
    UNIFORM.fill(result.operand, (0.0, 1.0), generator)
    return requiring_grad("rand", result, requires_grad)


def randn(
    *sizes: IntegerArgument,
    size: Sequence[SupportsIndex] | None = None,
    generator: GeneratorCore | None = None,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of numbers normal, of mean 0 and variance 1.

    >>> import gnomon as torch
    >>> randn(2, generator=torch.Generator().manual_seed(0))
    tensor([ 1.5410, -0.2934])
    """
    check_pinning("randn", pin_memory)
    result = fresh_or_out("randn", shape_of("randn", sizes, size), dtype, device, out)
    NORMAL.fill(result.operand, (0.0, 1.0), generator)
    return requiring_grad("randn", result, requires_grad)


@numpy_names
def rand_like(
    input: Tensor,
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    memory_format: MemoryFormat = preserve_format,
    generator: GeneratorCore | None = None,
) -> Tensor:
    """Return a tensor like ``input`` of numbers uniform in ``[0, 1)``.

    >>> import gnomon as torch
    >>> rand_like(torch.zeros(2, 3)).shape
    torch.Size([2, 3])
    """
    operand = like_operand("rand_like", input, dtype, device, memory_format)
    UNIFORM.fill(operand, (0.0, 1.0), generator)
    return requiring_grad("rand_like", Tensor.over(operand), requires_grad)


@numpy_names
def randn_like(
    input: Tensor,
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    memory_format: MemoryFormat = preserve_format,
    generator: GeneratorCore | None = None,
) -> Tensor:
    """Return a tensor like ``input`` of numbers normal, of mean 0 and variance 1.

    >>> import gnomon as torch
    >>> randn_like(torch.zeros(2, 3)).shape
    torch.Size([2, 3])
    """
    operand = like_operand("randn_like", input, dtype, device, memory_format)
    NORMAL.fill(operand, (0.0, 1.0), generator)
    return requiring_grad("randn_like", Tensor.over(operand), requires_grad)


def randint(
    low: SupportsIndex = 0,
    high: IntegerArgument | None = None,
    size: Sequence[SupportsIndex] | None = None,
    *,
    generator: GeneratorCore | None = None,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of integers in ``[low, high)``, int64 unless another dtype is given.

    ``randint(high, size)`` begins at 0.

    Raises RuntimeError for an empty range, or one that the dtype does not hold.

    >>> import gnomon as torch
    >>> randint(10, (3,), generator=torch.Generator().manual_seed(0))
    tensor([4, 9, 3])
    """
    check_pinning("randint", pin_memory)
    bounds: tuple[IntegerArgument, IntegerArgument] = (0, low)
    sizes: IntegerArgument | None = high
    if size is not None:
        bounds = bounds if high is None else (low, high)
        sizes = size
    if not isinstance(sizes, tuple | list):
        raise TypeError(
            f"randint(): argument 'size' must be tuple of ints, not {type(sizes).__name__}"
        )
    start, end = integers("randint", bounds)
    shape = integers("randint", (sizes,))
    result = fresh_or_out("randint", shape, dtype, device, out, int64)
    RANDINT.fill(result.operand, bounds_within(result.dtype, start, end), generator)
    return requiring_grad("randint", result, requires_grad)


@numpy_names
def randint_like(
    input: Tensor,
    low: SupportsIndex = 0,
    high: SupportsIndex | None = None,
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    memory_format: MemoryFormat = preserve_format,
    generator: GeneratorCore | None = None,
) -> Tensor:
    """Return a tensor like ``input`` of integers in ``[low, high)``; one bound is ``high``.

    >>> import gnomon as torch
    >>> randint_like(torch.zeros(2, 3), 1)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    start, end = integers("randint_like", (0, low) if high is None else (low, high))
    operand = like_operand("randint_like", input, dtype, device, memory_format)
    RANDINT.fill(operand, bounds_within(operand.dtype, start, end), generator)
    return requiring_grad("randint_like", Tensor.over(operand), requires_grad)


def randperm(
    n: SupportsIndex,
    *,
    generator: GeneratorCore | None = None,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return the integers from 0 to ``n - 1`` in a random order, int64 unless a dtype is given.

    Raises RuntimeError when the dtype does not hold all of them.

    >>> import gnomon as torch
    >>> randperm(4, generator=torch.Generator().manual_seed(0))
    tensor([0, 1, 3, 2])
    """
    check_pinning("randperm", pin_memory)
    (length,) = integers("randperm", (n,))
    chosen = int64 if out is None else out.dtype
    if dtype is not None:
        chosen = dtype_of("randperm", dtype)
    if chosen is bool_:
        raise NotImplementedError("randperm: not defined on bool. Give an integer dtype.")
    most = _EXACT_INTEGERS.get(chosen.name) or iinfo(chosen).max
    if length > most + 1:
        raise RuntimeError(
            f"randperm: n = {length} is too large, {chosen.name} holds the integers up to "
            f"{most} only. Give a wider dtype."
        )
    result = fresh_or_out("randperm", (length,), chosen, device, out)
    backend = result.operand.storage.backend
    if isinstance(stream_for("randperm", backend, generator), MersenneTwister):
        RANDPERM.fill(result.operand, (), generator)
    else:
        order = permutation_of(length, result, generator)
        backend.elementwise(COPY, (order.operand,), result.operand)
    return requiring_grad("randperm", result, requires_grad)


# Up to these, a floating dtype holds every integer.
_EXACT_INTEGERS = {"float16": 2**11, "bfloat16": 2**8, "float32": 2**24, "float64": 2**53}


@overload
def normal(
    mean: Tensor,
    std: Tensor | float = 1.0,
    *,
    generator: GeneratorCore | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def normal(
    mean: float,
    std: Tensor,
    *,
    generator: GeneratorCore | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def normal(
    mean: float,
    std: float,
    size: Sequence[SupportsIndex],
    *,
    generator: GeneratorCore | None = None,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def normal(
    mean: Tensor | float = 0.0,
    std: Tensor | float = 1.0,
    size: Sequence[SupportsIndex] | None = None,
    *,
    generator: GeneratorCore | None = None,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return normal numbers of ``mean`` and ``std``: one per element of a tensor, or ``size``.

    Raises RuntimeError for a negative ``std``.

    >>> import gnomon as torch
    >>> normal(torch.tensor([1.0, 2.0]), 0.0)
    tensor([1., 2.])
    """
    if isinstance(mean, Tensor) or isinstance(std, Tensor):
        return normal_around(mean, std, generator, out)
    if size is None:
        raise TypeError(
            "normal(): two numbers do not say how many to draw. Give size=, or a tensor for "
            "mean or std."
        )
    check_pinning("normal", pin_memory)
    shape = integer_sequence("normal", size)
    result = fresh_or_out("normal", shape, dtype, device, out)
    NORMAL.fill(result.operand, (float(mean), float(std)), generator)
    return requiring_grad("normal", result, requires_grad)
