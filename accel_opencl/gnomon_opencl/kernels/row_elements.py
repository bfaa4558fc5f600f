"""What is said of elements in the text of kernels that go along rows."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

from gnomon_opencl.element_types import ElementType, wide
from gnomon_opencl.generation import Plan, exponential_text, walk_text
from gnomon_opencl.kernels.row_programs import Named, RowProgram, Way
from gnomon_opencl.traits import Traits


class RowElements(ABC):
    """What the kernels of a program say of elements: what is known of the operands, and how
    they are loaded, defined and stored.
    """

    def __init__(
        self, program: RowProgram, kinds: tuple[ElementType, ...], way: Way, traits: Traits
    ) -> None:
        self.program = program
        self.way = way
        self.traits = traits
        self.compute = kinds[0].compute
        takes_exponentials = any("EXP(" in step.of_elements() for step in program.passes)
        self.exponential = (
            exponential_text(kinds[0], way.lanes, traits) if takes_exponentials else ""
        )
        self.mask = wide(kinds[0].mask, way.lanes)
        self.number = {name: k for k, name in enumerate(program.operands)}
        self.kinds = dict(zip(program.operands, kinds, strict=True))
        self.steps = dict(zip(program.operands, way.steps, strict=True))
        is_fixed = dict(zip(program.operands, way.fixed, strict=True))
        #: Inputs, and what follows from them, that are the same along a row; and those that are
        #: the same for all lanes.
        self.fixed = self._closed({name for name in program.inputs if is_fixed[name]})
        even = {name for name in program.inputs if not self.steps[name]}
        self.even = self._closed(even - self.fixed)
        #: What is brought near ahead of time, where vectors go along it.
        is_repeated = dict(zip(program.operands, way.repeated, strict=True))
        self.fetched = {
            name
            for name in (*program.inputs, *program.outputs)
            if way.kernel == "along"
            and way.lanes > 1
            and self.steps[name] == 1
            and not is_repeated[name]
            and self.kinds[name].storage == self.compute
        }

    @abstractmethod
    def source(self, plan: Plan) -> str:
        """Return the program's text."""

    @property
    def _defined(self) -> tuple[str, ...]:
        return tuple([name for name, _ in self.program.definitions])

    def _closed(self, names: set[str]) -> set[str]:
        """Return ``names`` with what is defined by them alone."""
        found = set(names)
        for name, text in self.program.definitions:
            if self._named(text, (*self.program.inputs, *self._defined)) <= found:
                found.add(name)
        return found

    def _parameters(self) -> Iterator[str]:
        for name, number in self.number.items():
            constant = "const " if name in self.program.inputs else ""
            yield f"__global {constant}{self.kinds[name].storage} *p{number}"
        yield from (f"__global C *{name}" for name in self.program.partial)
        yield "const Plan plan"
        yield from (f"const C {name}" for name in self.program.numbers)

    @staticmethod
    def _named(text: str, names: Sequence[str]) -> set[str]:
        return set(names) & set(re.findall(r"\w+", text))

    def _used(self, text: str) -> tuple[list[str], list[Named]]:
        """Return the operands and definitions that ``text`` needs, in order, but for those that
        are the same along a row.
        """
        operands = (*self.program.inputs, *self.program.outputs)
        needed = self._named(text, (*operands, *self._defined))
        for name, expression in reversed(self.program.definitions):
            if name in needed:
                needed |= self._named(expression, (*operands, *self._defined))
        needed -= self.fixed
        definitions = [each for each in self.program.definitions if each[0] in needed]
        return [name for name in operands if name in needed], definitions

    def _walks(self, indent: str, first: int, last: int, row: str, base: str, at: str) -> str:
        return walk_text(
            last,
            row,
            self.number.values(),
            self.way.index_type,
            indent,
            first=first,
            base=base,
            at=at,
        ).rstrip("\n")

    def _lines(self, body: Callable[[str], Iterator[str]], indent: str) -> Iterator[str]:
        """Yield the loop over the lines of a row, at ``line<operand>``, around ``body``."""
        kept, lines, index = self.way.kept, self.way.lines, self.way.index_type
        yield f"{indent}for ({index} number = 0; number < plan.lines; ++number) {{"
        yield f"{indent}    {index} rest = number;"
        yield self._walks(indent + "    ", kept, kept + lines, "rest", "row", "line")
        yield from body(indent + "    ")
        yield f"{indent}}}"

    def _load_even(self, text: str, place: str, indent: str) -> Iterator[str]:
        """Yield what is the same for all lanes; ``place`` is added to the line's position."""
        inputs, definitions = self._used(text)
        for name in inputs:
            if name in self.even:
                k = self.number[name]
                value = self.kinds[name].load(1, f"p{k}", f"(line{k}{place.format(k=k)})")
                yield f"{indent}const C {name} = {value};"
        for name, expression in definitions:
            if name in self.even:
                yield f"{indent}const C {name} = {expression};"

    def _fixed_numbers(self) -> Iterator[Named]:
        """Yield what is the same along a row, with its expression where a row is a number."""
        for name in self.program.inputs:
            if name in self.fixed:
                k = self.number[name]
                yield name, self.kinds[name].load(1, f"p{k}", f"row{k}")
        yield from [each for each in self.program.definitions if each[0] in self.fixed]

    def _define(self, text: str, indent: str) -> Iterator[str]:
        for name, expression in self._used(text)[1]:
            if name not in self.even:
                yield f"{indent}const V {name} = {expression};"

    def _position(self, name: str, base: str, place: str) -> str:
        k, step = self.number[name], self.steps[name]
        if not step:
            return f"({base})"
        factor = "" if step == 1 else f" * plan.stride{k}_{self.way.lane_dim}"
        return f"({base} + {place}{factor})"

    def _load(self, name: str, base: str, place: str, last: str, whole: bool) -> str:
        """Return the statement that declares the lanes of ``name`` from ``place`` on.

        Unless they are ``whole``, lanes beyond ``last`` repeat it.
        """
        kind, lanes, k = self.kinds[name], self.way.lanes, self.number[name]
        if not self.steps[name]:
            return f"{name} = (V)({kind.load(1, f'p{k}', f'({base})')});"
        if lanes == 1 or (whole and self.steps[name] == 1):
            return f"{name} = {kind.load(lanes, f'p{k}', self._position(name, base, place))};"
        lane = f"({place} + lane)" if whole else f"min({place} + lane, {last})"
        cell = kind.load(1, f"p{k}", self._position(name, base, lane))
        return (
            f"{{ C cells[{lanes}]; {'' if whole else 'ROLLED '}"
            f"for (int lane = 0; lane < {lanes}; ++lane) "
            f"cells[lane] = {cell}; {name} = vload{lanes}(0, cells); }}"
        )

    def _store(
        self, name: str, text: str, base: str, place: str, count: str | None = None
    ) -> str:
        """Return the statement that writes the lanes, or the first ``count`` of them."""
        kind, lanes, k = self.kinds[name], self.way.lanes, self.number[name]
        if lanes == 1 or (count is None and self.steps[name] == 1):
            return kind.store(lanes, f"(V)({text})", f"p{k}", self._position(name, base, place))
        cell = kind.store(
            1, "cells[lane]", f"p{k}", self._position(name, base, f"({place} + lane)")
        )
        return (
            f"{{ C cells[{lanes}]; vstore{lanes}((V)({text}), 0, cells); "
            f"{'ROLLED ' if count else ''}for (int lane = 0; lane < {count or lanes}; ++lane) "
            f"{cell} }}"
        )

    @staticmethod
    def _larger(state: str, term: str) -> str:
        return f"{state} = (V)({term}) > {state} ? (V)({term}) : {state};"
