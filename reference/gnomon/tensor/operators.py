"""Python's operators on tensors, with the reflected and the in-place forms.

The other operand is a tensor, a number or a NumPy array; for anything else an operator returns
NotImplemented, so that Python asks the other operand, and raises TypeError when that has no
answer either.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Final, TypeVar, cast

from gnomon.composite import arithmetic, powers
from gnomon.core import TensorCore
from gnomon.dtypes import Scalar
from gnomon.errors import explain
from gnomon.op.elementwise import apply
from gnomon.op.foundation import add
from gnomon.op.in_place import apply_in_place
from gnomon.ops.arithmetic import abs, div, floor_divide, mul, neg, remainder
from gnomon.ops.comparison import eq, ge, gt, le, lt, ne
from gnomon.ops.integers import (
    bitwise_and,
    bitwise_left_shift,
    bitwise_not,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
)
from gnomon.tensor.numpy_arrays import (
    NumPyArray,
    NumPyScalar,
    is_array,
    is_numpy_scalar,
    shared_with_array,
)

if TYPE_CHECKING:
    from typing import Self

OPERANDS: Final = (int, float, TensorCore)


T = TypeVar("T", bound=TensorCore)


def operand_of(tensor: T, value: object) -> T | Scalar | None:
    """Return what is neither a tensor nor a Python number as one of them, or None.

    A NumPy array becomes a tensor over its memory, a number of another library a Python number.
    """
    if is_array(value):
        return tensor.like(shared_with_array(cast(NumPyArray, value)))
    if is_numpy_scalar(value):
        return cast(NumPyScalar, value).item()
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else None


class ArithmeticOperators(TensorCore):
    """``+ - * / // % **``, and the signs."""

    def __add__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return add(self, other)

    def __radd__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return add(self, other)

    def __iadd__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply_in_place(add, self, other)

    def __sub__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return arithmetic.sub(self, other)

    def __rsub__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return arithmetic.rsub(self, other)

    def __isub__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return arithmetic.sub_(self, other)

    def __mul__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return mul(self, other)

    def __rmul__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return mul(self, other)

    def __imul__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply_in_place(mul, self, other)

    def __truediv__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return div(self, other)

    def __rtruediv__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply(div, (other, self), None)

    def __itruediv__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply_in_place(div, self, other)

    def __floordiv__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return floor_divide(self, other)

    def __rfloordiv__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply(floor_divide, (other, self), None)

    def __ifloordiv__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply_in_place(floor_divide, self, other)

    def __mod__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return remainder(self, other)

    def __rmod__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply(remainder, (other, self), None)

    def __imod__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply_in_place(remainder, self, other)

    def __pow__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return powers.pow(self, other)

    def __rpow__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return powers.pow(other, self)

    def __ipow__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return powers.pow_(self, other)

    # Python 2's names, by which PyTorch still answers.
    __div__ = __truediv__
    __rdiv__ = __rtruediv__
    __idiv__ = __itruediv__

    def __neg__(self) -> Self:
        return neg(self)

    def __pos__(self) -> Self:
        return arithmetic.positive(self)

    def __abs__(self) -> Self:
        return abs(self)


class IntegerOperators(TensorCore):
    """``& | ^ << >> ~``, of bits and of truth values."""

    def __and__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return bitwise_and(self, other)

    def __rand__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply(bitwise_and, (other, self), None)

    def __iand__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply_in_place(bitwise_and, self, other)

    def __or__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return bitwise_or(self, other)

    def __ror__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply(bitwise_or, (other, self), None)

    def __ior__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply_in_place(bitwise_or, self, other)

    def __xor__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return bitwise_xor(self, other)

    def __rxor__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply(bitwise_xor, (other, self), None)

    def __ixor__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply_in_place(bitwise_xor, self, other)

    def __lshift__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return bitwise_left_shift(self, other)

    def __rlshift__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply(bitwise_left_shift, (other, self), None)

    def __ilshift__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply_in_place(bitwise_left_shift, self, other)

    def __rshift__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return bitwise_right_shift(self, other)

    def __rrshift__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply(bitwise_right_shift, (other, self), None)

    def __irshift__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return apply_in_place(bitwise_right_shift, self, other)

    def __invert__(self) -> Self:
        if self.operand.dtype.is_floating_point:
            raise TypeError(
                explain(
                    "~",
                    "only defined on integer and bool tensors",
                    self,
                    remedy="Use logical_not, or convert first",
                )
            )
        return bitwise_not(self)


class ComparisonOperators(TensorCore):
    """``== != < <= > >=``, element by element; tensors hash by identity."""

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: Self | Scalar | None) -> Self:  # type: ignore[override]  # not a bool
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return eq(self, other)

    def __ne__(self, other: Self | Scalar | None) -> Self:  # type: ignore[override]  # not a bool
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return ne(self, other)

    def __lt__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return lt(self, other)

    def __le__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return le(self, other)

    def __gt__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return gt(self, other)

    def __ge__(self, other: Self | Scalar) -> Self:
        if not isinstance(other, OPERANDS) and (other := operand_of(self, other)) is None:
            return NotImplemented
        return ge(self, other)
