"""The reference's softmaxes: one pass over each row, rounded once.

Where a row holds an infinity of the wrong sign or a NaN, inf - inf makes the whole row NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import exp, fsum, log
from typing import TypeAlias

from gnomon.backend import Operand
from gnomon.cpu.elements import read_rows, with_last, write_cells
from gnomon.dtypes import Scalar

_Row: TypeAlias = Callable[[Sequence[Scalar]], Iterable[Scalar]]


def _softmax_of(row: Sequence[Scalar]) -> Iterable[Scalar]:
    largest = max(row)
    terms = [exp(value - largest) for value in row]
    total = fsum(terms)
    return [term / total for term in terms]


def _log_softmax_of(row: Sequence[Scalar]) -> Iterable[Scalar]:
    largest = max(row)
    shifted = [value - largest for value in row]
    log_total = log(fsum(map(exp, shifted)))
    return [value - log_total for value in shifted]


def softmax_rows(input: Operand, dim: int, output: Operand) -> None:
    """Write the softmax of ``input`` along ``dim`` to ``output``."""
    _write_rows(_softmax_of, input, dim, output)


def log_softmax_rows(input: Operand, dim: int, output: Operand) -> None:
    """Write the logarithm of the softmax of ``input`` along ``dim`` to ``output``."""
    _write_rows(_log_softmax_of, input, dim, output)


def _write_rows(function: _Row, input: Operand, dim: int, output: Operand) -> None:
    if not input.layout.numel:
        return
    if not input.layout.shape:
        input = input.under(input.layout.unsqueeze(0))
        output = output.under(output.layout.unsqueeze(0))
    values: list[Scalar] = []
    for row in read_rows(input, (dim,)):
        values += function(row)
    write_cells(with_last(output, (dim,)), output.dtype.pack(values))
