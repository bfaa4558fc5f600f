"""What optimizers are tried on: a small problem, posed alike to gnomon and to PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from gnomon import Tensor
from gnomon.optim import Optimizer

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
    "Adamax()",
    "Adamax(lr=0.1, betas=(0.7, 0.8), eps=0.01, weight_decay=0.1)",
    "Adamax(lr=0.02, maximize=True)",
    "NAdam()",
    "NAdam(lr=0.1, betas=(0.7, 0.9), weight_decay=0.1, momentum_decay=0.1)",
    "NAdam(lr=t.tensor(0.05, dtype=t.float64), decoupled_weight_decay=True, weight_decay=0.5)",
    "RAdam()",
    "RAdam(lr=0.1, betas=(0.6, 0.9), weight_decay=0.1)",
    "RAdam(lr=0.1, betas=(0.9, 0.8), weight_decay=0.3, decoupled_weight_decay=True)",
    "RAdam(lr=0.02, maximize=True)",
    "RMSprop()",
    "RMSprop(lr=0.02, alpha=0.8, eps=0.1, weight_decay=0.3)",
    "RMSprop(lr=0.02, alpha=0.8, centered=True)",
    "RMSprop(lr=0.01, momentum=0.9)",
    "RMSprop(lr=0.01, momentum=0.5, centered=True, maximize=True, eps=0.01)",
    "Adagrad()",
    "Adagrad(lr=0.2, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.3)",
    "Adagrad(lr=0.1, eps=0.1, maximize=True)",
    "Adadelta()",
    "Adadelta(lr=3.0, rho=0.7, eps=1e-2, weight_decay=0.1)",
    "Adadelta(lr=t.tensor(0.5), maximize=True)",
    "Rprop()",
    "Rprop(lr=0.3, etas=(0.3, 1.5), step_sizes=(0.05, 0.5))",
    "Rprop(lr=0.05, maximize=True)",
    "ASGD()",
    "ASGD(lr=0.1, lambd=0.1, alpha=0.5, t0=2, weight_decay=0.1)",
    "ASGD(lr=0.005, t0=0, maximize=True)",
    "Adafactor()",
    "Adafactor(lr=0.5, beta2_decay=-0.3, d=1.5, weight_decay=0.1)",
    "Adafactor(lr=0.5, eps=(0.1, 0.5), maximize=True)",
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


def bowl(weights: list[Tensor]) -> Tensor:
    """Return a loss with one minimum, curved differently along each parameter."""
    matrix, vector, scalar = weights
    steep = (matrix * matrix).sum() * scalar * scalar + (vector - 1).abs().pow(3).sum()
    return steep + (scalar - 2).cosh() + 0.1 * (matrix - 1).pow(4).sum()


def optimizer_of(
    t: ModuleType, case: str, weights: list[Tensor], lr: Tensor | None = None
) -> Optimizer:
    """Return the optimizer that ``case`` describes; it may speak of ``t`` and ``lr``."""
    name, _, options = case.partition("(")
    optimizer = eval(
        f"t.optim.{name}(weights, {options}", {"t": t, "weights": weights, "lr": lr}
    )
    assert isinstance(optimizer, t.optim.Optimizer)
    return optimizer


def train_on(
    optimizer: Optimizer,
    weights: list[Tensor],
    steps: int,
    loss_of: Callable[[list[Tensor]], Tensor],
) -> list[float]:
    """Take steps; return the loss at every evaluation."""
    losses = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = loss_of(weights)
        loss.backward()
        losses.append(float(loss.item()))
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    return losses


def train(
    t: ModuleType,
    case: str,
    dtype: str,
    steps: int = STEPS,
    loss_of: Callable[[list[Tensor]], Tensor] = loss_of,
) -> tuple[list[Tensor], list[float]]:
    """Return the parameters after some steps, and the loss at every evaluation."""
    weights = parameters(t, dtype)
    return weights, train_on(optimizer_of(t, case, weights), weights, steps, loss_of)
