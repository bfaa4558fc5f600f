"""What a backend may make one kernel of: chains and reductions of them, once they have come
again, and in recorded calls products with what follows them.

Whole numbers make every result exact, so that nothing is allowed: it is what the oracle gives
in the same dtype. Chains run three times. Compiled functions are called with other operands
each time, so that what a call leaves to the next shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Final, TypeAlias

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import DType, float16, float32, float64
from gnomon.nn import functional as F
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.checks.large import drawn
from gnomon_conformance.checks.tensors import all_same
from gnomon_conformance.judging import Evidence
from gnomon_conformance.target import Target, oracle

Function: TypeAlias = Callable[[list[Tensor]], Sequence[Tensor]]

_TIMES: Final = 3
_SQUARE: Final = (64, 64)


def _chains(x: list[Tensor]) -> Iterator[Tensor]:
    """Reductions of chains along rows longer than vectors; what halves do not hold between."""
    rows, wide = x
    yield from ((rows * 2).sum(1), (rows > 1).sum(1), (rows * 2 + 1).amax(1))
    yield from ((rows - 1).argmax(1), (rows * rows).sum(0), (rows.abs() * 3).amin(0))
    yield from ((wide * wide) * 0.5, (wide + 1) * wide - wide)
    place = torch.tensor([5], device=rows.device)
    for holed in (
        torch.where(rows > 1, rows, torch.full_like(rows, math.nan)),
        rows.index_fill(1, place, math.nan),
    ):
        yield from ((holed * 2).amax(1), (holed * 2).amin(1), (holed * 2).argmax(1))
        yield from ((holed * 2).sum(1), (holed * 2).amax(0), (holed + 1).argmin(1))


def _ended_and_kept(x: list[Tensor]) -> list[Tensor]:
    product = x[0] @ x[1]
    return [product, product.relu()]


def _ended_turned(x: list[Tensor]) -> list[Tensor]:
    product = x[0] @ x[1]
    return [product * 2 + product.t()]


def _ended_into_an_operand(x: list[Tensor]) -> list[Tensor]:
    operand = x[2] * 1
    operand.copy_((x[0] @ operand).relu() + 1)
    return [operand]


def _ended_and_scanned(x: list[Tensor]) -> list[Tensor]:
    product = (x[0] + x[2]) @ x[1]
    return [product.relu(), product.cumsum(0)]


def _ended_with_a_scan(x: list[Tensor]) -> list[Tensor]:
    product = x[0] @ x[1]
    return [(product + x[2].cumsum(0)).relu()]


def _ended_behind_a_scan(x: list[Tensor]) -> list[Tensor]:
    """What is scanned between a product and its end is written by that."""
    scanned_first = x[2] * 1
    product = x[0] @ x[1]
    scanned = scanned_first.cumsum(0)
    scanned_first.add_(product)
    return [scanned, scanned_first]


def _ended_turned_only(x: list[Tensor]) -> list[Tensor]:
    batch = torch.bmm(x[2], x[2]).transpose(0, 1) + 1
    return [(x[0] @ x[1]).t().relu() * 2, batch]


def _two_ended_as_one(x: list[Tensor]) -> list[Tensor]:
    return [(x[0] @ x[1] + x[2] @ x[1]).relu()]


def _ended_lines(x: list[Tensor]) -> list[Tensor]:
    return [(x[0] @ x[1].t() + x[2]).relu()]


def _ended_with_a_bias(x: list[Tensor]) -> list[Tensor]:
    return [F.linear(*x).relu(), F.linear(*x) * 2]


#: Functions and the shapes of their operands.
_COMPILED: Final[tuple[tuple[Function, Sequence[tuple[int, ...]]], ...]] = (
    (_ended_and_kept, (_SQUARE, _SQUARE)),
    (_ended_turned, (_SQUARE, _SQUARE)),
    (_ended_into_an_operand, (_SQUARE, _SQUARE, _SQUARE)),
    (_ended_and_scanned, (_SQUARE, _SQUARE, _SQUARE)),
    (_ended_with_a_scan, (_SQUARE, _SQUARE, _SQUARE)),
    (_ended_behind_a_scan, (_SQUARE, _SQUARE, _SQUARE)),
    (_ended_turned_only, (_SQUARE, _SQUARE, (4, 4, 4))),
    (_two_ended_as_one, (_SQUARE, _SQUARE, _SQUARE)),
    (_ended_lines, ((16, 256), (130, 256), (16, 130))),
    (_ended_with_a_bias, ((70, 64), (130, 64), (130,))),
)


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of chains, of compiled functions, and of what those rely on."""
    for dtype in (float32, float64, float16):
        yield _case("chains", dtype, partial(_repeated, dtype, seed))
    for function, shapes in _COMPILED:
        subject = function.__name__.strip("_").replace("_", "-")
        check = partial(_compiled, function, shapes, seed)
        yield _case(subject, float32, check, Level.PROGRAM)
    yield _case("captured", float32, _captured, Level.PROGRAM)


def _case(
    subject: str,
    dtype: DType,
    check: Callable[[Target], Evidence],
    level: Level = Level.REDUCTION,
) -> Case:
    return Case(level=level, family="fused", subject=subject, dtype=dtype.name, check=check)


def _repeated(dtype: DType, seed: int, target: Target) -> Evidence:
    chooser = Random(f"chains {dtype.name} {seed}")
    rows = drawn((5, 70), dtype, chooser, 3)
    # Of these a half holds no square, and of the others half the square.
    given = [rows, drawn((40,), dtype, chooser, 3) * 150]
    right = [*_chains(given)]
    compared = 0
    for _ in range(_TIMES):
        # Each is read before the next begins, as the last of its chain.
        found = [each.cpu() for each in _chains([each.to(target.device) for each in given])]
        compared += all_same(found, right)
    return Evidence(compared)


def _compiled(
    function: Function, shapes: Sequence[tuple[int, ...]], seed: int, target: Target
) -> Evidence:
    chooser = Random(f"{function.__name__} {seed}")
    compiled = torch.compile(function)
    compared = 0
    for number in range(_TIMES + 1):
        given = [drawn(shape, float32, chooser, 2) for shape in shapes]
        found = compiled([each.to(target.device) for each in given])
        compared += all_same(found, function(given), f"call {number}, ")
    return Evidence(compared)


def _captured(target: Target) -> Evidence:
    """A compiled function sees what is written between calls to what it is not given."""
    right, mine = (torch.ones(4, device=device) for device in (oracle(), target.device))
    compared = 0

    def function(x: Tensor, captured: Tensor) -> list[Tensor]:
        return [x + (captured * 2).cumsum(0), (captured + 1) * x]

    compiled = torch.compile(lambda x: function(x, mine))
    for number in range(_TIMES + 1):
        x = torch.arange(4.0, device=oracle()) + number
        compared += all_same(
            compiled(x.to(target.device)), function(x, right), f"call {number}, "
        )
        right.add_(1)
        mine.add_(1)
    return Evidence(compared)
