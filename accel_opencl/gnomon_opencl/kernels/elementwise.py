"""Elementwise kernels: a loop over rows and chunks of rows around one expression.

The operands' layouts are collapsed together, so that contiguous ones are one row however many
dims they have. A work-item of a processor goes through a chunk of a row in vectors; elsewhere
it makes one element. Operands whose innermost stride is 1 are read as vectors, those of stride
0 are read once, and the others lane by lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Final, NamedTuple

from gnomon.backend import Operand
from gnomon.dtypes import DType, Scalar, bool_
from gnomon.layout import Layout, collapse_together
from gnomon_opencl.element_types import ElementType, element_type, wide
from gnomon_opencl.generation import (
    Plan,
    fill_in,
    needs_wide_index,
    types_text,
    walk_text,
)
from gnomon_opencl.kernels.meanings import MEANINGS
from gnomon_opencl.runtime import Argument, Runtime, buffer_of, group_attribute, whole_source
from gnomon_opencl.traits import Traits

_CACHED: Final = 4096
#: More dims than this, after collapsing, are walked on the host.
_MOST_DIMS: Final = 10
#: Divisions of integers have no value where the divisor, the second input, is 0.
_DIVISIONS: Final = frozenset({"floor_divide", "trunc_divide", "remainder", "fmod"})


class Launch(NamedTuple):
    """A kernel and all of its arguments but the buffers and numbers."""

    source: str
    plan: bytes
    items: int


class Formula(NamedTuple):
    """An expression of the inputs, and the file of functions it calls one element at a time."""

    text: str
    functions: str | None = None


class Shape(NamedTuple):
    """What the text of an elementwise kernel depends on besides its meaning."""

    inputs: tuple[ElementType, ...]
    output: ElementType
    #: None for a number; else the innermost stride, any but 0 and 1 being alike.
    steps: tuple[int | None, ...]
    dims: int
    wide_index: bool


def formula_of(name: str, compute: DType) -> Formula | None:
    """Return the formula of the record ``name`` on elements of ``compute``, if it has one."""
    meaning = MEANINGS.get(name)
    text = meaning.on(compute) if meaning is not None else None
    return Formula(text, meaning.functions) if meaning is not None and text else None


def run(
    runtime: Runtime,
    name: str,
    formula: Formula,
    compute: DType,
    inputs: Sequence[Operand | Scalar],
    output: Operand,
) -> None:
    """Write the record ``name``, whose formula on ``compute`` is given, to ``output``."""
    if name in _DIVISIONS and not compute.is_floating_point and output.layout.numel:
        _refuse_zero_divisors(runtime, name, inputs[1])
    launch(runtime, formula, compute, inputs, output, conditions=1 if name == "where" else 0)


def launch(
    runtime: Runtime,
    formula: Formula,
    compute: DType,
    inputs: Sequence[Operand | Scalar],
    output: Operand,
    conditions: int = 0,
) -> None:
    """Write ``formula`` of the inputs to ``output``; the first ``conditions`` are bools."""
    if not output.layout.numel:
        return
    kinds: list[ElementType] = []
    places: list[Layout | None] = []
    arguments: list[Argument] = [buffer_of(output)]
    numbers: list[bytes] = []
    for position, value in enumerate(inputs):
        if isinstance(value, Operand):
            kinds.append(element_type(value.dtype))
            places.append(value.layout)
            arguments.append(buffer_of(value))
        else:
            kind = element_type(bool_ if position < conditions else compute)
            kinds.append(kind)
            places.append(None)
            numbers.append(kind.packed(value))
    for each in launches(
        formula,
        compute,
        tuple(kinds),
        element_type(output.dtype),
        tuple(places),
        output.layout,
        runtime.traits,
    ):
        runtime.launch(
            each.source, "elementwise", [*arguments, each.plan, *numbers], each.items
        )


@lru_cache(_CACHED)
def launches(
    formula: Formula,
    compute: DType,
    inputs: tuple[ElementType, ...],
    output: ElementType,
    places: tuple[Layout | None, ...],
    target: Layout,
    traits: Traits,
) -> tuple[Launch, ...]:
    """Return the launches that run a record on operands of these layouts: nearly always one."""
    layouts = [target, *[place for place in places if place is not None]]
    collapsed = collapse_together(layouts, any_order=True)
    if len(collapsed[0].shape) > _MOST_DIMS:
        return tuple(
            launch
            for index in range(collapsed[0].shape[0])
            for launch in _slice_launches(
                formula, compute, inputs, output, places, collapsed, index, traits
            )
        )
    return (_launch(formula, compute, inputs, output, places, collapsed, traits),)


def _slice_launches(
    formula: Formula,
    compute: DType,
    inputs: tuple[ElementType, ...],
    output: ElementType,
    places: tuple[Layout | None, ...],
    collapsed: Sequence[Layout],
    index: int,
    traits: Traits,
) -> tuple[Launch, ...]:
    slices = iter([layout.select(0, index) for layout in collapsed])
    target = next(slices)
    parts = tuple([None if place is None else next(slices) for place in places])
    return launches(formula, compute, inputs, output, parts, target, traits)


def _launch(
    formula: Formula,
    compute: DType,
    inputs: tuple[ElementType, ...],
    output: ElementType,
    places: tuple[Layout | None, ...],
    collapsed: Sequence[Layout],
    traits: Traits,
) -> Launch:
    if not collapsed[0].shape:
        collapsed = [layout.unsqueeze(0) for layout in collapsed]
    wide_index = needs_wide_index(collapsed)
    *outer, row = collapsed[0].shape
    rows = prod(outer)
    chunks = -(-row // traits.chunk)
    # Short rows are taken several at a time.
    batch = max(1, traits.chunk // row) if chunks == 1 else 1
    items = -(-rows * chunks // batch)
    plan = Plan(wide_index)
    plan.members |= {"row": row, "chunks": chunks, "all_chunks": rows * chunks, "batch": batch}
    plan.add_shape(outer)
    steps: list[int | None] = []
    following = iter(collapsed)
    for number, place in enumerate((collapsed[0], *places)):
        if place is None:
            steps.append(None)
            continue
        layout = next(following)
        plan.add_layout(number, layout)
        steps.append(_step(layout.strides[-1]))
    shape = Shape(inputs, output, tuple(steps), len(outer), wide_index)
    source = kernel_source(formula, compute, shape, plan.declaration(), traits)
    return Launch(source, plan.packed(), items)


def _step(stride: int) -> int:
    return stride if stride in (0, 1) else 2


@lru_cache(_CACHED)
def kernel_source(
    formula: Formula, compute: DType, shape: Shape, declaration: str, traits: Traits
) -> str:
    """Return the program whose kernel ``elementwise`` evaluates ``formula``."""
    kind = element_type(compute)
    lanes = 1 if formula.functions is not None else traits.lanes
    body = _Body(shape, lanes)
    return whole_source(
        types_text(kind, lanes, traits, formula.functions),
        body.meaning_text(formula.text),
        declaration,
        body.kernel_text(traits),
    )


class _Body:
    """The text of one kernel, put together from what is known of its operands."""

    def __init__(self, shape: Shape, lanes: int) -> None:
        self.shape = shape
        self.lanes = lanes
        self.index = "long" if shape.wide_index else "int"

    def meaning_text(self, text: str) -> str:
        """Return the function of one element, or of one vector of elements, of each input."""
        types = [wide(kind.compute, self.lanes) for kind in self.shape.inputs]
        parameters = ", ".join(
            f"{t} {letter}" for t, letter in zip(types, "abcd", strict=False)
        )
        result = wide(self.shape.output.compute, self.lanes)
        value = f"({text})"
        if self.shape.output.dtype is bool_ and not text.startswith("TRUTH"):
            value = f"TRUTH({value} != K(0))"
        return (
            f"#define CONVERT(x) convert_{result}(x)\n"
            f"static {result} meaning({parameters}) {{ return {value}; }}\n"
        )

    def kernel_text(self, traits: Traits) -> str:
        """Return the kernel."""
        present = [k for k, step in enumerate(self.shape.steps) if step is not None]
        return fill_in(
            _KERNEL,
            {
                "ATTRIBUTE": group_attribute(traits.group_size),
                "PARAMETERS": ", ".join(self._parameters()),
                "INDEX": self.index,
                "CHUNK": str(traits.chunk),
                "LANES": str(self.lanes),
                "WALK": walk_text(self.shape.dims, "line", present, self.index, " " * 8),
                "BODY": self._one() if self.lanes == 1 else self._vectors(),
            },
        )

    def _parameters(self) -> list[str]:
        parameters = [f"__global {self.shape.output.storage} *p0"]
        numbers = []
        for k, kind in enumerate(self.shape.inputs, 1):
            if self.shape.steps[k] is None:
                numbers.append(f"const {kind.compute} n{k}")
            else:
                parameters.append(f"__global const {kind.storage} *p{k}")
        return [*parameters, "const Plan plan", *numbers]

    def _position(self, operand: int, place: str) -> str:
        step = self.shape.steps[operand]
        if step == 0:
            return f"at{operand}"
        factor = "" if step == 1 else f" * plan.stride{operand}_{self.shape.dims}"
        return f"(at{operand} + {place}{factor})"

    def _one(self) -> str:
        """Return the statement for element ``i``."""
        values = []
        for k, kind in enumerate(self.shape.inputs, 1):
            number = self.shape.steps[k] is None
            values.append(f"n{k}" if number else kind.load(1, f"p{k}", self._position(k, "i")))
        value = f"meaning({', '.join(values)})"
        return " " * 12 + self.shape.output.store(1, value, "p0", self._position(0, "i"))

    def _vectors(self) -> str:
        """Return the statements for the elements from ``i`` on, as many as there are lanes."""
        lanes = self.lanes
        full, part, values = [], [], []
        for k, kind in enumerate(self.shape.inputs, 1):
            vector = wide(kind.compute, lanes)
            step = self.shape.steps[k]
            if step is None:
                values.append(f"({vector})(n{k})")
                continue
            values.append(f"v{k}")
            lane = kind.load(1, f"p{k}", self._position(k, "min(i + lane, end - 1)"))
            gathered = (
                f"{{ {kind.compute} cells[{lanes}]; for (int lane = 0; lane < {lanes}; ++lane) "
                f"cells[lane] = {lane}; v{k} = vload{lanes}(0, cells); }}"
            )
            part.append(gathered)
            if step == 1:
                full.append(f"v{k} = {kind.load(lanes, f'p{k}', self._position(k, 'i'))};")
            elif step == 0:
                full.append(f"v{k} = ({vector})({kind.load(1, f'p{k}', f'at{k}')});")
            else:
                full.append(gathered)
        declared = "".join(
            f"{wide(kind.compute, lanes)} v{k}; "
            for k, kind in enumerate(self.shape.inputs, 1)
            if self.shape.steps[k] is not None
        )
        return fill_in(
            _VECTORS,
            {
                "DECLARED": declared,
                "LOAD_FULL": " ".join(full),
                "LOAD_PART": " ".join(part),
                "RESULT": f"{wide(self.shape.output.compute, lanes)} result",
                "MEANING": f"meaning({', '.join(values)})",
                "STORE": self._store_full(),
                "STORE_PART": self._store_lanes("end - i"),
                "LANES": str(lanes),
            },
        )

    def _store_full(self) -> str:
        if self.shape.steps[0] == 1:
            place = self._position(0, "i")
            return self.shape.output.store(self.lanes, "result", "p0", place)
        return self._store_lanes(str(self.lanes))

    def _store_lanes(self, count: str) -> str:
        kind, lanes = self.shape.output, self.lanes
        place = self._position(0, "(i + lane)")
        return (
            f"{{ {kind.compute} cells[{lanes}]; vstore{lanes}(result, 0, cells); "
            f"for (int lane = 0; lane < {count}; ++lane) "
            f"{kind.store(1, 'cells[lane]', 'p0', place)} }}"
        )


_VECTORS: Final = """\
            $DECLARED$
            const bool whole = i + $LANES$ <= end;
            if (whole) { $LOAD_FULL$ }
            else { $LOAD_PART$ }
            const $RESULT$ = $MEANING$;
            if (whole) { $STORE$ }
            else $STORE_PART$"""

_KERNEL: Final = """\
__kernel $ATTRIBUTE$ void elementwise($PARAMETERS$) {
    const $INDEX$ first = ($INDEX$)get_global_id(0) * plan.batch;
    const $INDEX$ last = min(first + plan.batch, plan.all_chunks);
    for ($INDEX$ chunk = first; chunk < last; ++chunk) {
        $INDEX$ line = chunk / plan.chunks;
        const $INDEX$ start = (chunk - line * plan.chunks) * $CHUNK$;
        const $INDEX$ end = min(start + $CHUNK$, plan.row);
$WALK$
        for ($INDEX$ i = start; i < end; i += $LANES$) {
$BODY$
        }
    }
}
"""


def _refuse_zero_divisors(runtime: Runtime, name: str, divisor: Operand | Scalar) -> None:
    """Raise RuntimeError, as the reference does, when an integer divisor is zero."""
    if isinstance(divisor, Operand):
        found = _has_zero(runtime, divisor)
    else:
        found = divisor == 0
    if found:
        raise RuntimeError(
            f"{name}: ZeroDivisionError, an integer was divided by zero. Convert to a "
            "floating-point dtype to get inf or nan."
        )


def _has_zero(runtime: Runtime, operand: Operand) -> bool:
    kind = element_type(operand.dtype)
    layout = operand.layout.collapse()
    plan = Plan(needs_wide_index([layout]))
    plan.members["count"] = layout.numel
    plan.add_shape(layout.shape)
    plan.add_layout(0, layout)
    walk = walk_text(len(layout.shape), "line", [0], plan.index)
    source = whole_source(
        plan.declaration(),
        f"__kernel {group_attribute(runtime.traits.group_size)} void has_zero(",
        f"__global const {kind.storage} *p0, const Plan plan, __global int *flag) {{\n",
        f"    {plan.index} line = get_global_id(0);\n",
        f"    if (line >= plan.count) return;\n{walk}",
        f"    if ({kind.load(1, 'p0', 'at0')} == 0) *flag = 1;\n}}\n",
    )
    return runtime.flag_is_set(
        source, "has_zero", [buffer_of(operand), plan.packed()], layout.numel
    )
