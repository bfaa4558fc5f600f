"""Values, dtypes, strides and errors of arithmetic and its kin, as PyTorch's."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import pytest

import gnomon
from elementwise.cases import (
    BINARY,
    CASES,
    DTYPES,
    FLOATS,
    TERNARY,
    UNARY,
    VALUES,
    Case,
)
from elementwise.comparing import answer, assert_same

if TYPE_CHECKING:
    import torch

    Tensor: TypeAlias = gnomon.Tensor | torch.Tensor
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

each_dtype = pytest.mark.parametrize("dtype", DTYPES)
each_case = pytest.mark.parametrize("case", CASES, ids=str)


def tensors(module: ModuleType, columns: Sequence[Sequence[float]], dtype: str) -> list[Tensor]:
    return [module.tensor(list(column), dtype=getattr(module, dtype)) for column in columns]


def check(case: Case, rows: Sequence[tuple[float, ...]], dtype: str) -> None:
    if dtype in case.without:
        return
    columns = list(zip(*rows, strict=True))
    ours = answer(lambda: case.call(gnomon, *tensors(gnomon, columns, dtype)))
    theirs = answer(lambda: case.call(torch, *tensors(torch, columns, dtype)))
    assert_same(ours, theirs, case.ulps, rows, signed_zero=not case.unsigned_zero)


def trying(case: Case, dtype: str) -> list[tuple[float, ...]]:
    """Return the rows to try: all pairs for two inputs, neighbours for three."""
    values = [value for value in VALUES[dtype] if not any(same(value, x) for x in case.excused)]
    if case.arity == 3:
        return [*zip(values, values[1:] + values[:1], values[3:] + values[:3], strict=True)]
    return [*itertools.product(values, repeat=case.arity)]


def same(x: float, y: float) -> bool:
    return x == y and math.copysign(1.0, x) == math.copysign(1.0, y)


@each_dtype
@pytest.mark.parametrize("case", UNARY, ids=str)
def test_values_of_one_input(case: Case, dtype: str) -> None:
    check(case, trying(case, dtype), dtype)


@each_dtype
@pytest.mark.parametrize("case", BINARY, ids=str)
def test_values_of_two_inputs(case: Case, dtype: str) -> None:
    rows = trying(case, dtype)
    if dtype not in FLOATS:  # a zero divisor of integers is an error of the whole call
        check(case, [row for row in rows if not row[1]], dtype)
        rows = [row for row in rows if row[1]]
    check(case, rows, dtype)


@each_dtype
@pytest.mark.parametrize("case", TERNARY, ids=str)
def test_values_of_three_inputs(case: Case, dtype: str) -> None:
    check(case, trying(case, dtype), dtype)


# -- layouts ---------------------------------------------------------------------------------


def transposed(m: ModuleType, base: Tensor) -> Tensor:
    return m.as_strided(base, (2, 3), (1, 2), 0)


LAYOUTS: dict[str, Callable[[ModuleType, Tensor], Tensor]] = {
    "contiguous": lambda m, base: m.as_strided(base, (2, 3), (3, 1), 0),
    "transposed": transposed,
    "stepped": lambda m, base: m.as_strided(base, (2, 3), (6, 2), 1),
    "expanded": lambda m, base: m.as_strided(base, (2, 3), (0, 1), 2),
    "overlapping": lambda m, base: m.as_strided(base, (2, 3), (1, 1), 3),
    "row": lambda m, base: m.as_strided(base, (1, 3), (3, 1), 4),
    "column": lambda m, base: m.as_strided(base, (2, 1), (5, 1), 0),
    "vector": lambda m, base: m.as_strided(base, (3,), (2,), 0),
    "scalar": lambda m, base: m.as_strided(base, (), (), 5),
    "empty": lambda m, base: m.as_strided(base, (0, 3), (3, 1), 0),
    "cube": lambda m, base: m.as_strided(base, (2, 2, 3), (1, 6, 2), 0),
}
BASE = (0.5, -0.75, 1.25, 2.0, 3.0, 2.5, 1.0, -1.0, 0.25, 4.0, -2.0, 1.5)
# One that is exact, one that is not symmetric, one of three inputs, one that gives bool.
OF_LAYOUTS = [
    case for case in CASES if case.label in ("neg", "sub", "where", "lt", "addcmul", "add 2.5")
]


@pytest.mark.parametrize("case", OF_LAYOUTS, ids=str)
def test_layouts(case: Case) -> None:
    for names in itertools.product(LAYOUTS, repeat=min(case.arity, 2)):
        chosen = (*names, "vector")[: case.arity]

        def ask(m: ModuleType, chosen: Sequence[str] = chosen) -> Tensor:
            bases = tensors(m, [BASE, BASE[::-1], BASE][: case.arity], "float32")
            views = [LAYOUTS[n](m, base) for n, base in zip(chosen, bases, strict=True)]
            result: Tensor = case.call(m, *views)
            return result

        assert_same(answer(lambda: ask(gnomon)), answer(lambda: ask(torch)), 1, chosen)


# -- promotion -------------------------------------------------------------------------------

# Each asks something else of its operands' dtypes.
OF_DTYPES = [
    case
    for case in BINARY
    if case.label
    in (
        "add", "sub", "div", "eq", "pow", "maximum", "where", "floor_divide", "bitwise_and",
        "logical_and", "copysign", "hypot", "heaviside", "gcd", "clamp_min",
        "bitwise_left_shift", "add alpha", "remainder", "isclose", "xlogy",
    )
]  # fmt: skip


@pytest.mark.parametrize("case", OF_DTYPES, ids=str)
def test_promotion(case: Case) -> None:
    for first, second in itertools.product(DTYPES, repeat=2):
        for x, y in (([1, 2, 3], [2, 1, 1]), ([1, 2, 3], 2), (3, [2, 1, 1]), (3, 2)):

            def ask(
                m: ModuleType,
                x: object = x,
                y: object = y,
                first: str = first,
                second: str = second,
            ) -> Tensor:
                result: Tensor = case.call(
                    m,
                    m.tensor(x, dtype=getattr(m, first)),
                    m.tensor(y, dtype=getattr(m, second)),
                )
                return result

            ours, theirs = answer(lambda: ask(gnomon)), answer(lambda: ask(torch))
            assert_same(ours, theirs, max(case.ulps, 1), (first, second, x, y))


@pytest.mark.parametrize("number", [2, 2.5, True, -1, -1.5, math.inf])
def test_numbers(number: float) -> None:
    for dtype, case in itertools.product(DTYPES, OF_NUMBERS):
        if case.label == "addcmul" and dtype == "uint8" and number < 0:
            continue  # PyTorch wraps ints and refuses floats; gnomon refuses both

        def ask(m: ModuleType, dtype: str = dtype, case: Case = case) -> Tensor:
            result: Tensor = case.call(m, m.tensor([1, 2, 3], dtype=getattr(m, dtype)), number)
            return result

        ours, theirs = answer(lambda: ask(gnomon)), answer(lambda: ask(torch))
        assert_same(ours, theirs, max(case.ulps, 1), (case.label, dtype))


OF_NUMBERS = [
    Case("x + n", lambda m, x, n: x + n),
    Case("n + x", lambda m, x, n: n + x),
    Case("x - n", lambda m, x, n: x - n),
    Case("n - x", lambda m, x, n: n - x),
    Case("x * n", lambda m, x, n: x * n),
    Case("n * x", lambda m, x, n: n * x),
    Case("x / n", lambda m, x, n: x / n),
    Case("n / x", lambda m, x, n: n / x),
    Case("x // n", lambda m, x, n: x // n),
    Case("n // x", lambda m, x, n: n // x),
    Case("x % n", lambda m, x, n: x % n),
    Case("n % x", lambda m, x, n: n % x),
    Case("x ** n", lambda m, x, n: x**n, ulps=2),
    Case("n ** x", lambda m, x, n: n**x, ulps=2),
    Case("x & n", lambda m, x, n: x & n),
    Case("n & x", lambda m, x, n: n & x),
    Case("x | n", lambda m, x, n: x | n),
    Case("n | x", lambda m, x, n: n | x),
    Case("x ^ n", lambda m, x, n: x ^ n),
    Case("n ^ x", lambda m, x, n: n ^ x),
    Case("x << n", lambda m, x, n: x << n),
    Case("n << x", lambda m, x, n: n << x),
    Case("x >> n", lambda m, x, n: x >> n),
    Case("n >> x", lambda m, x, n: n >> x),
    Case("x == n", lambda m, x, n: x == n),
    Case("n != x", lambda m, x, n: n != x),
    Case("x < n", lambda m, x, n: x < n),
    Case("n <= x", lambda m, x, n: n <= x),
    Case("x > n", lambda m, x, n: x > n),
    Case("n >= x", lambda m, x, n: n >= x),
    Case("where", lambda m, x, n: m.where(x > 1, x, n)),
    Case("where first", lambda m, x, n: m.where(x > 1, n, x)),
    Case("where both", lambda m, x, n: m.where(x > 1, n, 3)),
    Case("fmod", lambda m, x, n: m.fmod(x, n)),
    Case("float_power", lambda m, x, n: m.float_power(x, n), ulps=2),
    Case("copysign", lambda m, x, n: m.copysign(x, n)),
    Case("add alpha", lambda m, x, n: m.add(x, x, alpha=n)),
    Case("sub alpha", lambda m, x, n: m.sub(x, x, alpha=n)),
    Case("rsub", lambda m, x, n: m.rsub(x, n)),
    Case("addcmul", lambda m, x, n: m.addcmul(x, x, x, value=n), ulps=2),
    Case("addcdiv", lambda m, x, n: m.addcdiv(x, x, x, value=n), ulps=2),
]


# -- numbers among 16-bit floats -------------------------------------------------------------

# Neither of the 16-bit formats holds the number; PyTorch rounds it to float32 in products.
NUMBER = 0.7004
OF_HALVES = [
    Case("add", lambda m, x: x + NUMBER),
    Case("sub", lambda m, x: x - NUMBER),
    Case("mul", lambda m, x: x * NUMBER),
    Case("div", lambda m, x: x / NUMBER),
    Case("floor_divide", lambda m, x: x // NUMBER),
    Case("remainder", lambda m, x: x % NUMBER),
    Case("fmod", lambda m, x: m.fmod(x, NUMBER)),
    Case("pow", lambda m, x: m.abs(x) ** NUMBER),
    Case("lerp", lambda m, x: m.lerp(x, x * 2, NUMBER)),
    Case("addcmul", lambda m, x: m.addcmul(x, x, x, value=NUMBER)),
    Case("addcdiv", lambda m, x: m.addcdiv(x, x, x + 9, value=NUMBER)),
    Case("lt", lambda m, x: x < NUMBER),
    Case("clamp", lambda m, x: m.clamp(x, NUMBER)),
]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("case", OF_HALVES, ids=str)
def test_numbers_among_halves(case: Case, dtype: str) -> None:
    check(case, [(k / 37 - 4.0,) for k in range(300)], dtype)
