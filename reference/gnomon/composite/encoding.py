"""Encodings of classes as vectors."""

from __future__ import annotations

import builtins
from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import filled, values_of
from gnomon.dtypes import int64
from gnomon.errors import explain
from gnomon.op.scatter_records import REPLACE
from gnomon.op.view import reshaped
from gnomon.ops.scattering import scatter_write

T = TypeVar("T", bound=TensorCore)


def one_hot(input: T, num_classes: int = -1) -> T:
    """Return, for every class in the int64 ``input``, an int64 vector of 0s with a 1 at the
    class.

    The vectors stand in a new last dim of ``num_classes``, or by default of the largest class
    plus 1. Raises RuntimeError for another dtype, for classes below 0 or not below
    ``num_classes``, and when an empty input leaves the number of classes open.

    >>> import gnomon as torch
    >>> one_hot(torch.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if input.operand.dtype is not int64:
        raise _refused("is only applicable to an index tensor of dtype int64", input)
    shape = input.operand.layout.shape
    values = values_of(input.operand)
    if values:
        if min(values) < 0:
            raise _refused("Class values must be non-negative", input)
        largest = int(builtins.max(values))
        if num_classes == -1:
            num_classes = largest + 1
        elif largest >= num_classes:
            raise _refused(
                f"Class values must be smaller than num_classes ({num_classes})", input
            )
    elif num_classes <= 0:
        raise _refused("Can not infer total number of classes from an empty tensor", input)
    backend = input.operand.storage.backend
    zeros = input.like(filled(backend, (*shape, num_classes), int64, 0))
    index = reshaped(input, (*shape, 1))
    write = scatter_write("one_hot", zeros, -1, index, 1, REPLACE, "ScatterBackward1")
    return write.into(zeros)


def _refused(rule: str, input: TensorCore) -> RuntimeError:
    return RuntimeError(explain("one_hot", rule, input))
