"""What a record claims of its values: how exact they are, and on which inputs to look.

Conformance judges every backend by these; the reference itself is correctly rounded or better
than the claim. The figures are the relative-error tables of the OpenCL C specification (full
profile).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, pi


@dataclass(frozen=True, slots=True)
class Ulps:
    """Units in the last place that a result may be off, by dtype; 0 is exact.

    ``float32`` and so on hold the figure for each dtype; bfloat16 is judged as float16 is.
    """

    float32: float
    float64: float
    float16: float

    def __str__(self) -> str:
        """Return the claim in words.

        >>> print(Ulps(4, 4, 2))
        within 4 ULP of float32 and float64, 2 of float16 and bfloat16
        """
        if self == EXACT:
            return "exact, or rounded once"
        if self.float32 == self.float64 == self.float16:
            return f"within {self.float32} ULP"
        if self.float32 == self.float64:
            wide = f"{self.float32} ULP of float32 and float64"
        else:
            wide = f"{self.float32} ULP of float32, {self.float64} of float64"
        return f"within {wide}, {self.float16} of float16 and bfloat16"


@dataclass(frozen=True, slots=True)
class SumOfTerms:
    """The result is off by at most ``n * eps * sum(|x_i|)``, for n terms, in any order of
    summation.
    """

    def __str__(self) -> str:
        return "within n * eps * sum(|x_i|) for n terms x_i, added in any order"


@dataclass(frozen=True, slots=True)
class ProductOfTerms:
    """The result is off by at most ``n * eps`` of itself, for n factors."""

    def __str__(self) -> str:
        return "within n * eps of itself for n terms or factors"


Tolerance = Ulps | SumOfTerms | ProductOfTerms

EXACT = Ulps(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Domain:
    """The interval from which conformance draws ordinary inputs; special values are always
    drawn too.
    """

    low: float
    high: float
    nonzero: bool = False
    #: Whether only whole numbers are meant, such as an order or a number of digits.
    whole: bool = False


REALS = Domain(-inf, inf)
NONZERO = Domain(-inf, inf, nonzero=True)
POSITIVE = Domain(0.0, inf)
UNIT = Domain(-1.0, 1.0)
PROBABILITY = Domain(0.0, 1.0)
ABOVE_ONE = Domain(1.0, inf)
ANGLES = Domain(-8 * pi, 8 * pi)
EXPONENTS = Domain(-80.0, 80.0)
