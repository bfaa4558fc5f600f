"""Functions of tensors, judged as a whole: what a composite, a derivative or a program gives.

The right values are those of the oracle in float64, from exactly the same inputs. How far a
backend may be off is measured, not guessed: by how much the result moves when the inputs move
by one rounding (the condition of the function), and by how far the oracle itself is off when it
computes in the backend's dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Final, NamedTuple, TypeAlias, cast, final

import gnomon
from gnomon import Tensor
from gnomon.backend import Device, DType, Scalar, bool_, float32, float64, int64
from gnomon_conformance.correct import epsilon
from gnomon_conformance.judging import Evidence, Wrong
from gnomon_conformance.target import Target, oracle

#: From tensors to tensors.
Function: TypeAlias = Callable[[list[Tensor]], Sequence[Tensor]]

#: How many roundings of the inputs, of the result, and of the largest result are allowed; and
#: how many times what the oracle is off by in the same dtype.
_CONDITION: Final = 16.0
_ROUNDINGS: Final = 16.0
_OF_LARGEST: Final = 4.0
_OF_ORACLE: Final = 8.0
#: With no element of more roundings of the inputs than these, a result is what cancelling left;
#: the oracle's sums are exact, others are off by a rounding for each term: so many are allowed.
_NOTHING: Final = 64.0
_TERMS: Final = 64.0
#: How many samples are taken of the condition at first; and of it and of the oracle, moreover,
#: when something is too far off by these.
_PERTURBATIONS: Final = 2
_MANY: Final = 16
#: How far from the inputs, as a part of each, others may be of which as much is lost.
_AWAY: Final = 2.0**-10
#: How many elements of something else an input follows, so that it is aligned or is not, and
#: how many follow it.
BEFORE: Final = (64, 5)
_BEHIND: Final = 64


@final
class Input(NamedTuple):
    """One input: its shape, and what its elements are drawn from."""

    shape: tuple[int, ...]
    low: float = -2.0
    high: float = 2.0
    #: "float", "index" (whole numbers from low up to, not including, high) or "bool".
    kind: str = "float"

    def draw(self, chooser: Random, dtype: DType) -> list[Scalar]:
        """Return elements that ``dtype`` holds; floats stay clear of multiples of 1/8."""
        count = math.prod(self.shape)
        if self.kind == "index":
            return [*chooser.choices(range(int(self.low), int(self.high)), k=count)]
        if self.kind == "bool":
            return [chooser.random() < 0.5 for _ in range(count)]
        found: list[Scalar] = []
        while len(found) < count:
            value = float(dtype.round(chooser.uniform(self.low, self.high)))
            far = abs(8 * value - round(8 * value)) > 0.05
            if self.low <= value <= self.high and (far or self.high - self.low < 0.3):
                found.append(value)
        return found


def indices(shape: tuple[int, ...], size: int) -> Input:
    """Return an input of indices into a dim of ``size``."""
    return Input(shape, 0, size, "index")


def made(
    inputs: Sequence[Input], values: Sequence[Sequence[Scalar]], dtype: DType, device: Device
) -> list[Tensor]:
    """Return the inputs as tensors on a device; what is no float keeps its own dtype."""
    own = {"float": dtype, "index": int64, "bool": bool_}
    return [
        gnomon.tensor(list(elements), dtype=own[each.kind]).reshape(each.shape).to(device)
        for each, elements in zip(inputs, values, strict=True)
    ]


@final
class Right(NamedTuple):
    """What is right of one result: its facts, its elements, and how far each may be off.

    ``measured_more`` gives the last once more, from more samples, and never less of it: what is
    too far off by a few samples is judged by many.
    """

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: DType
    elements: list[Scalar]
    slack: list[float]
    measured_more: Callable[[], list[float]] | None = None


def right_results(
    function: Function,
    inputs: Sequence[Input],
    values: Sequence[Sequence[Scalar]],
    dtype: DType,
    chooser: Random,
    floor: float = 0.0,
) -> list[Right]:
    """Return what a function of these values gives, by the oracle; ``floor`` is allowed."""
    alike = function(made(inputs, values, dtype, oracle()))
    measure = _Measure(function, inputs, values, dtype, chooser, alike)
    found = []
    for number, tensor in enumerate(alike):
        facts = (tuple(tensor.shape), tuple(tensor.stride()), tensor.dtype)
        if tensor.dtype.is_floating_point:
            slack = measure.slack(number, floor)
            more = partial(measure.slack, number, floor, many=True)
            found.append(Right(*facts, measure.exact[number], slack, more))
        else:
            found.append(Right(*facts, elements_of(tensor), [0.0] * tensor.numel()))
    return found


@final
class _Measure:
    """How far the elements of a function's results move, and what the oracle loses of them."""

    def __init__(
        self,
        function: Function,
        inputs: Sequence[Input],
        values: Sequence[Sequence[Scalar]],
        dtype: DType,
        chooser: Random,
        alike: Sequence[Tensor],
    ) -> None:
        """``alike`` is what the function gives of the values in ``dtype``."""
        self._function, self._inputs, self._values = function, inputs, values
        self._dtype, self._eps = dtype, epsilon(dtype)
        self._chooser = Random(chooser.random())
        self._many = False
        self.exact = self._results(values, float64)
        #: Of each element of the results that are of floats.
        self._spreads, self._lost = (
            {
                number: [0.0] * tensor.numel()
                for number, tensor in enumerate(alike)
                if tensor.dtype.is_floating_point
            }
            for _ in range(2)
        )
        self._size = max(
            [
                abs(value)
                for each, column in zip(inputs, values, strict=True)
                if each.kind == "float"
                for value in column
                if math.isfinite(value)
            ],
            default=0.0,
        )

        if dtype is float64:
            self._lose(self._results(values, float32), self.exact)
        else:
            self._lose(_elements(alike), self.exact)
        for _ in range(_PERTURBATIONS):
            self._move()

    def _move(self) -> None:
        """Count how far the results move when the inputs move by a part of a rounding."""
        moved = self._results(self._near(self._eps / 2), float64)
        _widen(self._spreads, moved, self.exact)

    def _lose(
        self, rounded: Sequence[Sequence[Scalar]], exact: Sequence[Sequence[Scalar]]
    ) -> None:
        """Count what the oracle loses of results in the dtype, or, of float64, in float32.

        What the steps lose shows in float32, in proportion, but for functions: the oracle
        rounds them once in float32, and in float64 they are off by several ULP.
        """
        part = 4.0 * self._eps / epsilon(float32) if self._dtype is float64 else 1.0
        _widen(self._lost, rounded, exact, part)

    def _lose_nearby(self) -> None:
        """Count what the oracle loses of inputs so far away that all is rounded otherwise, be a
        function as flat as a cosine near 0, and so near that as much may be lost.
        """
        dtype = float32 if self._dtype is float64 else self._dtype
        away = max(_AWAY, 2.0 * epsilon(dtype))
        near = [
            [*map(dtype.round, column)] if each.kind == "float" else column
            for each, column in zip(self._inputs, self._near(away), strict=True)
        ]
        self._lose(self._results(near, dtype), self._results(near, float64))

    def slack(self, number: int, floor: float, *, many: bool = False) -> list[float]:
        """Return how far each element of a result may be off, by few samples or by many.

        Where all elements are next to nothing, they are what is left of terms that cancel, and
        what the oracle loses of one it may lose of any.
        """
        if many and not self._many:
            self._many = True
            for _ in range(_MANY):
                self._move()
                self._lose_nearby()
        exact, lost, eps = self.exact[number], self._lost[number], self._eps
        largest = max([abs(value) for value in exact if math.isfinite(value)], default=0.0)
        terms = min(self._size, 1.0)
        if largest <= _NOTHING * eps * terms:
            lost = [max(lost, default=0.0) * _TERMS / _OF_ORACLE] * len(lost)
        largest = max(largest, terms)
        slack = []
        for value, spread, off in zip(exact, self._spreads[number], lost, strict=True):
            total = floor + _CONDITION * spread + _OF_ORACLE * off
            total += eps * (_ROUNDINGS * abs(value) + _OF_LARGEST * largest)
            slack.append(total if math.isfinite(total) else floor)
        return slack

    def _near(self, part: float) -> list[Sequence[Scalar]]:
        uniform = self._chooser.uniform
        return [
            [value * (1.0 + uniform(-part, part)) for value in column]
            if each.kind == "float"
            else column
            for each, column in zip(self._inputs, self._values, strict=True)
        ]

    def _results(self, values: Sequence[Sequence[Scalar]], dtype: DType) -> list[list[Scalar]]:
        return _elements(self._function(made(self._inputs, values, dtype, oracle())))


def _widen(
    most: dict[int, list[float]],
    results: Sequence[Sequence[Scalar]],
    exact: Sequence[Sequence[Scalar]],
    part: float = 1.0,
) -> None:
    """Let ``most`` be no less than a part of how far each element is from the exact one."""
    for number, farthest in most.items():
        for element, (value, right) in enumerate(
            zip(results[number], exact[number], strict=True)
        ):
            off = abs(value - right) * part
            # An infinity or NaN is judged by what it is, not by how far it is from another.
            if farthest[element] < off < math.inf:
                farthest[element] = off


def _elements(tensors: Sequence[Tensor]) -> list[list[Scalar]]:
    return [elements_of(tensor) for tensor in tensors]


def elements_of(tensor: Tensor) -> list[Scalar]:
    """Return the elements in logical order."""
    line = tensor.detach().cpu().contiguous().reshape(-1)
    return cast("list[Scalar]", line.tolist())


def compare(
    got: Sequence[Tensor], right: Sequence[Right], *, strides: bool = True, what: str = ""
) -> Evidence:
    """Raise Wrong unless each tensor has the right facts and elements."""
    compared = 0
    if len(got) != len(right):
        raise Wrong(f"{what}{len(got)} results; it must be {len(right)}")
    for number, (tensor, expected) in enumerate(zip(got, right, strict=True)):
        which = f"{what}result {number}: " if len(got) > 1 else what
        facts = (tuple(tensor.shape), tensor.dtype)
        if facts != (expected.shape, expected.dtype):
            raise Wrong(f"{which}{facts}; it must be {(expected.shape, expected.dtype)}")
        if strides and tuple(tensor.stride()) != expected.stride:
            raise Wrong(f"{which}strides {tensor.stride()}; they must be {expected.stride}")
        for element, mine in enumerate(elements_of(tensor)):
            value, slack = expected.elements[element], expected.slack[element]
            is_right = _close(mine, value, slack, tensor.dtype)
            if not is_right and expected.measured_more is not None:
                slack = expected.measured_more()[element]
                is_right = _close(mine, value, slack, tensor.dtype)
            if not is_right:
                raise Wrong(
                    f"{which}element {element} is {mine!r}; it must be {value!r}"
                    + (f" within {slack:.3g}" if slack else "")
                )
            compared += 1
    return Evidence(compared + (not compared))


def _close(mine: Scalar, value: Scalar, slack: float, dtype: DType) -> bool:
    if mine != mine or value != value:
        return mine != mine and value != value
    if isinstance(mine, float) and math.isinf(mine) and math.isfinite(value):
        # As large a number as is allowed may be beyond those that the dtype has.
        return mine == dtype.round(value + math.copysign(slack, mine))
    return mine == value or abs(mine - value) <= slack


def floats_of(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return those of the tensors that are of floats."""
    return [tensor for tensor in tensors if tensor.dtype.is_floating_point]


def leaves_of(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the tensors as leaves that require gradients, where they can."""
    return [
        tensor.detach().clone().requires_grad_() if tensor.dtype.is_floating_point else tensor
        for tensor in tensors
    ]


def gradients_of(
    function: Function,
    tensors: Sequence[Tensor],
    cotangents: Sequence[Tensor],
    *,
    again: bool = False,
) -> list[Tensor]:
    """Return the gradients of all float inputs; zeros where none flows."""
    inputs = floats_of(tensors)
    outputs = floats_of(function([*tensors]))
    pairs = [
        (output, cotangent)
        for output, cotangent in zip(outputs, cotangents, strict=True)
        if output.requires_grad
    ]
    if not pairs:
        return [gnomon.zeros_like(each) for each in inputs]
    found = gnomon.autograd.grad(
        [output for output, _ in pairs],
        inputs,
        [cotangent for _, cotangent in pairs],
        create_graph=again,
        allow_unused=True,
    )
    return [
        gnomon.zeros_like(each) if gradient is None else gradient
        for each, gradient in zip(inputs, found, strict=True)
    ]


def with_gradients(function: Function, *, alike: bool = False) -> Function:
    """Return the function that gives a function's results, and gradients of its inputs. Where
    one of these is not contiguous, no cotangent is; with ``alike`` they are expanded along the
    first dim.
    """

    def both(tensors: list[Tensor]) -> Sequence[Tensor]:
        leaves = [
            each.detach().requires_grad_() if each.dtype.is_floating_point else each
            for each in tensors
        ]
        results = function(leaves)
        graded = [each for each in results if each.requires_grad]
        wanted = [each for each in leaves if each.requires_grad]
        if not graded or not wanted:
            return results
        cotangents = [_cotangent(each) for each in graded]
        if alike:
            cotangents = [
                each[:1].expand(each.shape) if each.dim() else each for each in cotangents
            ]
        elif not all(each.is_contiguous() for each in tensors):
            cotangents = [strided(each) for each in cotangents]
        found = gnomon.autograd.grad(graded, wanted, cotangents, allow_unused=True)
        gradients = [each for each in found if each is not None]
        return [*[each.detach() for each in results], *gradients]

    return both


def _cotangent(result: Tensor) -> Tensor:
    numbers = gnomon.arange(result.numel(), device=result.device) % 5 - 1.5
    return numbers.to(result.dtype).reshape(result.shape)


def strided(tensor: Tensor) -> Tensor:
    """Return an equal tensor that is not contiguous: its dims turned, with what is no part of
    it between, and not from the beginning of its storage.
    """
    if not tensor.dim():
        return tensor
    order = [*range(tensor.dim())][::-1]
    turned = tensor.permute(order).contiguous()
    wide = gnomon.stack([gnomon.full_like(turned, _alien(tensor.dtype)), turned], turned.dim())
    back: Tensor = wide.select(turned.dim(), 1).permute(order)
    return back


def amid(tensor: Tensor, before: int) -> Tensor:
    """Return an equal contiguous tensor that lies amid what is no part of it, of which
    ``before`` elements come first.
    """
    count = tensor.numel()
    storage = gnomon.full(
        (before + count + _BEHIND,),
        _alien(tensor.dtype),
        dtype=tensor.dtype,
        device=tensor.device,
    )
    return storage[before : before + count].copy_(tensor.reshape(-1)).reshape(tensor.shape)


def _alien(dtype: DType) -> Scalar:
    """Return what shows in a result if it is taken for an element: no number, no index."""
    if dtype is bool_:
        return True
    return math.nan if dtype.is_floating_point else -(2 ** (8 * dtype.itemsize - 2))


def judge_function(
    function: Function,
    inputs: Sequence[Input],
    dtype: DType,
    key: str,
    target: Target,
    *,
    exact_strides: bool = True,
) -> Evidence:
    """Compare a function on the device with the oracle, of contiguous inputs that lie amid what
    is no part of them, and of strided ones.
    """
    chooser = Random(f"{key} {target.seed}")
    values = [each.draw(chooser, dtype) for each in inputs]
    right = right_results(function, inputs, values, dtype, chooser)
    before = chooser.choice(BEFORE)
    try:
        given = [amid(each, before) for each in made(inputs, values, dtype, target.device)]
        evidence = compare(function(given), right, strides=exact_strides)
        for tensor, column in zip(given, values, strict=True):
            if [*map(float, elements_of(tensor))] != [*map(float, column)]:
                raise Wrong("an input was changed")
        turned = [strided(tensor) for tensor in given]
        evidence += compare(function(turned), right, strides=False, what="of strided inputs: ")
    except Wrong as wrong:
        script = _script(key, inputs, values, dtype, before, target)
        raise Wrong(wrong.fault, script) from None
    return evidence


def channels_last(tensor: Tensor) -> Tensor:
    """Return an equal tensor of which what differs in the second dim alone lies next to each
    other, if there are dims behind it.
    """
    if tensor.dim() < 3:
        return tensor
    return tensor.movedim(1, -1).contiguous().movedim(-1, 1)


def judge_with_gradients(
    function: Function, inputs: Sequence[Input], dtype: DType, key: str, target: Target
) -> Evidence:
    """Compare a function and its gradients, which may lie anyhow."""
    both = with_gradients(function)
    return judge_function(both, inputs, dtype, key, target, exact_strides=False)


def _script(
    key: str,
    inputs: Sequence[Input],
    values: Sequence[Sequence[Scalar]],
    dtype: DType,
    before: int,
    target: Target,
) -> str:
    lines = ["import gnomon as torch", "from math import inf, nan", ""]
    for number, (each, column) in enumerate(zip(inputs, values, strict=True)):
        own = {"float": dtype, "index": int64, "bool": bool_}[each.kind]
        shown = ", ".join(map(repr, column))
        around = f"[{_alien(own)!r}]"
        lines += [
            f"x{number} = {around} * {before} + [{shown}] + {around} * {_BEHIND}",
            f"x{number} = torch.tensor(x{number}, dtype=torch.{own.name})"
            f".to({str(target.device)!r})[{before}:-{_BEHIND}].reshape({each.shape})",
        ]
    names = ", ".join(f"x{number}" for number in range(len(inputs)))
    return "\n".join([*lines, f"# {key} of {names}"])
