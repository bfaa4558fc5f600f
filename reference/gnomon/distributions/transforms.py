"""Transforms of samples, with the logarithm of the determinant of their derivative.

>>> import gnomon as torch
>>> transform = ComposeTransform([ExpTransform(), AffineTransform(1.0, 2.0)])
>>> transform(torch.tensor(0.0)), transform.inv(torch.tensor(3.0))
(tensor(3.), tensor(0.))
"""

from gnomon.distributions.combined_transforms import CatTransform as CatTransform
from gnomon.distributions.combined_transforms import ComposeTransform as ComposeTransform
from gnomon.distributions.combined_transforms import (
    IndependentTransform as IndependentTransform,
)
from gnomon.distributions.combined_transforms import ReshapeTransform as ReshapeTransform
from gnomon.distributions.combined_transforms import StackTransform as StackTransform
from gnomon.distributions.combined_transforms import identity_transform as identity_transform
from gnomon.distributions.single_transforms import AbsTransform as AbsTransform
from gnomon.distributions.single_transforms import AffineTransform as AffineTransform
from gnomon.distributions.single_transforms import ExpTransform as ExpTransform
from gnomon.distributions.single_transforms import (
    LowerCholeskyTransform as LowerCholeskyTransform,
)
from gnomon.distributions.single_transforms import PowerTransform as PowerTransform
from gnomon.distributions.single_transforms import SigmoidTransform as SigmoidTransform
from gnomon.distributions.single_transforms import SoftmaxTransform as SoftmaxTransform
from gnomon.distributions.single_transforms import SoftplusTransform as SoftplusTransform
from gnomon.distributions.single_transforms import (
    StickBreakingTransform as StickBreakingTransform,
)
from gnomon.distributions.single_transforms import TanhTransform as TanhTransform
from gnomon.distributions.transform import Transform as Transform

__all__ = [
    "AbsTransform",
    "AffineTransform",
    "CatTransform",
    "ComposeTransform",
    "ExpTransform",
    "IndependentTransform",
    "LowerCholeskyTransform",
    "PowerTransform",
    "ReshapeTransform",
    "SigmoidTransform",
    "SoftmaxTransform",
    "SoftplusTransform",
    "StackTransform",
    "StickBreakingTransform",
    "TanhTransform",
    "Transform",
    "identity_transform",
]
