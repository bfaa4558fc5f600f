"""Rows of whole training steps: forward, backward and a step of the optimizer.

The programs of gnomon and PyTorch are here, those of tinygrad and JAX in files of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import training_jax, training_tinygrad
from benchmarks.rows import Row, Run, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch as Torch

    Loss = Callable[[], Torch.Tensor]

BATCH = 64
CLASSES = 10
#: Inputs and hidden units of the small network, which grows, and how many steps are timed as
#: one; it has 10 results.
NETWORKS = ((250, 25, 50), (1000, 100, 20), (4000, 400, 5), (16000, 1600, 1))


def network(inputs: int, hidden: int, calls: int) -> Row:
    def torch_program(torch: Torch, device: str) -> Run:
        nn = torch.nn
        with torch.device(device):
            layers = nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, CLASSES)
        model = nn.Sequential(*layers)
        x, y = torch.rand(BATCH, inputs, device=device), torch.rand(BATCH, CLASSES).to(device)
        return _step(torch.optim.Adam(model.parameters()), _error(torch, model, x, y))

    return Row(
        name=f"training step, {inputs}-{hidden}-{CLASSES}, batch {BATCH}",
        torch=torch_program,
        tinygrad=lambda: training_tinygrad.network(BATCH, (inputs, hidden, CLASSES)),
        jax=lambda: training_jax.network(BATCH, (inputs, hidden, CLASSES)),
        compiled=True,
        operations=6.0 * BATCH * (inputs * hidden + hidden * CLASSES),
        goal=1.5 if inputs == 1000 else None,
        calls=calls,
    )


def digits() -> Row:
    def torch_program(torch: Torch, device: str) -> Run:
        nn = torch.nn
        model = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(256, 64),
            nn.ReLU(),
            nn.Linear(64, CLASSES),
        ).to(device)
        x = torch.rand(BATCH, 1, 8, 8, device=device)
        entropy = _entropy(torch, model, x, device)
        return _step(torch.optim.Adam(model.parameters()), entropy)

    products = 64 * 8 * 9 + 64 * 16 * 8 * 9 + 256 * 64 + 64 * CLASSES
    return Row(
        name=f"training step, digits CNN, batch {BATCH}",
        torch=torch_program,
        tinygrad=lambda: training_tinygrad.digits(BATCH, CLASSES),
        jax=lambda: training_jax.digits(BATCH, CLASSES),
        compiled=True,
        operations=6.0 * BATCH * products,
        goal=1.2,
        calls=10,
    )


def transformer() -> Row:
    batch, length, width, heads = shape = 8, 128, 256, 4

    def torch_program(torch: Torch, device: str) -> Run:
        nn, functional = torch.nn, torch.nn.functional

        class Block(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
                self.inward = nn.Linear(width, 3 * width)
                self.outward = nn.Linear(width, width)
                self.wide = nn.Linear(width, 4 * width)
                self.narrow = nn.Linear(4 * width, width)

            def forward(self, x: Torch.Tensor) -> Torch.Tensor:
                parts = self.inward(self.first(x)).view(batch, length, 3, heads, width // heads)
                query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
                mixed = functional.scaled_dot_product_attention(query, key, value)
                x = x + self.outward(mixed.transpose(1, 2).reshape(batch, length, width))
                return x + self.narrow(functional.gelu(self.wide(self.second(x))))

        model = Block().to(device)
        x, y = (torch.rand(batch, length, width, device=device) for _ in range(2))
        return _step(torch.optim.Adam(model.parameters()), _error(torch, model, x, y))

    return Row(
        name=f"training step, transformer block, {batch}x{length}x{width}",
        torch=torch_program,
        tinygrad=lambda: training_tinygrad.transformer(*shape),
        jax=lambda: training_jax.transformer(*shape),
        compiled=True,
        operations=6.0 * batch * length * (12 * width * width + 2 * length * width),
        goal=1.2,
        calls=5,
    )


def resnet18() -> Row:
    batch, side, classes = 8, 64, 1000

    def torch_program(torch: Torch, device: str) -> Run:
        with torch.device(device):
            model = _resnet18(torch, classes)
        x = torch.rand(batch, 3, side, side, device=device)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        return _step(optimizer, _entropy(torch, model, x, device, classes))

    products = 148_557_824  # an image of 64x64, in convolutions and the last layer
    return Row(
        name=f"training step, ResNet-18, {batch} of {side}x{side}",
        torch=torch_program,
        tinygrad=lambda: training_tinygrad.resnet18(batch, side, classes),
        jax=lambda: training_jax.resnet18(batch, side, classes),
        compiled=True,
        operations=6.0 * batch * products,
        goal=1.0,
        calls=3,
    )


def _resnet18(torch: Torch, classes: int) -> Torch.nn.Module:
    """Return the network of He et al., "Deep Residual Learning", 2015."""
    nn = torch.nn

    def convolution(inputs: int, outputs: int, size: int, stride: int) -> list[Torch.nn.Module]:
        padding = size // 2
        layer = nn.Conv2d(inputs, outputs, size, stride, padding, bias=False)
        return [layer, nn.BatchNorm2d(outputs)]

    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            first = convolution(inputs, outputs, 3, stride)
            self.body = nn.Sequential(*first, nn.ReLU(), *convolution(outputs, outputs, 3, 1))
            around = [] if inputs == outputs else convolution(inputs, outputs, 1, stride)
            self.around = nn.Sequential(*around)

        def forward(self, x: Torch.Tensor) -> Torch.Tensor:
            return torch.relu(self.body(x) + self.around(x))

    blocks = []
    for inputs, outputs in ((64, 64), (64, 128), (128, 256), (256, 512)):
        blocks += [Block(inputs, outputs, outputs // inputs), Block(outputs, outputs, 1)]
    beginning = [*convolution(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes)]
    return nn.Sequential(*beginning, *blocks, *end)


def _error(torch: Torch, model: Torch.nn.Module, x: Torch.Tensor, y: Torch.Tensor) -> Loss:
    return lambda: torch.nn.functional.mse_loss(model(x), y)


def _entropy(
    torch: Torch, model: Torch.nn.Module, x: Torch.Tensor, device: str, classes: int = CLASSES
) -> Loss:
    labels = torch.from_numpy(whole_numbers(classes, len(x))).to(device)
    return lambda: torch.nn.functional.cross_entropy(model(x), labels)


def _step(optimizer: Torch.optim.Optimizer, loss_of: Loss) -> Run:
    def run() -> object:
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        return loss

    return run
