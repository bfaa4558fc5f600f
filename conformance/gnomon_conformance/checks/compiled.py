"""Compiled calls: whatever conformance knows as a program gives the same through
``gnomon.compile``, call after call.

A backend that records calls replays them from the third or so on, on other inputs; on one that
does not, the compiled function is the function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Final, TypeAlias

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import Device, float32, float64
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.catalogue import ENTRIES
from gnomon_conformance.checks.programs import PROGRAMS, judge_training
from gnomon_conformance.checks.random_programs import SHAPES, Program, drawn_program
from gnomon_conformance.functions import (
    Function,
    Input,
    compare,
    elements_of,
    made,
    right_results,
    with_gradients,
)
from gnomon_conformance.judging import Evidence, Wrong
from gnomon_conformance.target import Target, oracle

#: A random program on its inputs.
Call: TypeAlias = Callable[[Tensor, Tensor], list[Tensor]]

#: Calls of a function: those that are recorded, and replays.
_CALLS: Final = 5
#: Every so many functions of the catalogue are judged in quick runs.
_EVERY: Final = 6
_COUNTS: Final = {Tier.QUICK: 8, Tier.DEFAULT: 24, Tier.THOROUGH: 200}


def cases(seed: int) -> Iterator[Case]:
    """Yield programs, functions with their gradients, and random programs."""
    for name, program in PROGRAMS.items():
        for dtype in (float32, float64):
            yield Case(
                level=Level.PROGRAM,
                family="training",
                subject=name,
                dtype=dtype.name,
                mode="compiled",
                tier=Tier.QUICK if dtype is float32 else Tier.DEFAULT,
                check=partial(judge_training, program, dtype, torch.compile),
            )
    for number, entry in enumerate(ENTRIES):
        function = with_gradients(entry.function) if entry.differentiable else entry.function
        yield Case(
            level=Level.COMPOSITE,
            family="compiled",
            subject=entry.name,
            dtype="float32",
            tier=Tier.DEFAULT if number % _EVERY else Tier.QUICK,
            check=partial(_function, function, entry.inputs, entry.name),
        )
    before = 0
    for tier, count in _COUNTS.items():
        for number in range(before, count):
            yield Case(
                level=Level.PROGRAM,
                family="compiled",
                subject="random-program",
                mode=f"program{number}",
                tier=tier,
                check=partial(_random_program, number, seed),
            )
        before = count
    yield Case(level=Level.PROGRAM, family="compiled", subject="results", check=_results)
    yield Case(level=Level.PROGRAM, family="compiled", subject="changes", check=_changes)
    yield Case(
        level=Level.PROGRAM,
        family="compiled",
        subject="numbers",
        dtype="float64",
        check=_numbers,
    )


def _function(
    function: Function, inputs: Sequence[Input], key: str, target: Target
) -> Evidence:
    """The last of some calls, each with other values, is right, and changes no input."""
    compiled = torch.compile(function)
    chooser = Random(f"{key} {target.seed}")
    for _ in range(_CALLS):
        values = [each.draw(chooser, float32) for each in inputs]
        given = made(inputs, values, float32, target.device)
        got = compiled(given)
    right = right_results(function, inputs, values, float32, chooser)
    evidence = compare(got, right, strides=False, what="compiled: ")
    for tensor, column in zip(given, values, strict=True):
        if [*map(float, elements_of(tensor))] != [*map(float, column)]:
            raise Wrong("a compiled call changed an input")
    return evidence


def _random_program(number: int, seed: int, target: Target) -> Evidence:
    """A random program leaves in every call the bytes that it leaves uncompiled."""
    program = drawn_program(Random(f"{number} {seed}"))
    fault, compared = _difference(program, target)
    if fault:
        shortest = program.shortened(lambda shorter: bool(_difference(shorter, target)[0]))
        fault = _difference(shortest, target)[0] or fault
        raise Wrong(fault, shortest.script(str(target.device)))
    return Evidence(compared)


def _difference(program: Program, target: Target) -> tuple[str, int]:
    """Return what a program leaves differently if it is compiled, and how much was compared."""
    compared = 0
    judge = target.device if target.is_reference else oracle()
    found = [_left(program, target.device, torch.compile), _left(program, judge, lambda f: f)]
    for call, (mine, right) in enumerate(zip(*found, strict=True)):
        for number, (got, expected) in enumerate(zip(mine, right, strict=True)):
            compared += len(expected)
            if got != expected:
                return f"tensor {number} is not the same after call {call}", compared
    return "", compared


def _left(
    program: Program, device: Device, way: Callable[[Call], Call]
) -> list[list[list[float]]]:
    """Return the elements of what each call returned, and of the state after it, read when all
    calls are done.
    """
    torch.manual_seed(7)
    state = torch.zeros(SHAPES[0], device=device)
    run = way(lambda x, y: program.run(x, y, state))
    results = []
    for call in range(2 * _CALLS):
        # The shapes take turns at first, so that two recordings are made and both replayed.
        shape = SHAPES[call % 2 if call < _CALLS else call % 3 // 2]
        inputs = [_whole_numbers(shape, f"{call} {which}", device) for which in range(2)]
        results.append([*run(*inputs), state.clone()])
    return [[[*map(float, elements_of(each))] for each in left] for left in results]


def _whole_numbers(shape: tuple[int, ...], key: str, device: Device) -> Tensor:
    chooser = Random(key)
    values = [float(chooser.randrange(-4, 5)) for _ in range(shape[0] * shape[1])]
    return torch.tensor(values).reshape(shape).to(device)


def _results(target: Target) -> Evidence:
    """What an earlier call returned stays what it was."""

    def function(x: Tensor) -> list[Tensor]:
        return [x * 2 + 1, x.sum(0)]

    compiled = torch.compile(function)
    kept = []
    for call in range(2 * _CALLS):
        x = torch.full((3, 4), float(call)).to(target.device)
        kept.append(compiled(x))
    for call, (larger, total) in enumerate(kept):
        if (
            elements_of(larger) != [2.0 * call + 1] * 12
            or elements_of(total) != [3.0 * call] * 4
        ):
            raise Wrong(f"what call {call} returned is not what it was, {2 * _CALLS} calls on")
    return Evidence(len(kept))


def _changes(target: Target) -> Evidence:
    """Every call reads its input, then changes it and returns it, and counts from nothing."""

    def function(x: Tensor, places: Tensor) -> list[Tensor]:
        before = x * 3
        x.mul_(2).add_(1)
        return [x, torch.zeros(3, device=x.device).index_add_(0, places, x), before]

    compiled = torch.compile(function)
    places = torch.tensor([0, 1, 2, 0, 1, 0]).to(target.device)
    for call in range(2 * _CALLS):
        x = torch.full((6,), float(call)).to(target.device)
        same, counts, before = compiled(x, places)
        x.add_(0.5)  # which shows in what was returned, since it is the same memory
        changed = 2.0 * call + 1
        if elements_of(same) != [changed + 0.5] * 6:
            raise Wrong(f"call {call} does not return the input that it has changed")
        if elements_of(before) != [3.0 * call] * 6:
            raise Wrong(f"call {call} reads its input when it has changed it")
        if elements_of(counts) != [3 * changed, 2 * changed, changed]:
            raise Wrong(f"call {call} does not count from nothing")
    return Evidence(2 * _CALLS * 15)


def _numbers(target: Target) -> Evidence:
    """A number of the host that is another one in every call keeps all its digits."""
    factor = torch.tensor(0.0, dtype=torch.float64)
    compiled = torch.compile(
        lambda x: [x * factor, x + factor, torch.ones_like(x) * factor - x]
    )
    elements = [1.0, 3.0, -7.0]
    for call in range(2 * _CALLS):
        number = call + 1 / 3
        factor.fill_(number)
        x = torch.tensor(elements, dtype=torch.float64).to(target.device)
        product, total, difference = compiled(x)
        if elements_of(product) != [each * number for each in elements]:
            raise Wrong(f"call {call} is off in a product with the number {number!r}")
        if elements_of(total) != [each + number for each in elements]:
            raise Wrong(f"call {call} is off in a sum with the number {number!r}")
        if elements_of(difference) != [number - each for each in elements]:
            raise Wrong(f"call {call} makes something of another number than {number!r}")
    return Evidence(2 * _CALLS * 9)
