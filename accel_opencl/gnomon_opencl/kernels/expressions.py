"""The text of elementwise kernels: a loop over rows and chunks of rows around an expression.

An expression is a list of steps, each the formula of one record on values that were loaded,
given as numbers or made by an earlier step. An ordinary launch has one step; fused launches
have several, and what one step hands to the next is rounded as if it had been stored and
loaded, so that fusion changes no bit. Operands whose innermost stride is 1 are read as vectors,
those of stride 0 are read once, and the others lane by lane. Few elements that do not lie next
to each other are all read lane by lane, so that one text does for any layouts of them: it takes
longer to build another than it ever saves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import prod
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout, bool_, collapse_together, float32
from gnomon_opencl.element_types import ElementType, element_type, wide
from gnomon_opencl.generation import (
    MOST_DIMS,
    about_text,
    fill_in,
    plan_rows,
    rows_text,
    slices,
    types_text,
    walk_text,
    whole_source,
    with_long_rows,
)
from gnomon_opencl.kernels.bundles import Bundle
from gnomon_opencl.traits import Traits

_CACHED: Final = 4096
_LETTERS: Final = "abcd"
#: As many elements, and as many operands, are few; and the dims that most layouts of them have.
_FEW: Final = 1024
_FEW_OPERANDS: Final = 5
_FEW_DIMS: Final = 4


class Formula(NamedTuple):
    """An expression of the inputs, and the file of functions it calls one element at a time."""

    text: str
    functions: str | None = None


class Step(NamedTuple):
    """One record on elements of ``compute``: which values go in, and what comes out."""

    formula: Formula
    compute: DType
    sources: tuple[int, ...]
    result: DType


class Expression(NamedTuple):
    """What is computed of every element.

    Values are numbered: those loaded first, then the numbers, then what the steps make.
    """

    loads: tuple[DType, ...]
    numbers: tuple[DType, ...]
    steps: tuple[Step, ...]
    #: The numbers of the values that are stored.
    stores: tuple[int, ...]
    #: The number of the value that a reduction folds, if the expression feeds one.
    folded: int | None = None

    def dtype(self, value: int) -> DType:
        """Return the dtype of the value of that number."""
        given = (*self.loads, *self.numbers)
        return given[value] if value < len(given) else self.steps[value - len(given)].result


class Kinds(NamedTuple):
    """What the text of a kernel depends on besides its expression."""

    #: The innermost stride of each operand, stored ones first, any but 0 and 1 being alike.
    steps: tuple[int, ...]
    dims: int
    index_type: str
    #: The text of the plan's type.
    declaration: str


class Launch(NamedTuple):
    """A kernel and all of its arguments but the buffers, which come before the constants, and
    the numbers, which come behind.
    """

    source: str
    name: str
    constants: tuple[bytes, ...]
    items: int
    #: Work-items of a group; 0 for as many as elementwise launches have.
    group: int = 0
    #: Of an elementwise launch, whose only constant is its plan.
    kinds: Kinds | None = None


@lru_cache(_CACHED)
def launches(
    expression: Expression, layouts: tuple[Layout, ...], traits: Traits
) -> tuple[Launch, ...]:
    """Return the launches that evaluate ``expression``: nearly always one.

    ``layouts`` are of one shape: those of the values stored, then of those loaded.
    """
    made = []
    for part in slices(collapse_together(layouts, any_order=True)):
        part, steps = _as_kernels_take_them(with_long_rows(part, traits))
        plan, items = plan_rows(dict(enumerate(part)), traits)
        kinds = Kinds(steps, len(part[0].shape) - 1, plan.index, plan.declaration())
        source = kernel_source(expression, kinds, traits)
        launch = Launch(source, "elementwise", (plan.packed(),), items, kinds=kinds)
        made.append(launch)
    return tuple(made)


def _as_kernels_take_them(
    part: Sequence[Layout],
) -> tuple[Sequence[Layout], tuple[int, ...]]:
    """Return collapsed layouts with the dims that a kernel is to walk, and how they step."""
    steps = tuple([min(layout.strides[-1], 2) for layout in part])
    shape = part[0].shape
    are_rows = len(shape) == 1 and max(steps) < 2
    if are_rows or prod(shape) > _FEW or len(part) > _FEW_OPERANDS:
        return part, steps
    missing = (_FEW_DIMS if len(shape) <= _FEW_DIMS else MOST_DIMS) - len(shape)
    ones = (1,) * missing
    part = [Layout(ones + each.shape, ones + each.strides, each.offset) for each in part]
    return part, (2,) * len(part)


@lru_cache(_CACHED)
def kernel_source(
    expression: Expression, kinds: Kinds, traits: Traits, bundle: Bundle | None = None
) -> str:
    """Return the program whose kernel ``elementwise`` evaluates ``expression``."""
    lanes, index = lanes_of(expression, traits), kinds.index_type
    declaration = kinds.declaration
    meanings = Meanings(expression, lanes)
    block = Block(expression, kinds.steps, lanes, meanings.calls, f"plan.stride%d_{kinds.dims}")
    operands, numbers = block.operand_parameters(), block.number_parameters()
    parameters, opening = [*operands, "const Plan plan", *numbers], ""
    if bundle is not None:
        declaration += bundle.declaration(index)
        parameters = bundle.parameters(operands, numbers)
        opening = bundle.opening(operands, numbers, index)
    walk = walk_text(kinds.dims, "line", range(len(kinds.steps)), index, " " * 8)
    kernel = rows_text(
        "elementwise", parameters, walk, block.text(), index, lanes, traits, opening
    )
    about = about_text(title_of_steps(expression))
    return whole_source(about, "".join(meanings.text(traits)), declaration, kernel)


def title_of_steps(expression: Expression) -> str:
    """Return the formulas of an expression, for a program's title."""
    return ", ".join(step.formula.text for step in expression.steps)


def lanes_of(expression: Expression, traits: Traits) -> int:
    """Return how many elements are computed at a time: one, where functions take one; packed
    dtypes are unpacked by one or by eight.
    """
    if any(step.formula.functions is not None for step in expression.steps):
        return 1
    made = [dtype for step in expression.steps for dtype in (step.compute, step.result)]
    dtypes = {*expression.loads, *expression.numbers, *made}
    if dtypes == {float32}:
        return traits.float_lanes
    sizes = [dtype.itemsize for dtype in dtypes]
    lanes = traits.lanes_of(max(sizes))
    return lanes if lanes == traits.lanes or min(sizes) >= 4 else 1


@final
class Meanings:
    """The functions of one element, or vector of elements, that steps call."""

    def __init__(self, expression: Expression, lanes: int) -> None:
        self._lanes = lanes
        #: The name of the function each step calls.
        self.calls: list[str] = []
        #: By dtype computed in: what stands in its functions, by name.
        self._sections: dict[DType, dict[str, tuple[Formula, list[ElementType], DType]]] = {}
        known: dict[tuple[Formula, DType, tuple[DType, ...], DType], str] = {}
        for step in expression.steps:
            kinds = tuple([expression.dtype(source) for source in step.sources])
            key = (step.formula, step.compute, kinds, step.result)
            name = known.setdefault(key, f"meaning{len(known)}")
            section = self._sections.setdefault(step.compute, {})
            section[name] = (step.formula, list(map(element_type, kinds)), step.result)
            self.calls.append(name)

    def text(self, traits: Traits) -> Iterator[str]:
        """Yield the functions, behind the definitions of the dtype they compute in."""
        for number, (compute, functions) in enumerate(self._sections.items()):
            files = {formula.functions for formula, _, _ in functions.values()} - {None}
            file = next(iter(files), None)
            yield types_text(element_type(compute), self._lanes, traits, file, number)
            for name, (formula, kinds, result) in functions.items():
                yield self._function(name, formula.text, kinds, result)

    def _function(
        self, name: str, text: str, kinds: Sequence[ElementType], result: DType
    ) -> str:
        parameters = ", ".join(
            f"{wide(kind.compute, self._lanes)} {letter}"
            for kind, letter in zip(kinds, _LETTERS, strict=False)
        )
        returned = wide(element_type(result).compute, self._lanes)
        value = f"({text})"
        if result is bool_ and not text.startswith("TRUTH"):
            value = f"TRUTH({value} != K(0))"
        return (
            f"#undef CONVERT\n#define CONVERT(x) convert_{returned}(x)\n"
            f"static {returned} {name}({parameters}) {{ return {value}; }}\n"
        )


@final
class Block:
    """The statements that take the elements from ``i`` on, ``lanes`` of them but none from
    ``end`` on, through an expression.

    Operands are numbered as their layouts are, values as the expression does. Operand ``k``
    stands at ``at<k>``, and its next element, if ``steps`` say neither that it is the same nor
    that it is the neighbour, ``stride`` further on, a format of ``k``. The load ``given``, if
    there is one, is of the work-item's own memory, where elements lie next to each other.
    """

    def __init__(
        self,
        expression: Expression,
        steps: Sequence[int],
        lanes: int,
        calls: Sequence[str],
        stride: str,
        given: int | None = None,
    ) -> None:
        self.expression = expression
        self.steps = steps
        self.lanes = lanes
        self.calls = calls
        self.stride = stride
        self.given = given
        self.first_load = len(expression.stores)

    def operand_parameters(self) -> list[str]:
        """Return the declarations of the pointers to the operands."""
        expression = self.expression
        stored = [element_type(expression.dtype(value)) for value in expression.stores]
        loaded = [element_type(dtype) for dtype in expression.loads]
        return [
            *[f"__global {kind.storage} *p{k}" for k, kind in enumerate(stored)],
            *[
                f"__global const {kind.storage} *p{k}"
                for k, kind in enumerate(loaded, self.first_load)
            ],
        ]

    def number_parameters(self) -> list[str]:
        """Return the declarations of the numbers."""
        given = [element_type(dtype) for dtype in self.expression.numbers]
        first = len(self.expression.loads)
        return [f"const {kind.compute} n{k}" for k, kind in enumerate(given, first)]

    def text(self, whole: bool = False) -> str:
        """Return the statements; ``whole`` if there are always as many elements as lanes."""
        if self.lanes == 1:
            return self._one()
        return self._vectors(_WHOLE_VECTORS if whole else _VECTORS)

    def _position(self, operand: int, place: str) -> str:
        step = self.steps[operand]
        if step == 0:
            return f"at{operand}"
        factor = "" if step == 1 else f" * {self.stride % operand}"
        return f"(at{operand} + {place}{factor})"

    def _values(self) -> Iterator[str]:
        """Yield the statements that make the value of each step."""
        expression = self.expression
        numbers = range(len(expression.loads), len(expression.loads) + len(expression.numbers))
        handed_on = {source for step in expression.steps for source in step.sources}
        handed_on.add(-1 if expression.folded is None else expression.folded)
        for k in numbers:
            vector = wide(element_type(expression.dtype(k)).compute, self.lanes)
            yield f"const {vector} v{k} = ({vector})(n{k});"
        for value, step in enumerate(expression.steps, numbers.stop):
            kind = element_type(step.result)
            call = self.calls[value - numbers.stop]
            arguments = ", ".join(f"v{source}" for source in step.sources)
            made = f"{call}({arguments})"
            if value in handed_on:
                made = kind.rounded(self.lanes, made)
            yield f"const {wide(kind.compute, self.lanes)} v{value} = {made};"

    def _one(self) -> str:
        """Return the statements for element ``i``."""
        lines = []
        for k, dtype in enumerate(self.expression.loads):
            operand, kind = self.first_load + k, element_type(dtype)
            load = kind.load(1, f"p{operand}", self._position(operand, "i"))
            lines.append(f"const {kind.compute} v{k} = {load};")
        lines += self._values()
        for operand, value in enumerate(self.expression.stores):
            kind = element_type(self.expression.dtype(value))
            place = self._position(operand, "i")
            lines.append(kind.store(1, f"v{value}", f"p{operand}", place))
        return _indented(lines, 12)

    def _vectors(self, template: str) -> str:
        """Return the statements for the elements from ``i`` on, as many as there are lanes."""
        lanes = self.lanes
        declared, full, part = [], [], []
        for k, dtype in enumerate(self.expression.loads):
            operand, kind = self.first_load + k, element_type(dtype)
            pointer, step = f"p{operand}", self.steps[operand]
            vector = wide(kind.compute, lanes)
            declared.append(f"{vector} v{k};")
            if step == 0:
                same = f"v{k} = ({vector})({kind.load(1, pointer, f'at{operand}')});"
                full.append(same)
                part.append(same)
                continue
            part.append(self._gathered(k, "min(i + lane, end - 1)", "ROLLED "))
            if k == self.given:
                full.append(f"v{k} = vload{lanes}(0, {pointer} + i);")
            elif step == 1:
                load = kind.load(lanes, pointer, self._position(operand, "i"))
                full.append(f"v{k} = {load};")
            else:
                full.append(self._gathered(k, "(i + lane)"))
        stores = list(enumerate(self.expression.stores))
        return fill_in(
            template,
            {
                "DECLARED": _indented(declared, 12),
                "LOAD_FULL": _indented(full, 16),
                "LOAD_PART": _indented(part, 16),
                "VALUES": _indented(list(self._values()), 12),
                "STORE": _indented([self._store_full(*each) for each in stores], 16),
                "STORE_PART": _indented(
                    [self._store_lanes(*each, "end - i", "ROLLED ") for each in stores], 16
                ),
                "LANES": str(lanes),
            },
        )

    def _gathered(self, value: int, place: str, rolled: str = "") -> str:
        """Return the statement that loads a value from the ``place`` of each lane."""
        operand, lanes = self.first_load + value, self.lanes
        kind = element_type(self.expression.loads[value])
        load = kind.load(1, f"p{operand}", self._position(operand, place))
        return (
            f"{{ {kind.compute} cells[{lanes}]; "
            f"{rolled}for (int lane = 0; lane < {lanes}; ++lane) "
            f"cells[lane] = {load}; v{value} = vload{lanes}(0, cells); }}"
        )

    def _store_full(self, operand: int, value: int) -> str:
        if self.steps[operand] == 1:
            kind = element_type(self.expression.dtype(value))
            place = self._position(operand, "i")
            return kind.store(self.lanes, f"v{value}", f"p{operand}", place)
        return self._store_lanes(operand, value, str(self.lanes))

    def _store_lanes(self, operand: int, value: int, count: str, rolled: str = "") -> str:
        kind, lanes = element_type(self.expression.dtype(value)), self.lanes
        place = self._position(operand, "(i + lane)")
        return (
            f"{{ {kind.compute} cells[{lanes}]; vstore{lanes}(v{value}, 0, cells); "
            f"{rolled}for (int lane = 0; lane < {count}; ++lane) "
            f"{kind.store(1, 'cells[lane]', f'p{operand}', place)} }}"
        )


def _indented(lines: Sequence[str], spaces: int) -> str:
    return "\n".join([" " * spaces + line for line in lines])


_VECTORS: Final = """\
$DECLARED$
            const bool whole = i + $LANES$ <= end;
            if (whole) {
$LOAD_FULL$
            } else {
$LOAD_PART$
            }
$VALUES$
            if (whole) {
$STORE$
            } else {
$STORE_PART$
            }"""
_WHOLE_VECTORS: Final = """\
$DECLARED$
$LOAD_FULL$
$VALUES$
$STORE$"""
