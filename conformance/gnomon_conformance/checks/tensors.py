"""Tensors on the device: promotion, writing in place and to ``out=``, and what must be refused.

Most of this is decided above a backend, so that one that does its verbs right passes; what is
checked here is that nothing on the way to it goes wrong, and that errors are the reference's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import (
    ALL_DTYPES,
    Device,
    DType,
    NotSupported,
    bool_,
    float32,
    int32,
    int64,
)
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.functions import elements_of
from gnomon_conformance.judging import Evidence, Wrong
from gnomon_conformance.target import Target, oracle

LEVEL = Level.ELEMENTWISE
_OTHERS: Final = 3


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of tensors."""
    for number, left in enumerate(ALL_DTYPES):
        for turn, right in enumerate(ALL_DTYPES):
            if not _promote(left, right):
                continue
            yield Case(
                level=LEVEL,
                family="promotion",
                subject=f"{left.name}-{right.name}",
                tier=Tier.QUICK if (number + turn) % _OTHERS == 0 else Tier.DEFAULT,
                check=partial(_promotion, left, right),
            )
    for name, (level, program) in WRITES.items():
        for dtype in (float32, int32):
            yield Case(
                level=level,
                family="writing",
                subject=name,
                dtype=dtype.name,
                check=partial(_writing, program, dtype),
            )
    for name, (level, call) in ERRORS.items():
        yield Case(
            level=level, family="errors", subject=name, check=partial(_error, name, call)
        )


def _promote(left: DType, right: DType) -> bool:
    """Whether two dtypes have a common one; the larger unsigned integers have none."""
    try:
        torch.promote_types(left, right)
    except RuntimeError:
        return False
    return True


def same(mine: Tensor, right: Tensor, what: str) -> int:
    """Raise Wrong unless two tensors have equal facts and elements; return how many."""
    facts = [(tuple(each.shape), tuple(each.stride()), each.dtype) for each in (mine, right)]
    if facts[0] != facts[1]:
        raise Wrong(f"{what}: shape, strides and dtype are {facts[0]}, not {facts[1]}")
    columns = elements_of(mine), elements_of(right)
    for element, (a, b) in enumerate(zip(*columns, strict=True)):
        if a != b and (a == a or b == b):
            raise Wrong(f"{what}: element {element} is {a!r}; it must be {b!r}")
    return max(len(columns[0]), 1)


def all_same(mine: Sequence[Tensor], right: Sequence[Tensor], what: str = "") -> int:
    """Raise Wrong unless tensors have equal facts and elements each; return how many."""
    pairs = enumerate(zip(mine, right, strict=True))
    return sum([same(a, b, f"{what}result {number}") for number, (a, b) in pairs])


def _promotion(left: DType, right: DType, target: Target) -> Evidence:
    """Tensors, 0-d tensors and numbers of two dtypes, added; exact in every dtype."""
    number = {True: 2.0, False: 2}[right.is_floating_point]
    results: list[list[Tensor]] = []
    for device in (target.device, oracle()):
        x = torch.tensor([1, 0, 3], dtype=torch.int64).to(left).to(device)
        y = torch.tensor([1, 1, 2], dtype=torch.int64).to(right).to(device)
        results.append(
            [x + y, x + y[1], x[2] + y, x * number, x + True, torch.where(x > 0, x, y)]
        )
    mine, correct = results
    return Evidence(all_same(mine, correct, f"{left.name} with {right.name}, "))


def _base(device: Device, dtype: DType) -> Tensor:
    return (torch.arange(24).reshape(4, 6) - 7).to(dtype).to(device)


def _self_overlap(x: Tensor) -> list[Tensor]:
    y = x.clone()
    y[1:, 0] = y[:-1, 0].clone()
    y[:, 1:].copy_(y[:, :-1].clone())
    return [y]


def _many_views(x: Tensor) -> list[Tensor]:
    y = x.clone()
    rows, columns = y[1:3], y.t()
    rows += 5
    columns[2:4] *= 2
    y.view(-1)[::5] = 1
    rows[0, 1:].neg_()
    return [y, rows, columns]


def _out(x: Tensor) -> list[Tensor]:
    y = torch.zeros_like(x)
    torch.add(x, 1, out=y)
    z = torch.zeros(6, 4, dtype=x.dtype, device=x.device).t()
    torch.mul(x, x, out=z)
    w = torch.empty(0, dtype=x.dtype, device=x.device)
    torch.sub(x, y, out=w)
    part = torch.zeros(4, 12, dtype=x.dtype, device=x.device)
    torch.maximum(x, y, out=part[:, ::2])
    return [y, z, w, part]


def _read_after_write(x: Tensor) -> list[Tensor]:
    y = x.clone()
    before = y * 1
    y.add_(1)
    after = y * 1
    y.zero_()
    return [before, after, y]


def _dtypes(x: Tensor) -> list[Tensor]:
    y = torch.zeros(4, 6, dtype=torch.int16, device=x.device)
    y.copy_(x)
    y += x.to(torch.int8)
    z = x.to(torch.float64)
    z.mul_(x)
    return [y, z, x.to(bool_), x.clone().fill_(True)]


def _indexed(x: Tensor) -> list[Tensor]:
    y = x.clone()
    y[2] = 9
    y[..., -1] = y[0, 2:]
    y[1, 2:5] += 3
    y[None, :2] = 0
    return [y]


def _again(x: Tensor) -> list[Tensor]:
    """The same write several times in a row, which leaves something else than once."""
    y = x.clone()
    for _ in range(3):
        y.add_(x)
    rows = y[1:3]
    for _ in range(2):
        rows.mul_(2)
    for _ in range(3):
        torch.sub(x, y, out=y)
    return [y]


def _again_in_order(x: Tensor) -> list[Tensor]:
    """The same sums several times in a row, through indices and along a dim."""
    y, places = x.clone(), torch.tensor([1, 1, 3], device=x.device)
    for _ in range(3):
        y.index_add_(0, places, x[:3])
    for _ in range(2):
        y.cumsum_(1)
    return [y]


def _transfers(x: Tensor) -> list[Tensor]:
    """Between host and device, of views and in other dtypes."""
    device = x.device
    host = x.cpu().clone()
    back = [
        host.t().to(device),
        host[:, ::2].to(device) + 1,
        host[1].expand(3, 6).to(device),
        x.t()[1:3].cpu().to(device),
        x[:, 1::2].to(torch.float64).cpu().to(device),
        host.to(device, torch.int64),
        x.clone().copy_(host * 2),
    ]
    back = [each.clone() for each in back]  # on the host itself nothing was copied
    host.copy_(x[0])
    back += [host.to(device), x[2:, 3].cpu().to(device)]
    return [each.contiguous() for each in back]


WRITES: Final[dict[str, tuple[Level, Callable[[Tensor], list[Tensor]]]]] = {
    "self-overlap": (LEVEL, _self_overlap),
    "many-views": (LEVEL, _many_views),
    "out": (LEVEL, _out),
    "read-after-write": (LEVEL, _read_after_write),
    "dtypes": (LEVEL, _dtypes),
    "indexed": (LEVEL, _indexed),
    "again": (LEVEL, _again),
    "again-in-order": (Level.INDEXING, _again_in_order),
    "transfers": (LEVEL, _transfers),
}


def _writing(
    program: Callable[[Tensor], list[Tensor]], dtype: DType, target: Target
) -> Evidence:
    compared = 0
    start = _base(target.device, dtype)
    mine, right = program(start), program(_base(oracle(), dtype))
    compared += all_same(mine, right)
    compared += same(start, _base(oracle(), dtype), "what was read")
    return Evidence(compared)


def _zeros(device: Device, *shape: int, dtype: DType = float32) -> Tensor:
    return torch.zeros(shape, dtype=dtype, device=device)


Refused = Callable[[Device], object]
_E, _R, _I, _A, _C = (
    Level.ELEMENTWISE,
    Level.REDUCTION,
    Level.INDEXING,
    Level.AUTOGRAD,
    Level.COMPOSITE,
)
ERRORS: Final[dict[str, tuple[Level, Refused]]] = {
    "broadcast": (_E, lambda d: _zeros(d, 3) + _zeros(d, 4)),
    "integer-division": (_E, lambda d: _zeros(d, 3, dtype=int32) // _zeros(d, 3, dtype=int32)),
    "integer-remainder": (
        _E,
        lambda d: torch.remainder(_zeros(d, 3, dtype=int64), _zeros(d, 3, dtype=int64)),
    ),
    "integer-fmod": (_E, lambda d: torch.fmod(_zeros(d, 3, dtype=int32), 0)),
    "divide-by-number": (_E, lambda d: _zeros(d, 3, dtype=int32) // 0),
    "bool-minus": (_E, lambda d: _zeros(d, 3, dtype=bool_) - True),
    "float-to-integer": (_E, lambda d: _zeros(d, 3, dtype=int32).add_(1.5)),
    "shape-in-place": (_E, lambda d: _zeros(d, 1).add_(_zeros(d, 3))),
    "expanded-target": (_E, lambda d: _zeros(d, 1).expand(3).add_(1)),
    "expanded-out": (_E, lambda d: torch.neg(_zeros(d, 3), out=_zeros(d, 1).expand(3))),
    "partial-overlap": (_E, lambda d: (lambda x: x[1:].add_(x[:-1]))(_zeros(d, 5))),
    "view": (_E, lambda d: _zeros(d, 3, 4).t().view(12)),
    "bitwise-float": (_E, lambda d: _zeros(d, 3) & _zeros(d, 3)),
    "dim-range": (_R, lambda d: _zeros(d, 3).sum(1)),
    "dim-twice": (_R, lambda d: _zeros(d, 3, 4).sum((0, -2))),
    "empty-max": (_R, lambda d: _zeros(d, 0).max()),
    "empty-argmax": (_R, lambda d: _zeros(d, 3, 0).argmax(1)),
    "mean-of-integers": (_R, lambda d: _zeros(d, 3, dtype=int64).mean()),
    "index-range": (_I, lambda d: _zeros(d, 3)[torch.tensor([3]).to(d)]),
    "index-range-low": (_I, lambda d: _zeros(d, 3)[torch.tensor([0, -4]).to(d)]),
    "gather-negative": (_I, lambda d: _zeros(d, 3).gather(0, torch.tensor([-1]).to(d))),
    "index-range-again": (_I, lambda d: _looked_up(d, (10, 3), 0)),
    "index-range-changed": (_I, lambda d: _looked_up(d, (10, 10), 100_000)),
    "index-range-signed": (_I, lambda d: _looked_up_twice(d)),
    "index-range-made": (_I, lambda d: _looked_up(d, (10,), 100_000)),
    "index-select-range": (
        _I,
        lambda d: _zeros(d, 3, 2).index_select(0, torch.tensor([3]).to(d)),
    ),
    "scatter-range": (
        _I,
        lambda d: _zeros(d, 3).scatter(0, torch.tensor([5]).to(d), 1.0),
    ),
    "topk-range": (_I, lambda d: _zeros(d, 3).topk(4)),
    "leaf-in-place": (_A, lambda d: _zeros(d, 3).requires_grad_().add_(1)),
    "saved-changed": (_A, lambda d: _changed_before_backward(d)),
    "backward-twice": (_A, lambda d: _twice(d)),
    "integer-gradient": (_A, lambda d: _zeros(d, 3, dtype=int64).requires_grad_()),
    "backward-of-many": (_A, lambda d: (_zeros(d, 3).requires_grad_() * 2).backward()),
    "matmul-sizes": (_C, lambda d: _zeros(d, 3, 4) @ _zeros(d, 3, 4)),
    "matmul-dtypes": (_C, lambda d: _zeros(d, 3, 4) @ _zeros(d, 4, 3, dtype=torch.float64)),
    "softmax-of-integers": (_C, lambda d: _zeros(d, 3, dtype=int64).softmax(0)),
    "conv-channels": (
        _C,
        lambda d: torch.nn.functional.conv2d(_zeros(d, 1, 3, 4, 4), _zeros(d, 2, 2, 3, 3)),
    ),
    "class-range": (
        _C,
        lambda d: torch.nn.functional.cross_entropy(
            _zeros(d, 2, 3), torch.tensor([1, 3]).to(d)
        ),
    ),
}


def _looked_up(device: Device, sizes: Sequence[int], more: int) -> None:
    """Look the same indices up in tensors of several sizes, ``more`` being added to them in
    place before the last one.
    """
    index = torch.tensor([7, 2]).to(device)
    for number, size in enumerate(sizes, 1):
        if number == len(sizes) and more:
            index.add_(more)
        _zeros(device, size)[index].cpu()


def _looked_up_twice(device: Device) -> None:
    """Look an index up where negative ones count from the end, and where they do not."""
    index = torch.tensor([-1]).to(device)
    _zeros(device, 4, 2)[index].cpu()
    torch.nn.functional.embedding(index, _zeros(device, 4, 2)).cpu()


def _changed_before_backward(device: Device) -> None:
    x = _zeros(device, 3).requires_grad_()
    y = torch.exp(x)
    y.add_(1)
    y.sum().backward()


def _twice(device: Device) -> None:
    x = _zeros(device, 3).requires_grad_()
    y = (x * x).sum()
    y.backward()
    y.backward()


def _error(name: str, call: Refused, target: Target) -> Evidence:
    """The device raises what the oracle raises: of the same class, with the same words."""
    raised: list[Exception | None] = []
    for device in (target.device, oracle()):
        try:
            call(device)
            target.backend.synchronize()
            raised.append(None)
        except NotSupported:
            raise
        except Exception as error:
            raised.append(error)
    mine, right = raised
    if right is None:
        raise AssertionError(f"{name}: the oracle raises nothing")
    if mine is None:
        raise Wrong(f"{name}: nothing is raised; it must be {type(right).__name__}: {right}")
    if type(mine) is not type(right):
        raise Wrong(
            f"{name}: {type(mine).__name__} ({mine}) is raised; it must be "
            f"{type(right).__name__} ({right})"
        )
    words = [
        str(each).replace(str(device), "DEVICE")
        for each, device in zip(raised, (target.device, oracle()), strict=True)
    ]
    # Which of several indices is wrong, a backend need not say.
    if "out of bounds" not in words[1] and words[0] != words[1]:
        raise Wrong(f"{name}: the message is {str(mine)!r}; it must be {str(right)!r}")
    return Evidence(1)
