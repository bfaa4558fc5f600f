"""Tensors that are read, written in one of the many ways there are, and read again: what was
read before is of the old elements, what is read afterwards of the new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Final, TypeAlias

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import Device, Scalar, float32
from gnomon.nn import functional as F
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.correct import epsilon
from gnomon_conformance.functions import elements_of
from gnomon_conformance.judging import Evidence, Wrong
from gnomon_conformance.target import Target

#: By how much what is read may differ, relative to the largest element of it: the elements lie
#: elsewhere in memory, and may be added up in another order. Both sums, of at most 16 terms,
#: may be off by a rounding for each, and terms that cancel be four times as large together.
_OFF: Final = 2 * 16 * 4 * epsilon(float32)

Reader: TypeAlias = Callable[[Tensor], Tensor]
#: Writes to a tensor of four rows of four elements.
Writer: TypeAlias = Callable[[Tensor], object]


def _places(x: Tensor) -> Tensor:
    return torch.tensor([2, 0, 3], device=x.device)


def _other(x: Tensor) -> Tensor:
    """Return a matrix that ``x`` is multiplied with."""
    return torch.arange(20.0, device=x.device).reshape(5, 4)


def _image(x: Tensor) -> Tensor:
    return torch.arange(36.0, device=x.device).reshape(1, 1, 6, 6) / 9


def _unnoticed(f: Writer) -> Writer:
    """Return a writer after which the version of a tensor is what it was."""

    def write(x: Tensor) -> None:
        f(x.data)

    return write


def _through_an_alias(x: Tensor) -> None:
    alias = x.detach().t()
    with torch.no_grad():
        alias[1:].mul_(3).sub_(1)


READERS: Final[dict[str, tuple[Level, Reader]]] = {
    "turned": (Level.INDEXING, lambda x: x.t() + 1),
    "part": (Level.INDEXING, lambda x: x[1:, ::2] * 2),
    "multiplied": (Level.INDEXING, lambda x: x * x - 3),
    "converted": (Level.INDEXING, lambda x: x.to(torch.float64)),
    "sum": (Level.INDEXING, lambda x: x.sum(0)),
    "mean": (Level.INDEXING, lambda x: x.mean(1)),
    "largest": (Level.INDEXING, lambda x: x.amax()),
    "running": (Level.INDEXING, lambda x: x.cumsum(1)),
    "sorted": (Level.INDEXING, lambda x: x.sort(1).values),
    "looked-up": (Level.INDEXING, lambda x: x[_places(x)]),
    "index-add": (Level.INDEXING, lambda x: (x * 0).index_add(0, _places(x), x[1:])),
    "product": (Level.COMPOSITE, lambda x: _other(x) @ x),
    "turned-product": (Level.COMPOSITE, lambda x: _other(x) @ x.t()),
    "left-product": (Level.COMPOSITE, lambda x: x @ _other(x).t()),
    "linear": (Level.COMPOSITE, lambda x: F.linear(_other(x), x, x[0])),
    "convolution": (Level.COMPOSITE, lambda x: F.conv2d(_image(x), x[None, None])),
    "convolved": (Level.COMPOSITE, lambda x: F.conv2d(x[None, None], _image(x)[..., :2, :3])),
    "embedding": (Level.COMPOSITE, lambda x: F.embedding(_places(x), x)),
    "layer-norm": (Level.COMPOSITE, lambda x: F.layer_norm(_other(x), (4,), x[1], x[2])),
    "softmax": (Level.COMPOSITE, lambda x: x.softmax(0)),
}

WRITERS: Final[dict[str, Writer]] = {
    "added to": lambda x: x.add_(1),
    "filled": lambda x: x[2].fill_(2.5),
    "cleared": lambda x: x.zero_(),
    "copied to": lambda x: x.copy_(torch.linspace(1.0, 2.0, 16).reshape(4, 4)),
    "arange": lambda x: torch.arange(16.0, out=x.view(-1), device=x.device),
    "linspace": lambda x: torch.linspace(3.0, 4.0, 16, out=x.view(-1), device=x.device),
    "eye": lambda x: torch.eye(4, out=x, device=x.device),
    "summed out": lambda x: torch.sum(_other(x), 1, out=x.view(-1)[:5]),
    "scanned out": lambda x: torch.cumsum(_other(x)[:4], 1, out=x),
    "looked up out": lambda x: torch.index_select(_other(x), 0, _places(x), out=x[1:]),
    "multiplied out": lambda x: torch.matmul(_other(x)[:4], _other(x)[1:], out=x),
    "indexed": lambda x: x.index_fill_(0, _places(x), 4.0),
    "normal": lambda x: x.normal_(),
    "uniform": lambda x: x.uniform_(2.0, 3.0),
    "random": lambda x: x.random_(3, 9),
    "exponential": lambda x: x.exponential_(),
    "bernoulli": lambda x: x.bernoulli_(0.5).add_(x, alpha=0.5),
    "drawn out": lambda x: torch.rand(4, 4, out=x, device=x.device),
    "data": _unnoticed(lambda x: x.add_(1)),
    "data drawn": _unnoticed(lambda x: x.uniform_(1.0, 2.0)),
    "data copied to": _unnoticed(lambda x: x[1:].copy_(torch.full((3, 4), 7.0))),
    "alias": _through_an_alias,
}
#: So many of them, the first, each way to read meets every other one of.
_BY_TURNS: Final = 12


def cases(seed: int) -> Iterator[Case]:
    """Yield a case of each way to read, with all ways to write."""
    for name, (level, reader) in READERS.items():
        yield Case(
            level=level,
            family="rewritten",
            subject=name,
            check=partial(_rewritten, reader, name, seed),
        )


def _rewritten(reader: Reader, name: str, seed: int, target: Target) -> Evidence:
    chooser = Random(f"{name} {seed}")
    start: list[Scalar] = [chooser.random() for _ in range(16)]
    compared = 0
    torch.manual_seed(seed)
    old = _read(reader, start, target.device)
    unwritten = elements_of(_made(start, target.device))
    turn = [*READERS].index(name)
    for number, (how, write) in enumerate(WRITERS.items()):
        if number < _BY_TURNS and (number + turn) % 2:
            continue
        x = _made(start, target.device)
        # Read twice before the write, as what is remembered may be from the second time on.
        before = [reader(x), reader(x)]
        write(x)
        after = reader(x)
        written = elements_of(x)
        if written == unwritten:
            raise Wrong(f"a tensor that was {how} is what it was before")
        new = _read(reader, written, target.device)
        for each in before:
            compared += _close(elements_of(each), old, f"{name}, read before it was {how},")
        compared += _close(elements_of(after), new, f"{name}, read after it was {how},")
    return Evidence(compared)


def _made(elements: Sequence[Scalar], device: Device) -> Tensor:
    return torch.tensor(elements).reshape(4, 4).to(device)


def _read(reader: Reader, elements: Sequence[Scalar], device: Device) -> list[Scalar]:
    """Return what is read of elements that nothing was done with before."""
    return elements_of(reader(_made(elements, device)))


def _close(got: Sequence[Scalar], right: Sequence[Scalar], what: str) -> int:
    """Raise Wrong unless two results are close; return how much was compared."""
    within = _OFF * max(map(abs, right))
    for element, (a, b) in enumerate(zip(got, right, strict=True)):
        if not abs(a - b) <= within:
            raise Wrong(f"{what} is {a!r} at element {element}; it must be {b!r}")
    return len(right)
