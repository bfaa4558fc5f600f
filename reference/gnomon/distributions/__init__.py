"""Probability distributions: samples, densities, entropies, divergences.

>>> import gnomon as torch
>>> from gnomon.distributions import Normal, kl_divergence
>>> _ = torch.manual_seed(0)
>>> normal = Normal(torch.tensor([0.0, 1.0]), 2.0)
>>> normal.log_prob(normal.sample())
tensor([-2.7994, -1.6551])
>>> kl_divergence(normal, Normal(0.0, 2.0))
tensor([0.0000, 0.1250])
"""

from gnomon.distributions import constraints as constraints
from gnomon.distributions import kl as kl
from gnomon.distributions import transforms as transforms
from gnomon.distributions import utils as utils
from gnomon.distributions.bernoulli import Bernoulli as Bernoulli
from gnomon.distributions.beta import Beta as Beta
from gnomon.distributions.binomial import Binomial as Binomial
from gnomon.distributions.categorical import Categorical as Categorical
from gnomon.distributions.cauchy import Cauchy as Cauchy
from gnomon.distributions.chi2 import Chi2 as Chi2
from gnomon.distributions.constraint_registry import biject_to as biject_to
from gnomon.distributions.constraint_registry import transform_to as transform_to
from gnomon.distributions.continuous_bernoulli import ContinuousBernoulli as ContinuousBernoulli
from gnomon.distributions.dirichlet import Dirichlet as Dirichlet
from gnomon.distributions.distribution import Distribution as Distribution
from gnomon.distributions.exponential import Exponential as Exponential
from gnomon.distributions.fishersnedecor import FisherSnedecor as FisherSnedecor
from gnomon.distributions.gamma import Gamma as Gamma
from gnomon.distributions.generalized_pareto import GeneralizedPareto as GeneralizedPareto
from gnomon.distributions.geometric import Geometric as Geometric
from gnomon.distributions.gumbel import Gumbel as Gumbel
from gnomon.distributions.half_cauchy import HalfCauchy as HalfCauchy
from gnomon.distributions.half_normal import HalfNormal as HalfNormal
from gnomon.distributions.independent import Independent as Independent
from gnomon.distributions.inverse_gamma import InverseGamma as InverseGamma
from gnomon.distributions.kl import kl_divergence as kl_divergence
from gnomon.distributions.kl import register_kl as register_kl
from gnomon.distributions.kumaraswamy import Kumaraswamy as Kumaraswamy
from gnomon.distributions.laplace import Laplace as Laplace
from gnomon.distributions.log_normal import LogNormal as LogNormal
from gnomon.distributions.logistic_normal import LogisticNormal as LogisticNormal
from gnomon.distributions.lowrank_multivariate_normal import (
    LowRankMultivariateNormal as LowRankMultivariateNormal,
)
from gnomon.distributions.mixture_same_family import MixtureSameFamily as MixtureSameFamily
from gnomon.distributions.multinomial import Multinomial as Multinomial
from gnomon.distributions.multivariate_normal import MultivariateNormal as MultivariateNormal
from gnomon.distributions.negative_binomial import NegativeBinomial as NegativeBinomial
from gnomon.distributions.normal import Normal as Normal
from gnomon.distributions.one_hot_categorical import OneHotCategorical as OneHotCategorical
from gnomon.distributions.one_hot_categorical import (
    OneHotCategoricalStraightThrough as OneHotCategoricalStraightThrough,
)
from gnomon.distributions.pareto import Pareto as Pareto
from gnomon.distributions.poisson import Poisson as Poisson
from gnomon.distributions.relaxed_bernoulli import RelaxedBernoulli as RelaxedBernoulli
from gnomon.distributions.relaxed_categorical import (
    RelaxedOneHotCategorical as RelaxedOneHotCategorical,
)
from gnomon.distributions.studentT import StudentT as StudentT
from gnomon.distributions.transformed_distribution import (
    TransformedDistribution as TransformedDistribution,
)
from gnomon.distributions.transforms import AbsTransform as AbsTransform
from gnomon.distributions.transforms import AffineTransform as AffineTransform
from gnomon.distributions.transforms import CatTransform as CatTransform
from gnomon.distributions.transforms import ComposeTransform as ComposeTransform
from gnomon.distributions.transforms import ExpTransform as ExpTransform
from gnomon.distributions.transforms import IndependentTransform as IndependentTransform
from gnomon.distributions.transforms import LowerCholeskyTransform as LowerCholeskyTransform
from gnomon.distributions.transforms import PowerTransform as PowerTransform
from gnomon.distributions.transforms import ReshapeTransform as ReshapeTransform
from gnomon.distributions.transforms import SigmoidTransform as SigmoidTransform
from gnomon.distributions.transforms import SoftmaxTransform as SoftmaxTransform
from gnomon.distributions.transforms import SoftplusTransform as SoftplusTransform
from gnomon.distributions.transforms import StackTransform as StackTransform
from gnomon.distributions.transforms import StickBreakingTransform as StickBreakingTransform
from gnomon.distributions.transforms import TanhTransform as TanhTransform
from gnomon.distributions.transforms import Transform as Transform
from gnomon.distributions.transforms import identity_transform as identity_transform
from gnomon.distributions.uniform import Uniform as Uniform
from gnomon.distributions.von_mises import VonMises as VonMises
from gnomon.distributions.weibull import Weibull as Weibull
