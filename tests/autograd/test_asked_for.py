"""A pass that is asked for some gradients computes no others of a node."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import gnomon
from gnomon import Tensor
from gnomon.composite import convolution
from gnomon.core import TensorCore
from gnomon.op.composite import record_composite


class Noting:
    """A product whose derivative notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[list[bool]] = []

    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        with gnomon.no_grad():
            result = x * y
        record_composite("NotingBackward0", (x, y), (result,), (x, y), self._derivative)
        return result

    def _derivative(
        self,
        cotangents: Sequence[TensorCore | None],
        saved: Sequence[TensorCore | None],
        needs: Sequence[bool],
    ) -> list[TensorCore | None]:
        self.asked.append(list(needs))
        (g,), (x, y) = cotangents, saved
        assert isinstance(g, Tensor) and isinstance(x, Tensor) and isinstance(y, Tensor)
        return [g * y if needs[0] else None, g * x if needs[1] else None]


def test_gradients_that_are_not_asked_for_are_not_computed() -> None:
    x, y = (gnomon.tensor([value], requires_grad=True) for value in (3.0, 5.0))
    product = Noting()
    (of_x,) = gnomon.autograd.grad(product(x, y), x)
    (of_y,) = gnomon.autograd.grad(product(x * 2, y), y)
    both = gnomon.autograd.grad(product(x, y), (y, x))
    product(x, y).backward(inputs=[x])
    assert y.grad is None
    product(x.detach(), y).backward()
    assert [each.item() for each in (of_x, of_y, *both)] == [5, 6, 3, 5]
    assert x.grad is not None and y.grad is not None
    assert (x.grad.item(), y.grad.item()) == (5, 3)
    wanted = [[True, False], [False, True], [True, True], [True, False], [False, True]]
    assert product.asked == wanted


def test_what_lies_on_the_way_is_computed() -> None:
    x, y = (gnomon.tensor([value], requires_grad=True) for value in (3.0, 5.0))
    product = Noting()
    inner = product(x, y)
    (found,) = gnomon.autograd.grad(product(inner, y), x, create_graph=True)
    assert product.asked == [[True, False], [True, False]]
    (again,) = gnomon.autograd.grad(found, y)
    assert (found.item(), again.item()) == (25, 10)


def test_a_pass_within_a_pass_asks_for_its_own() -> None:
    x, y = (gnomon.tensor([value], requires_grad=True) for value in (3.0, 5.0))
    product = Noting()

    class Inner(gnomon.autograd.Function):
        @staticmethod
        def forward(ctx: gnomon.autograd.function.FunctionCtx, given: Tensor) -> Tensor:
            return given * 5

        @staticmethod
        def backward(ctx: gnomon.autograd.function.FunctionCtx, *g: Tensor) -> Tensor:
            with gnomon.enable_grad():
                inner = gnomon.tensor([1.0], requires_grad=True)
                return g[0] * gnomon.autograd.grad(product(x.detach() + 2, inner), inner)[0]

    (found,) = gnomon.autograd.grad(product(Inner.apply(x), y), x)
    assert found.item() == 25
    assert product.asked == [[True, False], [False, True]]


def test_a_gradient_of_images_needs_none_of_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = gnomon.nn.Conv2d(2, 3, 3)
    images = gnomon.ones(1, 2, 5, 5, requires_grad=True)
    expected = gnomon.autograd.grad(layer(images).sum(), [images, *layer.parameters()])[0]

    def refuse(*_: object) -> None:
        raise AssertionError("the weights' gradient was computed")

    monkeypatch.setattr(convolution, "_weight_cotangent", refuse)
    (found,) = gnomon.autograd.grad(layer(images).sum(), images)
    assert found.equal(expected)
