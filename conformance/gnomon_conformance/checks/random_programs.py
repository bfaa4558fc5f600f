"""Random programs of tensors: operations, views, writes in place, random numbers, a state that
lasts from call to call.

All elements are whole numbers, and stay small, so that every result is exact on every backend,
whatever is fused with what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple, TypeAlias, final

import gnomon as torch
from gnomon import Tensor

#: The shapes of the two inputs, which differ from call to call; the state has the first.
SHAPES: Final = ((4, 4), (4, 3))
_STEPS: Final = 14
#: How many tensors a program returns; the others need not outlive it.
_RETURNED: Final = 4

#: From two tensors and a number to a new tensor, a view, or one of them after a write.
Action: TypeAlias = Callable[[Tensor, Tensor, int], Tensor]


def _like(a: Tensor, b: Tensor) -> Tensor:
    """Return what is to be combined with ``a``: ``b``, if the shapes allow it."""
    if a.shape == b.shape:
        return b
    if a.dim() == b.dim() and a.shape[0] == b.shape[0]:
        return b.amax(-1, keepdim=True) if b.dim() > 1 else a
    return a * 2 - 1


def _small(x: Tensor) -> Tensor:
    return x.remainder(7.0) - 3


def _write(a: Tensor, view: Tensor, value: Tensor | float) -> Tensor:
    """Return ``a`` after a write through a view of it, unless that overlaps itself."""
    if 0 not in view.stride() and view.numel():
        view.sub_(value)
    return a


def _wide(a: Tensor) -> Tensor:
    return a if a.dim() > 1 else a.unsqueeze(0)


ACTIONS: Final[dict[str, Action]] = {
    "add": lambda a, b, k: _small(a + _like(a, b)),
    "mul": lambda a, b, k: _small(a * _like(a, b)),
    "sub": lambda a, b, k: k - a,
    "max": lambda a, b, k: torch.maximum(a, _like(a, b)).clamp(-5, k),
    "where": lambda a, b, k: torch.where(a > k - 2, a, _like(a, b)),
    "relu": lambda a, b, k: torch.relu(a).neg(),
    "product": lambda a, b, k: _small(_wide(a) @ _wide(a).t()),
    "sum": lambda a, b, k: _small(_wide(a).sum(k % 2, keepdim=k > 2)),
    "largest": lambda a, b, k: _wide(a).amax(k % 2),
    "running": lambda a, b, k: _small(a.cumsum(-1)),
    "lookup": lambda a, b, k: _wide(a)[:, _wide(a)[0].argsort(stable=True)],
    "join": lambda a, b, k: torch.cat([_wide(a), _wide(a).flip(0)[:1]], 0),
    "draw": lambda a, b, k: _small(a + torch.randint(0, 5, a.shape, device=a.device)),
    "turned": lambda a, b, k: _wide(a).t(),
    "rows": lambda a, b, k: a[k % 2 :] if len(a) > 1 else a,
    "step": lambda a, b, k: a[..., :: 1 + k % 2],
    "expanded": lambda a, b, k: a.unsqueeze(0).expand(2, *a.shape)[k % 2],
    "flat": lambda a, b, k: a.reshape(-1)[: 3 + k],
    "write number": lambda a, b, k: _write(a, a[: 1 + k], float(k)),
    "write part": lambda a, b, k: _write(
        a, a[..., k % 2 :], a[..., k % 2 :].clone().clamp(-k, k)
    ),
    "write turned": lambda a, b, k: _write(a, _wide(a).t()[:1], float(k - 2)),
    "write tensor": lambda a, b, k: _write(a, a, _like(a, b).clone().clamp(-1, k)),
}


@final
class Step(NamedTuple):
    """One action: on which of the tensors, counted from the last, and with which number."""

    action: str
    first: int
    second: int
    number: int


@final
class Program(NamedTuple):
    """Steps on two inputs and a state; any part of them is a program too."""

    steps: tuple[Step, ...]

    def run(self, x: Tensor, y: Tensor, state: Tensor) -> list[Tensor]:
        """Return the inputs and the last tensors; the state is changed in place."""
        tensors = [x, y, x + y]
        for action, first, second, number in self.steps:
            a, b = (tensors[-1 - place % len(tensors)] for place in (first, second))
            tensors.append(ACTIONS[action](a, b, number))
        last = _wide(tensors[-1])
        state[: last.shape[0], :1].add_(last[:4, :1].clamp(-2, 2)).clamp_(-20, 20)
        return [x, y, *tensors[-_RETURNED:]]

    def shortened(self, fails: Callable[[Program], bool]) -> Program:
        """Return a program that fails as well, without the steps that it does not need."""
        steps, place = list(self.steps), 0
        while place < len(steps):
            shorter = steps[:place] + steps[place + 1 :]
            if fails(Program(tuple(shorter))):
                steps = shorter
            else:
                place += 1
        return Program(tuple(steps))

    def script(self, device: str) -> str:
        """Return a small program of gnomon's that shows what this one does."""
        steps = "".join([f"    {step!r},\n" for step in self.steps])
        return _SCRIPT.format(steps=steps, device=device)


_SCRIPT: Final = """\
import gnomon as torch
from gnomon_conformance.checks.random_programs import Program, Step

program = Program((
{steps}))
found = []
for way in (lambda f: f, torch.compile):
    torch.manual_seed(7)
    state = torch.zeros(4, 4, device={device!r})
    run = way(lambda x, y: program.run(x, y, state))
    for call in range(6):
        x = (torch.arange(16.0).reshape(4, 4) * (call + 3) % 9 - 4).to({device!r})
        results = run(x, x.flip(0))
    found.append([each.tolist() for each in (*results, state)])
print(found[0] == found[1])
"""


def drawn_program(chooser: Random, actions: Sequence[str] = tuple(ACTIONS)) -> Program:
    """Return a random program."""
    return Program(
        tuple(
            [
                Step(
                    chooser.choice(actions),
                    chooser.randrange(4),
                    chooser.randrange(6),
                    chooser.randrange(4),
                )
                for _ in range(_STEPS)
            ]
        )
    )
