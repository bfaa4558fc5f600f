"""The final ``Tensor``: the methods of every family, over one operand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.dtypes import get_default_dtype
from gnomon.graph.modes import modes
from gnomon.tensor.activation_methods import ActivationMethods
from gnomon.tensor.arithmetic_methods import ArithmeticMethods
from gnomon.tensor.autograd_methods import AutogradMethods
from gnomon.tensor.comparison_methods import ComparisonMethods
from gnomon.tensor.conversion_methods import ConversionMethods
from gnomon.tensor.copy_methods import CopyMethods
from gnomon.tensor.exponential_methods import ExponentialMethods
from gnomon.tensor.indexing_methods import IndexingMethods
from gnomon.tensor.integer_methods import IntegerMethods
from gnomon.tensor.interop_methods import InteropMethods
from gnomon.tensor.legacy import LegacyArgument, legacy_operand
from gnomon.tensor.linear_algebra_methods import LinearAlgebraMethods
from gnomon.tensor.matrix_methods import MatrixMethods, MatrixSumMethods
from gnomon.tensor.new_methods import NewMethods
from gnomon.tensor.operators import (
    ArithmeticOperators,
    ComparisonOperators,
    IntegerOperators,
)
from gnomon.tensor.options import DeviceLike
from gnomon.tensor.part_methods import PartMethods
from gnomon.tensor.power_methods import PowerMethods
from gnomon.tensor.properties import PropertyMethods
from gnomon.tensor.random_methods import RandomMethods
from gnomon.tensor.rearranging_methods import RearrangingMethods
from gnomon.tensor.reduction_methods import ReductionMethods
from gnomon.tensor.representation_methods import RepresentationMethods
from gnomon.tensor.rounding_methods import RoundingMethods
from gnomon.tensor.scatter_methods import ScatterMethods
from gnomon.tensor.selection_methods import SelectionMethods
from gnomon.tensor.shape_methods import ShapeMethods
from gnomon.tensor.sorting_methods import SortingMethods
from gnomon.tensor.special_methods import SpecialMethods
from gnomon.tensor.statistics_methods import StatisticsMethods
from gnomon.tensor.storage_methods import StorageMethods
from gnomon.tensor.trigonometry_methods import TrigonometryMethods

if TYPE_CHECKING:
    from typing import Self

    from gnomon.backend import Operand


class Tensor(
    ActivationMethods,
    ArithmeticMethods,
    ArithmeticOperators,
    AutogradMethods,
    ComparisonMethods,
    ComparisonOperators,
    ConversionMethods,
    CopyMethods,
    ExponentialMethods,
    IndexingMethods,
    IntegerMethods,
    IntegerOperators,
    InteropMethods,
    LinearAlgebraMethods,
    MatrixMethods,
    MatrixSumMethods,
    NewMethods,
    PartMethods,
    PowerMethods,
    PropertyMethods,
    RandomMethods,
    RearrangingMethods,
    ReductionMethods,
    RepresentationMethods,
    RoundingMethods,
    ScatterMethods,
    SelectionMethods,
    ShapeMethods,
    SortingMethods,
    SpecialMethods,
    StatisticsMethods,
    StorageMethods,
    TrigonometryMethods,
):
    """A multi-dimensional array of elements of one dtype, on one device.

    Views share their storage with the tensor they were taken of, so that a write through one
    shows in the other.
    """

    #: Where programs find it, and how ``print(type(x))`` names it.
    __module__ = "gnomon"

    def __new__(cls, *data: LegacyArgument, device: DeviceLike = None) -> Self:
        """Return a tensor of the default dtype: of sizes, not filled, or of a sequence.

        PyTorch's legacy constructor; ``gnomon.tensor`` and ``gnomon.empty`` say what they do.
        """
        tensor = object.__new__(cls)
        tensor.operand = legacy_operand("Tensor", data, get_default_dtype(), device)
        return tensor

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
