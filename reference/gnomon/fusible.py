"""The composites that a backend may run as one kernel, and what their kernels are given.

A backend offers a kernel with ``self.kernels.offer(matrix_product, kernel)``; the type of the
composite says what the kernel takes, and mypy checks it. A composite without a kernel is run as
the operations it is made of.
"""

from gnomon.composite.attention_of_heads import AttentionBackwardKernel, AttentionKernel
from gnomon.composite.attention_of_heads import attention_backward_of as attention_backward
from gnomon.composite.attention_of_heads import attention_of as attention
from gnomon.composite.classification_losses import (
    ClassLossBackwardKernel,
    ClassLossKernel,
    class_losses,
    class_losses_backward,
)
from gnomon.composite.convolution import ConvolutionKernel
from gnomon.composite.convolution import convolution_of as convolution
from gnomon.composite.convolution_geometry import Geometry
from gnomon.composite.cross_entropy import CrossEntropyBackwardKernel, CrossEntropyKernel
from gnomon.composite.cross_entropy import cross_entropy_backward_of as cross_entropy_backward
from gnomon.composite.cross_entropy import cross_entropy_of as cross_entropy
from gnomon.composite.matrix import (
    MatrixProductKernel,
    MatrixSumKernel,
    matrix_product,
    matrix_sum,
)
from gnomon.composite.max_pooling import (
    MaxPoolBackwardKernel,
    MaxPoolKernel,
    max_pooling,
    max_pooling_backward,
)
from gnomon.composite.pooling_windows import Windows
from gnomon.composite.resampling import Resampling, ResamplingKernel
from gnomon.composite.resampling import resampling_of as resampling
from gnomon.composite.searching import InsertionPointsKernel, insertion_points
from gnomon.composite.softmax import SoftmaxBackwardKernel, SoftmaxKernel
from gnomon.composite.softmax import log_softmax_backward_of as log_softmax_backward
from gnomon.composite.softmax import log_softmax_of as log_softmax
from gnomon.composite.softmax import softmax_backward_of as softmax_backward
from gnomon.composite.softmax import softmax_of as softmax
from gnomon.composite.standardization import (
    StandardizationBackwardKernel,
    StandardizationKernel,
    standardization,
    standardization_backward,
)
from gnomon.ops.leading import LeadingKernel, leading_places
from gnomon.ops.nonzero import ChosenPositionsKernel, chosen_positions

__all__ = [
    "AttentionBackwardKernel",
    "AttentionKernel",
    "ChosenPositionsKernel",
    "ClassLossBackwardKernel",
    "ClassLossKernel",
    "ConvolutionKernel",
    "CrossEntropyBackwardKernel",
    "CrossEntropyKernel",
    "Geometry",
    "InsertionPointsKernel",
    "LeadingKernel",
    "MatrixProductKernel",
    "MatrixSumKernel",
    "MaxPoolBackwardKernel",
    "MaxPoolKernel",
    "Resampling",
    "ResamplingKernel",
    "SoftmaxBackwardKernel",
    "SoftmaxKernel",
    "StandardizationBackwardKernel",
    "StandardizationKernel",
    "Windows",
    "attention",
    "attention_backward",
    "chosen_positions",
    "class_losses",
    "class_losses_backward",
    "convolution",
    "cross_entropy",
    "cross_entropy_backward",
    "insertion_points",
    "leading_places",
    "log_softmax",
    "log_softmax_backward",
    "matrix_product",
    "matrix_sum",
    "max_pooling",
    "max_pooling_backward",
    "resampling",
    "softmax",
    "softmax_backward",
    "standardization",
    "standardization_backward",
]
