"""Samples: random draws with a parameter for each element.

They are made on the host, from a Mersenne Twister, but for what accelerators make themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from gnomon.backend import MersenneTwister, Operand
from gnomon.composite.draws import bernoulli_by, categories_by
from gnomon.core import TensorCore
from gnomon.dispatch import allocate, common_backend, values_of
from gnomon.dtypes import Scalar, bool_, int64
from gnomon.errors import explain
from gnomon.generator import categories, counting, uniform
from gnomon.generator.requirements import require, require_floating
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout, broadcast_shapes
from gnomon.op.argument_kinds import kinds_checked
from gnomon.op.copy import COPY
from gnomon.op.foundation import add
from gnomon.op.in_place import apply_in_place
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import resize
from gnomon.op.random_generator import GeneratorCore, stream_for, twister_of
from gnomon.op.random_source import (
    begin_filling,
    draw_each,
    finish_filling,
    sampled,
    write_values,
)
from gnomon.ops.arithmetic import mul
from gnomon.ops.comparison import ge
from gnomon.ops.random import BERNOULLI, NORMAL
from gnomon.ops.reduction import delivered
from gnomon.ops.truth import holds

__all__ = ["bernoulli", "binomial", "multinomial", "poisson"]

T = TypeVar("T", bound=TensorCore)


def bernoulli_(
    input: T, p: float | TensorCore = 0.5, *, generator: GeneratorCore | None = None
) -> T:
    """Fill with 1 with probability ``p``, else 0; ``p`` is one for all, or a tensor of them.

    Raises RuntimeError for a probability outside [0, 1].
    """
    if not isinstance(p, TensorCore):
        return BERNOULLI(input, float(p), generator=generator, label="BernoulliBackward2")
    records = begin_filling("bernoulli_", input)
    common_backend("bernoulli_", (input, p))
    _draw_bernoulli(input.operand, p, generator)
    finish_filling("BernoulliBackward1", input, records)
    return input


@numpy_names
def bernoulli(
    input: T,
    p: float | None = None,
    *,
    generator: GeneratorCore | None = None,
    out: T | None = None,
) -> T:
    """Return 1 with the probability that each element of ``input`` is (or ``p``), else 0.

    Raises RuntimeError for a probability outside [0, 1].

    >>> import gnomon as torch
    >>> torch.bernoulli(torch.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    shape = input.operand.layout.shape
    if p is not None:
        return bernoulli_(_empty_like(input), p, generator=generator)
    if out is not None:
        _give_shape(out, shape)
        return bernoulli_(out, input, generator=generator)
    output = _empty_like(input).operand
    _draw_bernoulli(output, input, generator)
    return sampled("BernoulliBackward0", (input,), output)


def _draw_bernoulli(
    output: Operand, chances: TensorCore, generator: GeneratorCore | None
) -> None:
    _, layout, dtype = chances.operand
    require_floating("bernoulli", dtype)
    stream = stream_for("bernoulli", output.storage.backend, generator)
    if not isinstance(stream, MersenneTwister):
        layout = layout.expand(output.layout.shape)
        drawn = bernoulli_by(chances.like(chances.operand.under(layout)), generator)
        output.storage.backend.elementwise(COPY, (drawn.operand,), output)
        return

    def draw(columns: Sequence[Sequence[Scalar]]) -> Sequence[Scalar]:
        (probabilities,) = columns
        drawn = uniform.bernoulli_each(stream, probabilities, dtype)
        return output.dtype.convert_all(drawn, bool_)

    draw_each(output, (chances.operand.under(layout.expand(output.layout.shape)),), draw)


def _empty_like(input: T) -> T:
    storage, layout, dtype = input.operand
    return input.like(allocate(storage.backend, Layout.contiguous(layout.shape), dtype))


def _give_shape(out: TensorCore, shape: tuple[int, ...]) -> None:
    if out.operand.layout.shape != shape:
        resize(out, shape)


@numpy_names
def poisson(input: T, generator: GeneratorCore | None = None) -> T:
    """Return a Poisson count for each rate in ``input``, in its dtype.

    Raises RuntimeError for a negative rate.

    >>> import gnomon as torch
    >>> torch.poisson(torch.tensor([0.0, 0.0]))
    tensor([0., 0.])
    """
    dtype = input.operand.dtype
    require_floating("poisson", dtype)
    output = _empty_like(input).operand
    twister = twister_of(stream_for("poisson", output.storage.backend, generator))
    draw_each(
        output, (input.operand,), lambda columns: counting.poisson(twister, columns[0], dtype)
    )
    return sampled("PoissonBackward0", (input,), output)


@kinds_checked
def binomial(count: T, prob: T, generator: GeneratorCore | None = None) -> T:
    """Return how many of ``count`` trials succeed, each with the probability ``prob``.

    The two broadcast and must be of one floating-point dtype, else ValueError or RuntimeError.
    The result takes no part in the graph.

    >>> import gnomon as torch
    >>> torch.binomial(torch.tensor([3.0, 4.0]), torch.tensor([0.0, 1.0]))
    tensor([0., 4.])
    """
    dtype = count.operand.dtype
    for name, tensor in (("count", count), ("prob", prob)):
        if not tensor.operand.dtype.is_floating_point:
            raise ValueError(
                explain(
                    "binomial",
                    f"only floating-point dtypes are supported for {name}",
                    tensor,
                    remedy="Convert it with .to(gnomon.float32)",
                )
            )
    require(
        prob.operand.dtype is dtype,
        explain("binomial", "count and prob must be of one dtype", count, prob),
    )
    backend = common_backend("binomial", (count, prob))
    operands = (count.operand, prob.operand)
    shape = broadcast_shapes(*[operand.layout.shape for operand in operands])
    output = allocate(backend, Layout.contiguous(shape), dtype)
    twister = twister_of(stream_for("binomial", backend, generator))
    draw_each(
        output,
        [operand.under(operand.layout.expand(shape)) for operand in operands],
        lambda columns: counting.binomial(twister, columns[0], columns[1], dtype),
    )
    return count.like(output)


@numpy_names
def multinomial(
    input: T,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: GeneratorCore | None = None,
    out: T | None = None,
) -> T:
    """Return ``num_samples`` indices drawn by the weights in ``input``, or in each of its rows.

    Weights need not sum to one. Without ``replacement`` no index is drawn twice. The result is
    int64. Raises RuntimeError for negative, infinite or all-zero weights, and for more draws
    than there are weights to draw from.

    >>> import gnomon as torch
    >>> torch.multinomial(torch.tensor([0.0, 1.0, 0.0]), 1)
    tensor([1])
    """
    storage, layout, dtype = input.operand
    require(
        dtype.is_floating_point,
        explain("multinomial", "only supports floating-point dtypes for input", input),
    )
    require(
        layout.ndim in (1, 2) and layout.shape[-1] > 0,
        explain("multinomial", "prob_dist must be 1 or 2 dim, the last of them not 0", input),
    )
    require(
        out is None or out.operand.dtype is int64,
        "multinomial: expects Long tensor out. Give out= of dtype int64.",
    )
    width = layout.shape[-1]
    categories.check_count(width, num_samples, replacement)
    shape = (*layout.shape[:-1], num_samples)
    stream = stream_for("multinomial", storage.backend, generator)
    if isinstance(stream, MersenneTwister):
        result = input.like(allocate(storage.backend, Layout.contiguous(shape), int64))
        weights: Sequence[float] = values_of(input.operand)
        drawn: list[int] = []
        for start in range(0, len(weights), width):
            row = weights[start : start + width]
            drawn += categories.multinomial(
                stream, row, num_samples, dtype, replacement=replacement
            )
        write_values(result.operand, drawn)
    else:
        result = categories_by(input, num_samples, replacement, generator)
    if out is not None:
        _give_shape(out, shape)
    return delivered("multinomial", result, out, input)


def normal_around(
    mean: T | float,
    std: T | float,
    generator: GeneratorCore | None = None,
    out: T | None = None,
) -> T:
    """Return normal numbers, each with its own mean, standard deviation, or both.

    Two tensors broadcast. The result has the dtype of ``mean``, or of ``std`` if that alone is
    a tensor. Raises RuntimeError for a negative standard deviation.
    """
    tensors = [value for value in (mean, std) if isinstance(value, TensorCore)]
    shape = broadcast_shapes(*[tensor.operand.layout.shape for tensor in tensors])
    backend, dtype = common_backend("normal", tensors), tensors[0].operand.dtype
    require_floating("normal", dtype)
    if isinstance(std, TensorCore):
        is_possible = holds(ge(std, 0.0))
    else:
        is_possible = std >= 0.0
    require(
        is_possible,
        "normal: expects all elements of std >= 0.0. Give standard deviations, not variances.",
    )
    result = out
    if result is None:
        result = tensors[0].like(allocate(backend, Layout.contiguous(shape), dtype))
    if len(tensors) == 2:  # with one alone, PyTorch lets it broadcast to ``out``
        _give_shape(result, shape)
    # PyTorch's order: its rounding shows in the numbers.
    with no_grad():
        if isinstance(std, TensorCore):
            NORMAL(result, 0.0, 1.0, generator=generator)
            apply_in_place(mul, result, std)
        else:
            NORMAL(result, 0.0, float(std), generator=generator)
        apply_in_place(add, result, mean)
    if out is not None:
        return out
    form = 3 if len(tensors) == 2 else 1 if isinstance(mean, TensorCore) else 2
    return sampled(f"NormalBackward{form}", tensors, result.operand)
