"""Bags of rows of a table, as one vector each."""

from __future__ import annotations

import builtins
from itertools import pairwise
from typing import TypeVar

from gnomon.composite.encoding import embedding_renorm_
from gnomon.core import TensorCore
from gnomon.dispatch import values_of
from gnomon.dtypes import bool_
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.op.copying import to_dtype
from gnomon.op.index_arguments import check_index_dtype, check_same_device, index_operand
from gnomon.op.view import reshaped
from gnomon.ops.arithmetic import div, mul
from gnomon.ops.comparison import ne, where
from gnomon.ops.embedding import embedding
from gnomon.ops.extremes import max as maximum
from gnomon.ops.indexing import index_select
from gnomon.ops.logic import logical_and
from gnomon.ops.reduction import sum
from gnomon.ops.views import unsqueeze

T = TypeVar("T", bound=TensorCore)


def embedding_bag(
    input: T,
    weight: T,
    offsets: T | None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    per_sample_weights: T | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> T:
    """Return the sum, mean or maximum of the rows of ``weight`` in each bag; zeros for none.

    Bag ``k`` holds the rows that ``input[k]`` names; of a 1-d ``input``, those that it names
    from ``offsets[k]`` up to the next offset, and with ``include_last_offset`` the last offset
    only ends a bag. Rows ``padding_idx`` are left out. ``per_sample_weights`` multiply the
    rows. Raises RuntimeError for rows there are not, and for offsets that do not begin with 0,
    that fall or that lead past the end.

    >>> import gnomon as torch
    >>> weight, offsets = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([0, 2])
    >>> embedding_bag(torch.tensor([0, 1, 2]), weight, offsets, mode="sum")
    tensor([[3.],
            [4.]])
    """
    check_index_dtype("embedding_bag", input)
    if offsets is not None:
        check_index_dtype("embedding_bag", offsets)
    check_same_device("embedding_bag", weight, input)
    _check_weights(weight, per_sample_weights)
    ends = None if offsets is None else _ends(input, offsets, include_last_offset)
    if padding_idx is not None:
        padding_idx = _row(weight, padding_idx)
    if max_norm is not None:
        with no_grad():
            embedding_renorm_(weight, input, max_norm, norm_type)
    row = -1 if padding_idx is None else padding_idx
    try:
        rows = embedding(weight, input, row, scale_grad_by_freq)
    except IndexError as error:
        raise RuntimeError(str(error)) from None
    if per_sample_weights is not None:
        rows = mul(rows, unsqueeze(per_sample_weights, -1))
    if ends is None:
        counts = None if padding_idx is None else ne(input, padding_idx)
        return _joined(rows, counts, mode)
    table, counts = _table(input, ends, padding_idx)
    bags, longest = table.operand.layout.shape
    picked = index_select(rows, 0, reshaped(table, (bags * longest,)))
    members = reshaped(picked, (bags, longest, rows.operand.layout.shape[1]))
    return _joined(members, counts, mode)


def _ends(input: TensorCore, offsets: TensorCore, include_last: bool) -> list[int]:
    """Return where each bag begins, and where the last ends."""
    given = [int(value) for value in values_of(offsets.operand)]
    length = input.operand.layout.numel
    rule = ""
    if include_last and not given:
        rule = "number of offsets should be at least 1"
    elif given and given[0]:
        rule = f"offsets[0] has to be 0, got {given[0]}"
    elif any(later < earlier for earlier, later in pairwise(given)):
        rule = "offsets must not fall"
    elif given and given[-1] > length:
        rule = f"offsets[-1] can not be greater than input's length {length}, got {given[-1]}"
    if rule:
        remedy = "Give the place in input at which each bag begins"
        raise RuntimeError(explain("embedding_bag", rule, input, offsets, remedy=remedy))
    if include_last:
        return given
    return [*given, length] if given else [0]


def _table(input: T, ends: list[int], padding_idx: int | None) -> tuple[T, T]:
    """Return for each bag the places in ``input`` of what it holds, and which of them count.

    Bags shorter than the longest are filled up with places that do not count.
    """
    sizes = [end - start for start, end in pairwise(ends)]
    longest = max(sizes, default=0)
    shape = (len(sizes), longest)
    backend = input.operand.storage.backend
    places = [
        start + step if step < size else 0
        for start, size in zip(ends, sizes, strict=False)
        for step in range(longest)
    ]
    present = [step < size for size in sizes for step in range(longest)]
    table = input.like(index_operand(backend, places, shape))
    counts = input.like(index_operand(backend, present, shape, bool_))
    if padding_idx is not None and longest:
        named = reshaped(index_select(input, 0, reshaped(table, (-1,))), shape)
        counts = logical_and(counts, ne(named, padding_idx))
    return table, counts


def _joined(members: T, counts: T | None, mode: str) -> T:
    """Return the rows of each bag as one, of those that count, or of all."""
    longest = members.operand.layout.shape[1]
    if counts is None:
        if mode == "max" and longest:
            return maximum(members, 1)[0]
        total = sum(members, 1)
        return total if mode != "mean" else div(total, builtins.max(longest, 1))
    counted = unsqueeze(counts, 2)
    sizes = sum(counted, 1)
    if mode == "max" and longest:
        largest = maximum(where(counted, members, -float("inf")), 1)[0]
        return where(ne(sizes, 0), largest, 0.0)
    total = sum(where(counted, members, 0.0), 1)
    if mode != "mean":
        return total
    return div(total, to_dtype(where(ne(sizes, 0), sizes, 1), members.operand.dtype))


def _row(weight: TensorCore, padding_idx: int) -> int:
    rows = weight.operand.layout.shape[0]
    if not -rows <= padding_idx < rows:
        rule = f"padding_idx {padding_idx} must be within the number of embeddings"
        raise RuntimeError(explain("embedding_bag", rule, weight))
    return padding_idx % rows


def _check_weights(weight: TensorCore, per_sample_weights: TensorCore | None) -> None:
    rule = ""
    if not weight.operand.dtype.is_floating_point:
        rule = "expected a weight of a floating dtype"
    elif (
        per_sample_weights is not None
        and per_sample_weights.operand.dtype is not weight.operand.dtype
    ):
        rule = "expected weight and per_sample_weights to have the same dtype"
    if rule:
        given = [weight] if per_sample_weights is None else [weight, per_sample_weights]
        raise RuntimeError(explain("embedding_bag", rule, *given))
