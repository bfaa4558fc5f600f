"""Compiled calls of programs that a recording may get wrong: what products end in, memory that
is read as another dtype, branches on values, indices that are wrong once, nothing drawn.

Inputs are small whole numbers, other ones in each call, so that results are exact; and they are
looked at again in the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Final, TypeAlias

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import Scalar, float32
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.functions import elements_of
from gnomon_conformance.judging import NOTHING, Evidence, Wrong
from gnomon_conformance.target import Target, oracle

LEVEL: Final = Level.PROGRAM
Shape: TypeAlias = tuple[int, ...]
Call: TypeAlias = Callable[..., list[Tensor]]
#: Calls of a function: those that are recorded, and replays.
_CALLS: Final = 6


def cases(seed: int) -> Iterator[Case]:
    """Yield one case for each program."""
    checks: dict[str, Callable[[Target], Evidence]] = {
        **{name: partial(_program, name, seed) for name in PROGRAMS},
        "indices": _indices,
        "nothing-drawn": partial(_nothing_drawn, seed),
        "kept-results": _kept_results,
        "explained": _explained,
    }
    for name, check in checks.items():
        yield Case(level=LEVEL, family="recordings", subject=name, dtype="float32", check=check)


def _read_again(a: Tensor, b: Tensor) -> list[Tensor]:
    product = a @ b
    return [torch.relu(product), product.sum(0).cumsum(0) * 2, product.t().cumsum(0)]


def _reinterpreted(x: Tensor) -> list[Tensor]:
    doubled = x * 2
    return [doubled.view(torch.int32) + 1, doubled * 1]


def _branching(x: Tensor) -> list[Tensor]:
    return [x * 2 if x.sum().item() > 0 else x * 3]


def _of_two_dtypes(x: Tensor) -> list[Tensor]:
    whole = (x * 1000).to(torch.int32)
    narrow, wide = whole.to(torch.int8), whole.to(torch.int64)
    return [narrow + narrow, wide + wide]


def _numbers(x: Tensor) -> list[Tensor]:
    positive = x > 0
    return [torch.where(positive, 1, 2), torch.where(positive, 1.5, 2.5)]


def _squared(a: Tensor, b: Tensor) -> list[Tensor]:
    product = a @ b
    return [product * product + 1]


#: Programs, and the shapes of their inputs.
PROGRAMS: Final[dict[str, tuple[Call, tuple[Shape, ...]]]] = {
    "product-ends": (
        lambda a, b, c: [torch.relu(a @ b + c)],
        ((40, 30), (30, 50), (40, 50)),
    ),
    "products-end": (
        lambda a, b, c: [torch.relu(a @ b + c)],
        ((3, 40, 30), (3, 30, 50), (3, 40, 50)),
    ),
    "product-ends-turned": (lambda a, b, c: [(a @ b) * c.t()], ((40, 30), (30, 50), (50, 40))),
    "product-ends-by-rows": (lambda a, b, c: [(a @ b) * c], ((40, 30), (30, 50), (40, 1))),
    "product-read-again": (_read_again, ((40, 30), (30, 50))),
    "product-squared": (_squared, ((40, 30), (30, 70))),
    "two-dtypes": (_of_two_dtypes, ((3, 7),)),
    "numbers": (_numbers, ((4, 5),)),
    "variance-of-constants": (
        lambda x: [x + torch.arange(5, device=x.device).float().var()],
        ((2, 3),),
    ),
    "reinterpreted": (_reinterpreted, ((3, 4),)),
    "branching": (_branching, ((5,),)),
}


def _program(name: str, seed: int, target: Target) -> Evidence:
    """Every call gives what the oracle gives; its results are still right in the end."""
    function, shapes = PROGRAMS[name]
    compiled = torch.compile(function)
    chooser = Random(f"recording {name} {seed}")
    evidence = NOTHING
    found, right = [], []
    for _ in range(_CALLS):
        inputs = [_whole(shape, chooser) for shape in shapes]
        found.append(compiled(*[each.to(target.device) for each in inputs]))
        right.append([elements_of(each) for each in function(*inputs)])
        evidence += _compare(found[-1], right[-1], f"call {len(found)}")
    for number, (results, exact) in enumerate(zip(found, right, strict=True), 1):
        evidence += _compare(results, exact, f"the results of call {number}, in the end,")
    return evidence


def _whole(shape: Shape, chooser: Random) -> Tensor:
    values = [float(chooser.randint(-3, 3)) for _ in range(math.prod(shape))]
    return torch.tensor(values, dtype=float32, device=oracle()).reshape(shape)


def _compare(found: list[Tensor], right: list[list[Scalar]], what: str) -> Evidence:
    for number, (tensor, exact) in enumerate(zip(found, right, strict=True)):
        for element, (mine, other) in enumerate(zip(elements_of(tensor), exact, strict=True)):
            if mine != other:
                raise Wrong(
                    f"{what}: element {element} of result {number} is {mine}; "
                    f"it must be {other}"
                )
    return Evidence(sum(map(len, right)))


def _indices(target: Target) -> Evidence:
    """An index out of range in a replay is an IndexError, and the next call is right."""
    compiled = torch.compile(lambda x, index: x[index] * 2)
    x = torch.arange(5, device=target.device, dtype=float32)
    good, wrong = torch.tensor([1, 2]), torch.tensor([1, 2_000_000])
    for _ in range(_CALLS):
        compiled(x, good.to(target.device)).cpu()
    for _ in range(2):
        try:
            compiled(x, wrong.to(target.device)).cpu()
            target.backend.synchronize()
        except IndexError:
            pass
        else:
            raise Wrong("an index out of range in a compiled call raises no IndexError")
        found = elements_of(compiled(x, good.to(target.device)))
        if found != [2.0, 4.0]:
            raise Wrong(f"the call after a wrong index gives {found}; it must be [2.0, 4.0]")
    return Evidence(4)


def _nothing_drawn(seed: int, target: Target) -> Evidence:
    """Draws of no numbers take their place in the stream."""

    def draw(x: Tensor) -> Tensor:
        torch.rand(0, device=x.device)
        return x + torch.rand(3, device=x.device)

    streams = []
    for function in (draw, torch.compile(draw)):
        torch.manual_seed(seed)
        zeros = torch.zeros(3, device=target.device)
        streams.append([elements_of(function(zeros)) for _ in range(_CALLS)])
    if streams[0] != streams[1]:
        raise Wrong("compiled calls draw other numbers than calls that are not")
    return Evidence(3 * _CALLS)


def _explained(target: Target) -> Evidence:
    """To explain a program is not to run it once more."""
    state = torch.zeros(4, device=target.device)

    def count(x: Tensor) -> Tensor:
        state.add_(x + 1)
        return state * 1

    compiled = torch.compile(count)
    ones = torch.ones(4, device=target.device)
    for _ in range(_CALLS):
        compiled(ones)
    compiled.explain()
    if elements_of(state) != [2.0 * _CALLS] * 4:
        raise Wrong(f"after an explanation the state is {elements_of(state)}")
    return Evidence(4)


def _kept_results(target: Target) -> Evidence:
    """The same operations, whose results are kept by some calls and dropped by others."""

    def run(value: float, is_kept: bool) -> Tensor | None:
        x = torch.full((4,), value).to(target.device)
        y: Tensor | None = x + 1
        assert y is not None
        z = y * 2
        if not is_kept:
            y = None
        if elements_of(z) != [2 * value + 2] * 4:
            raise Wrong(f"twice ({value} + 1) is {elements_of(z)}")
        return y

    for number, is_kept in enumerate((False, False, False, False, True, False, True)):
        kept = run(float(number), is_kept)
        torch.full((4,), 9.0).to(target.device).add(1).cpu()
        if kept is not None and elements_of(kept) != [number + 1.0] * 4:
            raise Wrong(f"{number} + 1, which is kept, is {elements_of(kept)}")
    return Evidence(7)
