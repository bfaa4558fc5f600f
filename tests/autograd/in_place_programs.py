"""Writes in place: what they may write to, and the history they leave."""

from __future__ import annotations

from autograd.backward_programs import leaf
from autograd.observing import Torch, Value, error, program


@program
def leaves_are_not_written_to(torch: Torch) -> Value:
    x = leaf(torch)
    phrase = "a leaf Variable that requires grad is being used in an in-place operation"
    with torch.no_grad():
        x.add_(1)
    return (
        error(lambda: x.add_(1), phrase),
        error(lambda: x[0].add_(1), f"a view of {phrase}"),
        error(lambda: x.expand(2, 3).add_(1), f"a view of {phrase}"),
        x,
        x._version,
    )


@program
def saved_tensors_must_not_change(torch: Torch) -> Value:
    x = leaf(torch)
    phrase = "modified by an inplace operation"
    a = x * 1
    b = a * a
    a.add_(1)
    c = x.exp()
    c.mul_(2)
    d = x * 1
    e = d.exp()
    d.add_(1)
    f = x * 1
    g = f * x
    f.detach().add_(1)
    h = x * 1
    i = h * x
    h.data.add_(1)
    with torch.no_grad():
        j = x * 1
    k = j * x
    j.add_(1)
    return (
        error(b.sum().backward, phrase),
        error(b.sum().backward, "is at version 1; expected version 0 instead"),
        error(c.sum().backward, phrase),
        error(e.sum().backward, "nothing: exp saved its result"),
        error(g.sum().backward, phrase),
        error(i.sum().backward, "nothing: data does not count"),
        error(k.sum().backward, phrase),
    )


@program
def the_target_as_operand(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 1
    y.mul_(y)
    z = x * 1
    z[0].mul_(z[1])
    w = x * 1
    w.add_(w)
    (w * 2).sum().backward()
    phrase = "modified by an inplace operation"
    return error(y.sum().backward, phrase), error(z.sum().backward, phrase), x.grad


@program
def a_write_to_a_view_shows_in_the_base(torch: Torch) -> Value:
    x, w = leaf(torch), leaf(torch, 10.0, 20.0)
    y = x * 1
    y[1:].mul_(w)
    (y * y).sum().backward()
    return y, x.grad, w.grad, y.grad_fn.next_functions[0][0].name()


@program
def a_write_to_the_base_shows_in_the_view(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 1
    part = y[1:]
    before = part.grad_fn.name()
    y.mul_(y.detach() + 1)
    (part * part).sum().backward()
    return part, before, x.grad


@program
def a_write_to_one_view_shows_in_another(torch: Torch) -> Value:
    x = leaf(torch, 1.0, 2.0, 3.0, 4.0)
    y = (x * 1).view(2, 2)
    row, column = y[0], y.t()[1]
    row.mul_(3)
    column.add_(x[:2])
    (row.sum() * 2 + column.sum()).backward()
    return row, column, y, x.grad


@program
def an_unrecorded_base_gets_a_history(torch: Torch) -> Value:
    w = leaf(torch, 1.0, 2.0)
    base = torch.zeros(4)
    part, other = base[:2], base[1:3]
    part.copy_(w)
    (base * torch.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
    return base, part, other, w.grad


@program
def several_views_of_one_function(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 2
    a, b, _ = y.unbind()
    c, _ = y.chunk(2)
    (d,) = y.split(3)
    inner = y.view(1, 3).unbind()[0][0]
    phrase = "returns multiple views"
    return (
        error(lambda: a.mul_(2), phrase),
        error(lambda: c.mul_(2), phrase),
        error(lambda: d.mul_(2), phrase),
        error(lambda: inner.mul_(2), phrase),
        error(lambda: (y.mul_(2), b.grad_fn)[1], phrase),
        b.requires_grad,
    )


@program
def one_of_several_views_without_history(torch: Torch) -> Value:
    x = torch.ones(3)
    a, b, _ = x.unbind()
    a.mul_(2)
    return x, error(lambda: b.mul_(leaf(torch)[0]), "view")


@program
def bases_and_views(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 1
    return (
        [y._base is None, y[0]._base is y, y.view(3, 1)[0]._base is y, y.detach()._base],
        [y._is_view(), y[0]._is_view(), y.detach()._is_view(), y.unbind()[1]._base is y],
        [y.expand(2, 3)._base is y, x[None]._base is x],
    )


@program
def versions(torch: Torch) -> Value:
    y = torch.zeros(3)
    part, alias = y[0], y.detach()
    part.add_(1)
    alias.add_(1)
    with torch.no_grad():
        y.mul_(2)
    return y._version, part._version, alias._version, torch.zeros(1)._version


@program
def what_a_constant_leaves(torch: Torch) -> Value:
    x = leaf(torch)
    y, z = x * 1, x * 1
    y.zero_()
    z[0].fill_(7.0)
    (y.sum() + (z * z).sum()).backward()
    return y, z, x.grad


@program
def a_leaf_without_gradient_joins_the_graph(torch: Torch) -> Value:
    x, w = torch.ones(3), leaf(torch)
    x.mul_(w)
    (x * x).sum().backward()
    return x, x.is_leaf, w.grad, x.grad


@program
def second_derivatives_through_writes(torch: Torch) -> Value:
    x = leaf(torch, dtype=torch.float64)
    y = x * x
    y[1:].mul_(x[:2])
    y.mul_(x)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad((first * first).sum(), x)
    return first.detach(), second


@program
def shapes_and_memory(torch: Torch) -> Value:
    x = torch.zeros(3)
    return (
        error(lambda: x.add_(torch.ones(2, 3)), "doesn't match the broadcast shape"),
        error(lambda: x.expand(2, 3).add_(1), "single memory location"),
        x,
    )
