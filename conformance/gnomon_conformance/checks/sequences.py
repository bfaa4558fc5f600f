"""Sequences of launches on shared memory: each must see what those before it have written, and
nothing of those after it.

A backend may defer, fuse, reorder and remember as it likes; the bytes are as if every call were
done when it returns. Random programs run on a few small storages, through many views of them,
and are compared with a model that does one thing at a time. A failing program is cut down to
the steps it needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Final, NamedTuple, final

from gnomon.backend import (
    Backend,
    DType,
    Layout,
    NotSupported,
    Scalar,
    Storage,
    float32,
    int8,
    int16,
    int32,
    int64,
)
from gnomon.records import Combination, Elementwise, RandomSource, Reduction, Scan
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.inventory import elementwise_records, records_of
from gnomon_conformance.judging import Evidence, Wrong
from gnomon_conformance.launches import (
    CopyLaunch,
    ElementwiseLaunch,
    GatherLaunch,
    Launch,
    Lookup,
    Place,
    ReduceLaunch,
    ScanLaunch,
    ScatterLaunch,
    SortLaunch,
    SourceLaunch,
    bytes_of,
    stored,
)
from gnomon_conformance.target import Target

#: How many cells, of four bytes each, a storage of a program has; in how many it computes.
_CELLS: Final = 72
_BYTES: Final = 4 * _CELLS
_STORES: Final = 4
_NEGATIVE_ZERO: Final = 0x80000000
_SHAPES: Final[tuple[tuple[int, ...], ...]] = ((4, 3), (12,), (3, 4), (2, 3, 2), (4, 4), (5,))
_BINARY: Final = ("add", "sub", "mul", "maximum", "minimum")
_UNARY: Final = ("neg", "abs", "relu")
#: How bytes come back to the host.
_READS: Final = ("read", "to_host", "lend")
_COUNTS: Final = {Tier.QUICK: 20, Tier.DEFAULT: 60, Tier.THOROUGH: 200}
#: Of which dtypes programs are. Of several, each step sees the same bytes as another one.
_DTYPES: Final = {
    "int32": (int32,),
    "float32": (float32,),
    "several": (int8, int16, int32, int64),
}


def cases(seed: int) -> Iterator[Case]:
    """Yield programs of elementwise launches, and programs of all verbs."""
    for level, verbs in ((Level.ELEMENTWISE, False), (Level.INDEXING, True)):
        for name in _DTYPES:
            before = 0
            for tier, count in _COUNTS.items():
                for number in range(before, count):
                    yield Case(
                        level=level,
                        family="sequences",
                        subject="all-verbs" if verbs else "elementwise-only",
                        dtype=name,
                        mode=f"program{number}",
                        tier=tier,
                        check=partial(_program, name, verbs, number, seed),
                    )
                before = count


@final
class Step(NamedTuple):
    """One call: a launch on the program's storages, or a memory verb."""

    verb: str
    launch: Launch | None = None
    store: int = 0
    start: int = 0
    data: bytes = b""
    #: How many bytes are read.
    length: int = 0


@final
class _Maker:
    """Makes the steps of one random program."""

    def __init__(self, dtypes: Sequence[DType], verbs: bool, chooser: Random) -> None:
        self.dtypes = dtypes
        self.verbs = verbs
        self.chooser = chooser
        self.records = {record.name: record for record in elementwise_records()}
        self.turn_to(dtypes[0])

    def turn_to(self, dtype: DType) -> None:
        """Let what follows be of another dtype, on the same bytes."""
        self.dtype = dtype
        self.cells = _BYTES // dtype.itemsize

    def start(self) -> list[bytes]:
        """Return what is in the storages before the program."""
        stores = [self.dtype.pack(self.values(self.cells)).tobytes() for _ in range(_STORES)]
        indices = [self.chooser.randrange(-4, 4) for _ in range(_CELLS)]
        return [*stores, bytes(8 * _CELLS), int64.pack(indices).tobytes()]

    def view(self, shape: tuple[int, ...], *, written: bool) -> Place:
        """Return a view of one of the storages."""
        kinds = zoo.INJECTIVE if written else zoo.ALL
        layout = self.chooser.choice(kinds)(shape)
        if layout.span[1] > self.cells:
            layout = zoo.contiguous(shape)
        room = self.cells - layout.span[1]
        shifted = layout._replace(offset=layout.offset + self.chooser.randrange(room + 1))
        return Place(self.chooser.randrange(_STORES), shifted, self.dtype)

    def step(self) -> Step:
        """Return the next step."""
        choice = self.chooser.random()
        size, half = self.dtype.itemsize, self.cells // 2
        store = self.chooser.randrange(_STORES)
        if choice < 0.1:
            start = self.chooser.randrange(half)
            values = self.values(self.chooser.randrange(1, half))
            data = self.dtype.pack(values).tobytes()
            return Step("write", None, store, start * size, data)
        if choice < 0.2:
            start = self.chooser.randrange(half) if choice < 0.15 else 0
            length = self.chooser.randrange(1, half) if start else self.cells
            way = self.chooser.choice(_READS)
            return Step(way, None, store, start * size, length=length * size)
        if choice < 0.24:
            return Step("empty_cache" if choice > 0.22 else "synchronize")
        if choice < 0.3:
            data = self.dtype.pack(self.values(self.cells)).tobytes()
            return Step("replace", None, store, 0, data)
        self.turn_to(self.chooser.choice(self.dtypes))
        for _ in range(50):
            launch = self.launch()
            if launch is not None:
                return Step("launch", launch)
        return Step("synchronize")

    def values(self, count: int) -> list[Scalar]:
        return [self.dtype.convert(self.chooser.randint(-9, 9)) for _ in range(count)]

    def launch(self) -> Launch | None:
        """Return a launch whose output overlaps no operand but one at the same positions."""
        shape = self.chooser.choice(_SHAPES)
        output = self.view(shape, written=True)
        made = self.folding(shape, output) if self.verbs else None
        made = made or self.elementwise(shape, output)
        for place in made.places():
            if place is output or place.store != output.store or place == output:
                continue
            mine, theirs = {*output.layout.positions()}, {*place.layout.positions()}
            if mine & theirs:
                return None
        return made

    def elementwise(self, shape: tuple[int, ...], output: Place) -> Launch:
        chooser = self.chooser
        first = self.view(shape, written=False)
        if chooser.random() < 0.3:
            first = output  # in place
        if chooser.random() < 0.25:
            value: Place | Scalar = first
            if first is output or chooser.random() < 0.3:
                value = self.values(1)[0]
            return CopyLaunch(stores=(), inputs=(value,), outputs=(output,))
        name = chooser.choice(_BINARY + _UNARY)
        inputs: tuple[Place | Scalar, ...] = (first,)
        if name in _BINARY:
            second: Place | Scalar = self.view(shape, written=False)
            if chooser.random() < 0.25:
                second = self.values(1)[0]
            inputs = (first, second) if chooser.random() < 0.7 else (second, first)
        record: Elementwise = self.records[name]
        return ElementwiseLaunch(
            record=record, compute=self.dtype, stores=(), inputs=inputs, outputs=(output,)
        )

    def folding(self, shape: tuple[int, ...], output: Place) -> Launch | None:
        """Return a launch of another verb, sometimes."""
        chooser = self.chooser
        choice = chooser.random()
        dim = chooser.randrange(len(shape))
        if choice < 0.12:
            wide = tuple([5 if k == dim else s for k, s in enumerate(shape)])
            kept = tuple([1 if k == dim else s for k, s in enumerate(shape)])
            source = self.view(wide, written=False) if self.cells > 5 * 12 else output
            folded = self.view(kept, written=True)._replace(store=output.store)
            record = next(each for each in records_of(Reduction) if each.name == "amax")
            if source.store == folded.store:
                return None
            return ReduceLaunch(
                record=record, dims=(dim,), stores=(), inputs=(source,), outputs=(folded,)
            )
        if choice < 0.2:
            scan = next(each for each in records_of(Scan) if each.name == "cumsum")
            if self.dtype is not int32:
                return None
            source = self.view(shape, written=False)
            wide_output = Place(_STORES, zoo.contiguous(shape), int64)
            return ScanLaunch(
                record=scan, dim=dim, stores=(), inputs=(source,), outputs=(wide_output,)
            )
        if choice < 0.45:
            rows = self.view((4,), written=True)
            stride = rows.layout.strides[0]
            seen = rows._replace(layout=Layout(shape, (0,) * len(shape), rows.layout.offset))
            indices = Place(_STORES + 1, zoo.contiguous(shape), int64)
            lookups = (Lookup(indices, 4, stride, True),)
            if choice < 0.33:
                read, written = {*rows.layout.positions()}, {*output.layout.positions()}
                if rows.store == output.store and read & written:
                    return None
                return GatherLaunch(
                    lookups=lookups, stores=(), inputs=(seen,), outputs=(output,)
                )
            names = ("add", "replace", "maximum")
            combination = _combination(chooser.choice(names))
            source = self.view(shape, written=False)
            if source.store == seen.store:
                return None
            return ScatterLaunch(
                record=combination,
                lookups=lookups,
                stores=(),
                inputs=(source,),
                outputs=(seen,),
            )
        if choice < 0.6:
            return self.ordered_or_drawn(shape, output, dim)
        return None

    def ordered_or_drawn(
        self, shape: tuple[int, ...], output: Place, dim: int
    ) -> Launch | None:
        """Return a draw of whole numbers, a sort, or of integers a sum."""
        chooser = self.chooser
        choice = chooser.random()
        if choice < 0.4:
            record = next(each for each in records_of(RandomSource) if each.name == "random")
            return SourceLaunch(
                record=record,
                parameters=(0, 9),
                seed=chooser.randrange(2**32),
                drawn=chooser.randrange(3),
                stores=(),
                inputs=(),
                outputs=(output,),
            )
        source = self.view(shape, written=False)
        if source.store == output.store:
            return None
        if choice < 0.8:
            places = Place(_STORES, zoo.contiguous(shape), int64)
            return SortLaunch(
                dim=dim,
                descending=choice < 0.6,
                stores=(),
                inputs=(source,),
                outputs=(output, places),
            )
        if self.dtype.is_floating_point:
            return None
        kept = tuple([1 if k == dim else s for k, s in enumerate(shape)])
        total = Place(_STORES, zoo.contiguous(kept), int64)
        added = next(each for each in records_of(Reduction) if each.name == "sum")
        return ReduceLaunch(
            record=added, dims=(dim,), stores=(), inputs=(source,), outputs=(total,)
        )


def _combination(name: str) -> Combination:
    return next(each for each in records_of(Combination) if each.name == name)


def _program(name: str, verbs: bool, number: int, seed: int, target: Target) -> Evidence:
    maker = _Maker(_DTYPES[name], verbs, Random(f"{name} {verbs} {number} {seed}"))
    start = maker.start()
    steps = [maker.step() for _ in range(40)]
    fault, compared = _run(target.backend, start, steps)
    if fault:
        steps = _shortest(target.backend, start, steps)
        fault = _run(target.backend, start, steps)[0] or fault
        raise Wrong(fault, _script(target.backend, start, steps, fault))
    return Evidence(compared)


def _run(backend: Backend, start: Sequence[bytes], steps: Sequence[Step]) -> tuple[str, int]:
    """Run a program on backend and model; return what differs, and how much was compared."""
    storages = [stored(backend, data) for data in start]
    model = [*start]
    compared = 0
    agree = _agree_as_floats if _computes_floats(steps) else bytes.__eq__
    for number, step in enumerate(steps):
        _perform(backend, storages, step)
        _imitate(model, step)
        if step.verb in _READS:
            compared += step.length
            right = model[step.store][step.start : step.start + step.length]
            if not agree(_read(backend, storages[step.store], step), right):
                return f"step {number} reads what is not in storage {step.store}", compared
    for store, storage in enumerate(storages):
        compared += len(model[store])
        if not agree(bytes_of(storage), model[store]):
            return f"storage {store} is wrong after {len(steps)} steps", compared
    return "", compared


def _computes_floats(steps: Sequence[Step]) -> bool:
    launches = [step.launch for step in steps if step.launch is not None]
    return any(launch.outputs[0].dtype is float32 for launch in launches)


def _agree_as_floats(mine: bytes, right: bytes) -> bool:
    """Return whether bytes are equal, but for the signs of float32's zeros: of zeros of both
    signs either is the largest.
    """
    if mine == right:
        return True
    cells = zip(memoryview(mine).cast("I"), memoryview(right).cast("I"), strict=True)
    return all(a == b or {a, b} == {0, _NEGATIVE_ZERO} for a, b in cells)


def _perform(backend: Backend, storages: list[Storage], step: Step) -> None:
    if step.verb == "launch":
        assert step.launch is not None
        step.launch.perform_on(backend, storages)
    elif step.verb == "write":
        backend.write(storages[step.store].memory, step.start, memoryview(step.data))
    elif step.verb == "replace":
        storages[step.store] = stored(backend, step.data)
    elif step.verb == "synchronize":
        backend.synchronize()
    elif step.verb == "empty_cache":
        backend.empty_cache()


def _read(backend: Backend, storage: Storage, step: Step) -> bytes:
    """Return the bytes that a step reads, in one of the ways there are."""
    part = storage.memory, step.start, step.length
    if step.verb == "to_host":
        return bytes(backend.to_host(*part).bytes)
    if step.verb == "lend":
        with backend.lend(*part) as lent:
            return bytes(lent)
    return bytes(backend.read(*part))


def _imitate(model: list[bytes], step: Step) -> None:
    if step.verb == "launch":
        assert step.launch is not None
        launch = replace(step.launch, stores=tuple(model))
        for place, right in zip(launch.judged(), launch.right(), strict=True):
            dtype = place.dtype
            data = bytearray(model[place.store])
            cells = dtype.pack([*map(dtype.convert, right.values)]).tobytes()
            size = dtype.itemsize
            for element, position in enumerate(place.layout.positions()):
                part = cells[element * size : (element + 1) * size]
                data[position * size : (position + 1) * size] = part
            model[place.store] = bytes(data)
    elif step.verb == "write":
        data = bytearray(model[step.store])
        data[step.start : step.start + len(step.data)] = step.data
        model[step.store] = bytes(data)
    elif step.verb == "replace":
        model[step.store] = step.data


def _shortest(backend: Backend, start: Sequence[bytes], steps: list[Step]) -> list[Step]:
    """Return the steps without those that the failure does not need."""
    size = len(steps) // 2
    while size:
        position = 0
        while position < len(steps):
            shorter = steps[:position] + steps[position + size :]
            if _fails(backend, start, shorter):
                steps = shorter
            else:
                position += size
        size //= 2
    return steps


def _fails(backend: Backend, start: Sequence[bytes], steps: Sequence[Step]) -> bool:
    try:
        return bool(_run(backend, start, steps)[0])
    except NotSupported:
        return False


_HEAD: Final = """\
import gnomon as torch
from gnomon.backend import *
from gnomon.plugins import backend_for
from gnomon.records import COPY, all_records

backend = backend_for(torch.device({device!r}))


def storage(data):
    found = Storage(backend, backend.allocate(len(data)))
    backend.write(found.memory, 0, memoryview(data))
    return found


"""


def _script(backend: Backend, start: Sequence[bytes], steps: Sequence[Step], fault: str) -> str:
    """Return the program as a script."""
    lines = [_HEAD.format(device=str(backend.device))]
    lines += [f"s{k} = storage(bytes.fromhex({data.hex()!r}))" for k, data in enumerate(start)]
    model = [*start]
    for step in steps:
        _imitate(model, step)
        if step.launch is not None:
            lines += step.launch.code(_operand)
        elif step.verb == "write":
            data = f"bytes.fromhex({step.data.hex()!r})"
            memory = f"s{step.store}.memory"
            lines.append(f"backend.write({memory}, {step.start}, memoryview({data}))")
        elif step.verb == "replace":
            lines.append(f"s{step.store} = storage(bytes.fromhex({step.data.hex()!r}))")
        elif step.verb in _READS:
            part = f"s{step.store}.memory, {step.start}, {step.length}"
            lines.append(f"backend.{step.verb}({part})")
        else:
            lines.append(f"backend.{step.verb}()")
    for store, right in enumerate(model):
        read = f"bytes(backend.read(s{store}.memory, 0, s{store}.nbytes))"
        lines.append(f"print({store}, {read} == bytes.fromhex({right.hex()!r}))")
    return "\n".join([*lines, f"# {fault}"])


def _operand(place: Place | Scalar) -> str:
    if not isinstance(place, Place):
        return repr(place)
    return f"Operand(s{place.store}, Layout{tuple(place.layout)}, {place.dtype.name})"
