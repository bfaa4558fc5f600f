"""The gradient of 2 x x + 3, with the cotangent given explicitly.

A result that is not one number has no gradient of its own: ``backward`` wants the weight of
each of its elements, and gives the gradient of the weighted sum.
"""

import gnomon as torch

x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
y = 2 * x * x + 3
print(y)

cotangent = torch.tensor([[1.0, 0.1, 0.01], [1.0, 1.0, 0.0]])
y.backward(cotangent, retain_graph=True)
print(x.grad)

# Gradients add up until they are cleared.
y.backward(torch.ones_like(y))
print(x.grad)
x.grad.zero_()

# The same without touching .grad, and the derivative of the derivative.
(first,) = torch.autograd.grad((2 * x * x + 3).sum(), x, create_graph=True)
(second,) = torch.autograd.grad(first, x, torch.ones_like(first))
print(first)
print(second)

try:
    (2 * x * x + 3).backward()
except RuntimeError:
    print("a result of six elements needs a cotangent")
