"""The logistic function and its kin, entropies, and sinc."""

import math

from .elementary import divide, log, log1p


def sigmoid(x: float) -> float:
    """Return 1 / (1 + exp(-x)); the exponential is taken of -|x|, so it never overflows.

    | x    | sigmoid |
    |------|---------|
    | -inf | 0       |
    | inf  | 1       |

    >>> sigmoid(0.0), sigmoid(-1000.0)
    (0.5, 0.0)
    """
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    decayed = math.exp(x)
    return decayed / (1.0 + decayed)


expit = sigmoid


def log_sigmoid(x: float) -> float:
    """Return log(sigmoid(x)) = min(x, 0) - log(1 + exp(-|x|)).

    | x    | log_sigmoid |
    |------|-------------|
    | -inf | -inf        |
    | inf  | 0           |

    >>> log_sigmoid(-1000.0), log_sigmoid(1000.0)
    (-1000.0, 0.0)
    """
    return (x if x < 0 else 0.0) - math.log1p(math.exp(-abs(x)))


def softplus(x: float, beta: float = 1.0, threshold: float = 20.0) -> float:
    """Return log(1 + exp(beta x)) / beta, and x itself where beta x > threshold.

    | x    | softplus |
    |------|----------|
    | -inf | 0        |
    | inf  | inf      |

    beta = 0 divides by zero and gives inf.

    >>> softplus(0.0), softplus(21.0), softplus(-1000.0)
    (0.6931471805599453, 21.0, 0.0)
    """
    scaled = x * beta
    if scaled > threshold:
        return x
    return divide(max(scaled, 0.0) + math.log1p(math.exp(-abs(scaled))), beta)


def logit(x: float, eps: float | None = None) -> float:
    """Return log(x / (1 - x)); with `eps`, of x clamped to [eps, 1 - eps] first.

    Around 1/2 it is 2 atanh(2x - 1), where 2x - 1 is exact.

    | x              | logit |
    |----------------|-------|
    | 0              | -inf  |
    | 1              | inf   |
    | outside [0, 1] | nan   |

    >>> logit(0.5), logit(1.0), logit(2.0), logit(0.0, eps=0.5)
    (0.0, inf, nan, 0.0)
    """
    if eps is not None:
        if x < eps:
            x = eps
        elif x > 1.0 - eps:
            x = 1.0 - eps
    if 0.25 <= x <= 0.75:
        return 2.0 * math.atanh(2.0 * x - 1.0)
    return log(divide(x, 1.0 - x))


def xlogy(x: float, y: float) -> float:
    """Return x log(y), and 0 where x is 0 whatever y is, unless y is nan.

    >>> xlogy(0.0, 0.0), xlogy(0.0, math.nan), xlogy(2.0, 0.0)
    (0.0, nan, -inf)
    """
    if x == 0 and not math.isnan(y):
        return 0.0
    return x * log(y)


def xlog1py(x: float, y: float) -> float:
    """Return x log(1 + y), and 0 where x is 0 whatever y is, unless y is nan.

    >>> xlog1py(0.0, -1.0), xlog1py(2.0, 1e-20)
    (0.0, 2e-20)
    """
    if x == 0 and not math.isnan(y):
        return 0.0
    return x * log1p(y)


def entr(x: float) -> float:
    """Return the entropy term -x log(x); 0 at 0, -inf below and at inf.

    >>> entr(0.0), entr(-1.0), entr(0.5)
    (0.0, -inf, 0.34657359027997264)
    """
    if x > 0:
        return -x * math.log(x)
    if x == 0:
        return 0.0
    return math.nan if math.isnan(x) else -math.inf


def sin_pi(x: float) -> float:
    """Return sin(πx), with x reduced exactly, so every integer gives exactly 0; inf gives nan.

    >>> sin_pi(0.5), sin_pi(1e15)
    (1.0, 0.0)
    """
    if math.isinf(x):
        return math.nan
    reduced = math.remainder(x, 2.0)
    if abs(reduced) > 0.5:
        reduced = math.copysign(1.0, reduced) - reduced
    return math.sin(math.pi * reduced)


def sinc(x: float) -> float:
    """Return sin(πx) / (πx), 1 at 0; nan at the infinities.

    It is exactly 0 at the other integers, where PyTorch gives sin of the rounded π, near 1e-17.

    >>> sinc(0.0), sinc(0.5), abs(sinc(3.0))
    (1.0, 0.6366197723675814, 0.0)
    """
    if x == 0:
        return 1.0
    return sin_pi(x) / (math.pi * x)
