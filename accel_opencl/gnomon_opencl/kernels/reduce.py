"""Reductions: the elements along some dims folded into one, in the ways ``reduce.cl`` has.

A work-item of a processor takes whole rows, or results that lie side by side; elsewhere a
group folds a row as a tree. Long folds over few results are split into parts. The order depends
on the layouts and the device only, so that results are the same on every run, and the same
whether elements are loaded or made by an expression on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout, Scalar, collapse_together, float32, float64
from gnomon_opencl.element_types import element_type
from gnomon_opencl.kernels.expressions import Expression, Launch
from gnomon_opencl.kernels.folds import Fold, fold_of
from gnomon_opencl.kernels.reduce_text import GROUP, Manner, source_of
from gnomon_opencl.kernels.walks import even_dims, integers, walk, walks
from gnomon_opencl.traits import Traits

_CACHED: Final = 4096
#: Elements that one work-item of a processor folds at least, where there are that many.
_ENOUGH_TERMS: Final = 8192
#: Work-items, or groups, that keep a device busy.
_PROCESSOR_ITEMS: Final = 16
#: Work-items of a core that share many rows: each goes through memory without a break.
_ITEMS_OF_A_CORE: Final = 8
_GROUPS: Final = 256
#: States that a work-item of a processor keeps side by side: in a row, and of columns; and the
#: fewest columns that are worth a work-item of their own.
_WIDTH: Final = 32
_COLUMNS: Final = 1024
_FEW_COLUMNS: Final = 64
#: The fewest results that are worth a line of their own, where operands are broadcast.
_SIDE_BY_SIDE: Final = 16
#: More results than this that lie side by side need no groups.
_MANY_RESULTS: Final = 8192
#: No state is larger.
_STATE_BYTES: Final = 8


@final
class Reducing(NamedTuple):
    """A reduction: which, of what layout, along which dims, into what."""

    name: str
    parameters: tuple[Scalar, ...]
    input: Layout
    dims: tuple[int, ...]
    output: Layout
    result: DType

    @property
    def terms(self) -> int:
        """The elements of one result."""
        return prod([self.input.shape[dim] for dim in self.dims])


@final
class Course(NamedTuple):
    """How an operand lies along the dims that a reduction goes through."""

    kept: Layout
    #: The rows that make one result, and the stride along a row.
    lines: Layout
    row_stride: int


@final
class Geometry(NamedTuple):
    """How a reduction goes through its input."""

    kernel: str
    width: int
    dims: int
    outputs: int
    placed: Layout
    #: One for each operand of the expression that makes the elements.
    courses: tuple[Course, ...]
    row: int
    parts: int
    part_terms: int
    together: int
    items: int
    group: int

    @property
    def steps(self) -> tuple[int, ...]:
        """The strides of the operands between elements evaluated at once, as kinds."""
        if self.width == 1:
            return (0,) * len(self.courses)
        if self.kernel == "reduce_columns":
            return tuple([min(course.kept.strides[-1], 2) for course in self.courses])
        return tuple([min(course.row_stride, 2) for course in self.courses])

    def constants(self, terms: int, offset: int) -> tuple[bytes, ...]:
        """Return the structs that kernels are given; the output begins at ``offset``."""
        courses = self.courses
        plan = (
            self.outputs,
            terms,
            self.row,
            self.parts,
            self.part_terms,
            self.together,
            offset,
        )
        return (
            integers(*plan),
            integers(*[course.kept.offset for course in courses]),
            walks([course.kept for course in courses], self.dims),
            walk(self.placed, self.dims),
            walks([course.lines for course in courses], self.dims),
            integers(*[course.row_stride for course in courses]),
        )


@final
class Stage(NamedTuple):
    """One fold over the whole input: its kernels, and which of the reduction's buffers, the
    output's and the scratch, they write results to, keep parts in, and read centers from.
    """

    launches: tuple[Launch, ...]
    target: int
    partial: int
    centers: int | None = None


def can_be_fed(reducing: Reducing) -> bool:
    """Return whether the elements are folded but once, so that they may be made on the way."""
    return fold_of(reducing.name, reducing.parameters).center is None


@lru_cache(_CACHED)
def scratch_of(reducing: Reducing, traits: Traits) -> tuple[int, ...]:
    """Return the bytes that a reduction needs besides its output: for states of parts, and for
    centers.
    """
    fold = fold_of(reducing.name, reducing.parameters)
    geometry = geometry_of(reducing, (reducing.input,), traits)
    centers = () if fold.center is None else (geometry.outputs * _STATE_BYTES,)
    parts = geometry.parts
    return (*((parts * geometry.outputs * _STATE_BYTES,) if parts > 1 else ()), *centers)


@lru_cache(_CACHED)
def stages_of(
    reducing: Reducing, expression: Expression, layouts: tuple[Layout, ...], traits: Traits
) -> tuple[Stage, ...]:
    """Return the folds that make a reduction of what ``expression`` makes of its operands,
    which have ``layouts``: the one for its centers, if any, and its own.
    """
    fold = fold_of(reducing.name, reducing.parameters)
    geometry = geometry_of(reducing, layouts, traits)
    partial = 1 if geometry.parts > 1 else 0
    own = _launches(fold, reducing, expression, geometry, traits)
    if fold.center is None:
        return (Stage(own, 0, partial),)
    centers = partial + 1
    between = geometry._replace(placed=Layout.contiguous(geometry.placed.shape))
    first = _launches(fold.center, reducing, expression, between, traits, for_centers=True)
    return (Stage(first, centers, partial), Stage(own, 0, partial, centers))


def _launches(
    fold: Fold,
    reducing: Reducing,
    expression: Expression,
    geometry: Geometry,
    traits: Traits,
    for_centers: bool = False,
) -> tuple[Launch, ...]:
    """Return the kernels of one fold, whose results ``for_centers`` are states."""
    terms = reducing.terms
    parameter = float(reducing.parameters[0]) if reducing.parameters else 0.0
    if reducing.name in ("var", "std"):
        parameter = max(terms - parameter, 0.0)
    manner = Manner(
        geometry.kernel,
        geometry.width,
        geometry.dims,
        geometry.steps,
        terms >= 2**31,
        geometry.parts > 1,
    )
    result = None if for_centers else reducing.result
    source = source_of(fold, result, expression, manner, traits)
    real = float64 if traits.double_arithmetic else float32
    constants = (
        *geometry.constants(terms, geometry.placed.offset),
        element_type(real).packed(parameter),
    )
    made = Launch(source, geometry.kernel, constants, geometry.items, geometry.group)
    if geometry.parts == 1:
        return (made,)
    return (made, Launch(source, "finish_parts", constants, geometry.outputs))


@final
class Courses(NamedTuple):
    """The dims that a reduction goes through: those kept, of input and output; those folded, of
    the input; and both of each operand.
    """

    kept: Layout
    placed: Layout
    inner: Layout
    operands: tuple[Course, ...]

    @property
    def dims(self) -> int:
        """How many dims kernels walk along, of those kept and of lines."""
        return even_dims(self.kept, self.operands[0].lines)


@lru_cache(_CACHED)
def courses_of(reducing: Reducing, operands: tuple[Layout, ...]) -> Courses | None:
    """Return how operands of the input's shape lie along the dims of a reduction; None if some
    has no single stride along rows where the input has one, or changes its way among results
    so often that few lie side by side.
    """
    input, dims, output = reducing.input, reducing.dims, reducing.output
    others = [dim for dim in range(input.ndim) if dim not in dims]
    any_order = not fold_of(reducing.name, reducing.parameters).ordered
    kept, placed, *kepts = _collapsed([input, output, *operands], others)
    inner, *inners = _collapsed([input, *operands], dims, any_order)
    if [kept, placed] != _collapsed([input, output], others) and kept.shape[-1] < _SIDE_BY_SIDE:
        return None
    if [inner] != _collapsed([input], dims, any_order):
        return None
    courses = [
        Course(along, Layout(folded.shape[:-1], folded.strides[:-1]), folded.strides[-1])
        for along, folded in zip(kepts, inners, strict=True)
    ]
    return Courses(kept, placed, inner, tuple(courses))


def argument_bytes(courses: Courses, numbers: int) -> int:
    """Return how many bytes the arguments of a reduction's kernels have at most."""
    operands, dims = len(courses.operands), courses.dims
    walked = dims * (2 * (1 + operands) + 2)
    return 8 * (operands + 3 + 7 + 2 * operands + walked + 1 + numbers)


def geometry_of(reducing: Reducing, operands: tuple[Layout, ...], traits: Traits) -> Geometry:
    """Return how to reduce what is made of operands. In which order elements are folded is the
    same whatever they are.
    """
    alone, courses = courses_of(reducing, (reducing.input,)), courses_of(reducing, operands)
    assert alone is not None and courses is not None
    kept, _, inner, _ = alone
    row, row_stride = inner.shape[-1], inner.strides[-1]
    outputs, terms, columns = kept.numel, inner.numel, kept.shape[-1]
    side_by_side = kept.strides[-1] == 1 and row_stride != 1
    # Short rows, shorter than the states that a processor keeps of one, are folded side by side
    # wherever they lie.
    side_by_side |= terms < _WIDTH <= columns
    width, group, together = 1, 0, 1
    if traits.is_processor:
        width = _WIDTH
        if side_by_side and columns >= 4:
            kernel = "reduce_columns"
            width, strips = _COLUMNS, _strips(outputs // columns, columns, terms)
            together = -(-columns // strips)
            items = outputs // columns * -(-columns // together)
        else:
            kernel = "reduce_rows"
            fair = outputs // (_ITEMS_OF_A_CORE * traits.compute_units)
            together = max(1, min(_ENOUGH_TERMS // max(terms, 1), outputs), fair)
            items = -(-outputs // together)
        shared = together if kernel == "reduce_columns" else 1
        enough, most = _PROCESSOR_ITEMS, terms * shared // _ENOUGH_TERMS
    elif side_by_side and outputs >= _MANY_RESULTS:
        kernel, items = "reduce_columns", outputs
        enough, most = outputs, 1
    else:
        kernel, items, group = "reduce_in_groups", outputs, GROUP
        enough, most = _GROUPS, terms // (8 * GROUP)
    parts = max(1, min(-(-enough // items), most))
    part_terms = -(-terms // parts) if terms else 0
    parts = -(-terms // part_terms) if terms else 1
    if kernel == "reduce_columns":
        line = courses.kept.shape[-1]  # shorter than alone where operands are broadcast
        together = min(together, line)
        items = outputs // line * -(-line // together)
    return Geometry(
        kernel=kernel,
        width=width,
        dims=courses.dims,
        outputs=outputs,
        placed=courses.placed,
        courses=courses.operands,
        row=max(row, 1),
        parts=parts,
        part_terms=part_terms,
        together=together,
        items=items * parts * (group or 1),
        group=group,
    )


def _strips(lines: int, columns: int, terms: int) -> int:
    """Return how many work-items of a processor share columns: as few as may be, but where all
    is so little that parts would have to be folded in a moment, enough for no parts.
    """
    strips, elements = -(-columns // _COLUMNS), lines * columns * terms
    if elements > _PROCESSOR_ITEMS * _ENOUGH_TERMS:
        return strips
    return max(strips, min(elements // _ENOUGH_TERMS // lines, columns // _FEW_COLUMNS))


def _collapsed(
    layouts: Sequence[Layout], dims: Sequence[int], any_order: bool = True
) -> list[Layout]:
    """Return the dims named of layouts of one shape, as few as will do but one at least."""
    parts = collapse_together([_only(each, dims) for each in layouts], any_order=any_order)
    return parts if parts[0].shape else [part.unsqueeze(0) for part in parts]


def _only(layout: Layout, dims: Sequence[int]) -> Layout:
    """Return the dims named of a layout, as they stand at the first element of the others."""
    shape, strides, offset = layout
    return Layout(
        tuple([shape[dim] for dim in dims]), tuple([strides[dim] for dim in dims]), offset
    )
