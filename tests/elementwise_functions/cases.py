"""The elementwise functions under test: where to find each, and on which inputs to look."""

# The same calls are made of gnomon and of torch, whose types have nothing in common.
# ruff: noqa: ANN401

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import gnomon
from gnomon.composite import activations

REALS = (-3.5, -2.0, -1.25, -0.625, -0.1, 0.2, 0.75, 1.5, 2.25, 4.0)
UNIT = (-0.9, -0.5, -0.125, 0.2, 0.3, 0.8)
POSITIVE = (0.1, 0.3, 0.75, 1.75, 2.25, 4.0, 9.5)
PROBABILITY = (0.05, 0.2, 0.45, 0.6, 0.75, 0.9)
ABOVE_ONE = (1.1, 1.5, 2.0, 4.0)
SPECIAL = (0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 5e-324, 1e-310, 1e308, -1e308)


@dataclass(frozen=True)
class Case:
    """A function of one tensor; other arguments are Python numbers, some before the tensor."""

    name: str
    inputs: Sequence[float] = REALS
    after: tuple[object, ...] = ()
    before: tuple[object, ...] = ()
    approximate: str = ""
    #: How far PyTorch's float64 formula may be off, relatively and absolutely.
    relative: float = 1e-14
    absolute: float = 0.0
    #: The same for its derivatives, relatively.
    slope: float = 1e-12
    #: Special values at which PyTorch meets inf * 0 or loses all digits on its way.
    excused: tuple[float, ...] = ()
    #: Whether PyTorch differentiates it, and how often.
    derivatives: int = 2
    #: Whether it is several operations, each of which rounds to the dtype.
    stepwise: bool = False
    #: Dtypes on which PyTorch's own steps happen to fail.
    extended_to: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = (*self.before, self.name, *self.after, self.approximate)
        return "-".join(map(str, parts)).rstrip("-")

    def of(self, module: Any, input: Any) -> Any:
        """Return the function of ``input`` by ``module``, gnomon or torch."""
        path, _, short = self.name.rpartition(".")
        if module is gnomon and path == "nn.functional":
            module, path = activations, ""
        function: Callable[..., Any] = attrgetter(f"{path}.{short}" if path else short)(module)
        keywords = {"approximate": self.approximate} if self.approximate else {}
        return function(*self.before, input, *self.after, **keywords)


INFINITIES = (math.inf, -math.inf)
HUGE = (1e308, -1e308)

EXPONENTIALS = [
    *(Case(name) for name in ("exp", "exp2", "expm1")),
    *(Case(name, POSITIVE) for name in ("log", "log2", "log10", "log1p")),
]
TRIGONOMETRY = [
    *(Case(name, excused=HUGE) for name in ("sin", "cos", "tan")),
    Case("atan"),
    *(Case(name, UNIT) for name in ("asin", "acos", "atanh")),
    *(Case(name) for name in ("sinh", "cosh", "tanh", "asinh", "deg2rad", "rad2deg")),
    Case("acosh", ABOVE_ONE),
    Case("sinc", absolute=1e-16, slope=1e-11, excused=HUGE),
]
SPECIAL_FUNCTIONS = [
    *(Case(name) for name in ("erf", "erfc", "sigmoid")),
    Case("erfinv", UNIT),
    Case("lgamma", POSITIVE, absolute=1e-14, slope=1e-8),
    Case("digamma", POSITIVE, relative=1e-13, slope=1e-8, excused=HUGE),
    # PyTorch's trigamma is a truncated series, and finite at the poles.
    Case(
        "polygamma",
        POSITIVE,
        before=(1,),
        relative=1e-8,
        slope=1e-8,
        excused=(*INFINITIES, *HUGE, -1.0),
    ),
    Case("polygamma", POSITIVE, before=(2,), relative=1e-13, slope=1e-8, excused=INFINITIES),
    Case(
        "mvlgamma",
        (1.75, 2.5, 4.0, 9.5),
        (3,),
        absolute=1e-13,
        slope=1e-8,
        extended_to=("bool",),
    ),
    Case("i0", excused=INFINITIES),
    Case("special.i0e", slope=1e-11),
    Case("special.i1", excused=INFINITIES, slope=1e-11),
    Case("special.i1e", slope=1e-11),
    # PyTorch's j0 and j1 are off by 4e-7 around 5, in float64 too.
    Case("special.bessel_j0", absolute=1e-6, excused=(*INFINITIES, *HUGE), derivatives=0),
    Case("special.bessel_j1", absolute=1e-6, excused=(*INFINITIES, *HUGE), derivatives=0),
    Case("logit", PROBABILITY, absolute=1e-15),
    Case("logit", PROBABILITY, (0.25,), absolute=1e-15),
    Case("special.entr", POSITIVE),
    Case("special.ndtr", absolute=1e-16),  # PyTorch's is (1 + erf) / 2
    Case("special.ndtri", PROBABILITY, relative=1e-13, absolute=1e-15),
    Case("special.log_ndtr", relative=1e-12, slope=1e-10),
    Case("special.erfcx", relative=1e-12, slope=1e-10),
    Case("special.gammaln", POSITIVE, absolute=1e-14, slope=1e-8),
    Case("special.expit"),
]
ROUNDING = [
    *(Case(name) for name in ("floor", "ceil", "round", "trunc", "fix", "frac")),
]
ACTIVATIONS = [
    Case("relu"),
    Case("selu"),
    Case("celu"),
    Case("celu", after=(0.5,)),
    Case("hardshrink"),
    Case("hardshrink", after=(1.25,)),
    Case("threshold", after=(0.5, 3.0)),
    *(
        Case(f"nn.functional.{name}")
        for name in (
            "relu",
            "relu6",
            "leaky_relu",
            "elu",
            "selu",
            "celu",
            "silu",
            "mish",
            "softplus",
            "hardtanh",
            "hardshrink",
            "softshrink",
            "logsigmoid",
        )
    ),
    Case("nn.functional.softsign", stepwise=True),
    Case("nn.functional.tanhshrink", stepwise=True, absolute=1e-16, extended_to=("bool",)),
    Case("nn.functional.hardswish", excused=HUGE),
    Case("nn.functional.hardsigmoid", slope=1e-7, derivatives=1),  # its 1/6 is a float32
    Case("nn.functional.gelu", relative=1e-13, absolute=1e-16),
    Case("nn.functional.gelu", approximate="tanh", relative=1e-13, absolute=1e-16),
    Case("nn.functional.leaky_relu", after=(0.25,)),
    Case("nn.functional.elu", after=(1.5,)),
    Case("nn.functional.softplus", after=(2.0, 3.5)),
    Case("nn.functional.hardtanh", after=(-2.5, 0.5)),
    Case("nn.functional.softshrink", after=(1.25,)),
    Case("nn.functional.threshold", after=(0.5, 3.0)),
]
CASES = [*EXPONENTIALS, *TRIGONOMETRY, *SPECIAL_FUNCTIONS, *ROUNDING, *ACTIVATIONS]
