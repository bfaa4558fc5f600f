"""Losses and their two derivatives against PyTorch."""

# The same calls are made of gnomon and of torch, whose types have nothing in common.
# ruff: noqa: ANN401

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import gnomon
from gnomon.composite import classification_losses, cross_entropy, losses

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

functional = torch.nn.functional

INPUT = [[0.2, 0.45, 0.7], [0.9, 0.05, 0.6]]
TARGET = [[0.0, 1.0, 0.5], [0.75, 0.25, 0.3]]
FAR = [[3.0, -2.5, 0.7], [0.9, 4.0, 0.6]]
WEIGHT = [[1.0, 2.0, 0.5], [0.25, 3.0, 1.5]]

#: Name, input, further keywords; a list stands for a tensor.
POINTWISE: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "l1": ("l1_loss", FAR, {}),
    "mse": ("mse_loss", FAR, {}),
    "smooth l1": ("smooth_l1_loss", FAR, {}),
    "smooth l1, beta": ("smooth_l1_loss", FAR, {"beta": 0.35}),
    "smooth l1, beta 0": ("smooth_l1_loss", FAR, {"beta": 0.0}),
    "huber": ("huber_loss", FAR, {}),
    "huber, delta": ("huber_loss", FAR, {"delta": 0.35}),
    "bce": ("binary_cross_entropy", INPUT, {}),
    "bce, weight": ("binary_cross_entropy", INPUT, {"weight": WEIGHT}),
    "bce of logits": ("binary_cross_entropy_with_logits", FAR, {}),
    "bce of logits, weight": ("binary_cross_entropy_with_logits", FAR, {"weight": WEIGHT}),
    "bce of logits, pos_weight": (
        "binary_cross_entropy_with_logits",
        FAR,
        {"pos_weight": [2.0, 0.5, 1.5]},
    ),
    "kl": ("kl_div", FAR, {}),
    "kl of logarithms": ("kl_div", FAR, {"log_target": True}),
}
REDUCTIONS = ["none", "mean", "sum"]


def make(module: Any, values: Any, grad: bool = False) -> Any:
    tensor = module.tensor(values, dtype=module.float64)
    return tensor.requires_grad_() if grad else tensor


def named(module: Any, keywords: dict[str, Any]) -> dict[str, Any]:
    return {
        name: make(module, value) if isinstance(value, list) else value
        for name, value in keywords.items()
    }


def home(module: Any, name: str) -> Any:
    if module is torch:
        return getattr(functional, name)
    homes = (losses, classification_losses, cross_entropy)
    return next(getattr(each, name) for each in homes if hasattr(each, name))


def same(ours: Any, theirs: Any, tolerance: float = 1e-12) -> None:
    assert tuple(ours.shape) == tuple(theirs.shape)
    found = torch.tensor(ours.tolist(), dtype=theirs.dtype).reshape(theirs.shape)
    torch.testing.assert_close(
        found, theirs.detach(), rtol=tolerance, atol=tolerance, equal_nan=True
    )


def with_derivatives(loss: Any, leaves: list[Any], module: Any) -> list[Any]:
    """Return the loss, its gradients, and the gradients of their sum of squares."""
    weights = [1.5 - 0.25 * i for i in range(loss.numel())]
    loss.backward(make(module, weights).reshape(loss.shape), create_graph=True)
    slopes = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    total = make(module, 0.0)
    for slope, leaf in zip(slopes, leaves, strict=True):
        # The second term is 0: it gives a loss that is linear a gradient to compare as well.
        total = module.add(total, module.mul(slope, slope).sum())
        total = module.add(total, module.mul(leaf, 0.0).sum())
    total.backward()
    return [loss, *slopes, *(leaf.grad for leaf in leaves)]


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning", "ignore:reduction:UserWarning")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name, input, keywords", POINTWISE.values(), ids=POINTWISE)
def test_pointwise(name: str, input: Any, keywords: dict[str, Any], reduction: str) -> None:
    found = []
    for module in (gnomon, torch):
        x, y = make(module, input, grad=True), make(module, TARGET, grad=True)
        loss = home(module, name)(x, y, reduction=reduction, **named(module, keywords))
        assert loss.grad_fn is not None
        found.append([loss.grad_fn.name(), *with_derivatives(loss, [x, y], module)])
    assert found[0][0] == found[1][0]
    # PyTorch adds 1e-12 to the denominators of the second derivative of binary_cross_entropy.
    tolerance = 1e-10 if name == "binary_cross_entropy" else 1e-12
    for a, b in zip(found[0][1:], found[1][1:], strict=True):
        same(a.detach(), b, tolerance)


SIGNS = [[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]]
COUNTS = [[0.0, 1.0, 3.0], [2.0, 5.0, 1.0]]
MORE: dict[str, tuple[str, list[Any], dict[str, Any]]] = {
    "soft margin": ("soft_margin_loss", [FAR, SIGNS], {}),
    "margin ranking": ("margin_ranking_loss", [FAR, INPUT, SIGNS], {}),
    "margin ranking, margin": ("margin_ranking_loss", [FAR, INPUT, SIGNS], {"margin": 0.3}),
    "hinge embedding": ("hinge_embedding_loss", [FAR, SIGNS], {}),
    "hinge embedding, margin": ("hinge_embedding_loss", [FAR, SIGNS], {"margin": 3.0}),
    "poisson": ("poisson_nll_loss", [FAR, COUNTS], {}),
    "poisson of rates": ("poisson_nll_loss", [INPUT, COUNTS], {"log_input": False}),
    "poisson in full": ("poisson_nll_loss", [FAR, COUNTS], {"full": True}),
}


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name, inputs, keywords", MORE.values(), ids=MORE)
def test_more(name: str, inputs: list[Any], keywords: dict[str, Any], reduction: str) -> None:
    found = []
    for module in (gnomon, torch):
        x, *rest = (make(module, values, grad=not i) for i, values in enumerate(inputs))
        loss = home(module, name)(x, *rest, reduction=reduction, **keywords)
        found.append(with_derivatives(loss, [x], module))
    for a, b in zip(*found, strict=True):
        same(a.detach(), b)


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("var", [WEIGHT, [[0.5], [0.0]], [0.25, 2.0]], ids=["all", "1", "rows"])
def test_gaussian(var: Any, full: bool) -> None:
    found = []
    for module in (gnomon, torch):
        leaves = [make(module, values, grad=True) for values in (FAR, TARGET, var)]
        loss = home(module, "gaussian_nll_loss")(*leaves, full=full)
        loss.backward()
        found.append([loss.detach(), *(leaf.grad for leaf in leaves)])
    for a, b in zip(*found, strict=True):
        same(a, b)


def test_kl_div_by_batch() -> None:
    ours = losses.kl_div(make(gnomon, FAR), make(gnomon, TARGET), "batchmean")
    same(ours, functional.kl_div(make(torch, FAR), make(torch, TARGET), reduction="batchmean"))


def test_cross_entropy_of_impossible_events_is_finite() -> None:
    x, y = [0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]
    ours = losses.binary_cross_entropy(make(gnomon, x, True), make(gnomon, y), None, "none")
    assert ours.tolist() == [0.0, 0.0, 100.0, 100.0]


ROWS = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]]
PLANES = [[[0.5, -1.0], [2.0, 0.0], [1.0, 3.0]], [[1.5, 0.25], [-0.75, 2.5], [0.0, -2.0]]]
CLASSES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "one sample": (ROWS[0], 2, {}),
    "rows": (ROWS, [2, 0], {}),
    "weighted": (ROWS, [2, 0], {"weight": [0.5, 1.0, 2.0]}),
    "ignoring": (ROWS, [-100, 1], {"weight": [0.5, 1.0, 2.0]}),
    "ignoring a class": (ROWS, [1, 0], {"ignore_index": 1}),
    "ignoring all": (ROWS, [-100, -100], {}),
    "planes": (PLANES, [[0, 2], [1, 1]], {}),
    "weighted planes": (PLANES, [[0, -100], [1, 2]], {"weight": [0.5, 1.0, 2.0]}),
}
SMOOTHED = {f"{name}, smoothed": case for name, case in CLASSES.items()}
PROBABILITIES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "probabilities of one": (ROWS[0], [0.25, 0.5, 0.25], {}),
    "probabilities": (ROWS, [[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]], {"weight": [0.5, 1.0, 2.0]}),
    "probabilities of planes": (PLANES, PLANES, {"weight": [0.5, 1.0, 2.0]}),
    "probabilities, smoothed": (ROWS, [[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]], {}),
}


def in_both(name: str, input: Any, target: Any, keywords: dict[str, Any]) -> list[list[Any]]:
    found = []
    for module in (gnomon, torch):
        x = make(module, input, grad=True)
        loss = home(module, name)(x, module.tensor(target), **named(module, keywords))
        found.append([loss.grad_fn.name(), *with_derivatives(loss, [x], module)])
    return found


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
@pytest.mark.parametrize("input, target, keywords", CLASSES.values(), ids=CLASSES)
def test_classes(
    name: str, input: Any, target: Any, keywords: dict[str, Any], reduction: str
) -> None:
    ours, theirs = in_both(name, input, target, {**keywords, "reduction": reduction})
    assert (
        ours[0] == theirs[0] or theirs[0] == "ViewBackward0"
    )  # PyTorch's last step for planes
    for a, b in zip(ours[1:], theirs[1:], strict=True):
        same(a.detach(), b)


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    "input, target, keywords",
    [*SMOOTHED.values(), *PROBABILITIES.values()],
    ids=[*SMOOTHED, *PROBABILITIES],
)
def test_smoothing_and_probabilities(
    input: Any, target: Any, keywords: dict[str, Any], reduction: str
) -> None:
    keywords = {**keywords, "reduction": reduction, "label_smoothing": 0.25}
    ours, theirs = in_both("cross_entropy", input, target, keywords)
    for a, b in zip(ours[1:], theirs[1:], strict=True):
        same(a.detach(), b)


def test_the_cross_entropy_of_classes_needs_its_scores_again() -> None:
    scores = make(gnomon, ROWS, True) * 1
    loss = cross_entropy.cross_entropy(scores, gnomon.tensor([2, 0]))
    scores.zero_()
    with pytest.raises(RuntimeError, match=r"NllLossBackward0: .* modified by an inplace"):
        loss.backward()


@pytest.mark.parametrize("dtype", ("float16", "bfloat16"))
def test_the_cross_entropy_of_halves_is_rounded_once(dtype: str) -> None:
    found = []
    for precise in (False, True):
        scores = gnomon.tensor(ROWS, dtype=getattr(gnomon, dtype))
        scores = (scores.float() if precise else scores).requires_grad_()
        loss = cross_entropy.cross_entropy(scores, gnomon.tensor([2, 0]))
        (cotangent,) = gnomon.autograd.grad(loss, scores)
        found.append([each.to(getattr(gnomon, dtype)).tolist() for each in (loss, cotangent)])
    assert found[0] == found[1]


def ask(name: str, input: Any, target: Any, **keywords: Any) -> Callable[[Any], object]:
    return lambda module: home(module, name)(
        module.tensor(input), module.tensor(target), **named(module, keywords)
    )


ERRORS: dict[str, Callable[[Any], object]] = {
    "no such reduction": ask("mse_loss", [1.0], [1.0], reduction="average"),
    "no such reduction of classes": ask("nll_loss", ROWS, [0, 1], reduction="average"),
    "sizes that don't broadcast": ask("mse_loss", [1.0, 2.0], [1.0, 2.0, 3.0]),
    "integers": ask("mse_loss", [1], [1]),
    "negative beta": ask("smooth_l1_loss", [1.0], [1.0], beta=-1.0),
    "delta 0": ask("huber_loss", [1.0], [1.0], delta=0.0),
    "no probability": ask("binary_cross_entropy", [1.5], [1.0]),
    "probabilities of two sizes": ask("binary_cross_entropy", [0.5], [1.0, 0.0]),
    "logits of two sizes": ask("binary_cross_entropy_with_logits", [0.5], [1.0, 0.0]),
    "ranking of two ranks": lambda module: home(module, "margin_ranking_loss")(
        module.tensor([1.0]), module.tensor(1.0), module.tensor([1.0])
    ),
    "negative variance": lambda module: home(module, "gaussian_nll_loss")(
        module.tensor([1.0]), module.tensor([1.0]), module.tensor([-1.0])
    ),
    "variance of another size": lambda module: home(module, "gaussian_nll_loss")(
        module.tensor([1.0, 2.0]), module.tensor([1.0, 2.0]), module.tensor([1.0] * 3)
    ),
    "no such class": ask("nll_loss", ROWS, [0, 3]),
    "negative class": ask("nll_loss", ROWS, [0, -1]),
    "too many targets": ask("nll_loss", ROWS, [0, 1, 2]),
    "targets of another rank": ask("nll_loss", ROWS, [[0, 1]]),
    "float targets": ask("nll_loss", ROWS, [0.0, 1.0]),
    "0-d input": ask("nll_loss", 1.0, 0),
    "too few weights": ask("nll_loss", ROWS, [0, 1], weight=[1.0, 2.0]),
    "planes of another size": ask("nll_loss", PLANES, [[0, 1, 1], [0, 1, 1]]),
    "too much smoothing": ask("cross_entropy", ROWS, [0, 1], label_smoothing=2.0),
}


@pytest.mark.filterwarnings("ignore:.*target size:UserWarning")
@pytest.mark.parametrize("call", ERRORS.values(), ids=ERRORS)
def test_errors(call: Callable[[Any], object]) -> None:
    with pytest.raises(Exception) as theirs:  # whichever PyTorch raises
        call(torch)
    with pytest.raises(theirs.type) as ours:
        call(gnomon)
    assert ours.type is theirs.type
