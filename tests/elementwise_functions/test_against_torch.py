"""Values, dtypes, errors and two derivatives of every elementwise function, as PyTorch's."""

# The same calls are made of gnomon and of torch, whose types have nothing in common.
# ruff: noqa: ANN401

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

import gnomon
from elementwise_functions.cases import CASES, SPECIAL, Case

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

FLOATS = ("float64", "float32", "float16", "bfloat16")
INTEGERS = ("bool", "uint8", "int8", "int16", "int32", "int64")

every_case = pytest.mark.parametrize("case", CASES, ids=str)


def outcome(function: Any) -> Any:
    """Return what ``function`` returns, or the class of what it raises."""
    try:
        return function()
    except Exception as error:
        return type(error)


def in_gnomon(values: Any, dtype: str) -> gnomon.Tensor:
    return gnomon.tensor(values, dtype=getattr(gnomon, dtype))


def in_torch(values: Any, dtype: str) -> torch.Tensor:
    return torch.tensor(values, dtype=getattr(torch, dtype))


def assert_close(
    ours: list[float],
    theirs: list[float],
    inputs: list[float],
    relative: float,
    absolute: float = 0.0,
) -> None:
    assert len(ours) == len(theirs)
    for x, a, b in zip(inputs, ours, theirs, strict=True):
        if math.isnan(b):
            assert math.isnan(a), (x, a, b)
        else:
            # Below the smallest normal number fewer digits are held.
            assert math.isclose(a, b, rel_tol=relative, abs_tol=max(absolute, 1e-322)), (
                x,
                a,
                b,
            )


@every_case
def test_float64(case: Case) -> None:
    inputs = [*case.inputs, *(x for x in SPECIAL if x not in case.excused)]
    ours = case.of(gnomon, in_gnomon(inputs, "float64"))
    theirs = case.of(torch, in_torch(inputs, "float64"))
    assert_close(ours.tolist(), theirs.tolist(), inputs, case.relative, case.absolute)


@every_case
@pytest.mark.parametrize("dtype", FLOATS[1:])
def test_narrow_floats_are_the_float64_result_rounded_once(case: Case, dtype: str) -> None:
    finfo = torch.finfo(getattr(torch, dtype))
    rounded = in_torch(list(case.inputs), dtype)
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, finfo.tiny, finfo.max, finfo.min]
    inputs = [*rounded.tolist(), *(x for x in special if x not in case.excused)]
    inputs = [x for x in inputs if not (case.excused and abs(x) > 1e4)]
    ours = case.of(gnomon, in_gnomon(inputs, dtype))
    assert ours.dtype is getattr(gnomon, dtype)
    if case.stepwise:
        theirs = case.of(torch, in_torch(inputs, dtype)).tolist()
        assert_close(ours.tolist(), theirs, inputs, finfo.eps, finfo.eps)
        return
    wide = case.of(torch, in_torch(inputs, "float64"))
    exact = wide.to(getattr(torch, dtype))
    # A PyTorch result off in float64 may fall on the other side of a tie.
    assert_close(
        ours.tolist(),
        exact.tolist(),
        inputs,
        max(finfo.eps, case.relative),
        max(finfo.smallest_normal * finfo.eps, case.absolute),
    )


@every_case
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers(case: Case, dtype: str) -> None:
    values = [True, False] if dtype == "bool" else [0, 1, 2, 5, 100]
    theirs = outcome(lambda: case.of(torch, in_torch(values, dtype)))
    ours = outcome(lambda: case.of(gnomon, in_gnomon(values, dtype)))
    if isinstance(theirs, type):
        assert ours is theirs or dtype in case.extended_to
        return
    assert str(ours.dtype) == str(theirs.dtype)
    # PyTorch's float32 formulas lose digits where its float64 ones do not.
    if theirs.is_floating_point() and not case.stepwise:
        theirs = case.of(torch, in_torch(values, dtype).double()).float()
    inputs = [float(value) for value in values]
    relative = max(2**-23, case.relative)
    assert_close(ours.tolist(), theirs.tolist(), inputs, relative, max(2**-149, case.absolute))


def derivatives(module: Any, x: Any, cotangents: list[Any], case: Case) -> list[list[float]]:
    """Return the gradient under one cotangent, then that of the gradient under the other."""
    y = case.of(module, x)
    found = []
    for cotangent in cotangents[: case.derivatives]:
        if y.grad_fn is None:
            found.append([0.0] * len(case.inputs))
            continue
        x.grad = None
        y.backward(cotangent, create_graph=True)
        y = x.grad
        found.append(y.detach().tolist())
    return found


@every_case
@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
def test_derivatives(case: Case) -> None:
    inputs = list(case.inputs)
    weights = [[math.cos(3.0 * i + k) + 1.5 for i in range(len(inputs))] for k in range(2)]
    ours = derivatives(
        gnomon,
        in_gnomon(inputs, "float64").requires_grad_(),
        [in_gnomon(w, "float64") for w in weights],
        case,
    )
    theirs = derivatives(
        torch,
        in_torch(inputs, "float64").requires_grad_(),
        [in_torch(w, "float64") for w in weights],
        case,
    )
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a, b, inputs, case.slope, case.slope)
