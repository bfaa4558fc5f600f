"""The text of kernels that go along rows: one of three, for a program and its operands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, final

from gnomon_opencl.element_types import wide
from gnomon_opencl.generation import Plan, group_attribute, source_file, whole_source
from gnomon_opencl.kernels.row_elements import RowElements
from gnomon_opencl.kernels.row_programs import Pass

#: Items of a group that shares a row.
GROUP: Final = 128
#: Nothing is fetched of rows so long that they would drive each other out of a core's cache.
_NEAR: Final = "#define IS_NEAR (plan.terms <= 32768)"


@final
class RowText(RowElements):
    """The text of one kernel, put together from a program and what is known of its operands."""

    def source(self, plan: Plan) -> str:
        """Return the program's text."""
        numbers = ", ".join(map(str, range(self.way.lanes)))
        lines = [
            f"typedef {self.compute} C;",
            f"typedef {wide(self.compute, self.way.lanes)} V;",
            "typedef V VCells __attribute__((aligned(sizeof(C))));",
            "#define K(x) ((C)(x))",
            "#define COUNT ((C)plan.terms)",
            f"#define LANE_NUMBERS (({self.mask})({numbers}))",
        ]
        if self.fetched:
            lines += [source_file("fetch"), _NEAR]
        if self.way.kernel == "in_groups":
            lines.append(f"#define GROUP {GROUP}")
        body = {"along": self._along, "across": self._across, "in_groups": self._in_groups}
        size = GROUP if self.way.kernel == "in_groups" else self.traits.group_size
        head = f"__kernel {group_attribute(size)}\nvoid {self.program.name}("
        return whole_source(
            "\n".join(lines),
            "\n",
            self.exponential,
            plan.declaration(),
            f"{head}{', '.join(self._parameters())}) {{\n",
            "\n".join(body[self.way.kernel]()),
            "\n}\n",
        )

    # Whole rows, in vectors along them.

    def _along(self) -> Iterator[str]:
        index = self.way.index_type
        yield f"    const {index} first = ({index})get_global_id(0) * plan.together;"
        yield f"    const {index} last = min(first + plan.together, plan.rows);"
        yield f"    const {index} length = plan.size{self.way.kept + self.way.lines};"
        if self.program.partial:
            yield f"    const {index} mine = ({index})get_global_id(0) * length;"
        for name in self.program.partial:
            yield f"    for ({index} i = 0; i < length; ++i) {name}[mine + i] = 0;"
        yield f"    for ({index} each = first; each < last; ++each) {{"
        yield f"        {index} rest = each;"
        yield self._walks(" " * 8, 0, self.way.kept, "rest", "plan.offset", "row")
        for name, text in self._fixed_numbers():
            yield f"        const C {name} = {text};"
        for step in self.program.passes:
            for name, _ in (*step.sums, *step.largest):
                start = "0" if name in dict(step.sums) else "-INFINITY"
                states = ", ".join([f"(V)(K({start}))"] * step.chains)
                yield f"        V lanes_of_{name}[{step.chains}] = {{{states}}};"
            if step.of_elements():
                yield from self._lines(partial(self._line, step), " " * 8)
            yield from self._folded(step)
            for name, text in step.results:
                yield f"        const C {name} = {text};"
            for name, text in step.keeps:
                k = self.number[name]
                yield f"        {self.kinds[name].store(1, text, f'p{k}', f'row{k}')}"
        yield "    }"

    def _line(self, step: Pass, indent: str) -> Iterator[str]:
        index, lanes = self.way.index_type, self.way.lanes
        yield from self._load_even(step.of_elements(), "", indent)
        yield f"{indent}{index} i = 0;"
        chains = step.chains
        if chains > 1:
            yield f"{indent}while (i + {chains * lanes} <= length) {{"
            yield f'{indent}    _Pragma("unroll")'
            yield f"{indent}    for (int chain = 0; chain < {chains}; ++chain, i += {lanes}) {{"
            yield from self._elements(step, indent + "        ", True, "chain")
            yield f"{indent}    }}"
            yield f"{indent}}}"
        yield f"{indent}for (; i + {lanes} <= length; i += {lanes}) {{"
        yield from self._elements(step, indent + "    ", True)
        yield f"{indent}}}"
        yield f"{indent}if (i < length) {{"
        left = f"({self.mask})(length - i)"
        yield f"{indent}    const {self.mask} inside = LANE_NUMBERS < {left};"
        yield from self._elements(step, indent + "    ", False)
        yield f"{indent}}}"

    def _elements(
        self, step: Pass, indent: str, whole: bool, chain: str = "0"
    ) -> Iterator[str]:
        text, lanes = step.of_elements(), self.way.lanes
        for name in self._used(text)[0]:
            if name not in self.even:
                base = f"line{self.number[name]}"
                yield f"{indent}V {name};"
                yield f"{indent}{self._load(name, base, 'i', 'length - 1', whole)}"
        yield from self._define(text, indent)
        for name, term in step.sums:
            part = f"(V)({term})" if whole else f"(inside ? (V)({term}) : (V)(K(0)))"
            yield f"{indent}lanes_of_{name}[{chain}] += {part};"
        for name, term in step.largest:
            # Lanes beyond the end repeat the last element.
            yield f"{indent}{self._larger(f'lanes_of_{name}[{chain}]', term)}"
        if whole:
            yield from self._fetch(step, indent)
        for name, expression in step.writes:
            base = f"line{self.number[name]}"
            count = None if whole else "length - i"
            yield f"{indent}{self._store(name, expression, base, 'i', count)}"
        for name, term in step.downward:
            if whole:
                yield f"{indent}*(__global VCells *)({name} + mine + i) += (V)({term});"
                continue
            yield f"{indent}{{ C cells[{lanes}]; vstore{lanes}((V)({term}), 0, cells);"
            yield f"{indent}ROLLED for (int lane = 0; lane < length - i; ++lane)"
            yield f"{indent}    {name}[mine + i + lane] += cells[lane]; }}"

    def _fetch(self, step: Pass, indent: str) -> Iterator[str]:
        """Yield what keeps memory busy while a row is gone along: the first pass brings near
        what others write of it, the last one what there is to read of the next row.
        """
        passes = [each for each in self.program.passes if each.of_elements()]
        for name, k in self.number.items():
            if name not in self.fetched:
                continue
            if step is passes[-1] and name in self.program.inputs:
                ahead = f"IS_NEAR * plan.stride{k}_{self.way.kept - 1}"
                yield f"{indent}FETCH(p{k} + line{k} + i + {ahead}, 0);"
            is_written = name in self.program.outputs and name not in dict(step.writes)
            if step is passes[0] and is_written:
                yield f"{indent}FETCH(p{k} + line{k} + IS_NEAR * i, 1);"

    def _folded(self, step: Pass) -> Iterator[str]:
        """Yield the numbers that the lanes come to, halves added to halves."""
        lanes = self.way.lanes
        for name, _ in (*step.sums, *step.largest):
            is_sum = name in dict(step.sums)
            for chain in range(1, step.chains):
                a, b = f"lanes_of_{name}[0]", f"lanes_of_{name}[{chain}]"
                yield f"        {a} += {b};" if is_sum else f"        {self._larger(a, b)}"
            yield f"        C cells_of_{name}[{lanes}];"
            yield f"        vstore{lanes}(lanes_of_{name}[0], 0, cells_of_{name});"
            yield f"        for (int reach = {lanes // 2}; reach > 0; reach /= 2)"
            yield "            for (int lane = 0; lane < reach; ++lane)"
            a, b = f"cells_of_{name}[lane]", f"cells_of_{name}[lane + reach]"
            value = f"{a} + {b}" if is_sum else f"{b} > {a} ? {b} : {a}"
            yield f"                {a} = {value};"
            yield f"        const C {name} = cells_of_{name}[0];"

    # Rows that lie side by side, in vectors across them.

    def _across(self) -> Iterator[str]:
        way, index = self.way, self.way.index_type
        width = way.lanes * way.vectors
        column = f"plan.size{way.kept - 1}"
        yield f"    const {index} columns = {column};"
        yield f"    const {index} strips = (columns + {width - 1}) / {width};"
        yield f"    const {index} all_strips = plan.rows / columns * strips;"
        yield f"    const {index} first = ({index})get_global_id(0) * plan.together;"
        yield f"    const {index} last = min(first + plan.together, all_strips);"
        yield f"    for ({index} each = first; each < last; ++each) {{"
        yield f"        {index} rest = each / strips;"
        yield f"        const {index} start = each % strips * {width};"
        yield f"        const bool whole = start + {width} <= columns;"
        yield self._walks(" " * 8, 0, way.kept - 1, "rest", "plan.offset", "row")
        numbers = [name for name, _ in self._fixed_numbers()]
        yield from self._fixed_across(numbers)
        for step in self.program.passes:
            names = [name for name, _ in (*step.sums, *step.largest)]
            for name in (*names, *[name for name, _ in step.results]):
                yield f"        V all_of_{name}[{way.vectors}];"
            for name in names:
                start = "0" if name in dict(step.sums) else "-INFINITY"
                yield from self._vectors([f"all_of_{name}[v] = (V)(K({start}));"], " " * 8)
            if step.of_elements():
                yield from self._lines(partial(self._down, step, tuple(numbers)), " " * 8)
            numbers += names
            body = [
                line
                for name, text in step.results
                for line in (f"const V {name} = {text};", f"all_of_{name}[v] = {name};")
            ]
            body += [line for name, text in step.keeps for line in self._keep(name, text)]
            if body:
                yield from self._vectors(self._at_hand(numbers) + body, " " * 8)
            numbers += [name for name, _ in step.results]
        yield "    }"

    def _fixed_across(self, names: Sequence[str]) -> Iterator[str]:
        """Yield the arrays of what is the same along each of the rows of a strip."""
        if not names:
            return
        body = []
        for name in names:
            yield f"        V all_of_{name}[{self.way.vectors}];"
            if name in self.program.inputs:
                body += [f"V {name};", *self._load_across(name, f"row{self.number[name]}")]
            else:
                body.append(f"const V {name} = {dict(self.program.definitions)[name]};")
            body.append(f"all_of_{name}[v] = {name};")
        yield from self._vectors(body, " " * 8)

    def _load_across(self, name: str, base: str) -> Iterator[str]:
        full = self._load(name, base, "i", "columns - 1", True)
        if self.way.lanes == 1:
            yield full
            return
        yield f"if (whole) {self._in_braces(full)}"
        yield f"else {self._in_braces(self._load(name, base, 'i', 'columns - 1', False))}"

    def _vectors(self, body: Sequence[str], indent: str) -> Iterator[str]:
        """Yield the loop over the vectors of a strip, the number of which is ``v``."""
        yield "#pragma unroll"
        yield f"{indent}for (int v = 0; v < {self.way.vectors}; ++v) {{"
        yield f"{indent}    const {self.way.index_type} i = start + v * {self.way.lanes};"
        yield from (f"{indent}    {line}" for line in body)
        yield f"{indent}}}"

    @staticmethod
    def _at_hand(numbers: Sequence[str]) -> list[str]:
        return [f"const V {name} = all_of_{name}[v];" for name in numbers]

    def _keep(self, name: str, text: str) -> Iterator[str]:
        base = f"row{self.number[name]}"
        if self.way.lanes == 1:
            yield self._store(name, text, base, "i")
            return
        yield f"if (whole) {self._in_braces(self._store(name, text, base, 'i'))}"
        yield f"else if (i < columns) {self._store(name, text, base, 'i', self._left())}"

    def _left(self) -> str:
        return f"min(({self.way.index_type}){self.way.lanes}, columns - i)"

    @staticmethod
    def _in_braces(statement: str) -> str:
        return statement if statement.startswith("{") else f"{{ {statement} }}"

    def _down(self, step: Pass, numbers: Sequence[str], indent: str) -> Iterator[str]:
        """Yield the walk down one line of a strip of rows."""
        index, inner = self.way.index_type, self.way.kept + self.way.lines
        text = step.of_elements()
        yield f"{indent}const {index} length = plan.size{inner};"
        yield f"{indent}for ({index} place = 0; place < length; ++place) {{"
        yield from self._load_even(
            text, f" + place * plan.stride{{k}}_{inner}", indent + "    "
        )
        needed = " ".join([text, *[expression for _, expression in self._used(text)[1]]])
        named = self._named(needed, numbers)
        body = self._at_hand([name for name in numbers if name in named])
        for name in self._used(text)[0]:
            if name not in self.even:
                base = self._down_at(name)
                body += [f"V {name};", *self._load_across(name, base)]
        body += [line.strip() for line in self._define(text, "")]
        body += [f"all_of_{name}[v] += (V)({term});" for name, term in step.sums]
        body += [self._larger(f"all_of_{name}[v]", term) for name, term in step.largest]
        for name, expression in step.writes:
            base = self._down_at(name)
            full = self._store(name, expression, base, "i")
            if self.way.lanes == 1:
                body.append(full)
                continue
            body.append(f"if (whole) {self._in_braces(full)}")
            part = self._store(name, expression, base, "i", self._left())
            body.append(f"else if (i < columns) {part}")
        yield from self._vectors(body, indent + "    ")
        yield f"{indent}}}"

    def _down_at(self, name: str) -> str:
        k = self.number[name]
        return f"line{k} + place * plan.stride{k}_{self.way.kept + self.way.lines}"

    # A group to a row, as a tree.

    def _in_groups(self) -> Iterator[str]:
        index, inner = self.way.index_type, self.way.kept + self.way.lines
        yield "    __local C states[GROUP];"
        yield "    const int item = get_local_id(0);"
        yield f"    {index} rest = get_group_id(0);"
        yield f"    const {index} length = plan.size{inner};"
        yield self._walks("    ", 0, self.way.kept, "rest", "plan.offset", "row")
        for name, text in self._fixed_numbers():
            yield f"    const C {name} = {text};"
        for step in self.program.passes:
            text = step.of_elements()
            for name, _ in (*step.sums, *step.largest):
                initial = "0" if name in dict(step.sums) else "-INFINITY"
                yield f"    C {name} = K({initial});"
            if text:
                yield f"    for ({index} term = item; term < plan.terms; term += GROUP) {{"
                yield f"        {index} rest = term / length;"
                yield f"        const {index} i = term - rest * length;"
                lines = self.way.kept + self.way.lines
                yield self._walks(" " * 8, self.way.kept, lines, "rest", "row", "line")
                yield from self._load_even(text, "", " " * 8)
                for name in self._used(text)[0]:
                    if name not in self.even:
                        base = f"line{self.number[name]}"
                        yield f"        V {name};"
                        yield f"        {self._load(name, base, 'i', '', True)}"
                yield from self._define(text, " " * 8)
                for name, term in step.sums:
                    yield f"        {name} += {term};"
                for name, term in step.largest:
                    yield f"        {self._larger(name, term)}"
                for name, expression in step.writes:
                    base = f"line{self.number[name]}"
                    yield f"        {self._store(name, expression, base, 'i')}"
                yield "    }"
            yield from self._tree(step)
            for name, expression in step.results:
                yield f"    const C {name} = {expression};"
            for name, expression in step.keeps:
                k = self.number[name]
                store = self.kinds[name].store(1, expression, f"p{k}", f"row{k}")
                yield f"    if (item == 0) {{ {store} }}"

    def _tree(self, step: Pass) -> Iterator[str]:
        for name, _ in (*step.sums, *step.largest):
            a, b = "states[item]", "states[item + reach]"
            value = f"{a} + {b}" if name in dict(step.sums) else f"{b} > {a} ? {b} : {a}"
            yield f"    states[item] = {name};"
            yield "    barrier(CLK_LOCAL_MEM_FENCE);"
            yield "    for (int reach = GROUP / 2; reach > 0; reach /= 2) {"
            yield f"        if (item < reach) states[item] = {value};"
            yield "        barrier(CLK_LOCAL_MEM_FENCE);"
            yield "    }"
            yield f"    {name} = states[0];"
            yield "    barrier(CLK_LOCAL_MEM_FENCE);"
