"""One tensor in gnomon and in PyTorch, and the comparison of what one call makes of both."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

import gnomon

#: A tensor, or a result made of tensors, of either library: no type describes both.
Either: TypeAlias = Any
#: ``(library, tensors) -> result``: written once, called with gnomon and with PyTorch.
Program: TypeAlias = Callable[..., Either]


@dataclass(frozen=True)
class Memory:
    """A tensor by its storage: enough to make it in either library."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def cells(self) -> int:
        reach = sum(
            (size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True)
        )
        return self.offset + (reach + 1 if 0 not in self.shape else 0) + 2

    def within(self, library: ModuleType, flat: Either) -> Either:
        return flat.as_strided(self.shape, self.strides, self.offset)

    def flat(self, library: ModuleType, dtype: str, *, requires_grad: bool = False) -> Either:
        values = [number % 101 - 3 for number in range(self.cells)]
        if dtype == "bool":
            values = [number % 3 == 0 for number in values]
        kind = getattr(library, dtype)
        return library.tensor(values, dtype=kind, requires_grad=requires_grad)

    def make(self, library: ModuleType, dtype: str = "float32") -> Either:
        return self.within(library, self.flat(library, dtype))


#: Contiguous, transposed, stepped, expanded, with an offset, empty, 0-d, with dims of size 1.
MEMORIES = (
    Memory((), ()),
    Memory((), (), 3),
    Memory((5,), (1,)),
    Memory((4,), (3,), 1),
    Memory((4,), (0,)),
    Memory((1,), (7,)),
    Memory((0,), (1,)),
    Memory((2, 3), (3, 1)),
    Memory((3, 2), (1, 3)),
    Memory((2, 3), (8, 2), 2),
    Memory((3, 4), (0, 1)),
    Memory((3, 4), (1, 0)),
    Memory((4, 4), (4, 1), 1),
    Memory((1, 4), (4, 1)),
    Memory((4, 1), (1, 1)),
    Memory((0, 3), (3, 1)),
    Memory((3, 0), (1, 1)),
    Memory((2, 3, 4), (12, 4, 1)),
    Memory((4, 2, 3), (1, 12, 4)),
    Memory((2, 2, 3), (3, 3, 1)),
    Memory((2, 3, 2), (20, 6, 2), 1),
    Memory((2, 1, 3), (3, 3, 1)),
    Memory((1, 1, 1), (1, 1, 1)),
    Memory((2, 4, 2, 3), (24, 6, 3, 1)),
    Memory((2, 4, 2, 3), (24, 1, 12, 4)),
)


@dataclass(frozen=True)
class Seen:
    """What is compared of a tensor."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    dtype: str
    values: object
    node: str | None

    @classmethod
    def of(cls, tensor: Either) -> Seen:
        node = tensor.grad_fn
        return cls(
            tuple(tensor.shape),
            tuple(tensor.stride()),
            tensor.storage_offset(),
            str(tensor.dtype).removeprefix("torch."),
            tensor.tolist(),
            None if node is None else node.name().rpartition("::")[2],
        )


def seen(result: Either) -> object:
    """Return a result in comparable form: tensors by what is seen of them, errors by class."""
    if isinstance(result, tuple | list) and not hasattr(result, "numel"):
        return [seen(part) for part in result]
    return Seen.of(result) if hasattr(result, "storage_offset") else result


def outcome(program: Program, library: ModuleType, *tensors: Either) -> object:
    """Return what a program makes of tensors: its result, or the class of its error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = program(library, *tensors)
        except (RuntimeError, IndexError, TypeError, ValueError, NotImplementedError) as error:
            return _base_of(error)
        return seen(result)


def _base_of(error: Exception) -> str:
    kinds = (NotImplementedError, RuntimeError, IndexError, TypeError, ValueError)
    return next(kind.__name__ for kind in kinds if isinstance(error, kind))


def assert_twins(
    torch: ModuleType, program: Program, memories: Sequence[Memory], dtype: str = "float32"
) -> None:
    """Assert that gnomon and PyTorch make the same of a program."""
    mine = outcome(program, gnomon, *[memory.make(gnomon, dtype) for memory in memories])
    theirs = outcome(program, torch, *[memory.make(torch, dtype) for memory in memories])
    assert mine == theirs, memories


def gradients(program: Program, library: ModuleType, memories: Sequence[Memory]) -> object:
    """Return the results of a program with nodes, the gradients, and the gradients of those."""
    leaves = [memory.flat(library, "float64", requires_grad=True) for memory in memories]
    tensors = [
        memory.within(library, leaf) for memory, leaf in zip(memories, leaves, strict=True)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = program(library, *tensors)
        except (RuntimeError, IndexError, TypeError, ValueError, NotImplementedError) as error:
            return _base_of(error)
    parts = list(result) if isinstance(result, tuple | list) else [result]
    parts = [part for part in parts if getattr(part, "requires_grad", False)]
    report: list[object] = [seen(part) for part in parts]
    if not parts:
        return report
    cotangents = [_cotangent(library, part, index) for index, part in enumerate(parts)]
    library.autograd.backward(parts, cotangents, create_graph=True)
    first = [leaf.grad for leaf in leaves]
    report.append([None if grad is None else grad.tolist() for grad in first])
    weighted = [
        (grad * _cotangent(library, grad, 5).detach()).sum()
        for grad in first
        if grad is not None and grad.requires_grad
    ]
    # PyTorch does not differentiate the gradient of nothing any further.
    if weighted and all(part.numel() for part in (*parts, *tensors)):
        library.autograd.backward(weighted)
        report.append([None if g.grad is None else g.grad.tolist() for g in cotangents])
    return report


def _cotangent(library: ModuleType, like: Either, seed: int) -> Either:
    values = [float((number * 7 + seed * 3) % 11 - 4) for number in range(like.numel())]
    flat = library.tensor(values, dtype=library.float64).reshape(tuple(like.shape))
    return flat.requires_grad_()
