"""Samples: random draws with a parameter for each element, made on the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from gnomon.backend import Operand
from gnomon.core import TensorCore
from gnomon.dispatch import allocate, common_backend, values_of
from gnomon.dtypes import Scalar, bool_, int64
from gnomon.errors import explain
from gnomon.generator import categories, counting, uniform
from gnomon.generator.requirements import require, require_floating
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout, broadcast_shapes
from gnomon.op.argument_kinds import kinds_checked
from gnomon.op.foundation import add
from gnomon.op.in_place import apply_in_place
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import check_writable, count_write, resize
from gnomon.op.random_generator import GeneratorCore, stream_for, twister_of
from gnomon.op.random_source import (
    begin_filling,
    draw_each,
    finish_filling,
    sampled,
    write_values,
)
from gnomon.ops.arithmetic import mul
from gnomon.ops.random import BERNOULLI, NORMAL

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
    _draw_bernoulli(input.operand, p.operand, generator)
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
    _draw_bernoulli(output, input.operand, generator)
    return sampled("BernoulliBackward0", (input,), output)


def _draw_bernoulli(output: Operand, chances: Operand, generator: GeneratorCore | None) -> None:
    require_floating("bernoulli", chances.dtype)
    layout = chances.layout.expand(output.layout.shape)
    twister = twister_of(stream_for("bernoulli", output.storage.backend, generator))

    def draw(columns: Sequence[Sequence[Scalar]]) -> Sequence[Scalar]:
        (probabilities,) = columns
        drawn = uniform.bernoulli_each(twister, probabilities, chances.dtype)
        return output.dtype.convert_all(drawn, bool_)

    draw_each(output, (chances.under(layout),), draw)


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
    twister = twister_of(stream_for("multinomial", storage.backend, generator))
    weights: Sequence[float] = values_of(input.operand)
    width = layout.shape[-1]
    drawn: list[int] = []
    for start in range(0, len(weights), width):
        row = weights[start : start + width]
        drawn += categories.multinomial(
            twister, row, num_samples, dtype, replacement=replacement
        )
    shape = (*layout.shape[:-1], num_samples)
    if out is None:
        out = input.like(allocate(storage.backend, Layout.contiguous(shape), int64))
    _give_shape(out, shape)
    check_writable("multinomial", out, (input,))
    write_values(out.operand, drawn)
    count_write(out)
    return out


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
    deviations = values_of(std.operand) if isinstance(std, TensorCore) else (std,)
    require(
        all(value >= 0.0 for value in deviations),
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
