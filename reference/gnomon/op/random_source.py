"""Random sources: draws that fill a tensor, defined on the CPU's stream and accelerators'."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar, final

from gnomon.backend import Operand, Stream
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import filled
from gnomon.dtypes import DType, Scalar
from gnomon.generator import MersenneTwister
from gnomon.graph.nodes import OperationNode, recording
from gnomon.layout import Layout, contiguous_strides, loop_order
from gnomon.op.in_place import check_in_place, rebase_history
from gnomon.op.output import check_writable, count_write
from gnomon.op.random_generator import GeneratorCore, stream_for, twister_of

T = TypeVar("T", bound=TensorCore)

#: ``(stream, number of elements, dtype, parameters, whether the output is contiguous)``
TwisterDraw: TypeAlias = Callable[
    [MersenneTwister, int, DType, Sequence[Scalar], bool], Sequence[Scalar]
]
#: ``(seed, offset, number of elements, dtype, parameters)``
PhiloxDraw: TypeAlias = Callable[[int, int, int, DType, Sequence[Scalar]], Sequence[Scalar]]


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomSource:
    """A draw that fills a tensor, such as ``uniform``.

    ``twister`` is PyTorch's draw on the CPU. ``philox`` is that of every accelerator, which may
    have a kernel for it; a draw without it is made on the host, by a twister that the
    accelerator's stream seeds. Both return elements of the dtype.
    """

    name: str
    twister: TwisterDraw
    philox: PhiloxDraw | None = None

    def __call__(self, target: T, *parameters: Scalar, generator: GeneratorCore | None) -> T:
        """Fill ``target`` in place; a gradient does not flow through it, to what it was."""
        operation = f"{self.name}_"
        records = recording(target)
        check_in_place(operation, target, records)
        check_writable(operation, target)
        self.fill(target.operand, parameters, generator)
        count_write(target)
        if records:
            record_no_slope(operation, target)
        return target

    def fill(
        self,
        output: Operand,
        parameters: tuple[Scalar, ...],
        generator: GeneratorCore | None = None,
    ) -> None:
        """Fill ``output`` with numbers from ``generator``, by default its device's own."""
        backend = output.storage.backend
        stream: Stream = stream_for(self.name, backend, generator)
        if self.philox is None:
            stream = twister_of(stream)
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


def record_no_slope(operation: str, target: TensorCore) -> None:
    """Give ``target``, just filled in place, a history that ends in zeros."""
    label = "".join(part.capitalize() for part in operation.split("_")) + "Backward0"
    made = target.like(target.operand)
    zeros = partial(_zeros, target.operand.layout.shape)
    rebase_history(target, OperationNode(label, (target,), (made,), (), zeros))


def _zeros(
    shape: tuple[int, ...], cotangents: Cotangents, saved: Sequence[TensorCore | None]
) -> Cotangents:
    (cotangent,) = cotangents
    if cotangent is None:
        return (None,)
    storage, _, dtype = cotangent.operand
    return (cotangent.like(filled(storage.backend, shape, dtype, 0)),)
