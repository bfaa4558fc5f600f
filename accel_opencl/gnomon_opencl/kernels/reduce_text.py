"""The text of reductions: what ``reduce.cl`` wants to be defined in front of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple, final

from gnomon.backend import DType
from gnomon_opencl.element_types import element_type, wide
from gnomon_opencl.generation import (
    about_text,
    exponential_text,
    fill_in,
    source_file,
    whole_source,
)
from gnomon_opencl.kernels.expressions import (
    Block,
    Expression,
    Meanings,
    lanes_of,
    title_of_steps,
)
from gnomon_opencl.kernels.folds import Fold, State, limits
from gnomon_opencl.traits import Traits

_CACHED: Final = 4096
#: Items of a group that folds as a tree.
GROUP: Final = 128
#: Elements that are evaluated at once, at most.
_STRIP: Final = 32


@final
class Manner(NamedTuple):
    """What the text of a reduction depends on besides the fold and the expression."""

    kernel: str
    width: int
    dims: int
    #: The strides of the operands between elements evaluated at once, any but 0 and 1 alike.
    steps: tuple[int, ...]
    #: Whether numbers of elements need 64 bits.
    many: bool
    in_parts: bool


@lru_cache(_CACHED)
def source_of(
    fold: Fold, result: DType | None, expression: Expression, manner: Manner, traits: Traits
) -> str:
    """Return the program of ``fold`` on what ``expression`` makes; a ``result`` of no dtype is
    one of the state's own type.
    """
    # Vectors are for what is computed; compilers load vectors by themselves.
    lanes = lanes_of(expression, traits) if expression.steps else 1
    meanings = Meanings(expression, lanes)
    block = Block(expression, manner.steps, lanes, meanings.calls, "stride%d")
    kernels = [manner.kernel, *(["reduce_parts"] if manner.in_parts else [])]
    return whole_source(
        about_text(title_of_steps(expression)) if expression.steps else "",
        "".join(meanings.text(traits)),
        _definitions(fold, result, expression, lanes, manner, traits),
        _arguments(block),
        source_file("walk"),
        source_file("reduce"),
        _evaluation(block),
        *map(source_file, kernels),
    )


def _definitions(
    fold: Fold,
    result: DType | None,
    expression: Expression,
    lanes: int,
    manner: Manner,
    traits: Traits,
) -> str:
    """Return the definitions that tell one fold from another."""
    assert expression.folded is not None
    dtype, many = expression.dtype(expression.folded), manner.many
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
        f"#define ELEMENT {kind.compute}",
        f"#define LANES {lanes}",
        f"#define VECTOR {wide(kind.compute, lanes)}",
        f"#define FOLDS_VECTORS {int(fold.term == 'x' and state == kind.compute)}",
        f"#define TARGET {stored}",
        f"#define STORE(x, p, i) {store}",
        f"#define OPERANDS {len(manner.steps)}",
        f"#define DIMS {manner.dims}",
        f"#define WIDTH {manner.width}",
        f"#define STRIP {min(manner.width, _STRIP)}",
        f"#define GROUP {GROUP}",
        f"#define LOWEST {lowest}",
        f"#define HIGHEST {highest}",
        f"#define CENTER {center}",
        f"#define CENTERED {int(fold.center is not None)}",
        f"#define PARAMETER {'double' if traits.double_arithmetic else 'float'}",
        "#undef S",
        f"#define S {state}",
        "#define COUNT ((S)plan.terms)",
        f"#define BEHIND_ALL {'LONG_MAX' if many else 'INT_MAX'}",
        "typedef S State;",
        f"#define INITIAL ((S)({fold.initial}))",
        f"#define TERM(x, i) ((S)({fold.term}))",
        f"#define COMBINE(a, b) ((S)({fold.combine}))",
        f"#define COMBINE_VECTORS(a, b) ({fold.combine})",
        f"#define FINISH(s) ({fold.finish})",
    ]
    exponential = exponential_text(kind, 1, traits) if "EXP(" in fold.term else ""
    return "\n".join(lines) + "\n" + exponential


def _arguments(block: Block) -> str:
    """Return the parameters of kernels, and those that stand for the expression alone."""
    operands, numbers = block.operand_parameters(), block.number_parameters()
    return (
        f"#define ARGUMENTS {', '.join([*operands, *_ARGUMENTS, *numbers])}\n"
        f"#define EVALUATED {', '.join([*operands, *numbers])}\n"
    )


_ARGUMENTS: Final = (
    "__global TARGET *output",
    "__global State *partial",
    "__global const CENTER *centers",
    "const Plan plan",
    "const Places offset",
    "const Walks kept",
    "const Walk placed",
    "const Walks inner",
    "const Places along",
    "const PARAMETER parameter",
)


def _evaluation(block: Block) -> str:
    """Return the function that makes elements of what lies in the operands."""
    count = len(block.steps)
    given = [f"p{k}" for k in range(count)]
    given += [each.rpartition(" ")[2] for each in block.number_parameters()]
    places = "".join(
        f"    const long at{k} = from.of[{k}], stride{k} = steps.of[{k}];\n"
        for k in range(count)
    )
    return fill_in(
        _EVALUATE,
        {
            "GIVEN": ", ".join(given),
            "PLACES": places,
            "WHOLE": block.text(whole=True),
            "ANY": block.text(),
            "VALUE": f"v{block.expression.folded}",
        },
    )


_EVALUATE: Final = """\
#define EVALUATE_VECTOR(at, steps, i) evaluate_vector($GIVEN$, at, steps, i)
#define EVALUATE(at, steps, count, cells) evaluate($GIVEN$, at, steps, count, cells)
static inline VECTOR evaluate_vector(EVALUATED, const Places from,
                                     const Places steps, const int i) {
$PLACES$
$WHOLE$
    return $VALUE$;
}
static inline void evaluate(EVALUATED, const Places from,
                            const Places steps, const int end, ELEMENT *cells) {
$PLACES$
    for (int i = 0; i < end; i += LANES) {
$ANY$
        ((VECTOR *)cells)[i / LANES] = $VALUE$;
    }
}
"""


def _state_type(state: State, dtype: DType, many: bool, traits: Traits) -> str:
    floating = dtype.is_floating_point
    if state is State.COUNT:
        return "long" if many else "int"
    if state is State.TOTAL and not floating:
        return "ulong"
    if state is State.WIDE and traits.double_arithmetic:
        return "double"
    return element_type(dtype).compute
