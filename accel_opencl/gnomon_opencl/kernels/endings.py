"""Elementwise steps that a product takes its elements through before it stores them.

A program that can end so has ``HAS_ENDING`` defined as 0, and its kernel no more parameters
than it needs by itself; what is put in instead defines a function ``finish`` of a piece of a
row, and how it is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout
from gnomon_opencl.generation import about_text, fill_in
from gnomon_opencl.kernels.expressions import (
    Block,
    Expression,
    Meanings,
    lanes_of,
    title_of_steps,
)
from gnomon_opencl.kernels.walks import integers
from gnomon_opencl.traits import Traits

_CACHED: Final = 4096
#: What programs that can end so have in them.
NO_ENDING: Final = "#define HAS_ENDING 0\n#define ENDING_PARAMETERS\n"
_PARAMETERS: Final = " ENDING_PARAMETERS)"


@final
class Made(NamedTuple):
    """What a launch that can end in elementwise steps makes: a batch of matrices, and how many
    of its elements it takes at once.
    """

    layout: Layout
    dtype: DType
    lanes: int


@lru_cache(_CACHED)
def with_ending(
    source: str,
    expression: Expression,
    given: int,
    steps: tuple[int, ...],
    lanes: int,
    traits: Traits,
) -> str:
    """Return the program ``source`` ending in ``expression``, whose load ``given`` is what the
    program made; ``steps`` are those of the operands from column to column.
    """
    lanes = min(lanes, lanes_of(expression, traits))
    meanings = Meanings(expression, lanes)
    block = Block(expression, steps, lanes, meanings.calls, "ending.column%d", given)
    made = block.first_load + given
    operands, numbers = block.operand_parameters(), block.number_parameters()
    names = [f"p{operand}" for operand in range(len(operands)) if operand != made]
    names += ["ending", *[each.rpartition(" ")[2] for each in numbers]]
    own = operands.pop(made)
    parameters = ", ".join([*operands, "const Ending ending", *numbers])
    members = [f"offset{k}, outer{k}, row{k}, column{k}" for k in range(len(steps))]
    places = [
        f"    const long at{k} = ending.offset{k} + outer * ending.outer{k}"
        f" + row * ending.row{k} + column * ending.column{k};\n"
        for k in range(len(steps))
        if k != made
    ]
    fetches = [
        f"    FETCH(p{k} + at{k}, {int(k < len(expression.stores))});\n"
        for k in range(len(steps))
        if k != made
    ]
    text = fill_in(
        _FINISH,
        {
            "MEMBERS": ", ".join(members),
            "PARAMETERS": parameters,
            "NAMES": ", ".join(names),
            "OWN": own.replace("__global ", ""),
            "MADE": str(made),
            "PLACES": "".join(places),
            "FETCHES": "".join(fetches),
            "LANES": str(lanes),
            "BODY": block.text(),
        },
    )
    about = about_text(title_of_steps(expression))
    ended = source.replace(NO_ENDING, "".join(meanings.text(traits)) + text)
    return about + ended.replace(_PARAMETERS, f", {parameters})")


def ending_plan(layouts: Sequence[Layout]) -> bytes:
    """Return where the operands stand: batches of matrices."""
    return integers(*[n for layout in layouts for n in (layout.offset, *layout.strides)])


_FINISH: Final = """\
#define HAS_ENDING 1
#define FINISH(sums, outer, row, column, from, to) \\
    finish(sums, outer, row, column, from, to, $NAMES$)
#define FETCH_FOR_END(outer, row, column) fetch_for_end(outer, row, column, $NAMES$)
typedef struct { long $MEMBERS$; } Ending;
/* The columns from `from` to `to`, counted from `column` on, of a row. */
static inline void finish($OWN$, const long outer, const long row, const long column,
                          const int from, const int end, $PARAMETERS$) {
    const long at$MADE$ = 0;
$PLACES$
    for (int i = from; i < end; i += $LANES$) {
$BODY$
    }
}
/* Bring near what stands there. */
static inline void fetch_for_end(const long outer, const long row, const long column,
                                 $PARAMETERS$) {
$PLACES$
$FETCHES$
}
"""
