"""Fit the two-layer network of two_layer_manual.py with a ReLU that brings its own derivative.

A ``Function`` has a forward pass, which keeps what the backward pass will need, and a backward
pass, which makes the gradient of the input from the gradient of the output.
"""

import argparse

import gnomon as torch

parser = argparse.ArgumentParser(description="Fit a two-layer network with a custom function.")
parser.add_argument("--steps", type=int, default=20, help="updates of the weights")
parser.add_argument("--rate", type=float, default=1e-6, help="step length")
options = parser.parse_args()


class ReLU(torch.autograd.Function):
    """``max(x, 0)``; its derivative is taken to be 1 at 0, as ``clamp`` has it."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        grad_x = grad_output.clone()
        grad_x[x < 0] = 0
        return grad_x


batch, inputs, hidden, outputs = 64, 1000, 100, 10

torch.manual_seed(0)
x = torch.randn(batch, inputs)
y = torch.randn(batch, outputs)
w1 = torch.randn(inputs, hidden, requires_grad=True)
w2 = torch.randn(hidden, outputs, requires_grad=True)

for step in range(options.steps):
    prediction = ReLU.apply(x.mm(w1)).mm(w2)
    loss = (prediction - y).pow(2).sum()
    print(f"step {step:3d}  loss {loss.item():.6g}")

    loss.backward()
    with torch.no_grad():
        for weight in (w1, w2):
            weight -= options.rate * weight.grad
            weight.grad.zero_()
