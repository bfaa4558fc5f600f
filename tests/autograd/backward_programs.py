"""``backward`` and ``grad``: what they return, accumulate, keep and refuse."""

from __future__ import annotations

from autograd.observing import Torch, Value, error, program


def leaf(torch: Torch, *values: float, **options: Value) -> Value:
    return torch.tensor(values or (1.0, 2.0, 3.0), requires_grad=True, **options)


@program
def gradients_accumulate(torch: Torch) -> Value:
    x = leaf(torch)
    (x * x).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    return x.grad, first is x.grad


@program
def a_gradient_is_not_the_weight_itself(torch: Torch) -> Value:
    x, weight = leaf(torch), torch.ones(3)
    (x * 1).backward(weight)
    x.grad.mul_(5)
    y = leaf(torch)
    y.backward(weight)
    y.grad.mul_(7)
    return weight, x.grad, y.grad


@program
def an_assigned_gradient_is_added_to(torch: Torch) -> Value:
    x, mine = leaf(torch), torch.ones(3)
    x.grad = mine
    same = x.grad is mine
    x.sum().backward()
    after = mine.clone()
    del x.grad
    return same, after, x.grad


@program
def gradients_take_the_strides_of_the_leaf(torch: Torch) -> Value:
    x = torch.ones(2, 3).t().requires_grad_()
    (x * torch.ones(3, 2)).sum().backward()
    y = torch.ones(2, 1).expand(2, 3).requires_grad_()
    (y * 2).sum().backward()
    return list(x.grad.stride()), list(y.grad.stride())


@program
def one_leaf_used_in_many_ways(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 2
    (y * y + y.exp() + x).sum().backward()
    return x.grad


@program
def broadcasting_is_summed_back(torch: Torch) -> Value:
    x, y = leaf(torch, 1.0, 2.0), torch.ones(3, 1, requires_grad=True)
    z = torch.tensor(2.0, requires_grad=True)
    (x * y * z).sum().backward()
    return x.grad, y.grad, z.grad


@program
def gradients_are_of_the_dtype_of_their_tensor(torch: Torch) -> Value:
    x, y = leaf(torch), leaf(torch, dtype=torch.float64)
    (x * y).sum().backward()
    z = leaf(torch, dtype=torch.float64)
    (z * 2).backward(torch.ones(3))
    return x.grad, y.grad, z.grad


@program
def retain_graph(torch: Torch) -> Value:
    x = leaf(torch)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad, error(y.backward, "Trying to backward through the graph a second time")


@program
def what_saves_nothing_runs_twice(torch: Torch) -> Value:
    x = leaf(torch)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    x.sum().backward()
    return x.grad


@program
def saved_tensors_of_a_freed_node(torch: Torch) -> Value:
    x = leaf(torch)
    y = x.exp()
    kept = y.grad_fn._saved_result
    y.sum().backward()
    return kept, error(lambda: y.grad_fn._saved_result, "Trying to backward through the graph")


@program
def what_nodes_save(torch: Torch) -> Value:
    x = leaf(torch)
    y, z = x * 2, x * x.exp()
    return (
        z.grad_fn._saved_self,
        z.grad_fn._saved_other,
        x.exp().grad_fn._saved_result,
        y.grad_fn._saved_self,  # not needed for the gradient of x
    )


@program
def create_graph(torch: Torch) -> Value:
    x = leaf(torch)
    (x * x * x).sum().backward(create_graph=True)
    first = x.grad
    x.grad = None
    first.sum().backward()
    return first.requires_grad, first.detach(), x.grad


@program
def higher_derivatives(torch: Torch) -> Value:
    x = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    value, found = (x * x * x * x * x) + x.exp(), []
    for _ in range(6):
        (value,) = torch.autograd.grad(value, x, create_graph=True)
        found.append(value.item())
    return found


@program
def a_gradient_of_gradients(torch: Torch) -> Value:
    x, w = leaf(torch), leaf(torch, 0.5, 0.25, 2.0)
    (gradient,) = torch.autograd.grad((x.exp() * w).sum(), x, create_graph=True)
    (gradient * gradient).sum().backward()
    return x.grad, w.grad


@program
def grad_leaves_leaves_alone(torch: Torch) -> Value:
    x, y = leaf(torch), leaf(torch)
    z = x * y
    found = torch.autograd.grad(z.sum(), [x, z, y])
    return found, x.grad, y.grad, z.grad


@program
def grad_of_several_outputs(torch: Torch) -> Value:
    x, y = leaf(torch), leaf(torch)
    return torch.autograd.grad(
        [(x * 2).sum(), x * y], [x, y], [None, torch.tensor([1.0, 10.0, 100.0])]
    )


@program
def grad_of_an_input_given_twice(torch: Torch) -> Value:
    x = leaf(torch)
    return torch.autograd.grad(x.sum(), [x, x])


@program
def grad_of_the_output_itself(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 2
    return torch.autograd.grad(y, [y, x], torch.tensor([1.0, 2.0, 3.0]))


@program
def unused_inputs(torch: Torch) -> Value:
    x, unused = leaf(torch), leaf(torch)
    return (
        torch.autograd.grad(x.sum(), [x, unused], allow_unused=True),
        torch.autograd.grad(x.sum(), [x, unused], materialize_grads=True),
        error(lambda: torch.autograd.grad(x.sum(), unused), "not have been used in the graph"),
        error(
            lambda: torch.autograd.grad(
                x.sum(), unused, materialize_grads=True, allow_unused=False
            ),
            "allow_unused",
        ),
    )


@program
def batched_weights(torch: Torch) -> Value:
    x = leaf(torch)
    y = leaf(torch)
    return torch.autograd.grad(x * x * y, [x, y], torch.eye(3), is_grads_batched=True)


@program
def inputs_of_backward(torch: Torch) -> Value:
    x, w, unused = leaf(torch), leaf(torch), leaf(torch)
    y = x * w
    (y * y).sum().backward(inputs=[y, w, unused])
    return x.grad, w.grad, y.grad, unused.grad, y.retains_grad


@program
def inputs_that_backward_refuses(torch: Torch) -> Value:
    x = leaf(torch)
    return (
        error(lambda: x.sum().backward(inputs=[]), "cannot be empty"),
        error(lambda: x.sum().backward(inputs=[torch.ones(2)]), "requires_grad=False"),
        error(
            lambda: torch.autograd.grad(x.sum(), torch.ones(2)),
            "One of the differentiated Tensors does not require grad",
        ),
    )


@program
def weights_that_are_refused(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 2
    return (
        error(y.backward, "grad can be implicitly created only for scalar outputs"),
        error(lambda: y.backward(torch.ones(2)), "Mismatch in shape"),
        error(lambda: y.backward(torch.ones(3, 1)), "Mismatch in shape"),
        error(
            lambda: torch.autograd.backward([y, y], [torch.ones(3)]),
            "got 2 tensors and 1 gradients",
        ),
    )


@program
def outputs_without_gradient(torch: Torch) -> Value:
    x = torch.ones(3)
    y = leaf(torch)
    phrase = "does not require grad and does not have a grad_fn"
    return (
        error(lambda: (x * 2).sum().backward(), f"element 0 of tensors {phrase}"),
        error(
            lambda: torch.autograd.backward([y.sum(), x.sum()]),
            f"element 1 of tensors {phrase}",
        ),
    )


@program
def a_dead_branch_gives_nothing(torch: Torch) -> Value:
    x, w = leaf(torch), leaf(torch)
    y = x * w
    (y.detach() * x).sum().backward()
    return x.grad, w.grad


@program
def requires_grad_of_integers(torch: Torch) -> Value:
    x = torch.ones(3, dtype=torch.int32)
    phrase = "floating point"
    return (
        error(x.requires_grad_, phrase),
        error(lambda: setattr(x, "requires_grad", True), phrase),
        error(lambda: torch.ones(3, dtype=torch.int32, requires_grad=True), phrase),
        (leaf(torch) > 1).requires_grad,
    )


@program
def requires_grad_of_what_was_computed(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 2
    phrase = "you can only change requires_grad flags of leaf variables"
    return (
        y.requires_grad_().requires_grad,
        error(lambda: y.requires_grad_(False), phrase),
        error(lambda: setattr(y, "requires_grad", False), phrase),
        x.requires_grad_(False).requires_grad,
    )


@program
def gradients_that_are_refused(torch: Torch) -> Value:
    x = leaf(torch)

    def assign(value: Value) -> None:
        x.grad = value

    return (
        error(lambda: assign(1), "assigned grad expected to be a Tensor or None"),
        error(lambda: assign(torch.ones(2)), "attempting to assign a gradient"),
        error(lambda: assign(torch.ones(3, dtype=torch.float64)), "a gradient with dtype"),
        error(lambda: assign(x), "can't assign Variable as its own grad"),
    )


@program
def leaves_and_their_nodes(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 2
    node = y.grad_fn
    accumulate = node.next_functions[0][0]
    return (
        [x.is_leaf, y.is_leaf, y.detach().is_leaf, torch.ones(2).is_leaf],
        [x.output_nr, y.output_nr, [part.output_nr for part in y.unbind()]],
        node.next_functions,
        accumulate.variable is x,
        (x * 3).grad_fn.next_functions[0][0] is accumulate,
        node.metadata,
    )


@program
def detached_in_place(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 2
    y.detach_()
    z = x * 2
    return y, y.is_leaf, error(z[0].detach_, "Can't detach views in-place")


@program
def data_is_outside_the_graph(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * x
    x.data.mul_(10)
    y.sum().backward()
    x.data = torch.zeros(2)
    return x.grad, x, x._version


@program
def a_new_data_of_another_shape(torch: Torch) -> Value:
    x = leaf(torch)
    x.sum().backward()
    x.grad = None
    x.data = torch.ones(2)
    (x * 3).sum().backward()
    return (
        x.grad,
        error(lambda: setattr(x, "data", torch.ones(2, dtype=torch.int64)), "floating point"),
    )


@program
def multiple_roots(torch: Torch) -> Value:
    x, y = leaf(torch), leaf(torch)
    z = x * y
    torch.autograd.backward([z.sum(), z], [None, torch.tensor([1.0, 0.0, 2.0])])
    return x.grad, y.grad
