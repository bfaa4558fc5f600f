"""Sorting along one dim, stably, nan as the largest, in the ways ``sort.cl`` has."""

from __future__ import annotations

from functools import cache
from struct import pack
from typing import Final

from gnomon.backend import DType, Operand, bool_, int64
from gnomon_opencl.generation import source_file, whole_source
from gnomon_opencl.kernels import copying
from gnomon_opencl.kernels.walks import even_dims, integers, walk
from gnomon_opencl.runtime import Argument, Runtime, buffer_of

#: Rows up to this long are sorted by insertion: SHORT of the kernels.
_SHORT: Final = 32
#: Of how many elements the first are found without sorting, at most: MOST of the kernel.
_MOST: Final = 64
_DIGITS: Final = 256
#: Work-items that keep a device busy, and fewest elements that are worth the counts of one.
_PROCESSOR_ITEMS: Final = 8
_ITEMS: Final = 128
_PART_TERMS: Final = 2048
_KEYS: Final = {1: "uchar", 2: "ushort", 4: "uint", 8: "ulong"}
#: The texts of kernels that know the order of elements.
_BY_INSERTION: Final = ("sort", "sort_order", "sort_by_insertion")
_INTO_KEYS: Final = ("sort", "sort_order", "sort_keys")
_FIRST_ALONE: Final = ("sort_order", "sort_first")
#: The bits of infinity.
_INFINITE: Final = {
    "float16": "0x7c00",
    "bfloat16": "0x7f80",
    "float32": "0x7f800000",
    "float64": "0x7ff0000000000000UL",
}


def sort(
    runtime: Runtime,
    input: Operand,
    dim: int,
    descending: bool,
    values: Operand,
    indices: Operand,
) -> None:
    """Write the elements of ``input`` in order along ``dim``, and where each came from."""
    if not input.layout.numel:
        return
    operands = (input, values, indices)
    terms = input.layout.shape[dim]
    others = [operand.layout.select(dim, 0) for operand in operands]
    rows = others[0].numel
    enough = _PROCESSOR_ITEMS if runtime.traits.is_processor else _ITEMS
    parts = max(1, min(-(-enough // rows), terms // _PART_TERMS))
    part_terms = -(-terms // parts)
    parts = -(-terms // part_terms)
    dims = even_dims(*others)
    flip = -1 if descending else 0
    plan = integers(rows, terms, parts, part_terms, *_lines(operands, dim), flip)
    walks = [walk(layout, dims) for layout in others]
    buffers = [buffer_of(operand) for operand in operands]
    if terms <= _SHORT:
        source = _ordering_source(input.dtype, dims, _BY_INSERTION)
        runtime.launch(source, "sort_by_insertion", [*buffers, plan, *walks], rows)
        return
    places = _sorted_places(runtime, input, dims, plan, walks[0], rows, terms, parts)
    arguments: list[Argument] = [buffers[0], places, *buffers[1:], plan, *walks]
    source = _source(input.dtype.itemsize, dims)
    runtime.launch(source, "write_sorted", arguments, rows * parts)


def find_first(
    runtime: Runtime, input: Operand, dim: int, descending: bool, output: Operand
) -> None:
    """Write where as many elements stand as ``output`` has along ``dim``: those that come first
    once it is sorted.
    """
    if not output.layout.numel:
        return
    count = output.layout.shape[dim]
    others = [operand.layout.select(dim, 0) for operand in (input, output)]
    rows = others[0].numel
    is_busy = runtime.traits.is_processor or rows >= _ITEMS
    if count > _MOST or not is_busy:
        _find_first_of_sorted(runtime, input, dim, descending, output)
        return
    dims = even_dims(*others)
    flip = -1 if descending else 0
    terms = input.layout.shape[dim]
    plan = integers(rows, terms, count, *_lines((input, output), dim), flip)
    source = _ordering_source(input.dtype, dims, _FIRST_ALONE)
    walks = [walk(layout, dims) for layout in others]
    arguments: list[Argument] = [buffer_of(input), buffer_of(output), plan, *walks]
    runtime.launch(source, "take_first", arguments, rows)


def _find_first_of_sorted(
    runtime: Runtime, input: Operand, dim: int, descending: bool, output: Operand
) -> None:
    values, indices = (copying.fresh(input, dtype) for dtype in (input.dtype, int64))
    sort(runtime, input, dim, descending, values, indices)
    first = indices.layout.narrow(dim, 0, output.layout.shape[dim])
    copying.copy(runtime, indices.under(first), output)


def _lines(operands: tuple[Operand, ...], dim: int) -> list[int]:
    return [
        number
        for operand in operands
        for number in (operand.layout.offset, operand.layout.strides[dim])
    ]


def _sorted_places(
    runtime: Runtime,
    input: Operand,
    dims: int,
    plan: bytes,
    from_rows: bytes,
    rows: int,
    terms: int,
    parts: int,
) -> Argument:
    """Return a buffer of where in its row each element of the sorted rows stands."""
    itemsize = input.dtype.itemsize
    count = rows * terms
    keys, moved_keys = (runtime.pool.allocate(count * itemsize).buffer for _ in range(2))
    places, moved_places = (runtime.pool.allocate(count * 4).buffer for _ in range(2))
    counts = runtime.pool.allocate(rows * parts * _DIGITS * 4).buffer
    items = rows * parts
    runtime.launch(
        _ordering_source(input.dtype, dims, _INTO_KEYS),
        "make_keys",
        [buffer_of(input), keys, places, plan, from_rows],
        items,
    )
    source = _source(itemsize, dims)
    for byte in range(itemsize):
        shift = pack("i", 8 * byte)
        runtime.launch(source, "count_digits", [keys, counts, plan, shift], items)
        runtime.launch(source, "place_digits", [counts, plan], rows)
        arguments = [keys, places, moved_keys, moved_places, counts, plan, shift]
        runtime.launch(source, "move_by_digit", arguments, items)
        keys, moved_keys = moved_keys, keys
        places, moved_places = moved_places, places
    return places


@cache
def _ordering_source(dtype: DType, dims: int, files: tuple[str, ...]) -> str:
    """Return the program of kernels that turn elements into keys."""
    return whole_source(
        f"#define KEY {_KEYS[dtype.itemsize]}\n",
        f"#define IS_FLOATING {int(dtype.is_floating_point)}\n",
        f"#define IS_BOOL {int(dtype is bool_)}\n",
        f"#define IS_SIGNED {int(dtype.is_signed)}\n",
        f"#define INFINITE {_INFINITE.get(dtype.name, '0')}\n",
        f"#define SHORT {_SHORT}\n",
        f"#define MOST {_MOST}\n",
        f"#define DIMS {dims}\n",
        *map(source_file, ("walk", *files)),
    )


@cache
def _source(itemsize: int, dims: int) -> str:
    """Return the program of kernels that move keys, alike for all dtypes of a size."""
    return whole_source(
        f"#define KEY {_KEYS[itemsize]}\n",
        f"#define DIMS {dims}\n",
        *map(source_file, ("walk", "sort", "sort_by_digits")),
    )
