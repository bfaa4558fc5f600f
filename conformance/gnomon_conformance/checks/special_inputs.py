"""Composites of inputs that kernels written for ordinary ones go wrong at: a NaN or an infinity
among the elements, many equal ones, nothing but equal ones, all far from zero, and
whole rows or windows that have nothing to choose from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Final, TypeAlias

from gnomon import Tensor
from gnomon.backend import Scalar, float32
from gnomon_conformance.cases import Case, Tier
from gnomon_conformance.catalogue import ENTRIES
from gnomon_conformance.entries import Entry
from gnomon_conformance.functions import (
    Input,
    compare,
    gradients_of,
    leaves_of,
    made,
    right_results,
    with_gradients,
)
from gnomon_conformance.judging import NOTHING, Evidence, Wrong
from gnomon_conformance.target import Target, oracle

#: Changes the elements of an input, of which a place is chosen at random.
Change: TypeAlias = Callable[[list[Scalar], int], list[Scalar]]


def _with(value: float) -> Change:
    """Return the change that puts ``value`` in a place."""
    return lambda column, place: [*column[:place], value, *column[place + 1 :]]


def _first_half(column: list[Scalar], value: float) -> list[Scalar]:
    half = len(column) // 2
    return [value] * half + column[half:]


CHANGES: Final[dict[str, Change]] = {
    "a NaN": _with(math.nan),
    "an infinity": _with(math.inf),
    "-inf": _with(-math.inf),
    "ties": lambda column, place: [float(round(float(each))) for each in column],
    "equal elements": lambda column, place: [1.5] * len(column),
    "elements far from zero": lambda column, place: [100.0 + each for each in column],
    "a half of NaN": lambda column, place: _first_half(column, math.nan),
    "a half of -inf": lambda column, place: _first_half(column, -math.inf),
    "zeros of both signs": lambda column, place: [
        (0.0, each, -0.0)[number % 3] for number, each in enumerate(column)
    ],
    "large elements": lambda column, place: [1e30 * float(each) for each in column],
}
#: What is not tried with large elements: their squares are infinite.
_SQUARING: Final = ("layer-norm", "batch-norm", "group-norm")
#: Functions of the catalogue whose first input is changed. Not among them are those that may or
#: may not multiply an infinity by a zero, as by a weight that is masked.
_NAMES: Final = (
    *("softmax", "softmax-middle", "softmax-wide", "softmax-tall"),
    *("log-softmax", "log-softmax-wide", "cross-entropy", "cross-entropy-many"),
    *("layer-norm", "layer-norm-wide", "layer-norm-plain", "batch-norm", "group-norm"),
    *("conv1d", "conv2d", "conv2d-points", "conv2d-dilated", "conv2d-groups", "avg-pool2d"),
    *("max-pool2d", "max-pool2d-overlapping", "max-pool2d-indices", "max-pool1d"),
    *("max-pool2d-channels-last", "avg-pool2d-channels-last"),
    *("searchsorted", "searchsorted-right", "searchsorted-rows"),
    *("matmul", "bmm", "addmm", "addmm-plain", "linear", "products-and-sums"),
)
#: Those whose derivatives tell a NaN, too.
_DERIVED: Final = ("softmax", "softmax-middle", "log-softmax", "cross-entropy")
#: Those that a NaN, and those that an infinity goes back through where it has to: not to
#: weights that met nothing but the zeros around an image, which may or may not be multiplied.
_BACK_THROUGH: Final = {
    math.nan: (
        *("max-pool2d", "max-pool2d-overlapping", "max-pool1d", "avg-pool2d"),
        *("softmax", "softmax-middle", "log-softmax", "layer-norm", "batch-norm"),
        *("conv2d-dilated", "conv2d-groups", "matmul", "bmm", "linear"),
    ),
    math.inf: ("max-pool2d", "max-pool2d-overlapping", "max-pool1d", "avg-pool2d"),
}


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each of the functions."""
    for entry in ENTRIES:
        if entry.name in _NAMES:
            yield Case(
                level=entry.level,
                family="special-inputs",
                subject=entry.name,
                dtype="float32",
                tier=Tier.QUICK,
                check=partial(_special, entry, seed),
            )


def _special(entry: Entry, seed: int, target: Target) -> Evidence:
    evidence = NOTHING
    derived = entry.name in _DERIVED
    function = with_gradients(entry.function) if derived else entry.function
    for what, change in CHANGES.items():
        if what == "large elements" and entry.name.startswith(_SQUARING):
            continue
        chooser = Random(f"{entry.name} {what} {seed}")
        values: list[Sequence[Scalar]] = [each.draw(chooser, float32) for each in entry.inputs]
        changed = change([*values[0]], chooser.randrange(len(values[0])))
        values[0] = [float32.round(float(each)) for each in changed]
        right = right_results(function, entry.inputs, values, float32, chooser)
        given = made(entry.inputs, values, float32, target.device)
        try:
            evidence += compare(function(given), right)
        except Wrong as wrong:
            raise Wrong(f"of {what}: {wrong.fault}") from None
    for value, names in _BACK_THROUGH.items():
        if entry.name in names:
            evidence += _sent_back(entry, value, seed, target)
    return evidence


def _sent_back(entry: Entry, value: float, seed: int, target: Target) -> Evidence:
    """Gradients under cotangents of which one is ``value``."""
    chooser = Random(f"{entry.name} back {value} {seed}")
    values: list[Sequence[Scalar]] = [each.draw(chooser, float32) for each in entry.inputs]
    result, *_ = entry.function(made(entry.inputs, values, float32, oracle()))
    cotangent = Input(tuple(result.shape), -1.5, 1.5)
    column = cotangent.draw(chooser, float32)
    column[chooser.randrange(len(column))] = value

    def differentiate(tensors: list[Tensor]) -> Sequence[Tensor]:
        return gradients_of(
            lambda x: entry.function(x)[:1], leaves_of(tensors[1:]), tensors[:1]
        )

    inputs, given = [cotangent, *entry.inputs], [column, *values]
    right = right_results(differentiate, inputs, given, float32, chooser)
    mine = differentiate(made(inputs, given, float32, target.device))
    return compare(mine, right, what=f"of a cotangent that is {value}: ")
