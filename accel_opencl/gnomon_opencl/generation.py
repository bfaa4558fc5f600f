"""The source text that kernels of every verb share: types, plans and index arithmetic.

Shapes, strides and offsets are members of one struct, ``plan``, that is passed by value: the
text of a kernel says of which kind its operands are, never how large, so few texts serve all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from math import prod
from pathlib import Path
from struct import pack
from typing import Final, final

from gnomon.backend import Layout
from gnomon_opencl.element_types import ElementType, wide
from gnomon_opencl.traits import Traits

_KERNELS: Final = Path(__file__).parent / "kernels"
_KERNEL: Final = re.compile(r"^__kernel void (\w+)\(.*?^}\n", re.DOTALL | re.MULTILINE)
#: Positions below this fit the 32-bit integers that every device is fastest with.
_INT_LIMIT: Final = 2**31 - 2**16
#: The width of chunks where an operand steps over cells.
_NARROW: Final = 64
#: Rows of fewer elements are shorter than vectors, and hardly worth the way to them.
_SHORT: Final = 16
#: More dims than this, after collapsing, are walked on the host.
MOST_DIMS: Final = 10
#: Programs whose titles are remembered.
_TITLES: Final = 4096


@cache
def source_file(name: str) -> str:
    """Return the text of ``kernels/<name>.cl``."""
    return (_KERNELS / f"{name}.cl").read_text(encoding="utf-8")


@cache
def some_kernels(file: str, *names: str) -> str:
    """Return the text of ``kernels/<file>.cl`` without other kernels than these: compilers take
    their time with each, whether it is asked for or not.
    """

    def kept(kernel: re.Match[str]) -> str:
        return kernel[0] if kernel[1] in names else ""

    return _KERNEL.sub(kept, source_file(file))


def about_text(about: str) -> str:
    """Return a comment that tells a program from others of the same kernel, in profiles too."""
    return f"/* about: {about} */\n"


@lru_cache(_TITLES)
def title_of(source: str, name: str) -> str:
    """Return what to call the kernel ``name`` of a program: its name, and what it is about."""
    _, marked, rest = source.partition("/* about: ")
    return f"{name}: {rest.partition(' */')[0]}" if marked else name


def whole_source(*parts: str) -> str:
    """Return a program's text: what every program begins with, then ``parts``."""
    return source_file("prelude") + "".join(parts)


@final
class Plan:
    """The integers a kernel is given: a struct of ``size0``, ``stride2_1`` and so on."""

    def __init__(self, wide_index: bool) -> None:
        self.index = "long" if wide_index else "int"
        self.members: dict[str, int] = {}

    def declaration(self) -> str:
        """Return the struct's text."""
        return f"typedef struct {{ {self.index} {', '.join(self.members)}; }} Plan;\n"

    def packed(self) -> bytes:
        """Return the struct's bytes."""
        code = "q" if self.index == "long" else "i"
        return pack(f"{len(self.members)}{code}", *self.members.values())

    def add_shape(self, shape: Sequence[int]) -> None:
        """Add ``size0``, ``size1``, ..."""
        self.members |= {f"size{dim}": size for dim, size in enumerate(shape)}

    def add_layout(self, operand: int, layout: Layout) -> None:
        """Add ``offset<operand>`` and ``stride<operand>_0``, ``stride<operand>_1``, ..."""
        self.members[f"offset{operand}"] = layout.offset
        self.members |= {
            f"stride{operand}_{dim}": stride for dim, stride in enumerate(layout.strides)
        }


def needs_wide_index(layouts: Iterable[Layout]) -> bool:
    """Return whether some position or element number does not fit 32 bits."""
    return any(layout.span[1] > _INT_LIMIT or layout.numel > _INT_LIMIT for layout in layouts)


def exponential_text(compute: ElementType, lanes: int, traits: Traits) -> str:
    """Return the definition of ``EXP``, the exponential of what is at most 64, of vectors or
    what becomes one.
    """
    if compute.compute != "float" or not traits.is_processor:
        return "#define EXP(x) exp(x)\n"
    vector, mask = wide("float", lanes), wide(compute.mask, lanes)
    lines = [
        f"#define EXPONENTIAL_VECTOR {vector}",
        f"#define EXPONENTIAL_SCALE(x) as_{vector}(as_{mask}(x) << 23)",
        f"#define EXP(x) exponential(({vector})(x))",
    ]
    return "\n".join(lines) + "\n" + source_file("exponential")


def types_text(
    compute: ElementType,
    lanes: int,
    traits: Traits,
    functions: str | None = None,
    section: int = 0,
) -> str:
    """Return the definitions that meanings are written in, and the functions they call.

    ``T`` is the type of the elements of ``compute``, in vectors of ``lanes``. A program that
    computes in several dtypes has a ``section`` for each.
    """
    vector = wide(compute.compute, lanes)
    dtype = compute.dtype
    lines = [f"#undef {name}" for name in _NAMES] if section else []
    lines += [
        f"#define T {vector}",
        "#define K(x) ((T)(x))",
        f"#define IS_FLOATING {int(dtype.is_floating_point)}",
        f"#define IS_SIGNED {int(dtype.is_signed)}",
        "#define LARGER(x, y) ((((x) >= (y)) | ((x) != (x))) ? (x) : (y))",
        "#define SMALLER(x, y) ((((x) <= (y)) | ((x) != (x))) ? (x) : (y))",
    ]
    mask = wide(compute.mask, lanes)
    if lanes == 1:
        lines += [
            "#define TRUTH(x) ((uchar)((x) != 0))",
            "#define CONDITION(x) ((x) != 0)",
        ]
    else:
        lines += [
            f"#define TRUTH(x) convert_uchar{lanes}(({mask})(x) & ({mask})(1))",
            f"#define CONDITION(x) (convert_{mask}(x) != ({mask})(0))",
        ]
    if not dtype.is_floating_point:
        plain = compute.compute.removeprefix("u")
        word = wide(f"u{plain}", lanes)
        lines += [
            f"#define UT {word}",
            # Narrow scalars would be promoted to signed int, whose overflow is undefined.
            f"#define U(x) {'(ulong)' if lanes == 1 else ''}as_{word}((T)(x))",
            f"#define S(x) as_{vector}(({word})(x))",
        ]
    else:
        lines += _DOUBLE_CONSTANTS if dtype.itemsize == 8 else _SINGLE_CONSTANTS
        lines += _double_types(compute, lanes, traits)
        lines += [f"#define {name} {name}_{section}" for name in _FLOAT_FUNCTIONS]
        lines.append(source_file("floats"))
    if functions is not None:
        lines += _function_types(compute, traits)
        lines.append(source_file(functions))
    return "\n".join(lines) + "\n"


#: The functions of ``floats.cl``, which every section of floats has under other names.
_FLOAT_FUNCTIONS: Final = (
    *("rounded_off", "exponential_of_product", "magnified_complement"),
    *("complementary_error", "normal_below"),
    *("raised_through_doubles", "rest_through_doubles", "whole_through_doubles"),
    *("raised_size", "raised", "cut_remainder", "floored_remainder"),
    *("whole_quotient", "floored_quotient"),
)
#: What a section defines.
_NAMES: Final = (
    *("T", "K", "IS_FLOATING", "IS_SIGNED", "LARGER", "SMALLER", "TRUTH", "CONDITION"),
    *("UT", "U", "S", "IS_DOUBLE", "SPLIT", "HAS_DOUBLES", "PARTS", "THROUGH_DOUBLES"),
    *("FLOATS", "F", "AS_FLOATS", "CONVERT_FLOATS", "INTS", "AS_INTS", "CONVERT_INTS"),
    *("DOUBLES", "CONVERT_DOUBLES", "ARE_ALL"),
    *_FLOAT_FUNCTIONS,
)
# Halving factors 2^12 + 1 and 2^27 + 1.
_SINGLE_CONSTANTS: Final = ("#define IS_DOUBLE 0", "#define SPLIT K(4097)")
_DOUBLE_CONSTANTS: Final = ("#define IS_DOUBLE 1", "#define SPLIT K(134217729)")


def _double_types(compute: ElementType, lanes: int, traits: Traits) -> list[str]:
    """Return what powers and quotients of floats are made of where a processor has doubles."""
    if compute.compute != "float" or not (traits.is_processor and traits.double_arithmetic):
        return ["#define HAS_DOUBLES 0"]
    # As many at once as a register holds doubles.
    together = min(lanes, traits.vector_bytes // 8)
    floats, doubles, ints = [wide(each, together) for each in ("float", "double", "int")]
    return [
        "#define HAS_DOUBLES 1",
        f"#define PARTS {lanes // together}",
        f"#define FLOATS {floats}",
        "#define F(x) ((FLOATS)(x))",
        f"#define AS_FLOATS(x) as_{floats}(x)",
        f"#define CONVERT_FLOATS(x) convert_{floats}(x)",
        f"#define INTS {ints}",
        f"#define AS_INTS(x) as_{ints}(x)",
        f"#define CONVERT_INTS(x) convert_{ints}(x)",
        f"#define DOUBLES {doubles}",
        f"#define CONVERT_DOUBLES(x) convert_{doubles}(x)",
        f"#define ARE_ALL(x) {'(x)' if together == 1 else 'all(x)'}",
    ]


def _function_types(compute: ElementType, traits: Traits) -> list[str]:
    """Return what the files of functions need besides."""
    double = traits.double_arithmetic
    lines = [
        f"typedef {'double' if double else 'float'} real;",
        # 2^27 + 1 and 2^12 + 1 halve a significand; n! is out of range beyond the other figure.
        f"#define SPLITTER ((real){134217729 if double else 4097})",
        f"#define LARGEST_FACTORIAL {170 if double else 34}",
    ]
    name = compute.dtype.name
    if compute.is_half:
        lines += [
            f"#define STORED(x) {name}_bits1(x)",
            f"#define UNSTORED(x) {name}_value(x)",
            "#define ROUND(x) UNSTORED(STORED(x))",
        ]
    else:
        lines.append("#define ROUND(x) (x)")
    return lines


def walk_text(
    dims: int,
    row: str,
    operands: Iterable[int],
    index: str,
    indent: str = "    ",
    *,
    first: int = 0,
    base: str = "plan.offset",
    at: str = "at",
) -> str:
    """Return the statements that turn the number ``row`` into positions ``at<operand>``.

    ``row`` counts the elements of the dims from ``first`` up to ``dims``, the last of them
    fastest, and is used up. Positions begin at ``base<operand>``.
    """
    numbers = list(operands)
    lines = [f"{indent}{index} {at}{k} = {base}{k};" for k in numbers]
    for dim in reversed(range(first, dims)):
        place = f"{row} % plan.size{dim}" if dim > first else row
        lines.append(f"{indent}{{ const {index} place = {place};")
        if dim > first:
            lines.append(f"{indent}  {row} /= plan.size{dim};")
        lines += [f"{indent}  {at}{k} += place * plan.stride{k}_{dim};" for k in numbers]
        lines.append(f"{indent}}}")
    return "\n".join(lines) + "\n"


def slices(collapsed: Sequence[Layout]) -> Iterator[Sequence[Layout]]:
    """Yield the parts of layouts of one shape that have no more dims than a plan may."""
    if len(collapsed[0].shape) <= MOST_DIMS:
        yield collapsed if collapsed[0].shape else [each.unsqueeze(0) for each in collapsed]
        return
    for index in range(collapsed[0].shape[0]):
        yield from slices([layout.select(0, index) for layout in collapsed])


def with_long_rows(layouts: Sequence[Layout], traits: Traits) -> Sequence[Layout]:
    """Return layouts of one shape with another dim last where a processor's rows are short."""
    shape = layouts[0].shape
    if traits.chunk == 1 or shape[-1] >= _SHORT:
        return layouts
    dims = range(len(shape))
    long = [dim for dim in dims if shape[dim] >= _SHORT]
    row = long[-1] if long else max(dims, key=lambda dim: (shape[dim], dim))
    order = [*dims[:row], *dims[row + 1 :], row]
    return [layout.permute(order) for layout in layouts]


def plan_rows(
    numbered: Mapping[int, Layout], traits: Traits, wide_index: bool = False
) -> tuple[Plan, int]:
    """Return the plan of a loop over the rows of layouts of one shape, and its work-items.

    A row is the last dim. Long rows are cut into chunks, short ones taken several at a time. On
    processors, where an operand steps over cells along its rows, chunks are as narrow as a few
    cache lines and follow each other down the rows, so that a line is used up while it is near.
    """
    layouts = list(numbered.values())
    *outer, row = layouts[0].shape
    rows = prod(outer)
    down = traits.chunk > 1 and rows > 1 and any(each.strides[-1] > 1 for each in layouts)
    chunk = min(traits.chunk, _NARROW) if down else traits.chunk
    chunks = -(-row // chunk)
    batch = max(1, traits.chunk // min(row, chunk)) if down or chunks == 1 else 1
    plan = Plan(wide_index or needs_wide_index(layouts))
    plan.members |= {
        "row": row,
        "chunk": chunk,
        "all_chunks": rows * chunks,
        "batch": batch,
        "rows": rows,
        "parts": chunks,
        # Whether the same part of all rows comes before the next part of any.
        "down": int(down),
    }
    plan.add_shape(outer)
    for number, layout in numbered.items():
        plan.add_layout(number, layout)
    return plan, -(-rows * chunks // batch)


def rows_text(
    name: str,
    parameters: Sequence[str],
    walk: str,
    body: str,
    index: str,
    step: int,
    traits: Traits,
    opening: str = "",
) -> str:
    """Return a kernel that runs ``walk`` for each row and ``body`` for its elements.

    ``body`` makes the elements from ``i`` on, ``step`` of them, but none from ``end`` on.
    ``opening``, if there is one, makes the plan and the number of the ``item``.
    """
    return fill_in(
        _ROWS,
        {
            "ATTRIBUTE": group_attribute(traits.group_size),
            "NAME": name,
            "PARAMETERS": ", ".join(parameters),
            "OPENING": opening,
            "ITEM": "item" if opening else "($INDEX$)get_global_id(0)",
            "INDEX": index,
            "STEP": str(step),
            "WALK": walk,
            "BODY": body,
        },
    )


def group_attribute(size: int) -> str:
    """Return the attribute of kernels that are launched in groups of ``size`` only.

    Some compilers specialise a kernel for each size it meets, at 100 ms apiece.
    """
    return f"__attribute__((reqd_work_group_size({size}, 1, 1)))"


_ROWS: Final = """\
__kernel $ATTRIBUTE$ void $NAME$($PARAMETERS$) {
$OPENING$    const $INDEX$ first = $ITEM$ * plan.batch;
    const $INDEX$ last = min(first + plan.batch, plan.all_chunks);
    if (first >= last) return;
    $INDEX$ row = plan.down ? first % plan.rows : first / plan.parts;
    $INDEX$ piece = plan.down ? first / plan.rows : first % plan.parts;
    for ($INDEX$ chunk = first; chunk < last; ++chunk) {
        $INDEX$ line = row;
        const $INDEX$ start = piece * plan.chunk;
        const $INDEX$ end = min(start + plan.chunk, plan.row);
$WALK$
        for ($INDEX$ i = start; i < end; i += $STEP$) {
$BODY$
        }
        if (plan.down) {
            if (++row == plan.rows) { row = 0; ++piece; }
        } else if (++piece == plan.parts) {
            piece = 0;
            ++row;
        }
    }
}
"""


def fill_in(template: str, parts: Mapping[str, str]) -> str:
    """Return ``template`` with every ``$name$`` replaced."""
    for name, text in parts.items():
        template = template.replace(f"${name}$", text)
    return template
