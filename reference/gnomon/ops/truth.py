"""Truth of elements: whether any, whether all, and how many are nonzero; nan is."""

from __future__ import annotations

import builtins
from typing import SupportsIndex, TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import item_of
from gnomon.dtypes import DType, bool_, uint8
from gnomon.errors import explain
from gnomon.graph.modes import modes
from gnomon.op.claims import EXACT, REALS
from gnomon.op.numpy_names import numpy_names
from gnomon.op.reduction import Dims, Reduction, reduced_dims
from gnomon.op.rules import to_int64
from gnomon.ops.reduction import delivered

__all__ = ["all", "any", "count_nonzero"]

T = TypeVar("T", bound=TensorCore)


def _truth(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Any dtype; the result is bool, or uint8 for uint8, PyTorch's first bool."""
    return dtype, uint8 if dtype is uint8 else bool_


COUNT_NONZERO: Reduction = Reduction(
    name="count_nonzero",
    definition="how many elements are not 0",
    special_cases="NaN counts as nonzero",
    dtype=to_int64,
    fold=lambda elements, _: builtins.sum(map(bool, elements)),
    tolerance=EXACT,
    domain=REALS,
)


ANY: Reduction = Reduction(
    name="any",
    definition="whether some element is not 0",
    special_cases="false for no elements; NaN counts as nonzero",
    dtype=_truth,
    fold=lambda elements, _: builtins.any(elements),
    tolerance=EXACT,
    domain=REALS,
)


ALL: Reduction = Reduction(
    name="all",
    definition="whether every element is not 0",
    special_cases="true for no elements; NaN counts as nonzero",
    dtype=_truth,
    fold=lambda elements, _: builtins.all(elements),
    tolerance=EXACT,
    domain=REALS,
)


def are_all(input: TensorCore) -> bool:
    """Return whether all elements are true, which takes reading from the device."""
    return bool(item_of(ALL(input).operand))


def holds(condition: TensorCore) -> bool:
    """Return whether all elements are true, which an error depends on.

    That takes reading from the device. While a call is recorded it does not: replays go on, and
    report later what does not hold.
    """
    whole = ALL(condition).operand
    storage, layout, _ = whole
    recorder = modes.notes and modes.notes.recorders.get(storage.backend)
    found = recorder.demand(storage.memory, layout.offset) if recorder else None
    return bool(item_of(whole)) if found is None else found


@numpy_names
def any(input: T, dim: Dims = None, keepdim: bool = False, *, out: T | None = None) -> T:
    """Return whether some element along ``dim`` is nonzero (nan is); bool, or uint8 for uint8.

    None stands for all dims; an empty sequence reduces nothing and tests each element.

    >>> import gnomon as torch
    >>> torch.any(torch.tensor([[0, 0], [3, 0]]), 1)
    tensor([False,  True])
    """
    result = ANY.over(input, _exact_dims("any", input, dim), keepdim)
    return _truth_into("any", result, out, input)


@numpy_names
def all(input: T, dim: Dims = None, keepdim: bool = False, *, out: T | None = None) -> T:
    """Return whether every element along ``dim`` is nonzero (nan is); bool, or uint8 for uint8.

    None stands for all dims; an empty sequence reduces nothing and tests each element.

    >>> import gnomon as torch
    >>> torch.all(torch.tensor([[1, 2], [3, 0]]), 1)
    tensor([ True, False])
    """
    result = ALL.over(input, _exact_dims("all", input, dim), keepdim)
    return _truth_into("all", result, out, input)


def _truth_into(operation: str, result: T, out: T | None, input: T) -> T:
    if out is not None and out.operand.dtype not in (bool_, uint8):
        raise RuntimeError(
            explain(operation, "writes bool or uint8 only", out, remedy="Give a bool tensor")
        )
    return delivered(operation, result, out, input)


@numpy_names
def count_nonzero(input: T, dim: Dims = None) -> T:
    """Return, as int64, how many elements along ``dim`` (None: of all) are nonzero; nan is.

    >>> import gnomon as torch
    >>> torch.count_nonzero(torch.tensor([[1, 2], [3, 0]]), 1)
    tensor([2, 1])
    """
    return COUNT_NONZERO(input, dim)


def _exact_dims(operation: str, input: TensorCore, dim: Dims) -> tuple[int, ...]:
    if dim is not None and not isinstance(dim, SupportsIndex) and not len(dim):
        return ()
    return reduced_dims(operation, dim, len(input.operand.layout.shape))
