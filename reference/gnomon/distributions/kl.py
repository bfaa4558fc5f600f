"""The Kullback–Leibler divergence of two distributions, where it has a formula."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar, cast

from gnomon.distributions.bernoulli import Bernoulli
from gnomon.distributions.beta import Beta
from gnomon.distributions.binomial import Binomial
from gnomon.distributions.categorical import Categorical
from gnomon.distributions.cauchy import Cauchy
from gnomon.distributions.dirichlet import Dirichlet
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.exponential import Exponential
from gnomon.distributions.gamma import Gamma
from gnomon.distributions.geometric import Geometric
from gnomon.distributions.gumbel import EULER, Gumbel
from gnomon.distributions.half_normal import HalfNormal
from gnomon.distributions.independent import Independent
from gnomon.distributions.laplace import Laplace
from gnomon.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from gnomon.distributions.multivariate_normal import (
    MultivariateNormal,
    half_log_determinant,
    squared_distance,
)
from gnomon.distributions.normal import Normal
from gnomon.distributions.one_hot_categorical import OneHotCategorical
from gnomon.distributions.pareto import Pareto
from gnomon.distributions.poisson import Poisson
from gnomon.distributions.transformed_distribution import TransformedDistribution
from gnomon.distributions.uniform import Uniform
from gnomon.distributions.utils import sum_rightmost
from gnomon.linalg import solve_triangular
from gnomon.nn.functional import softplus
from gnomon.tensor import Tensor

__all__ = ["kl_divergence", "register_kl"]

P = TypeVar("P", bound=Distribution)
Q = TypeVar("Q", bound=Distribution)

_formulas: dict[tuple[type, type], Callable[[Distribution, Distribution], Tensor]] = {}


def register_kl(
    type_p: type[P], type_q: type[Q]
) -> Callable[[Callable[[P, Q], Tensor]], Callable[[P, Q], Tensor]]:
    """Return a decorator for the formula of ``kl_divergence`` of two classes.

    A formula of base classes holds for subclasses that have none of their own.
    """
    for kind in cast("tuple[object, object]", (type_p, type_q)):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise TypeError(f"Expected a subclass of Distribution but got {kind}")

    def decorated(formula: Callable[[P, Q], Tensor]) -> Callable[[P, Q], Tensor]:
        _formulas[type_p, type_q] = cast(
            "Callable[[Distribution, Distribution], Tensor]", formula
        )
        return formula

    return decorated


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """Return the mean under ``p`` of ``p.log_prob - q.log_prob``, of the shape of the batch.

    Raises NotImplementedError for a pair without a formula.

    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    for kind_p in type(p).__mro__:
        for kind_q in type(q).__mro__:
            formula = _formulas.get((kind_p, kind_q))
            if formula is not None:
                return formula(p, q)
    raise NotImplementedError(
        f"No KL(p || q) is implemented for p type {type(p).__name__} and q type "
        f"{type(q).__name__}. Write one and decorate it with register_kl."
    )


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    success = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    success = success.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0.0)
    failure = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    failure = failure.masked_fill(q.probs == 1, math.inf).masked_fill(p.probs == 1, 0.0)
    return success + failure


@register_kl(Binomial, Binomial)
def _binomial(p: Binomial, q: Binomial) -> Tensor:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    divergence = p.total_count * (
        p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    )
    more = (p.total_count > q.total_count).expand(divergence.shape)
    return divergence.masked_fill(more, math.inf)


@register_kl(Categorical, Categorical)
def _categorical(p: Categorical, q: Categorical) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    terms = terms.masked_fill((q.probs == 0).expand(terms.shape), math.inf)
    return terms.masked_fill((p.probs == 0).expand(terms.shape), 0.0).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: OneHotCategorical, q: OneHotCategorical) -> Tensor:
    return _categorical(p._categorical, q._categorical)


@register_kl(Geometric, Geometric)
def _geometric(p: Geometric, q: Geometric) -> Tensor:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _poisson(p: Poisson, q: Poisson) -> Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Normal, Normal)
def _normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale).square()
    distance = ((p.loc - q.loc) / q.scale).square()
    return 0.5 * (ratio + distance - 1 - ratio.log())


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: HalfNormal, q: HalfNormal) -> Tensor:
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes "
            "cannot be computed"
        )
    determinants = half_log_determinant(q.scale_tril) - half_log_determinant(p.scale_tril)
    trace = solve_triangular(q.scale_tril, p.scale_tril, upper=False).square().sum((-2, -1))
    distance = squared_distance(q.scale_tril, q.loc - p.loc)
    return determinants + 0.5 * (trace + distance - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _low_rank(p: LowRankMultivariateNormal, q: LowRankMultivariateNormal) -> Tensor:
    return _multivariate_normal(_of_full_rank(p), _of_full_rank(q))


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _low_to_full_rank(p: LowRankMultivariateNormal, q: MultivariateNormal) -> Tensor:
    return _multivariate_normal(_of_full_rank(p), q)


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _full_to_low_rank(p: MultivariateNormal, q: LowRankMultivariateNormal) -> Tensor:
    return _multivariate_normal(p, _of_full_rank(q))


def _of_full_rank(p: LowRankMultivariateNormal) -> MultivariateNormal:
    return MultivariateNormal(p.loc, scale_tril=p.scale_tril, validate_args=False)


@register_kl(Laplace, Laplace)
def _laplace(p: Laplace, q: Laplace) -> Tensor:
    distance = (p.loc - q.loc).abs()
    ratio = p.scale / q.scale
    return -ratio.log() + distance / q.scale + ratio * (-distance / p.scale).exp() - 1


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Cauchy, q: Cauchy) -> Tensor:
    """Chyzak and Nielsen, "A closed-form formula for the Kullback-Leibler divergence between
    Cauchy distributions", 2019.
    """
    near = ((p.scale + q.scale).square() + (p.loc - q.loc).square()).log()
    return near - (4 * p.scale * q.scale).log()


@register_kl(Exponential, Exponential)
def _exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Gamma, Gamma)
def _gamma(p: Gamma, q: Gamma) -> Tensor:
    constants = q.concentration * (p.rate / q.rate).log()
    constants = constants + q.concentration.lgamma() - p.concentration.lgamma()
    shapes = (p.concentration - q.concentration) * p.concentration.digamma()
    return constants + shapes + (q.rate - p.rate) * (p.concentration / p.rate)


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Exponential, q: Gamma) -> Tensor:
    ratio = q.rate / p.rate
    constant = -q.concentration * ratio.log() + ratio + q.concentration.lgamma()
    return constant + q.concentration * EULER - (1 + EULER)


@register_kl(Gamma, Exponential)
def _gamma_exponential(p: Gamma, q: Exponential) -> Tensor:
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Beta, Beta)
def _beta(p: Beta, q: Beta) -> Tensor:
    return _dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Dirichlet, q: Dirichlet) -> Tensor:
    total = p.concentration.sum(-1)
    constants = total.lgamma() - q.concentration.sum(-1).lgamma()
    constants = constants - (p.concentration.lgamma() - q.concentration.lgamma()).sum(-1)
    difference = p.concentration - q.concentration
    means = p.concentration.digamma() - total.digamma().unsqueeze(-1)
    return constants + (difference * means).sum(-1)


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Gumbel, q: Gumbel) -> Tensor:
    ratio = p.scale / q.scale
    shift, own = q.loc / q.scale, p.loc / q.scale
    exponential = (shift - own + (1.0 + ratio).lgamma()).exp()
    return -ratio.log() + own - shift + ratio * EULER + exponential - (1 + EULER)


@register_kl(Pareto, Pareto)
def _pareto(p: Pareto, q: Pareto) -> Tensor:
    scales, ratio = p.scale / q.scale, q.alpha / p.alpha
    divergence = q.alpha * scales.log() - ratio.log() + ratio - 1
    return divergence.masked_fill(p.scale < q.scale, math.inf)


@register_kl(Uniform, Uniform)
def _uniform(p: Uniform, q: Uniform) -> Tensor:
    divergence = ((q.high - q.low) / (p.high - p.low)).log()
    return divergence.masked_fill((q.low > p.low) | (q.high < p.high), math.inf)


@register_kl(Uniform, Normal)
def _uniform_normal(p: Uniform, q: Normal) -> Tensor:
    width = p.high - p.low
    constant = (math.sqrt(2 * math.pi) * q.scale / width).log()
    spread = width.square() / 12
    distance = ((p.high + p.low - 2 * q.loc) / 2).square()
    return constant + 0.5 * (spread + distance) / q.scale.square()


@register_kl(Normal, Laplace)
def _normal_laplace(p: Normal, q: Laplace) -> Tensor:
    distance = p.loc - q.loc
    ratio = distance / p.scale
    near = math.sqrt(2 / math.pi) * p.scale * (-0.5 * ratio.square()).exp()
    far = distance * (math.sqrt(0.5) * ratio).erf()
    constant = (p.scale / q.scale).log() + 0.5 * math.log(2 * math.pi) + 0.5 - math.log(2)
    return -constant + (near + far) / q.scale


@register_kl(Independent, Independent)
def _independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            "No KL(p || q) of Independent distributions with different numbers of dims"
        )
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: TransformedDistribution, q: TransformedDistribution) -> Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError(
            "No KL(p || q) of TransformedDistributions with different transforms"
        )
    return kl_divergence(p.base_dist, q.base_dist)
