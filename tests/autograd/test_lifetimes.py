"""No circles: tensors and nodes die with the last name, without the garbage collector."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

import gnomon as torch
from gnomon import Tensor


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def leaf() -> Tensor:
    return torch.tensor([0.5, 1.0, 1.5], requires_grad=True)


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        result = x * x
        ctx.save_for_backward(x, result)
        return result

    @staticmethod
    def backward(ctx, grad_output):
        x, _ = ctx.saved_tensors
        return grad_output * 2 * x


def operations(x: Tensor) -> Tensor:
    return ((x * x).exp() / x).sum()


def views(x: Tensor) -> Tensor:
    y = x * 1
    return y.view(3, 1).t().select(0, 0).unbind()[1] * y.detach()[0]


def written_in_place(x: Tensor) -> Tensor:
    y = x * 1
    y.mul_(x).exp_()
    return y


def saved_then_written_with_what_it_made(x: Tensor) -> Tensor:
    y = x * 1
    z = y * x
    y.add_(z)
    return y


def unrecorded_then_written_with_what_it_made(x: Tensor) -> Tensor:
    y = torch.zeros(3)
    z = y * x
    y.add_(z)
    return y


def written_through_view(x: Tensor) -> Tensor:
    y = x * 1
    y[:2].mul_(x[1:])
    y[0].view(1).add_(y[2])
    return y


def view_written(x: Tensor) -> Tensor:
    y = torch.zeros(3)
    part = y[1:]
    part.copy_(x[:2])
    return part


def custom(x: Tensor) -> Tensor:
    result = Square.apply(x)
    assert isinstance(result, Tensor)
    return result


def hooked(x: Tensor) -> Tensor:
    y = x * 1
    y.register_hook(lambda gradient: gradient * 2)
    y.retain_grad()
    assert y.grad_fn is not None
    y.grad_fn.register_hook(lambda inputs, outputs: None)
    return y


def packed(x: Tensor) -> Tensor:
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        return x.exp() * x


def first_gradient(x: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad((x * x * x).sum(), x, create_graph=True)
    assert gradient is not None
    return gradient


PROGRAMS = [
    operations,
    views,
    written_in_place,
    saved_then_written_with_what_it_made,
    unrecorded_then_written_with_what_it_made,
    written_through_view,
    view_written,
    custom,
    hooked,
    packed,
    first_gradient,
]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("runs_backward", [False, True])
def test_tensors_and_nodes_die_with_the_last_name(
    program: Callable[[Tensor], Tensor], runs_backward: bool
) -> None:
    x = leaf()
    result = program(x)
    assert result.grad_fn is not None
    if runs_backward:
        # Where a saved tensor was overwritten the pass fails, and must leave nothing behind
        # either.
        with suppress(RuntimeError):
            result.sum().backward()
    tensors = [weakref.ref(result), weakref.ref(x)]
    node = weakref.ref(result.grad_fn)
    del result
    assert tensors[0]() is None
    assert node() is None
    del x
    assert tensors[1]() is None


def test_the_graph_keeps_its_leaves() -> None:
    x = leaf()
    y = x * 2
    alive = weakref.ref(x)
    del x
    assert alive() is not None
    y.sum().backward()
    assert alive().grad is not None
    del y
    assert alive() is None


def test_backward_frees_what_was_saved() -> None:
    x = leaf()
    y = x * 1
    saved = y.exp()
    result = (saved * saved.sin()).sum()
    storage = weakref.ref(saved.operand.storage)
    del saved
    assert storage() is not None
    result.backward()
    assert storage() is None


def test_a_handle_keeps_nothing_alive() -> None:
    x = leaf()
    handle = x.register_hook(lambda gradient: None)
    alive = weakref.ref(x)
    del x
    assert alive() is None
    handle.remove()


def test_func_transforms_leave_nothing_behind() -> None:
    x = torch.tensor([0.5, 1.0])
    result = torch.func.jacrev(torch.func.grad(lambda v: (v * v * v).sum()))(x)
    assert isinstance(result, Tensor)
    assert not result.requires_grad and result.grad_fn is None
    gradient = torch.func.grad(lambda v: (v * v * v).sum())
    for _ in range(3):  # after which a device knows its kernels, fused ones too
        gradient(x).tolist()
    before = len(gc.get_objects())
    for _ in range(3):
        gradient(x).tolist()
    assert len(gc.get_objects()) <= before + 50


def test_a_gradient_that_somebody_else_holds_is_copied() -> None:
    """What arrives at a leaf becomes its gradient only when nobody else can read it."""
    a, b = (torch.ones(3, requires_grad=True) for _ in range(2))
    given = torch.tensor([1.0, 2.0, 3.0])
    (a + b).backward(given)
    assert a.grad is not None and b.grad is not None
    a.grad.zero_()
    assert b.grad.tolist() == given.tolist() == [1.0, 2.0, 3.0]

    seen: list[torch.Tensor] = []
    c = torch.ones(3, requires_grad=True)
    c.register_hook(seen.append)
    (c * given).backward(torch.ones(3))
    assert c.grad is not None
    c.grad.zero_()
    assert seen[0].tolist() == [1.0, 2.0, 3.0]

    class Keep(torch.autograd.Function):
        kept: torch.Tensor

        @staticmethod
        def forward(ctx: torch.autograd.Function, x: torch.Tensor) -> torch.Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: torch.autograd.Function, g: torch.Tensor) -> torch.Tensor:
            whole = g * 2
            Keep.kept = whole.view(3, 1)
            return whole

    d = torch.ones(3, requires_grad=True)
    Keep.apply(d).sum().backward()
    assert d.grad is not None
    d.grad.zero_()
    assert Keep.kept.flatten().tolist() == [2.0, 2.0, 2.0]


def test_a_gradient_that_nobody_else_holds_is_not_copied() -> None:
    x = torch.ones(3, requires_grad=True)
    found: list[int] = []

    class Fresh(torch.autograd.Function):
        @staticmethod
        def forward(ctx: torch.autograd.Function, x: torch.Tensor) -> torch.Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: torch.autograd.Function, g: torch.Tensor) -> torch.Tensor:
            result = g * 2
            found.append(result.data_ptr())
            return result

    Fresh.apply(x).sum().backward()
    assert x.grad is not None and x.grad.data_ptr() == found[0]
