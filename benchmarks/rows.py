"""The rows of the table: each a small function that says what is computed, by each library.

A program for gnomon is the program for PyTorch, with the other module for ``torch``; NumPy, JAX
and tinygrad have their own words. A program is prepared outside the time taken and gives a
function without arguments, which returns what must exist when it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import torch as Torch

Run: TypeAlias = Callable[[], object]
#: For gnomon and PyTorch: the module, and the device to compute on.
TorchProgram: TypeAlias = "Callable[[Torch, str], Run]"
ArrayProgram: TypeAlias = Callable[[], Run]

BIG = 16_000_000
SIDE = 4096
ROWS, WIDTH = 4096, 1024


@dataclass(frozen=True, kw_only=True)
class Row:
    """A workload, and what it moves or computes at the least."""

    name: str
    torch: TorchProgram
    numpy: ArrayProgram | None = None
    tinygrad: ArrayProgram | None = None
    jax: ArrayProgram | None = None
    #: Whether ``gnomon.compile`` and ``torch.compile`` take part, since there is more than one
    #: operation.
    compiled: bool = False
    #: Floating-point operations, for rows that arithmetic limits.
    operations: float = 0
    #: Bytes read and written, for rows that memory limits.
    bytes: float = 0
    #: What the ratio to the best peer should be, or to the one whose title begins so.
    goal: float | None = None
    rival: str = ""
    #: Runs that are timed as one, for what is too short for a clock.
    calls: int = 1

    @property
    def eager_goal(self) -> float | None:
        """What the ratio of eager gnomon to eager PyTorch should be."""
        return 0.7 if self.compiled else None

    @property
    def is_limited(self) -> bool:
        """Whether it is known what limits the row."""
        return bool(self.operations or self.bytes)


def matmul(rows: int, inner: int, columns: int, batch: int = 0) -> Row:
    left, right = (rows, inner), (inner, columns)
    name = f"matmul {rows}x{inner}x{columns}"
    if batch:
        left, right, name = (batch, *left), (batch, *right), f"matmul {batch} of {name[7:]}"

    def torch_program(torch: Torch, device: str) -> Run:
        a, b = torch.rand(left, device=device), torch.rand(right, device=device)
        return lambda: a @ b

    def numpy_program() -> Run:
        a, b = uniform(*left), uniform(*right)
        return lambda: a @ b

    def tinygrad_program() -> Run:
        return compiled(lambda a, b: a @ b, left, right)

    return Row(
        name=name,
        torch=torch_program,
        numpy=numpy_program,
        tinygrad=tinygrad_program,
        jax=lambda: jitted(lambda a, b: a @ b, left, right),
        operations=2.0 * max(batch, 1) * rows * inner * columns,
        goal=1.0 if rows >= 512 and not batch else None,
    )


def copy_transposed() -> Row:
    def torch_program(torch: Torch, device: str) -> Run:
        x = torch.rand(SIDE, SIDE, device=device).t()
        return lambda: x.contiguous()

    def numpy_program() -> Run:
        x = uniform(SIDE, SIDE).T
        return lambda: np.ascontiguousarray(x)

    def tinygrad_program() -> Run:
        return compiled(lambda x: x.T.contiguous(), (SIDE, SIDE))

    return Row(
        name=f"copy of a transposed {SIDE}x{SIDE}",
        torch=torch_program,
        numpy=numpy_program,
        tinygrad=tinygrad_program,
        bytes=8.0 * SIDE * SIDE,
        goal=1.0,
    )


def add() -> Row:
    def torch_program(torch: Torch, device: str) -> Run:
        x, y = torch.rand(BIG, device=device), torch.rand(BIG, device=device)
        return lambda: x + y

    def numpy_program() -> Run:
        x, y = uniform(BIG), uniform(BIG)
        return lambda: x + y

    def tinygrad_program() -> Run:
        return compiled(lambda x, y: x + y, (BIG,), (BIG,))

    return Row(
        name="add of 16M",
        torch=torch_program,
        numpy=numpy_program,
        tinygrad=tinygrad_program,
        jax=lambda: jitted(lambda x, y: x + y, (BIG,), (BIG,)),
        bytes=12.0 * BIG,
        goal=1.0,
    )


def sums(dim: int) -> Row:
    def torch_program(torch: Torch, device: str) -> Run:
        x = torch.rand(SIDE, SIDE, device=device)
        return lambda: x.sum(dim)

    def numpy_program() -> Run:
        x = uniform(SIDE, SIDE)
        return lambda: x.sum(dim)

    def tinygrad_program() -> Run:
        return compiled(lambda x: x.sum(dim), (SIDE, SIDE))

    return Row(
        name=f"sum over {('rows', 'columns')[dim]} of {SIDE}x{SIDE}",
        torch=torch_program,
        numpy=numpy_program,
        tinygrad=tinygrad_program,
        jax=lambda: jitted(lambda x: x.sum(dim), (SIDE, SIDE)),
        bytes=4.0 * SIDE * SIDE,
        goal=1.0,
    )


def softmax() -> Row:
    def torch_program(torch: Torch, device: str) -> Run:
        x = torch.rand(ROWS, WIDTH, device=device)
        return lambda: torch.softmax(x, -1)

    def numpy_program() -> Run:
        x = uniform(ROWS, WIDTH)

        def run() -> object:
            exponentials = np.exp(x - x.max(-1, keepdims=True))
            return exponentials / exponentials.sum(-1, keepdims=True)

        return run

    def tinygrad_program() -> Run:
        return compiled(lambda x: x.softmax(-1), (ROWS, WIDTH))

    return Row(
        name=f"softmax {ROWS}x{WIDTH}",
        torch=torch_program,
        numpy=numpy_program,
        tinygrad=tinygrad_program,
        bytes=8.0 * ROWS * WIDTH,
        goal=1.0,
    )


def layer_norm() -> Row:
    def torch_program(torch: Torch, device: str) -> Run:
        x = torch.rand(ROWS, WIDTH, device=device)
        weight, bias = torch.rand(WIDTH, device=device), torch.rand(WIDTH, device=device)
        return lambda: torch.nn.functional.layer_norm(x, (WIDTH,), weight, bias)

    def numpy_program() -> Run:
        x, weight, bias = uniform(ROWS, WIDTH), uniform(WIDTH), uniform(WIDTH)

        def run() -> object:
            centred = x - x.mean(-1, keepdims=True)
            scale = 1 / np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(1e-5))
            return centred * scale * weight + bias

        return run

    def tinygrad_program() -> Run:
        return compiled(
            lambda x, weight, bias: x.layernorm() * weight + bias,
            (ROWS, WIDTH),
            (WIDTH,),
            (WIDTH,),
        )

    return Row(
        name=f"layer_norm {ROWS}x{WIDTH}",
        torch=torch_program,
        numpy=numpy_program,
        tinygrad=tinygrad_program,
        bytes=8.0 * ROWS * WIDTH,
        goal=1.0,
    )


def conv2d() -> Row:
    batch, channels, side = 16, 64, 56
    images, filters = (batch, channels, side, side), (channels, channels, 3, 3)

    def torch_program(torch: Torch, device: str) -> Run:
        x, weight = torch.rand(images, device=device), torch.rand(filters, device=device)
        return lambda: torch.nn.functional.conv2d(x, weight, padding=1)

    def tinygrad_program() -> Run:
        return compiled(lambda x, weight: x.conv2d(weight, padding=1), images, filters)

    return Row(
        name="conv2d 3x3, 16x64x56x56 -> 64",
        torch=torch_program,
        tinygrad=tinygrad_program,
        operations=2.0 * batch * channels * side * side * channels * 9,
        goal=1.0,
    )


def gather() -> Row:
    rows, width, wanted = 50_000, 64, 100_000

    def torch_program(torch: Torch, device: str) -> Run:
        x, index = (
            torch.rand(rows, width, device=device),
            torch.from_numpy(whole_numbers(rows, wanted)),
        )
        index = index.to(device)
        return lambda: x[index]

    def numpy_program() -> Run:
        x, index = uniform(rows, width), whole_numbers(rows, wanted)
        return lambda: x[index]

    def tinygrad_program() -> Run:
        from tinygrad import Tensor

        index = Tensor(whole_numbers(rows, wanted)).realize()
        return compiled(lambda x: x[index], (rows, width))

    return Row(
        name="gather of 100k rows of 64 from 50k",
        torch=torch_program,
        numpy=numpy_program,
        tinygrad=tinygrad_program,
        bytes=8.0 * wanted * width + 8.0 * wanted,
        goal=1.0,
    )


def cumsum(dim: int) -> Row:
    def torch_program(torch: Torch, device: str) -> Run:
        x = torch.rand(SIDE, SIDE, device=device)
        return lambda: x.cumsum(dim)

    def numpy_program() -> Run:
        x = uniform(SIDE, SIDE)
        return lambda: x.cumsum(dim)

    def tinygrad_program() -> Run:
        return compiled(lambda x: x.cumsum(dim), (SIDE, SIDE))

    return Row(
        name=f"cumsum along {('columns', 'rows')[dim]} of {SIDE}x{SIDE}",
        torch=torch_program,
        numpy=numpy_program,
        tinygrad=tinygrad_program,
        jax=lambda: jitted(lambda x: x.cumsum(dim), (SIDE, SIDE)),
        bytes=8.0 * SIDE * SIDE,
        goal=1.0,
    )


def sort() -> Row:
    size = 1_000_000

    def torch_program(torch: Torch, device: str) -> Run:
        x = torch.rand(size, device=device)
        return lambda: x.sort()

    def numpy_program() -> Run:
        x = uniform(size)
        return lambda: np.argsort(x, kind="stable")

    def tinygrad_program() -> Run:
        return compiled(lambda x: x.sort()[0], (size,))

    return Row(
        name="sort of 1M",
        torch=torch_program,
        numpy=numpy_program,
        tinygrad=tinygrad_program,
        jax=lambda: jitted(lambda x: x.argsort(), (size,)),
        bytes=16.0 * size,
    )


def small_operation() -> Row:
    def torch_program(torch: Torch, device: str) -> Run:
        x, y = torch.rand(100, device=device), torch.rand(100, device=device)
        return lambda: x + y

    def numpy_program() -> Run:
        x, y = uniform(100), uniform(100)
        return lambda: x + y

    return Row(name="add of 100", torch=torch_program, numpy=numpy_program, calls=500)


def uniform(*shape: int) -> np.ndarray:
    """Return float32 numbers between 0 and 1."""
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def whole_numbers(end: int, count: int) -> np.ndarray:
    """Return int64 numbers from 0 up to, not including, ``end``."""
    return np.random.default_rng(1).integers(0, end, count)


def compiled(function: Callable[..., object], *shapes: tuple[int, ...]) -> Run:
    """Return a function of tinygrad's that is compiled, applied to tensors of ``shapes``."""
    from tinygrad import Tensor, TinyJit

    inputs = [Tensor(uniform(*shape)).realize() for shape in shapes]
    run = TinyJit(lambda *values: function(*values).realize())
    return lambda: run(*inputs)


def jitted(function: Callable[..., object], *shapes: tuple[int, ...]) -> Run:
    """Return a function of JAX's that is compiled, applied to arrays of ``shapes``."""
    import jax

    inputs = [jax.device_put(uniform(*shape)) for shape in shapes]
    run = jax.jit(function)
    return lambda: jax.block_until_ready(run(*inputs))
