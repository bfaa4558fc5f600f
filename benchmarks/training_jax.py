"""Whole training steps in JAX, each one ``jit``: functions, Adam and SGD by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from benchmarks.rows import Run, uniform, whole_numbers

if TYPE_CHECKING:
    import jax
    import numpy as np

    Tree: TypeAlias = "jax.Array | list[Tree] | tuple[Tree, ...]"
    #: Of parameters, averages, and data: the loss, and the next averages.
    Loss = Callable[[Tree, Tree, jax.Array, jax.Array], tuple[jax.Array, Tree]]
    #: Of parameters, gradients, and the optimizer's state: the next parameters and state.
    Update = Callable[[Tree, Tree, Tree], tuple[Tree, Tree]]


def network(batch: int, sizes: tuple[int, int, int]) -> Run:
    import jax

    def loss(p: Tree, _: Tree, x: jax.Array, y: jax.Array) -> tuple[jax.Array, Tree]:
        first, second = p
        result = _linear(second, jax.nn.relu(_linear(first, x)))
        return ((result - y) ** 2).mean(), ()

    parameters = [_weights(sizes[1], sizes[0]), _weights(sizes[2], sizes[1])]
    return _adam(loss, parameters, uniform(batch, sizes[0]), uniform(batch, sizes[2]))


def digits(batch: int, classes: int) -> Run:
    import jax

    def loss(p: Tree, _: Tree, x: jax.Array, y: jax.Array) -> tuple[jax.Array, Tree]:
        *convolutions, first, second = p
        for weight, bias in convolutions:
            x = jax.nn.relu(_convolution(x, weight, 1) + bias[:, None, None])
        x = _pooled(x, 2, 2, 0).reshape(batch, -1)
        return _entropy(_linear(second, jax.nn.relu(_linear(first, x))), y), ()

    shapes = ((8, 1, 3, 3), (16, 8, 3, 3), (64, 256), (classes, 64))
    parameters = [_weights(*shape) for shape in shapes]
    return _adam(loss, parameters, uniform(batch, 1, 8, 8), whole_numbers(classes, batch))


def transformer(batch: int, length: int, width: int, heads: int) -> Run:
    import jax
    from jax import numpy as jnp

    def loss(p: Tree, _: Tree, x: jax.Array, y: jax.Array) -> tuple[jax.Array, Tree]:
        first, second, inward, outward, wide, narrow = p
        parts = _linear(inward, _normed(first, x)).reshape(batch, length, 3, heads, -1)
        query, key, value = jnp.moveaxis(parts, 2, 0)
        mixed = jax.nn.dot_product_attention(query, key, value).reshape(x.shape)
        x = x + _linear(outward, mixed)
        hidden = jax.nn.gelu(_linear(wide, _normed(second, x)), approximate=False)
        return ((x + _linear(narrow, hidden) - y) ** 2).mean(), ()

    norms = [(jnp.ones(width), jnp.zeros(width)) for _ in range(2)]
    shapes = ((3 * width, width), (width, width), (4 * width, width), (width, 4 * width))
    parameters = [*norms, *[_weights(*shape) for shape in shapes]]
    data = uniform(batch, length, width)
    return _adam(loss, parameters, data, data + 1)


def resnet18(batch: int, side: int, classes: int) -> Run:
    import jax
    from jax import numpy as jnp

    stages = ((64, 64), (64, 128), (128, 256), (256, 512))
    shapes = [(64, 3, 7, 7)]  # of the convolutions, in the order in which they are used
    for inputs, outputs in stages:
        shapes += [(outputs, inputs, 3, 3), (outputs, outputs, 3, 3)]
        shapes += [(outputs, inputs, 1, 1)] if inputs != outputs else []
        shapes += [(outputs, outputs, 3, 3)] * 2

    def loss(p: Tree, averages: Tree, x: jax.Array, y: jax.Array) -> tuple[jax.Array, Tree]:
        *convolutions, last = p
        layers, renewed = iter(zip(convolutions, averages, strict=True)), []

        def layer(x: jax.Array, stride: int = 1) -> jax.Array:
            (weight, scale, shift), average = next(layers)
            x, average = _batch_normed(_convolution(x, weight, stride), scale, shift, average)
            renewed.append(average)
            return x

        x = _pooled(jax.nn.relu(layer(x, 2)), 3, 2, 1)
        for inputs, outputs in stages:
            stride = outputs // inputs
            body = layer(jax.nn.relu(layer(x, stride)))
            x = jax.nn.relu(body + (layer(x, stride) if inputs != outputs else x))
            x = jax.nn.relu(layer(jax.nn.relu(layer(x))) + x)
        return _entropy(_linear(last, x.mean((2, 3))), y), renewed

    parameters = [(_weight(*s), jnp.ones(s[0]), jnp.zeros(s[0])) for s in shapes]
    averages = [(jnp.zeros(shape[0]), jnp.ones(shape[0])) for shape in shapes]
    images, labels = uniform(batch, 3, side, side), whole_numbers(classes, batch)
    return _sgd(loss, [*parameters, _weights(classes, 512)], averages, images, labels)


def _weight(*shape: int) -> jax.Array:
    from jax import numpy as jnp

    inputs = max(1, len(uniform(*shape)[0].ravel()))
    return jnp.asarray((2 * uniform(*shape) - 1) / inputs**0.5)


def _weights(*shape: int) -> tuple[jax.Array, jax.Array]:
    from jax import numpy as jnp

    return _weight(*shape), jnp.zeros(shape[0])


def _linear(weights: tuple[jax.Array, jax.Array], x: jax.Array) -> jax.Array:
    return x @ weights[0].T + weights[1]


def _convolution(x: jax.Array, weight: jax.Array, stride: int) -> jax.Array:
    from jax import lax

    around = [(weight.shape[2] // 2,) * 2] * 2
    return lax.conv_general_dilated(x, weight, (stride, stride), around)


def _pooled(x: jax.Array, size: int, stride: int, padding: int) -> jax.Array:
    from jax import lax

    around = [(0, 0), (0, 0), (padding, padding), (padding, padding)]
    window, steps = (1, 1, size, size), (1, 1, stride, stride)
    return lax.reduce_window(x, -float("inf"), lax.max, window, steps, around)


def _normed(weights: tuple[jax.Array, jax.Array], x: jax.Array) -> jax.Array:
    from jax import lax

    centred = x - x.mean(-1, keepdims=True)
    scale = lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return centred * scale * weights[0] + weights[1]


def _batch_normed(
    x: jax.Array, scale: jax.Array, shift: jax.Array, average: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    from jax import lax

    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
    unbiased = variance * (x[:, 0].size / (x[:, 0].size - 1))
    renewed = 0.9 * average[0] + 0.1 * mean, 0.9 * average[1] + 0.1 * unbiased
    factor = scale * lax.rsqrt(variance + 1e-5)
    wide = (slice(None), None, None)
    return (x - mean[wide]) * factor[wide] + shift[wide], renewed


def _entropy(scores: jax.Array, labels: jax.Array) -> jax.Array:
    import jax

    chosen = jax.numpy.take_along_axis(jax.nn.log_softmax(scores), labels[:, None], 1)
    return -chosen.mean()


def _adam(loss: Loss, parameters: Tree, x: np.ndarray, y: np.ndarray) -> Run:
    import jax

    def update(p: Tree, gradients: Tree, state: Tree) -> tuple[Tree, Tree]:
        count, first, second = state
        count = count + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
        rate, correction = 1e-3 / (1 - 0.9**count), (1 - 0.999**count) ** 0.5

        def moved(p: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
            return p - rate * m / (v**0.5 / correction + 1e-8)

        return jax.tree.map(moved, p, first, second), (count, first, second)

    state = (jax.numpy.zeros(()), *[_zeros_like(parameters) for _ in range(2)])
    return _run(loss, update, parameters, (), state, x, y)


def _sgd(loss: Loss, parameters: Tree, averages: Tree, x: np.ndarray, y: np.ndarray) -> Run:
    import jax

    def update(p: Tree, gradients: Tree, state: Tree) -> tuple[Tree, Tree]:
        state = jax.tree.map(lambda m, g: 0.9 * m + g, state, gradients)
        return jax.tree.map(lambda p, m: p - 0.01 * m, p, state), state

    return _run(loss, update, parameters, averages, _zeros_like(parameters), x, y)


def _zeros_like(tree: Tree) -> Tree:
    import jax

    return jax.tree.map(jax.numpy.zeros_like, tree)


def _run(
    loss: Loss,
    update: Update,
    parameters: Tree,
    averages: Tree,
    state: Tree,
    x: np.ndarray,
    y: np.ndarray,
) -> Run:
    import jax

    def step(p: Tree, averages: Tree, state: Tree, x: jax.Array, y: jax.Array) -> Tree:
        graded = jax.value_and_grad(loss, has_aux=True)
        (value, averages), gradients = graded(p, averages, x, y)
        return *update(p, gradients, state), averages, value

    compiled = jax.jit(step, donate_argnums=(0, 1, 2))
    data = jax.device_put((x, y))

    def run() -> object:
        nonlocal parameters, averages, state
        results = compiled(parameters, averages, state, *data)
        parameters, state, averages, value = jax.block_until_ready(results)
        return value

    return run
