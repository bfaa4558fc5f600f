"""Random sources: draws that fill a tensor, defined on the CPU's stream and accelerators'."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar, final

from gnomon.backend import Operand, Stream
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate, filled, values_of
from gnomon.dtypes import DType, Scalar
from gnomon.generator import MersenneTwister
from gnomon.graph.nodes import OperationNode, recording, set_history
from gnomon.layout import Layout, contiguous_strides, loop_order
from gnomon.op.copy import COPY
from gnomon.op.derivative import node_label
from gnomon.op.in_place import check_in_place, rebase_history
from gnomon.op.output import check_writable, count_write
from gnomon.op.random_generator import GeneratorCore, stream_for, twister_of
from gnomon.op.record import Record, describes_itself

T = TypeVar("T", bound=TensorCore)

#: ``(stream, number of elements, dtype, parameters, whether the output is contiguous)``
TwisterDraw: TypeAlias = Callable[
    [MersenneTwister, int, DType, Sequence[Scalar], bool], Sequence[Scalar]
]
#: ``(seed, offset, number of elements, dtype, parameters)``
PhiloxDraw: TypeAlias = Callable[[int, int, int, DType, Sequence[Scalar]], Sequence[Scalar]]


@final
@describes_itself
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RandomSource(Record):
    """A draw that fills a tensor, such as ``uniform``.

    ``twister`` is PyTorch's draw on the CPU. ``philox`` is that of every accelerator, which may
    have a kernel for it; a draw without it is made on the host, by a twister that the
    accelerator's stream seeds. Both return elements of the dtype.

    >>> import gnomon as torch
    >>> from gnomon.ops.random import BERNOULLI
    >>> BERNOULLI(torch.zeros(3), 1.0, generator=torch.Generator().manual_seed(0))
    tensor([1., 1., 1.])
    """

    twister: TwisterDraw
    philox: PhiloxDraw | None = None
    #: The parameters that conformance launches it with, one tuple a launch.
    samples: tuple[tuple[Scalar, ...], ...] = ((),)
    #: Raises for a dtype or for parameters that the draw is not defined on.
    check: Callable[[str, DType, Sequence[Scalar]], None]

    def __call__(
        self, target: T, *parameters: Scalar, generator: GeneratorCore | None, label: str = ""
    ) -> T:
        """Fill ``target`` in place; nothing flows back through it to what it was."""
        records = begin_filling(f"{self.name}_", target)
        self.fill(target.operand, parameters, generator)
        finish_filling(label or node_label(self.name), target, records)
        return target

    def fill(
        self,
        output: Operand,
        parameters: tuple[Scalar, ...],
        generator: GeneratorCore | None = None,
    ) -> None:
        """Fill ``output`` with numbers from ``generator``, by default its device's own."""
        self.check(f"{self.name}_", output.dtype, parameters)
        backend = output.storage.backend
        stream = stream_for(self.name, backend, generator)
        if self.philox is None and not isinstance(stream, MersenneTwister):
            whole = Layout.contiguous(output.layout.shape)
            drawn = self.generate(whole, output.dtype, parameters, twister_of(stream))
            write_values(output, drawn)
        else:
            backend.source(self, parameters, stream, output)

    def generate(
        self,
        layout: Layout,
        dtype: DType,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
    ) -> Sequence[Scalar]:
        """Return the elements, in logical order, of an output with this layout and dtype."""
        assert generator is not None
        count = layout.numel
        if isinstance(generator, MersenneTwister):
            contiguous = layout.is_contiguous
            drawn = self.twister(generator, count, dtype, parameters, contiguous)
            return drawn if contiguous else _in_logical_order(drawn, layout)
        assert self.philox is not None
        seed, offset = generator.initial_seed(), generator.next_offset()
        return self.philox(seed, offset, count, dtype, parameters)


def _in_logical_order(drawn: Sequence[Scalar], layout: Layout) -> Sequence[Scalar]:
    """Return in logical order what was drawn in the order PyTorch's loops visit ``layout`` in.

    They go through memory, innermost dim first, whatever the order of the dims is.
    """
    order = loop_order([layout])
    strides = [0] * len(order)
    steps = contiguous_strides(tuple([layout.shape[dim] for dim in order]))
    for dim, step in zip(order, steps, strict=True):
        strides[dim] = step
    positions = Layout(layout.shape, tuple(strides), 0).positions()
    return [drawn[position] for position in positions]


def begin_filling(operation: str, target: TensorCore) -> bool:
    """Check that ``target`` may be filled; return whether the graph must know of it."""
    records = recording(target)
    check_in_place(operation, target, records)
    check_writable(operation, target)
    return records


def finish_filling(label: str, target: TensorCore, records: bool) -> None:
    """Count the write to ``target``, and give it a history that ends in zeros if it had one."""
    count_write(target)
    if records:
        made = target.like(target.operand)
        rebase_history(target, _node_without_slope(label, (target,), made))


def sampled(label: str, inputs: Sequence[T], output: Operand) -> T:
    """Return ``output``, drawn by what is in ``inputs``, which get gradients of zero."""
    result = inputs[0].like(output)
    if recording(*inputs):
        set_history(result, _node_without_slope(label, inputs, result))
    return result


def _node_without_slope(
    label: str, inputs: Sequence[TensorCore], made: TensorCore
) -> OperationNode:
    shapes = [tensor.operand.layout.shape for tensor in inputs]
    return OperationNode(label, inputs, (made,), (), partial(_zeros, shapes))


def _zeros(
    shapes: Sequence[tuple[int, ...]],
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
) -> Cotangents:
    (cotangent,) = cotangents
    if cotangent is None:
        return [None] * len(shapes)
    storage, _, dtype = cotangent.operand
    return [cotangent.like(filled(storage.backend, shape, dtype, 0)) for shape in shapes]


def write_values(output: Operand, values: Sequence[Scalar]) -> None:
    """Write ``values``, which are of the output's dtype, to ``output`` in logical order."""
    storage, layout, dtype = output
    staged = allocate(storage.backend, Layout.contiguous(layout.shape), dtype)
    cells = memoryview(dtype.pack(values)).cast("B")
    storage.backend.write(staged.storage.memory, 0, cells)
    storage.backend.elementwise(COPY, (staged,), output)


def draw_each(
    output: Operand,
    inputs: Sequence[Operand],
    draw: Callable[[Sequence[Sequence[Scalar]]], Sequence[Scalar]],
) -> None:
    """Fill ``output`` with what ``draw`` makes of the columns of the inputs' elements.

    The draws are made in the order of PyTorch's loops over the output and the inputs, which
    have one shape.
    """
    order = loop_order([output.layout, *[operand.layout for operand in inputs]])
    in_order = [operand.under(operand.layout.permute(order)) for operand in (output, *inputs)]
    write_values(in_order[0], draw([values_of(operand) for operand in in_order[1:]]))
