"""Selection with options: ``where``, clamping, and replacing what is not finite."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar, overload

from gnomon.core import TensorCore
from gnomon.dispatch import common_dtype
from gnomon.dtypes import Scalar, bool_, finfo, uint8
from gnomon.errors import explain
from gnomon.op.copying import clone
from gnomon.op.elementwise import Binary, Elementwise, apply
from gnomon.op.in_place import apply_in_place, write_elementwise
from gnomon.op.numbers import number_as
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.ops import comparison, selection
from gnomon.ops.nonzero import nonzero_columns

__all__ = [
    "clamp",
    "clamp_",
    "clamp_max",
    "clamp_max_",
    "clamp_min",
    "clamp_min_",
    "clip",
    "clip_",
    "nan_to_num",
    "nan_to_num_",
    "where",
]

T = TypeVar("T", bound=TensorCore)


@overload
def where(condition: T) -> tuple[T, ...]: ...
@overload
def where(condition: T, input: T | Scalar, other: T | Scalar, *, out: T | None = None) -> T: ...
@numpy_names
def where(
    condition: T,
    input: T | Scalar | None = None,
    other: T | Scalar | None = None,
    *,
    out: T | None = None,
) -> T | tuple[T, ...]:
    """Return the elements of ``input`` where ``condition`` holds, those of ``other`` elsewhere.

    All three are broadcast together; ``input`` and ``other`` are promoted. With the condition
    alone, return the indices at which it holds, as ``nonzero(condition, as_tuple=True)``.
    Raises RuntimeError unless the condition is bool (or uint8, which counts as bool).

    >>> import gnomon as torch
    >>> x = torch.tensor([-1.0, 2.0])
    >>> torch.where(x > 0, x, 0)
    tensor([0., 2.])
    """
    if input is None and other is None:
        return nonzero_columns(condition)
    if input is None or other is None:
        raise TypeError("where: give both input and other, or neither.")
    if not isinstance(condition, TensorCore):
        raise TypeError(
            f"where: condition must be a tensor, not {type(condition).__name__}. Use an if."
        )
    dtype = condition.operand.dtype
    if dtype is not bool_ and dtype is not uint8:
        raise RuntimeError(
            explain(
                "where",
                "expected condition to be a boolean tensor",
                condition,
                remedy="Compare it with something, or convert it with .bool()",
            )
        )
    return comparison.where(condition, input, other, out=out)


# Clamping on one side, under the name that PyTorch's graph gives it.
_CLAMP_BELOW: Binary = replace(
    selection.clamp_below,
    node_name="ClampBackward0",
    number_node_name="ClampBackward1",
)
_CLAMP_ABOVE: Binary = replace(
    selection.clamp_above,
    node_name="ClampBackward0",
    number_node_name="ClampBackward1",
)


@numpy_names
def clamp(
    input: T,
    min: T | Scalar | None = None,
    max: T | Scalar | None = None,
    *,
    out: T | None = None,
) -> T:
    """Return ``input`` raised to at least ``min``, then lowered to at most ``max``.

    NaN, in the input or a bound, gives NaN; where ``min > max`` the result is ``max``. Raises
    RuntimeError without any bound, and for an int that the integer dtype does not hold.

    >>> import gnomon as torch
    >>> torch.clamp(torch.tensor([-2.0, 0.5, 2.0]), -1, 1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    record, inputs = _clamping(input, min, max)
    return apply(record, inputs, out)


@numpy_names
def clamp_(input: T, min: T | Scalar | None = None, max: T | Scalar | None = None) -> T:
    """Clamp ``input`` in place."""
    record, inputs = _clamping(input, min, max)
    return write_elementwise(record, input, inputs)


def _clamping(
    input: T, min: T | Scalar | None, max: T | Scalar | None
) -> tuple[Elementwise, tuple[T | Scalar, ...]]:
    """Return the record and the inputs that clamp on one side or both."""
    if min is not None and max is not None:
        inputs: tuple[T | Scalar, ...] = (input, min, max)
        record: Elementwise = selection.clamp_both
    elif min is not None:
        inputs, record = (input, min), _CLAMP_BELOW
    elif max is not None:
        inputs, record = (input, max), _CLAMP_ABOVE
    else:
        raise RuntimeError("clamp: At least one of 'min' or 'max' must not be None.")
    _check_bounds("clamp", inputs)
    return record, inputs


def _check_bounds(operation: str, inputs: tuple[TensorCore | Scalar, ...]) -> None:
    """Raise RuntimeError for a number that the integer dtype of the result would wrap."""
    numbers = [value for value in inputs[1:] if not isinstance(value, TensorCore)]
    if not numbers:
        return
    dtype = common_dtype(inputs)
    for number in numbers:
        number_as(operation, number, dtype)


@numpy_names
def clamp_min(input: T, min: T | Scalar, *, out: T | None = None) -> T:
    """Return ``input`` raised to at least ``min``, as :func:`clamp` with that bound alone."""
    _check_bounds("clamp_min", (input, min))
    return selection.clamp_below(input, min, out=out)


@numpy_names
def clamp_min_(input: T, min: T | Scalar) -> T:
    """Raise ``input`` to at least ``min`` in place."""
    _check_bounds("clamp_min_", (input, min))
    return apply_in_place(selection.clamp_below, input, min)


@numpy_names
def clamp_max(input: T, max: T | Scalar, *, out: T | None = None) -> T:
    """Return ``input`` lowered to at most ``max``, as :func:`clamp` with that bound alone."""
    _check_bounds("clamp_max", (input, max))
    return selection.clamp_above(input, max, out=out)


@numpy_names
def clamp_max_(input: T, max: T | Scalar) -> T:
    """Lower ``input`` to at most ``max`` in place."""
    _check_bounds("clamp_max_", (input, max))
    return apply_in_place(selection.clamp_above, input, max)


@numpy_names
def nan_to_num(
    input: T,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
    *,
    out: T | None = None,
) -> T:
    """Return ``input`` with NaN replaced by ``nan`` (0), infinities by ``posinf``, ``neginf``.

    Without these, infinities become the largest and the smallest number of the dtype.

    >>> import gnomon as torch
    >>> torch.nan_to_num(torch.tensor([float("nan"), 1.0, float("inf")]), posinf=9.0)
    tensor([0., 1., 9.])
    """
    if not input.operand.dtype.is_floating_point:
        result = clone(input)
        return result if out is None else deliver("nan_to_num", result, out, (input,))
    return selection.replace_nonfinite(
        input, *_replacements(input, nan, posinf, neginf), out=out
    )


@numpy_names
def nan_to_num_(
    input: T,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
) -> T:
    """Replace what is not finite in place."""
    if not input.operand.dtype.is_floating_point:
        return input
    return apply_in_place(
        selection.replace_nonfinite, input, *_replacements(input, nan, posinf, neginf)
    )


def _replacements(
    input: TensorCore, nan: float | None, posinf: float | None, neginf: float | None
) -> tuple[float, float, float]:
    limits = finfo(input.operand.dtype)
    return (
        0.0 if nan is None else nan,
        limits.max if posinf is None else posinf,
        limits.min if neginf is None else neginf,
    )


clip = clamp
clip_ = clamp_
