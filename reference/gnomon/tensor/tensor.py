"""The final ``Tensor``: the methods of every family, over one operand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.graph.modes import modes
from gnomon.tensor.matrix_methods import MatrixMethods
from gnomon.tensor.part_methods import PartMethods
from gnomon.tensor.properties import PropertyMethods
from gnomon.tensor.reduction_methods import ReductionMethods
from gnomon.tensor.shape_methods import ShapeMethods

if TYPE_CHECKING:
    from typing import Self

    from gnomon.backend import Operand


class Tensor(
    MatrixMethods,
    PartMethods,
    PropertyMethods,
    ReductionMethods,
    ShapeMethods,
):
    """A multi-dimensional array of elements of one dtype, on one device.

    Views share their storage with the tensor they were taken of, so that a write through one
    shows in the other.
    """

    def like(self, operand: Operand) -> Self:
        return Tensor.over(operand)  # type: ignore[return-value]  # a subclass's results are plain

    @staticmethod
    def over(operand: Operand) -> Tensor:
        """Return a tensor over ``operand``, outside any graph."""
        tensor = object.__new__(Tensor)
        tensor.operand = operand
        if modes.inference:
            tensor.made_for_inference = True
        return tensor
