"""What launches do, noted while a call is recorded, so that its plan can be explained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from typing import Final, NamedTuple, TypeAlias, final

from gnomon.backend import DType, Layout, Operand
from gnomon.fusible import Geometry
from gnomon_opencl.fusion import Group
from gnomon_opencl.kernels.expressions import Formula
from gnomon_opencl.memory import Buffer, buffer_in

#: How the names of kernels begin that lay out operands for others.
_PREPARING: Final = ("pack", "stage")


@final
class Work(NamedTuple):
    """The operations that a kernel runs, and what that takes."""

    operations: tuple[str, ...] = ()
    #: Floating-point operations.
    flops: float = 0.0
    #: Bytes read and written; None where that is not known.
    nbytes: int | None = None


def touched(layout: Layout, dtype: DType) -> int:
    """Return the bytes of the elements of a layout, each counted once."""
    pairs = zip(layout.shape, layout.strides, strict=True)
    return prod([size for size, stride in pairs if stride or not size]) * dtype.itemsize


def work_of_group(group: Group, names: Mapping[Formula, str]) -> Work:
    """Return the work of elementwise operations and a reduction that run as one kernel: each
    is one floating-point operation for each element, a copy none.
    """
    operations = [names[node.formula] for node in group.nodes]
    counted = zip(operations, group.nodes, strict=True)
    flops = sum(node.target.layout.numel for name, node in counted if name != "copy")
    parts = group.content().operands
    nbytes = sum(touched(part.layout, part.dtype) for part in parts)
    if group.reduction is not None:
        reducing = group.reduction.reducing
        operations.append(reducing.name)
        flops += reducing.input.numel
        nbytes += touched(reducing.output, reducing.result)
    return Work(tuple(operations), float(flops), nbytes)


def joined(works: Iterable[Work]) -> Work:
    """Return the work of kernels that are made one."""
    parts = list(works)
    operations = tuple([name for part in parts for name in part.operations])
    known = [part.nbytes for part in parts if part.nbytes is not None]
    nbytes = sum(known) if len(known) == len(parts) else None
    return Work(operations, sum(part.flops for part in parts), nbytes)


@final
class Operation:
    """What the backend was asked for, and launches kernels for."""

    def __init__(self, name: str = "", arguments: Sequence[object] = ()) -> None:
        self.name = name
        operands = [each for each in arguments if isinstance(each, Operand)]
        self._moved: dict[Buffer, int] = {}
        for operand in operands:
            buffer = buffer_in(operand.storage.memory)
            moved = touched(operand.layout, operand.dtype)
            self._moved[buffer] = max(moved, self._moved.get(buffer, 0))
        count = _COUNTS.get(name, _one_each)
        self._flops = count(operands, arguments) if operands else 0.0

    def work(self, kernel: str, buffers: Iterable[Buffer]) -> Work:
        """Return the work of the operation's next kernel.

        The floating-point operations of several kernels stand with the first of them that does
        more than to lay operands out.
        """
        nbytes = sum(self._moved.get(each, each.nbytes) for each in dict.fromkeys(buffers))
        flops = 0.0
        if not kernel.startswith(_PREPARING):
            flops, self._flops = self._flops, 0.0
        return Work((self.name,), flops, nbytes)


#: From the operands, and all arguments, to floating-point operations.
_Count: TypeAlias = Callable[[Sequence[Operand], Sequence[object]], float]


def _one_each(operands: Sequence[Operand], _: Sequence[object]) -> float:
    return float(max(operand.layout.numel for operand in operands))


def _of_product(operands: Sequence[Operand], _: Sequence[object]) -> float:
    *_, left, _right, output = operands
    return 2.0 * output.layout.numel * left.layout.shape[-1]


def _of_convolution(operands: Sequence[Operand], arguments: Sequence[object]) -> float:
    transposed = any(isinstance(each, Geometry) and each.transposed for each in arguments)
    windows = operands[0] if transposed else operands[-1]
    return 2.0 * windows.layout.numel * prod(operands[1].layout.shape[1:])


def _of_attention(operands: Sequence[Operand], _: Sequence[object]) -> float:
    query, key, value, *_ = operands
    columns = query.layout.shape[-1] + value.layout.shape[-1]
    return 2.0 * prod(query.layout.shape[:-1]) * key.layout.shape[-2] * columns


def _of_attention_backward(operands: Sequence[Operand], _: Sequence[object]) -> float:
    _cotangent, query, key, value, *_ = operands
    columns = 3 * query.layout.shape[-1] + 2 * value.layout.shape[-1]
    return 2.0 * prod(query.layout.shape[:-1]) * key.layout.shape[-2] * columns


_COUNTS: Final[dict[str, _Count]] = {
    "multiply_matrices": _of_product,
    "add_product": _of_product,
    "convolve": _of_convolution,
    "attend": _of_attention,
    "attend_backward": _of_attention_backward,
}
