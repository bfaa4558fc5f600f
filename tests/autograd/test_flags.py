"""What hooks may return, and what a flag may be."""

import pytest

import gnomon as torch
from gnomon.autograd.function import FunctionCtx


def test_a_hook_after_accumulation_returns_nothing() -> None:
    x = torch.ones(2, requires_grad=True)
    x.register_post_accumulate_grad_hook(lambda leaf: leaf.grad)
    with pytest.raises(RuntimeError, match="should return None, got Tensor"):
        x.sum().backward()


def test_requires_grad_is_a_bool() -> None:
    x = torch.ones(2)
    with pytest.raises(RuntimeError, match="must be a bool, got str"):
        x.requires_grad = "yes"  # type: ignore[assignment]  # what is tested
    assert not x.requires_grad


def test_an_output_without_gradient_gives_backward_none_where_nothing_is_filled_in() -> None:
    given: list[torch.Tensor | None] = []

    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: FunctionCtx, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            largest = x.argmax()
            ctx.mark_non_differentiable(largest)
            ctx.set_materialize_grads(False)
            return x * 2, largest

        @staticmethod
        def backward(
            ctx: FunctionCtx, g: torch.Tensor, unused: torch.Tensor | None
        ) -> torch.Tensor:
            given.append(unused)
            return g * 2

    x = torch.ones(2, requires_grad=True)
    Doubled.apply(x)[0].sum().backward()
    assert given == [None] and x.grad.tolist() == [2, 2]
