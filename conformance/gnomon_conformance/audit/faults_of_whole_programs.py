"""Faults above the verbs: derivatives, fused kernels of composites, supports and gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gnomon.backend import (
    Device,
    DType,
    ElementwiseRecord,
    Gap,
    Operand,
    Scalar,
)
from gnomon.fusible import log_softmax, matrix_product, softmax
from gnomon.records import Elementwise, Reduction, Unary
from gnomon_conformance.audit.faulty import FaultyBackend, put, values_of
from gnomon_conformance.audit.register import FAULTS, Fault, fault
from gnomon_conformance.inventory import elementwise_records


def _record(name: str) -> Elementwise:
    return next(each for each in elementwise_records() if each.name == name)


def _derivative(name: str, cases: str, record: Elementwise | Reduction, wrong: object) -> None:
    """Add a fault in the derivative of a record, which no backend is to blame for."""
    right = record.vjp  # type: ignore[union-attr]  # the records below have one

    def make(device: Device) -> FaultyBackend:
        object.__setattr__(record, "vjp", wrong)
        return FaultyBackend(device)

    def undo() -> None:
        object.__setattr__(record, "vjp", right)

    FAULTS.append(Fault(name, cases, make, undo))


def _of(record: Elementwise) -> Unary:
    assert isinstance(record, Unary)
    return record


_SIN, _TANH, _EXP = (_of(_record(name)) for name in ("sin", "tanh", "exp"))
_COS = _of(_record("cos"))
_MUL = _record("mul")

_derivative(
    "derivative of sin has the wrong sign",
    "derivative/sin",
    _SIN,
    lambda g, x, _y: -(g * _COS(x)),
)
_derivative(
    "second derivative of tanh is missing",
    "derivative/tanh",
    _TANH,
    lambda g, _x, y: g * (1 - y.detach() * y.detach()),
)
_derivative(
    "derivative of exp is off by one part in a thousand",
    "derivative/exp",
    _EXP,
    lambda g, _x, y: g * y * 1.001,
)
_derivative(
    "derivative of cos flows nowhere", "derivative/cos", _COS, lambda g, _x, _y: g * 0.0
)


def _multiply(
    left: Operand, right: Operand, output: Operand, lost: int = 0, turned: bool = False
) -> None:
    """Write a product that loses the last ``lost`` terms, or reads the right factor turned."""
    batch, rows, inner = left.layout.shape
    columns = right.layout.shape[2]
    a, b = values_of(left), values_of(right)
    found: list[Scalar] = []
    for k in range(batch):
        for row in range(rows):
            for column in range(columns):
                total: Scalar = 0
                for term in range(max(inner - lost, 0)):
                    place = column * inner + term if turned else term * columns + column
                    x = a[(k * rows + row) * inner + term]
                    total += x * b[k * inner * columns + place]
                found.append(total)
    put(output, found)


@fault("matrix product loses the last term", "function/matmul-long")
class _LostTerm(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.kernels.offer(
            matrix_product, lambda a, b, out: _multiply(a, b, out, int(a.layout.shape[2] > 4))
        )


@fault("matrix product with a transposed right factor", "function/matmul")
class _TurnedFactor(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.kernels.offer(matrix_product, lambda a, b, out: _multiply(a, b, out, 0, True))


@fault("matrix product of the first batch only", "function/bmm")
class _FirstBatch(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.kernels.offer(matrix_product, _first_batch)


def _first_batch(left: Operand, right: Operand, output: Operand) -> None:
    right = right.under(right.layout.narrow(0, 0, 1).expand(right.layout.shape))
    _multiply(left, right, output)


def _softmax(
    input: Operand, dim: int, output: Operand, *, logarithm: bool, shift: bool
) -> None:
    moved = [k for k in range(len(input.layout.shape)) if k != dim]
    order = (*moved, dim)
    length = input.layout.shape[dim]
    values = values_of(input.under(input.layout.permute(order)))
    found: list[Scalar] = []
    for start in range(0, len(values), max(length, 1)):
        row = values[start : start + length]
        top = max(row) if shift else 0.0
        terms = [math.exp(value - top) if value - top < 88 else math.inf for value in row]
        total = math.fsum(terms)
        found += [
            (math.log(term / total) if term else -math.inf)
            if logarithm
            else _share(term, total)
            for term in terms
        ]
    put(output.under(output.layout.permute(order)), found)


def _share(term: float, total: float) -> float:
    return math.nan if math.isinf(total) else term / total


@fault("softmax without subtracting the maximum", "function/softmax-large")
class _Overflowing(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.kernels.offer(
            softmax, lambda x, dim, y: _softmax(x, dim, y, logarithm=False, shift=False)
        )


@fault("softmax along the last dim whatever is asked for", "function/softmax-middle")
class _LastDim(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.kernels.offer(
            softmax,
            lambda x, dim, y: _softmax(
                x, len(x.layout.shape) - 1, y, logarithm=False, shift=True
            ),
        )


@fault("log_softmax gives the softmax", "function/log-softmax")
class _NoLogarithm(FaultyBackend):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.kernels.offer(
            log_softmax, lambda x, dim, y: _softmax(x, dim, y, logarithm=False, shift=True)
        )


@fault("an operation is missing without being declared", "values/tanh")
class _Undeclared(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        if record.name == "tanh":
            raise self.lacks(record.name, [output.dtype])
        super().elementwise(record, inputs, output)


@fault("a declared gap is not there", "values/tanh")
class _NoGap(FaultyBackend):
    def gaps(self) -> Sequence[Gap]:
        return (Gap("it says so", frozenset({"tanh"})),)


@fault("supports says no to what runs", "claims/supports")
class _SaysNo(FaultyBackend):
    def supports(self, name: str, dtypes: Sequence[DType]) -> bool:
        return name != "tanh"


@fault("a gap is there, but supports says yes", "claims/supports")
class _SaysYes(FaultyBackend):
    def gaps(self) -> Sequence[Gap]:
        return (Gap("it lacks the hardware", frozenset({"tanh"}), never=True),)

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        if record.name == "tanh":
            raise self.lacks(record.name, [output.dtype])
        super().elementwise(record, inputs, output)
