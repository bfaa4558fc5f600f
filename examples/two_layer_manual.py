"""Fit a two-layer network to random numbers, every gradient written by hand.

The network is ``relu(x @ w1) @ w2``, the loss the sum of squared differences. Nothing here
knows of automatic differentiation: the derivatives of the lines follow them in reverse order.
"""

import argparse

import gnomon as torch

parser = argparse.ArgumentParser(description="Fit a two-layer network with manual gradients.")
parser.add_argument("--steps", type=int, default=20, help="updates of the weights")
parser.add_argument("--rate", type=float, default=1e-6, help="step length")
options = parser.parse_args()

batch, inputs, hidden, outputs = 64, 1000, 100, 10

torch.manual_seed(0)
x = torch.randn(batch, inputs)
y = torch.randn(batch, outputs)
w1 = torch.randn(inputs, hidden)
w2 = torch.randn(hidden, outputs)

for step in range(options.steps):
    h = x.mm(w1)
    h_relu = h.clamp(min=0)
    prediction = h_relu.mm(w2)
    difference = prediction - y
    loss = difference.pow(2).sum()
    print(f"step {step:3d}  loss {loss.item():.6g}")

    grad_prediction = 2.0 * difference
    grad_w2 = h_relu.t().mm(grad_prediction)
    grad_h = grad_prediction.mm(w2.t())
    grad_h[h < 0] = 0
    grad_w1 = x.t().mm(grad_h)

    w1 -= options.rate * grad_w1
    w2 -= options.rate * grad_w2
