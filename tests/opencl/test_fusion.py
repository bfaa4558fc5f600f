"""Waiting writes: order of effects, what is left out, and what runs together.

The model runs writes one by one on lists of numbers. Groups must have the same effect when each
takes all its elements through all its writes, one element after the other, as a kernel may; a
reduction gets them on the way.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from math import prod

import pytest

import gnomon
from gnomon.backend import DType, Layout, float32, int32

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.fusion import (
    Group,
    Node,
    Number,
    Opaque,
    Part,
    Reduction,
    Write,
    grouped,
    needed,
    nodes_of,
)
from gnomon_opencl.kernels.expressions import Formula
from gnomon_opencl.kernels.reduce import Reducing

from .devices import default_backend

MOST_BYTES = 1024
LAYOUTS = (
    Layout((4,), (1,), 0),
    Layout((4,), (1,), 2),
    Layout((4,), (2,), 0),
    Layout((2, 2), (2, 1), 0),
    Layout((2, 2), (1, 2), 0),
    Layout((2, 2), (4, 1), 1),
)
EXPANDED = (*LAYOUTS, Layout((4,), (0,), 3), Layout((2, 2), (0, 1), 0))
CELLS = 10

Memory = dict[int, list[int]]


def _program(chance: random.Random, length: int) -> Iterator[Node | Reduction]:
    """Yield writes to overlapping parts of a few buffers, each of a number made of reads."""
    made = Part(0, LAYOUTS[0], float32)
    for number in range(length):
        if chance.random() < 0.25:
            yield _reduction(chance, str(number), made)
            continue
        target = made = Part(chance.randrange(4), chance.choice(LAYOUTS), float32)
        alike = [layout for layout in EXPANDED if layout.shape == target.layout.shape]
        reads = [
            Part(chance.randrange(4), chance.choice(alike), float32)
            for _ in range(chance.randrange(3))
        ]
        # As dispatch sees to: what is written over is read at the same positions, if at all.
        reads = [part if part.buffer != target.buffer else target for part in reads]
        formula = Formula(str(number), "file" if chance.random() < 0.1 else None)
        yield Node(formula, float32, tuple(reads), target)


def _reduction(chance: random.Random, number: str, made: Part) -> Reduction:
    """Return a reduction of what was written last, mostly, to another buffer."""
    if chance.random() < 0.2:
        made = Part(chance.randrange(4), chance.choice(EXPANDED), float32)
    shape = made.layout.shape
    dims = tuple([dim for dim in range(len(shape)) if chance.random() < 0.7])
    kept = tuple([1 if dim in dims else size for dim, size in enumerate(shape)])
    output = Layout.contiguous(kept)._replace(offset=chance.randrange(CELLS - prod(kept)))
    name = "var" if chance.random() < 0.1 else "sum"
    reducing = Reducing(name, (number,), made.layout, dims, output, float32)
    target = chance.choice([buffer for buffer in range(4) if buffer != made.buffer])
    return Reduction(reducing, made.buffer, float32, target, ())


def _run(group: Group, memory: Memory) -> None:
    """Take each element through all writes, and the reduction's when it comes out."""
    elements = []
    for place in range(_elements(group)):
        for node in group.nodes:
            read = [memory[part.buffer][_at(part, place)] for part in node.parts]
            value = hash((node.formula.text, *read))
            memory[node.target.buffer][_at(node.target, place)] = value
        if group.reduction is not None:
            part = group.reduction.elements
            elements.append(memory[part.buffer][_at(part, place)])
    if group.reduction is not None:
        _fold(group.reduction, elements, memory)


def _elements(group: Group) -> int:
    """Return how many elements go through a group."""
    layouts = [node.target.layout for node in group.nodes]
    if group.reduction is not None:
        layouts.append(group.reduction.elements.layout)
    return layouts[0].numel


def _fold(reduction: Reduction, elements: Sequence[int], memory: Memory) -> None:
    """Write what the reduction makes of its elements, a hash of those of each result."""
    _, parameters, input, _, output, _ = reduction.reducing
    spread = output.expand(input.shape)
    folded: dict[int, list[int]] = {}
    for position, element in zip(spread.positions(), elements, strict=True):
        folded.setdefault(position, []).append(element)
    for position, found in folded.items():
        memory[reduction.target][position] = hash((*parameters, *found))


def _at(part: Part, place: int) -> int:
    return list(part.layout.positions())[place]


def _one_by_one(nodes: Sequence[Node | Reduction], memory: Memory) -> None:
    for node in nodes:
        parts = [node.elements] if isinstance(node, Reduction) else node.parts
        read = [
            [memory[part.buffer][position] for position in part.layout.positions()]
            for part in parts
        ]
        if isinstance(node, Reduction):
            _fold(node, read[0], memory)
            continue
        for place, position in enumerate(node.target.layout.positions()):
            values = [column[place] for column in read]
            memory[node.target.buffer][position] = hash((node.formula.text, *values))


def _fresh() -> Memory:
    return {buffer: [100 * buffer + cell for cell in range(CELLS)] for buffer in range(4)}


@pytest.mark.parametrize("seed", range(300))
def test_groups_have_the_effect_of_their_writes_in_order(seed: int) -> None:
    chance = random.Random(seed)
    nodes = list(_program(chance, 12))
    held = [chance.random() < 0.5 for _ in range(4)]
    expected, found = _fresh(), _fresh()
    _one_by_one(nodes, expected)
    for group in needed(grouped(nodes, MOST_BYTES), held):
        assert not isinstance(group, Opaque)
        _run(group, found)
    for buffer, is_held in enumerate(held):
        assert not is_held or found[buffer] == expected[buffer]


@pytest.mark.parametrize("seed", range(100))
def test_what_is_not_stored_is_not_missed(seed: int) -> None:
    """Only what a group says it stores reaches memory; within it values are handed on."""
    chance = random.Random(seed)
    nodes = list(_program(chance, 12))
    held = [chance.random() < 0.5 for _ in range(4)]
    expected, found = _fresh(), _fresh()
    _one_by_one(nodes, expected)
    for group in needed(grouped(nodes, MOST_BYTES), held):
        assert not isinstance(group, Opaque)
        _evaluate(group, found)
    for buffer, is_held in enumerate(held):
        assert not is_held or found[buffer] == expected[buffer]


def _evaluate(group: Group, memory: Memory) -> None:
    """Run a group as its kernel would, from its content alone."""
    expression, operands, numbers, reduction = group.content()
    stores = operands[: len(expression.stores)]
    loads = operands[len(expression.stores) :]
    assert operands and not numbers
    elements = []
    for place in range(operands[0].layout.numel):
        values = [memory[part.buffer][_at(part, place)] for part in loads]
        for step in expression.steps:
            read = [values[source] for source in step.sources]
            values.append(hash((step.formula.text, *read)))
        for part, value in zip(stores, expression.stores, strict=True):
            memory[part.buffer][_at(part, place)] = values[value]
        if expression.folded is not None:
            elements.append(values[expression.folded])
    if reduction is not None:
        _fold(reduction, elements, memory)


def _node(target: int, *reads: int, dtype: DType = float32) -> Node:
    parts = tuple([Part(buffer, LAYOUTS[0], dtype) for buffer in reads])
    return Node(Formula("a"), dtype, parts, Part(target, LAYOUTS[0], dtype))


def test_a_chain_is_one_group() -> None:
    (group,) = grouped([_node(1, 0), _node(2, 1), _node(3, 1, 2)], MOST_BYTES)
    assert len(group.nodes) == 3


def test_chains_that_take_turns_stay_two_groups() -> None:
    other = Layout((2,), (1,), 0)
    far = [Node(Formula("a"), float32, (), Part(buffer, other, float32)) for buffer in (5, 6)]
    groups = grouped([_node(1, 0), far[0], _node(2, 1), far[1]], MOST_BYTES)
    assert [len(group.nodes) for group in groups] == [2, 2]


def test_bytes_read_as_another_dtype_are_not_handed_on() -> None:
    assert len(grouped([_node(1, 0), _node(2, 1, dtype=int32)], MOST_BYTES)) == 2


def test_a_reduction_ends_the_group_that_makes_its_elements() -> None:
    reduction = Reduction(
        Reducing("sum", (), LAYOUTS[0], (0,), Layout((1,), (1,), 0), float32), 2, float32, 3, ()
    )
    groups = grouped([_node(1, 0), _node(2, 1), reduction, _node(4, 1)], MOST_BYTES)
    assert [len(group) for group in groups if isinstance(group, Group)] == [3, 1]
    other = reduction._replace(source=5)
    groups = grouped([_node(1, 0), _node(2, 1), other], MOST_BYTES)
    assert [len(group) for group in groups if isinstance(group, Group)] == [2, 1]


def test_arguments_have_a_limit() -> None:
    nodes = [_node(100 + k, 2 * k, 2 * k + 1) for k in range(40)]
    for group in grouped(nodes, MOST_BYTES):
        (kept,) = needed([group], [True] * 200)
        assert not isinstance(kept, Opaque)
        expression, operands, numbers, _ = kept.content()
        assert 8 * (3 * len(operands) + len(numbers) + 6) <= MOST_BYTES
        assert len(expression.steps) <= 48


def test_numbers_keep_their_places() -> None:
    layout = LAYOUTS[0]
    reads = ((0, layout, float32), float32)
    write = Write(Formula("a * b"), float32, reads, 1, layout, float32)
    places = [
        read.place
        for node in nodes_of([write, write])
        for read in node.reads
        if isinstance(read, Number)
    ]
    assert places == [0, 1]


@pytest.fixture
def device() -> Iterator[gnomon.device]:
    """A device that fuses at once."""
    window = default_backend().runtime.window
    window.fuse_at, before = 1, window.fuse_at
    yield gnomon.device("opencl:0")
    window.flush()
    window.fuse_at = before


def test_a_chain_is_one_launch_and_keeps_no_temporary(device: gnomon.device) -> None:
    runtime = default_backend().runtime
    x = gnomon.rand(1000, device=device)
    y = gnomon.rand(1000, device=device)
    gnomon.synchronize(device)  # launches that wait for their kernels keep blocks
    launches, buffers = runtime.launches, runtime.pool.stats().active_blocks
    z = (x * y + 0.5).sigmoid() * x - y
    gnomon.synchronize(device)
    assert runtime.launches == launches + 1
    assert runtime.pool.stats().active_blocks == buffers + 1
    expected = ((x.cpu() * y.cpu() + 0.5).sigmoid() * x.cpu() - y.cpu()).tolist()
    assert z.tolist() == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_what_nobody_can_read_is_not_computed(device: gnomon.device) -> None:
    runtime = default_backend().runtime
    x = gnomon.rand(10, device=device)
    runtime.flush()
    launches = runtime.launches
    (x + 1).exp()
    runtime.flush()
    assert runtime.launches == launches


def _steps(chance: random.Random, tensors: list[gnomon.Tensor], length: int) -> None:
    """Compute with ``tensors``, which views of are written to in place, and add results."""
    for _ in range(length):
        x, y = chance.choice(tensors), chance.choice(tensors)
        match chance.randrange(12):
            case 0:
                tensors.append(x * y + 0.1)
            case 1:
                tensors.append(gnomon.where(x > y, x, y.sigmoid()))
            case 2:
                x.add_(y.clone(), alpha=0.5)
            case 3:
                x[1:3].mul_(0.75)
            case 4:
                x.t().copy_(y.clone())
            case 5:
                tensors.append(x.t() - y[:, :1])
            case 6:
                tensors.append((x.half() * y).float())
            case 7:
                tensors.append(x - (x * y + 0.5).sum(0))
            case 8:
                tensors.append((x - y).abs().amax(1, keepdim=True) * y)
            case 9:
                x.mul_(0.5)
                tensors.append(y + (x + y).mean().sqrt())
            case 10:
                tensors.append(x + (x.half() * y).prod(0) + (x > y).sum())
            case _:
                tensors[chance.randrange(len(tensors))] = x.exp() * 0.1


@pytest.mark.parametrize("seed", range(20))
def test_programs_give_the_same_bits_as_one_launch_at_a_time(
    seed: int, device: gnomon.device
) -> None:
    window = default_backend().runtime.window
    found = []
    for fuse_at in (1, 0):
        window.flush()
        window.fuse_at = fuse_at
        gnomon.manual_seed(seed)
        tensors = [gnomon.rand(4, 4).to(device) for _ in range(3)]
        _steps(random.Random(seed), tensors, 10)
        found.append([tensor.tolist() for tensor in tensors])
    assert repr(found[0]) == repr(found[1])
