"""Faults that show only past the first piece of a loop, a table or a tile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gnomon.backend import (
    DType,
    ElementwiseRecord,
    Layout,
    Operand,
    Scalar,
    bfloat16,
    float32,
    float64,
)
from gnomon.fusible import matrix_product
from gnomon_conformance.audit.faulty import FaultyBackend, Hooks, put, values_of
from gnomon_conformance.audit.register import fault, hooked, kernel_fault, right_kernel


def _loses_last(name: str, cases: str, is_meant: Callable[[str, Layout, Layout], bool]) -> None:
    """Add a fault: the last element is not what it is to be where name of the record, layout of
    the last operand, and that of the output are of a kind.
    """

    @fault(name, cases)
    class _LosesLast(FaultyBackend):
        def elementwise(
            self,
            record: ElementwiseRecord,
            inputs: Sequence[Operand | Scalar],
            output: Operand,
        ) -> None:
            super().elementwise(record, inputs, output)
            other = inputs[-1]
            if isinstance(other, Operand) and is_meant(
                record.name, other.layout, output.layout
            ):
                put(output, [*values_of(output)[:-1], 0])


def _is_turned(layout: Layout) -> bool:
    return layout.ndim == 2 and layout.strides[0] == 1 and min(layout.shape) > 64


_loses_last(
    "copies of matrices turned round without the corner of the last tile",
    "large/turned",
    lambda name, other, _: name == "copy" and _is_turned(other),
)
_loses_last(
    "sums with a large matrix turned round without the last element",
    "large/turned/float32",
    lambda name, other, _: name == "add" and _is_turned(other),
)
_loses_last(
    "a row for thousands of elements without the last one",
    "large/broadcast",
    lambda name, other, output: (
        name == "mul" and other.strides == (0, 1) and output.numel > 8192
    ),
)


def _counted_in_16_bits(
    name: str, dtype: DType, row: list[Scalar], results: list[Scalar]
) -> Sequence[Scalar]:
    return [results[0] % 65536] if name == "count_nonzero" else results


def _rounded(
    name: str, dtype: DType, row: list[Scalar], results: list[Scalar]
) -> Sequence[Scalar]:
    if name != "mean" or dtype is not float32 or len(row) < 1000:
        return results
    return [sum(map(bfloat16.round, row)) / len(row)]


def _added_in_float32(
    name: str, dtype: DType, row: list[Scalar], results: list[Scalar]
) -> Sequence[Scalar]:
    if name != "sum" or dtype is not float64 or len(row) < 1000:
        return results
    total = 0.0
    for value in row:
        total = float32.round(total + value)
    return [total]


hooked("elements counted in 16 bits", "large/counted", Hooks(row=_counted_in_16_bits))
hooked("means of long rows of bfloat16", "reduce/mean/float32/narrow", Hooks(row=_rounded))
hooked(
    "sums of long rows of float64 added up in float32",
    "reduce/sum/float64/narrow",
    Hooks(row=_added_in_float32),
)

_multiply = right_kernel(matrix_product)


def _without_last_term(left: Operand, right: Operand, output: Operand) -> None:
    sizes = (*left.layout.shape[-2:], output.layout.shape[-1])
    if min(sizes) > 64:
        inner = left.layout.shape[-1] - 1
        left = left.under(left.layout.narrow(left.layout.ndim - 1, 0, inner))
        right = right.under(right.layout.narrow(right.layout.ndim - 2, 0, inner))
    _multiply(left, right, output)


kernel_fault(
    "products larger than a block without the last term",
    "large/products",
    matrix_product,
    _without_last_term,
)
