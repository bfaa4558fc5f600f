"""Fit the two-layer network of two_layer_manual.py, made of modules, with a loss module.

``nn.Sequential`` holds the layers and their parameters; the update is still written out.
"""

import argparse

import gnomon as torch

parser = argparse.ArgumentParser(description="Fit a two-layer network made of modules.")
parser.add_argument("--steps", type=int, default=20, help="updates of the parameters")
parser.add_argument("--rate", type=float, default=1e-4, help="step length")
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

for step in range(options.steps):
    loss = loss_function(model(x), y)
    print(f"step {step:3d}  loss {loss.item():.6g}")

    model.zero_grad()
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= options.rate * parameter.grad
