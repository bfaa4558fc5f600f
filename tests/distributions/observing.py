"""What there is to see of a distribution, for gnomon and for PyTorch."""

# ruff: noqa: ANN401  # the values are those of two libraries

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

from outcomes import Outcome

#: Distributions, as Python writes them: ``p`` makes a parameter that requires grad, ``c`` a
#: tensor, ``d`` is the module ``distributions``.
CASES = [
    "d.Normal(0.5, 2.0)",
    "d.Normal(p(0.5, -1.0), p(2.0, 0.3))",
    "d.Normal(p(0.5), c(1.0, 2.0))",
    "d.Uniform(p(0.5, -1.0), p(2.0, 0.3))",
    "d.Exponential(p(0.5, 3.0))",
    "d.Laplace(p(0.5, -1.0), p(2.0, 0.3))",
    "d.Cauchy(p(0.5, -1.0), p(2.0, 0.3))",
    "d.LogNormal(p(0.5, -1.0), p(0.7, 0.3))",
    "d.HalfNormal(p(0.5, 3.0))",
    "d.HalfCauchy(p(0.5, 3.0))",
    "d.Gumbel(p(0.5, -1.0), p(2.0, 0.3))",
    "d.Gumbel(0.5, 2.0)",
    "d.Weibull(p(0.5, 3.0), p(2.0, 0.8))",
    "d.Pareto(p(0.5, 3.0), p(2.5, 0.8))",
    "d.Gamma(p(0.5, 3.0), p(2.0, 0.8))",
    "d.Gamma(2.0, 3.0)",
    "d.Chi2(p(0.5, 3.0))",
    "d.InverseGamma(p(0.5, 3.0), p(2.0, 0.8))",
    "d.Beta(p(0.5, 3.0), p(2.0, 0.8))",
    "d.Beta(2.0, 3.0)",
    "d.Dirichlet(p(0.5, 3.0, 1.5))",
    "d.Dirichlet(p([0.5, 3.0, 1.5], [2.0, 2.0, 0.3]))",
    "d.Dirichlet(p(0.5, 0.3, 0.5))",
    "d.Kumaraswamy(p(0.5, 3.0), p(2.0, 0.8))",
    "d.StudentT(p(0.5, 1.5, 3.0), p(0.5), p(2.0))",
    "d.StudentT(3.0)",
    "d.FisherSnedecor(p(1.5, 3.0), p(3.0, 5.0))",
    "d.Bernoulli(0.3)",
    "d.Bernoulli(p(0.3, 0.5, 0.9))",
    "d.Bernoulli(logits=p(0.3, -2.0))",
    "d.Geometric(p(0.3, 0.9))",
    "d.Geometric(logits=p(0.3, -2.0))",
    "d.Binomial(5, p(0.3, 0.9))",
    "d.Binomial(c(5.0, 2.0), logits=p(0.3, -2.0))",
    "d.NegativeBinomial(5, p(0.3, 0.9))",
    "d.NegativeBinomial(c(5.0, 2.5), logits=p(0.3, -2.0))",
    "d.Poisson(p(0.3, 9.5))",
    "d.Categorical(p(0.3, 0.9, 2.0))",
    "d.Categorical(p([0.3, 0.9, 2.0], [1.0, 0.0, 1.0]))",
    "d.Categorical(logits=p([0.3, -0.9, 2.0], [1.0, 0.0, 1.0]))",
    "d.OneHotCategorical(p([0.3, 0.9, 2.0], [1.0, 0.0, 1.0]))",
    "d.OneHotCategoricalStraightThrough(logits=p(0.3, 0.9, 2.0))",
    "d.Multinomial(4, p(0.3, 0.9, 2.0))",
    "d.Multinomial(4, logits=p([0.3, 0.9, 2.0], [1.0, 0.0, 1.0]))",
    "d.MultivariateNormal(p(0.5, -1.0), p([2.0, 0.5], [0.5, 1.0]))",
    "d.MultivariateNormal(p([0.5, -1.0], [1.0, 0.0]), scale_tril=p([2.0, 0.0], [0.5, 1.0]))",
    "d.MultivariateNormal(p(0.5, -1.0), precision_matrix=p([2.0, 0.5], [0.5, 1.0]))",
    "d.Independent(d.Normal(p(0.5, -1.0), p(2.0, 0.3)), 1)",
    "d.Independent(d.Bernoulli(p([0.5, 0.1], [0.2, 0.3])), 1)",
    "d.Independent(d.Normal(p(0.5, -1.0), p(2.0, 0.3)), 0)",
    "d.TransformedDistribution(d.Normal(p(0.5), p(2.0)), [d.SigmoidTransform()])",
    "d.TransformedDistribution(d.Uniform(0.0, 1.0), [d.AffineTransform(p(1.0, 2.0), -3.0)])",
    "d.TransformedDistribution(d.Normal(p(0.5, 1.0), 1.0), d.StickBreakingTransform())",
    "d.LogisticNormal(p(0.5, 1.0), p(1.0, 0.4))",
    "d.RelaxedBernoulli(c(0.7), p(0.3, 0.9))",
    "d.RelaxedBernoulli(c(0.7), logits=p(0.3, 0.9))",
    "d.RelaxedOneHotCategorical(c(0.7), p(0.3, 0.9, 2.0))",
    "d.VonMises(p(0.5, -1.0), p(2.0, 0.3))",
    "d.VonMises(0.0, 40.0)",
    "d.ContinuousBernoulli(p(0.3, 0.5, 0.9))",
    "d.ContinuousBernoulli(logits=p(0.3, -2.0))",
    "d.GeneralizedPareto(0.5, 2.0, 0.4)",
    "d.GeneralizedPareto(-1.0, 0.3, -0.6)",
    "d.GeneralizedPareto(1.0, 1.0, 0.0)",
    "d.LowRankMultivariateNormal(p(0.5, -1.0, 2.0), p([2.0], [0.5], [0.1]), p(0.3, 1.0, 2.0))",
    "d.LowRankMultivariateNormal(p([0.5, -1.0], [0.0, 1.0]), p([2.0, 0.0], [0.5, 1.0]), "
    "p(0.3, 1.0))",
    "d.MixtureSameFamily(d.Categorical(p(0.3, 0.7)), d.Normal(p(0.5, -1.0), p(2.0, 0.3)))",
    "d.MixtureSameFamily(d.Categorical(p(0.3, 0.7)), d.Independent(d.Normal(p([0.5, -1.0], "
    "[1.0, 1.0]), 1.0), 1))",
]

#: Pairs with a divergence.
PAIRS = [
    ("d.Normal(p(0.5, -1.0), 2.0)", "d.Normal(p(1.5), p(0.3, 0.4))"),
    ("d.HalfNormal(p(0.5))", "d.HalfNormal(p(1.5))"),
    ("d.LogNormal(p(0.5), p(1.0))", "d.LogNormal(p(1.5), p(0.3))"),
    ("d.Laplace(p(0.5), p(2.0))", "d.Laplace(p(1.5), p(0.3))"),
    ("d.Cauchy(p(0.5), p(2.0))", "d.Cauchy(p(1.5), p(0.3))"),
    ("d.Exponential(p(0.5))", "d.Exponential(p(1.5))"),
    ("d.Exponential(p(0.5))", "d.Gamma(p(1.5), p(0.3))"),
    ("d.Gamma(p(0.5), p(2.0))", "d.Exponential(p(1.5))"),
    ("d.Gamma(p(0.5), p(2.0))", "d.Gamma(p(1.5), p(0.3))"),
    ("d.Chi2(p(0.5))", "d.Chi2(p(1.5))"),
    ("d.Beta(p(0.5), p(2.0))", "d.Beta(p(1.5), p(0.3))"),
    ("d.Dirichlet(p(0.5, 2.0))", "d.Dirichlet(p(1.5, 0.3))"),
    ("d.Bernoulli(p(0.5, 0.0, 1.0, 0.2))", "d.Bernoulli(p(0.3, 0.3, 0.3, 0.0))"),
    ("d.Binomial(3, p(0.5))", "d.Binomial(3, p(0.3))"),
    ("d.Binomial(4, p(0.5))", "d.Binomial(3, p(0.3))"),
    ("d.Binomial(2, p(0.5))", "d.Binomial(3, p(0.3))"),
    ("d.Categorical(p(0.5, 0.5, 0.0))", "d.Categorical(p(0.2, 0.4, 0.4))"),
    ("d.Categorical(p(0.5, 0.5, 0.0))", "d.Categorical(p(0.2, 0.0, 0.4))"),
    ("d.OneHotCategorical(p(0.5, 0.5))", "d.OneHotCategorical(p(0.2, 0.4))"),
    ("d.Geometric(p(0.5))", "d.Geometric(p(0.3))"),
    ("d.Poisson(p(0.5))", "d.Poisson(p(1.5))"),
    ("d.Uniform(p(0.5), p(1.0))", "d.Uniform(p(0.0), p(3.0))"),
    ("d.Uniform(p(0.5), p(4.0))", "d.Uniform(p(0.0), p(3.0))"),
    ("d.Uniform(p(0.5), p(4.0))", "d.Normal(p(0.0), p(3.0))"),
    ("d.Normal(p(0.5), p(4.0))", "d.Laplace(p(0.0), p(3.0))"),
    ("d.Gumbel(p(0.5), p(4.0))", "d.Gumbel(p(0.0), p(3.0))"),
    ("d.Pareto(p(2.5), p(4.0))", "d.Pareto(p(1.5), p(3.0))"),
    ("d.Pareto(p(0.5), p(4.0))", "d.Pareto(p(1.5), p(3.0))"),
    (
        "d.MultivariateNormal(p(0.5, -1.0), p([2.0, 0.5], [0.5, 1.0]))",
        "d.MultivariateNormal(p(1.5, 0.0), scale_tril=p([1.0, 0.0], [0.5, 3.0]))",
    ),
    (
        "d.LowRankMultivariateNormal(p(0.5, -1.0), p([2.0], [0.5]), p(0.3, 1.0))",
        "d.LowRankMultivariateNormal(p(0.0, 1.0), p([0.2], [0.5]), p(0.3, 2.0))",
    ),
    (
        "d.LowRankMultivariateNormal(p(0.5, -1.0), p([2.0], [0.5]), p(0.3, 1.0))",
        "d.MultivariateNormal(p(1.5, 0.0), scale_tril=p([1.0, 0.0], [0.5, 3.0]))",
    ),
    (
        "d.MultivariateNormal(p(1.5, 0.0), scale_tril=p([1.0, 0.0], [0.5, 3.0]))",
        "d.LowRankMultivariateNormal(p(0.5, -1.0), p([2.0], [0.5]), p(0.3, 1.0))",
    ),
    (
        "d.Independent(d.Normal(p(0.5, -1.0), 2.0), 1)",
        "d.Independent(d.Normal(p(0.0, 1.0), 1.0), 1)",
    ),
    ("d.Normal(0.0, 1.0)", "d.Poisson(1.0)"),
]


class Parameters:
    """Makes tensors of one dtype, and remembers those that require grad."""

    def __init__(self, torch: ModuleType, dtype: Any) -> None:
        self.torch = torch
        self.dtype = dtype
        self.made: list[Any] = []

    def constant(self, *values: Any) -> Any:
        data = values[0] if len(values) == 1 else list(values)
        return self.torch.tensor(data, dtype=self.dtype)

    def parameter(self, *values: Any) -> Any:
        tensor = self.constant(*values).requires_grad_()
        self.made.append(tensor)
        return tensor

    def distribution(self, text: str) -> Any:
        names = {"d": self.torch.distributions, "p": self.parameter, "c": self.constant}
        return eval(text, names)

    def gradients(self, result: Any) -> list[Any]:
        """Return the gradients of a weighted sum, and forget them.

        PyTorch keeps some intermediate results between questions, and so their graph.
        """
        weights = self.torch.arange(1.0, result.numel() + 1, dtype=self.torch.float64)
        if result.requires_grad:
            (result.reshape(-1) * weights.to(result.dtype)).sum().backward(retain_graph=True)
        found = [numbers(p.grad) for p in self.made]
        for tensor in self.made:
            tensor.grad = None
        return found


def numbers(value: Any) -> Outcome:
    if value is None or isinstance(value, bool | str):
        return str(value)
    if hasattr(value, "detach"):
        flat = value.detach().reshape(-1).tolist()
        return [str(value.dtype), str(tuple(value.shape)), [float(item) for item in flat]]
    return str(value).replace("gnomon", "torch")


def observed(torch: ModuleType, text: str) -> dict[str, Outcome]:
    """Return what there is to see of a distribution, by what it is."""
    parameters = Parameters(torch, torch.float64)
    distribution = parameters.distribution(text)
    torch.manual_seed(7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = distribution.sample((2,))

    def expanded() -> list[Outcome]:
        wider = distribution.expand((3, *distribution.batch_shape))
        torch.manual_seed(7)
        sample = wider.sample()
        return [str(wider.batch_shape), numbers(sample), numbers(wider.log_prob(sample))]

    def with_gradients(function: Callable[[], Any]) -> list[Outcome]:
        result = function()
        return [numbers(result), *parameters.gradients(result)]

    def reparameterized() -> list[Outcome]:
        torch.manual_seed(7)
        return with_gradients(lambda: distribution.rsample((2,)))

    def single_precision() -> Outcome:
        single = Parameters(torch, torch.float32).distribution(text)
        torch.manual_seed(7)
        return [numbers(single.sample((3,))), numbers(single.sample()), numbers(torch.rand(1))]

    share = torch.tensor(0.3, dtype=torch.float64)
    questions: dict[str, Callable[[], Any]] = {
        "shapes": lambda: f"{distribution.batch_shape} {distribution.event_shape}",
        "support": lambda: type(distribution.support).__name__,
        "flags": lambda: f"{distribution.has_rsample} {distribution.has_enumerate_support}",
        "sample": lambda: numbers(value),
        "rsample": reparameterized,
        "draws": single_precision,
        "mean": lambda: with_gradients(lambda: distribution.mean),
        "variance": lambda: with_gradients(lambda: distribution.variance),
        "stddev": lambda: numbers(distribution.stddev),
        "mode": lambda: numbers(distribution.mode),
        "log_prob": lambda: with_gradients(lambda: distribution.log_prob(value)),
        "cdf": lambda: with_gradients(lambda: distribution.cdf(value)),
        "icdf": lambda: with_gradients(lambda: distribution.icdf(share)),
        "entropy": lambda: with_gradients(distribution.entropy),
        "perplexity": lambda: numbers(distribution.perplexity()),
        "values": lambda: numbers(distribution.enumerate_support()),
        "few values": lambda: numbers(distribution.enumerate_support(expand=False)),
        "expanded": expanded,
    }
    return {name: answered(question) for name, question in questions.items()}


def answered(question: Callable[[], Any]) -> Outcome:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            answer: Outcome = question()
        except (NotImplementedError, ValueError, RuntimeError, AttributeError) as error:
            kind = type(error).__name__
            return "nothing" if kind in ("NotImplementedError", "AttributeError") else kind
    return answer


def divergence(torch: ModuleType, pair: tuple[str, str]) -> Outcome:
    parameters = Parameters(torch, torch.float64)
    p, q = map(parameters.distribution, pair)

    def question() -> list[Outcome]:
        result = torch.distributions.kl_divergence(p, q)
        return [numbers(result), *parameters.gradients(result)]

    return answered(question)
