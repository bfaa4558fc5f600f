"""What elementwise launches and copies mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, final

from gnomon.backend import (
    Backend,
    DType,
    Scalar,
)
from gnomon.records import (
    COPY,
    Domain,
    Elementwise,
    Ulps,
)
from gnomon_conformance.correct import (
    Expected,
    Right,
    allowed_ulps,
    epsilon,
    is_subnormal,
    largest,
    of_function,
    smallest_normal,
)
from gnomon_conformance.launches.base import (
    Finder,
    Launch,
    Place,
    record_code,
)

#: Stands for infinity where what multiplies it is looked for.
_HUGE: Final = 1e300
#: Up to which operands something is claimed outside a domain: beyond, what a function of half
#: precision is asked for is less than a period from its poles.
_CLAIMED: Final = 50.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ElementwiseLaunch(Launch):
    """``output[i] = meaning(inputs[0][i], inputs[1][i], ...)``."""

    record: Elementwise
    compute: DType
    #: Whether the backend takes subnormal numbers of the dtype for zero.
    flushes: bool = False
    #: After how many elements all operands of a single dim begin anew: so many are expected, of
    #: each element in turn. 0 where they need not.
    period: int = 0

    @property
    def verb(self) -> str:
        return "elementwise"

    @property
    def name(self) -> str:
        return self.record.name

    def perform(self, backend: Backend, operand: Finder) -> None:
        inputs = [operand(each) if isinstance(each, Place) else each for each in self.inputs]
        backend.elementwise(self.record, inputs, operand(self.outputs[0]))

    def right(self) -> list[Right]:
        columns = [self.column(each) for each in self.inputs]
        if self.period:
            columns = [column[: self.period] for column in columns]
        values = list(self.record.values(columns, self.compute, total=True))
        return [
            Right(
                values,
                lambda element: self._expected(
                    values[element], [column[element] for column in columns]
                ),
            )
        ]

    def _expected(self, value: Scalar, row: Sequence[Scalar]) -> Expected:
        """Return what is expected of an element whose operands are ``row``."""
        record, dtype = self.record, self.outputs[0].dtype
        exact = not dtype.is_floating_point or not allowed_ulps(tolerance_of(record), dtype)
        expected = of_function(value, tolerance_of(record), dtype)
        if not exact and not _inside(row, domains_of(record, len(row))):
            several = len(row) > 1 and _is_extreme(row, self.compute)
            slack = self._slack_outside(value, row)
            others = () if value else (-value,)
            expected = expected._replace(
                slack=slack, others=others, class_only=math.isinf(slack), anything=several
            )
            if self._hides_overflow(value, row) or self._hides_underflow(value, row):
                expected = expected._replace(others=(math.nan,))
        elif expected.slack and not value and all(map(math.isfinite, row)) and all(row):
            # A zero of the function, not an edge case: the sign of 0 means nothing.
            expected = expected._replace(others=(-value,))
        if self.flushes and any(is_subnormal(each, self.compute) for each in row):
            flushed = [each * 0.0 if is_subnormal(each, self.compute) else each for each in row]
            zeroed = record.values([[each] for each in flushed], self.compute, total=True)
            expected = expected._replace(others=tuple(zeroed))
        if self.flushes and is_subnormal(value, dtype):
            expected = expected._replace(others=(*expected.others, value * 0.0))
        return expected

    def _slack_outside(self, value: Scalar, row: Sequence[Scalar]) -> float:
        """Return by how much the result of an operand outside the domain may be off, inf where
        nothing is claimed.

        Near a zero of the function terms cancel that are no larger than the operand or 1, and
        near a pole the least error of the operand grows: what a record allows, it allows of
        those terms there, and of the operand itself.
        """
        if len(row) > 1 or not math.isfinite(value) or abs(row[0]) > _CLAIMED:
            return math.inf
        dtype, (operand,) = self.outputs[0].dtype, row
        tolerance = tolerance_of(self.record)
        far = allowed_ulps(tolerance, self.compute) * epsilon(self.compute)
        column = [operand * (1 - far), operand * (1 + far)]
        near = [*self.record.values([column], self.compute, total=True)]
        if not all(map(math.isfinite, near)):
            return math.inf
        terms = of_function(max(abs(value), abs(operand), 1.0), tolerance, dtype)
        return terms.slack + max(abs(each - value) for each in near)

    def _hides_overflow(self, value: Scalar, row: Sequence[Scalar]) -> bool:
        """Whether a zero among operands is multiplied by a number that the reference's float64
        has room for and the dtype has not: there it is infinite, and the product NaN.
        """
        if value:
            return False
        ones = [[each or 1.0] for each in row]
        (factor,) = self.record.values(ones, self.compute, total=True)
        return largest(self.compute) < abs(factor) < math.inf

    def _hides_underflow(self, value: Scalar, row: Sequence[Scalar]) -> bool:
        """Whether an infinity among operands is multiplied by a number that the reference's
        float64 has room for and the dtype has not: there it is 0, and the product NaN. Of
        three operands and more it may be one of several terms, the others of which hide it.
        """
        if not math.isinf(value) or len(row) < 2 or not any(map(math.isinf, row)):
            return False
        if len(row) > 2:
            return True
        sizes = [_HUGE, 2 * _HUGE]
        columns = [
            [math.copysign(size, each) if math.isinf(each) else each for size in sizes]
            for each in row
        ]
        once, twice = self.record.values(columns, self.compute, total=True)
        is_product = math.isclose(2 * once, twice, rel_tol=1e-9)
        return is_product and abs(once) / _HUGE < smallest_normal(self.compute)

    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        inputs = ", ".join(map(operand, self.inputs))
        return [
            f"record = {record_code(self.name, self.record)}",
            f"backend.elementwise(record, [{inputs}], {operand(self.outputs[0])})",
        ]


def tolerance_of(record: Elementwise) -> Ulps:
    """Return the tolerance of an elementwise record, which is one of ULP."""
    assert isinstance(record.tolerance, Ulps)
    return record.tolerance


def domains_of(record: Elementwise, count: int) -> tuple[Domain, ...]:
    """Return the domain of each of ``count`` operands."""
    return record.domain if isinstance(record.domain, tuple) else (record.domain,) * count


def _is_extreme(row: Sequence[Scalar], dtype: DType) -> bool:
    """Whether an operand is so large or small that its square is not a number of the dtype."""
    most, least = largest(dtype) ** 0.5, smallest_normal(dtype) ** 0.5
    return any(
        value and math.isfinite(value) and not least < abs(value) < most for value in row
    )


def _inside(row: Sequence[Scalar], domains: Sequence[Domain]) -> bool:
    return all(
        domain.low <= value <= domain.high and (value or not domain.nonzero)
        for value, domain in zip(row, domains, strict=True)
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CopyLaunch(Launch):
    """``output[i] = input[i]``, converted to the output's dtype; same dtype: bit for bit."""

    #: As of elementwise launches.
    period: int = 0

    @property
    def verb(self) -> str:
        return "elementwise"

    @property
    def name(self) -> str:
        return "copy"

    def perform(self, backend: Backend, operand: Finder) -> None:
        (value,) = self.inputs
        given = operand(value) if isinstance(value, Place) else value
        backend.elementwise(COPY, (given,), operand(self.outputs[0]))

    def right(self) -> list[Right]:
        (value,) = self.inputs
        dtype = self.outputs[0].dtype
        source = value.dtype if isinstance(value, Place) else dtype
        column = self.column(value)
        given = column[: self.period] if self.period else column
        return [Right(dtype.convert_all(given, source))]

    def code(self, operand: Callable[[Place | Scalar], str]) -> list[str]:
        (value,) = self.inputs
        return [f"backend.elementwise(COPY, [{operand(value)}], {operand(self.outputs[0])})"]
