"""Elementwise kernels: a loop over rows and chunks of rows around one expression.

The operands' layouts are collapsed together, so that contiguous ones are one row however many
dims they have. A work-item of a processor goes through a chunk of a row in vectors; elsewhere
it makes one element. Operands whose innermost stride is 1 are read as vectors, those of stride
0 are read once, and the others lane by lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from gnomon.backend import DType, Layout, Operand, Scalar, bool_, collapse_together
from gnomon_opencl.element_types import ElementType, element_type, wide
from gnomon_opencl.generation import (
    Plan,
    fill_in,
    group_attribute,
    needs_wide_index,
    plan_rows,
    rows_text,
    slices,
    types_text,
    walk_text,
)
from gnomon_opencl.kernels.meanings import MEANINGS
from gnomon_opencl.runtime import Argument, Runtime, buffer_of, whole_source
from gnomon_opencl.traits import Traits

_CACHED: Final = 4096
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
    index_type: str


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
    numbers = [0, *[k for k, place in enumerate(places, 1) if place is not None]]
    made = []
    for part in slices(collapsed):
        numbered = dict(zip(numbers, part, strict=True))
        plan, items = plan_rows(numbered, traits)
        steps = [
            min(numbered[k].strides[-1], 2) if k in numbered else None
            for k in range(len(places) + 1)
        ]
        dims = len(part[0].shape) - 1
        shape = Shape(inputs, output, tuple(steps), dims, plan.index)
        source = kernel_source(formula, compute, shape, plan.declaration(), traits)
        made.append(Launch(source, plan.packed(), items))
    return tuple(made)


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
        index = self.shape.index_type
        return rows_text(
            "elementwise",
            self._parameters(),
            walk_text(self.shape.dims, "line", present, index, " " * 8),
            self._one() if self.lanes == 1 else self._vectors(),
            index,
            self.lanes,
            traits,
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
