"""``conv1d`` to ``conv_transpose3d``: convolutions in one, two and three dims."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import SupportsIndex, TypeVar

from gnomon.composite.convolution import convolved
from gnomon.composite.convolution_geometry import Geometry, Sizes
from gnomon.composite.padding import constant_pad_nd
from gnomon.core import TensorCore
from gnomon.dispatch import common_backend
from gnomon.dtypes import Kind, bool_, int64
from gnomon.errors import explain
from gnomon.op.arguments import IntegerArgument, integer_or_integers
from gnomon.op.numpy_names import numpy_names
from gnomon.ops.views import squeeze, transpose, unsqueeze

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_tbc",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "convolution",
]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def conv1d(
    input: T,
    weight: T,
    bias: T | None = None,
    stride: IntegerArgument = 1,
    padding: IntegerArgument | str = 0,
    dilation: IntegerArgument = 1,
    groups: int = 1,
) -> T:
    """Return the cross-correlation of signals with kernels.

    ``input`` is (N, C, L) or (C, L), ``weight`` (out, C / groups, k), ``bias`` (out,).
    ``padding`` is a number of zeros at both ends, "valid" (none) or "same" (as many as keep the
    length). Raises RuntimeError for sizes and dtypes that do not fit.

    >>> import gnomon as torch
    >>> torch.conv1d(torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[[-1.0, 1.0]]]))
    tensor([[1., 2.]])
    """
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@numpy_names
def conv2d(
    input: T,
    weight: T,
    bias: T | None = None,
    stride: IntegerArgument = 1,
    padding: IntegerArgument | str = 0,
    dilation: IntegerArgument = 1,
    groups: int = 1,
) -> T:
    """Return the cross-correlation of images with kernels.

    ``input`` is (N, C, H, W) or (C, H, W), ``weight`` (out, C / groups, kh, kw); the rest is as
    for ``conv1d``, with one number for both dims or a pair. A channels-last operand gives a
    channels-last result.

    >>> import gnomon as torch
    >>> torch.conv2d(torch.ones(1, 2, 5, 5), torch.ones(3, 2, 3, 3), stride=2).shape
    torch.Size([1, 3, 2, 2])
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@numpy_names
def conv3d(
    input: T,
    weight: T,
    bias: T | None = None,
    stride: IntegerArgument = 1,
    padding: IntegerArgument | str = 0,
    dilation: IntegerArgument = 1,
    groups: int = 1,
) -> T:
    """Return the cross-correlation of volumes (N, C, D, H, W) or (C, D, H, W) with kernels.

    Everything is as for ``conv1d``, with one number for all three dims or three.

    >>> import gnomon as torch
    >>> torch.conv3d(torch.ones(1, 1, 3, 3, 3), torch.ones(1, 1, 2, 2, 2)).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


@numpy_names
def conv_transpose1d(
    input: T,
    weight: T,
    bias: T | None = None,
    stride: IntegerArgument = 1,
    padding: IntegerArgument = 0,
    output_padding: IntegerArgument = 0,
    groups: int = 1,
    dilation: IntegerArgument = 1,
) -> T:
    """Return the transposed convolution of signals: each element spread out as a kernel.

    ``input`` is (N, C, L) or (C, L), ``weight`` (C, out / groups, k), ``bias`` (out,).
    ``padding`` is cut off both ends, ``output_padding`` added at the last. Raises RuntimeError
    for sizes and dtypes that do not fit.

    >>> import gnomon as torch
    >>> torch.conv_transpose1d(torch.tensor([[1.0, 2.0]]), torch.tensor([[[1.0, 10.0]]]))
    tensor([[ 1., 12., 20.]])
    """
    return _transposed(
        "conv_transpose1d",
        1,
        input,
        weight,
        bias,
        stride,
        padding,
        output_padding,
        groups,
        dilation,
    )


@numpy_names
def conv_transpose2d(
    input: T,
    weight: T,
    bias: T | None = None,
    stride: IntegerArgument = 1,
    padding: IntegerArgument = 0,
    output_padding: IntegerArgument = 0,
    groups: int = 1,
    dilation: IntegerArgument = 1,
) -> T:
    """Return the transposed convolution of images (N, C, H, W) or (C, H, W).

    Everything is as for ``conv_transpose1d``, with one number for both dims or a pair.

    >>> import gnomon as torch
    >>> torch.conv_transpose2d(torch.ones(1, 2, 3, 3), torch.ones(2, 4, 2, 2), stride=2).shape
    torch.Size([1, 4, 6, 6])
    """
    return _transposed(
        "conv_transpose2d",
        2,
        input,
        weight,
        bias,
        stride,
        padding,
        output_padding,
        groups,
        dilation,
    )


@numpy_names
def conv_transpose3d(
    input: T,
    weight: T,
    bias: T | None = None,
    stride: IntegerArgument = 1,
    padding: IntegerArgument = 0,
    output_padding: IntegerArgument = 0,
    groups: int = 1,
    dilation: IntegerArgument = 1,
) -> T:
    """Return the transposed convolution of volumes (N, C, D, H, W) or (C, D, H, W).

    Everything is as for ``conv_transpose1d``, with one number for all three dims or three.

    >>> import gnomon as torch
    >>> torch.conv_transpose3d(torch.ones(1, 1, 2, 2, 2), torch.ones(1, 1, 2, 2, 2)).shape
    torch.Size([1, 1, 3, 3, 3])
    """
    return _transposed(
        "conv_transpose3d",
        3,
        input,
        weight,
        bias,
        stride,
        padding,
        output_padding,
        groups,
        dilation,
    )


@numpy_names
def convolution(
    input: T,
    weight: T,
    bias: T | None,
    stride: Sequence[SupportsIndex],
    padding: Sequence[SupportsIndex],
    dilation: Sequence[SupportsIndex],
    transposed: bool,
    output_padding: Sequence[SupportsIndex],
    groups: int,
) -> T:
    """Return a convolution, or a transposed one, of ``input`` (N, C, \\*spatial).

    The lists have one number for each spatial dim, or one for all.

    >>> import gnomon as torch
    >>> x, w = torch.ones(1, 1, 3), torch.ones(1, 1, 2)
    >>> torch.convolution(x, w, None, [1], [0], [1], False, [0], 1)
    tensor([[[2., 2.]]])
    """
    count = input.operand.layout.ndim - 2
    geometry = Geometry(
        stride=_each("stride", stride, count),
        padding=_each("padding", padding, count),
        dilation=_each("dilation", dilation, count),
        transposed=transposed,
        output_padding=_each("output_padding", output_padding, count),
        groups=groups,
    )
    return _checked("convolution", input, weight, bias, geometry)


@numpy_names
def conv_tbc(input: T, weight: T, bias: T, pad: int = 0) -> T:
    """Return ``conv1d`` of signals (L, N, C) with a weight (k, C, out), as (L', N, out).

    >>> import gnomon as torch
    >>> torch.conv_tbc(torch.ones(3, 1, 2), torch.ones(2, 2, 4), torch.zeros(4)).shape
    torch.Size([2, 1, 4])
    """
    for name, tensor, ndim in (("input", input, 3), ("weight", weight, 3), ("bias", bias, 1)):
        if tensor.operand.layout.ndim != ndim:
            rule = f"expected {name} to have {ndim} dims"
            remedy = "Give (time, batch, channels), (time, channels, out) and (out,)"
            raise RuntimeError(explain("conv_tbc", rule, tensor, remedy=remedy))
    signals = transpose(transpose(input, 0, 1), 1, 2)
    kernels = transpose(weight, 0, 2)
    result = conv1d(signals, kernels, bias, padding=pad)
    return transpose(transpose(result, 1, 2), 0, 1)


def _conv(
    operation: str,
    count: int,
    input: T,
    weight: T,
    bias: T | None,
    stride: IntegerArgument,
    padding: IntegerArgument | str,
    dilation: IntegerArgument,
    groups: int,
) -> T:
    images = _batched(operation, count, input)
    steps, spread = _each("stride", stride, count), _each("dilation", dilation, count)
    if isinstance(padding, str):
        images, margins = _named(operation, padding, images, weight, steps, spread)
    else:
        margins = _each("padding", padding, count)
    geometry = Geometry(stride=steps, padding=margins, dilation=spread, groups=groups)
    result = _checked(operation, images, weight, bias, geometry)
    return (
        result
        if images.operand.layout.ndim == input.operand.layout.ndim
        else squeeze(result, 0)
    )


def _transposed(
    operation: str,
    count: int,
    input: T,
    weight: T,
    bias: T | None,
    stride: IntegerArgument,
    padding: IntegerArgument,
    output_padding: IntegerArgument,
    groups: int,
    dilation: IntegerArgument,
) -> T:
    images = _batched(operation, count, input)
    geometry = Geometry(
        stride=_each("stride", stride, count),
        padding=_each("padding", padding, count),
        dilation=_each("dilation", dilation, count),
        transposed=True,
        output_padding=_each("output_padding", output_padding, count),
        groups=groups,
    )
    result = _checked(operation, images, weight, bias, geometry)
    return (
        result
        if images.operand.layout.ndim == input.operand.layout.ndim
        else squeeze(result, 0)
    )


def _batched(operation: str, count: int, input: T) -> T:
    """Return ``input`` with a batch dim."""
    ndim = input.operand.layout.ndim
    if ndim == count + 2:
        return input
    if ndim == count + 1:
        return unsqueeze(input, 0)
    rule = f"Expected {count + 1}D (unbatched) or {count + 2}D (batched) input, but got {ndim}D"
    remedy = "Reshape it to (batch, channels, *spatial)"
    raise RuntimeError(explain(operation, rule, input, remedy=remedy))


def _each(name: str, given: IntegerArgument, count: int) -> Sizes:
    """Return one number for each spatial dim; one number holds for all."""
    numbers = integer_or_integers(name, given)
    if isinstance(numbers, int):
        return (numbers,) * count
    if len(numbers) == 1:
        return numbers * count
    if len(numbers) != count:
        raise RuntimeError(
            f"convolution: expected {name} to be a single integer value or a list of {count} "
            f"values to match the convolution dimensions, but got {name}={list(numbers)}."
        )
    return numbers


def _named(
    operation: str, padding: str, input: T, weight: T, stride: Sizes, dilation: Sizes
) -> tuple[T, Sizes]:
    """Return ``input`` and how much to pad it, for padding "valid" or "same"."""
    if padding == "valid":
        return input, (0,) * len(stride)
    if padding != "same":
        raise RuntimeError(
            f"{operation}: Invalid padding string: {padding!r}. Give 'valid' or 'same'."
        )
    if max(stride) > 1:
        raise RuntimeError(
            f"{operation}: padding='same' is not supported for strided convolutions. Give "
            "numbers."
        )
    kernel = weight.operand.layout.shape[2:]
    totals = [step * (size - 1) for step, size in zip(dilation, kernel, strict=False)]
    if any(total % 2 for total in totals):
        warnings.warn(
            f"{operation}: Using padding='same' with even kernel lengths and odd dilation may "
            "require a zero-padded copy of the input be created.",
            UserWarning,
            stacklevel=4,
        )
        # The odd zero goes behind the last element.
        margins = [side for total in reversed(totals) for side in (0, total % 2)]
        input = constant_pad_nd(input, margins)
    return input, tuple([total // 2 for total in totals])


def _checked(operation: str, input: T, weight: T, bias: T | None, geometry: Geometry) -> T:
    rule = _broken_rule(input.operand.layout.shape, weight.operand.layout.shape, geometry)
    operands = (input, weight) if bias is None else (input, weight, bias)
    channels = 0
    if not rule:
        shape = geometry.output_shape(input.operand.layout.shape, weight.operand.layout.shape)
        channels = shape[1]
        if min(shape[2:]) < 1 and not geometry.transposed:
            rule = "Kernel size can't be greater than actual input size, padding included"
        elif min(shape[2:]) < 1:
            rule = f"the output's size {shape[2:]} is too small"
    if not rule and bias is not None and bias.operand.layout.shape != (channels,):
        rule = (
            f"expected bias to be 1-dimensional with {channels} elements, but got bias of size "
            f"{list(bias.operand.layout.shape)}"
        )
    if not rule and len({each.operand.dtype for each in operands}) > 1:
        rule = "expected input, weight and bias of the same dtype"
    if rule:
        raise RuntimeError(explain(operation, rule, *operands, remedy="See its documentation"))
    _check_dtype(operation, input, geometry.transposed)
    common_backend(operation, operands)
    return convolved(input, weight, bias, geometry)


def _check_dtype(operation: str, input: TensorCore, transposed: bool) -> None:
    dtype = input.operand.dtype
    if dtype.is_floating_point or (transposed and dtype is int64):
        return
    wide_unsigned = dtype.kind is Kind.UNSIGNED and dtype.itemsize > 1
    if transposed or dtype is bool_ or wide_unsigned:
        raise NotImplementedError(
            explain(
                operation,
                f"not implemented for {dtype.name}",
                input,
                remedy="Convert the operands with .float()",
            )
        )


def _broken_rule(input: Sizes, weight: Sizes, geometry: Geometry) -> str:
    """Return what is wrong with the shapes and numbers, or an empty string."""
    groups = geometry.groups
    if groups < 1:
        return "non-positive groups is not supported"
    if min(geometry.stride) < 1:
        return "non-positive stride is not supported"
    if min(geometry.padding) < 0:
        return "negative padding is not supported"
    if min(geometry.dilation) < 1:
        return f"dilation should be greater than zero, but got {list(geometry.dilation)}"
    if len(weight) != len(input):
        return f"expected a weight of {len(input)} dims, got {len(weight)}"
    if weight[0] < groups or weight[0] % groups:
        return (
            f"Given groups={groups}, expected weight to be divisible by {groups} and at least "
            f"{groups} at dimension 0, but got {weight[0]}"
        )
    wanted = weight[0] if geometry.transposed else weight[1] * groups
    if input[1] != wanted:
        return (
            f"Given groups={groups}, weight of size {list(weight)}, expected input"
            f"{list(input)} to have {wanted} channels, but got {input[1]} channels instead"
        )
    if 0 in input[2:] or 0 in weight[2:]:
        return "Only zero batch or zero channel inputs are supported"
    if geometry.transposed:
        for extra, step, spread in zip(
            geometry.output_padding, geometry.stride, geometry.dilation, strict=True
        ):
            if not 0 <= extra < max(step, spread):
                return (
                    "output padding must be smaller than either stride or dilation, but got "
                    f"{extra} for stride {step} and dilation {spread}"
                )
    return ""
