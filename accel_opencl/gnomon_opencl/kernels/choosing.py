"""Which positions of a line of bools are true: see ``choosing.cl``."""

from __future__ import annotations

from functools import cache
from typing import Final

from gnomon.backend import Operand
from gnomon_opencl.generation import source_file, whole_source
from gnomon_opencl.kernels.walks import integers
from gnomon_opencl.runtime import Runtime, buffer_of

#: Elements that one work-item goes through, on a processor and elsewhere.
_PROCESSOR_TERMS: Final = 16384
_TERMS: Final = 64


def choose(runtime: Runtime, chosen: Operand, running: Operand, output: Operand) -> None:
    """Write the positions at which ``chosen`` is true, of which ``running`` has the sums."""
    terms = chosen.layout.numel
    part_terms = _PROCESSOR_TERMS if runtime.traits.is_processor else _TERMS
    arguments = [*map(buffer_of, (chosen, running, output)), integers(terms, part_terms)]
    runtime.launch(_source(), "choose", arguments, -(-terms // part_terms))


@cache
def _source() -> str:
    return whole_source(source_file("choosing"))
