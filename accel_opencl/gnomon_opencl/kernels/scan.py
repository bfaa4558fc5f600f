"""Scans: running sums and products along one dim, in the way ``scan.cl`` has."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout, Operand, collapse_together
from gnomon_opencl.element_types import element_type
from gnomon_opencl.generation import source_file, whole_source
from gnomon_opencl.kernels.walks import even_dims, integers, walk
from gnomon_opencl.runtime import Argument, Runtime, buffer_of
from gnomon_opencl.traits import Traits

_CACHED: Final = 4096
#: Scans that a work-item of a processor runs side by side where they lie so.
_WIDTH: Final = 64
#: Work-items that keep a processor, or a card, busy, and fewest elements worth one.
_PROCESSOR_ITEMS: Final = 16
_PROCESSOR_TERMS: Final = 8192
_ITEMS: Final = 4096
_TERMS: Final = 64
#: No state is larger: three numbers of float64.
STATE_BYTES: Final = 24


@final
class Running(NamedTuple):
    """One scan in the words of ``scan.cl``; a state is one number unless a file defines it."""

    term: str
    combine: str
    initial: str
    finish: str
    file: str | None = None


_SCANS: Final = {
    "cumsum": Running("(S)(x)", "a + b", "(S)(0)", "s"),
    "cumprod": Running("(S)(x)", "a * b", "(S)(1)", "s"),
    "logcumsumexp": Running(
        "log_sum(x, 1)", "added(a, b)", "log_sum(-INFINITY, 0)", "value_of(s)", "log_sums"
    ),
}


def can_scan(name: str) -> bool:
    """Return whether the scan ``name`` is known."""
    return name in _SCANS


def scan(runtime: Runtime, name: str, input: Operand, dim: int, output: Operand) -> None:
    """Write the running results of the scan ``name`` along ``dim`` to ``output``."""
    if not output.layout.numel:
        return
    traits = runtime.traits
    course = course_of(input.layout, dim, output.layout, traits)
    in_parts = course.parts > 1
    source = _source(
        name, input.dtype, output.dtype, course.dims, course.width, in_parts, traits
    )
    totals = buffer_of(output)
    if in_parts:
        totals = runtime.pool.allocate(course.parts * course.rows * STATE_BYTES).buffer
    arguments: list[Argument] = [
        buffer_of(input),
        buffer_of(output),
        totals,
        course.plan,
        course.source,
        course.target,
    ]
    if in_parts:
        runtime.launch(source, "add_up_parts", arguments, course.items)
        runtime.launch(source, "scan_parts", arguments, course.rows)
    runtime.launch(source, "scan", arguments, course.items)


@final
class Course(NamedTuple):
    """How a scan goes through its input: the structs a kernel is given, and its work-items."""

    dims: int
    width: int
    rows: int
    parts: int
    items: int
    plan: bytes
    source: bytes
    target: bytes


@lru_cache(_CACHED)
def course_of(input: Layout, dim: int, output: Layout, traits: Traits) -> Course:
    """Return how to scan ``input`` along ``dim`` into ``output``."""
    terms = input.shape[dim]
    source, target = collapse_together(
        [input.select(dim, 0), output.select(dim, 0)], any_order=True
    )
    if not source.shape:
        source, target = source.unsqueeze(0), target.unsqueeze(0)
    rows, columns = source.numel, source.shape[-1]
    # Scans shorter than as many work-items are worth go side by side wherever they lie.
    side_by_side = (source.strides[-1] == 1 or terms < _WIDTH) and columns > 1
    width = _WIDTH if traits.is_processor and side_by_side else 1
    items = rows // columns * -(-columns // width)
    enough, least = (
        (_PROCESSOR_ITEMS, _PROCESSOR_TERMS) if traits.is_processor else (_ITEMS, _TERMS)
    )
    parts = max(1, min(-(-enough // items), terms // least))
    part_terms = -(-terms // parts)
    parts = -(-terms // part_terms)
    dims = even_dims(source)
    return Course(
        dims=dims,
        width=width,
        rows=rows,
        parts=parts,
        items=items * parts,
        plan=integers(
            rows,
            terms,
            parts,
            part_terms,
            target.offset,
            output.strides[dim],
            source.offset,
            input.strides[dim],
        ),
        source=walk(source, dims),
        target=walk(target, dims),
    )


@cache
def _source(
    name: str,
    dtype: DType,
    result: DType,
    dims: int,
    width: int,
    in_parts: bool,
    traits: Traits,
) -> str:
    running = _SCANS[name]
    kind, target = element_type(dtype), element_type(result)
    store = target.store(1, f"({target.compute})(x)", "(p)", "(i)").removesuffix(";")
    lines = [
        f"#define STORAGE {kind.storage}",
        f"#define ELEMENT {kind.compute}",
        f"#define LOAD(p, i) {kind.load(1, '(p)', '(i)')}",
        f"#define TARGET {target.storage}",
        f"#define STORE(x, p, i) {store}",
        f"#define DIMS {dims}",
        f"#define WIDTH {width}",
        f"#define WIDE {'double' if traits.double_arithmetic else 'float'}",
        f"#define S {kind.compute if dtype.is_floating_point else 'ulong'}",
        "typedef S State;" if running.file is None else source_file(running.file),
        f"#define INITIAL {running.initial}",
        f"#define TERM(x, i) {running.term}",
        f"#define COMBINE(a, b) ({running.combine})",
        f"#define FINISH(s) {running.finish}",
    ]
    files = ["walk", "scan_shares", "scan", *(["scan_parts"] if in_parts else [])]
    return whole_source("\n".join(lines), "\n", *map(source_file, files))
