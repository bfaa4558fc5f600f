"""Elementwise launches: which formula a record has, and what must be known before it runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from gnomon.backend import DType, LiveNumber, Operand, Scalar
from gnomon_opencl.element_types import element_type
from gnomon_opencl.generation import (
    Plan,
    group_attribute,
    needs_wide_index,
    walk_text,
    whole_source,
)
from gnomon_opencl.kernels.expressions import Formula
from gnomon_opencl.kernels.meanings import MEANINGS
from gnomon_opencl.runtime import REFUSED, Runtime, buffer_of

#: Divisions of integers have no value where the divisor, the second input, is 0.
_DIVISIONS: Final = frozenset({"floor_divide", "trunc_divide", "remainder", "fmod"})
#: Powers of floats made of products, quotients and roots; those of -0 and -inf are 0, inf.
_POWERS: Final[dict[Scalar, Formula]] = {
    -1: Formula("K(1) / a"),
    -0.5: Formula("a == K(-INFINITY) ? K(0) : K(1) / fabs(sqrt(a))"),
    0.5: Formula("a == K(-INFINITY) ? K(INFINITY) : fabs(sqrt(a))"),
    1: Formula("a"),
    2: Formula("a * a"),
    3: Formula("a * a * a"),
    4: Formula("(a * a) * (a * a)"),
}


@cache
def formula_of(name: str, compute: DType) -> Formula | None:
    """Return the formula of the record ``name`` on elements of ``compute``, if it has one."""
    meaning = MEANINGS.get(name)
    if meaning is None:
        return None
    text = meaning.on(compute)
    return Formula(text, meaning.functions_on(compute)) if text else None


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
    if name == "pow" and compute.is_floating_point:
        base, exponent = inputs
        if not isinstance(exponent, Operand | LiveNumber) and exponent in _POWERS:
            formula, inputs = _POWERS[exponent], [base]
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
    if 0 not in output.layout.shape:
        runtime.defer(formula, compute, inputs, output, conditions)


def _refuse_zero_divisors(runtime: Runtime, name: str, divisor: Operand | Scalar) -> None:
    """Raise RuntimeError, as the reference does, when an integer divisor is zero."""
    if isinstance(divisor, Operand):
        found = has_zero(runtime, divisor)
    else:
        found = divisor == 0
    if found:
        raise RuntimeError(
            f"{name}: ZeroDivisionError, an integer was divided by zero. Convert to a "
            "floating-point dtype to get inf or nan."
        )


def has_zero(runtime: Runtime, operand: Operand) -> bool:
    """Return whether an element is 0; a recorded call reports it when the host waits next."""
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
        f"    if ({kind.load(1, 'p0', 'at0')} == 0) *flag = {REFUSED};\n}}\n",
    )
    arguments = [buffer_of(operand), plan.packed()]
    return runtime.flag_is_set([(source, "has_zero", arguments, layout.numel)])
