"""Derivatives two ways: by central differences, and by backward passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import mul
from random import Random
from typing import TypeAlias

from gnomon.autograd.differentiation import grad
from gnomon.backend import Operand
from gnomon.dispatch import allocate, values_of
from gnomon.dtypes import Scalar, float64
from gnomon.formats import contiguous_format
from gnomon.layout import Layout
from gnomon.memory import cast_cells
from gnomon.op.output import write
from gnomon.ops.joining import stack
from gnomon.tensor import Tensor
from gnomon.tensor.factories import zeros_like

Checked: TypeAlias = Callable[..., object]  # any signature: it is called with the inputs
#: Of one input and one output: a row per element of the input, a column per element of the
#: output.
Jacobian: TypeAlias = list[list[float]]


def checked_inputs(inputs: Sequence[object]) -> list[tuple[int, Tensor]]:
    """Return the inputs that require grad, each with its place among the inputs."""
    return [
        (place, value)
        for place, value in enumerate(inputs)
        if isinstance(value, Tensor) and value.requires_grad
    ]


def differentiable_outputs(func: Checked, inputs: Sequence[object]) -> list[Tensor]:
    """Return the outputs that can be differentiated."""
    returned = func(*inputs)
    listed = returned if isinstance(returned, tuple | list) else (returned,)
    return [value for value in listed if isinstance(value, Tensor) and value.requires_grad]


def numerical_jacobians(
    func: Checked,
    inputs: Sequence[object],
    value: Tensor,
    eps: float,
    differentiable: bool = True,
) -> list[Jacobian]:
    """Return the Jacobian of every output with respect to ``value``, by central differences."""
    storage, layout, dtype = value.operand
    jacobians: list[Jacobian] = []
    # A list: the values may be read from the very memory that is written to.
    values = list(values_of(value.operand))
    for position, present in zip(layout.positions(), values, strict=True):
        element = value.like(Operand(storage, Layout((), (), position), dtype))
        # Written as through .data: the function may have saved the input.
        element.counts_writes = False
        sides = []
        for shifted in (present - eps, present + eps):
            write(element, shifted)
            sides.append(_values(func, inputs, differentiable))
        write(element, present)
        rows = [
            [float(b - a) / (2 * eps) for a, b in zip(low, high, strict=True)]
            for low, high in zip(*sides, strict=True)
        ]
        if not jacobians:
            jacobians = [[] for _ in rows]
        for jacobian, row in zip(jacobians, rows, strict=True):
            jacobian.append(row)
    return jacobians


def _values(
    func: Checked, inputs: Sequence[object], differentiable: bool
) -> list[list[Scalar]]:
    if differentiable:
        outputs = differentiable_outputs(func, inputs)
    else:
        returned = func(*inputs)
        listed = returned if isinstance(returned, tuple | list) else (returned,)
        outputs = [
            value for value in listed if isinstance(value, Tensor) and value.is_floating_point()
        ]
    return [list(values_of(output.operand)) for output in outputs]


def analytical_jacobians(output: Tensor, inputs: Sequence[Tensor]) -> list[Jacobian]:
    """Return the Jacobian of ``output`` with respect to each input, a pass per column."""
    columns: list[list[list[float]]] = [[] for _ in inputs]
    for place in range(output.numel()):
        # Contiguous: a view of it as a vector is wanted, whatever the strides of the output.
        weight = zeros_like(output, memory_format=contiguous_format).detach()
        write(weight.view(-1).select(0, place), 1)
        gradients = grad(output, inputs, weight, retain_graph=True, allow_unused=True)
        for column, value, gradient in zip(columns, inputs, gradients, strict=True):
            column.append(numbers_of(value if gradient is None else gradient, gradient is None))
    return [
        [list(row) for row in zip(*column, strict=True)] or [[] for _ in range(value.numel())]
        for column, value in zip(columns, inputs, strict=True)
    ]


def numbers_of(tensor: Tensor, zero: bool = False) -> list[float]:
    if zero:
        return [0.0] * tensor.numel()
    return [float(value) for value in values_of(tensor.operand)]


def slope_along(
    func: Checked,
    inputs: Sequence[object],
    value: Tensor,
    direction: Tensor,
    number: int,
    weight: Tensor,
    eps: float,
) -> float:
    """Return how the weighted output changes when ``value`` moves along ``direction``."""
    alias, present = value.data, list(values_of(value.operand))
    sides = []
    for step in (-eps, eps):
        moved = [a + step * b for a, b in zip(present, numbers_of(direction), strict=True)]
        write(alias, _filled_like(value, moved))
        sides.append(_values(func, inputs, True)[number])
    write(alias, _filled_like(value, present))
    low, high = sides
    changes = [float(b - a) for a, b in zip(low, high, strict=True)]
    return float(sum(map(mul, changes, numbers_of(weight)))) / (2 * eps)


def random_weights(outputs: Sequence[Tensor], strided: bool) -> list[Tensor]:
    numbers = Random(0)
    weights = []
    for output in outputs:
        values = [numbers.gauss(0.0, 1.0) for _ in range(output.numel())]
        weight = Tensor.over(_filled_like(output, values))
        if strided and weight.ndim:
            weight = stack([weight, weight], -1).select(-1, 0)
        weights.append(weight.detach().requires_grad_())
    return weights


def _filled_like(prototype: Tensor, values: Sequence[Scalar]) -> Operand:
    """Return a contiguous operand of ``values``, like ``prototype`` in all but strides."""
    storage, layout, dtype = prototype.operand
    operand = allocate(storage.backend, Layout.contiguous(layout.shape), dtype)
    cells = memoryview(dtype.pack_converted(values, float64))
    storage.backend.write(operand.storage.memory, 0, cast_cells(cells, "B"))
    return operand
