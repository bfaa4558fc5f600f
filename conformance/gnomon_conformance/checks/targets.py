"""Losses of classes: of one target and of thousands, of targets that are no class, and of one
that stands for all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from random import Random
from typing import Final

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import DType, float16, float32, float64
from gnomon.nn import functional as F
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.correct import epsilon
from gnomon_conformance.functions import (
    Input,
    Right,
    compare,
    elements_of,
    indices,
    judge_with_gradients,
    with_gradients,
)
from gnomon_conformance.judging import NOTHING, Evidence
from gnomon_conformance.target import Target, oracle

LEVEL: Final = Level.COMPOSITE
#: Targets, classes, and places of each image.
_TARGETS: Final[tuple[tuple[int, ...], ...]] = (
    *((1, 3), (1, 5), (3, 300), (5, 7, 3), (17, 2), (9, 3), (2, 3, 5)),
)


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of losses of classes."""
    checks = {
        "single": _single_target,
        "one-for-all": _one_target,
        "any-number": _targets,
        "weightless": _weightless_classes,
        "many": _many_targets,
    }
    for name, check in checks.items():
        for dtype in (float32, float64, float16):
            # Sums of many losses are more than halves hold.
            if check is not _many_targets or dtype is not float16:
                yield Case(
                    level=LEVEL,
                    family="targets",
                    subject=name,
                    dtype=dtype.name,
                    check=partial(check, dtype, seed),
                )


def _single_target(dtype: DType, seed: int, target: Target) -> Evidence:
    """Losses of the scores of one thing, without a dim for more, with gradients."""
    evidence = NOTHING
    for loss, reduction in product((F.cross_entropy, F.nll_loss), ("mean", "sum", "none")):

        def function(
            x: list[Tensor], loss: Callable[..., Tensor] = loss, reduction: str = reduction
        ) -> list[Tensor]:
            return [loss(x[0], x[1], x[2].detach(), reduction=reduction)]

        inputs = [Input((5,), -4.0, 4.0), indices((), 5), Input((5,), 0.25, 2.0)]
        key = f"single target {loss.__name__} {reduction} {seed}"
        evidence += judge_with_gradients(function, inputs, dtype, key, target)
    return evidence


def _one_target(dtype: DType, seed: int, target: Target) -> Evidence:
    """Losses of rows that have one target, which is stored once, with gradients."""
    evidence = NOTHING
    for loss, reduction, places in product(
        (F.cross_entropy, F.nll_loss), ("mean", "none"), ((), (3,))
    ):

        def function(
            x: list[Tensor],
            loss: Callable[..., Tensor] = loss,
            reduction: str = reduction,
            places: tuple[int, ...] = places,
        ) -> list[Tensor]:
            return [loss(x[0], x[1].expand(4, *places), reduction=reduction)]

        inputs = [Input((4, 5, *places), -4.0, 4.0), indices((1,) * (1 + len(places)), 5)]
        key = f"one target {loss.__name__} {reduction} {places} {seed}"
        evidence += judge_with_gradients(function, inputs, dtype, key, target)
    return evidence


def _targets(dtype: DType, seed: int, target: Target) -> Evidence:
    """Losses of one target and of several, of few classes and of many, weighted, and ignored
    where the target is a number that is no class, with gradients.
    """
    evidence = NOTHING
    for number, (rows, classes, *places) in enumerate(_TARGETS):
        loss = (F.cross_entropy, F.nll_loss)[number % 2]
        reduction = ("mean", "mean", "sum", "none")[number % 4]
        ignored = (255, -100, -1)[number % 3]

        def function(
            x: list[Tensor],
            loss: Callable[..., Tensor] = loss,
            reduction: str = reduction,
            ignored: int = ignored,
        ) -> list[Tensor]:
            given = x[1].masked_fill(x[1] == 0, ignored)
            weight = x[2].detach()
            return [loss(x[0], given, weight, ignore_index=ignored, reduction=reduction)]

        inputs = [
            Input((rows, classes, *places), -4.0, 4.0),
            # The mean of nothing but ignored ones is NaN: a single one is not ignored.
            Input((rows, *places), 1 if rows == 1 else 0, classes, "index"),
            Input((classes,), 0.25, 2.0),
        ]
        key = f"targets {rows} {classes} {places} {seed}"
        evidence += judge_with_gradients(function, inputs, dtype, key, target)
    return evidence


def _weightless_classes(dtype: DType, seed: int, target: Target) -> Evidence:
    """Losses where classes have weights of 0, some or all of them: what they make is 0, and a
    mean over nothing but them is NaN, as are its gradients; likely and unlikely ones.
    """
    evidence = NOTHING
    for loss, reduction, least in product(
        (F.cross_entropy, F.nll_loss), ("mean", "sum", "none"), (1.0, 4.0)
    ):

        def function(
            x: list[Tensor],
            loss: Callable[..., Tensor] = loss,
            reduction: str = reduction,
            least: float = least,
        ) -> list[Tensor]:
            weight = x[2].detach()
            return [loss(x[0], x[1], weight * (weight > least), reduction=reduction)]

        inputs = [Input((9, 5, 3), -9.0, 9.0), indices((9, 3), 5), Input((5,), 0.25, 2.0)]
        key = f"weightless {loss.__name__} {reduction} {least} {seed}"
        evidence += judge_with_gradients(function, inputs, dtype, key, target)
    return evidence


def _many_targets(dtype: DType, seed: int, target: Target) -> Evidence:
    """Losses of thousands of targets, with gradients. Scores are so far apart that all losses
    are whole numbers, so that their sums are exact in every order.
    """
    evidence = NOTHING
    chooser = Random(f"many targets {dtype.name} {seed}")
    weights = torch.tensor([0.5, 1.0, 2.0], dtype=float64)
    for loss, reduction, (rows, *places) in product(
        (F.cross_entropy, F.nll_loss), ("mean", "sum", "none"), ((4200,), (2, 2100))
    ):
        count = rows * math.prod(places)
        scores = torch.tensor(
            [chooser.sample((0.0, 128.0, 256.0), 3) for _ in range(count)], dtype=float64
        )
        targets = torch.tensor(chooser.choices((0, 1, 2, 255), k=count)).reshape(rows, *places)

        def function(
            x: list[Tensor],
            loss: Callable[..., Tensor] = loss,
            reduction: str = reduction,
        ) -> list[Tensor]:
            given = (x[0], x[1], x[2].detach())
            return [loss(*given, ignore_index=255, reduction=reduction)]

        drawn = [scores.reshape(rows, *places, 3).movedim(-1, 1).contiguous(), targets, weights]
        right = [
            Right(
                tuple(each.shape),
                tuple(each.stride()),
                dtype,
                values := elements_of(each),
                [4 * epsilon(dtype) * abs(value) + 1e-30 for value in values],
            )
            for each in with_gradients(function)([each.to(oracle()) for each in drawn])
        ]
        given = [
            (each.to(dtype) if each.is_floating_point() else each).to(target.device)
            for each in drawn
        ]
        what = f"{loss.__name__} of {count} targets, {reduction}: "
        evidence += compare(with_gradients(function)(given), right, strides=False, what=what)
    return evidence
