"""What optimizers are tried on: a small problem, posed alike to gnomon and to PyTorch."""

from __future__ import annotations

from types import ModuleType

from gnomon import Tensor

#: An optimizer, and its options as they are written in a call.
CASES = [
    "SGD()",
    "SGD(lr=0.1)",
    "SGD(lr=0.1, weight_decay=0.3)",
    "SGD(lr=0.02, maximize=True)",
    "SGD(lr=0.1, momentum=0.9)",
    "SGD(lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.1)",
    "SGD(lr=0.1, momentum=0.9, dampening=0.5, foreach=True)",
    "SGD(lr=0.1, momentum=0.5, fused=True)",
    "SGD(lr=t.tensor(0.1), momentum=0.5)",
    "Adam()",
    "Adam(lr=0.1, betas=(0.8, 0.95), eps=1e-3)",
    "Adam(lr=0.02, weight_decay=0.2, maximize=True)",
    "Adam(lr=0.1, amsgrad=True, foreach=True)",
    "Adam(lr=0.1, weight_decay=0.2, decoupled_weight_decay=True)",
    "Adam(lr=t.tensor(0.1, dtype=t.float64), betas=(t.tensor(0.8, dtype=t.float64),) * 2)",
    "Adam(lr=0.1, fused=True)",
    "AdamW()",
    "AdamW(lr=0.1, weight_decay=0.2, amsgrad=True)",
]

STEPS = 6


def parameters(t: ModuleType, dtype: str = "float32") -> list[Tensor]:
    """Return a matrix, a vector and a scalar to optimize."""
    values = ([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]], [1.0, -2.0], 0.3)
    return [t.tensor(v, dtype=getattr(t, dtype), requires_grad=True) for v in values]


def loss_of(weights: list[Tensor]) -> Tensor:
    """Return a loss that is neither quadratic nor separable, with gradients of either sign."""
    matrix, vector, scalar = weights
    rows = (matrix * matrix).sum(1) * 0.3 * vector
    return ((rows - scalar) * (rows - scalar)).mean() + (vector * scalar).sum()


def train(t: ModuleType, case: str, dtype: str) -> tuple[list[Tensor], list[float]]:
    """Return the parameters after some steps, and the loss before each of them."""
    weights = parameters(t, dtype)
    name, _, options = case.partition("(")
    optimizer = eval(f"t.optim.{name}(weights, {options}", {"t": t, "weights": weights})
    losses = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = loss_of(weights)
        loss.backward()
        losses.append(float(loss.item()))
        return loss

    for _ in range(STEPS):
        optimizer.step(closure)
    return weights, losses
