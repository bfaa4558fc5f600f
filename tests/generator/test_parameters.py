"""Each draw refuses parameters it has no meaning for, naming them, before it draws."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from gnomon.dtypes import float16, float32, float64, int64, uint8
from gnomon.generator import MersenneTwister
from gnomon.generator.categories import multinomial
from gnomon.generator.continuous import cauchy, exponential, geometric
from gnomon.generator.counting import binomial, poisson
from gnomon.generator.integers import randint, random_from, randperm
from gnomon.generator.normal import log_normal, normal
from gnomon.generator.uniform import bernoulli, bernoulli_each, uniform

REFUSED: list[tuple[str, Callable[[MersenneTwister], object]]] = [
    ("low=3", lambda g: uniform(g, 1, float32, 3.0, 1.0)),
    ("low is out of bounds", lambda g: uniform(g, 1, float32, math.nan, 1.0)),
    ("high is out of bounds", lambda g: uniform(g, 1, float16, 0.0, 7e4)),
    ("high - low", lambda g: uniform(g, 1, float32, -3e38, 3e38)),
    ("std=-1", lambda g: normal(g, 1, float32, 0.0, -1.0)),
    ("std=nan", lambda g: normal(g, 1, float32, 0.0, math.nan)),
    ("std=0", lambda g: log_normal(g, 1, float32, 0.0, 0.0)),
    ("lambda=0", lambda g: exponential(g, 1, float32, 0.0)),
    ("sigma=0", lambda g: cauchy(g, 1, float32, 0.0, 0.0)),
    ("p=0", lambda g: geometric(g, 1, float32, 0.0)),
    ("p=1", lambda g: geometric(g, 1, float32, 1.0)),
    ("p=1.2", lambda g: bernoulli(g, 1, 1.2)),
    ("p=nan", lambda g: bernoulli(g, 1, math.nan)),
    ("p=-0.5", lambda g: bernoulli_each(g, [0.5, -0.5], float32)),
    ("low=3, high=3", lambda g: randint(g, 1, int64, 3, 3)),
    ("high - 1 = 256", lambda g: randint(g, 1, uint8, 0, 257)),
    ("low=-1", lambda g: randint(g, 1, uint8, -1, 2)),
    ("low=300", lambda g: random_from(g, 1, uint8, 300)),
    ("64 random bits", lambda g: random_from(g, 1, uint8, -(2**63))),
    ("n=-1", lambda g: randperm(g, -1)),
    ("got 0", lambda g: multinomial(g, [1.0], 0, float32)),
    ("3 of 2 categories", lambda g: multinomial(g, [0.5, 1.0], 3, float32)),
    ("not all be zero", lambda g: multinomial(g, [0.0, 0.0], 1, float32)),
    ("finite and not negative", lambda g: multinomial(g, [1.0, -1.0], 1, float32)),
    ("finite and not negative", lambda g: multinomial(g, [1.0, math.nan], 1, float32)),
    ("zero or more, got -1", lambda g: poisson(g, [1.0, -1.0], float32)),
]


@pytest.mark.parametrize(("message", "draw"), REFUSED)
def test_refused_parameters(message: str, draw: Callable[[MersenneTwister], object]) -> None:
    generator = MersenneTwister(1)
    with pytest.raises(RuntimeError, match=message):
        draw(generator)
    assert generator.state_bytes() == MersenneTwister(1).state_bytes()


def test_an_integer_dtype_is_refused_where_only_floats_are_drawn() -> None:
    with pytest.raises(NotImplementedError, match="normal_: needs a floating dtype"):
        normal(MersenneTwister(), 1, int64)


def test_draws_of_nothing_draw_nothing() -> None:
    generator = MersenneTwister(1)
    assert uniform(generator, 0, float64) == normal(generator, 0, float32) == []
    assert randperm(generator, 0) == [] and randperm(generator, 1) == [0]
    assert generator.state_bytes() == MersenneTwister(1).state_bytes()


def test_special_binomials() -> None:
    numbers = binomial(
        MersenneTwister(0), [0.0, 5.0, 5.0, 5.0], [0.5, 0.0, 1.0, math.nan], float64
    )
    assert numbers[:3] == [0.0, 0.0, 5.0]
    assert math.isnan(numbers[3])


def test_a_category_of_no_weight_comes_last() -> None:
    for seed in range(20):
        drawn = multinomial(MersenneTwister(seed), [0.0, 1.0, 2.0, 0.0], 4, float32)
        assert sorted(drawn[:2]) == [1, 2]
        assert drawn[2:] == [0, 3]
