"""Fit the two-layer network of two_layer_nn.py with an optimizer from ``optim``."""

import argparse

import gnomon as torch

parser = argparse.ArgumentParser(description="Fit a two-layer network with Adam.")
parser.add_argument("--steps", type=int, default=20, help="updates of the parameters")
parser.add_argument("--rate", type=float, default=1e-3, help="learning rate")
options = parser.parse_args()

batch, inputs, hidden, outputs = 64, 1000, 100, 10

torch.manual_seed(0)
x = torch.randn(batch, inputs)
y = torch.randn(batch, outputs)
model = torch.nn.Sequential(
    torch.nn.Linear(inputs, hidden),
    torch.nn.ReLU(),
    torch.nn.Linear(hidden, outputs),
)
loss_function = torch.nn.MSELoss(reduction="sum")
optimizer = torch.optim.Adam(model.parameters(), lr=options.rate)

for step in range(options.steps):
    loss = loss_function(model(x), y)
    print(f"step {step:3d}  loss {loss.item():.6g}")

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
