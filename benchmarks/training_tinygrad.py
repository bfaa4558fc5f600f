"""Whole training steps in tinygrad, each one TinyJit."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.rows import Run, uniform, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from tinygrad import Tensor

    Layer = Callable[[Tensor], Tensor]
    Loss = Callable[[Tensor, Tensor], Tensor]


def network(batch: int, sizes: tuple[int, int, int]) -> Run:
    from tinygrad import nn

    first, second = [nn.Linear(*pair) for pair in pairwise(sizes)]

    def loss(x: Tensor, y: Tensor) -> Tensor:
        return (second(first(x).relu()) - y).square().mean()

    return _step([first, second], loss, uniform(batch, sizes[0]), uniform(batch, sizes[2]))


def digits(batch: int, classes: int) -> Run:
    from tinygrad import Tensor, nn

    layers: list[Layer] = [
        nn.Conv2d(1, 8, 3, padding=1),
        Tensor.relu,
        nn.Conv2d(8, 16, 3, padding=1),
        Tensor.relu,
        Tensor.max_pool2d,
        lambda x: x.flatten(1),
        nn.Linear(256, 64),
        Tensor.relu,
        nn.Linear(64, classes),
    ]
    return _classified(layers, uniform(batch, 1, 8, 8), classes)


def transformer(batch: int, length: int, width: int, heads: int) -> Run:
    from tinygrad import nn

    norms = first, second = nn.LayerNorm(width), nn.LayerNorm(width)
    inward, outward = nn.Linear(width, 3 * width), nn.Linear(width, width)
    wide, narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        parts = inward(first(x)).reshape(batch, length, 3, heads, width // heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).chunk(3)
        mixed = query[0].scaled_dot_product_attention(key[0], value[0])
        z = x + outward(mixed.transpose(1, 2).reshape(batch, length, width))
        z = z + narrow(wide(second(z)).gelu(approximate="none"))
        return (z - y).square().mean()

    x, y = uniform(batch, length, width), uniform(batch, length, width)
    return _step([*norms, inward, outward, wide, narrow], loss, x, y)


def resnet18(batch: int, side: int, classes: int) -> Run:
    from tinygrad import Tensor, nn

    def convolution(inputs: int, outputs: int, size: int, stride: int) -> list[Layer]:
        padding = size // 2
        layer = nn.Conv2d(inputs, outputs, size, stride, padding, bias=False)
        return [layer, nn.BatchNorm(outputs)]

    class Block:
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            first = convolution(inputs, outputs, 3, stride)
            self.body = [*first, Tensor.relu, *convolution(outputs, outputs, 3, 1)]
            self.around = [] if inputs == outputs else convolution(inputs, outputs, 1, stride)

        def __call__(self, x: Tensor) -> Tensor:
            return (x.sequential(self.body) + x.sequential(self.around)).relu()

    blocks: list[Layer] = []
    for inputs, outputs in ((64, 64), (64, 128), (128, 256), (256, 512)):
        blocks += [Block(inputs, outputs, outputs // inputs), Block(outputs, outputs, 1)]
    layers = [
        *convolution(3, 64, 7, 2),
        Tensor.relu,
        lambda x: x.max_pool2d((3, 3), stride=2, padding=1),
        *blocks,
        lambda x: x.mean((2, 3)),
        nn.Linear(512, classes),
    ]
    return _classified(layers, uniform(batch, 3, side, side), classes, momentum=0.9)


def _classified(
    layers: list[Layer], x: np.ndarray, classes: int, momentum: float | None = None
) -> Run:
    def loss(x: Tensor, labels: Tensor) -> Tensor:
        return x.sequential(layers).sparse_categorical_crossentropy(labels)

    return _step(layers, loss, x, whole_numbers(classes, len(x)), momentum)


def _step(
    model: object, loss_of: Loss, x: np.ndarray, y: np.ndarray, momentum: float | None = None
) -> Run:
    """Return a step of Adam, or of SGD if there is a ``momentum``."""
    from tinygrad import Tensor, TinyJit, nn
    from tinygrad.helpers import Context

    parameters = nn.state.get_parameters(model)
    if momentum is None:
        optimizer = nn.optim.Adam(parameters)
    else:
        optimizer = nn.optim.SGD(parameters, lr=0.01, momentum=momentum)

    def step(x: Tensor, y: Tensor) -> Tensor:
        with Context(TRAINING=1):
            optimizer.zero_grad()
            loss = loss_of(x, y)
            loss.backward()
            return loss.realize(*optimizer.schedule_step())

    run = TinyJit(step)
    given = Tensor(x).realize(), Tensor(y).realize()
    return lambda: run(*given)
