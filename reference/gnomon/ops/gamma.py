"""The logarithm of the gamma function, its derivatives, and the zeta function they are made of.

The OpenCL C specification gives no figure for ``lgamma``; the tolerances are those of
``tgamma`` (16), on domains where the results are away from their zeros.
"""

from __future__ import annotations

from typing import TypeVar

from gnomon import special_functions as special
from gnomon.core import TensorCore
from gnomon.dispatch import constant_of
from gnomon.dtypes import Scalar
from gnomon.errors import explain
from gnomon.op.claims import Domain, Ulps
from gnomon.op.elementwise import Binary, Unary
from gnomon.op.foundation import add
from gnomon.op.in_place import apply_in_place
from gnomon.op.numpy_names import numpy_names
from gnomon.op.rules import int_to_float
from gnomon.ops.arithmetic import mul, neg, sub

__all__ = ["digamma", "lgamma", "mvlgamma", "polygamma"]

T = TypeVar("T", bound=TensorCore)

_TOLERANCE = Ulps(16, 16, 4)
_ABOVE_THE_ZEROS = Domain(2.5, 1e6)
_POLES_AVOIDED = Domain(0.1, 100.0)

lgamma: Unary = Unary(
    name="lgamma",
    definition="the logarithm of the absolute value of the gamma function at the input",
    special_cases="inf at 0, at negative integers and at infinities",
    dtype=int_to_float,
    scalar=special.lgamma,
    vjp=lambda g, x, _y: mul(g, digamma(x)),
    tolerance=_TOLERANCE,
    domain=_ABOVE_THE_ZEROS,
)
digamma: Unary = Unary(
    name="digamma",
    definition="the derivative of lgamma at the input",
    special_cases="-inf at 0.0, inf at -0.0; NaN at negative integers and at -inf",
    dtype=int_to_float,
    scalar=special.digamma,
    vjp=lambda g, x, _y: mul(g, polygamma_of(x, 1)),
    tolerance=_TOLERANCE,
    domain=_ABOVE_THE_ZEROS,
)
polygamma_of: Binary = Binary(
    name="polygamma",
    definition="the derivative of digamma at input, of the order other, a number",
    special_cases="infinite at 0 and at negative integers",
    dtype=int_to_float,
    scalar=lambda x, n: special.polygamma(int(n), x),
    vjp=(
        lambda g, x, n, _r: mul(g, polygamma_of(x, constant_of(n.operand) + 1)),
        None,
    ),
    tolerance=_TOLERANCE,
    domain=(_POLES_AVOIDED, Domain(1.0, 4.0, whole=True)),
)
multivariate_lgamma: Binary = Binary(
    name="mvlgamma",
    definition=(
        "the logarithm of the multivariate gamma function of dimension other, a number, at "
        "input"
    ),
    special_cases="inf where input - k / 2 is 0 or a negative integer for a k below other",
    dtype=int_to_float,
    scalar=lambda x, p: special.multigammaln(x, int(p)),
    vjp=(lambda g, x, p, _r: mul(g, _sum_of_digammas(x, constant_of(p.operand))), None),
    tolerance=_TOLERANCE,
    domain=(Domain(5.0, 1e6), Domain(1.0, 4.0, whole=True)),
)


def _sum_of_digammas(x: T, count: Scalar) -> T:
    total = digamma(x)
    for j in range(1, int(count)):
        total = add(total, digamma(sub(x, 0.5 * j)))
    return total


def _no_derivative_by_order(
    _g: TensorCore, _s: TensorCore, _q: TensorCore, _r: TensorCore
) -> TensorCore:
    raise NotImplementedError(
        explain(
            "special_zeta",
            "the derivative by the first argument is not implemented",
            remedy="detach() the first argument to differentiate by the second",
        )
    )


zeta: Binary = Binary(
    name="special_zeta",
    definition=(
        "the Hurwitz zeta function: the sum of (other + k) ** -input over all integers k >= 0"
    ),
    special_cases=(
        "inf where input is 1; NaN where it is less; inf where other is 0 or a negative integer"
    ),
    number_node_name="SpecialZetaBackward2",
    dtype=int_to_float,
    scalar=special.zeta,
    vjp=(
        _no_derivative_by_order,
        lambda g, s, q, _r: mul(g, neg(mul(s, zeta(add(s, 1.0), q)))),
    ),
    tolerance=_TOLERANCE,
    domain=(Domain(1.1, 10.0), _POLES_AVOIDED),
)


@numpy_names
def polygamma(n: int, input: T, *, out: T | None = None) -> T:
    """Return the ``n``-th derivative of the digamma function, elementwise.

    Integers give floats. Raises RuntimeError for a negative ``n`` and TypeError for one that is
    no integer. Source: DLMF 25.11.12.

    >>> import gnomon as torch
    >>> torch.polygamma(1, torch.tensor([1.0, 2.0]))
    tensor([1.6449, 0.6449])
    """
    return polygamma_of(input, _order(n), out=out)


def polygamma_(input: T, n: int) -> T:
    """Replace each element by the ``n``-th derivative of the digamma function there."""
    return apply_in_place(polygamma_of, input, _order(n))


def _order(n: int) -> int:
    if not isinstance(n, int):
        raise TypeError(
            f"polygamma(): argument 'n' (position 1) must be int, not {type(n).__name__}"
        )
    if n < 0:
        raise RuntimeError(
            explain(
                "polygamma",
                f"negative n = {n} is not supported",
                remedy="Give the order of a derivative, 0 or more",
            )
        )
    return n


@numpy_names
def mvlgamma(input: T, p: int, *, out: T | None = None) -> T:
    """Return the logarithm of the multivariate gamma function of dimension ``p``, elementwise.

    That is ``p (p - 1) / 4 log(π)`` plus ``lgamma(input - j / 2)`` for j = 0 ... p - 1 (DLMF
    35.3.4). Integers give floats; ``p`` below 1 raises RuntimeError.

    >>> import gnomon as torch
    >>> torch.mvlgamma(torch.tensor([2.0, 3.0]), 2)
    tensor([0.4516, 1.5502])
    """
    return multivariate_lgamma(input, _dimension(p), out=out)


def mvlgamma_(input: T, p: int) -> T:
    """Replace each element by the logarithm of the multivariate gamma function there."""
    return apply_in_place(multivariate_lgamma, input, _dimension(p))


def _dimension(p: int) -> int:
    if p < 1:
        raise RuntimeError(
            explain("mvlgamma", f"p = {p}, it has to be greater than or equal to 1")
        )
    return p
