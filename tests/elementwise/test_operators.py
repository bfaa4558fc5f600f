"""Python's operators: reflected, in place, with foreign types; and options that are wrong."""

from __future__ import annotations

import math
import operator

import pytest

import gnomon
from device import reference_only, without_device
from gnomon import Tensor, tensor


class Greedy:
    """Answers every operator itself."""

    def __radd__(self, other: object) -> str:
        return "radd"

    def __add__(self, other: object) -> str:
        return "add"

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # compared by nothing


ARITHMETIC = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv,
    operator.mod, operator.pow, operator.lt, operator.le, operator.gt, operator.ge,
]  # fmt: skip
BITS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
IN_PLACE = [
    (operator.iadd, [5.0, 7.0]),
    (operator.isub, [1.0, 1.0]),
    (operator.imul, [6.0, 12.0]),
    (operator.itruediv, [1.5, 4.0 / 3.0]),
    (operator.ifloordiv, [1.0, 1.0]),
    (operator.imod, [1.0, 1.0]),
    (operator.ipow, [9.0, 64.0]),
]
IN_PLACE_BITS = [
    (operator.iand, [2, 0]),
    (operator.ior, [7, 7]),
    (operator.ixor, [5, 7]),
    (operator.ilshift, [48, 32]),
    (operator.irshift, [0, 0]),
]


@pytest.mark.parametrize("operation", [*ARITHMETIC, *BITS])
@pytest.mark.parametrize("foreign", [{"a set"}, None, [1, 2], object(), 1j])
def test_foreign_operands_raise_type_error(operation: object, foreign: object) -> None:
    assert callable(operation)
    for left, right in ((tensor([1, 2]), foreign), (foreign, tensor([1, 2]))):
        with pytest.raises(TypeError):
            operation(left, right)


def test_foreign_operands_are_asked() -> None:
    x = tensor([1.0])
    assert x + Greedy() == "radd"
    assert Greedy() + x == "add"
    assert (x == Greedy()) is True


def test_equality_with_what_is_no_number_is_identity() -> None:
    x = tensor([1.0, 2.0])
    assert (x == None) is False  # noqa: E711  # the operator is the point
    assert (x != None) is True  # noqa: E711
    assert (x == "text") is False


def test_tensors_hash_by_identity() -> None:
    x = tensor([1.0])
    y = tensor([1.0])
    assert len({x, y}) == 2
    assert x in {x: 0}


@pytest.mark.parametrize(("operation", "expected"), IN_PLACE)
def test_in_place_keeps_the_tensor(operation: object, expected: list[float]) -> None:
    assert callable(operation)
    x = tensor([3.0, 4.0], dtype=gnomon.float64)
    again = x
    result = operation(again, tensor([2.0, 3.0], dtype=gnomon.float64))
    assert result is x
    assert x.tolist() == expected


@pytest.mark.parametrize(("operation", "expected"), IN_PLACE_BITS)
def test_in_place_bits_keep_the_tensor(operation: object, expected: list[int]) -> None:
    assert callable(operation)
    x = tensor([6, 4])
    result = operation(x, tensor([3, 3]))
    assert result is x
    assert x.tolist() == expected


def test_in_place_on_views_writes_to_the_base() -> None:
    base = tensor([[1.0, 2.0], [3.0, 4.0]])
    row = base.select(0, 1)
    row += 10
    assert base.tolist() == [[1.0, 2.0], [13.0, 14.0]]


def test_in_place_refuses_a_greater_kind_and_a_greater_shape() -> None:
    x = tensor([1, 2])
    with pytest.raises(RuntimeError, match="can't be cast"):
        x += 1.5
    with pytest.raises(RuntimeError, match="can't be cast"):
        x /= 2
    with pytest.raises(RuntimeError, match="broadcast shape"):
        x += tensor([[1, 2], [3, 4]])
    assert x.tolist() == [1, 2]


def test_in_place_on_leaves_that_require_grad() -> None:
    x = tensor([1.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        x += 1
    with gnomon.no_grad():
        x += 1
    assert x.tolist() == [2.0]


def test_in_place_comparison_writes_numbers() -> None:
    x = tensor([1.0, 2.0])
    assert x.gt_(1.5) is x
    assert x.tolist() == [0.0, 1.0]
    assert x.dtype is gnomon.float32


def test_reflected_operators_with_numbers() -> None:
    x = tensor([2.0, 4.0])
    assert (2 - x).tolist() == [0.0, -2.0]
    assert (2**x).tolist() == [4.0, 16.0]
    assert (1 / x).tolist() == [0.5, 0.25]
    assert (5 // x).tolist() == [2.0, 1.0]
    assert (5 % x).tolist() == [1.0, 1.0]
    assert (1 + x).tolist() == [3.0, 5.0]
    assert (3 * x).tolist() == [6.0, 12.0]
    mask = tensor([True, False])
    assert (True & mask).tolist() == [True, False]
    assert (True | mask).tolist() == [True, True]
    assert (True ^ mask).tolist() == [False, True]
    assert (1 << tensor([1, 2])).tolist() == [2, 4]
    assert (16 >> tensor([1, 2])).tolist() == [8, 4]
    assert (3 > x).tolist() == [True, False]  # noqa: SIM300  # the reflected form is the point


def test_signs() -> None:
    x = tensor([-1.5, 2.0])
    assert (-x).tolist() == [1.5, -2.0]
    assert (+x) is x
    assert abs(x).tolist() == [1.5, 2.0]
    assert (~tensor([0, 5])).tolist() == [-1, -6]
    assert (~tensor([True, False])).tolist() == [False, True]
    with pytest.raises(TypeError):
        operator.invert(x)


@pytest.mark.parametrize("operation", [lambda x: -x, lambda x: +x, lambda x: x - x])
def test_bool_has_no_signs(operation: object) -> None:
    assert callable(operation)
    with pytest.raises(RuntimeError):
        operation(tensor([True, False]))


def test_integer_division_by_zero_names_the_operation() -> None:
    with pytest.raises(RuntimeError, match="floor_divide: ZeroDivisionError"):
        tensor([1]) // 0
    with pytest.raises(RuntimeError, match="remainder"):
        tensor([1]) % 0


def test_options_are_checked() -> None:
    x, i = tensor([1.0, 2.0]), tensor([1, 2])
    with pytest.raises(RuntimeError, match="alpha"):
        gnomon.add(i, i, alpha=0.5)
    with pytest.raises(RuntimeError, match="alpha"):
        gnomon.add(x, x, alpha=True)
    with pytest.raises(RuntimeError, match="rounding_mode"):
        gnomon.div(x, x, rounding_mode="up")
    with pytest.raises(RuntimeError, match="negative"):
        i**-1
    with pytest.raises(RuntimeError, match="overflow"):
        i.clamp(max=2**70)
    with pytest.raises(RuntimeError, match="min"):
        x.clamp()
    with pytest.raises(RuntimeError, match="dtype"):
        gnomon.lerp(x, tensor([1.0, 2.0], dtype=gnomon.float64), 0.5)
    with pytest.raises(RuntimeError, match="boolean"):
        gnomon.where(i, x, x)
    with pytest.raises(TypeError):
        gnomon.where(i > 1, x)
    with pytest.raises(RuntimeError, match="rtol"):
        gnomon.isclose(x, x, rtol=-1.0)
    with pytest.raises(RuntimeError, match="float64"):
        gnomon.float_power(x, 2, out=gnomon.empty(2))


def shown(x: Tensor) -> str:
    return without_device(str(x))


def test_special_values() -> None:
    x = tensor([math.nan, -0.0, math.inf])
    assert shown(gnomon.maximum(x, tensor(1.0))) == "tensor([nan, 1., inf])"
    assert shown(gnomon.fmax(x, tensor(1.0))) == "tensor([1., 1., inf])"
    assert shown(x.clamp(0.5, 2.0)) == "tensor([   nan, 0.5000, 2.0000])"
    assert shown(gnomon.sqrt(x)) == "tensor([nan, -0., inf])"
    assert shown(gnomon.sign(x)) == "tensor([0., 0., 1.])"
    assert shown(tensor([0.0]) ** 0) == "tensor([1.])"


def test_derivatives_in_corners() -> None:
    x = tensor([0.0, 2.0, -1.0], requires_grad=True)
    gnomon.maximum(x, tensor([0.0, 1.0, 3.0])).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.5, 1.0, 0.0]
    y = tensor([0.0, -2.0], requires_grad=True)
    (y**0).sum().backward()
    assert y.grad is not None
    assert y.grad.tolist() == [0.0, 0.0]


def test_membership() -> None:
    x = tensor([1.0, 2.0])
    assert 2 in x
    assert 3.0 not in x
    with pytest.raises(RuntimeError, match="__contains__"):
        _ = "text" in x  # type: ignore[operator]  # wrong on purpose


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("abs_", [4.0]),
        ("neg_", [-4.0]),
        ("reciprocal_", [0.25]),
        ("square_", [16.0]),
        ("sqrt_", [2.0]),
        ("rsqrt_", [0.5]),
    ],
)
def test_functions_that_write(name: str, expected: list[float]) -> None:
    x = tensor([4.0])
    assert getattr(gnomon, name)(x) is x
    assert x.tolist() == expected


def test_where_with_the_condition_alone() -> None:
    rows, columns = gnomon.where(tensor([[True, False], [False, True]]))
    assert rows.tolist() == [0, 1]
    assert columns.tolist() == [0, 1]


def test_out_takes_the_result() -> None:
    out = gnomon.empty(2)
    x = tensor([1.0, 2.0])
    assert gnomon.add(x, x, alpha=2, out=out) is out
    assert out.tolist() == [3.0, 6.0]
    gnomon.logical_not(x, out=out)
    assert out.tolist() == [0.0, 0.0]
    gnomon.where(x > 1, x, 0, out=out)
    assert out.tolist() == [0.0, 2.0]


def test_numpy_on_either_side() -> None:
    numpy = pytest.importorskip("numpy", reason="its numbers meet tensors here")
    x = tensor([1.0, 2.0])
    for number in (numpy.float32(2), numpy.float64(2), numpy.int64(2)):
        assert (x + number).tolist() == [3.0, 4.0]
        both = number * x
        assert isinstance(both, Tensor)
        assert both.tolist() == [2.0, 4.0]
    assert (tensor([True]) & numpy.bool_(True)).tolist() == [True]


@reference_only("NumPy's arrays are in the host's memory")
def test_an_array_on_either_side() -> None:
    numpy = pytest.importorskip("numpy", reason="its arrays meet tensors here")
    x = tensor([1.0, 2.0])
    array = numpy.array([3.0, 4.0])
    assert (array * x).tolist() == (x * array).tolist() == [3.0, 8.0]
    assert (x == array).tolist() == [False, False]
