"""Hooks: on leaves, on what was computed, on nodes; their order, removal and replacements."""

from __future__ import annotations

from autograd.backward_programs import leaf
from autograd.observing import Torch, Value, error, program


def log_of(log: list[Value], name: str, factor: float | None = None) -> Value:
    def hook(gradient: Value) -> Value:
        log.append((name, None if gradient is None else gradient.tolist()))
        return None if factor is None else gradient * factor

    return hook


@program
def order_of_hooks(torch: Torch) -> Value:
    log: list[Value] = []
    x = leaf(torch)
    y = x * 2
    y.grad_fn.register_prehook(lambda outputs: log.append(("before", outputs[0].tolist())))
    y.register_hook(log_of(log, "first", 2))
    y.register_hook(log_of(log, "second", 3))
    y.grad_fn.register_hook(
        lambda inputs, outputs: log.append(("after", len(inputs), inputs[1], len(outputs)))
    )
    y.retain_grad()
    x.register_hook(log_of(log, "leaf"))
    x.register_post_accumulate_grad_hook(lambda t: log.append(("added", t.grad.tolist())))
    y.sum().backward()
    return log, y.grad, x.grad


@program
def hooks_of_a_leaf(torch: Torch) -> Value:
    x = leaf(torch)
    handle = x.register_hook(lambda gradient: gradient * 2)
    y = x * 1
    x.register_hook(lambda gradient: gradient + 1)
    y.sum().backward()
    handle.remove()
    handle.remove()
    y2 = x * 1
    y2.sum().backward()
    return x.grad


@program
def a_handle_as_a_context(torch: Torch) -> Value:
    x = leaf(torch)
    with x.register_hook(lambda gradient: gradient * 100):
        x.sum().backward()
    x.sum().backward()
    return x.grad


@program
def hooks_may_change_what_flows_on(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 2
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 10,))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] + 1, None))
    y.sum().backward()
    return x.grad


@program
def hooks_and_asked_for_gradients(torch: Torch) -> Value:
    log: list[Value] = []
    x = leaf(torch)
    y = x * 2
    z = y * 3
    y.register_hook(log_of(log, "y", 10))
    x.register_hook(log_of(log, "x", 100))
    y.retain_grad()
    found = torch.autograd.grad(z.sum(), [x, y])
    return found, log, y.grad, x.grad


@program
def no_gradient_arrives(torch: Torch) -> Value:
    class Second(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, gradient):
            return None, gradient

    log: list[Value] = []
    x, y = leaf(torch), leaf(torch)
    a = x * 2
    a.register_hook(lambda gradient: log.append(("a", gradient)))
    x.register_hook(lambda gradient: log.append(("x", gradient)))
    x.register_post_accumulate_grad_hook(lambda t: log.append(("added", t.grad)))
    Second.apply(a, y).sum().backward()
    return log, x.grad, y.grad


@program
def hooks_stay_with_the_value_they_were_registered_for(torch: Torch) -> Value:
    log: list[Value] = []
    x = leaf(torch)
    y = x * 2
    y.register_hook(log_of(log, "before"))
    y.mul_(3)
    y.register_hook(log_of(log, "after"))
    (y * 5).sum().backward()
    return log, x.grad


@program
def retained_gradients_follow_the_tensor(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 2
    y.retain_grad()
    y.retain_grad()
    y.mul_(3)
    z = x * 2
    z.retain_grad()
    part = z[:2]
    part.retain_grad()
    part.mul_(4)
    (y.sum() + (z * 5).sum()).backward()
    return y.grad, z.grad, part.grad, x.grad, y.retains_grad, x.retains_grad


@program
def retained_gradients_accumulate(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 2
    y.retain_grad()
    total = y.sum()
    total.backward(retain_graph=True)
    total.backward()
    x.retain_grad()
    return y.grad, x.retains_grad


@program
def hooks_that_are_refused(torch: Torch) -> Value:
    x = leaf(torch)
    return (
        error(
            lambda: torch.ones(3).register_hook(print),
            "cannot register a hook on a tensor that doesn't require gradient",
        ),
        error(
            lambda: (x * 2).register_post_accumulate_grad_hook(print),
            "post accumulate grad hooks cannot be registered on non-leaf tensors",
        ),
        error(torch.ones(3).retain_grad, "can't retain_grad on Tensor"),
    )


@program
def replacements_that_are_refused(torch: Torch) -> Value:
    def backward_with(hook: Value) -> Value:
        x = leaf(torch)
        x.register_hook(hook)
        return lambda: (x * 2).sum().backward()

    return (
        error(backward_with(lambda g: torch.ones(2)), "has changed the size of value"),
        error(backward_with(lambda g: 1), "expected Variable, but hook returned 'int'"),
        error(backward_with(lambda g: g.to(torch.float64)), "has changed the type of value"),
    )


@program
def hooks_of_the_accumulator(torch: Torch) -> Value:
    log: list[Value] = []
    x = leaf(torch)
    node = (x * 1).grad_fn.next_functions[0][0]
    node.register_hook(lambda inputs, outputs: log.append((len(inputs), outputs[0].tolist())))
    node.register_prehook(lambda outputs: log.append(outputs[0].tolist()))
    (x * 2).sum().backward()
    return log, node


@program
def a_hook_that_differentiates(torch: Torch) -> Value:
    x = leaf(torch)
    inner: list[Value] = []

    def hook(gradient: Value) -> None:
        with torch.enable_grad():
            w = torch.tensor(2.0, requires_grad=True)
            (w * w).backward()
            inner.append(w.grad.item())

    y = x * 2
    y.register_hook(hook)
    y.sum().backward()
    return inner, x.grad


@program
def grad_mode_in_hooks(torch: Torch) -> Value:
    log: list[Value] = []
    x = leaf(torch)
    x.register_hook(lambda gradient: log.append(torch.is_grad_enabled()))
    (x * x).sum().backward()
    torch.autograd.grad((x * x).sum(), x, create_graph=True)
    return log


@program
def one_hook_for_several_tensors(torch: Torch) -> Value:
    log: list[Value] = []
    x, unused = leaf(torch), leaf(torch)
    y = x * 2

    def fn(gradients: Value) -> None:
        log.append([None if value is None else value.tolist() for value in gradients])

    handle = torch.autograd.graph.register_multi_grad_hook((x, y, unused), fn)
    y.sum().backward()
    (x * 3).sum().backward()
    handle.remove()
    (x * 3).sum().backward()
    torch.autograd.graph.register_multi_grad_hook(
        (x, y), lambda gradient: log.append(gradient.tolist()), mode="any"
    )
    ((x * 5).sum() + x.sum()).backward()
    return log


@program
def edges(torch: Torch) -> Value:
    x = leaf(torch)
    _, b, _ = (x * 2).unbind()
    edge = torch.autograd.graph.get_gradient_edge(b)
    first = torch.autograd.graph.get_gradient_edge(x)
    return (
        edge.node,
        edge.output_nr,
        first.node,
        error(lambda: torch.autograd.graph.get_gradient_edge(torch.ones(1)), "gradient"),
    )
