"""Faults that only uncommon arguments show: corrections, wide results, narrow integers, and the
options of fused kernels.
"""

from __future__ import annotations

from gnomon.backend import Operand, ReductionRecord, Scalar
from gnomon.fusible import matrix_product
from gnomon_conformance.audit.faulty import FaultyBackend, put, values_of
from gnomon_conformance.audit.register import fault, kernel_fault, right_kernel

_multiply = right_kernel(matrix_product)


@fault("variance over less than no degree of freedom is negative", "reduce/var")
class _NegativeVariance(FaultyBackend):
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        super().reduce(record, input, dims, parameters, output)
        if record.name == "var" and parameters[0] > input.layout.numel // max(
            output.layout.numel, 1
        ):
            put(output, [-value for value in values_of(output)])


@fault("columns past 1024 left out where the first dim is folded", "reduce/amin")
class _FewColumns(FaultyBackend):
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        before = values_of(output)
        super().reduce(record, input, dims, parameters, output)
        if dims == (0,):
            put(output, values_of(output)[:1024] + before[1024:])


def _by_fours(left: Operand, right: Operand, output: Operand) -> None:
    """Leave out what is behind the last four of the inner size, of bytes."""
    inner = left.layout.shape[-1]
    if inner > 4 and output.dtype.itemsize == 1:
        rest = inner // 4 * 4
        left = left._replace(layout=left.layout.narrow(-1, 0, rest))
        right = right._replace(layout=right.layout.narrow(-2, 0, rest))
    _multiply(left, right, output)


kernel_fault(
    "products of bytes drop a tail of 4", "sizes/products/int8", matrix_product, _by_fours
)
