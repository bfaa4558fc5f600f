"""Every form of the reductions, scans, sorts and statistics gives what PyTorch gives."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

import gnomon
from gnomon import Tensor
from reductions.cases import (
    DERIVATIVES,
    DIFFERENT,
    FLOATS,
    FOLDS,
    INTEGERS,
    NORMS,
    ORDERS,
    RUNNING,
    SEARCHES,
    SPECIAL,
    SPREADS,
    STATISTICS,
    Given,
    Values,
    make,
)

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


def call(t: ModuleType, text: str, x: Tensor) -> list[Tensor]:
    """Return the results of a call as a list."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        result = eval(text, {"t": t, "x": x})
    return list(result) if isinstance(result, tuple | list) else [result]


def attempt(t: ModuleType, text: str, x: Tensor) -> list[Tensor] | type[Exception]:
    try:
        return call(t, text, x)
    except Exception as error:  # the class is what is compared
        return type(error)


def flat(x: Tensor) -> list[float]:
    values = x.detach().reshape((-1,)).tolist()
    assert isinstance(values, list)
    return values


def assert_same(mine: Tensor, theirs: Tensor, size: float, count: int) -> None:
    """Compare one result: PyTorch sums and multiplies in any order, so it may be off by count
    units in the last place of the sum of sizes, gnomon by one, elementary functions by a few.
    """
    assert str(mine.dtype) == str(theirs.dtype)
    assert tuple(mine.shape) == tuple(theirs.shape)
    name = str(theirs.dtype).removeprefix("torch.")
    for a, b in zip(flat(mine), flat(theirs), strict=True):
        if name not in EPSILON or math.isinf(b) or math.isnan(b):
            assert a == b or (a != a and b != b), (a, b)
        else:
            assert abs(a - b) <= 4 * (count + 2) * EPSILON[name] * max(size, abs(b)), (a, b)


def size_of(x: Tensor) -> tuple[float, int]:
    values = [abs(value) for value in flat(x) if math.isfinite(value)]
    return sum(values), len(values)


def compare(text: str, given: Given, dtype: str) -> None:
    x, y = make(gnomon, given, dtype), make(torch, given, dtype)
    mine, theirs = attempt(gnomon, text, x), attempt(torch, text, y)
    if theirs is NotImplementedError:
        return  # PyTorch has no kernel for the dtype; gnomon may do without such gaps
    if isinstance(theirs, type) or isinstance(mine, type):
        assert isinstance(theirs, type) and isinstance(mine, type), (mine, theirs)
        assert issubclass(mine, theirs) or issubclass(theirs, mine), (mine, theirs)
        return
    size, count = size_of(y)
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs, strict=True):
        assert_same(a, b, size, count)
        if a.numel():
            assert a.stride() == b.stride(), (a.stride(), b.stride())


def check(texts: Sequence[str], given: Sequence[Given], dtypes: Sequence[str]) -> None:
    wrong = []
    for each in given:
        for dtype in dtypes:
            for text in texts:
                if any(
                    text.startswith(start) and named in (each.name, dtype)
                    for start, named in DIFFERENT
                ):
                    continue
                try:
                    compare(text, each, dtype)
                except AssertionError as error:
                    wrong.append(f"{text} of {each.name} {dtype}: {str(error).splitlines()[0]}")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    "texts",
    [FOLDS, SPREADS, NORMS, RUNNING, ORDERS, STATISTICS, SEARCHES],
    ids=["folds", "spreads", "norms", "running", "orders", "statistics", "searches"],
)
class TestValues:
    def test_of_floats(self, texts: Sequence[str]) -> None:
        check(texts, FLOATS, ["float64", "float32"])

    def test_of_special_values(self, texts: Sequence[str]) -> None:
        check(texts, SPECIAL, ["float64", "float32"])

    def test_of_short_floats(self, texts: Sequence[str]) -> None:
        check(texts, FLOATS[:2], ["float16", "bfloat16"])

    def test_of_integers(self, texts: Sequence[str]) -> None:
        check(texts, INTEGERS, ["int64", "int8", "uint8", "bool"])


def gradients(t: ModuleType, text: str, values: Values) -> list[Tensor]:
    """Return the results, the gradient of their weighted sum, and a gradient of that."""
    x = t.tensor(values, dtype=t.float64, requires_grad=True)
    results = [each for each in call(t, text, x) if each.dtype == t.float64]
    total = t.zeros((), dtype=t.float64)
    for result in results:
        weights = t.arange(1, result.numel() + 1, dtype=t.float64).reshape(result.shape)
        total = total + (result * weights * 0.25).sum()
    (first,) = t.autograd.grad(total, x, create_graph=True)
    found = [*results, first]
    if first.requires_grad:
        weights = t.arange(2, first.numel() + 2, dtype=t.float64).reshape(first.shape)
        try:
            (second,) = t.autograd.grad((first * weights).sum(), x, allow_unused=True)
        except NotImplementedError:
            return found  # PyTorch differentiates cdist once
        found.append(t.zeros_like(first) if second is None else second + t.zeros_like(first))
    return found


@pytest.mark.parametrize(("text", "values"), DERIVATIVES)
def test_derivatives(text: str, values: Values) -> None:
    mine, theirs = gradients(gnomon, text, values), gradients(torch, text, values)
    for a, b in zip(mine, theirs, strict=False):
        size = max([abs(value) for value in flat(b) if math.isfinite(value)], default=0.0)
        assert_same(a, b, 64 * max(size, 1.0), b.numel())


@pytest.mark.parametrize(("text", "values"), DERIVATIVES)
def test_names_of_nodes(text: str, values: Values) -> None:
    named = []
    for t in (gnomon, torch):
        x = t.tensor(values, dtype=t.float64, requires_grad=True)
        named.append([r.grad_fn.name() if r.grad_fn else None for r in call(t, text, x)])
    skipped = ("quantile", "cov", "corrcoef", "trapezoid", "gradient", "renorm")
    if not any(name in text for name in skipped):
        assert named[0] == named[1]
