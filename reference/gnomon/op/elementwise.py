"""Elementwise families: operations that look at one element of each input at a time.

A record says what differs between operations: the name, the definition in words, the dtype
rule, the meaning on Python numbers, the derivative, the tolerance, the domain. Everything else
is here once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeAlias, TypeVar, final, overload

from gnomon.core import Cotangents, TensorCore
from gnomon.devices import CPU
from gnomon.dispatch import allocate, filled, prepare
from gnomon.dtypes import Cells, DType, Kind, Scalar, bool_, dtype_of_scalar, float64
from gnomon.errors import explain
from gnomon.graph.modes import modes, unnoted
from gnomon.graph.nodes import OperationNode, set_history
from gnomon.graph.saved import SavedTensor
from gnomon.op.derivative import (
    NOT_SAVED,
    BinaryDerivative,
    QuaternaryDerivative,
    TernaryDerivative,
    UnaryDerivative,
    node_label,
    saved_parameters,
)
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.op.record import NumericRecord, describes_itself
from gnomon.registry import backend_for

T = TypeVar("T", bound=TensorCore)
P = ParamSpec("P")

UnaryMeaning: TypeAlias = Callable[[Scalar], Scalar]
BinaryMeaning: TypeAlias = Callable[[Scalar, Scalar], Scalar]
TernaryMeaning: TypeAlias = Callable[[Scalar, Scalar, Scalar], Scalar]
QuaternaryMeaning: TypeAlias = Callable[[Scalar, Scalar, Scalar, Scalar], Scalar]


def guarded(
    meaning: Callable[P, Scalar], undefined: Callable[P, Scalar]
) -> Callable[P, Scalar]:
    """Return ``meaning`` made total: ``undefined`` answers where it raises."""

    def total(*args: P.args, **kwargs: P.kwargs) -> Scalar:
        try:
            return meaning(*args, **kwargs)
        except (ArithmeticError, ValueError):
            return undefined(*args, **kwargs)

    return total


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Elementwise(NumericRecord, ABC):
    """What the families of one to four inputs share."""

    #: The node's name where PyTorch's is not made of the operation's.
    node_name: str = ""
    #: The node's name when an input is a Python number, where PyTorch's is another then.
    number_node_name: str = ""
    #: How many leading inputs are bool conditions, which take no part in promotion.
    conditions: int = 0
    #: How many leading inputs must be tensors; each of the others may be a Python number.
    tensors: int = 0
    #: Whether numbers among float16 and bfloat16 keep the precision of float32.
    precise_numbers: bool = False

    @abstractmethod
    def values(
        self, columns: Sequence[Sequence[Scalar]], dtype: DType, total: bool
    ) -> Iterable[Scalar]:
        """Yield the meaning of each row of ``columns``; unless ``total``, it may raise as C's
        does.
        """

    @abstractmethod
    def derivative(self, position: int) -> object:
        """Return the derivative with respect to the input at ``position``, or None."""

    @abstractmethod
    def cotangent(
        self,
        position: int,
        cotangent: TensorCore,
        inputs: Sequence[TensorCore],
        output: TensorCore,
    ) -> TensorCore:
        """Return the cotangent of the input at ``position``."""

    def differentiable(self) -> tuple[str, ...]:
        return tuple(
            name
            for position, name in enumerate(self.signature().parameters)
            if name != "out" and self.derivative(position) is not None
        )

    def evaluate(
        self, columns: Sequence[Sequence[Scalar]], compute: DType, result: DType
    ) -> Cells:
        """Return cells of ``result`` for columns of values of ``compute``."""
        try:
            return result.pack_from(lambda: self.values(columns, compute, total=False))
        except ZeroDivisionError:
            if compute.kind < Kind.FLOAT:
                raise RuntimeError(
                    explain(
                        self.name,
                        "ZeroDivisionError, an integer was divided by zero",
                        remedy="Convert to a floating-point dtype to get inf or nan",
                    )
                ) from None
            return result.pack_from(lambda: self.values(columns, compute, total=True))
        except (ArithmeticError, ValueError):
            return result.pack_from(lambda: self.values(columns, compute, total=True))


@final
@describes_itself
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Unary(Elementwise):
    """An operation of one input, such as ``sin``.

    >>> import gnomon as torch
    >>> from gnomon.op.claims import EXACT, REALS
    >>> from gnomon.op.rules import same
    >>> double = Unary(
    ...     name="double",
    ...     definition="twice the input",
    ...     dtype=same,
    ...     scalar=lambda x: 2 * x,
    ...     vjp=lambda g, _x, _y: double(g),
    ...     tolerance=EXACT,
    ...     domain=REALS,
    ... )
    >>> double(torch.tensor([1.5, -2.0]))
    tensor([ 3., -4.])
    """

    scalar: UnaryMeaning
    #: The meaning on integers and bools, where it is not ``scalar``.
    integer: UnaryMeaning | None = None
    boolean: UnaryMeaning | None = None
    #: The value where ``scalar`` raises, as C functions of Python's math do.
    undefined: UnaryMeaning | None = None
    vjp: UnaryDerivative | None = None

    @numpy_names
    def __call__(self, input: T, *, out: T | None = None) -> T:
        return apply(self, (input,), out)

    def values(
        self, columns: Sequence[Sequence[Scalar]], dtype: DType, total: bool
    ) -> Iterable[Scalar]:
        (input,) = columns
        meaning = self.scalar
        if dtype.kind < Kind.FLOAT:
            meaning = (self.boolean if dtype is bool_ else None) or self.integer or meaning
        if total and self.undefined is not None:
            meaning = guarded(meaning, self.undefined)
        return map(meaning, input)

    def derivative(self, position: int) -> object:
        return self.vjp

    def cotangent(
        self,
        position: int,
        cotangent: TensorCore,
        inputs: Sequence[TensorCore],
        output: TensorCore,
    ) -> TensorCore:
        assert self.vjp is not None
        return self.vjp(cotangent, inputs[0], output)


@final
@describes_itself
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Binary(Elementwise):
    """An operation of two inputs, such as ``add``; one may be a number (see ``tensors``).

    >>> import gnomon as torch
    >>> torch.remainder(torch.tensor([5, -5]), 3)
    tensor([2, 1])
    """

    scalar: BinaryMeaning
    integer: BinaryMeaning | None = None
    boolean: BinaryMeaning | None = None
    undefined: BinaryMeaning | None = None
    #: The meaning on floats where it depends on which floats there are.
    floating: Callable[[DType], BinaryMeaning] | None = None
    vjp: tuple[BinaryDerivative | None, BinaryDerivative | None] = (None, None)

    @overload
    def __call__(self, input: T, other: T | Scalar, *, out: T | None = None) -> T: ...
    @overload
    def __call__(self, input: Scalar, other: T, *, out: T | None = None) -> T: ...
    @numpy_names
    def __call__(self, input: T | Scalar, other: T | Scalar, *, out: T | None = None) -> T:
        return apply(self, (input, other), out)

    def values(
        self, columns: Sequence[Sequence[Scalar]], dtype: DType, total: bool
    ) -> Iterable[Scalar]:
        input, other = columns
        meaning = self.scalar
        if dtype.kind < Kind.FLOAT:
            meaning = (self.boolean if dtype is bool_ else None) or self.integer or meaning
        elif self.floating is not None:
            meaning = self.floating(dtype)
        if total and self.undefined is not None:
            meaning = guarded(meaning, self.undefined)
        return map(meaning, input, other)

    def derivative(self, position: int) -> object:
        return self.vjp[position]

    def cotangent(
        self,
        position: int,
        cotangent: TensorCore,
        inputs: Sequence[TensorCore],
        output: TensorCore,
    ) -> TensorCore:
        derivative = self.vjp[position]
        assert derivative is not None
        return derivative(cotangent, inputs[0], inputs[1], output)


@final
@describes_itself
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Ternary(Elementwise):
    """An operation of three inputs, such as ``where``; some may be Python numbers.

    >>> import gnomon as torch
    >>> from gnomon.ops.selection import clamp_both
    >>> clamp_both(torch.tensor([-3, 0, 3]), -1, torch.tensor([1, 1, 2]))
    tensor([-1,  0,  2])
    """

    scalar: TernaryMeaning
    vjp: tuple[TernaryDerivative | None, TernaryDerivative | None, TernaryDerivative | None]

    @overload
    def __call__(
        self, input: T, other: T | Scalar, third: T | Scalar, *, out: T | None = None
    ) -> T: ...
    @overload
    def __call__(
        self, input: Scalar, other: T, third: T | Scalar, *, out: T | None = None
    ) -> T: ...
    @numpy_names
    def __call__(
        self, input: T | Scalar, other: T | Scalar, third: T | Scalar, *, out: T | None = None
    ) -> T:
        return apply(self, (input, other, third), out)

    def values(
        self, columns: Sequence[Sequence[Scalar]], dtype: DType, total: bool
    ) -> Iterable[Scalar]:
        first, second, third = columns
        return map(self.scalar, first, second, third)

    def derivative(self, position: int) -> object:
        return self.vjp[position]

    def cotangent(
        self,
        position: int,
        cotangent: TensorCore,
        inputs: Sequence[TensorCore],
        output: TensorCore,
    ) -> TensorCore:
        derivative = self.vjp[position]
        assert derivative is not None
        return derivative(cotangent, inputs[0], inputs[1], inputs[2], output)


@final
@describes_itself
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Quaternary(Elementwise):
    """An operation of four inputs, such as ``addcmul``; some may be Python numbers.

    >>> import gnomon as torch
    >>> from gnomon.ops.arithmetic import add_product
    >>> add_product(torch.tensor([1]), torch.tensor([2, 3]), torch.tensor([4]), 10)
    tensor([ 81, 121])
    """

    scalar: QuaternaryMeaning
    undefined: QuaternaryMeaning | None = None
    vjp: tuple[
        QuaternaryDerivative | None,
        QuaternaryDerivative | None,
        QuaternaryDerivative | None,
        QuaternaryDerivative | None,
    ]

    @numpy_names
    def __call__(
        self,
        input: T,
        other: T | Scalar,
        third: T | Scalar,
        fourth: T | Scalar,
        *,
        out: T | None = None,
    ) -> T:
        return apply(self, (input, other, third, fourth), out)

    def values(
        self, columns: Sequence[Sequence[Scalar]], dtype: DType, total: bool
    ) -> Iterable[Scalar]:
        first, second, third, fourth = columns
        meaning = self.scalar
        if total and self.undefined is not None:
            meaning = guarded(meaning, self.undefined)
        return map(meaning, first, second, third, fourth)

    def derivative(self, position: int) -> object:
        return self.vjp[position]

    def cotangent(
        self,
        position: int,
        cotangent: TensorCore,
        inputs: Sequence[TensorCore],
        output: TensorCore,
    ) -> TensorCore:
        derivative = self.vjp[position]
        assert derivative is not None
        first, second, third, fourth = inputs
        return derivative(cotangent, first, second, third, fourth, output)


def apply(record: Elementwise, inputs: tuple[T | Scalar, ...], out: T | None) -> T:
    """Run a record on tensors and Python numbers, and record it for ``backward``."""
    launch = prepare(
        record.name,
        record.dtype,
        inputs,
        record.conditions,
        record.precise_numbers,
        record.tensors,
    )
    output = allocate(launch.backend, launch.layout, launch.result)
    launch.backend.elementwise(record, launch.inputs, output)
    prototype = first_tensor(inputs)
    result = prototype.like(output)
    if modes.grad and launch.result.kind >= Kind.FLOAT:
        record_history(record, inputs, result)
    if out is not None:
        return deliver(record.name, result, out, inputs)
    return result


def first_tensor(inputs: Sequence[T | Scalar]) -> T:
    """Return the first tensor among ``inputs``, of which ``prepare`` has seen that there is
    one.
    """
    for value in inputs:
        if isinstance(value, TensorCore):
            return value
    raise AssertionError("prepare lets no call without a tensor through")


def record_history(
    record: Elementwise,
    inputs: Sequence[TensorCore | Scalar],
    result: TensorCore,
) -> None:
    """Make ``result`` the output of a new node if a gradient can flow through the record."""
    made = make_node(record, inputs, inputs, result)
    if made is None:
        return
    node, saves_result = made
    if saves_result:
        node.save_result(result)
    set_history(result, node)


def make_node(
    record: Elementwise,
    inputs: Sequence[TensorCore | Scalar],
    kept: Sequence[TensorCore | Scalar],
    result: TensorCore,
) -> tuple[OperationNode, bool] | None:
    """Return a node if a gradient can flow through the record, and whether it saves the result.

    ``inputs`` give the edges and ``kept`` what to save of each: an in-place call keeps a copy
    of what it is about to overwrite, and has the node before it has the result.
    """
    needs = tuple([isinstance(value, TensorCore) and value.tracked for value in inputs])
    if True not in needs:
        return None
    wanted = saved_positions(record, inputs)
    if not wanted:
        return None
    saves = [
        SavedTensor(value) if want and isinstance(value, TensorCore) else None
        for want, value in zip(wanted, kept, strict=False)
    ]
    saves.append(None)
    numbers = tuple([None if isinstance(value, TensorCore) else value for value in inputs])
    label = record.node_name or node_label(record.name)
    if record.number_node_name and numbers.count(None) < len(numbers):
        label = record.number_node_name
    node = OperationNode(
        label,
        [value if isinstance(value, TensorCore) else None for value in inputs],
        (result,),
        saves,
        partial(_cotangents, record, needs, numbers),
    )
    return node, wanted[-1]


def saved_positions(
    record: Elementwise, inputs: Sequence[TensorCore | Scalar]
) -> Sequence[bool]:
    """Return for each input, then for the output, whether a derivative that is needed saves it.

    Nothing is returned when no derivative is needed.
    """
    wanted: list[bool] = []
    for position, value in enumerate(inputs):
        if isinstance(value, TensorCore) and value.tracked:
            derivative = record.derivative(position)
            if derivative is not None:
                saved = saved_parameters(derivative)
                wanted = (
                    [a or b for a, b in zip(wanted, saved, strict=True)] if wanted else [*saved]
                )
    return wanted


def _cotangents(
    record: Elementwise,
    needs: tuple[bool, ...],
    numbers: tuple[Scalar | None, ...],
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    (cotangent,) = cotangents
    if cotangent is None:
        return [None] * len(needs)
    *kept, output = saved
    inputs = [
        _operand_for_derivative(cotangent, tensor, number)
        for tensor, number in zip(kept, numbers, strict=True)
    ]
    return [
        record.cotangent(position, cotangent, inputs, NOT_SAVED if output is None else output)
        if needed and record.derivative(position) is not None
        else None
        for position, needed in enumerate(needs)
    ]


def _operand_for_derivative(
    prototype: TensorCore, tensor: TensorCore | None, number: Scalar | None
) -> TensorCore:
    if tensor is not None:
        return tensor
    return NOT_SAVED if number is None else wrapped_number(prototype, number)


def wrapped_number(prototype: T, number: Scalar) -> T:
    """Return a Python number in tensor form, which promotes as the number would."""
    dtype = dtype_of_scalar(number)
    stored = float64 if dtype.is_floating_point else dtype
    with unnoted():  # a constant
        tensor = prototype.like(filled(backend_for(CPU), (), stored, number))
    tensor.is_wrapped_number = True
    return tensor
