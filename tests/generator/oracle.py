"""The same draws by PyTorch, from its default generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest

from generator.draws import Arguments, Numbers, dtype_named, ramp, rates
from gnomon.dtypes import DType

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of these tests is PyTorch")

Draw: TypeAlias = Callable[["torch.Tensor", Arguments], "torch.Tensor"]


def weights(empty: torch.Tensor) -> torch.Tensor:
    return torch.tensor(ramp(len(empty), gnomon_dtype(empty)), dtype=empty.dtype)


def scaled(empty: torch.Tensor, factor: float) -> torch.Tensor:
    return torch.tensor(rates(len(empty), gnomon_dtype(empty), factor), dtype=empty.dtype)


def gnomon_dtype(tensor: torch.Tensor) -> DType:
    return dtype_named(str(tensor.dtype).removeprefix("torch."))


# Each takes an empty tensor of the wanted dtype and length.
DRAWS: dict[str, Draw] = {
    "uniform": lambda e, a: e.uniform_(*a),
    "normal": lambda e, a: e.normal_(*a),
    "normal, strided": lambda e, a: e.new_empty(len(e), 2)[:, 0].normal_(*a),
    "log_normal": lambda e, a: e.log_normal_(*a),
    "exponential": lambda e, a: e.exponential_(*a),
    "cauchy": lambda e, a: e.cauchy_(*a),
    "geometric": lambda e, a: e.geometric_(*a),
    "bernoulli": lambda e, a: e.bernoulli_(*a),
    "bernoulli, each": lambda e, a: torch.bernoulli(weights(e)),
    "randint": lambda e, a: e.random_(*map(int, a)),
    "randint, wide": lambda e, a: e.random_(*map(int, a)),
    "random_from": lambda e, a: e.random_(int(a[0]), None),
    "random_from, 64 bits": lambda e, a: e.random_(int(a[0]), None),
    "random_full": lambda e, a: e.random_(),
    "randperm": lambda e, a: torch.randperm(len(e), dtype=e.dtype),
    "multinomial, one": lambda e, a: torch.multinomial(weights(e), 1),
    "multinomial, few": lambda e, a: torch.multinomial(weights(e), (len(e) + 1) // 2),
    "multinomial, replacement": lambda e, a: torch.multinomial(weights(e), 50, True),
    "poisson": lambda e, a: torch.poisson(scaled(e, *a)),
    "binomial": lambda e, a: torch.binomial(torch.full_like(e, *a), weights(e)),
    "standard_gamma": lambda e, a: torch._standard_gamma(scaled(e, *a)),
}


def draw(name: str, dtype: str, count: int, arguments: Arguments, seed: int) -> Numbers:
    """Return PyTorch's numbers for a seed; its generator is left in the state after them."""
    torch.manual_seed(seed)
    numbers: list[float] = DRAWS[name](
        torch.empty(count, dtype=getattr(torch, dtype)), arguments
    ).tolist()
    return numbers


def state() -> bytes:
    return bytes(torch.get_rng_state().tolist())
