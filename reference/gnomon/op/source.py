"""Sources: operations that make elements of nothing but their number and a few parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

from gnomon.backend import Backend, Operand, Stream
from gnomon.dispatch import allocate
from gnomon.dtypes import DType, Scalar, float64, int64
from gnomon.layout import Layout
from gnomon.op.claims import Tolerance
from gnomon.op.record import Record, describes_itself

#: ``(index, parameters) -> element``, the index counting elements in logical order.
ElementMeaning: TypeAlias = Callable[[int, Sequence[Scalar]], Scalar]


@final
@describes_itself
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Source(Record):
    """A source whose elements depend on their index alone, such as ``arange``.

    >>> import gnomon as torch
    >>> from gnomon.ops.sources import arange
    >>> target = torch.zeros(3)
    >>> arange.fill(target.operand, (1, 0.5))
    >>> target
    tensor([1.0000, 1.5000, 2.0000])
    """

    element: ElementMeaning
    tolerance: Tolerance
    #: The parameters that conformance launches it with, one tuple a launch.
    samples: tuple[tuple[Scalar, ...], ...]

    def accuracy(self) -> str:
        return str(self.tolerance)

    def __call__(
        self,
        backend: Backend,
        shape: tuple[int, ...],
        dtype: DType,
        parameters: tuple[Scalar, ...],
    ) -> Operand:
        """Return a fresh contiguous operand of the elements."""
        output = allocate(backend, Layout.contiguous(shape), dtype)
        self.fill(output, parameters)
        return output

    def fill(self, output: Operand, parameters: tuple[Scalar, ...]) -> None:
        """Fill ``output`` with the elements, in logical order."""
        output.storage.backend.source(self, parameters, None, output)

    def generate(
        self,
        layout: Layout,
        dtype: DType,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
    ) -> Sequence[Scalar]:
        """Return the elements of an output with this layout and dtype."""
        element = self.element
        values = [element(index, parameters) for index in range(layout.numel)]
        exact = int64 if all(isinstance(value, int) for value in values) else float64
        return dtype.convert_all(values, exact)
