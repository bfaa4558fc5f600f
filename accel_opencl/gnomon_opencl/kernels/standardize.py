"""Standardization and its derivative as kernels that go along rows.

The sums behind the cotangents of weights run over what the weights share, which for a layer
norm is the other way: across the rows.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import prod
from typing import Final

from gnomon.backend import Layout, Operand, Storage
from gnomon_opencl.kernels.row_programs import Named, Pass, RowProgram
from gnomon_opencl.kernels.rows import lie_in_lines, parts_of, run_rows
from gnomon_opencl.runtime import Runtime

#: Parts into which a sum across rows is split, at most and at least, and their fewest rows.
_MOST_PARTS: Final = 64
_FEWEST_PARTS: Final = 4
_PART_ROWS: Final = 16
#: Results that are enough to keep a device busy without parts.
_MANY_RESULTS: Final = 1 << 16

_RECIPROCAL: Final = "K(1) / sqrt(variance + eps)"


def standardize(
    runtime: Runtime,
    input: Operand,
    weight: Operand | None,
    bias: Operand | None,
    dims: tuple[int, ...],
    eps: float,
    output: Operand,
    mean: Operand,
    variance: Operand,
) -> None:
    """Write the standardized ``input``, and the mean and the variance along ``dims``."""
    program = _forward(weight is not None, bias is not None)
    given = [input, weight, bias, output, mean, variance]
    run_rows(runtime, program, [each for each in given if each is not None], dims, (eps,))


@cache
def _forward(weighted: bool, shifted: bool) -> RowProgram:
    result = "(x - mean) * reciprocal" + " * w" * weighted + " + b" * shifted
    return RowProgram(
        name="standardize",
        inputs=("x", *["w"] * weighted, *["b"] * shifted),
        outputs=("y",),
        kept=("kept_mean", "kept_variance"),
        numbers=("eps",),
        passes=(
            Pass(
                sums=(("total", "x"),),
                results=(("mean", "total / COUNT"),),
                keeps=(("kept_mean", "mean"),),
            ),
            Pass(
                sums=(("spread", "(x - mean) * (x - mean)"),),
                results=(("variance", "spread / COUNT"), ("reciprocal", _RECIPROCAL)),
                keeps=(("kept_variance", "variance"),),
            ),
            Pass(writes=(("y", result),)),
        ),
    )


def standardize_backward(
    runtime: Runtime,
    cotangent: Operand,
    input: Operand,
    weight: Operand | None,
    mean: Operand,
    variance: Operand,
    dims: tuple[int, ...],
    eps: float,
    of_input: Operand | None,
    of_weight: Operand | None,
    of_bias: Operand | None,
) -> None:
    """Write the cotangents of input, weight and bias that are asked for."""
    sums = [each for each in (of_weight, of_bias) if each is not None]
    given = [cotangent, input, mean, variance]
    factors = [] if weight is None else [weight]
    wanted = of_weight is not None, of_bias is not None
    if of_input is None:
        _sum_for_weights(runtime, given, sums, wanted, eps)
    elif not sums or _are_shared(sums[0], input, dims):
        # The sums for the weights are those that the cotangent of the input is made of.
        program = _backward(weight is not None, bool(sums), *wanted)
        run_rows(runtime, program, [*given, *factors, of_input, *sums], dims, (eps,))
    elif _can_go_down(runtime, [cotangent, input, of_input, *factors], dims, sums[0]):
        _go_down(runtime, [*given, *factors, of_input], dims, sums, wanted, eps)
    else:
        program = _backward(weight is not None, False, False, False)
        run_rows(runtime, program, [*given, *factors, of_input], dims, (eps,))
        _sum_for_weights(runtime, given, sums, wanted, eps)


def _are_shared(weights: Operand, input: Operand, dims: tuple[int, ...]) -> bool:
    """Return whether the elements along ``dims`` share one weight, and no others do."""
    return all(
        (size == 1) == (dim in dims) or input.layout.shape[dim] == 1
        for dim, size in enumerate(weights.layout.shape)
    )


def _can_go_down(
    runtime: Runtime, along: list[Operand], dims: tuple[int, ...], weights: Operand
) -> bool:
    """Return whether items can go along rows and add up for the weights on their way."""
    shape = along[0].layout.shape
    varying = tuple([dim for dim, size in enumerate(weights.layout.shape) if size > 1])
    return (
        runtime.traits.is_processor
        and varying == tuple([dim for dim in dims if shape[dim] > 1])
        and lie_in_lines(along, dims)
    )


def _go_down(
    runtime: Runtime,
    operands: list[Operand],
    dims: tuple[int, ...],
    sums: list[Operand],
    wanted: tuple[bool, bool],
    eps: float,
) -> None:
    """Write the cotangent of the input, the last of ``operands``, and the sums for weights."""
    shape = operands[0].layout.shape
    rows = prod([size for dim, size in enumerate(shape) if dim not in dims])
    places = Layout.contiguous((parts_of(rows, runtime.traits), sums[0].layout.numel))
    partial = [_fresh(runtime, each, places) for each in sums]
    program = _backward_downward(len(operands) > 5, *wanted)
    run_rows(runtime, program, operands, dims, (eps,), partial)
    for part, result in zip(partial, sums, strict=True):
        flat = result.under(result.layout.view((1, places.shape[1])))
        run_rows(runtime, _SUM, [part, flat], (0,))


def _fresh(runtime: Runtime, like: Operand, places: Layout) -> Operand:
    memory = runtime.pool.allocate(places.numel * like.dtype.itemsize)
    return Operand(Storage(like.storage.backend, memory), places, like.dtype)


@cache
def _backward_downward(weighted: bool, of_weight: bool, of_bias: bool) -> RowProgram:
    """Return the program that adds up for the weights what it goes along anyway."""
    program = _backward(weighted, False, False, False)
    first, last = program.passes
    sums: list[Named] = []
    if of_weight:
        sums.append(("down_along", "g * normal"))
    if of_bias:
        sums.append(("down_level", "g"))
    return replace(
        program,
        name="standardize_backward_downward",
        partial=tuple([name for name, _ in sums]),
        passes=(first, replace(last, downward=tuple(sums))),
    )


@cache
def _backward(weighted: bool, whole: bool, of_weight: bool, of_bias: bool) -> RowProgram:
    """Return the program for the cotangent of the input; if ``whole``, the weight is the same
    along a row, and the sums are written that the other cotangents consist of.
    """
    slope = "g * w" if weighted and not whole else "g"
    change = f"({slope} - level - normal * along)"
    scale = "reciprocal * w" if weighted and whole else "reciprocal"
    keeps = (
        *[("kept_along", "all_along")] * of_weight,
        *[("kept_level", "all_level")] * of_bias,
    )
    return RowProgram(
        name="standardize_backward",
        inputs=("g", "x", "mean", "variance", *["w"] * weighted),
        outputs=("d",),
        kept=tuple([name for name, _ in keeps]),
        numbers=("eps",),
        definitions=(("reciprocal", _RECIPROCAL), ("normal", "(x - mean) * reciprocal")),
        passes=(
            Pass(
                sums=(("all_level", slope), ("all_along", f"{slope} * normal")),
                results=(("level", "all_level / COUNT"), ("along", "all_along / COUNT")),
                keeps=keeps,
            ),
            Pass(writes=(("d", f"{scale} * {change}"),)),
        ),
    )


def _sum_for_weights(
    runtime: Runtime,
    given: list[Operand],
    results: list[Operand],
    wanted: tuple[bool, bool],
    eps: float,
) -> None:
    """Write the sums of g * normal and of g over what the weights share."""
    if not results:
        return
    shape, narrow = given[0].layout.shape, results[0].layout.shape
    dims = tuple([dim for dim, size in enumerate(narrow) if size == 1])
    program = _weight_sums(*wanted)
    dim = next((dim for dim in dims if shape[dim] >= _FEWEST_PARTS * _PART_ROWS), None)
    parts = 1 if dim is None or prod(narrow) >= _MANY_RESULTS else _parts(shape[dim])
    if dim is None or parts == 1:
        run_rows(runtime, program, [*given, *results], dims, (eps,))
        return
    # Each part of the dim is summed by itself, and the partial sums after that.
    split = [
        each.under(each.layout.unflatten(dim, (parts, shape[dim] // parts))) for each in given
    ]
    places = Layout.contiguous((*narrow[:dim], parts, *narrow[dim:]))
    partial = [_fresh(runtime, each, places) for each in results]
    inner = tuple([each + (each >= dim) for each in dims])
    run_rows(runtime, program, [*split, *partial], inner, (eps,))
    for part, result in zip(partial, results, strict=True):
        run_rows(runtime, _SUM, [part, result.under(result.layout.unsqueeze(dim))], (dim,))


def _parts(size: int) -> int:
    """Return in how many parts of one length to split ``size`` rows; 1 if there is no way."""
    most = min(_MOST_PARTS, size // _PART_ROWS)
    return next((n for n in range(most, _FEWEST_PARTS - 1, -1) if size % n == 0), 1)


@cache
def _weight_sums(of_weight: bool, of_bias: bool) -> RowProgram:
    sums: list[Named] = []
    if of_weight:
        sums.append(("along", "g * normal"))
    if of_bias:
        sums.append(("level", "g"))
    return RowProgram(
        name="sum_for_weights",
        inputs=("g", "x", "mean", "variance"),
        kept=tuple([f"kept_{name}" for name, _ in sums]),
        numbers=("eps",),
        definitions=(("reciprocal", _RECIPROCAL), ("normal", "(x - mean) * reciprocal")),
        passes=(Pass(sums=tuple(sums), keeps=tuple((f"kept_{n}", n) for n, _ in sums)),),
    )


_SUM: Final = RowProgram(
    name="sum_parts",
    inputs=("x",),
    kept=("y",),
    passes=(Pass(sums=(("total", "x"),), keeps=(("y", "total"),)),),
)
