"""Fit a module of one's own: two linear layers side by side, whose results are multiplied.

A product of two linear functions can follow a parabola, which none of them can alone.
"""

import argparse

import gnomon as torch

parser = argparse.ArgumentParser(description="Fit a product of two linear layers.")
parser.add_argument("--steps", type=int, default=200, help="updates of the parameters")
parser.add_argument("--rate", type=float, default=0.05, help="learning rate")
options = parser.parse_args()


class Product(torch.nn.Module):
    """``first(x) * second(x)``."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.first = torch.nn.Linear(inputs, outputs)
        self.second = torch.nn.Linear(inputs, outputs)

    def forward(self, x):
        return self.first(x) * self.second(x)


torch.manual_seed(0)
x = torch.linspace(-1, 1, 50).unsqueeze(1)
y = 2 * x * x - x - 0.5
model = Product(1, 1)
print(model)
loss_function = torch.nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=options.rate, momentum=0.9)

for step in range(options.steps):
    loss = loss_function(model(x), y)
    if step % 20 == 0:
        print(f"step {step:3d}  loss {loss.item():.4f}")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

for name, parameter in model.named_parameters():
    print(f"{name:14} {parameter.item():.2f}")
