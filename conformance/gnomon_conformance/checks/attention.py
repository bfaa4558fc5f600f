"""Attention of a few places: under masks that stand for batches, heads and queries, of operands
that are repeated, at scales of every sign, and of scores that leave nothing to weigh.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from random import Random
from typing import Final, TypeAlias

from gnomon import Tensor
from gnomon.backend import DType, Scalar, float16, float32
from gnomon.nn import functional as F
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.functions import (
    Function,
    Input,
    compare,
    judge_function,
    judge_with_gradients,
    made,
    right_results,
    with_gradients,
)
from gnomon_conformance.judging import NOTHING, Evidence, Wrong
from gnomon_conformance.target import Target

LEVEL: Final = Level.COMPOSITE
#: Changes the elements of an input.
Change: TypeAlias = Callable[[Sequence[Scalar]], Sequence[Scalar]]
_BATCH: Final = 2
_HEADS: Final = 3
_QUERIES: Final = 3
_KEYS: Final = 5
_AHEAD: Final = (_BATCH, _HEADS)
_OPERANDS: Final = (
    Input((*_AHEAD, _QUERIES, 2)),
    Input((*_AHEAD, _KEYS, 2)),
    Input((*_AHEAD, _KEYS, 3)),
)
_MASK: Final = Input((_QUERIES, _KEYS))
#: Heads, queries, keys, and whether those behind a query are hidden from it.
_LENGTHS: Final = (
    *((1, 2, 300, False), (1, 150, 3, False), (1, 140, 140, True), (1, 3, 530, True)),
    (35, 3, 4, False),
)
#: What is tried, of which inputs, and how the values of which of them are changed.
_EXTREMES: Final[tuple[tuple[str, tuple[Input, ...], int, Change], ...]] = (
    ("large scores", _OPERANDS, 0, lambda column: [64.0 * each for each in column]),
    ("a NaN", _OPERANDS, 0, lambda column: [math.nan, *column[1:]]),
    (
        "a query of scores masked",
        (*_OPERANDS, _MASK),
        3,
        lambda column: [*[-math.inf] * _KEYS, *column[_KEYS:]],
    ),
    (
        "a query without keys",
        (*_OPERANDS, _MASK._replace(kind="bool")),
        3,
        lambda column: [*[False] * _KEYS, *column[_KEYS:]],
    ),
    ("one key", (_OPERANDS[0], Input((*_AHEAD, 1, 2)), Input((*_AHEAD, 1, 3))), 0, tuple),
    ("no key", (_OPERANDS[0], Input((*_AHEAD, 0, 2)), Input((*_AHEAD, 0, 3))), 0, tuple),
)


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of attention."""
    checks = {
        "masks": _masks,
        "repeated": _repeated,
        "extremes": _extremes,
        "scales": _scales,
        "lengths": _lengths,
    }
    for name, check in checks.items():
        for dtype in (float32, float16) if check in (_masks, _extremes) else (float32,):
            yield Case(
                level=LEVEL,
                family="attention",
                subject=name,
                dtype=dtype.name,
                check=partial(check, dtype, seed),
            )


def _attend(
    x: Sequence[Tensor], is_causal: bool = False, scale: float | None = None
) -> Sequence[Tensor]:
    """Attend, perhaps under a mask; one of halves is of float32, as it may be."""
    query, key, value, *masks = x
    mask = masks[0].detach() if masks else None
    if mask is not None and mask.dtype.is_floating_point and mask.dtype.itemsize == 2:
        mask = mask.to(float32)
    attend = F.scaled_dot_product_attention
    return [attend(query, key, value, mask, is_causal=is_causal, scale=scale)]


def _masks(dtype: DType, seed: int, target: Target) -> Evidence:
    """Masks with a size of 1 for batches, heads and queries, in every combination."""
    evidence = NOTHING
    for number, sizes in enumerate(product((1, _BATCH), (1, _HEADS), (1, _QUERIES))):
        kinds = ("bool", "float")[number % 2 :] if dtype is float32 else ("float",)
        for kind in kinds:
            mask = Input((*sizes, _KEYS), kind=kind)
            key = f"attention under a {kind} mask of {sizes} {seed}"
            function = with_gradients(_attend) if number % 3 == 0 else _attend
            evidence += judge_function(
                function, [*_OPERANDS, mask], dtype, key, target, exact_strides=False
            )
    return evidence


def _repeated(dtype: DType, seed: int, target: Target) -> Evidence:
    """One of the operands the same for all batches, or for all heads, with gradients."""
    evidence = NOTHING
    for operand, dim in product(range(3), range(2)):

        def function(x: list[Tensor], operand: int = operand, dim: int = dim) -> list[Tensor]:
            given = [*x]
            given[operand] = x[operand].narrow(dim, 0, 1).expand(x[operand].shape)
            return [*_attend(given)]

        chosen: Function = with_gradients(function) if operand in (dim, 2) else function
        key = f"attention with operand {operand} repeated along {dim} {seed}"
        evidence += judge_function(chosen, _OPERANDS, dtype, key, target, exact_strides=False)
    return evidence


def _scales(dtype: DType, seed: int, target: Target) -> Evidence:
    """Scores multiplied by nothing, by a negative number and by one, with gradients."""
    evidence = NOTHING
    for scale, is_causal in product((0.0, -0.7, 1.0), (False, True)):
        function = partial(_attend, is_causal=is_causal, scale=scale)
        key = f"attention at scale {scale} {is_causal} {seed}"
        evidence += judge_with_gradients(function, _OPERANDS, dtype, key, target)
    return evidence


def _lengths(dtype: DType, seed: int, target: Target) -> Evidence:
    """More heads, queries and keys than there are in blocks of any size, with gradients; where
    none are hidden, under a mask.
    """
    evidence = NOTHING
    for heads, queries, keys, is_causal in _LENGTHS:
        function = partial(_attend, is_causal=is_causal)
        shapes: list[tuple[int, ...]] = [(1, heads, queries, 2)]
        shapes += [(1, heads, keys, 2), (1, heads, keys, 3)]
        if not is_causal:
            shapes.append((queries, keys))
        key = f"attention of {heads}, {queries} and {keys} {seed}"
        evidence += judge_with_gradients(function, [*map(Input, shapes)], dtype, key, target)
    return evidence


def _extremes(dtype: DType, seed: int, target: Target) -> Evidence:
    """Scores that are large, NaN, or masked for all keys of a query; one key, and none."""
    evidence = NOTHING
    for what, inputs, changed, change in _EXTREMES:
        chooser = Random(f"attention {what} {dtype.name} {seed}")
        values: list[Sequence[Scalar]] = [each.draw(chooser, dtype) for each in inputs]
        values[changed] = change(values[changed])
        right = right_results(_attend, inputs, values, dtype, chooser)
        try:
            found = _attend(made(inputs, values, dtype, target.device))
            evidence += compare(found, right, strides=False)
        except Wrong as wrong:
            raise Wrong(f"{what}: {wrong.fault}") from None
    return evidence
