"""What "correct" means for one element: the value, and how far from it a backend may be.

The reference states the value in higher precision than the dtype has, as a Python number; the
record states the tolerance, from the relative-error tables of the OpenCL C specification (full
profile). From both follows an :class:`Expected`, and :func:`verdict` compares an element with
it.

The rules, all of them:

- NaN must be NaN, an infinity that infinity, a zero that zero, its sign included, whatever the
  tolerance.
- An exact result, and every integer and bool, is the value rounded once to the dtype.
- Any other is off by at most so many units in the last place (ULP) of the value, and may be
  infinite where that reaches past the largest number of the dtype.
- A sum is off by at most ``n * eps * sum(|x_i|)``, a product by ``n * eps`` of itself, as is a
  sum of squares that exceeds the sum of what was squared; the result is rounded once. A mean,
  which is a sum divided by n, is off by so much less, with n + 2 for n; a variance by what
  Chan, Golub and LeVeque derive, and a deviation as the root of it (``launches/folds.py``).
  16-bit floats are added up in float32 or better, so that eps is float32's. Where the terms are
  whole numbers whose sums the dtype of accumulation holds, in any order, the sum is exact.
  Where some order overflows in between, nothing is judged.
- The logarithm of a sum that is near 1 shows the rounding of the sum: its ULP are those of 1.
- Outside the domain of a record, where it claims no accuracy, the class of the result is
  judged: NaN, infinite, or a number; and nothing where an operand is so extreme that steps in
  between overflow or underflow. Where a function has a zero, its sign means nothing. Of three
  operands and more, products do not leave the dtype: in which order to take them is free.
- Where the backend declares that it takes subnormal numbers for zero, either result is right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Kind, Scalar, float32
from gnomon.records import ProductOfTerms, SumOfTerms, Tolerance, Ulps

#: Digits and the exponent of the smallest normal number.
_FORMATS: Final = {
    "float16": (11, -14),
    "bfloat16": (8, -126),
    "float32": (24, -126),
    "float64": (53, -1022),
}


@final
class Expected(NamedTuple):
    """One element of a result: its value before rounding, and the distance allowed from it."""

    value: Scalar
    #: 0: the value rounded once, and nothing else.
    slack: float = 0.0
    #: Only whether the result is NaN, infinite or finite is judged.
    class_only: bool = False
    #: Nothing is judged: steps in between may overflow or underflow, and no claim is made.
    anything: bool = False
    #: Other values that are right too, such as those of subnormal operands taken for zero.
    others: tuple[Scalar, ...] = ()


@final
class Right:
    """What is right of one output: the value of every element before rounding, and how far from
    it a backend may be. That is found out when it is asked for: most elements are the value
    rounded once, which is right whatever the tolerance.
    """

    __slots__ = ("_expected", "values")

    def __init__(
        self, values: Sequence[Scalar], expected: Callable[[int], Expected] | None = None
    ) -> None:
        self.values = values
        self._expected = expected

    def expected(self, element: int) -> Expected:
        """Return what is expected of an element, in logical order."""
        if self._expected is None:
            return Expected(self.values[element])
        return self._expected(element)

    def rounded(self, dtype: DType) -> Sequence[Scalar]:
        """Return the values, each the nearest element of ``dtype``."""
        if not dtype.is_floating_point:
            return self.values
        return rounded(dtype, self.values)


def rounded(dtype: DType, values: Sequence[Scalar]) -> list[Scalar]:
    """Return the nearest elements of a floating-point dtype.

    >>> from gnomon.backend import float16
    >>> rounded(float16, [0.1, 70000.0])
    [0.0999755859375, inf]
    """
    return [*dtype.unpack(dtype.pack(values))]


def unit(value: float, dtype: DType) -> float:
    """Return the unit in the last place of numbers of the size of ``value``.

    >>> from gnomon.backend import float16
    >>> unit(1.0, float16), unit(-3.0, float16), unit(0.0, float16) == 2.0**-24
    (0.0009765625, 0.001953125, True)
    """
    digits, least = _FORMATS[dtype.name]
    exponent = least if value == 0 else max(math.frexp(value)[1] - 1, least)
    return math.ldexp(1.0, exponent - digits + 1)


@cache
def largest(dtype: DType) -> float:
    """Return the largest finite number of a floating-point dtype."""
    digits, least = _FORMATS[dtype.name]
    return math.ldexp(2.0 - math.ldexp(1.0, 1 - digits), 1 - least)


@cache
def smallest_normal(dtype: DType) -> float:
    """Return the smallest positive normal number of a floating-point dtype."""
    return math.ldexp(1.0, _FORMATS[dtype.name][1])


@cache
def epsilon(dtype: DType) -> float:
    """Return the distance from 1 to the next number of a floating-point dtype."""
    return math.ldexp(1.0, 1 - _FORMATS[dtype.name][0])


def is_subnormal(value: Scalar, dtype: DType) -> bool:
    """Return whether ``value`` is a subnormal number of ``dtype``."""
    return dtype.is_floating_point and 0 < abs(value) < smallest_normal(dtype)


def allowed_ulps(tolerance: Ulps, dtype: DType) -> float:
    """Return how many ULP a record allows on ``dtype``."""
    if dtype.itemsize == 2:
        return tolerance.float16
    return tolerance.float64 if dtype.itemsize == 8 else tolerance.float32


def of_function(value: Scalar, tolerance: Ulps, dtype: DType) -> Expected:
    """Return what is expected of a function whose exact value is ``value``."""
    if not dtype.is_floating_point or not math.isfinite(value):
        return Expected(value)
    allowed = allowed_ulps(tolerance, dtype)
    if allowed and dtype.itemsize == 8:
        allowed += 1  # what the reference itself, computed in float64, may be off by
    return Expected(value, allowed * unit(value, dtype))


@final
class Terms:
    """What the tolerance of a fold depends on: the terms so far."""

    __slots__ = ("count", "down", "exact", "multiplied", "size", "special", "up", "whole")

    def __init__(self, terms: Sequence[Scalar] = (), *, multiplied: bool = False) -> None:
        finite = [float(term) for term in terms if math.isfinite(term)]
        self.count = len(terms)
        self.multiplied = multiplied
        #: The terms that are no numbers, infinite or 0, as text; of factors, their sizes.
        self.special: set[str] = set()
        for term in terms:
            self._note(float(term))
        #: The sum of the finite terms and that of their absolute values, in float64.
        self.exact = sum(finite)
        self.size = sum(map(abs, finite))
        #: Whether all terms are whole numbers.
        self.whole = all(map(float.is_integer, finite))
        #: How far, in powers of 2, a product may get up or down, in whatever order.
        sizes = [math.log2(abs(term)) for term in finite if term] if multiplied else []
        self.up = sum(size for size in sizes if size > 0)
        self.down = sum(size for size in sizes if size < 0)

    def add(self, term: Scalar) -> None:
        """Count one more term."""
        self.count += 1
        number = float(term)
        self._note(number)
        if math.isfinite(number):
            self.exact += number
            self.size += abs(number)
            self.whole = self.whole and number.is_integer()
        if self.multiplied and math.isfinite(number) and number:
            power = math.log2(abs(number))
            self.up += max(power, 0.0)
            self.down += min(power, 0.0)

    def _note(self, number: float) -> None:
        if not number or not math.isfinite(number):
            self.special.add(str(abs(number) if self.multiplied else number))

    @property
    def are_undefined(self) -> bool:
        """Return whether the fold is NaN in every order: of a NaN, of infinities that cancel
        each other, or of 0 and an infinity that are multiplied.
        """
        opposite = "0.0" if self.multiplied else "-inf"
        return "nan" in self.special or {"inf", opposite} <= self.special

    def may_leave(self, dtype: DType) -> bool:
        """Return whether, in some order, a step overflows, or a product underflows."""
        most = largest(dtype)
        if not self.multiplied:
            return self.size >= most
        least = math.log2(smallest_normal(dtype))
        return self.up >= math.log2(most) or self.down <= least


def accumulated(dtype: DType) -> DType:
    """Return the dtype in which folds of a floating-point dtype are computed."""
    return float32 if dtype.itemsize == 2 else dtype


def needs_terms(tolerance: Tolerance, dtype: DType) -> bool:
    """Return whether the tolerance of a fold depends on its terms."""
    return dtype.is_floating_point and not isinstance(tolerance, Ulps)


def terms_of(row: Sequence[Scalar], tolerance: Tolerance, dtype: DType) -> Terms:
    """Return the terms of a fold; none where its tolerance does not depend on them."""
    weighed = row if needs_terms(tolerance, dtype) else ()
    return Terms(weighed, multiplied=isinstance(tolerance, ProductOfTerms))


def of_fold(
    value: Scalar, terms: Terms, tolerance: Tolerance, dtype: DType, *, divided: bool = False
) -> Expected:
    """Return what is expected of a fold of ``terms`` whose exact result is ``value``; that may
    be a sum ``divided`` by their number, as a mean is.
    """
    if not dtype.is_floating_point:
        return Expected(value)
    if isinstance(tolerance, Ulps):
        if not math.isfinite(value):
            return Expected(value)
        larger = value if abs(value) >= 1 else 1.0
        return Expected(value, of_function(larger, tolerance, dtype).slack)
    eps = epsilon(accumulated(dtype))
    certain = value != value and terms.are_undefined
    if terms.may_leave(accumulated(dtype)) and not certain:
        return Expected(value, anything=True)
    if not math.isfinite(value):
        return Expected(value)
    if isinstance(tolerance, ProductOfTerms):
        # In float64 the reference, which may take powers and roots, is off by itself.
        count = terms.count + 2 * (dtype.itemsize == 8)
        return Expected(value, count * eps * abs(value) + 0.5 * unit(value, dtype))
    assert isinstance(tolerance, SumOfTerms)
    if terms.whole and terms.size * eps < 1 and value == terms.exact:
        return Expected(value)
    count, size = terms.count, terms.size
    if divided and count:
        count, size = count + 2, size / count  # and two more roundings
    slack = count * eps * max(size, abs(value)) + 0.5 * unit(value, dtype)
    # Terms that cancel each other may come near to 0 from either side; zeros have their sign.
    others = (-value,) if size and not value else ()
    return Expected(value, slack, others=others)


@final
class Verdict(NamedTuple):
    """How one element compares: whether it is right, and how many ULP it is off."""

    right: bool
    ulps: float
    allowed: float


def verdict(got: Scalar, expected: Expected, dtype: DType) -> Verdict:
    """Compare an element of ``dtype`` with what is expected of it."""
    value, slack, class_only, anything, others = expected
    if anything:
        return Verdict(True, 0.0, 0.0)
    if dtype.kind < Kind.FLOAT:
        right = got == dtype.convert(value)
        return Verdict(right, 0.0 if right else math.inf, 0.0)
    if any(_agrees(got, other, slack, dtype) for other in others):
        return Verdict(True, 0.0, 0.0)
    if class_only:
        return Verdict(_same_class(got, value, dtype), 0.0, 0.0)
    right = _agrees(got, value, slack, dtype)
    if not (math.isfinite(got) and math.isfinite(value)):
        return Verdict(right, 0.0 if right else math.inf, 0.0)
    step = unit(value, dtype)
    off = abs(got - dtype.round(value)) if slack == 0 else abs(got - value)
    return Verdict(right, off / step, slack / step)


def _agrees(got: Scalar, value: Scalar, slack: float, dtype: DType) -> bool:
    if value != value or got != got:
        return value != value and got != got
    rounded = dtype.round(float(value))
    if got == rounded:
        same_sign = math.copysign(1.0, got) == math.copysign(1.0, rounded)
        # What underflows may be off beyond zero; a zero itself has its sign.
        return got != 0 or same_sign or (slack > 0 and value != 0)
    if slack == 0 or math.isinf(value):
        return False
    if math.isinf(got):
        return abs(value) + slack >= largest(dtype) and (got > 0) == (value > 0)
    return abs(got - value) <= slack


def _same_class(got: Scalar, value: Scalar, dtype: DType) -> bool:
    rounded = dtype.round(float(value))
    if math.isfinite(rounded):
        return got == got
    return got == rounded or (got != got and rounded != rounded)
