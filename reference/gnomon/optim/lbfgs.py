"""L-BFGS: steps along a direction that the gradients so far say the minimum lies in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypedDict, TypeVar, cast, final

from gnomon.errors import explain
from gnomon.graph.modes import enable_grad, no_grad
from gnomon.ops.joining import cat
from gnomon.optim.checks import Number, check_rate
from gnomon.optim.groups import Parameters, parameters_of
from gnomon.optim.line_search import Point, Search, strong_wolfe
from gnomon.optim.optimizer import Optimizer
from gnomon.optim.per_parameter import scalar
from gnomon.tensor import Tensor

__all__ = ["LBFGS"]

R = TypeVar("R")


class LBFGSOptions(TypedDict):
    lr: Number
    max_iter: int
    max_eval: int
    tolerance_grad: float
    tolerance_change: float
    history_size: int
    line_search_fn: str | None


class LBFGSState(TypedDict, total=False):
    """What is remembered, under the first parameter, in the words of PyTorch's state dicts."""

    func_evals: int
    n_iter: int
    #: The last direction and how far along it the last step went.
    d: Tensor
    t: float
    #: Changes of the gradient and of the parameters in earlier steps, 1 over their products.
    old_dirs: list[Tensor]
    old_stps: list[Tensor]
    ro: list[Tensor]
    #: The first estimate of the inverse of the second derivative, a multiple of one.
    H_diag: Number
    al: list[Tensor | None]
    prev_flat_grad: Tensor
    prev_loss: float


class LBFGS(Optimizer):
    """L-BFGS: a quasi-Newton method that remembers ``history_size`` steps.

    A call of ``step`` takes up to ``max_iter`` iterations and ``max_eval`` evaluations of the
    closure, which is required, until no element of the gradient is above ``tolerance_grad``, or
    neither loss nor parameters change by more than ``tolerance_change``. ``line_search_fn`` is
    None, for steps of length ``lr``, or "strong_wolfe". There is one group of parameters.

    Raises ValueError for more groups or a negative ``lr``, RuntimeError in ``step`` for another
    line search. Liu and Nocedal, "On the limited memory BFGS method for large scale
    optimization", 1989.

    >>> import gnomon as torch
    >>> p = torch.tensor([1.0, -3.0], requires_grad=True)
    >>> optimizer = LBFGS([p], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((p - 2) ** 2).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)
    tensor(26., grad_fn=<SumBackward0>)
    >>> p
    tensor([2.0000, 2.0000], requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: Number = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_rate("LBFGS", lr)
        defaults: dict[str, object] = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError(
                explain(
                    "LBFGS",
                    "LBFGS doesn't support per-parameter options (parameter groups)",
                    remedy="Give all parameters in one list",
                )
            )

    def step(  # type: ignore[override]  # the loss is computed several times in one step
        self, closure: Callable[[], R]
    ) -> R:
        """Minimize the loss that ``closure`` computes; return what its first call returned."""
        with no_grad():
            return self._minimize(closure)

    def _minimize(self, closure: Callable[[], R]) -> R:
        options = cast("LBFGSOptions", self.param_groups[0])
        objective = Objective(parameters_of(self.param_groups[0]), closure)
        state = cast("LBFGSState", self.state[objective.parameters[0]])
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        result, loss, gradient = objective.evaluate()
        evaluations = 1
        state["func_evals"] += 1
        if _largest(gradient) <= options["tolerance_grad"]:
            return result
        for iteration in range(1, options["max_iter"] + 1):
            state["n_iter"] += 1
            direction = state["d"] = _direction(state, gradient, options["history_size"])
            state["prev_flat_grad"], state["prev_loss"] = gradient, loss
            slope = float(gradient.dot(direction).item())
            state["t"] = distance = _first_distance(state, gradient, options)
            if slope > -options["tolerance_change"]:
                break
            used = 0
            if options["line_search_fn"] is not None:
                point, used = objective.search(
                    Point(0.0, loss, gradient, slope),
                    direction,
                    distance,
                    options["tolerance_change"],
                    options["max_eval"] - evaluations,
                )
                state["t"], loss, gradient, _ = point
                objective.move(state["t"], direction)
            else:
                objective.move(distance, direction)
                if iteration < options["max_iter"]:
                    _, loss, gradient = objective.evaluate()
                    used = 1
            evaluations += used
            state["func_evals"] += used
            if (
                evaluations >= options["max_eval"]
                or _largest(gradient) <= options["tolerance_grad"]
                or _largest(direction * state["t"]) <= options["tolerance_change"]
                or abs(loss - state["prev_loss"]) < options["tolerance_change"]
            ):
                break
        return result


@final
class Objective(Generic[R]):
    """The loss as a function of all parameters, seen as one vector."""

    def __init__(self, parameters: list[Tensor], closure: Callable[[], R]) -> None:
        self.parameters = parameters
        self._closure = closure

    def evaluate(self) -> tuple[R, float, Tensor]:
        """Return what the closure returned, the loss, and its gradient."""
        with enable_grad():
            result = self._closure()
        gradients = [
            parameter.new_zeros(parameter.numel())
            if parameter.grad is None
            else parameter.grad.reshape(-1)
            for parameter in self.parameters
        ]
        return result, float(cast("float", result)), cat(gradients, 0)

    def move(self, distance: float, direction: Tensor) -> None:
        """Add ``distance * direction`` to the parameters."""
        offset = 0
        for parameter in self.parameters:
            part = direction[offset : offset + parameter.numel()]
            parameter.add_(part.view_as(parameter), alpha=distance)
            offset += parameter.numel()

    def search(
        self,
        start: Point,
        direction: Tensor,
        distance: float,
        tolerance_change: float,
        max_iterations: int,
    ) -> tuple[Point, int]:
        """Return a good point along ``direction``, and how many evaluations it took."""
        origin = [parameter.clone() for parameter in self.parameters]

        def evaluate(distance: float) -> Point:
            self.move(distance, direction)
            _, loss, gradient = self.evaluate()
            for parameter, value in zip(self.parameters, origin, strict=True):
                parameter.copy_(value)
            return Point(distance, loss, gradient, float(gradient.dot(direction).item()))

        extent = _largest(direction)
        search = Search(start, evaluate, extent, tolerance_change, max_iterations)
        return strong_wolfe(search, distance)


def _largest(x: Tensor) -> float:
    return float(x.abs().max().item())


def _first_distance(state: LBFGSState, gradient: Tensor, options: LBFGSOptions) -> float:
    """Return how far to go first: ``lr``, and along the very first gradient at most 1."""
    if options["line_search_fn"] not in (None, "strong_wolfe"):
        raise RuntimeError(
            explain(
                "LBFGS",
                f"only 'strong_wolfe' is supported as line_search_fn, not "
                f"{options['line_search_fn']!r}",
            )
        )
    lr = float(scalar(options["lr"]))
    if state["n_iter"] > 1:
        return lr
    return min(1.0, 1.0 / float(gradient.abs().sum().item())) * lr


def _direction(state: LBFGSState, gradient: Tensor, history_size: int) -> Tensor:
    """Return the direction to go, once the last step has been remembered.

    It is the gradient times minus an estimate of the inverse of the second derivative, by two
    loops over the steps remembered: Nocedal and Wright, algorithm 7.4.
    """
    if state["n_iter"] == 1:
        state["old_dirs"], state["old_stps"], state["ro"] = [], [], []
        state["H_diag"] = 1
        return -gradient
    _remember(state, gradient, history_size)
    changes, steps, inverses = state["old_dirs"], state["old_stps"], state["ro"]
    weights = state.setdefault("al", [None] * history_size)
    rest = -gradient
    for index in reversed(range(len(steps))):
        weight = weights[index] = steps[index].dot(rest) * inverses[index]
        rest.sub_(changes[index] * weight)
    direction = rest * state["H_diag"]
    for index, step in enumerate(steps):
        weight = cast("Tensor", weights[index])
        direction.add_(step * (weight - changes[index].dot(direction) * inverses[index]))
    return direction


def _remember(state: LBFGSState, gradient: Tensor, history_size: int) -> None:
    """Remember how the last step changed the gradient, unless the loss is concave along it."""
    change = gradient - state["prev_flat_grad"]
    step = state["d"] * state["t"]
    product = change.dot(step)
    if not float(product.item()) > 1e-10:
        return
    for history in (state["old_dirs"], state["old_stps"], state["ro"]):
        if len(history) == history_size:
            history.pop(0)
    state["old_dirs"].append(change)
    state["old_stps"].append(step)
    state["ro"].append(1.0 / product)
    state["H_diag"] = product / change.dot(change)
