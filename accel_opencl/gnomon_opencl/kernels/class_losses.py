"""The loss of scores of classes, and its derivative: see ``class_losses.cl``.

Sums of many targets are made in parts, of as many targets whatever the device does meanwhile,
so that they come out the same each time.
"""

from __future__ import annotations

from functools import cache, lru_cache
from struct import pack
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout, Operand, Storage, collapse_together
from gnomon_opencl.element_types import element_type
from gnomon_opencl.generation import source_file, whole_source
from gnomon_opencl.kernels.bounds import any_is_refused, finding_of
from gnomon_opencl.kernels.row_programs import Pass, RowProgram
from gnomon_opencl.kernels.rows import run_rows
from gnomon_opencl.kernels.softmax import LARGEST
from gnomon_opencl.kernels.walks import even_dims, integers, walk
from gnomon_opencl.runtime import Argument, Question, Runtime, buffer_of
from gnomon_opencl.traits import Traits

_CACHED: Final = 1024
#: Targets of a part of the sums, by whether one core goes through them or many do.
_PROCESSOR_PART: Final = 4096
_PART: Final = 64
#: Cells that a work-item of a processor writes, at least.
_ENOUGH: Final = 2048
#: Two numbers of float64.
_BYTES_OF_SUMS: Final = 16

#: Of each row of scores the largest, and the sum of the exponentials of what they are less.
_PEAKS_AND_SUMS: Final = RowProgram(
    name="peaks_and_sums",
    inputs=("x",),
    kept=("kept_peak", "kept_total"),
    passes=(
        LARGEST,
        Pass(
            sums=(("total", "EXP(x - peak)"),),
            keeps=(("kept_peak", "peak"), ("kept_total", "total")),
        ),
    ),
)
_SHARES_OF_SLOPES: Final = RowProgram(
    name="shares_of_slopes",
    inputs=("x", "peak", "total", "slope"),
    outputs=("d",),
    definitions=(("factor", "slope / total"),),
    passes=(Pass(writes=(("d", "EXP(x - peak) * factor"),)),),
)


def add_class_losses(
    runtime: Runtime,
    scores: Operand,
    targets: Operand,
    weights: Operand | None,
    ignored: int,
    reduction: str,
    result: Operand,
    total: Operand | None,
) -> None:
    """Write the losses, their sum or their mean to ``result``, and to ``total`` the sum of the
    weights, by which a mean divides.

    Raises IndexError for a target that is no class.
    """
    _add_losses(runtime, scores, targets, weights, ignored, reduction, result, total, None)


def add_cross_entropies(
    runtime: Runtime,
    scores: Operand,
    targets: Operand,
    weights: Operand | None,
    ignored: int,
    reduction: str,
    result: Operand,
    total: Operand | None,
    peaks: Operand,
    sums: Operand,
) -> None:
    """Write the same of the logarithms of the softmax; and of each row of scores the largest,
    and the sum of the exponentials of what they are less.

    Raises IndexError for a target that is no class.
    """
    run_rows(runtime, _PEAKS_AND_SUMS, (scores, peaks, sums), (_axis(scores.layout),))
    _add_losses(
        runtime, scores, targets, weights, ignored, reduction, result, total, (peaks, sums)
    )


def _add_losses(
    runtime: Runtime,
    scores: Operand,
    targets: Operand,
    weights: Operand | None,
    ignored: int,
    reduction: str,
    result: Operand,
    total: Operand | None,
    statistics: tuple[Operand, Operand] | None,
) -> None:
    traits, is_summed = runtime.traits, reduction != "none"
    part = _PROCESSOR_PART if traits.is_processor else _PART
    together = part if is_summed else _enough(traits)
    course = _course(scores.layout, targets.layout, _layout_of(weights), ignored, together)
    is_weighted, is_normalized = weights is not None, statistics is not None
    source = _source(scores.dtype, is_weighted, is_normalized, course.dims, traits)
    given: list[Argument] = [
        *map(buffer_of, (scores, targets, weights or scores, *(statistics or (scores,) * 2))),
        course.plan,
        course.by_targets,
        course.by_scores,
    ]
    ends = [pack("i", total is not None), buffer_of(result), buffer_of(total or result)]
    if not is_summed:
        question: Question = (source, "class_losses", [*given, buffer_of(result)], course.items)
    elif course.items == 1:
        question = (source, "class_loss", [*given, *ends], 1)
    else:
        sums = runtime.pool.allocate(course.items * _BYTES_OF_SUMS).buffer
        question = (source, "class_loss_parts", [*given, sums], course.items)
    classes = scores.layout.shape[_axis(scores.layout)]
    if any_is_refused(runtime, [question], [finding_of(targets, 0, classes, ignored)]):
        raise IndexError(f"a target is out of bounds for {classes} classes.")
    if is_summed and course.items > 1:
        count = pack("q", course.items)
        runtime.launch(source, "add_class_loss_parts", [sums, count, *ends], 1)


def add_class_losses_backward(
    runtime: Runtime,
    cotangent: Operand,
    targets: Operand,
    weights: Operand | None,
    total: Operand | None,
    ignored: int,
    output: Operand,
) -> None:
    """Write the cotangent of the scores, from that of the result and the ``total`` weight."""
    traits = runtime.traits
    together = _enough(traits, output.layout.shape[_axis(output.layout)])
    course = _course(
        output.layout,
        targets.layout,
        _layout_of(weights),
        ignored,
        together,
        cotangent.layout.expand(targets.layout.shape),
    )
    if not targets.layout.numel:
        return
    arguments = [
        *_of_slopes(cotangent, weights, total, course),
        *map(buffer_of, (output, targets)),
        course.by_targets,
        course.by_scores,
        pack("i", total is not None),
    ]
    source = _source(output.dtype, weights is not None, False, course.dims, traits)
    runtime.launch(source, "class_loss_backward", arguments, course.items)


def add_cross_entropies_backward(
    runtime: Runtime,
    cotangent: Operand,
    scores: Operand,
    targets: Operand,
    weights: Operand | None,
    total: Operand | None,
    peaks: Operand,
    sums: Operand,
    ignored: int,
    output: Operand,
) -> None:
    """Write the cotangent of the scores, from that of the result, the ``total`` weight, and
    what the way forward found of rows.
    """
    axis, layout, traits = _axis(scores.layout), scores.layout, runtime.traits
    if not layout.numel:
        return
    memory = runtime.pool.allocate(peaks.layout.numel * peaks.dtype.itemsize)
    slopes = Operand(Storage(scores.storage.backend, memory), peaks.layout, peaks.dtype)
    parameters = _layout_of(weights), ignored, _enough(traits)
    of_result = cotangent.layout.expand(targets.layout.shape)
    course = _course(layout, targets.layout, *parameters, of_result)
    source = _source(scores.dtype, weights is not None, True, course.dims, traits)
    arguments = [
        *_of_slopes(cotangent, weights, total, course),
        *map(buffer_of, (slopes, targets)),
        course.by_targets,
        pack("i", total is not None),
    ]
    runtime.launch(source, "class_loss_slopes", arguments, course.items)
    along = [each.under(each.layout.expand(layout.shape)) for each in (peaks, sums, slopes)]
    run_rows(runtime, _SHARES_OF_SLOPES, (scores, *along, output), (axis,))
    course = _course(layout, targets.layout, *parameters, _first_class(output.layout, axis))
    source = _source(scores.dtype, False, True, course.dims, traits)
    arguments = [
        *map(buffer_of, (scores, targets, scores, peaks, sums)),
        course.plan,
        course.by_targets,
        course.by_scores,
        *map(buffer_of, (slopes, output)),
        pack("q", output.layout.strides[axis]),
        course.by_cotangents,
    ]
    runtime.launch(source, "subtract_at_targets", arguments, course.items)


def _of_slopes(
    cotangent: Operand, weights: Operand | None, total: Operand | None, course: _Course
) -> list[Argument]:
    """Return what kernels take that find slopes."""
    buffers = map(buffer_of, (cotangent, total or cotangent, weights or cotangent))
    return [*buffers, course.plan, course.by_cotangents]


def _axis(scores: Layout) -> int:
    """Return the dim of classes."""
    return min(1, scores.ndim - 1)


def _enough(traits: Traits, cells: int = 1) -> int:
    """Return how many targets make a work-item, when each is worth so many cells."""
    return max(1, _ENOUGH // max(cells, 1)) if traits.is_processor else 1


def _layout_of(weights: Operand | None) -> Layout | None:
    return None if weights is None else weights.layout


@final
class _Course(NamedTuple):
    """How a kernel goes through targets: the structs it is given, and its work-items."""

    dims: int
    items: int
    plan: bytes
    by_targets: bytes
    by_scores: bytes
    by_cotangents: bytes


@lru_cache(_CACHED)
def _course(
    scores: Layout,
    targets: Layout,
    weights: Layout | None,
    ignored: int,
    together: int,
    cotangents: Layout | None = None,
) -> _Course:
    axis, count = _axis(scores), targets.numel
    of_targets, of_scores, of_cotangents = collapse_together(
        [targets, _first_class(scores, axis), cotangents or targets]
    )
    dims = even_dims(of_targets)
    plan = integers(
        count,
        together,
        scores.shape[axis],
        ignored,
        of_targets.offset,
        of_scores.offset,
        scores.strides[axis],
        weights.offset if weights else 0,
        weights.strides[0] if weights else 0,
        of_cotangents.offset,
    )
    return _Course(
        dims,
        max(1, -(-count // together)),
        plan,
        *[walk(layout, dims) for layout in (of_targets, of_scores, of_cotangents)],
    )


def _first_class(scores: Layout, axis: int) -> Layout:
    """Return where the scores of the first class are, even if there is no class."""
    shape, strides = scores.shape, scores.strides
    return Layout(
        shape[:axis] + shape[axis + 1 :], strides[:axis] + strides[axis + 1 :], scores.offset
    )


@cache
def _source(dtype: DType, weighted: bool, normalized: bool, dims: int, traits: Traits) -> str:
    kind = element_type(dtype)
    store = kind.store(1, "(x)", "(p)", "(i)").removesuffix(";")
    return whole_source(
        f"#define STORAGE {kind.storage}\n",
        f"#define COMPUTE {kind.compute}\n",
        f"#define LOAD(p, i) ({kind.load(1, '(p)', '(i)')})\n",
        f"#define STORE(x, p, i) {store}\n",
        f"#define SUM {'double' if traits.double_arithmetic else 'float'}\n",
        f"#define WEIGHTED {int(weighted)}\n",
        f"#define NORMALIZED {int(normalized)}\n",
        f"#define DIMS {dims}\n",
        *map(source_file, ("walk", "class_losses")),
    )
