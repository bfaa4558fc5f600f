"""Reading the bytes of a tensor as elements of another dtype."""

from __future__ import annotations

from typing import TypeVar

from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.dtypes import DType
from gnomon.errors import explain
from gnomon.layout import Layout

T = TypeVar("T", bound=TensorCore)


def view_as_dtype(input: T, dtype: DType) -> T:
    """Return the bytes of ``input`` as elements of ``dtype``; no gradient flows through it.

    The last dim grows or shrinks by the ratio of the element sizes. Raises RuntimeError where
    the last dim is not dense, or where sizes, strides or the offset are not divisible by it.
    """
    storage, layout, given = input.operand
    if given.itemsize > dtype.itemsize:
        layout = _finer(input, dtype, given.itemsize // dtype.itemsize)
    elif given.itemsize < dtype.itemsize:
        layout = _coarser(input, dtype, dtype.itemsize // given.itemsize)
    result = input.like(Operand(storage, layout, dtype))
    result.counts_writes = input.counts_writes
    result.made_for_inference = input.made_for_inference
    return result


def _finer(input: TensorCore, dtype: DType, ratio: int) -> Layout:
    shape, strides, offset = input.operand.layout
    if not shape:
        raise _refused(input, dtype, "self.dim() cannot be 0")
    if strides[-1] != 1:
        raise _refused(input, dtype, f"self.stride(-1) must be 1, but got {strides[-1]}")
    return Layout(
        (*shape[:-1], shape[-1] * ratio),
        (*[stride * ratio for stride in strides[:-1]], 1),
        offset * ratio,
    )


def _coarser(input: TensorCore, dtype: DType, ratio: int) -> Layout:
    shape, strides, offset = input.operand.layout
    if not shape:
        raise _refused(input, dtype, "self.dim() cannot be 0")
    if shape[-1] % ratio:
        rule = f"self.size(-1) must be divisible by {ratio}, but got {shape[-1]}"
        raise _refused(input, dtype, rule)
    if offset % ratio:
        rule = f"self.storage_offset() must be divisible by {ratio}, but got {offset}"
        raise _refused(input, dtype, rule)
    if strides[-1] != 1:
        raise _refused(input, dtype, f"self.stride(-1) must be 1, but got {strides[-1]}")
    for dim, stride in enumerate(strides[:-1]):
        if stride % ratio:
            rule = f"self.stride({dim}) must be divisible by {ratio}, but got {stride}"
            raise _refused(input, dtype, rule)
    return Layout(
        (*shape[:-1], shape[-1] // ratio),
        (*[stride // ratio for stride in strides[:-1]], 1),
        offset // ratio,
    )


def _refused(input: TensorCore, dtype: DType, rule: str) -> RuntimeError:
    return RuntimeError(
        explain(
            "view",
            f"{rule}, to view {input.operand.dtype.name} as {dtype.name}, whose element size "
            "differs",
            input,
            remedy="Make it contiguous first, or convert the values with .to(dtype)",
        )
    )
