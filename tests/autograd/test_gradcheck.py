"""``gradcheck`` accepts right derivatives and finds wrong ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import gnomon as torch
from gnomon import Tensor
from gnomon.autograd import gradcheck, gradgradcheck
from gnomon.autograd.gradcheck import GradcheckError
from gnomon.errors import NotSupported


def input_of(*values: float) -> Tensor:
    return torch.tensor(values or (0.5, 1.0, 2.0), dtype=torch.float64, requires_grad=True)


def scaled(
    factor: float, wrong: float = 0.0, second: float = 1.0
) -> Callable[[Tensor], Tensor]:
    """Return ``factor * x * x`` with a gradient that is off by ``wrong``, whose own gradient is
    off by the factor ``second``.
    """

    class Gradient(torch.autograd.Function):
        @staticmethod
        def forward(ctx, gradient, x):
            ctx.save_for_backward(gradient, x)
            return gradient * x * 2 * (factor + wrong)

        @staticmethod
        def backward(ctx, other):
            gradient, x = ctx.saved_tensors
            return other * x * 2 * factor, other * gradient * 2 * factor * second

    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * factor

        @staticmethod
        def backward(ctx, gradient):
            (x,) = ctx.saved_tensors
            return Gradient.apply(gradient, x)

    return Scaled.apply


@pytest.mark.parametrize("fast_mode", [False, True])
def test_right_derivatives_pass(fast_mode: bool) -> None:
    x, y = input_of(), input_of(1.5, 0.25, 3.0)
    assert gradcheck(torch.sin, x, fast_mode=fast_mode)
    assert gradcheck(lambda a, b: (a * b, (a + b).exp().sum()), (x, y), fast_mode=fast_mode)
    assert gradcheck(lambda a, k: a * k, (x, 3.0), fast_mode=fast_mode)
    assert gradgradcheck(lambda a, b: (a * b).exp(), (x, y), fast_mode=fast_mode)
    assert gradgradcheck(scaled(3.0), x, fast_mode=fast_mode)


@pytest.mark.parametrize("fast_mode", [False, True])
def test_wrong_derivatives_are_found(fast_mode: bool) -> None:
    x = input_of()
    with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to"):
        gradcheck(scaled(3.0, wrong=0.01), x, fast_mode=fast_mode)
    assert not gradcheck(scaled(3.0, wrong=0.01), x, raise_exception=False, fast_mode=fast_mode)
    assert gradcheck(scaled(3.0, second=1.01), x)
    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        gradgradcheck(scaled(3.0, second=1.01), x, fast_mode=fast_mode)


def test_tolerances_decide() -> None:
    x = input_of()
    assert gradcheck(scaled(3.0, wrong=0.01), x, atol=0.1)
    assert gradcheck(scaled(3.0, wrong=0.01), x, atol=0.0, rtol=0.01)
    assert not gradcheck(scaled(3.0, wrong=1e-4), x, atol=0, rtol=1e-6, raise_exception=False)


def test_the_input_is_left_as_it_was() -> None:
    x = input_of()
    before, version = x.tolist(), x._version
    gradcheck(torch.exp, x)
    gradcheck(torch.exp, x, fast_mode=True)
    assert x.tolist() == before and x._version == version and x.grad is None


def test_inputs_of_any_layout() -> None:
    x = torch.tensor([[0.5, 1.0, 2.0], [3.0, 4.0, 5.0]], dtype=torch.float64).t()
    assert gradcheck(lambda a: (a * a)[1:].sum(0), x.requires_grad_())
    empty = torch.zeros(0, 2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda a: a * 2, empty)
    with pytest.raises(RuntimeError, match="share memory"):
        gradcheck(torch.sin, torch.zeros(1, dtype=torch.float64).expand(3).requires_grad_())


def test_what_is_not_checkable_is_said() -> None:
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(torch.sin, torch.zeros(3, dtype=torch.float64))
    with pytest.warns(UserWarning, match="not a double precision"):
        gradcheck(lambda a: a * 2, torch.zeros(1, requires_grad=True), atol=1.0)
    with pytest.raises(NotSupported, match="forward mode"):
        gradcheck(torch.sin, input_of(), check_forward_ad=True)


def test_outputs_that_hide_their_dependence_are_found() -> None:
    with pytest.raises(GradcheckError, match="expected to be zero"):
        gradcheck(lambda a: a.detach() * 2, input_of())
    assert gradcheck(lambda a: torch.ones(2), input_of())


def custom(backward: Callable[..., object]) -> Callable[[Tensor], Tensor]:
    forward = staticmethod(lambda ctx, x: x * 2)
    members = {"forward": forward, "backward": staticmethod(backward)}
    return type("Custom", (torch.autograd.Function,), members).apply


def test_a_gradient_that_changes_from_pass_to_pass_is_found() -> None:
    calls = iter(range(1000))
    drifting = custom(lambda ctx, g: g * (2 + 1e-7 * next(calls)))
    with pytest.raises(GradcheckError, match="not reentrant"):
        gradcheck(drifting, input_of())
    assert gradcheck(drifting, input_of(), nondet_tol=1e-3)


def test_a_gradient_that_ignores_its_weight_is_found() -> None:
    with pytest.raises(GradcheckError):
        gradcheck(custom(lambda ctx, g: torch.full_like(g, 2.0)), input_of(1.0))


def test_gradients_without_weight_are_checked() -> None:
    def two(backward: Callable[..., object]) -> Callable[[Tensor], Tensor]:
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        members = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        return type("Two", (torch.autograd.Function,), members).apply

    def careless(ctx, g, h):
        return g * 2 + h * 3 if g is not None and h is not None else raise_it()

    def raise_it() -> None:
        raise RuntimeError("no gradient")

    def careful(ctx, g, h):
        if g is None and h is None:
            return None
        return h * 3 if g is None else g * 2 if h is None else g * 2 + h * 3

    assert gradcheck(two(careful), input_of())
    both = two(careless)
    assert gradcheck(lambda x: sum(both(x)), input_of(), check_undefined_grad=False)
    with pytest.raises(GradcheckError, match="undefined"):
        gradcheck(lambda x: sum(both(x)), input_of())


def test_batches_and_dtypes_are_checked() -> None:
    assert gradcheck(torch.exp, input_of(), check_batched_grad=True, check_grad_dtypes=True)


def test_given_and_strided_weights() -> None:
    x = input_of()
    assert gradgradcheck(torch.exp, x, input_of(1.0, -2.0, 0.5))
    assert gradgradcheck(torch.exp, x, gen_non_contig_grad_outputs=True)
