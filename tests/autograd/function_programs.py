"""Functions of the user's own."""

from __future__ import annotations

from autograd.backward_programs import leaf
from autograd.observing import Torch, Value, error, program


def square(torch: Torch) -> Value:
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, gradient):
            (x,) = ctx.saved_tensors
            return 2 * x * gradient

    return Square


def returning(torch: Torch, forward: Value, backward: Value) -> Value:
    """Return a Function made of two functions of the context."""
    members = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Custom", (torch.autograd.Function,), members)


@program
def a_function_of_ones_own(torch: Torch) -> Value:
    x = leaf(torch)
    y = square(torch).apply(x)
    node = y.grad_fn
    saved = node.saved_tensors
    y.sum().backward()
    return (
        y,
        node.name(),
        type(node).__name__,
        node.needs_input_grad,
        saved[0] is x,
        x.grad,
        error(lambda: node.saved_tensors, "Trying to backward through the graph a second time"),
        error(y.sum().backward, "Trying to backward through the graph a second time"),
    )


@program
def differentiated_again(torch: Torch) -> Value:
    x = leaf(torch)
    (first,) = torch.autograd.grad(square(torch).apply(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad((first * first).sum(), x)
    return first, second


@program
def where_nothing_is_recorded(torch: Torch) -> Value:
    x = leaf(torch)
    seen: list[Value] = []

    def forward(ctx, x):
        seen.append((torch.is_grad_enabled(), x.requires_grad, ctx.needs_input_grad))
        return x * 2

    function = returning(torch, forward, lambda ctx, g: g)
    with torch.no_grad():
        a = function.apply(x)
    b = function.apply(torch.ones(2))
    function.apply(x)
    return a, b, seen


@program
def gradients_that_are_refused(torch: Torch) -> Value:
    x = leaf(torch)

    def run(*gradients: Value, arguments: int = 1) -> Value:
        function = returning(
            torch,
            lambda ctx, x, *rest: x * 2,
            lambda ctx, g: gradients if len(gradients) != 1 else gradients[0],
        )
        return lambda: function.apply(x, *[3] * (arguments - 1)).sum().backward()

    g = torch.ones(3)
    return (
        error(run(g, arguments=2), "incorrect number of gradients (expected 2, got 1)"),
        error(run(g, g), "incorrect number of gradients (expected 1, got 2)"),
        error(run(g, g, arguments=2), "different than None at position 2"),
        error(run(3), "expected Variable or None"),
        error(run(torch.ones(2)), "returned an invalid gradient at index 0"),
        error(run(g, None, None), "nothing: trailing None are dropped"),
        error(run(None), "nothing: None is no gradient"),
    )


@program
def what_is_missing(torch: Torch) -> Value:
    class NoForward(torch.autograd.Function):
        pass

    class NoBackward(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

    x = leaf(torch)
    return (
        error(lambda: NoForward.apply(x), "must implement the forward function"),
        error(
            lambda: NoBackward.apply(x).sum().backward(), "either the backward or vjp method"
        ),
        error(lambda: NoBackward()(x), "Legacy autograd function"),
    )


@program
def outputs_that_are_no_tensors(torch: Torch) -> Value:
    x = leaf(torch)
    given: list[Value] = []

    def backward(ctx, *gradients):
        given.append([g if g is None else g.tolist() for g in gradients])
        return gradients[0]

    function = returning(torch, lambda ctx, x: (x * 1, 3, None, "text"), backward)
    outputs = function.apply(x)
    outputs[0].sum().backward()
    number = returning(torch, lambda ctx, x: 3, backward).apply(x)
    listed = returning(torch, lambda ctx, x: [x * 1], backward).apply(x)
    return outputs, given, number, listed


@program
def missing_gradients_are_zeros_or_none(torch: Torch) -> Value:
    given: list[Value] = []

    def two(materialize: bool) -> Value:
        def forward(ctx, x):
            ctx.set_materialize_grads(materialize)
            return x * 1, x * 2

        def backward(ctx, *gradients):
            given.append([g if g is None else g.tolist() for g in gradients])
            return gradients[0]

        return returning(torch, forward, backward)

    x = leaf(torch)
    two(True).apply(x)[0].sum().backward()
    two(False).apply(x)[0].sum().backward()
    return given, x.grad


@program
def an_input_as_output(torch: Torch) -> Value:
    x = leaf(torch)
    function = returning(torch, lambda ctx, x: x, lambda ctx, g: g * 7)
    y = function.apply(x)
    z = x * 1
    inner, outer = function.apply(z), function.apply(z)
    phrase = "created inside a custom Function"
    return (
        y is x,
        y._is_view(),
        y,
        torch.autograd.grad(y.sum(), x),
        error(lambda: inner.add_(1), phrase),
        error(lambda: (z.add_(1), outer.grad_fn), phrase),
    )


@program
def views_as_outputs(torch: Torch) -> Value:
    one = returning(torch, lambda ctx, x: x[:2], lambda ctx, g: torch.cat([g, g[:1]]))
    two = returning(torch, lambda ctx, x: (x[:2], x[1:]), lambda ctx, g, h: torch.ones(3))
    x = leaf(torch)
    a, (b, _), free = one.apply(x * 1), two.apply(x * 1), one.apply(torch.ones(3))
    a.sum().backward()
    return (
        a._is_view(),
        x.grad,
        error(lambda: a.add_(1), "created inside a custom Function"),
        error(lambda: b.add_(1), "returns multiple views"),
        free.add_(1),
    )


@program
def written_in_place(torch: Torch) -> Value:
    def forward(ctx, x):
        x.add_(5)
        ctx.mark_dirty(x)
        return x

    function = returning(torch, forward, lambda ctx, g: g * 3)
    x, w = leaf(torch), leaf(torch)
    z = x * 1
    y = function.apply(z)
    z.sum().backward()
    base = w * 1
    part = base[:2]
    function.apply(part)
    base.sum().backward()
    leak = returning(torch, lambda ctx, x: (forward(ctx, x), x * 1)[1], lambda ctx, g: g)
    return (
        y is z,
        z,
        z._version,
        x.grad,
        base,
        part,
        w.grad,
        error(lambda: function.apply(leaf(torch)), "a leaf Variable that requires grad"),
        error(lambda: leak.apply(x * 1), "must all be outputs"),
    )


@program
def outputs_without_gradient(torch: Torch) -> Value:
    given: list[Value] = []

    def forward(ctx, x):
        constant = x * 2
        ctx.mark_non_differentiable(constant)
        return x * 1, x > 1, constant

    def backward(ctx, *gradients):
        given.append([g.tolist() for g in gradients])
        return gradients[0]

    x = leaf(torch)
    outputs = returning(torch, forward, backward).apply(x)
    outputs[0].sum().backward()
    return outputs, given


@program
def a_saved_output(torch: Torch) -> Value:
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(None, y)
        return y

    def backward(ctx, g):
        _, y = ctx.saved_tensors
        return g * y

    x = leaf(torch)
    y = returning(torch, forward, backward).apply(x)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    return y, first.detach(), second


@program
def a_saved_tensor_that_was_written_to(torch: Torch) -> Value:
    x = leaf(torch)
    z = x * 1
    y = square(torch).apply(z)
    z.add_(1)
    return error(y.sum().backward, "modified by an inplace operation")


@program
def only_tensors_can_be_saved(torch: Torch) -> Value:
    function = returning(
        torch, lambda ctx, x: (ctx.save_for_backward(3), x * 1)[1], lambda ctx, g: g
    )
    return error(lambda: function.apply(leaf(torch)), "can only save variables")


@program
def the_form_with_a_context_of_its_own(torch: Torch) -> Value:
    seen: list[Value] = []

    class Scale(torch.autograd.Function):
        @staticmethod
        def forward(x, factor=4.0, offset=1.0):
            return x * factor + offset

        @staticmethod
        def setup_context(ctx, inputs, output):
            seen.append((len(inputs), inputs[1], output.tolist(), torch.is_grad_enabled()))
            ctx.factor = inputs[1]

        @staticmethod
        def backward(ctx, gradient):
            return gradient * ctx.factor, None, None

    x = leaf(torch)
    Scale.apply(x).sum().backward()
    Scale.apply(x, offset=0.0, factor=2.0).sum().backward()
    return seen, x.grad


@program
def keyword_arguments(torch: Torch) -> Value:
    x = leaf(torch)
    return square(torch).apply(x=x), error(lambda: square(torch).apply(y=x), "")


@program
def differentiable_once(torch: Torch) -> Value:
    once = torch.autograd.function.once_differentiable
    seen: list[Value] = []

    def backward(ctx, g):
        seen.append(torch.is_grad_enabled())
        return g * 2

    function = returning(torch, lambda ctx, x: x * 2, once(backward))
    x, w = leaf(torch), leaf(torch)
    (first,) = torch.autograd.grad((function.apply(x) * w).sum(), x, create_graph=True)
    return (
        first.detach(),
        seen,
        error(first.sum().backward, "marked with @once_differentiable"),
    )


@program
def one_tensor_as_two_outputs(torch: Torch) -> Value:
    def forward(ctx, x):
        y = x * 1
        return y, y

    x = leaf(torch)
    a, b = returning(torch, forward, lambda ctx, g, h: g + h).apply(x)
    (a + b).sum().backward()
    return a is b, x.grad


@program
def errors_of_backward_come_through(torch: Torch) -> Value:
    def backward(ctx, g):
        raise ValueError("mine")

    function = returning(torch, lambda ctx, x: x * 1, backward)
    return error(function.apply(leaf(torch)).sum().backward, "mine")


@program
def recording_inside_forward(torch: Torch) -> Value:
    def forward(ctx, x):
        with torch.enable_grad():
            z = x * x
        return z

    x = leaf(torch)
    y = returning(torch, forward, lambda ctx, g: g * 5).apply(x)
    y.sum().backward()
    return y, x.grad


@program
def tensors_inside_tuples_are_not_seen(torch: Torch) -> Value:
    x = leaf(torch)
    function = returning(torch, lambda ctx, xs, y: xs[0] * y, lambda ctx, g: (None, g))
    return function.apply((x, x), torch.ones(3)), function.apply((x, x), x)


@program
def attributes_of_the_context(torch: Torch) -> Value:
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x * factor

    x = leaf(torch)
    y = returning(torch, forward, lambda ctx, g: (g * ctx.factor, None)).apply(x, 5.0)
    y.sum().backward()
    return y.grad_fn.factor, x.grad, y.grad_fn.next_functions


@program
def several_inputs(torch: Torch) -> Value:
    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            wants_x, wants_y = ctx.needs_input_grad
            return g * y if wants_x else None, g * x if wants_y else None

    x, y = leaf(torch), torch.tensor([4.0, 5.0, 6.0])
    Scaled.apply(x, y).sum().backward()
    Scaled.apply(y, x).sum().backward()
    Scaled.apply(x, x).sum().backward()
    return x.grad, y.grad
