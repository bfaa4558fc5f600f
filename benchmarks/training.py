"""Rows of whole training steps: forward, backward and a step of Adam."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.rows import Row, Run, uniform

if TYPE_CHECKING:
    import torch as Torch


def network() -> Row:
    batch, sizes = 64, (1000, 100, 10)

    def torch_program(torch: Torch, device: str) -> Run:
        model = torch.nn.Sequential(
            torch.nn.Linear(sizes[0], sizes[1]),
            torch.nn.ReLU(),
            torch.nn.Linear(sizes[1], sizes[2]),
        ).to(device)
        x = torch.rand(batch, sizes[0], device=device)
        y = torch.rand(batch, sizes[2], device=device)
        return _step(torch, model, x, y)

    def tinygrad_program() -> Run:
        from tinygrad import Tensor, TinyJit, nn
        from tinygrad.helpers import Context

        first, second = nn.Linear(sizes[0], sizes[1]), nn.Linear(sizes[1], sizes[2])
        optimizer = nn.optim.Adam([first.weight, first.bias, second.weight, second.bias])
        x, y = Tensor(uniform(batch, sizes[0])), Tensor(uniform(batch, sizes[2]))

        def step(x: Tensor, y: Tensor) -> Tensor:
            with Context(TRAINING=1):
                optimizer.zero_grad()
                loss = (second(first(x).relu()) - y).square().mean()
                loss.backward()
                return loss.realize(*optimizer.schedule_step())

        run = TinyJit(step)
        x, y = x.realize(), y.realize()
        return lambda: run(x, y)

    return Row(
        name="training step, 1000-100-10, batch 64",
        torch=torch_program,
        tinygrad=tinygrad_program,
        operations=6.0 * batch * (sizes[0] * sizes[1] + sizes[1] * sizes[2]),
    )


def transformer() -> Row:
    batch, length, width, heads, layers = 8, 128, 256, 4, 2

    def torch_program(torch: Torch, device: str) -> Run:
        nn, functional = torch.nn, torch.nn.functional

        class Block(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
                self.inward, self.outward = (
                    nn.Linear(width, 3 * width),
                    nn.Linear(width, width),
                )
                self.wide, self.narrow = (
                    nn.Linear(width, 4 * width),
                    nn.Linear(4 * width, width),
                )

            def forward(self, x: Torch.Tensor) -> Torch.Tensor:
                parts = self.inward(self.first(x)).view(batch, length, 3, heads, width // heads)
                query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
                mixed = functional.scaled_dot_product_attention(query, key, value)
                x = x + self.outward(mixed.transpose(1, 2).reshape(batch, length, width))
                return x + self.narrow(functional.gelu(self.wide(self.second(x))))

        model = nn.Sequential(*[Block() for _ in range(layers)]).to(device)
        x = torch.rand(batch, length, width, device=device)
        return _step(torch, model, x, torch.rand(batch, length, width, device=device))

    return Row(
        name="training step, 2 transformer blocks, 8x128x256",
        torch=torch_program,
        operations=6.0 * layers * batch * length * (12 * width * width + 2 * length * width),
    )


def _step(torch: Torch, model: Torch.nn.Module, x: Torch.Tensor, y: Torch.Tensor) -> Run:
    optimizer = torch.optim.Adam(model.parameters())

    def run() -> object:
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return run
