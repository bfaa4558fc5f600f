"""Filling a tensor with random numbers, and drawing by what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, SupportsIndex

from gnomon.composite import sampling
from gnomon.core import TensorCore
from gnomon.op.random_generator import GeneratorCore
from gnomon.ops import random

if TYPE_CHECKING:
    from typing import Self


class RandomMethods(TensorCore):
    """Random numbers in place, each from ``generator`` or from the device's default one."""

    def uniform_(
        self, low: float = 0.0, /, to: float = 1.0, *, generator: GeneratorCore | None = None
    ) -> Self:
        """Fill with numbers uniform in ``[low, to)``; no gradient flows through it."""
        return random.uniform_(self, low, to, generator=generator)

    def normal_(
        self, mean: float = 0.0, std: float = 1.0, *, generator: GeneratorCore | None = None
    ) -> Self:
        """Fill with normal numbers of ``mean`` and standard deviation ``std``."""
        return random.normal_(self, mean, std, generator=generator)

    def log_normal_(
        self, mean: float = 1.0, std: float = 2.0, *, generator: GeneratorCore | None = None
    ) -> Self:
        """Fill with numbers whose logarithms are normal, of ``mean`` and ``std``."""
        return random.log_normal_(self, mean, std, generator=generator)

    def exponential_(
        self, lambd: float = 1.0, *, generator: GeneratorCore | None = None
    ) -> Self:
        """Fill with exponential numbers of the rate ``lambd``."""
        return random.exponential_(self, lambd, generator=generator)

    def cauchy_(
        self,
        median: float = 0.0,
        sigma: float = 1.0,
        *,
        generator: GeneratorCore | None = None,
    ) -> Self:
        """Fill with Cauchy numbers around ``median``, half of them within ``sigma`` of it."""
        return random.cauchy_(self, median, sigma, generator=generator)

    def geometric_(self, p: float, *, generator: GeneratorCore | None = None) -> Self:
        """Fill with numbers of trials up to the first success, of probability ``p``."""
        return random.geometric_(self, p, generator=generator)

    def random_(
        self,
        *bounds: SupportsIndex | None,
        to: SupportsIndex | None = None,
        generator: GeneratorCore | None = None,
    ) -> Self:
        """Fill with integers: up to the largest of the dtype, below a bound, or between two.

        ``random_(low, None)`` draws from ``low`` to the largest.
        """
        return random.random_(self, *bounds, to=to, generator=generator)

    def bernoulli_(
        self, p: float | TensorCore = 0.5, *, generator: GeneratorCore | None = None
    ) -> Self:
        """Fill with 1 with probability ``p``, a number or one for each element, else 0."""
        return sampling.bernoulli_(self, p, generator=generator)

    def bernoulli(
        self, p: float | None = None, *, generator: GeneratorCore | None = None
    ) -> Self:
        """Return ``gnomon.bernoulli(self, p)``."""
        return sampling.bernoulli(self, p, generator=generator)

    def multinomial(
        self,
        num_samples: int,
        replacement: bool = False,
        *,
        generator: GeneratorCore | None = None,
    ) -> Self:
        """Return ``gnomon.multinomial(self, num_samples, replacement)``."""
        return sampling.multinomial(self, num_samples, replacement, generator=generator)
