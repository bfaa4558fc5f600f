"""Elements made of their number alone: evenly spaced values, the identity, random draws.

Values are made in float64, or in integers, and then converted as any are; random numbers follow
the definition in ``gnomon.generator`` step by step, so that every device draws the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache, partial
from math import prod
from struct import pack
from typing import Final, NamedTuple

from gnomon.backend import (
    DType,
    LiveBytes,
    Operand,
    PhiloxGenerator,
    Scalar,
    SourceRecord,
    Stream,
    bool_,
    float32,
    float64,
    int64,
    uint64,
)
from gnomon_opencl.element_types import element_type
from gnomon_opencl.generation import (
    fill_in,
    plan_rows,
    rows_text,
    slices,
    types_text,
    walk_text,
    whole_source,
)
from gnomon_opencl.kernels import copying
from gnomon_opencl.runtime import Argument, Runtime, buffer_of
from gnomon_opencl.traits import Traits

_CACHED: Final = 256
_MASK: Final = 2**32 - 1
#: From this many values on, ``random`` takes two words for a number.
_WIDE_RANGE: Final = 2**28
#: How many words a processor draws at once. Chunks of rows are whole multiples of it.
_AHEAD: Final = 128


class Recipe(NamedTuple):
    """An expression of the element's number ``n``, made in ``dtype`` of parameters."""

    text: str
    dtype: DType
    parameters: tuple[tuple[DType, Scalar], ...]
    #: The file of functions the expression calls; those of ``philox`` have ``words``.
    functions: str | None = None


def recipe_of(
    name: str, dtype: DType, parameters: Sequence[Scalar], traits: Traits
) -> Recipe | None:
    """Return how to make elements for ``dtype``, or None for a source without a kernel."""
    if name in _REGULAR:
        recipe = _REGULAR[name](parameters)
        if recipe.dtype is float64 and not traits.double_arithmetic:
            return _IN_PAIRS[name](dtype, parameters)
        return recipe
    if name in _RANDOM:
        return _RANDOM[name](dtype, parameters)
    return None


def can_make(name: str) -> bool:
    """Return whether the source ``name`` has a recipe."""
    return name in _REGULAR or name in _RANDOM


def _doubles(values: Sequence[Scalar]) -> tuple[tuple[DType, Scalar], ...]:
    return tuple([(float64, float(value)) for value in values])


def _arange(parameters: Sequence[Scalar]) -> Recipe:
    if any(isinstance(value, float) for value in parameters):
        return Recipe("q0 + (double)n * q1", float64, _doubles(parameters))
    words = tuple([(uint64, uint64.convert(value)) for value in parameters])
    return Recipe("(long)(q0 + n * q1)", int64, words)


_LINEAR: Final = (
    "(n < (ulong)(q2 / 2) ? q0 + (q1 - q0) / (q2 - 1) * (double)n"
    " : q1 - (q1 - q0) / (q2 - 1) * (q2 - 1 - (double)n))"
)


def _linspace(parameters: Sequence[Scalar]) -> Recipe:
    one = parameters[2] <= 1
    return Recipe("q0" if one else _LINEAR, float64, _doubles(parameters))


def _logspace(parameters: Sequence[Scalar]) -> Recipe:
    exponent = _linspace(parameters[:3]).text
    return Recipe(f"pow(q3, {exponent})", float64, _doubles(parameters))


def _pair(value: float) -> tuple[tuple[DType, Scalar], ...]:
    """Return the parameters of a number that is given as the sum of two float32."""
    high = float(float32.round(value))
    low = float(float32.round(value - high)) if math.isfinite(high) else 0.0
    return (float32, high), (float32, low)


def _of_pair(text: str, dtype: DType, values: tuple[tuple[DType, Scalar], ...]) -> Recipe:
    """Return a recipe of pairs, which become integers before they are rounded."""
    if dtype.is_floating_point or dtype is bool_:
        return Recipe(f"value_of({text})", float32, values, "pairs")
    return Recipe(f"whole_of({text})", int64, values, "pairs")


def _arange_in_pairs(dtype: DType, parameters: Sequence[Scalar]) -> Recipe:
    start, step = map(float, parameters)
    return _of_pair("on_line(n, q0, q1, q2, q3)", dtype, (*_pair(start), *_pair(step)))


_LINEAR_IN_PAIRS: Final = (
    "(n < q6 / 2 ? on_line(n, q0, q1, q4, q5) : on_line(q6 - 1 - n, q2, q3, -q4, -q5))"
)


def _line_in_pairs(parameters: Sequence[Scalar]) -> tuple[tuple[DType, Scalar], ...]:
    """Return the ends of an interval, the step between numbers on it, and their number."""
    start, end, steps = float(parameters[0]), float(parameters[1]), int(parameters[2])
    if steps <= 1:
        steps, end = 1, start
    step = (end - start) / max(steps - 1, 1)
    return (*_pair(start), *_pair(end), *_pair(step), (uint64, steps))


def _linspace_in_pairs(dtype: DType, parameters: Sequence[Scalar]) -> Recipe:
    return _of_pair(_LINEAR_IN_PAIRS, dtype, _line_in_pairs(parameters))


def _logspace_in_pairs(dtype: DType, parameters: Sequence[Scalar]) -> Recipe:
    values = (*_line_in_pairs(parameters[:3]), (float32, float32.round(float(parameters[3]))))
    return Recipe(f"power_of(q7, {_LINEAR_IN_PAIRS})", float32, values, "pairs")


def _eye(parameters: Sequence[Scalar]) -> Recipe:
    return Recipe("n % q0 == n / q0", bool_, ((uint64, parameters[0]),))


def _uniform(dtype: DType, bounds: Sequence[Scalar]) -> Recipe:
    low, high = float(bounds[0]), float(bounds[1])
    compute = float64 if dtype is float64 else float32
    start, end = [float(compute.round(bound)) for bound in (low, high)]
    width = float(compute.round(end - start))
    ends = [float(dtype.round(bound)) for bound in (low, high)]
    unit = (
        "(double)(word64(n, words) >> 11) * 0x1p-53" if dtype is float64 else "unit(n, words)"
    )
    drawn = f"from_open_end(ROUND({unit} * q1 + q0), q2, q3)"
    values = (start, width, *ends)
    return Recipe(
        drawn, dtype, tuple([(compute, value) for value in values]), functions="philox"
    )


def _normal(dtype: DType, shape: Sequence[Scalar]) -> Recipe:
    compute = float64 if dtype is float64 else float32
    parameters = tuple([(compute, float(compute.round(float(value)))) for value in shape])
    return Recipe("standard_normal(n, words) * q1 + q0", dtype, parameters, functions="philox")


def _exponential(dtype: DType, rate: Sequence[Scalar]) -> Recipe:
    scale = float(float32.round(1.0 / rate[0]))
    text = "(0.0f - log_of_step(word(n, words) >> 8)) * q0"
    return Recipe(text, dtype, ((float32, scale),), functions="philox")


def _bernoulli(dtype: DType, chance: Sequence[Scalar]) -> Recipe:
    threshold = float(float32.round(float(chance[0])))
    return Recipe(
        "unit(n, words) < q0 ? 1 : 0", dtype, ((float32, threshold),), functions="philox"
    )


def _integers(dtype: DType, bounds: Sequence[Scalar]) -> Recipe:
    low, span = int(bounds[0]), int(bounds[1]) - int(bounds[0])
    drawn = "word64(n, words)" if span >= _WIDE_RANGE else "word(n, words)"
    rest = drawn if span == 2**64 else f"{drawn} % q1"
    words = ((uint64, uint64.convert(low)), (uint64, uint64.convert(span)))
    return Recipe(f"(long)(q0 + {rest})", int64, words, functions="philox")


#: Those that are made in float64, for devices without it.
_IN_PAIRS: Final = {
    "arange": _arange_in_pairs,
    "linspace": _linspace_in_pairs,
    "logspace": _logspace_in_pairs,
}
_REGULAR: Final = {"arange": _arange, "linspace": _linspace, "logspace": _logspace, "eye": _eye}
_RANDOM: Final = {
    "uniform": _uniform,
    "normal": _normal,
    "exponential": _exponential,
    "bernoulli": _bernoulli,
    "random": _integers,
}


def run(
    runtime: Runtime, recipe: Recipe, generator: PhiloxGenerator | None, output: Operand
) -> None:
    """Fill ``output``, in logical order, with what ``recipe`` says."""
    if recipe.dtype is not output.dtype:
        made = copying.fresh(output, recipe.dtype)
        run(runtime, recipe, generator, made)
        copying.copy(runtime, made, output)
        return
    draw = None if generator is None else LiveBytes(partial(_next_draw, generator))
    if not output.layout.numel:
        if draw is not None:
            runtime.note_draw(draw)
        return
    numbers = [element_type(dtype).packed(value) for dtype, value in recipe.parameters]
    first = 0
    for (part,) in slices([output.layout.collapse()]):
        plan, items = plan_rows({0: part}, runtime.traits)
        plan.members["first"] = first
        is_dense = not first and part.strides == (1,)
        text = _source_text(
            recipe.text,
            recipe.dtype,
            tuple([dtype for dtype, _ in recipe.parameters]),
            recipe.functions,
            len(part.shape),
            plan.index,
            plan.declaration(),
            runtime.traits,
            draw is not None and runtime.traits.is_processor and is_dense,
        )
        arguments: list[Argument] = [buffer_of(output), plan.packed(), *numbers]
        if draw is not None:
            arguments.append(draw)
        runtime.launch(text, "source", arguments, items)
        first += prod(part.shape)


def _next_draw(generator: PhiloxGenerator) -> bytes:
    """Return seed and offset of a draw that starts now."""
    seed, offset = generator.initial_seed(), generator.next_offset()
    return pack("4I", seed & _MASK, seed >> 32, offset & _MASK, offset >> 32)


def write_elements(
    runtime: Runtime,
    record: SourceRecord,
    parameters: tuple[Scalar, ...],
    generator: Stream | None,
    output: Operand,
) -> None:
    """Fill ``output`` with what ``record`` makes on the host, as the protocol has it for draws
    from a Mersenne Twister.
    """
    storage, layout, dtype = output
    values = record.generate(layout, dtype, parameters, generator)
    made = copying.fresh(output, dtype)
    cells = memoryview(dtype.pack(values)).cast("B")
    storage.backend.write(made.storage.memory, 0, cells)
    copying.copy(runtime, made, output)


@lru_cache(_CACHED)
def _source_text(
    text: str,
    dtype: DType,
    parameters: tuple[DType, ...],
    functions: str | None,
    dims: int,
    index: str,
    declaration: str,
    traits: Traits,
    draws_ahead: bool,
) -> str:
    kind = element_type(dtype)
    arguments = [f"__global {kind.storage} *p0", "const Plan plan"]
    arguments += [
        f"const {element_type(each).compute} q{k}" for k, each in enumerate(parameters)
    ]
    if functions == "philox":
        arguments.append(f"const Draw {'draw' if draws_ahead else 'words'}")
    walk = "        const ulong before = (ulong)plan.first + (ulong)line * plan.row;\n"
    walk += walk_text(dims - 1, "line", [0], index, " " * 8)
    made = f"({kind.compute})({text})"
    if draws_ahead:
        opening = f"#define AHEAD {_AHEAD}\n"
        step = _AHEAD // 2 if "word64" in text else _AHEAD
        parts = {
            "STEP": str(step),
            "NORMAL": " make_normal(words);" if "standard_normal" in text else "",
            "STORE": kind.store(1, made, "p0", "(at0 + i + n)"),
        }
        body = fill_in(_DRAWN_AHEAD, parts)
    else:
        opening, step = "", 1
        place = f"(at0 + i * plan.stride0_{dims - 1})"
        body = (
            "            const ulong n = before + i;\n"
            f"            {kind.store(1, made, 'p0', place)}"
        )
    return whole_source(
        opening + types_text(kind, 1, traits, functions),
        declaration,
        rows_text("source", arguments, walk, body, index, step, traits),
    )


#: A step of a line that is drawn ahead; ``n`` counts from its start, as the words do.
_DRAWN_AHEAD: Final = """\
            uint words[AHEAD];
            draw_ahead((before + i) / $STEP$ * (AHEAD / 4), draw, words);$NORMAL$
            if (i + $STEP$ <= end) {
                for (int n = 0; n < $STEP$; ++n) $STORE$
            } else {
                for (int n = 0; n < end - i; ++n) $STORE$
            }"""
