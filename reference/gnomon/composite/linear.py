"""The affine maps of ``torch.nn.functional``: ``linear`` and ``bilinear``."""

from __future__ import annotations

from math import prod
from typing import TypeVar

from gnomon.composite.matmul import matmul
from gnomon.composite.matrix import bmm, check_dtypes, mm
from gnomon.composite.matrix_sums import addmm
from gnomon.core import TensorCore
from gnomon.errors import explain
from gnomon.op.foundation import add
from gnomon.op.numpy_names import numpy_names
from gnomon.op.view import view_as
from gnomon.ops.views import reshape, t, transpose, unsqueeze

T = TypeVar("T", bound=TensorCore)


@numpy_names
def linear(input: T, weight: T, bias: T | None = None) -> T:
    """Return ``input @ weight.T + bias``: (\\*, in), (out, in) and (out,) give (\\*, out).

    A 1-d ``weight`` (in,) gives (\\*). Raises RuntimeError for sizes that do not fit and for
    differing dtypes.

    >>> import gnomon as torch
    >>> linear(torch.ones(2, 3), torch.ones(4, 3), torch.zeros(4)).shape
    torch.Size([2, 4])
    """
    layout = input.operand.layout
    if not layout.shape or not weight.operand.layout.shape:
        raise RuntimeError(
            explain(
                "linear",
                f"both arguments to linear need to be at least 1D, but they are {layout.ndim}D "
                f"and {weight.operand.layout.ndim}D",
                input,
                weight,
                remedy="Unsqueeze the 0-d one",
            )
        )
    if bias is None:
        return matmul(input, t(weight))
    if layout.ndim == 2:
        return addmm(bias, input, t(weight))
    if (
        bias.operand.layout.ndim == 1
        and weight.operand.layout.ndim == 2
        and layout.is_contiguous
    ):
        rows = view_as(input, (prod(layout.shape[:-1]), layout.shape[-1]))
        product = addmm(bias, rows, t(weight))
        return view_as(product, (*layout.shape[:-1], product.operand.layout.shape[1]))
    return add(matmul(input, t(weight)), bias)


def bilinear(input1: T, input2: T, weight: T, bias: T | None = None) -> T:
    """Return ``input1 @ weight[k] @ input2 + bias[k]`` for every output ``k``.

    Shapes (\\*, m), (\\*, n), (out, m, n) and (out,) give (\\*, out). Raises RuntimeError for
    sizes that do not fit and for differing dtypes.

    >>> import gnomon as torch
    >>> bilinear(torch.ones(5, 2), torch.ones(5, 3), torch.ones(4, 2, 3)).shape
    torch.Size([5, 4])
    """
    _check_bilinear(input1, input2, weight, bias)
    *batch, left_size = input1.operand.layout.shape
    right_size = input2.operand.layout.shape[-1]
    outputs = weight.operand.layout.shape[0]
    count = prod(batch)
    left = reshape(input1, (count, left_size))
    right = reshape(input2, (count, right_size))
    matrices = reshape(transpose(weight, 0, 1), (left_size, outputs * right_size))
    forms = view_as(mm(left, matrices), (count, outputs, right_size))
    result = view_as(bmm(forms, unsqueeze(right, 2)), (*batch, outputs))
    return result if bias is None else add(result, bias)


def _check_bilinear(
    input1: TensorCore, input2: TensorCore, weight: TensorCore, bias: TensorCore | None
) -> None:
    first, second = input1.operand.layout.shape, input2.operand.layout.shape
    shape = weight.operand.layout.shape
    rule = ""
    if len(first) != len(second) or first[:-1] != second[:-1]:
        rule = "input batch dimensions do not match"
    elif len(shape) != 3 or not first:
        rule = f"expected a weight of 3 dims and inputs of 1 or more, got {len(shape)} dims"
    elif first[-1] != shape[1]:
        rule = (
            f"input1 size does not match weight size: got {first[-1]} but expected {shape[1]}"
        )
    elif second[-1] != shape[2]:
        rule = (
            f"input2 size does not match weight size: got {second[-1]} but expected {shape[2]}"
        )
    elif bias is not None and bias.operand.layout.shape != shape[:1]:
        rule = f"bias size does not match weight size: got {list(bias.operand.layout.shape)}"
    if rule:
        remedy = "Give inputs (*, m), (*, n) and a weight (out, m, n)"
        raise RuntimeError(explain("bilinear", rule, input1, input2, weight, remedy=remedy))
    check_dtypes("bilinear", input1, input2, weight)
