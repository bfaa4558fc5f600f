"""Derivatives: of every record that has one, of the first and the second order.

Each is judged twice. The derivative itself, on the oracle in float64, against differences of
the function along a random direction; so a wrong formula shows whatever device computes it. And
the device's gradients against the oracle's, under the same cotangents: random, strided,
expanded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Final

import gnomon
from gnomon import Tensor
from gnomon.backend import Device, DType, float32, float64
from gnomon.records import Domain, Elementwise, Reduction, Scan
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.catalogue import DIFFERENTIABLE
from gnomon_conformance.functions import (
    Function,
    Input,
    compare,
    floats_of,
    gradients_of,
    leaves_of,
    made,
    right_results,
    strided,
)
from gnomon_conformance.inventory import arity_of, elementwise_records, records_of
from gnomon_conformance.judging import Evidence, Wrong
from gnomon_conformance.launches import domains_of
from gnomon_conformance.target import Target, oracle

LEVEL = Level.AUTOGRAD
#: Operands by which there is no derivative, in PyTorch either.
_UNDEFINED: Final = {("special_zeta", 0)}
#: Reductions whose meaning is that of all elements at once.
_OF_ALL: Final = ("max", "min")
#: What is left where a gradient under a constant cotangent is 0 by cancellation.
_CANCELLED: Final = 1e-4
#: How often values are drawn anew, where a function jumps beside those drawn.
_DRAWS: Final = 4
_STEP: Final = 1e-5
#: The error of a central difference is about step**2 of the third derivative, and eps / step.
_CLOSE: Final = 2e-5


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of derivatives."""
    for record in elementwise_records():
        if record.differentiable():
            yield from _cases_of(record.name, *_elementwise(record), Level.AUTOGRAD)
    folds: list[Reduction | Scan] = [*records_of(Reduction), *records_of(Scan)]
    for fold in folds:
        if fold.differentiable():
            for name, function, input in _folds(fold):
                yield from _cases_of(name, function, [input], Level.AUTOGRAD)
    for entry in DIFFERENTIABLE:
        level = Level.AUTOGRAD if entry.level < Level.AUTOGRAD else entry.level
        yield from _cases_of(f"of-{entry.name}", entry.function, entry.inputs, level)


def _cases_of(
    name: str, function: Function, inputs: Sequence[Input], level: Level
) -> Iterator[Case]:
    yield Case(
        level=level,
        family="derivative",
        subject=name,
        dtype="float64",
        check=partial(_numerical, name, function, inputs),
    )
    for dtype in (float32, float64):
        yield Case(
            level=level,
            family="gradient",
            subject=name,
            dtype=dtype.name,
            tier=Tier.QUICK if dtype is float32 else Tier.DEFAULT,
            check=partial(_gradients, name, function, inputs, dtype),
        )


def _interval(domain: Domain) -> tuple[float, float]:
    low, high = max(domain.low, -2.5), min(domain.high, 2.5)
    if domain.low > 2.0:
        low, high = domain.low + 0.2, min(domain.low + 4.0, domain.high)
    span = high - low
    return low + 0.05 * span, high - 0.05 * span


def _elementwise(record: Elementwise) -> tuple[Function, list[Input]]:
    """Return the record as a function of what it can be differentiated in."""
    domains = domains_of(record, arity_of(record))
    numbers: list[float | None] = []
    inputs: list[Input] = []
    for position, domain in enumerate(domains):
        if position < record.conditions:
            numbers.append(None)
            inputs.append(Input((3, 4), kind="bool"))
        elif (record.name, position) in _UNDEFINED or (
            record.derivative(position) is None and position
        ):
            low, high = _interval(domain)
            numbers.append(float(math.ceil(low)) if domain.whole else 0.5 * (low + high) + 0.03)
        else:
            numbers.append(None)
            # The second operand broadcasts, so that its gradient is summed.
            inputs.append(Input((4,) if position == 1 else (3, 4), *_interval(domain)))

    def function(tensors: list[Tensor]) -> list[Tensor]:
        given = iter(tensors)
        operands = [next(given) if each is None else each for each in numbers]
        return [record(*operands)]  # type: ignore[operator]  # each family has its own call

    return function, inputs


def _folds(record: Reduction | Scan) -> Iterator[tuple[str, Function, Input]]:
    low, high = (0.5, 1.5) if "prod" in record.name else (-2.0, 2.0)
    input = Input((3, 4), low, high)
    if isinstance(record, Scan):
        scan = record
        yield record.name, lambda x: [scan(x[0], 1)], input
        yield f"{record.name}-dim0", lambda x: [scan(x[0], 0)], input
        return
    for parameters in record.samples:
        name = "-".join([record.name, *map(str, parameters)])
        if record.name not in _OF_ALL:
            yield name, partial(_fold, record, parameters, (1,)), input
        yield f"{name}-all", partial(_fold, record, parameters, (0, 1)), input


def _fold(
    record: Reduction, parameters: tuple[float, ...], dims: tuple[int, ...], x: list[Tensor]
) -> list[Tensor]:
    return [record(x[0], dims, len(dims) == 1, parameters=parameters)]


def _weighted(outputs: Sequence[Tensor], weights: Sequence[Tensor]) -> Tensor:
    """Return the sum of all elements of the outputs times those of the weights."""
    total = gnomon.zeros((), dtype=weights[0].dtype, device=weights[0].device)
    for output, weight in zip(outputs, weights, strict=True):
        total = total + (output * weight).sum()
    return total


def _random_like(tensors: Sequence[Tensor], chooser: Random, device: Device) -> list[Tensor]:
    found = []
    for tensor in tensors:
        count = math.prod(tensor.shape)
        drawn = [round(chooser.uniform(-1.5, 1.5), 2) + 0.005 for _ in range(count)]
        made = gnomon.tensor(drawn, dtype=tensor.dtype).reshape(tuple(tensor.shape))
        found.append(made.to(device))
    return found


class _Jump(Exception):
    """Beside the values that were drawn a function jumps or turns: differences say nothing."""


def _numerical(
    name: str, function: Function, inputs: Sequence[Input], target: Target
) -> Evidence:
    """First and second derivatives along random directions, against central differences."""
    for attempt in range(_DRAWS):
        try:
            return _differences(f"{name} {target.seed} {attempt}", function, inputs)
        except _Jump:
            continue
    raise Wrong("differences of several orders disagree, wherever the function is looked at")


def _differences(key: str, function: Function, inputs: Sequence[Input]) -> Evidence:
    chooser = Random(f"numerical {key}")
    values = [each.draw(chooser, float64) for each in inputs]
    start = made(inputs, values, float64, oracle())
    cotangents = _random_like(floats_of(function(start)), chooser, oracle())
    if not cotangents:
        return Evidence(1)
    weights = _random_like(floats_of(start), chooser, oracle())
    directions = _random_like(floats_of(start), chooser, oracle())

    def value(tensors: list[Tensor]) -> Tensor:
        return _weighted(floats_of(function(tensors)), cotangents)

    def slope(tensors: list[Tensor]) -> Tensor:
        return _weighted(gradients_of(function, leaves_of(tensors), cotangents), weights)

    leaves = leaves_of(start)
    gradient = gradients_of(function, leaves, cotangents, again=True)
    first = float(_weighted(gradient, directions).item())
    _agree("the first derivative", first, _difference(value, start, directions))
    second = _slope_of(_weighted(gradient, weights), floats_of(leaves), directions)
    _agree("the second derivative", second, _difference(slope, start, directions))
    return Evidence(2)


def _slope_of(total: Tensor, leaves: Sequence[Tensor], directions: Sequence[Tensor]) -> float:
    """Return the derivative of a number along a direction; 0 where nothing flows."""
    if not total.requires_grad:
        return 0.0
    found = gnomon.autograd.grad([total], leaves, allow_unused=True)
    flowing = [
        (gradient, direction)
        for gradient, direction in zip(found, directions, strict=True)
        if gradient is not None
    ]
    if not flowing:
        return 0.0
    gradients, ways = zip(*flowing, strict=True)
    return float(_weighted(gradients, ways).item())


def _difference(
    function: Callable[[list[Tensor]], Tensor],
    start: Sequence[Tensor],
    directions: Sequence[Tensor],
) -> float:
    """Return the derivative along a direction, by differences of the fourth order.

    Raises _Jump where those of the second order, over one step and over two, disagree by more
    than a derivative may be off: somewhere between, a function turns.
    """
    found = []
    for steps in (1, 2):
        ends = []
        for sign in (1, -1):
            ways = iter(directions)
            moved = [
                tensor + next(ways) * (sign * steps * _STEP)
                if tensor.dtype.is_floating_point
                else tensor
                for tensor in start
            ]
            ends.append(float(function(moved).item()))
        found.append((ends[0] - ends[1]) / (2 * steps * _STEP))
    if not _are_close(*found):
        raise _Jump
    return (4 * found[0] - found[1]) / 3


def _agree(which: str, mine: float, differences: float) -> None:
    if not _are_close(mine, differences):
        raise Wrong(f"{which} is {mine!r} along a direction; differences give {differences!r}")


def _are_close(a: float, b: float) -> bool:
    return abs(a - b) <= _CLOSE * (1.0 + abs(a) + abs(b))


def _gradients(
    name: str, function: Function, inputs: Sequence[Input], dtype: DType, target: Target
) -> Evidence:
    """The device's gradients of both orders against the oracle's, under three cotangents."""
    chooser = Random(f"gradients {name} {dtype.name} {target.seed}")
    values = [each.draw(chooser, dtype) for each in inputs]
    outputs = floats_of(function(made(inputs, values, dtype, oracle())))
    if not outputs:
        return Evidence(1)
    shapes = [Input(tuple(each.shape), -1.5, 1.5) for each in outputs]
    drawn = [each.draw(chooser, dtype) for each in shapes]
    count = len(inputs)
    both = [*inputs, *shapes]

    def differentiate(tensors: list[Tensor], order: int = 2) -> list[Tensor]:
        leaves = leaves_of(tensors[:count])
        gradient = gradients_of(function, leaves, tensors[count:], again=order > 1)
        if order < 2:
            return [*gradient]
        total = sum_of_squares(gradient)
        if not total.requires_grad:
            return [each.detach() for each in gradient]
        second = gnomon.autograd.grad([total], floats_of(leaves), allow_unused=True)
        zeros = [gnomon.zeros_like(each) for each in floats_of(leaves)]
        filled = [b if a is None else a for a, b in zip(second, zeros, strict=True)]
        return [*[each.detach() for each in gradient], *filled]

    all_values = [*values, *drawn]
    right = right_results(differentiate, both, all_values, dtype, chooser)
    given = made(both, all_values, dtype, target.device)
    evidence = compare(differentiate(given), right, strides=False, what="gradients: ")
    turned = [strided(tensor) for tensor in given]
    evidence += compare(differentiate(turned), right, strides=False, what="strided: ")
    ones = [[0.75] * len(column) for column in drawn]
    right = right_results(
        partial(differentiate, order=1), both, [*values, *ones], dtype, chooser, _CANCELLED
    )
    expanded = [
        gnomon.tensor(0.75, dtype=dtype).to(target.device).expand(each.shape) for each in shapes
    ]
    evidence += compare(
        differentiate([*given[:count], *expanded], 1), right, strides=False, what="expanded: "
    )
    return evidence


def sum_of_squares(tensors: Sequence[Tensor]) -> Tensor:
    """Return a number in which every element of the tensors counts."""
    total = (tensors[0] * tensors[0]).sum()
    for tensor in tensors[1:]:
        total = total + (tensor * tensor).sum()
    return total
