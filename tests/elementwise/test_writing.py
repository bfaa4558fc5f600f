"""In-place forms and ``out=``, as PyTorch's: what is written or refused, and gradients."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import pytest

import gnomon
from elementwise.cases import DTYPES
from elementwise.comparing import answer, assert_same

if TYPE_CHECKING:
    import torch

    Tensor: TypeAlias = gnomon.Tensor | torch.Tensor
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

#: ``method: further arguments``, "t" for a tensor like the first.
IN_PLACE: list[tuple[str, tuple[object, ...]]] = [
    *((f"{name}_", ()) for name in (
        "neg", "abs", "sign", "sgn", "square", "sqrt", "rsqrt", "reciprocal", "nan_to_num",
        "logical_not", "bitwise_not", "negative", "absolute",
    )),
    *((f"{name}_", ("t",)) for name in (
        "add", "sub", "mul", "div", "floor_divide", "remainder", "fmod", "pow", "copysign",
        "hypot", "nextafter", "ldexp", "xlogy", "heaviside", "gcd", "lcm", "eq", "ne", "lt",
        "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "bitwise_and",
        "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift", "clamp",
        "clamp_min", "clamp_max", "multiply", "subtract", "divide", "true_divide", "greater",
        "less_equal", "not_equal", "float_power",
    )),
    *((f"{name}_", (2,)) for name in (
        "add", "sub", "mul", "div", "floor_divide", "remainder", "fmod", "pow", "copysign",
        "eq", "lt", "bitwise_and", "bitwise_left_shift", "clamp", "clamp_min", "xlogy",
    )),
    *((f"{name}_", (1.5,)) for name in ("add", "mul", "pow", "clamp_max", "remainder", "ge")),
    ("addcmul_", ("t", "t")),
    ("addcdiv_", ("t", "t")),
    ("lerp_", ("t", 0.25)),
    ("lerp_", ("t", "t")),
    ("clamp_", (1, 2)),
    ("clip_", ("t", "t")),
]  # fmt: skip
each_call = pytest.mark.parametrize(
    ("method", "arguments"), IN_PLACE, ids=lambda value: str(value)
)


def write(
    m: ModuleType, method: str, arguments: tuple[object, ...], dtype: str, second: str
) -> Tensor:
    x = m.tensor([[1, 2, 3], [3, 2, 1]], dtype=getattr(m, dtype))
    target = m.as_strided(x, (3, 2), (1, 3))
    other = m.tensor([2, 1], dtype=getattr(m, second))
    given = [other if argument == "t" else argument for argument in arguments]
    assert getattr(target, method)(*given) is target
    return x


@each_call
def test_in_place(method: str, arguments: tuple[object, ...]) -> None:
    seconds = ("int64", "float64", "bool", "float32") if "t" in arguments else ("int64",)
    for dtype, second in itertools.product(DTYPES, seconds):
        if (method, second) == ("ldexp_", "bool"):
            continue  # PyTorch has no loop for it
        ours, theirs = (
            answer(partial(write, m, method, arguments, dtype, second)) for m in (gnomon, torch)
        )
        assert_same(ours, theirs, 2, (dtype, second))


def gradient_through(
    m: ModuleType, method: str, arguments: tuple[object, ...], position: int
) -> Tensor:
    leaves = [
        m.tensor(values, dtype=m.float64, requires_grad=True)
        for values in ([0.5, 2.0, 1.5, -1.0], [0.75, 1.0])
    ]
    x = (leaves[0] * 1.25).reshape((2, 2))
    target = x.transpose(0, 1)
    given = [leaves[1] * 2 if argument == "t" else argument for argument in arguments]
    getattr(target, method)(*given)
    (x * x).sum().backward()
    gradient: Tensor | None = leaves[position].grad
    # PyTorch says zero where a comparison overwrites, gnomon that there is no gradient.
    return m.zeros_like(leaves[position]) if gradient is None else gradient + 0


# PyTorch raises in the first two, and forgets that the logical ones overwrite.
WITHOUT_GRADIENT = (
    "floor_divide_",
    "heaviside_",
    "logical_and_",
    "logical_or_",
    "logical_xor_",
)


@each_call
def test_gradient_through_in_place(method: str, arguments: tuple[object, ...]) -> None:
    if method in WITHOUT_GRADIENT:
        return
    for position in (0, 1):
        ours, theirs = (
            answer(partial(gradient_through, m, method, arguments, position))
            for m in (gnomon, torch)
        )
        assert_same(ours, theirs, 8, position)


OUT: list[tuple[str, Callable[[ModuleType, Tensor, Tensor, Tensor], Tensor]]] = [
    ("add", lambda m, x, y, out: m.add(x, y, out=out)),
    ("add alpha", lambda m, x, y, out: m.add(x, y, alpha=2, out=out)),
    ("sub", lambda m, x, y, out: m.sub(x, y, out=out)),
    ("div", lambda m, x, y, out: m.div(x, y, out=out)),
    ("div floor", lambda m, x, y, out: m.div(x, y, rounding_mode="floor", out=out)),
    ("pow", lambda m, x, y, out: m.pow(x, y, out=out)),
    ("float_power", lambda m, x, y, out: m.float_power(x, y, out=out)),
    ("sqrt", lambda m, x, y, out: m.sqrt(y, out=out)),
    ("lt", lambda m, x, y, out: m.lt(x, y, out=out)),
    ("where", lambda m, x, y, out: m.where(x > 1, x, y, out=out)),
    ("clamp", lambda m, x, y, out: m.clamp(x, y, out=out)),
    ("clamp_max", lambda m, x, y, out: m.clamp_max(x, 1, out=out)),
    ("maximum", lambda m, x, y, out: m.maximum(x, y, out=out)),
    ("addcmul", lambda m, x, y, out: m.addcmul(x, x, y, value=2, out=out)),
    ("nan_to_num", lambda m, x, y, out: m.nan_to_num(x, out=out)),
]

# PyTorch takes no other dtype here, though the result could be cast.
ONE_DTYPE = ("where", "clamp_max", "nan_to_num")


@pytest.mark.parametrize(("label", "call"), OUT, ids=[label for label, _ in OUT])
def test_out(label: str, call: Callable[[ModuleType, Tensor, Tensor, Tensor], Tensor]) -> None:
    def ask(m: ModuleType, dtype: str, out_dtype: str, shape: tuple[int, ...]) -> Tensor:
        x = m.tensor([[1, 2, 3]], dtype=getattr(m, dtype))
        y = m.tensor([[1], [2]], dtype=getattr(m, dtype))
        out = m.zeros(shape, dtype=getattr(m, out_dtype))
        assert call(m, x, y, out) is out
        return out

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an out= of another shape warns, in both
        for question in itertools.product(
            ("float32", "int64", "bool"),
            ("float32", "float64", "int32", "bool"),
            ((2, 3), (0,), (4,)),
        ):
            if label in ONE_DTYPE and question[0] != question[1]:
                continue
            ours, theirs = (answer(partial(ask, m, *question)) for m in (gnomon, torch))
            assert_same(ours, theirs, 1, question)
