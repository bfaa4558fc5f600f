"""Rows of several operations, for compilers to fuse: a chain, and functions with gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from benchmarks.rows import (
    BIG,
    ROWS,
    WIDTH,
    Row,
    Run,
    compiled,
    jitted,
    uniform,
    whole_numbers,
)

if TYPE_CHECKING:
    import jax
    import torch as Torch

Shape: TypeAlias = tuple[int, ...]
#: Of tensors or arrays of some library.
Function: TypeAlias = Callable[..., Any]


def chain() -> Row:
    def torch_program(torch: Torch, device: str) -> Run:
        x, a, b = (torch.rand(BIG, device=device) for _ in range(3))
        return lambda: (x * a + b).sigmoid() * x + 0.5 * x.tanh()

    def numpy_program() -> Run:
        x, a, b = uniform(BIG), uniform(BIG), uniform(BIG)
        return lambda: 1 / (1 + np.exp(-(x * a + b))) * x + np.float32(0.5) * np.tanh(x)

    def tinygrad_program() -> Run:
        return compiled(
            lambda x, a, b: (x * a + b).sigmoid() * x + 0.5 * x.tanh(), *[(BIG,)] * 3
        )

    def jax_program() -> Run:
        import jax

        return jitted(
            lambda x, a, b: jax.nn.sigmoid(x * a + b) * x + 0.5 * jax.numpy.tanh(x),
            *[(BIG,)] * 3,
        )

    return Row(
        name="(x*a+b).sigmoid()*x + 0.5*x.tanh(), 16M",
        torch=torch_program,
        numpy=numpy_program,
        tinygrad=tinygrad_program,
        jax=jax_program,
        compiled=True,
        bytes=16.0 * BIG,
        goal=1.5,
        rival="torch.compile",
    )


def softmax() -> Row:
    def in_jax() -> Function:
        import jax

        return jax.nn.softmax

    return _both_ways(
        f"softmax {ROWS}x{WIDTH}",
        [(ROWS, WIDTH)],
        lambda torch, device: lambda x: torch.softmax(x, -1),
        lambda: lambda x: x.softmax(-1),
        in_jax,
        bytes=12.0 * ROWS * WIDTH,
    )


def layer_norm() -> Row:
    def in_jax() -> Function:
        import jax

        def function(x: jax.Array, weight: jax.Array, bias: jax.Array) -> jax.Array:
            centred = x - x.mean(-1, keepdims=True)
            scale = jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
            return centred * scale * weight + bias

        return function

    return _both_ways(
        f"layer_norm {ROWS}x{WIDTH}",
        [(ROWS, WIDTH), (WIDTH,), (WIDTH,)],
        lambda torch, device: (
            lambda x, *weights: torch.nn.functional.layer_norm(x, (WIDTH,), *weights)
        ),
        lambda: lambda x, weight, bias: x.layernorm() * weight + bias,
        in_jax,
        bytes=12.0 * ROWS * WIDTH,
    )


def cross_entropy() -> Row:
    def in_torch(torch: Torch, device: str) -> Function:
        labels = torch.from_numpy(whole_numbers(WIDTH, ROWS)).to(device)
        return lambda x: torch.nn.functional.cross_entropy(x, labels)

    def in_tinygrad() -> Function:
        from tinygrad import Tensor

        labels = Tensor(whole_numbers(WIDTH, ROWS)).realize()
        return lambda x: x.sparse_categorical_crossentropy(labels)

    def in_jax() -> Function:
        import jax

        labels = whole_numbers(WIDTH, ROWS)[:, None]
        logarithms, chosen = jax.nn.log_softmax, jax.numpy.take_along_axis
        return lambda x: -chosen(logarithms(x), labels, 1).mean()

    return _both_ways(
        f"cross_entropy {ROWS}x{WIDTH}",
        [(ROWS, WIDTH)],
        in_torch,
        in_tinygrad,
        in_jax,
        bytes=8.0 * ROWS * WIDTH,
    )


def attention() -> Row:
    batch, heads, length, width = shape = 8, 4, 512, 64

    def in_jax() -> Function:
        import jax

        def function(*parts: jax.Array) -> jax.Array:
            turned = [part.swapaxes(1, 2) for part in parts]
            return jax.nn.dot_product_attention(*turned).swapaxes(1, 2)

        return function

    return _both_ways(
        f"attention {batch}x{heads}x{length}x{width}",
        [shape] * 3,
        lambda torch, device: torch.nn.functional.scaled_dot_product_attention,
        lambda: lambda query, key, value: query.scaled_dot_product_attention(key, value),
        in_jax,
        operations=12.0 * batch * heads * length * length * width,  # six products
    )


def _both_ways(
    name: str,
    shapes: Sequence[Shape],
    in_torch: Callable[[Torch, str], Function],
    in_tinygrad: Callable[[], Function],
    in_jax: Callable[[], Function],
    *,
    operations: float = 0,
    bytes: float = 0,
) -> Row:
    """Return the row of a function's result and gradients, of tensors of ``shapes``."""

    def torch_program(torch: Torch, device: str) -> Run:
        function = in_torch(torch, device)
        given = [torch.rand(shape, device=device, requires_grad=True) for shape in shapes]
        cotangent = torch.rand_like(function(*given))

        def run() -> object:
            result = function(*given)
            return result.detach(), torch.autograd.grad(result, given, cotangent)

        return run

    def tinygrad_program() -> Run:
        from tinygrad import Tensor, TinyJit

        function = in_tinygrad()
        given = [Tensor(uniform(*shape)).realize() for shape in shapes]
        cotangent = Tensor.rand(*function(*given).shape).realize()

        def both(*given: Tensor) -> Tensor:
            result = function(*given)
            return result.realize(*result.gradient(*given, gradient=cotangent))

        run = TinyJit(both)
        return lambda: run(*given)

    def jax_program() -> Run:
        import jax

        function = in_jax()
        given = [jax.device_put(uniform(*shape)) for shape in shapes]
        cotangent = jax.device_put(uniform(*function(*given).shape))

        def both(*given: jax.Array) -> object:
            result, backward = jax.vjp(function, *given)
            return result, backward(cotangent)

        run = jax.jit(both)
        return lambda: jax.block_until_ready(run(*given))

    return Row(
        name=f"{name}, forward + backward",
        torch=torch_program,
        tinygrad=tinygrad_program,
        jax=jax_program,
        compiled=True,
        operations=operations,
        bytes=bytes,
        goal=1.2,
    )
