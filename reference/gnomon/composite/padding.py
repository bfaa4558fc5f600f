"""Padding: with a constant, or with what lies inside, mirrored, repeated or around the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import SupportsIndex, TypeVar

from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.dispatch import allocate
from gnomon.dtypes import Scalar
from gnomon.errors import explain
from gnomon.layout import Layout
from gnomon.op.arguments import integer_sequence
from gnomon.op.copy import COPY
from gnomon.op.copying import clone
from gnomon.op.index_arguments import number_for, table_operand
from gnomon.op.indexing import IndexPlan, read_through_indices
from gnomon.op.linear import linear
from gnomon.op.numpy_names import numpy_names
from gnomon.ops.joining import joined_layout
from gnomon.ops.slicing import NARROW

__all__ = ["constant_pad_nd"]

T = TypeVar("T", bound=TensorCore)
#: How many elements a dim gets before and after; negative numbers take away.
Margins = tuple[int, int]
#: ``(index counted from the first element, size) -> index inside``
Continuation = Callable[[int, int], int]

#: The numbers of paddings that the modes but "constant" take, by the number of dims.
_LENGTHS = {2: (2,), 3: (2, 4), 4: (4, 6), 5: (6,)}


def pad(
    input: T, pad: Sequence[SupportsIndex], mode: str = "constant", value: float | None = None
) -> T:
    """Return ``input`` with more, or fewer, elements at both ends of its last dims.

    ``pad`` lists how many before and after, last dim first; negative numbers crop. ``mode`` is
    "constant" (``value``, or zero), "reflect", "replicate" or "circular". Raises RuntimeError
    for lengths that do not fit, NotImplementedError for a mode or number of dims there is not.

    >>> import gnomon as torch
    >>> pad(torch.tensor([[1, 2, 3]]), (2, 1), mode="reflect")
    tensor([[3, 2, 1, 2, 3, 2]])
    """
    numbers = integer_sequence("pad", pad)
    if mode == "constant":
        return constant_pad_nd(input, numbers, 0 if value is None else value)
    if mode not in _CONTINUATIONS:
        raise NotImplementedError(
            f"pad: Unrecognised padding mode {mode}. Choose constant, reflect, replicate or "
            "circular."
        )
    if value:
        raise RuntimeError(
            f'pad: Padding mode "{mode}" doesn\'t take in value argument. Leave it away.'
        )
    margins = _margins("pad", input, numbers)
    ndim = input.operand.layout.ndim
    if len(numbers) not in _LENGTHS.get(ndim, ()):
        raise NotImplementedError(
            explain(
                "pad",
                f"Padding size {len(numbers)} is not supported for {ndim}D input tensor",
                input,
                remedy="Pad the last 1, 2 or 3 dims, with one or two dims before them",
            )
        )
    return _continued(input, margins, mode, len(numbers) // 2)


@numpy_names
def constant_pad_nd(input: T, pad: Sequence[SupportsIndex], value: Scalar = 0) -> T:
    """Return ``input`` with ``value`` put around it; ``pad`` is as for ``nn.functional.pad``.

    >>> import gnomon as torch
    >>> torch.constant_pad_nd(torch.tensor([1, 2]), (1, 2), 7)
    tensor([7, 1, 2, 7, 7])
    """
    numbers = integer_sequence("constant_pad_nd", pad)
    margins = _margins("constant_pad_nd", input, numbers)
    inner = input.like(input.operand)
    for dim, (before, after) in enumerate(margins):
        size = input.operand.layout.shape[dim]
        start = max(0, -before)
        inner = NARROW(inner, dim, start, size - start - max(0, -after))
    if all(number <= 0 for number in numbers):
        result = clone(inner)
    else:
        result = input.like(_surrounded(inner.operand, margins, value, input.operand.layout))
    opposite = tuple([-number for number in numbers])
    return linear(
        "ConstantPadNdBackward0", input, result, lambda g: constant_pad_nd(g, opposite)
    )


def _surrounded(
    inner: Operand, margins: Sequence[Margins], value: Scalar, given: Layout
) -> Operand:
    storage, layout, dtype = inner
    growth = [(max(0, before), max(0, after)) for before, after in margins]
    shape = tuple([size + sum(more) for size, more in zip(layout.shape, growth, strict=True)])
    output = allocate(storage.backend, joined_layout([given], shape), dtype)
    storage.backend.elementwise(COPY, (number_for("constant_pad_nd", value, dtype),), output)
    place = output.layout
    for dim, (before, _) in enumerate(growth):
        place = place.narrow(dim, before, layout.shape[dim])
    if layout.numel:
        storage.backend.elementwise(COPY, (inner,), output.under(place))
    return output


def _margins(operation: str, input: TensorCore, numbers: tuple[int, ...]) -> list[Margins]:
    """Return what is added before and after every dim, first dim first."""
    ndim = input.operand.layout.ndim
    rule = ""
    if len(numbers) % 2:
        rule = f"Padding length must be divisible by 2, got {len(numbers)}"
    elif len(numbers) > 2 * ndim:
        rule = (
            "Padding length should be less than or equal to two times the input dimension but "
            f"got padding length {len(numbers)} and input of dimension {ndim}"
        )
    if rule:
        raise RuntimeError(
            explain(operation, rule, input, remedy="Give two numbers for each padded dim")
        )
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    return [(0, 0)] * (ndim - len(pairs)) + pairs[::-1]


def _mirrored(index: int, size: int) -> int:
    index = abs(index)
    return index if index < size else 2 * (size - 1) - index


_CONTINUATIONS: dict[str, Continuation] = {
    "reflect": _mirrored,
    "replicate": lambda index, size: min(max(index, 0), size - 1),
    "circular": lambda index, size: index % size,
}


def _continued(input: T, margins: list[Margins], mode: str, count: int) -> T:
    """Return ``input`` with the last ``count`` dims continued by ``mode``."""
    if mode == "circular":
        input, margins = _cropped(input, margins)
    _check_inside(input, margins, mode, count)
    storage, layout, _ = input.operand
    continuation = _CONTINUATIONS[mode]
    shape: list[int] = []
    indices = []
    padded = [dim for dim, margin in enumerate(margins) if margin != (0, 0)]
    for dim, (size, (before, after)) in enumerate(zip(layout.shape, margins, strict=True)):
        shape.append(size + before + after)
        if dim in padded:
            positions = tuple([continuation(k - before, size) for k in range(shape[dim])])
            column = (len(positions),) + (1,) * (layout.ndim - dim - 1)
            indices.append(input.like(table_operand(storage.backend, positions, column)))
    plan = IndexPlan(
        operation="pad",
        shape=tuple(shape),
        walked=tuple([None if dim in padded else dim for dim in range(layout.ndim)]),
        indexed=tuple(padded),
    )
    label = {
        "reflect": f"ReflectionPad{count}DBackward0",
        "replicate": f"ReplicationPad{count}DBackward0",
        "circular": "CopySlices",
    }[mode]
    return read_through_indices(input, plan, tuple(indices), label)


def _cropped(input: T, margins: list[Margins]) -> tuple[T, list[Margins]]:
    """Return ``input`` without what negative margins take away, and the margins left."""
    for dim, (before, after) in enumerate(margins):
        if before < 0 or after < 0:
            size = input.operand.layout.shape[dim]
            start = max(0, -before)
            input = NARROW(input, dim, start, size - start - max(0, -after))
    return input, [(max(0, before), max(0, after)) for before, after in margins]


def _check_inside(input: TensorCore, margins: list[Margins], mode: str, count: int) -> None:
    """Raise RuntimeError where there is not enough inside to continue from."""
    shape = input.operand.layout.shape
    rule = ""
    if mode != "circular" and 0 in shape and (0 in shape[1:] or len(shape) == count + 1):
        rule = "expected non-zero dimensions but for the batch"
    for dim, (size, margin) in enumerate(zip(shape, margins, strict=True)):
        if mode == "reflect" and max(margin) >= size and margin != (0, 0):
            rule = (
                "Padding size should be less than the corresponding input dimension, but got: "
                f"padding {margin} at dimension {dim} of input {list(shape)}"
            )
        elif mode == "circular" and max(margin) > size:
            rule = "Padding value causes wrapping around more than once"
    left = [size + sum(margin) for size, margin in zip(shape, margins, strict=True)][-count:]
    if min(left) < 0 or max(left) < 1 or (mode == "circular" and 0 in shape[1:]):
        rule = rule or f"it would leave sizes {left} of the padded dims"
    if rule:
        raise RuntimeError(explain("pad", rule, input, remedy="Pad less"))
