"""Which operands may be Python numbers: a tensor is required where PyTorch requires one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import gnomon

TENSORS_ONLY = [
    "atan2",
    "fmax",
    "fmin",
    "gcd",
    "heaviside",
    "hypot",
    "isclose",
    "lcm",
    "ldexp",
    "logaddexp",
    "logaddexp2",
    "logical_and",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "nextafter",
    "allclose",
    "equal",
]
NUMBER_SECOND = [
    "clamp_max",
    "clamp_min",
    "copysign",
    "eq",
    "fmod",
    "ge",
    "gt",
    "le",
    "lt",
    "ne",
    "rsub",
]
NUMBER_EITHER = [
    "add",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "div",
    "float_power",
    "floor_divide",
    "mul",
    "pow",
    "remainder",
    "sub",
    "true_divide",
    "xlogy",
]
INTEGERS_ONLY = ("gcd", "lcm", "bitwise_")


def function_and_tensor(name: str) -> tuple[Callable[..., object], gnomon.Tensor]:
    dtype = gnomon.int64 if name.startswith(INTEGERS_ONLY) else gnomon.float32
    return getattr(gnomon, name), gnomon.tensor([1, 2, 3], dtype=dtype)


@pytest.mark.parametrize("name", TENSORS_ONLY)
def test_no_number_where_both_must_be_tensors(name: str) -> None:
    function, tensor = function_and_tensor(name)
    function(tensor, tensor)
    for operands in ((tensor, 2), (2, tensor), (2, 2)):
        with pytest.raises(TypeError, match="must be a tensor"):
            function(*operands)


@pytest.mark.parametrize("name", NUMBER_SECOND)
def test_a_number_second_only(name: str) -> None:
    function, tensor = function_and_tensor(name)
    function(tensor, 2)
    for operands in ((2, tensor), (2, 2)):
        with pytest.raises(TypeError, match="must be a tensor"):
            function(*operands)


@pytest.mark.parametrize("name", NUMBER_EITHER)
def test_a_number_on_either_side_but_not_on_both(name: str) -> None:
    function, tensor = function_and_tensor(name)
    function(tensor, 2)
    function(2, tensor)
    with pytest.raises(TypeError, match="must be a tensor"):
        function(2, 2)


@pytest.mark.parametrize("name", ["atan2", "hypot", "logical_and", "nextafter"])
def test_no_number_in_place(name: str) -> None:
    tensor = gnomon.ones(3)
    with pytest.raises(TypeError, match="must be a tensor"):
        getattr(tensor, f"{name}_")(2)
    assert tensor.tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", ["max", "min"])
def test_extremes_of_a_number(name: str) -> None:
    for operands in ((2, gnomon.ones(2)), (2, 3)):
        with pytest.raises(TypeError, match="must be a tensor"):
            getattr(gnomon, name)(*operands)
