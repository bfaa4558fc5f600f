"""Fit the two-layer network of two_layer_manual.py with gradients from ``backward``.

The updates must not become part of the graph, hence ``no_grad``; ``backward`` adds to
``.grad``, hence ``zero_``.
"""

import argparse

import gnomon as torch

parser = argparse.ArgumentParser(description="Fit a two-layer network with autograd.")
parser.add_argument("--steps", type=int, default=20, help="updates of the weights")
parser.add_argument("--rate", type=float, default=1e-6, help="step length")
options = parser.parse_args()

batch, inputs, hidden, outputs = 64, 1000, 100, 10

torch.manual_seed(0)
x = torch.randn(batch, inputs)
y = torch.randn(batch, outputs)
w1 = torch.randn(inputs, hidden, requires_grad=True)
w2 = torch.randn(hidden, outputs, requires_grad=True)

for step in range(options.steps):
    prediction = x.mm(w1).clamp(min=0).mm(w2)
    loss = (prediction - y).pow(2).sum()
    print(f"step {step:3d}  loss {loss.item():.6g}")

    loss.backward()
    with torch.no_grad():
        for weight in (w1, w2):
            weight -= options.rate * weight.grad
            weight.grad.zero_()
