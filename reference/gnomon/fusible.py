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
from gnomon.composite.grid_samples import GridSampleKernel
from gnomon.composite.grid_samples import grid_samples_of as grid_samples
from gnomon.composite.label_paths import CtcLossBackwardKernel, CtcLossKernel
from gnomon.composite.label_paths import ctc_losses_backward_of as ctc_losses_backward
from gnomon.composite.label_paths import ctc_losses_of as ctc_losses
from gnomon.composite.linalg.eliminations import (
    CholeskyKernel,
    DeterminantKernel,
    InverseKernel,
    LUKernel,
    LUSolutionKernel,
    PermutationKernel,
    SignedLogarithmKernel,
    SolutionKernel,
    TriangularKernel,
)
from gnomon.composite.linalg.eliminations import cholesky_factor_of as cholesky_factor
from gnomon.composite.linalg.eliminations import determinant_of as determinant
from gnomon.composite.linalg.eliminations import inverse_of as inverse
from gnomon.composite.linalg.eliminations import lu_factors_of as lu_factors
from gnomon.composite.linalg.eliminations import lu_solution_of as lu_solution
from gnomon.composite.linalg.eliminations import permutation_of as permutation_of_pivots
from gnomon.composite.linalg.eliminations import signed_logarithm_of as signed_logarithm
from gnomon.composite.linalg.eliminations import solution_of as linear_solution
from gnomon.composite.linalg.eliminations import triangular_solution_of as triangular_solution
from gnomon.composite.linalg.exponentials import MatrixExponentialKernel
from gnomon.composite.linalg.exponentials import matrix_exponential_of as matrix_exponential
from gnomon.composite.linalg.orthogonalizations import (
    EigenvectorsKernel,
    QRKernel,
    ReflectorsKernel,
    SingularVectorsKernel,
)
from gnomon.composite.linalg.orthogonalizations import (
    eigenvectors_of as symmetric_eigenvectors,
)
from gnomon.composite.linalg.orthogonalizations import qr_factors_of as qr_factors
from gnomon.composite.linalg.orthogonalizations import reflectors_of as householder_reflectors
from gnomon.composite.linalg.orthogonalizations import singular_vectors_of as singular_vectors
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
from gnomon.ops.scans import ExtremesKernel, running_extremes

__all__ = [
    "AttentionBackwardKernel",
    "AttentionKernel",
    "CholeskyKernel",
    "ChosenPositionsKernel",
    "ClassLossBackwardKernel",
    "ClassLossKernel",
    "ConvolutionKernel",
    "CrossEntropyBackwardKernel",
    "CrossEntropyKernel",
    "CtcLossBackwardKernel",
    "CtcLossKernel",
    "DeterminantKernel",
    "EigenvectorsKernel",
    "ExtremesKernel",
    "Geometry",
    "GridSampleKernel",
    "InsertionPointsKernel",
    "InverseKernel",
    "LUKernel",
    "LUSolutionKernel",
    "LeadingKernel",
    "MatrixExponentialKernel",
    "MatrixProductKernel",
    "MatrixSumKernel",
    "MaxPoolBackwardKernel",
    "MaxPoolKernel",
    "PermutationKernel",
    "QRKernel",
    "ReflectorsKernel",
    "Resampling",
    "ResamplingKernel",
    "SignedLogarithmKernel",
    "SingularVectorsKernel",
    "SoftmaxBackwardKernel",
    "SoftmaxKernel",
    "SolutionKernel",
    "StandardizationBackwardKernel",
    "StandardizationKernel",
    "TriangularKernel",
    "Windows",
    "attention",
    "attention_backward",
    "cholesky_factor",
    "chosen_positions",
    "class_losses",
    "class_losses_backward",
    "convolution",
    "cross_entropy",
    "cross_entropy_backward",
    "ctc_losses",
    "ctc_losses_backward",
    "determinant",
    "grid_samples",
    "householder_reflectors",
    "insertion_points",
    "inverse",
    "leading_places",
    "linear_solution",
    "log_softmax",
    "log_softmax_backward",
    "lu_factors",
    "lu_solution",
    "matrix_exponential",
    "matrix_product",
    "matrix_sum",
    "max_pooling",
    "max_pooling_backward",
    "permutation_of_pivots",
    "qr_factors",
    "resampling",
    "running_extremes",
    "signed_logarithm",
    "singular_vectors",
    "softmax",
    "softmax_backward",
    "standardization",
    "standardization_backward",
    "symmetric_eigenvectors",
    "triangular_solution",
]
