"""Reductions: the elements along some dims folded into one, in the ways ``reduce.cl`` has.

A work-item of a processor takes whole rows, or results that lie side by side; elsewhere a
group folds a row as a tree. Long folds over few results are split into parts. The order depends
on the layouts and the device only, so that results are the same on every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from math import prod
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout, Operand, Scalar, collapse_together, float32, float64
from gnomon_opencl.element_types import element_type
from gnomon_opencl.generation import source_file, whole_source
from gnomon_opencl.kernels.folds import Fold, State, fold_of, limits
from gnomon_opencl.kernels.walks import even_dims, integers, walk
from gnomon_opencl.memory import Buffer
from gnomon_opencl.runtime import Runtime, buffer_of
from gnomon_opencl.traits import Traits

_CACHED: Final = 4096
#: Elements that one work-item of a processor folds at least, where there are that many.
_ENOUGH_TERMS: Final = 8192
#: Work-items, or groups, that keep a device busy.
_PROCESSOR_ITEMS: Final = 16
_GROUPS: Final = 256
#: States that a work-item of a processor keeps side by side: in a row, and of columns.
_WIDTH: Final = 32
_COLUMNS: Final = 256
#: Items of a group that folds as a tree.
_GROUP: Final = 128
#: More results than this that lie side by side need no groups.
_MANY_RESULTS: Final = 8192
#: No state is larger.
_STATE_BYTES: Final = 8


@final
class Geometry(NamedTuple):
    """How a reduction goes through its input."""

    kernel: str
    width: int
    dims: int
    kept: Layout
    placed: Layout
    inner: Layout
    row: int
    row_stride: int
    parts: int
    part_terms: int
    together: int
    items: int
    group: int

    @property
    def outputs(self) -> int:
        return self.kept.numel

    def plan(self, terms: int, offset: int) -> bytes:
        """Return the struct ``Plan``, for an output that begins at ``offset``."""
        return integers(
            self.outputs,
            terms,
            self.row,
            self.row_stride,
            self.parts,
            self.part_terms,
            self.together,
            offset,
            self.kept.offset,
        )


@final
class Stage(NamedTuple):
    """One fold over the whole input: its kernel, and all arguments but the buffers."""

    source: str
    kernel: str
    constants: tuple[bytes, ...]
    outputs: int
    parts: int
    items: int
    group: int


def reduce(
    runtime: Runtime,
    name: str,
    input: Operand,
    dims: tuple[int, ...],
    parameters: tuple[Scalar, ...],
    output: Operand,
) -> None:
    """Write the reduction ``name`` of ``input`` along ``dims`` to ``output``."""
    if not output.layout.numel:
        return
    *before, last = stages_of(
        name,
        parameters,
        input.dtype,
        output.dtype,
        input.layout,
        dims,
        output.layout,
        runtime.traits,
    )
    centers = buffer_of(input)
    for stage in before:
        target = runtime.pool.allocate(stage.outputs * _STATE_BYTES).buffer
        _fold(runtime, stage, input, target, centers)
        centers = target
    _fold(runtime, last, input, buffer_of(output), centers)


def _fold(
    runtime: Runtime, stage: Stage, input: Operand, target: Buffer, centers: Buffer
) -> None:
    partial = target
    if stage.parts > 1:
        partial = runtime.pool.allocate(stage.parts * stage.outputs * _STATE_BYTES).buffer
    arguments = [buffer_of(input), target, partial, centers, *stage.constants]
    runtime.launch(stage.source, stage.kernel, arguments, stage.items, stage.group)
    if stage.parts > 1:
        runtime.launch(stage.source, "finish_parts", arguments, stage.outputs)


@lru_cache(_CACHED)
def stages_of(
    name: str,
    parameters: tuple[Scalar, ...],
    dtype: DType,
    result: DType,
    input: Layout,
    dims: tuple[int, ...],
    output: Layout,
    traits: Traits,
) -> tuple[Stage, ...]:
    """Return the folds that make a reduction: the one for its centers, if any, and its own."""
    fold = fold_of(name, parameters)
    terms = prod([input.shape[dim] for dim in dims])
    parameter = float(parameters[0]) if parameters else 0.0
    if name in ("var", "std"):
        parameter = max(terms - parameter, 0.0)
    geometry = geometry_of(input, dims, output, fold.ordered, traits)
    own = _stage(fold, dtype, result, geometry, terms, parameter, traits)
    if fold.center is None:
        return (own,)
    between = geometry._replace(placed=Layout.contiguous(geometry.kept.shape))
    return (_stage(fold.center, dtype, None, between, terms, parameter, traits), own)


def _stage(
    fold: Fold,
    dtype: DType,
    result: DType | None,
    geometry: Geometry,
    terms: int,
    parameter: float,
    traits: Traits,
) -> Stage:
    """Return one fold; a ``result`` of no dtype is one of the state's own type."""
    dims = geometry.dims
    real = float64 if traits.double_arithmetic else float32
    return Stage(
        source=_source(
            fold,
            dtype,
            result,
            dims,
            geometry.width,
            terms >= 2**31,
            geometry.kernel,
            geometry.parts > 1,
            traits,
        ),
        kernel=geometry.kernel,
        constants=(
            geometry.plan(terms, geometry.placed.offset),
            walk(geometry.kept, dims),
            walk(geometry.placed, dims),
            walk(geometry.inner, dims),
            element_type(real).packed(parameter),
        ),
        outputs=geometry.outputs,
        parts=geometry.parts,
        items=geometry.items,
        group=geometry.group,
    )


def geometry_of(
    input: Layout, dims: tuple[int, ...], output: Layout, ordered: bool, traits: Traits
) -> Geometry:
    """Return how to reduce ``input`` along ``dims``; ``ordered`` keeps the dims' order."""
    others = [dim for dim in range(input.ndim) if dim not in dims]
    kept, placed = collapse_together(
        [_only(input, others), _only(output, others)], any_order=True
    )
    reduced = _only(input, dims)
    reduced = reduced._replace(offset=0)
    (inner,) = collapse_together([reduced], any_order=not ordered)
    if not inner.shape:
        inner = inner.unsqueeze(0)
    if not kept.shape:
        kept, placed = kept.unsqueeze(0), placed.unsqueeze(0)
    row, row_stride = inner.shape[-1], inner.strides[-1]
    lines = Layout(inner.shape[:-1], inner.strides[:-1], 0)
    side_by_side = kept.strides[-1] == 1 and row_stride != 1
    outputs, terms = kept.numel, inner.numel
    columns = kept.shape[-1]
    width, group, together = 1, 0, 1
    if traits.is_processor:
        width = _WIDTH
        if side_by_side and columns >= 4:
            kernel = "reduce_columns"
            width = _COLUMNS if columns >= _COLUMNS else _WIDTH
            items = outputs // columns * -(-columns // width)
        else:
            kernel = "reduce_rows"
            together = max(1, min(_ENOUGH_TERMS // max(terms, 1), outputs))
            items = -(-outputs // together)
        shared = width if kernel == "reduce_columns" else 1
        enough, most = _PROCESSOR_ITEMS, terms * shared // _ENOUGH_TERMS
    elif side_by_side and outputs >= _MANY_RESULTS:
        kernel, items = "reduce_columns", outputs
        enough, most = outputs, 1
    else:
        kernel, items, group = "reduce_in_groups", outputs, _GROUP
        enough, most = _GROUPS, terms // (8 * _GROUP)
    parts = max(1, min(-(-enough // items), most))
    part_terms = -(-terms // parts) if terms else 0
    parts = -(-terms // part_terms) if terms else 1
    return Geometry(
        kernel=kernel,
        width=width,
        dims=even_dims(kept, lines),
        kept=kept,
        placed=placed,
        inner=lines,
        row=max(row, 1),
        row_stride=row_stride,
        parts=parts,
        part_terms=part_terms,
        together=together,
        items=items * parts * (group or 1),
        group=group,
    )


def _only(layout: Layout, dims: Sequence[int]) -> Layout:
    """Return the dims named of a layout, as they stand at the first element of the others."""
    shape, strides, offset = layout
    return Layout(
        tuple([shape[dim] for dim in dims]), tuple([strides[dim] for dim in dims]), offset
    )


@cache
def _source(
    fold: Fold,
    dtype: DType,
    result: DType | None,
    dims: int,
    width: int,
    many: bool,
    kernel: str,
    in_parts: bool,
    traits: Traits,
) -> str:
    kind = element_type(dtype)
    state = _state_type(fold.state, dtype, many, traits)
    target = None if result is None else element_type(result)
    lowest, highest = limits(dtype)
    center = (
        "int" if fold.center is None else _state_type(fold.center.state, dtype, many, traits)
    )
    if target is None:
        stored, store = state, "(p)[i] = (x)"
    else:
        stored = target.storage
        store = target.store(1, f"({target.compute})(x)", "(p)", "(i)").removesuffix(";")
    lines = [
        f"#define STORAGE {kind.storage}",
        f"#define ELEMENT {kind.compute}",
        f"#define LOAD(p, i) {kind.load(1, '(p)', '(i)')}",
        f"#define TARGET {stored}",
        f"#define STORE(x, p, i) {store}",
        f"#define DIMS {dims}",
        f"#define WIDTH {width}",
        f"#define GROUP {_GROUP}",
        f"#define LOWEST {lowest}",
        f"#define HIGHEST {highest}",
        f"#define CENTER {center}",
        f"#define CENTERED {int(fold.center is not None)}",
        f"#define PARAMETER {'double' if traits.double_arithmetic else 'float'}",
        f"#define S {state}",
        "#define COUNT ((S)plan.terms)",
        f"#define BEHIND_ALL {'LONG_MAX' if many else 'INT_MAX'}",
        "typedef S State;",
        f"#define INITIAL ((S)({fold.initial}))",
        f"#define TERM(x, i) ((S)({fold.term}))",
        f"#define COMBINE(a, b) ((S)({fold.combine}))",
        f"#define FINISH(s) ({fold.finish})",
    ]
    files = ["walk", "reduce", kernel, *(["reduce_parts"] if in_parts else [])]
    return whole_source("\n".join(lines), "\n", *map(source_file, files))


def _state_type(state: State, dtype: DType, many: bool, traits: Traits) -> str:
    floating = dtype.is_floating_point
    if state is State.COUNT:
        return "long" if many else "int"
    if state is State.TOTAL and not floating:
        return "ulong"
    if state is State.WIDE and traits.double_arithmetic:
        return "double"
    return element_type(dtype).compute
