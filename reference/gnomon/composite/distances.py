"""Distances of all pairs of vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from gnomon.core import Cotangents, TensorCore
from gnomon.dtypes import Kind, Scalar
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.op.argument_kinds import kinds_checked
from gnomon.op.composite import record_composite
from gnomon.op.foundation import no_slope, sum_of
from gnomon.op.reduction import Extent
from gnomon.ops.arithmetic import neg, sub
from gnomon.ops.norms import VECTOR_NORM, norm_cotangent
from gnomon.ops.views import unsqueeze

__all__ = ["cdist"]

T = TypeVar("T", bound=TensorCore)


@kinds_checked
def cdist(
    x1: T,
    x2: T,
    p: Scalar = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> T:
    """Return the distance of order ``p`` of each row of ``x1`` to each row of ``x2``.

    Shapes ``(*, n, d)`` and ``(*, m, d)``, whose leading dims broadcast, give ``(*, n, m)``.
    All modes compute the differences, which is the exact way. Where a distance is 0, so is its
    gradient. Raises RuntimeError for fewer dims than 2, unequal ``d`` and other than floats.

    >>> import gnomon as torch
    >>> torch.cdist(torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[0.0, 0.0]]))
    tensor([[0.],
            [5.]])
    """
    _check(x1, x2, p, compute_mode)
    with no_grad():
        differences = _differences(x1, x2)
        last = len(differences.operand.layout.shape) - 1
        result = VECTOR_NORM.over(differences, (last,), False, (float(p),))

    def derivative(
        cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
    ) -> Cotangents:
        (g,) = cotangents
        first, second, y = saved
        assert g is not None and first is not None and second is not None and y is not None
        extent = Extent((last,), 0)
        part = norm_cotangent(
            unsqueeze(g, -1), _differences(first, second), unsqueeze(y, -1), extent, (float(p),)
        )
        if part is None:
            return no_slope(first), no_slope(second)
        return (
            sum_of(part, -2) if needs[0] else None,
            neg(sum_of(part, -3)) if needs[1] else None,
        )

    record_composite("CdistBackward0", (x1, x2), (result,), (x1, x2, result), derivative)
    return result


def _differences(x1: T, x2: T) -> T:
    return sub(unsqueeze(x1, -2), unsqueeze(x2, -3))


def _check(x1: TensorCore, x2: TensorCore, p: Scalar, compute_mode: str) -> None:
    modes = (
        "use_mm_for_euclid_dist_if_necessary",
        "use_mm_for_euclid_dist",
        "donot_use_mm_for_euclid_dist",
    )
    if compute_mode not in modes:
        raise ValueError(f"cdist: {compute_mode!r} is not a valid value for compute_mode.")
    rule = remedy = ""
    if min(len(x1.operand.layout.shape), len(x2.operand.layout.shape)) < 2:
        rule, remedy = "only supports tensors of at least 2 dims", "Unsqueeze them"
    elif x1.operand.layout.shape[-1] != x2.operand.layout.shape[-1]:
        rule, remedy = "both must have the same number of columns", "Compare like with like"
    elif min(x1.operand.dtype.kind, x2.operand.dtype.kind) < Kind.FLOAT:
        rule, remedy = "only supports floating-point dtypes", "Convert them first"
    elif p < 0:
        rule, remedy = f"only supports non-negative p values, not {p}", "Choose another p"
    if rule:
        raise RuntimeError(explain("cdist", rule, x1, x2, remedy=remedy))
