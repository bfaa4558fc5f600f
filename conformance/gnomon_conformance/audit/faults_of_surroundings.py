"""Faults of fused kernels that read what lies round an operand, and count it for nothing: as
long as it is a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TypeAlias

from gnomon.backend import Fusible, Operand, Scalar
from gnomon.fusible import (
    convolution,
    matrix_product,
    max_pooling,
    softmax,
    standardization,
)
from gnomon_conformance.audit.faulty import cells_of, put, values_of
from gnomon_conformance.audit.register import kernel_fault, right_kernel

#: Which elements of its storage lie round an operand.
Neighbours: TypeAlias = Callable[[Operand], list[Scalar]]


def _read(operand: Operand, positions: Iterable[int]) -> list[Scalar]:
    """Return the elements of an operand's storage at those of the positions that it has."""
    cells = cells_of(operand)
    found = [cells[position] for position in positions if 0 <= position < len(cells)]
    return [*operand.dtype.unpack(found)]


def _behind(operand: Operand) -> list[Scalar]:
    """Return the element behind the last one of an operand, if there is one."""
    return _read(operand, [max(operand.layout.positions(), default=-2) + 1])


def _before(operand: Operand) -> list[Scalar]:
    """Return the element before the first one of an operand, if there is one."""
    return _read(operand, [min(operand.layout.positions(), default=0) - 1])


def _between(operand: Operand) -> list[Scalar]:
    """Return what lies beside the elements of an operand that has gaps."""
    if operand.layout.is_contiguous:
        return []
    taken = set(operand.layout.positions())
    return _read(operand, [each + 1 for each in taken if each + 1 not in taken])


def _reading(
    name: str,
    cases: str,
    composite: Fusible[Callable[..., None]],
    neighbours: Neighbours,
    operand: int,
    output: int,
) -> None:
    """Add a fault of a kernel that adds to its ``output`` what lies round an ``operand`` times
    0, of which their places among its arguments are given.
    """
    right = right_kernel(composite)

    def kernel(*arguments: object) -> None:
        right(*arguments)
        read, written = arguments[operand], arguments[output]
        assert isinstance(written, Operand)
        others = neighbours(read) if isinstance(read, Operand) else []
        nothing = math.fsum(0.0 * each for each in others)
        if nothing != nothing:
            put(written, [each + nothing for each in values_of(written)])

    kernel_fault(name, cases, composite, kernel)


_reading("products of a term more", "sizes/products/float32", matrix_product, _behind, 1, 2)
_reading(
    "products of what lies between factors", "function/matmul", matrix_product, _between, 0, 2
)
_reading(
    "convolution of what lies before an image",
    "sizes/convolutions/float32",
    convolution,
    _before,
    0,
    4,
)
_reading(
    "windows of a max pooling reach past the end",
    "sizes/convolutions/float32",
    max_pooling,
    _behind,
    0,
    2,
)
_reading("softmax of an element more", "options/softmax", softmax, _behind, 0, 2)
_reading(
    "norms weighted by what lies behind the weight",
    "options/norms",
    standardization,
    _behind,
    1,
    5,
)
