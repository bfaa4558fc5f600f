"""Launches of one kernel that become one launch, in an order of the same effect."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

import gnomon
from gnomon import Tensor, nn, optim

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.bundling import Task, bundled

from .devices import default_backend

ROOM = 3


def _tasks(chance: random.Random) -> Iterator[Task]:
    for _ in range(14):
        reads = frozenset(chance.sample(range(8), chance.randrange(3)))
        writes = frozenset(chance.sample(range(8), chance.randrange(1, 3)))
        yield Task(reads, writes, chance.choice([None, "a", "b"]), ROOM)


def _run(tasks: list[Task], launches: list[list[int]], memory: list[int]) -> None:
    """Run launches one after the other; the tasks of one read before any of them writes."""
    for places in launches:
        read = {place: [memory[k] for k in sorted(tasks[place].reads)] for place in places}
        for place in places:
            for k in tasks[place].writes:
                memory[k] = hash((place, k, *read[place]))


@pytest.mark.parametrize("seed", range(200))
def test_bundles_have_the_effect_of_their_tasks_in_order(seed: int) -> None:
    tasks = list(_tasks(random.Random(seed)))
    launches = bundled(tasks)
    assert sorted(place for places in launches for place in places) == list(range(14))
    expected, found = list(range(8)), list(range(8))
    _run(tasks, [[place] for place in range(14)], expected)
    _run(tasks, launches, found)
    assert found == expected
    for places in launches:
        assert len(places) == 1 or len({tasks[place].kind for place in places} - {None}) == 1
        assert len(places) <= ROOM


def _task(read: int, written: int, kind: str | None = "a", room: int = ROOM) -> Task:
    return Task(frozenset([read]), frozenset([written]), kind, room)


def test_launches_are_brought_together_forwards_and_backwards() -> None:
    needs_the_second = [_task(0, 1), _task(5, 2, None), _task(2, 3)]
    assert bundled(needs_the_second) == [[1], [0, 2]]
    is_needed_by_the_second = [_task(0, 1), _task(1, 2, None), _task(0, 3)]
    assert bundled(is_needed_by_the_second) == [[0, 2], [1]]
    between_the_two = [_task(0, 1), _task(1, 2, None), _task(2, 3)]
    assert bundled(between_the_two) == [[0], [1], [2]]
    assert bundled([_task(0, k, room=2) for k in range(1, 6)]) == [[0, 1], [2, 3], [4]]


def _updated(way: str, sizes: list[int], rates: list[float]) -> tuple[list[object], int, int]:
    """Return parameters after some steps, and the launches and elementwise kernels of one."""
    gnomon.manual_seed(0)
    parameters = [nn.Parameter(gnomon.rand(size).to("opencl")) for size in sizes]
    optimizer = optim.AdamW(parameters, lr=0.01)
    for parameter in parameters:
        parameter.grad = gnomon.rand(parameter.shape[0]).to("opencl")

    def step() -> None:
        optimizer.step()

    run = gnomon.compile(step) if way == "compiled" else step
    runtime = default_backend().runtime
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        runtime.flush()
        before = runtime.launches
        run()
    launches = runtime.launches - before
    kernels = run.explain().count("elementwise") if way == "compiled" else 0
    return [parameter.tolist() for parameter in parameters], launches, kernels


@pytest.mark.parametrize("sizes", [[5, 3, 9000, 4, 1], [*range(2, 42)]])
def test_an_update_of_all_parameters_is_one_launch_as_far_as_arguments_go(
    sizes: list[int],
) -> None:
    rates = [0.1, 0.1, 0.1, 0.05, 0.02]
    expected, _, _ = _updated("eager", sizes, rates)
    found, launches, kernels = _updated("compiled", sizes, rates)
    assert found == expected
    assert launches == kernels
    # The parameter, its gradient, two averages, three live numbers; and what they share.
    most = default_backend().runtime.traits.max_parameter_bytes // 8 - 6
    assert launches == -(-len(sizes) // (most // 7))


def test_copies_of_several_tensors_are_one_launch() -> None:
    def run(tensors: list[Tensor]) -> list[Tensor]:
        return [tensor + 1 for tensor in tensors]

    compiled = gnomon.compile(run)
    for _ in range(4):
        tensors = [gnomon.rand(size, 3).to("opencl") for size in (2, 30, 4)]
        found = compiled([tensor.t() for tensor in tensors])
        for tensor, result in zip(tensors, found, strict=True):
            assert result.tolist() == (tensor.t() + 1).tolist()
    assert compiled.explain().count("elementwise") == 1
