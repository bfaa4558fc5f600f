"""Softmax, its logarithm and their derivatives as programs of rows."""

from __future__ import annotations

from typing import Final

from gnomon.backend import Operand
from gnomon_opencl.kernels.row_programs import Pass, RowProgram
from gnomon_opencl.kernels.rows import run_rows
from gnomon_opencl.runtime import Runtime

#: A NaN, which is never the largest, and an infinity make the sum NaN, and with it the row.
LARGEST: Final = Pass(largest=(("peak", "x"),))

_SHARE: Final = (("share", "K(1) / total"),)

SOFTMAX: Final = RowProgram(
    name="softmax",
    inputs=("x",),
    outputs=("y",),
    passes=(
        LARGEST,
        Pass(
            sums=(("total", "EXP(x - peak)"),), writes=(("y", "EXP(x - peak)"),), results=_SHARE
        ),
        Pass(writes=(("y", "y * share"),)),
    ),
)
#: Where the output would round the exponentials.
SOFTMAX_OF_HALVES: Final = RowProgram(
    name="softmax",
    inputs=("x",),
    outputs=("y",),
    passes=(
        LARGEST,
        Pass(sums=(("total", "EXP(x - peak)"),), results=_SHARE),
        Pass(writes=(("y", "EXP(x - peak) * share"),)),
    ),
)
LOG_SOFTMAX: Final = RowProgram(
    name="log_softmax",
    inputs=("x",),
    outputs=("y",),
    passes=(
        LARGEST,
        Pass(sums=(("total", "EXP(x - peak)"),), results=(("logarithm", "log(total)"),)),
        Pass(writes=(("y", "x - peak - logarithm"),)),
    ),
)
SOFTMAX_BACKWARD: Final = RowProgram(
    name="softmax_backward",
    inputs=("g", "y"),
    outputs=("d",),
    passes=(
        Pass(sums=(("total", "g * y"),)),
        Pass(writes=(("d", "y * (g - total)"),)),
    ),
)
LOG_SOFTMAX_BACKWARD: Final = RowProgram(
    name="log_softmax_backward",
    inputs=("g", "y"),
    outputs=("d",),
    passes=(
        Pass(sums=(("total", "g"),)),
        Pass(writes=(("d", "g - EXP(y) * total"),)),
    ),
)


def softmax(runtime: Runtime, input: Operand, dim: int, output: Operand) -> None:
    """Write the softmax of ``input`` along ``dim``."""
    program = SOFTMAX_OF_HALVES if output.dtype.itemsize == 2 else SOFTMAX
    run_rows(runtime, program, (input, output), _dims(input, dim))


def log_softmax(runtime: Runtime, input: Operand, dim: int, output: Operand) -> None:
    """Write the logarithm of the softmax of ``input`` along ``dim``."""
    run_rows(runtime, LOG_SOFTMAX, (input, output), _dims(input, dim))


def softmax_backward(
    runtime: Runtime, cotangent: Operand, result: Operand, dim: int, output: Operand
) -> None:
    """Write the cotangent of the input of a softmax whose ``result`` is given."""
    run_rows(runtime, SOFTMAX_BACKWARD, (cotangent, result, output), _dims(result, dim))


def log_softmax_backward(
    runtime: Runtime, cotangent: Operand, result: Operand, dim: int, output: Operand
) -> None:
    """Write the cotangent of the input of a log_softmax whose ``result`` is given."""
    run_rows(runtime, LOG_SOFTMAX_BACKWARD, (cotangent, result, output), _dims(result, dim))


def _dims(operand: Operand, dim: int) -> tuple[int, ...]:
    """Return ``dim`` as dims to go along: a number has none."""
    return (dim,) if operand.layout.shape else ()
