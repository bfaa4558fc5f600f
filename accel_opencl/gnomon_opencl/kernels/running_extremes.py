"""Running extremes along one dim, and where they stand: see ``running_extremes.cl``."""

from __future__ import annotations

from functools import cache
from typing import Final

from gnomon.backend import DType, Operand, bool_, int64
from gnomon_opencl.element_types import element_type, wide
from gnomon_opencl.generation import source_file, whole_source
from gnomon_opencl.kernels.scan import STATE_BYTES, course_of
from gnomon_opencl.runtime import Argument, Runtime, buffer_of
from gnomon_opencl.traits import Traits

#: Whether the largest counts, by the names of scans.
_IS_LARGEST: Final = {"cummax_positions": True, "cummin_positions": False}
#: Rows have fewer elements than this where their places are counted in 32 bits.
_INT_LIMIT: Final = 2**31


def can_scan(name: str) -> bool:
    """Return whether the scan ``name`` is one of extremes."""
    return name in _IS_LARGEST


def scan_places(runtime: Runtime, name: str, input: Operand, dim: int, output: Operand) -> None:
    """Write where the extremes stand to ``output``, as the scan ``name`` has them."""
    _scan(runtime, input, dim, _IS_LARGEST[name], output, None)


def run_extremes(
    runtime: Runtime,
    input: Operand,
    dim: int,
    is_largest: bool,
    values: Operand,
    places: Operand,
) -> None:
    """Write the extremes, and where they stand; both outputs lie alike."""
    _scan(runtime, input, dim, is_largest, places, values)


def _scan(
    runtime: Runtime,
    input: Operand,
    dim: int,
    is_largest: bool,
    places: Operand,
    values: Operand | None,
) -> None:
    if not places.layout.numel:
        return
    traits = runtime.traits
    course = course_of(input.layout, dim, places.layout, traits)
    source = _source(
        input.dtype,
        is_largest,
        values is not None,
        course.dims,
        course.width,
        course.parts > 1,
        input.layout.shape[dim] < _INT_LIMIT,
        traits,
    )
    totals = buffer_of(places)
    if course.parts > 1:
        totals = runtime.pool.allocate(course.parts * course.rows * STATE_BYTES).buffer
    arguments: list[Argument] = [
        *map(buffer_of, (input, places)),
        totals,
        course.plan,
        course.source,
        course.target,
    ]
    if course.parts > 1:
        runtime.launch(source, "find_in_parts", arguments, course.items)
        runtime.launch(source, "scan_parts", arguments, course.rows)
    extremes = [] if values is None else [buffer_of(values)]
    runtime.launch(source, "scan_extremes", [*arguments, *extremes], course.items)


@cache
def _source(
    dtype: DType,
    is_largest: bool,
    has_values: bool,
    dims: int,
    width: int,
    in_parts: bool,
    is_narrow: bool,
    traits: Traits,
) -> str:
    kind, places = element_type(dtype), element_type(int64)
    # There are no vectors of four that are stored otherwise than they are computed with.
    lanes = traits.lanes_of(places.dtype.itemsize)
    if lanes == 4 and (kind.is_half or dtype is bool_):
        lanes = 1
    comparison = ">=" if is_largest else "<="
    store, store_all, store_places = (
        each.store(count, "(x)", "(p)", "(i)").removesuffix(";")
        for each, count in ((kind, 1), (kind, lanes), (places, lanes))
    )
    lines = [
        f"#define STORAGE {kind.storage}",
        f"#define ELEMENT {kind.compute}",
        f"#define MASK {kind.mask}",
        f"#define V {wide(kind.compute, lanes)}",
        f"#define M {wide(kind.mask, lanes)}",
        f"#define PLACES {wide('long', lanes)}",
        f"#define PLACE {'int' if is_narrow else 'long'}",
        f"#define CONVERT_PLACES(x) convert_{wide('long', lanes)}(x)",
        "#define TARGET long",
        f"#define LOAD(p, i) {kind.load(1, '(p)', '(i)')}",
        f"#define LOAD_VECTOR(p, i) {kind.load(lanes, '(p)', '(i)')}",
        f"#define STORE_VALUE(x, p, i) {store}",
        f"#define STORE_VECTOR(x, p, i) {store_all}",
        f"#define STORE_PLACES(x, p, i) {store_places}",
        f"#define STORE_PRIVATE(x, p) vstore{lanes}(x, 0, p)",
        f"#define DIMS {dims}",
        f"#define WIDTH {width}",
        f"#define LANES {lanes}",
        f"#define VALUES {int(has_values)}",
        f"#define LATER(a, b) (((b) {comparison} (a)) | ((b) != (b)))",
        f"#define LEAST {_least(dtype, is_largest)}",
        source_file("places"),
        "#define INITIAL place_of(LEAST, -1)",
        "#define TERM(x, i) place_of(x, i)",
        "#define COMBINE(a, b) later(a, b)",
    ]
    files = ["walk", "scan_shares", "running_extremes"]
    if in_parts:
        files += ["running_extremes_parts", "scan_parts"]
    return whole_source("\n".join(lines), "\n", *map(source_file, files))


def _least(dtype: DType, is_largest: bool) -> str:
    """Return what every element counts instead of."""
    if dtype.is_floating_point:
        return "-INFINITY" if is_largest else "INFINITY"
    if dtype is bool_:
        return "0" if is_largest else "1"
    bits = 8 * dtype.itemsize
    if dtype.is_signed:
        largest = 2 ** (bits - 1) - 1
        # The lowest number of long is no literal.
        return f"(-{largest}L - 1)" if is_largest else f"{largest}L"
    return "0" if is_largest else f"{2**bits - 1}UL"
